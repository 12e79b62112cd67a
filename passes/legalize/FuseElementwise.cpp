#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/legalize/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/legalize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Whether the body only moves its input.
bool onlyMoves(linalg::GenericOp op) {
  return llvm::hasSingleElement(op.getBody()->getOperations());
}

/// Whether each element of the fused operand is read once: otherwise the producer's work would be
/// repeated.
bool readsEachOnce(linalg::GenericOp consumer, OpOperand *operand) {
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return map.isProjectedPermutation() && map.getNumResults() == consumer.getNumLoops();
}

/// Whether no other operand of a reduction has its rank: any order of that one is as good, since
/// lanes may be elements of the result as well as partial results.
bool isOnlyFull(linalg::GenericOp consumer, OpOperand *operand) {
  return llvm::none_of(consumer.getDpsInputOperands(), [&](OpOperand *other) {
    return other != operand && readsEachOnce(consumer, other);
  });
}

bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || producer->getBlock() != consumer->getBlock())
    return false;
  // A producer with several uses would be computed several times and kept alive all the same.
  if (!llvm::hasSingleElement(producer->getUses()))
    return false;
  bool reduces = consumer.getNumReductionLoops() != 0;
  if (readsEachOnce(consumer, operand))
    return !reduces || !onlyMoves(producer) || isOnlyFull(consumer, operand);
  // Broadcasts: cheap to repeat only if there is nothing to compute.
  return !reduces && onlyMoves(producer);
}

struct FuseElementwise : public edgec::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    linalg::FillOp::getCanonicalizationPatterns(patterns, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, context);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
