#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
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

/// Whether the body only makes wider floats of one tensor's.
bool onlyWidens(linalg::GenericOp op) {
  auto widened = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::ExtFOp>();
  return op.getNumDpsInputs() == 1 && op.getBody()->getOperations().size() == 2 && widened &&
         op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity();
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

/// Whether computing the producer once for each of its readers costs less than the tensor in
/// between: a few additions or multiplications of one tensor by values that were computed from it,
/// as the centring of a normalization is, for a reduction and others that read each element once.
/// All of them take it then, and the tensor is gone.
bool isCheaperRepeated(linalg::GenericOp producer) {
  constexpr int64_t kFewOps = 3, kFewReaders = 3;
  if (producer.getNumReductionLoops() || producer.getNumResults() != 1 ||
      std::distance(producer->use_begin(), producer->use_end()) > kFewReaders)
    return false;
  Block *body = producer.getBody();
  if (static_cast<int64_t>(body->getOperations().size()) > kFewOps + 1 ||
      !llvm::all_of(body->without_terminator(), [](Operation &op) {
        return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::ExtFOp>(op);
      }))
    return false;
  int64_t full = 0;
  bool isComputed = false;
  for (OpOperand *input : producer.getDpsInputOperands()) {
    if (readsEachOnce(producer, input))
      ++full;
    else
      isComputed |= !matchPattern(input->get(), m_Constant());
  }
  if (full != 1 || !isComputed)
    return false;
  bool anyReduces = false;
  for (OpOperand &use : producer->getUses()) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!reader || reader->getBlock() != producer->getBlock() || reader.isDpsInit(&use) ||
        !readsEachOnce(reader, &use))
      return false;
    anyReduces |= reader.getNumReductionLoops() != 0;
  }
  return anyReduces;
}

/// Whether it makes narrow floats of what a contraction has summed, and others have done with that:
/// the contraction does all of it itself, and writes half as much.
bool narrowsSums(linalg::GenericOp op) {
  if (!op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::TruncFOp>())
    return false;
  for (linalg::GenericOp at = op; at && at.getNumDpsInputs() && !at.getNumReductionLoops();) {
    Operation *before = at.getDpsInputs().front().getDefiningOp();
    if (isa_and_nonnull<kernel::ContractionOpInterface>(before))
      return true;
    at = dyn_cast_or_null<linalg::GenericOp>(before);
  }
  return false;
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
  if ((reduces || onlyWidens(consumer)) && narrowsSums(producer))
    return false;
  if (readsEachOnce(consumer, operand))
    return !reduces || !onlyMoves(producer) || isOnlyFull(consumer, operand);
  // Broadcasts: cheap to repeat only if there is nothing to compute.
  return !reduces && onlyMoves(producer);
}

struct FuseElementwise : public edgec::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    // Reductions have to be there before it shows what they and others read.
    if (failed(fuse()) || (repeatCheapOnes() && failed(fuse())))
      signalPassFailure();
  }

  LogicalResult fuse() {
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
    return applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }

  /// One copy for each reader, who will take it; whether there was any.
  bool repeatCheapOnes() {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) {
      if (!op->use_empty() && (isCheaperRepeated(op) || (onlyWidens(op) && !op->hasOneUse())))
        ops.push_back(op);
    });
    for (linalg::GenericOp op : ops) {
      llvm::SetVector<Operation *> readers(op->user_begin(), op->user_end());
      for (Operation *reader : llvm::drop_begin(readers)) {
        Value own = OpBuilder(reader).clone(*op)->getResult(0);
        reader->replaceUsesOfWith(op.getResult(0), own);
      }
    }
    return !ops.empty();
  }
};

} // namespace
