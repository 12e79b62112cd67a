#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/lower/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_LINALGTOLOOPS
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Iterations below which nobody minds how they are written.
constexpr int64_t kWorthSaying = 1 << 10;

int64_t iterations(linalg::LinalgOp op) {
  int64_t count = 1;
  for (int64_t range : op.getStaticLoopRanges())
    count *= ShapedType::isDynamic(range) ? 1 : range;
  return count;
}

/// Why no pass that writes vectors has taken the op.
StringRef whyPlain(linalg::LinalgOp op) {
  if (op.hasDynamicShape())
    return "its extents aren't known";
  bool linear = true;
  for (AffineMap map : op.getIndexingMapsArray())
    map.walkExprs([&](AffineExpr expr) {
      auto kind = expr.getKind();
      linear &= kind != AffineExprKind::Mod && kind != AffineExprKind::FloorDiv &&
                kind != AffineExprKind::CeilDiv;
    });
  return linear ? "it reads a buffer backwards, or from a place that only the run knows"
                : "its indices aren't linear";
}

struct LinalgToLoops : public edgec::impl::LinalgToLoopsBase<LinalgToLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      if (int64_t count = iterations(op); count >= kWorthSaying)
        op.emitRemark("falls back to plain loops of ") << count << " iterations: " << whyPlain(op);
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::LinalgLoops> loops = linalg::linalgOpToLoops(rewriter, op);
      if (failed(loops)) {
        op.emitError("'") << op->getName() << "' can't be turned into loops";
        return signalPassFailure();
      }
      // Iterations that write different outputs may be shared among threads.
      if (op.getNumDpsInits() == 1) {
        AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
        for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
          if (kind != utils::IteratorType::parallel || !out.isFunctionOfDim(dim) ||
              dim >= loops->size())
            break;
          (*loops)[dim]->setAttr("edge.parallel", rewriter.getUnitAttr());
        }
      }
      rewriter.eraseOp(op);
    }
  }
};

} // namespace
