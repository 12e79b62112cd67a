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

/// Whether the tensor is a buffer of our own that nobody else reads: computed by a
/// destination-passing op, seen through reshapes only, each with one use.
bool isReusable(Value value) {
  while (value.hasOneUse()) {
    Operation *producer = value.getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(producer)) {
      value = producer->getOperand(0);
      continue;
    }
    return isa_and_nonnull<DestinationStyleOpInterface>(producer) &&
           !isa<bufferization::MaterializeInDestinationOp>(producer);
  }
  return false;
}

/// The same for a contraction whose epilogue reads a tensor at the place that it writes.
void reuseExtra(kernel::ContractionOpInterface op) {
  Region &epilogue = op.getEpilogueRegion();
  OpOperand &init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitsMutable()[0];
  if (epilogue.empty() || !init.get().getDefiningOp<tensor::EmptyOp>())
    return;
  MutableOperandRange extras = op.getEpilogueOperands();
  for (unsigned i = 0; i < extras.size(); ++i) {
    Value extra = extras[i].get();
    if (extra.getType() != init.get().getType() || !isReusable(extra))
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
            op.getMatchingIndexingMap(input) != outMap || !isReusable(input->get()))
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
