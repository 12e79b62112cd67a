#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_LIMITSBEFOREMOVES
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using edge::QuantizationRole;

namespace {

/// limit(move(x)) = move(limit(x)).
struct MoveLater : OpInterfaceRewritePattern<edge::QuantizableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizableOpInterface limit,
                                PatternRewriter &rewriter) const override {
    if (quantizationRole(limit) != QuantizationRole::clamp)
      return failure();
    Operation *move = limit->getOperand(0).getDefiningOp();
    if (quantizationRole(move) != QuantizationRole::moves || !move->hasOneUse() ||
        move->getNumOperands() != 1)
      return failure();
    // Only elements that stay: a pooling makes fewer, and there is less to limit behind it.
    auto from = cast<RankedTensorType>(move->getOperand(0).getType());
    auto to = cast<RankedTensorType>(move->getResult(0).getType());
    if (from.getNumElements() != to.getNumElements())
      return failure();
    SmallVector<Value> operands(limit->getOperands());
    operands[0] = move->getOperand(0);
    auto limited = edge::rebuild(rewriter, limit, operands, {});
    if (failed(limited))
      return failure();
    auto moved = edge::rebuild(rewriter, move, *limited, {});
    if (failed(moved))
      return failure();
    rewriter.replaceOp(limit, *moved);
    return success();
  }
};

struct LimitsBeforeMoves : public edgec::impl::LimitsBeforeMovesBase<LimitsBeforeMoves> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MoveLater>(&getContext());
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
