// Matrix products.
#include "frontends/tflite/Hybrid.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// x [.., C] times weights [F, C], which edge reads as they are.
FailureOr<Results> importFullyConnected(NodeContext &ctx) {
  const auto &options = ctx.options<FullyConnectedOptions>();
  if (options.weights_format() != WeightsFormat::DEFAULT)
    return ctx.error("has weights shuffled for one kernel of a runtime, which are not supported");
  auto filter = ctx.type(1), x = ctx.type(0);
  if (filter.getRank() != 2 || filter.getNumElements() == 0)
    return ctx.error("expects weights of rank 2, but got ") << filter;
  int64_t features = filter.getDimSize(0), depth = filter.getDimSize(1);
  if (x.getNumElements() % depth ||
      (options.keep_num_dims() && (x.getRank() == 0 || x.getShape().back() != depth)))
    return ctx.error("can't multiply ") << x << " by weights " << filter;
  Value rows = ctx.reshape(ctx.input(0), {x.getNumElements() / depth, depth});
  if (rows && ctx.isQuantizedInput(0)) {
    auto quantized = ctx.inputQuantization(0);
    if (failed(quantized))
      return failure();
    if (!isa<quant::UniformQuantizedType>(*quantized))
      return ctx.error("has an input with more than one scale");
    rows = ctx.dequantize(rows, *quantized);
  }
  auto bias = ctx.bias(2, 0, 1);
  if (!rows || failed(bias))
    return failure();
  Value result;
  if (isHybrid(ctx, 0, 1)) {
    auto scales = ctx.inputScales(1);
    if (failed(scales))
      return failure();
    RoundedFloats x = roundFloats(ctx, rows, {1}, !options.asymmetric_quantize_inputs());
    result = multiplyRounded(ctx, x, ctx.input(1), *scales, *bias);
  } else {
    Value weights = ctx.real(1);
    if (!weights)
      return failure();
    result = ctx.create<edge::MatMulOp>(rows, weights, /*transpose_b=*/true);
    if (*bias)
      result = Formula(ctx).add(result, *bias);
  }
  auto activated = ctx.activate(result, options.fused_activation_function());
  if (failed(activated))
    return failure();
  // The integers take the shape, so that nothing lies between the product and its rounding.
  result = ctx.result(*activated);
  if (options.keep_num_dims() && result) {
    SmallVector<int64_t> shape(x.getShape());
    shape.back() = features;
    result = ctx.reshape(result, shape);
  }
  return one(result);
}

Value swapLast(const NodeContext &ctx, Value x) {
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(x).getRank()));
  std::swap(permutation.back(), permutation[permutation.size() - 2]);
  return ctx.transpose(x, permutation);
}

FailureOr<Results> importBatchMatMul(NodeContext &ctx) {
  const auto &options = ctx.options<BatchMatMulOptions>();
  Value x = ctx.real(0), y = ctx.real(1);
  if (!x || !y)
    return failure();
  if (typeOf(x).getRank() < 2 || typeOf(y).getRank() < 2)
    return ctx.error("expects operands of rank 2 or more, but got ")
           << ctx.type(0) << " and " << ctx.type(1);
  // Of i8, unquantized, products are summed in the i32 of the result.
  const Tensor *output = ctx.outputTensor(0);
  if (output && output->type() == tflite::TensorType::INT32 && elementOf(x) != ctx.b.getI32Type()) {
    x = ctx.cast(x, ctx.b.getI32Type());
    y = ctx.cast(y, ctx.b.getI32Type());
  }
  if (options.adj_x())
    x = swapLast(ctx, x);
  return one(ctx.result(ctx.create<edge::MatMulOp>(x, y, options.adj_y())));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getMatMulRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::BATCH_MATMUL, importBatchMatMul, 2},
      {BuiltinOperator::FULLY_CONNECTED, importFullyConnected, 2},
  };
  return rows;
}
