#include "dialects/Edge/Lowering.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/legalize/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "passes/legalize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }

/// Whether moving a permutation to this value costs nothing: constants fold, and what has one
/// element or only unit extents doesn't care.
bool isFree(Value value) {
  return matchPattern(value, m_Constant()) ||
         llvm::count_if(cast<RankedTensorType>(value.getType()).getShape(),
                        [](int64_t extent) { return extent != 1; }) <= 1;
}

struct SinkThrough : public OpInterfaceRewritePattern<edge::TransposableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(edge::TransposableOpInterface op,
                                PatternRewriter &rewriter) const override {
    // The permutation that most of the layout operands arrive with.
    ArrayRef<int64_t> permutation;
    int64_t arriving = 0, staying = 0;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.isLayoutOperand(operand.getOperandNumber()))
        continue;
      // That of a constant is about to fold: it is none to sink, and would come back for ever.
      if (auto transpose = operand.get().getDefiningOp<edge::TransposeOp>();
          transpose && !matchPattern(transpose.getX(), m_Constant())) {
        if (permutation.empty())
          permutation = transpose.getPermutation();
        if (transpose.getPermutation() == permutation) {
          ++arriving;
          continue;
        }
      }
      if (!isFree(operand.get()))
        ++staying;
    }
    // One transpose more than are saved would be a loss; as many is fine, as long as they move
    // down.
    if (!arriving || staying >= arriving)
      return failure();
    int64_t rank = permutation.size();
    for (Value result : op->getResults())
      if (rankOf(result) != rank)
        return failure();

    SmallVector<int64_t> inverse = edge::inversePermutation(permutation);
    SmallVector<Value> operands;
    SmallVector<Operation *> created;
    auto undo = [&]() {
      for (Operation *op : llvm::reverse(created))
        rewriter.eraseOp(op);
      return failure();
    };
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!op.isLayoutOperand(operand.getOperandNumber())) {
        operands.push_back(value);
        continue;
      }
      auto transpose = value.getDefiningOp<edge::TransposeOp>();
      if (transpose && transpose.getPermutation() == permutation) {
        operands.push_back(transpose.getX());
        continue;
      }
      if (rankOf(value) > rank)
        return undo();
      if (rankOf(value) == 0) { // a scalar has no layout
        operands.push_back(value);
        continue;
      }
      if (rankOf(value) < rank) { // broadcasting adds leading dimensions
        SmallVector<int64_t> shape(rank - rankOf(value), 1);
        llvm::append_range(shape, cast<RankedTensorType>(value.getType()).getShape());
        value = edge::ReshapeOp::create(rewriter, op.getLoc(), value, shape);
        created.push_back(value.getDefiningOp());
      }
      value = edge::TransposeOp::create(rewriter, op.getLoc(), value, inverse);
      created.push_back(value.getDefiningOp());
      operands.push_back(value);
    }
    FailureOr<SmallVector<Value>> results = op.buildUntransposed(rewriter, permutation, operands);
    if (failed(results))
      return undo();
    SmallVector<Value> replacements;
    for (Value result : *results)
      replacements.push_back(edge::TransposeOp::create(rewriter, op.getLoc(), result, permutation));
    rewriter.replaceOp(op, replacements);
    return success();
  }
};

struct SinkTransposes : public edgec::impl::SinkTransposesBase<SinkTransposes> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SinkThrough>(context);
    edge::TransposeOp::getCanonicalizationPatterns(patterns, context);
    edge::ReshapeOp::getCanonicalizationPatterns(patterns, context);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
