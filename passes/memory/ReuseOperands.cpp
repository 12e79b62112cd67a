#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "passes/memory/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_REUSEOPERANDS
#include "passes/memory/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Whether nobody but `op`, which reads the tensor through `view`, reads it from `op` on: other ops
/// have read it before, and given nothing that is a view of it.
bool isLastUse(Value value, Operation *view, Operation *op) {
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == view)
      return true;
    auto structured = dyn_cast<DestinationStyleOpInterface>(user);
    return structured && structured.isDpsInput(&use) &&
           !isa<bufferization::MaterializeInDestinationOp, tensor::InsertSliceOp>(user) &&
           user->getBlock() == op->getBlock() && user->isBeforeInBlock(op);
  });
}

/// Whether the tensor is a buffer of our own that nobody reads after `op`: computed by a
/// destination-passing op in the same block, seen through reshapes only.
bool isReusable(Value value, Operation *op) {
  for (Operation *view = op; isLastUse(value, view, op);) {
    Operation *producer = value.getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(producer)) {
      value = producer->getOperand(0);
      view = producer;
      continue;
    }
    return isa_and_nonnull<DestinationStyleOpInterface>(producer) &&
           producer->getBlock() == op->getBlock() &&
           !isa<bufferization::MaterializeInDestinationOp>(producer);
  }
  return false;
}

/// Whether the value, or a reshape of it, becomes a slice of another tensor: it is then written
/// there, and needs no buffer of its own.
bool goesIntoSlice(Value value) {
  return llvm::any_of(value.getUses(), [](OpOperand &use) {
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(use.getOwner()))
      return goesIntoSlice(use.getOwner()->getResult(0));
    return isa<tensor::InsertSliceOp>(use.getOwner()) && use.getOperandNumber() == 0;
  });
}

/// The same for a contraction whose epilogue reads a tensor at the place that it writes. A summand
/// that other ops have read stays: written over, it could keep a whole block from being streamed
/// (`edgec-stream-rows`).
void reuseExtra(kernel::ContractionOpInterface op) {
  Region &epilogue = op.getEpilogueRegion();
  OpOperand &init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitsMutable()[0];
  if (epilogue.empty() || !init.get().getDefiningOp<tensor::EmptyOp>())
    return;
  MutableOperandRange extras = op.getEpilogueOperands();
  for (unsigned i = 0; i < extras.size(); ++i) {
    Value extra = extras[i].get();
    if (extra.getType() != init.get().getType() || !extra.hasOneUse() || !isReusable(extra, op))
      continue;
    epilogue.getArgument(i + 1).replaceAllUsesWith(epilogue.getArguments().back());
    epilogue.eraseArgument(i + 1);
    init.set(extra);
    extras.erase(i);
    return;
  }
}

struct ReuseOperands : public edgec::impl::ReuseOperandsBase<ReuseOperands> {
  void runOnOperation() override {
    getOperation().walk(reuseExtra);
    getOperation().walk([](linalg::GenericOp op) {
      if (op.getNumReductionLoops() || op.getNumDpsInits() != 1)
        return;
      OpOperand *init = op.getDpsInitOperand(0);
      if (!init->get().getDefiningOp<tensor::EmptyOp>() || op.payloadUsesValueFromOperand(init))
        return;
      AffineMap outMap = op.getMatchingIndexingMap(init);
      if (!outMap.isIdentity())
        return;
      for (OpOperand *input : op.getDpsInputOperands()) {
        if (input->get().getType() != init->get().getType() ||
            op.getMatchingIndexingMap(input) != outMap || !isReusable(input->get(), op) ||
            (!input->get().hasOneUse() && goesIntoSlice(op->getResult(0))))
          continue;
        // The body reads the destination instead; the operand itself goes.
        BlockArgument from = op.getMatchingBlockArgument(input);
        from.replaceAllUsesWith(op.getMatchingBlockArgument(init));
        init->set(input->get());
        unsigned index = input->getOperandNumber();
        SmallVector<Attribute> maps(op.getIndexingMaps().getValue());
        maps.erase(maps.begin() + index);
        op.getBody()->eraseArgument(index);
        op.getInputsMutable().erase(index);
        op.setIndexingMapsAttr(ArrayAttr::get(op.getContext(), maps));
        return;
      }
    });
  }
};

} // namespace
