#include "passes/memory/WriteThrough.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace {

/// How a value comes to be, from its end to the fresh tensor that it starts in.
struct Chain {
  SmallVector<Operation *> reshapes;
  OpOperand *start = nullptr; ///< the operand that is the fresh tensor
  Operation *end = nullptr;   ///< the last op that computes
};

std::optional<Chain> chainOf(Value value) {
  Chain chain;
  Block *block = value.getParentBlock();
  while (Operation *producer = value.getDefiningOp()) {
    if (isa<tensor::EmptyOp>(producer))
      return chain.start ? std::optional(chain) : std::nullopt;
    if (!value.hasOneUse() || producer->getBlock() != block)
      return std::nullopt;
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(producer)) {
      chain.reshapes.push_back(producer);
      value = producer->getOperand(0);
      continue;
    }
    auto structured = dyn_cast<DestinationStyleOpInterface>(producer);
    if (!structured || isa<bufferization::MaterializeInDestinationOp>(producer))
      return std::nullopt;
    if (!chain.end)
      chain.end = producer;
    chain.start = structured.getTiedOpOperand(cast<OpResult>(value));
    value = chain.start->get();
  }
  return std::nullopt;
}

/// Whether rows of a place lie in one piece: writing elements apart would cost more than a copy.
bool hasRows(MemRefType place) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(place.getStridesAndOffset(strides, offset)))
    return false;
  for (auto [extent, stride] : llvm::reverse(llvm::zip_equal(place.getShape(), strides)))
    if (extent != 1)
      return stride == 1;
  return true;
}

/// Whether a place of this layout can be seen as what a chain starts in, without a copy.
bool canStartIn(const Chain &chain, MemRefType place) {
  if (!hasRows(place))
    return false;
  for (Operation *op : chain.reshapes) {
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      auto groups = expand.getReassociationIndices();
      if (!memref::CollapseShapeOp::isGuaranteedCollapsible(place, groups))
        return false;
      place = memref::CollapseShapeOp::computeCollapsedType(place, groups);
      continue;
    }
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    FailureOr<MemRefType> expanded = memref::ExpandShapeOp::computeExpandedType(
        place, collapse.getSrcType().getShape(), collapse.getReassociationIndices());
    if (failed(expanded))
      return false;
    place = *expanded;
  }
  return true;
}

/// Lets a chain start in `place`, a tensor of the type that it ends with.
void startIn(const Chain &chain, OpBuilder &b, Value place) {
  for (Operation *op : chain.reshapes) {
    Location loc = op->getLoc();
    auto type = cast<RankedTensorType>(op->getOperand(0).getType());
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      place =
          tensor::CollapseShapeOp::create(b, loc, type, place, expand.getReassociationIndices());
    else
      place = tensor::ExpandShapeOp::create(
          b, loc, type, place, cast<tensor::CollapseShapeOp>(op).getReassociationIndices());
  }
  chain.start->set(place);
}

//===- Slices of one tensor -------------------------------------------------------------------===//

struct Part {
  tensor::InsertSliceOp insert;
  std::optional<Chain> chain;

  Operation *first() const { return chain->start->getOwner(); }
};

bool isPlain(tensor::InsertSliceOp op) {
  return op.getSourceType().getRank() == op.getDestType().getRank() &&
         op.getDestType().hasStaticShape() &&
         llvm::none_of(op.getStaticOffsets(), ShapedType::isDynamic) &&
         llvm::none_of(op.getStaticSizes(), ShapedType::isDynamic) &&
         llvm::all_of(op.getStaticStrides(), [](int64_t stride) { return stride == 1; });
}

bool areApart(tensor::InsertSliceOp a, tensor::InsertSliceOp b) {
  for (auto [x, n, y, m] : llvm::zip_equal(a.getStaticOffsets(), a.getStaticSizes(),
                                           b.getStaticOffsets(), b.getStaticSizes()))
    if (x + n <= y || y + m <= x)
      return true;
  return false;
}

/// The insertions that fill one tensor, from `head` on.
SmallVector<Part> partsFrom(tensor::InsertSliceOp head) {
  SmallVector<Part> parts;
  for (tensor::InsertSliceOp op = head; op;) {
    if (!isPlain(op) || llvm::any_of(parts, [&](Part &part) { return !areApart(part.insert, op); }))
      return {};
    Part part{op, chainOf(op.getSource())};
    auto place = memref::SubViewOp::inferResultType(
        MemRefType::get(op.getDestType().getShape(), op.getDestType().getElementType()),
        op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides());
    if (part.chain && (part.first()->getBlock() != op->getBlock() ||
                       !canStartIn(*part.chain, cast<MemRefType>(place))))
      part.chain.reset();
    parts.push_back(part);
    auto next = op->hasOneUse() ? dyn_cast<tensor::InsertSliceOp>(*op->user_begin())
                                : tensor::InsertSliceOp();
    op = next && next.getDest() == op.getResult() && next->getBlock() == op->getBlock()
             ? next
             : tensor::InsertSliceOp();
  }
  return parts;
}

bool comesBefore(Value value, Operation *op) {
  Operation *producer = value.getDefiningOp();
  return !producer || producer->getBlock() != op->getBlock() || producer->isBeforeInBlock(op);
}

/// The destination of all parts, made available before `op`; null where it can't be.
Value destinationBefore(Value dest, Operation *op) {
  OpBuilder b(op);
  auto fresh = [&](Operation *empty) { return b.clone(*empty)->getResult(0); };
  Operation *producer = dest.getDefiningOp();
  if (isa_and_nonnull<tensor::EmptyOp>(producer))
    return fresh(producer);
  if (comesBefore(dest, op))
    return dest;
  auto fill = dyn_cast<linalg::FillOp>(producer);
  if (!fill || !dest.hasOneUse())
    return {};
  Value scalar = fill.getInputs()[0];
  Operation *empty = fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
  bool isConstant = matchPattern(scalar, m_Constant());
  if (!empty || (!isConstant && !comesBefore(scalar, op)))
    return {};
  if (isConstant && !comesBefore(scalar, op))
    scalar = b.clone(*scalar.getDefiningOp())->getResult(0);
  Value init = fresh(empty);
  return linalg::FillOp::create(b, fill.getLoc(), scalar, init).getResult(0);
}

void fillInPlace(SmallVector<Part> parts) {
  // In the order in which they are computed; one that begins before another has ended is copied.
  SmallVector<Part> placed, copied;
  for (Part &part : parts)
    (part.chain ? placed : copied).push_back(part);
  llvm::sort(placed, [](Part &a, Part &b) { return a.first()->isBeforeInBlock(b.first()); });
  for (size_t i = 1; i < placed.size();) {
    if (placed[i - 1].chain->end->isBeforeInBlock(placed[i].first())) {
      ++i;
      continue;
    }
    copied.push_back(placed[i]);
    placed.erase(placed.begin() + i);
  }
  if (placed.empty())
    return;
  Value dest = destinationBefore(parts.front().insert.getDest(), placed.front().first());
  if (!dest)
    return;
  tensor::InsertSliceOp tail = parts.back().insert;
  Operation *end = tail->getNextNode(); // a block has a terminator
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : tail->getUses())
    uses.push_back(&use);
  for (Part &part : placed) {
    tensor::InsertSliceOp insert = part.insert;
    OpBuilder b(part.first());
    Value slice = tensor::ExtractSliceOp::create(
        b, insert.getLoc(), insert.getSourceType(), dest, ValueRange(), ValueRange(), ValueRange(),
        insert.getStaticOffsets(), insert.getStaticSizes(), insert.getStaticStrides());
    startIn(*part.chain, b, slice);
    // Reshapes after the last op follow it at once, and so does the insertion.
    Operation *last = part.chain->end;
    for (Operation *op : llvm::reverse(part.chain->reshapes))
      if (last->isBeforeInBlock(op)) {
        op->moveAfter(last);
        last = op;
      }
    insert->moveAfter(last);
    insert.getDestMutable().assign(dest);
    dest = insert.getResult();
  }
  for (Part &part : copied) {
    part.insert->moveBefore(end);
    part.insert.getDestMutable().assign(dest);
    dest = part.insert.getResult();
  }
  for (OpOperand *use : uses)
    use->set(dest);
}

//===- Outputs --------------------------------------------------------------------------------===//

/// The fresh tensor that a value is filled into, slice by slice.
Operation *filledTensor(Value value) {
  bool isFilled = false;
  while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>()) {
    value = insert.getDest();
    isFilled = true;
    // Nobody but those who fill it sees it.
    for (Operation *user : value.getUsers())
      if (!isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(user))
        return nullptr;
  }
  return isFilled ? value.getDefiningOp<tensor::EmptyOp>() : nullptr;
}

void writeOutput(bufferization::MaterializeInDestinationOp output) {
  auto place = dyn_cast<MemRefType>(output.getDest().getType());
  if (!place)
    return;
  auto startBefore = [&](Operation *op) -> Value {
    OpBuilder b(op);
    return bufferization::ToTensorOp::create(b, output.getLoc(), output.getSource().getType(),
                                             output.getDest(), /*restrict=*/true,
                                             /*writable=*/true);
  };
  if (Operation *empty = filledTensor(output.getSource());
      empty && output.getSource().hasOneUse() && comesBefore(output.getDest(), empty)) {
    empty->replaceAllUsesWith(ValueRange(startBefore(empty)));
    return;
  }
  std::optional<Chain> chain = chainOf(output.getSource());
  if (!chain || chain->reshapes.empty() || !canStartIn(*chain, place) ||
      !comesBefore(output.getDest(), chain->start->getOwner()))
    return;
  OpBuilder b(chain->start->getOwner());
  startIn(*chain, b, startBefore(chain->start->getOwner()));
}

/// Whether the op overwrites what it gets there.
bool isWritten(OpOperand &use) {
  if (auto structured = dyn_cast<DestinationStyleOpInterface>(use.getOwner()))
    return structured.isDpsInit(&use);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner()))
    return &use == &insert.getDestMutable();
  return isa<LoopLikeOpInterface>(use.getOwner());
}

} // namespace

void edgec::writeThrough(func::FuncOp function) {
  // A tensor that slices fill is theirs alone: where nothing is known of it, nothing is shared.
  function.walk([&](tensor::InsertSliceOp op) {
    auto empty = op.getDest().getDefiningOp<tensor::EmptyOp>();
    if (empty && !empty->hasOneUse())
      op.getDestMutable().assign(OpBuilder(op).clone(*empty)->getResult(0));
  });
  // What two ops write into, starting from the same value, is cheaper to fill twice than to copy.
  SmallVector<linalg::FillOp> fills;
  function.walk([&](linalg::FillOp op) { fills.push_back(op); });
  for (linalg::FillOp op : fills) {
    auto empty = op.getNumResults() ? op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>() : nullptr;
    if (!empty)
      continue;
    for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(op->getUses()))) {
      if (!isWritten(use))
        continue;
      OpBuilder b(use.getOwner());
      Value own = b.clone(*empty)->getResult(0);
      use.set(linalg::FillOp::create(b, op.getLoc(), op.getInputs()[0], own).getResult(0));
    }
  }
  SmallVector<tensor::InsertSliceOp> heads;
  SmallVector<bufferization::MaterializeInDestinationOp> outputs;
  function.walk([&](Operation *op) {
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      auto before = insert.getDest().getDefiningOp<tensor::InsertSliceOp>();
      if (!before || !before->hasOneUse() || before->getBlock() != insert->getBlock())
        heads.push_back(insert);
    } else if (auto output = dyn_cast<bufferization::MaterializeInDestinationOp>(op)) {
      outputs.push_back(output);
    }
  });
  for (tensor::InsertSliceOp head : heads)
    fillInPlace(partsFrom(head));
  for (bufferization::MaterializeInDestinationOp output : outputs)
    writeOutput(output);
  // What the rest started in is no tensor of anybody's now; later it would be a buffer.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}
