#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Machine.h"
#include "passes/tile/Nest.h"
#include "passes/tile/Passes.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_STRUCTUREDTOLOOPS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

/// Moves the last loop that is kept inside the reductions where the result and an input run
/// contiguously along it.
static void moveRowInside(Nest &nest) {
  size_t kept = llvm::count(nest.reduces, false);
  if (kept <= nest.firstLoop() || kept == nest.size())
    return;
  size_t row = kept - 1;
  bool runs =
      llvm::any_of(nest.inputs(), [&](const Access &access) { return access.strides[row] == 1; });
  if (nest.out().strides[row] != 1 || !runs)
    return;
  SmallVector<unsigned> order;
  for (unsigned i = 0; i < nest.size(); ++i)
    if (i != row)
      order.push_back(i);
  order.push_back(row);
  nest.reorder(order);
}

void edgec::tile::emitNest(OpBuilder &b, Nest &nest, unsigned bits) {
  if (succeeded(emitReduction(b, nest, bits)) || succeeded(emitTransposition(b, nest, bits)))
    return;
  moveRowInside(nest);
  nest.flatten(b);
  emitScalars(b, nest);
}

namespace {

struct StructuredToLoops : tile::impl::StructuredToLoopsBase<StructuredToLoops> {
  using StructuredToLoopsBase::StructuredToLoopsBase;

  void runOnOperation() override {
    bits = vectorBits >= 0 ? vectorBits : Machine::of(getOperation()).vectorBits;
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      if (!op.hasPureBufferSemantics())
        continue;
      FailureOr<Nest> nest = Nest::get(op);
      if (failed(nest))
        continue;
      OpBuilder b(op);
      emitNest(b, *nest, bits);
      op->erase();
    }
  }

  unsigned bits = 128;
};

} // namespace
