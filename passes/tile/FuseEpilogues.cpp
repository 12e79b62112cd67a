#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/tile/Epilogue.h"
#include "passes/tile/Passes.h"

namespace edgec::tile {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

using namespace mlir;
using namespace edgec;

namespace {

/// How the dimensions of one shape correspond to those of another with as many elements: groups
/// [first, end) of both, of which at least one has a single dimension.
struct DimGroup {
  unsigned fromFirst, fromEnd, toFirst, toEnd;
};
std::optional<SmallVector<DimGroup>> groupDims(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<DimGroup> groups;
  unsigned i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    DimGroup group{i, i, j, j};
    int64_t left = 1, right = 1;
    if (i < from.size())
      left = from[i++];
    if (j < to.size())
      right = to[j++];
    while (left != right) {
      if (left < right && i < from.size())
        left *= from[i++];
      else if (right < left && j < to.size())
        right *= to[j++];
      else
        return std::nullopt;
    }
    group.fromEnd = i;
    group.toEnd = j;
    groups.push_back(group);
  }
  return groups;
}

/// An operand of an elementwise op over `shape` as an extra of a contraction over `whole`: of the
/// same rank, with extent 1 where it is repeated. Fails where it can't be seen so.
std::optional<SmallVector<int64_t>> extraShape(AffineMap map, ArrayRef<int64_t> shape,
                                               ArrayRef<int64_t> whole) {
  llvm::SmallBitVector present(shape.size());
  int64_t last = -1;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      if (static_cast<int64_t>(dim.getPosition()) <= last)
        return std::nullopt; // transposed
      last = dim.getPosition();
      present.set(last);
    } else if (auto constant = dyn_cast<AffineConstantExpr>(expr);
               !constant || constant.getValue() != 0) {
      return std::nullopt;
    }
  }
  auto groups = groupDims(shape, whole);
  if (!groups)
    return std::nullopt;
  SmallVector<int64_t> result(whole.size(), 1);
  for (const DimGroup &group : *groups) {
    bool all = true, none = true;
    for (unsigned d = group.fromFirst; d < group.fromEnd; ++d)
      if (shape[d] != 1)
        (present[d] ? none : all) = false;
    if (none)
      continue;
    if (!all)
      return std::nullopt;
    for (unsigned d = group.toFirst; d < group.toEnd; ++d)
      result[d] = whole[d];
  }
  return result;
}

/// The contraction whose result `value` is, seen through reshapes, each with no other use than one
/// op's.
kernel::ContractionOpInterface contractionOf(Value value, Operation *user) {
  while (llvm::all_of(value.getUsers(), [&](Operation *other) { return other == user; })) {
    Operation *producer = value.getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(producer)) {
      value = producer->getOperand(0);
      user = producer;
      continue;
    }
    return dyn_cast_or_null<kernel::ContractionOpInterface>(producer);
  }
  return {};
}

bool isElementwise(linalg::GenericOp op) {
  return op.getNumDpsInits() == 1 && op.getNumReductionLoops() == 0 && !op.hasDynamicShape() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) &&
         op.getDpsInits().front().getDefiningOp<tensor::EmptyOp>() &&
         llvm::all_of(*op.getBody(),
                      [](Operation &nested) { return tile::Epilogue::isVectorizable(&nested); });
}

/// Lets the contraction that `operand` comes from do the op's work on each element.
bool fuse(linalg::GenericOp op, OpOperand &operand) {
  if (!op.getMatchingIndexingMap(&operand).isIdentity())
    return false;
  kernel::ContractionOpInterface contraction = contractionOf(operand.get(), op);
  if (!contraction || contraction->getBlock() != op->getBlock())
    return false;
  auto destination = cast<DestinationStyleOpInterface>(contraction.getOperation());
  auto from = cast<RankedTensorType>(destination.getDpsInits().front().getType());
  if (!destination.getDpsInits().front().getDefiningOp<tensor::EmptyOp>())
    return false;
  auto to = cast<RankedTensorType>(op.getResult(0).getType());
  SmallVector<std::optional<SmallVector<int64_t>>> shapes;
  for (OpOperand *input : op.getDpsInputOperands()) {
    shapes.push_back(extraShape(op.getMatchingIndexingMap(input), to.getShape(), from.getShape()));
    if (!shapes.back())
      return false;
  }

  OpBuilder builder(op);
  Location loc = builder.getFusedLoc({contraction.getLoc(), op.getLoc()});
  // The contraction moves here, where all that the epilogue reads is there.
  Operation *fused = builder.clone(*contraction);
  fused->setLoc(loc);
  auto extended = cast<kernel::ContractionOpInterface>(fused);
  Block &block = kernel::ensureEpilogue(extended);
  auto yield = cast<kernel::YieldOp>(block.getTerminator());
  IRMapping mapping;
  for (auto [input, shape] : llvm::zip_equal(op.getDpsInputOperands(), shapes)) {
    BlockArgument inner = op.getMatchingBlockArgument(input);
    if (input->get() == operand.get()) {
      mapping.map(inner, yield.getValue());
      continue;
    }
    unsigned place = block.getNumArguments() - 1;
    mapping.map(inner, block.insertArgument(place, inner.getType(), loc));
    extended.getEpilogueOperands().append(edge::createReshape(builder, loc, input->get(), *shape));
  }
  // Reshapes of the operands have been made behind the op.
  fused->moveBefore(op);
  OpBuilder body(yield);
  for (Operation &nested : op.getBody()->without_terminator())
    body.clone(nested, mapping);
  Value given = mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0));
  yield.getValueMutable().assign(given);
  block.getArguments().back().setType(to.getElementType());
  auto type = from.clone(to.getElementType());
  auto changed = cast<DestinationStyleOpInterface>(fused);
  builder.setInsertionPoint(fused);
  changed.getDpsInitsMutable()[0].set(edge::createEmpty(builder, loc, type));
  fused->getResult(0).setType(type);
  builder.setInsertionPointAfter(fused);
  op.getResult(0).replaceAllUsesWith(
      edge::createReshape(builder, loc, fused->getResult(0), to.getShape()));
  op.erase();
  return true;
}

struct FuseEpilogues : tile::impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    // In order, so that a chain of them joins its contraction one after the other.
    for (linalg::GenericOp op : ops) {
      if (!isElementwise(op))
        continue;
      // The latest producer: what it takes in stays near.
      SmallVector<OpOperand *> inputs = op.getDpsInputOperands();
      for (OpOperand *input : llvm::reverse(inputs))
        if (fuse(op, *input))
          break;
    }
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
