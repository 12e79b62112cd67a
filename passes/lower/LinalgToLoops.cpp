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

struct LinalgToLoops : public edgec::impl::LinalgToLoopsBase<LinalgToLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
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
