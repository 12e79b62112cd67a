#include "mlir/IR/PatternMatch.h"
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
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    if (!uniform(op.getResult(), op.getQuantized()))
      return failure();
    Result result = resultOf(op);
    // What is read from integers may be read by others, too.
    if (!(result.numbers.hasOneUse() || readFrom(result.numbers)) || result.to.low > result.to.high)
      return failure();
    for (LayerRule rule : getFixedPointRules())
      if (Value integers = rule(rewriter, result.numbers, result.to)) {
        rewriter.replaceOp(op, integers);
        return success();
      }
    return failure();
  }
};

struct IntegerArithmetic : public edgec::impl::IntegerArithmeticBase<IntegerArithmetic> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ToIntegers>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
