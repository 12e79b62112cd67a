#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/LayerRules.h"
#include "passes/quantize/Passes.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_INTEGERARITHMETIC
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

struct ToIntegers : OpRewritePattern<edge::QuantizeOp> {
  edge::Rounding rounding;
  ToIntegers(MLIRContext *context, edge::Rounding rounding)
      : OpRewritePattern(context), rounding(rounding) {}

  ArrayRef<LayerRule> rules() const {
    switch (rounding) {
    case edge::Rounding::fixed_point:
      return getFixedPointRules();
    case edge::Rounding::float_scale:
      return getFloatScaleRules();
    }
    llvm_unreachable("all ways to round are covered");
  }

  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    if (!uniform(op.getResult(), op.getQuantized()))
      return failure();
    Result result = resultOf(op, rounding);
    // What is read from integers may be read by others, too.
    if (!(result.numbers.hasOneUse() || readFrom(result.numbers)) || result.to.low > result.to.high)
      return failure();
    for (LayerRule rule : rules())
      if (Value integers = rule(rewriter, result.numbers, result.to)) {
        rewriter.replaceOp(op, integers);
        return success();
      }
    return failure();
  }
};

/// Says which ops compute with the numbers of quantized tensors.
void remark(func::FuncOp function) {
  function.walk([](Operation *op) {
    auto readsNumbers = [](Value value) {
      auto source = value.getDefiningOp<edge::DequantizeOp>();
      return source && !constantOf(source.getX());
    };
    if (!isa<edge::QuantizeOp, func::ReturnOp>(op) && llvm::any_of(op->getOperands(), readsNumbers))
      op->emitRemark("computes quantized tensors in floating point ('") << op->getName() << "')";
  });
}

struct IntegerArithmetic : public edgec::impl::IntegerArithmeticBase<IntegerArithmetic> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    auto attr = module->getAttrOfType<edge::RoundingAttr>(edge::kRoundingAttr);
    edge::Rounding rounding = attr ? attr.getValue() : edge::Rounding::fixed_point;
    RewritePatternSet patterns(&getContext());
    patterns.add<ToIntegers>(&getContext(), rounding);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
    remark(getOperation());
  }
};

} // namespace
