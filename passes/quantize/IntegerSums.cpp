// Layers whose results are read as numbers: their sums are integers all the same.
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Quantized.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_INTEGERSUMS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

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
    std::optional<Layer> layer = layerOf(rewriter, op);
    std::optional<Value> bias = layer && layer->bias ? biasOf(layer->bias) : std::nullopt;
    if (!layer || (layer->bias && !bias))
      return failure();
    Value sums = layer->sums(rewriter, bias.value_or(Value()));
    if (!sums)
      return failure();
    for (double &scale : layer->weights.scales)
      scale *= layer->x.scale;
    rewriter.replaceOp(op, numbersOf(rewriter, op->getLoc(), sums, layer->weights.scales));
    return success();
  }

  static LogicalResult sumTotal(edge::QuantizableOpInterface op, PatternRewriter &rewriter) {
    std::optional<Quantized> x = readFrom(op->getOperand(0));
    constexpr int64_t kMostSummed = INT32_MAX >> 8; // so many elements of 8 bits fit into 32
    auto from = cast<RankedTensorType>(op->getOperand(0).getType());
    auto to = cast<RankedTensorType>(op->getResult(0).getType());
    if (!x || to.getNumElements() == 0 || from.getNumElements() / to.getNumElements() > kMostSummed)
      return failure();
    Value wide = centred(rewriter, op->getLoc(), *x);
    FailureOr<SmallVector<Value>> sums = edge::rebuild(rewriter, op, wide, {});
    if (failed(sums))
      return failure();
    rewriter.replaceOp(op, numbersOf(rewriter, op->getLoc(), sums->front(), x->scale));
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
