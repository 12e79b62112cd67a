// Float layers whose weights are integers with scales: the sums are scaled, not the weights.
#include "dialects/Edge/QuantizedSlices.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "passes/quantize/Quantized.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_SCALESUMS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

/// sum(x * (s * w)) + bias = sum(x * w) * s + bias. The integers stand there as floats: that they
/// can be stored as what they were, their values say.
struct ScaleSum : OpInterfaceRewritePattern<edge::QuantizableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizableOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2 || op->getNumResults() != 1 ||
        !getElementTypeOrSelf(op->getOperand(0).getType()).isF32())
      return failure();
    edge::LayerWeights places = op.getLayerWeights();
    auto read =
        places.weights ? places.weights->get().getDefiningOp<edge::DequantizeOp>() : nullptr;
    std::optional<edge::HostTensor> integers = read ? constantOf(read.getX()) : std::nullopt;
    if (!integers || !hasScalesOf(read, places.featureAxis))
      return failure();
    Location loc = op.getLoc();
    edge::QuantizedSlices slices(read.getQuantized(), integers->getShape());
    edge::HostTensor numbers(cast<RankedTensorType>(read.getResult().getType()));
    for (int64_t i = 0, e = integers->getNumElements(); i < e; ++i)
      numbers.setFloat(i,
                       static_cast<double>(integers->getInt(i) - slices.zeroPoints[slices.of(i)]));
    SmallVector<Value> operands(op->getOperands());
    operands[places.weights->getOperandNumber()] =
        edge::ConstantOp::create(rewriter, read.getLoc(), numbers.toAttr());
    Value bias = places.bias ? places.bias->get() : Value();
    if (places.bias)
      operands.erase(operands.begin() + places.bias->getOperandNumber());
    FailureOr<SmallVector<Value>> sums = edge::rebuild(rewriter, op, operands);
    if (failed(sums))
      return failure();
    SmallVector<int64_t> shape;
    if (slices.scales.size() > 1)
      shape.push_back(static_cast<int64_t>(slices.scales.size()));
    edge::HostTensor scales(RankedTensorType::get(shape, rewriter.getF32Type()));
    for (auto [i, scale] : llvm::enumerate(slices.scales))
      scales.setFloat(static_cast<int64_t>(i), scale);
    Type type = op->getResult(0).getType();
    Value result = edge::MulOp::create(rewriter, loc, type, sums->front(),
                                       edge::ConstantOp::create(rewriter, loc, scales.toAttr()));
    if (bias)
      result = edge::AddOp::create(rewriter, loc, type, result, bias);
    rewriter.replaceOp(op, result);
    return success();
  }

  /// Whether all weights of a feature have one scale, and the integers are few bits.
  static bool hasScalesOf(edge::DequantizeOp read, int64_t featureAxis) {
    auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(read.getQuantized());
    return cast<quant::QuantizedType>(read.getQuantized()).getStorageTypeIntegralWidth() <= 8 &&
           (!perAxis || perAxis.getQuantizedDimension() == featureAxis);
  }
};

struct ScaleSums : public edgec::impl::ScaleSumsBase<ScaleSums> {
  void runOnOperation() override {
    bool changed = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      RewritePatternSet patterns(&getContext());
      patterns.add<ScaleSum>(&getContext());
      struct Listener : RewriterBase::Listener {
        bool changed = false;
        void notifyOperationErased(Operation *) override { changed = true; }
      } listener;
      walkAndApplyPatterns(function, std::move(patterns), &listener);
      changed |= listener.changed;
    }
    if (changed)
      getOperation()->setAttr(kNarrowConstantsAttr, UnitAttr::get(&getContext()));
  }
};

} // namespace
