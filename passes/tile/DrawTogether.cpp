#include "dialects/Kernel/Kernel.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/tile/Machine.h"
#include "passes/tile/Passes.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_DRAWTOGETHER
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

/// The matrix product whose elements, each changed where it stands, `value` consists of.
kernel::MatMulOp scoresOf(Value value) {
  while (Operation *producer = value.getDefiningOp()) {
    if (auto product = dyn_cast<kernel::MatMulOp>(producer))
      return product;
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(producer)) {
      value = producer->getOperand(0);
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(producer);
    if (!generic || generic.getNumReductionLoops() || generic.getNumDpsInits() != 1)
      return {};
    Value next;
    for (OpOperand *input : generic.getDpsInputOperands())
      if (!next && generic.getMatchingIndexingMap(input).isIdentity() &&
          input->get().getType() == value.getType())
        next = input->get();
    if (!next)
      return {};
    value = next;
  }
  return {};
}

struct DrawTogether : tile::impl::DrawTogetherBase<DrawTogether> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    int64_t cache = Machine::of(getOperation()).l2Bytes;
    SmallVector<kernel::MatMulOp> products;
    getOperation().walk([&](kernel::MatMulOp op) { products.push_back(op); });
    for (kernel::MatMulOp product : products) {
      kernel::MatMulOp scores = scoresOf(product.getA());
      auto type = cast<RankedTensorType>(product.getA().getType());
      if (!scores || scores->getBlock() != product->getBlock() ||
          type.getNumElements() * edge::elementBytes(type.getElementType()) <= cache / 2)
        continue;
      llvm::SetVector<Operation *> uses;
      getForwardSlice(scores.getOperation(), &uses);
      SmallVector<Operation *> others;
      for (Operation *op = scores->getNextNode(); op != product; op = op->getNextNode())
        if (!uses.contains(op))
          others.push_back(op);
      for (Operation *op : others)
        op->moveBefore(scores);
    }
  }
};

} // namespace
