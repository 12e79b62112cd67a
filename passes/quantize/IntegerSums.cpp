// Layers whose results are read as numbers: their sums are integers all the same.
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_INTEGERSUMS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;

namespace {

/// Integers of 8 bits and what they stand for.
struct Operand {
  Value integers;
  SmallVector<double> scales;
  int64_t zeroPoint = 0, axis = -1;
};

std::optional<Operand> readFrom(Value numbers) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  if (!op || getElementTypeOrSelf(op.getX().getType()).getIntOrFloatBitWidth() > 8)
    return std::nullopt;
  Operand operand{op.getX(), {}, 0, -1};
  if (auto type = dyn_cast<quant::UniformQuantizedType>(op.getQuantized())) {
    operand.scales.push_back(type.getScale());
    operand.zeroPoint = type.getZeroPoint();
    return operand;
  }
  auto perAxis = cast<quant::UniformQuantizedPerAxisType>(op.getQuantized());
  if (llvm::any_of(perAxis.getZeroPoints(), [](int64_t zero) { return zero != 0; }))
    return std::nullopt;
  llvm::append_range(operand.scales, perAxis.getScales());
  operand.axis = perAxis.getQuantizedDimension();
  return operand;
}

/// An operand less its zero point, as i32.
Value centred(OpBuilder &b, Location loc, const Operand &x) {
  Type i32 = b.getI32Type();
  auto type = cast<RankedTensorType>(x.integers.getType()).clone(i32);
  Value wide = edge::CastOp::create(b, loc, type, x.integers, TypeAttr::get(i32));
  if (!x.zeroPoint)
    return wide;
  edge::HostTensor zero(RankedTensorType::get({}, i32));
  zero.setInt(0, x.zeroPoint);
  return edge::SubOp::create(b, loc, type, wide, edge::ConstantOp::create(b, loc, zero.toAttr()));
}

/// Sums as numbers: one scale, or one for each index of the last dimension.
Value numbersOf(OpBuilder &b, Location loc, Value sums, ArrayRef<double> scales) {
  int64_t rank = cast<RankedTensorType>(sums.getType()).getRank();
  Type storage = b.getI32Type(), numbers = b.getF32Type(), type;
  constexpr unsigned kSigned = quant::QuantizationFlags::Signed;
  if (scales.size() == 1)
    type = quant::UniformQuantizedType::get(kSigned, storage, numbers, scales.front(), 0, INT32_MIN,
                                            INT32_MAX);
  else
    type = quant::UniformQuantizedPerAxisType::get(
        kSigned, storage, numbers, scales, SmallVector<int64_t>(scales.size(), 0),
        static_cast<int32_t>(rank - 1), INT32_MIN, INT32_MAX);
  return edge::DequantizeOp::create(b, loc, sums, TypeAttr::get(type));
}

struct SumIntegers : OpInterfaceRewritePattern<edge::QuantizableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizableOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() == 0 || op->getNumResults() != 1)
      return failure();
    if (op.getQuantizationRole() == edge::QuantizationRole::total)
      return sumTotal(op, rewriter);
    edge::LayerWeights layer = op.getLayerWeights();
    std::optional<Operand> x = readFrom(op->getOperand(0));
    std::optional<Operand> weights = layer.weights ? readFrom(layer.weights->get()) : std::nullopt;
    if (!x || x->scales.size() != 1 || !weights || !matchPattern(weights->integers, m_Constant()) ||
        (weights->axis >= 0 && weights->axis != layer.featureAxis))
      return failure();
    Value bias;
    if (layer.bias) {
      auto numbers = layer.bias->get().getDefiningOp<edge::DequantizeOp>();
      if (!numbers || !getElementTypeOrSelf(numbers.getX().getType()).isInteger(32))
        return failure();
      bias = numbers.getX();
    }
    Location loc = op->getLoc();
    SmallVector<Value> operands(op->getOperands());
    operands[0] = centred(rewriter, loc, *x);
    operands[layer.weights->getOperandNumber()] = centred(rewriter, loc, *weights);
    if (bias)
      operands[layer.bias->getOperandNumber()] = bias;
    FailureOr<SmallVector<Value>> sums = edge::rebuild(rewriter, op, operands, {});
    if (failed(sums))
      return failure();
    for (double &scale : weights->scales)
      scale *= x->scales.front();
    rewriter.replaceOp(op, numbersOf(rewriter, loc, sums->front(), weights->scales));
    return success();
  }

  static LogicalResult sumTotal(edge::QuantizableOpInterface op, PatternRewriter &rewriter) {
    std::optional<Operand> x = readFrom(op->getOperand(0));
    constexpr int64_t kMostSummed = INT32_MAX >> 8; // so many elements of 8 bits fit into 32
    auto from = cast<RankedTensorType>(op->getOperand(0).getType());
    auto to = cast<RankedTensorType>(op->getResult(0).getType());
    if (!x || x->scales.size() != 1 || to.getNumElements() == 0 ||
        from.getNumElements() / to.getNumElements() > kMostSummed)
      return failure();
    Value wide = centred(rewriter, op->getLoc(), *x);
    FailureOr<SmallVector<Value>> sums = edge::rebuild(rewriter, op, wide, {});
    if (failed(sums))
      return failure();
    rewriter.replaceOp(op, numbersOf(rewriter, op->getLoc(), sums->front(), x->scales));
    return success();
  }
};

struct IntegerSums : public edgec::impl::IntegerSumsBase<IntegerSums> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SumIntegers>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
