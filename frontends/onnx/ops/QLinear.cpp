// Operators on quantized tensors: read as numbers, computed by the operator on numbers, and
// written as integers. The passes find the layers that integers can compute.
#include "frontends/onnx/ops/Quantize.h"
#include "frontends/onnx/ops/Row.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

constexpr StringLiteral kMicrosoft = "com.microsoft";
/// The operator set whose reading of the operators on numbers is meant.
constexpr int64_t kOpset = 13;

/// A quantized operator, by what it computes on numbers. Operands are integers, scale and zero
/// point, one after the other.
struct QuantizedOperator {
  StringRef name, numbers;
  SmallVector<unsigned, 2> operands; ///< where each begins
  unsigned result;                   ///< where scale and zero point of the result are
  int bias = -1; ///< integers at the scale of the products of both operands; -1: none
};

const QuantizedOperator &find(StringRef name) {
  static const QuantizedOperator operators[] = {
      {"QGemm", "Gemm", {0, 3}, 7, 6},
      {"QLinearAdd", "Add", {0, 3}, 6},
      {"QLinearAveragePool", "AveragePool", {0}, 3},
      {"QLinearConv", "Conv", {0, 3}, 6, 8},
      {"QLinearGlobalAveragePool", "GlobalAveragePool", {0}, 3},
      {"QLinearLeakyRelu", "LeakyRelu", {0}, 3},
      {"QLinearMatMul", "MatMul", {0, 3}, 6},
      {"QLinearMul", "Mul", {0, 3}, 6},
      {"QLinearSigmoid", "Sigmoid", {0}, 3},
      {"QLinearSoftmax", "Softmax", {0}, 3},
  };
  const auto *found =
      llvm::find_if(operators, [&](const QuantizedOperator &op) { return op.name == name; });
  return *found;
}

/// Scale and zero point at input `index`, in single precision.
Quantization quantizationAt(const NodeContext &ctx, unsigned index, int64_t axis) {
  return {ctx.cast(ctx.input(index), ctx.b.getF32Type()), ctx.input(index + 1), axis};
}

/// Where a weight's features lie, which may have a scale each.
int64_t featureAxis(const NodeContext &ctx, const QuantizedOperator &op) {
  if (op.numbers == "Conv" || (op.numbers == "Gemm" && ctx.intAttr("transB", 0)))
    return 0;
  return -1;
}

/// The result of the operator on numbers, as integers: of the zero point's type, or, where it has
/// none, of the first operand's.
FailureOr<Results> quantized(NodeContext &ctx, FailureOr<Results> numbers,
                             const Quantization &quantization, Type integers) {
  if (failed(numbers))
    return failure();
  if (quantization.zeroPoint)
    integers = elementOf(quantization.zeroPoint);
  return one(quantize(ctx, numbers->front(), quantization, integers));
}

FailureOr<Results> importQuantized(NodeContext &ctx) {
  const QuantizedOperator &op = find(ctx.node.op_type());
  if (ctx.intAttr("channels_last", 0))
    return ctx.error("has its channels last, which is not supported");
  NodeContext numbers(ctx.getImporter(), ctx.node, ctx.intAttr("opset", kOpset), ctx.b, ctx.loc);
  Value product; // the scale of products of the operands, where there is a bias
  for (unsigned first : op.operands) {
    if (!ctx.input(first) || !ctx.input(first + 1))
      return ctx.error("input ") << first + !!ctx.input(first) << " is missing";
    Quantization quantization =
        quantizationAt(ctx, first + 1, first ? featureAxis(ctx, op) : int64_t(-2));
    if (op.bias >= 0)
      product = product ? Formula(ctx).mul(product, quantization.scale) : quantization.scale;
    numbers.addInput(dequantize(ctx, ctx.input(first), quantization));
    if (!numbers.input(numbers.numInputs() - 1))
      return failure();
  }
  if (Value bias = op.bias < 0 ? Value() : ctx.input(op.bias)) {
    if (double alpha = ctx.floatAttr("alpha", 1); alpha != 1)
      product = Formula(ctx).mul(product, alpha);
    numbers.addInput(dequantize(ctx, bias, {product, Value(), -1}));
    if (!numbers.input(numbers.numInputs() - 1))
      return failure();
  }
  FailureOr<Results> results = findRow("", op.numbers)->import(numbers);
  if (!ctx.input(op.result)) // QGemm's result may be the numbers
    return results;
  return quantized(ctx, results, quantizationAt(ctx, op.result, -1), elementOf(ctx.input(0)));
}

/// The result's scale and zero point, then integers, scale and zero point of each operand.
FailureOr<Results> importConcat(NodeContext &ctx) {
  NodeContext numbers(ctx.getImporter(), ctx.node, kOpset, ctx.b, ctx.loc);
  for (unsigned i = 2; i + 2 < ctx.numInputs(); i += 3) {
    if (!ctx.input(i) || !ctx.input(i + 1))
      return ctx.error("input ") << i + !!ctx.input(i) << " is missing";
    numbers.addInput(dequantize(ctx, ctx.input(i), quantizationAt(ctx, i + 1, -1)));
    if (!numbers.input(numbers.numInputs() - 1))
      return failure();
  }
  if (!numbers.numInputs())
    return ctx.error("has no operands");
  return quantized(ctx, findRow("", "Concat")->import(numbers), quantizationAt(ctx, 0, -1),
                   elementOf(ctx.input(2)));
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getQLinearRows() {
  static constexpr OperatorRow rows[] = {
      {"QGemm", importQuantized, kMicrosoft},
      {"QLinearAdd", importQuantized, kMicrosoft},
      {"QLinearAveragePool", importQuantized, kMicrosoft},
      {"QLinearConcat", needs<importConcat, 1>, kMicrosoft},
      {"QLinearConv", importQuantized},
      {"QLinearGlobalAveragePool", importQuantized, kMicrosoft},
      {"QLinearLeakyRelu", importQuantized, kMicrosoft},
      {"QLinearMatMul", importQuantized},
      {"QLinearMul", importQuantized, kMicrosoft},
      {"QLinearSigmoid", importQuantized, kMicrosoft},
      {"QLinearSoftmax", importQuantized, kMicrosoft},
  };
  return rows;
}
