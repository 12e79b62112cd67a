#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/memory/ArenaPlanner.h"
#include "passes/memory/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_PLANARENA
#include "passes/memory/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Linear positions of a function's ops, in walk order; a region op also knows its last nested
/// position.
struct Positions {
  explicit Positions(func::FuncOp function) {
    int32_t next = 0;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) { first[op] = next++; });
    function.walk<WalkOrder::PostOrder>([&](Operation *op) {
      int32_t end = first[op];
      for (Region &region : op->getRegions())
        for (Operation &nested : region.getOps())
          end = std::max(end, last[&nested]);
      last[op] = end;
    });
  }
  llvm::DenseMap<Operation *, int32_t> first, last;
};

/// Every value that may refer to the allocation: views, and what control flow passes on.
SmallVector<Value> aliasesOf(Value allocation) {
  llvm::SetVector<Value> aliases;
  aliases.insert(allocation);
  auto addMemRefs = [&](ValueRange values) {
    for (Value value : values)
      if (isa<MemRefType>(value.getType()))
        aliases.insert(value);
  };
  for (size_t i = 0; i < aliases.size(); ++i)
    for (Operation *user : aliases[i].getUsers()) {
      if (isa<ViewLikeOpInterface>(user) || isa<arith::SelectOp>(user)) {
        addMemRefs(user->getResults());
      } else if (isa<scf::YieldOp, scf::ConditionOp>(user)) {
        // Conservatively any of the parent's results, and what the next iteration gets.
        addMemRefs(user->getParentOp()->getResults());
        for (Region &region : user->getParentOp()->getRegions())
          for (Block &block : region)
            addMemRefs(block.getArguments());
      } else if (isa<scf::ForOp, scf::WhileOp>(user)) {
        addMemRefs(user->getResults());
        for (Region &region : user->getRegions())
          for (Block &block : region)
            addMemRefs(block.getArguments());
      }
    }
  return aliases.takeVector();
}

struct PlanArena : public edgec::impl::PlanArenaBase<PlanArena> {
  void runOnOperation() override {
    int64_t arenaAlign = 16, addressable = INT64_MAX / 2;
    if (auto target = getOperation()->getAttrOfType<edge::TargetAttr>("edge.target")) {
      arenaAlign = target.getArenaAlign();
      if (target.getIndexBits() == 32)
        addressable = INT32_MAX;
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(plan(function, arenaAlign, addressable)))
        return signalPassFailure();
  }

  LogicalResult plan(func::FuncOp function, int64_t arenaAlign, int64_t addressable) {
    SmallVector<memref::AllocOp> allocations;
    function.walk([&](memref::AllocOp op) { allocations.push_back(op); });
    Positions positions(function);
    SmallVector<Interval> intervals;
    for (memref::AllocOp op : allocations) {
      if (!op.getType().hasStaticShape())
        return op.emitError("a buffer of unknown size can't be planned");
      Interval interval;
      Type element = op.getType().getElementType();
      interval.size = op.getType().getNumElements() * edge::elementBytes(element);
      // The arena's alignment where it costs no more than a twentieth of the buffer, and less for
      // smaller ones.
      interval.align = edge::elementBytes(element);
      while (interval.align < arenaAlign && interval.align * 40 <= interval.size)
        interval.align *= 2;
      interval.first = INT32_MAX;
      interval.last = -1;
      for (Value alias : aliasesOf(op))
        for (Operation *user : alias.getUsers()) {
          // A loop around the use, but not around the buffer, may come back to it.
          Operation *whole = user;
          for (Operation *parent = user->getParentOp();
               parent != op->getParentOp() && !isa<func::FuncOp>(parent) && !parent->isAncestor(op);
               parent = parent->getParentOp())
            whole = parent;
          bool isView = isa<ViewLikeOpInterface>(user);
          if (isView && whole == user)
            continue; // a view touches nothing by itself
          interval.first = std::min(interval.first, positions.first[whole]);
          interval.last = std::max(interval.last, positions.last[whole]);
        }
      if (interval.last < 0)
        interval.first = interval.last = positions.first[op];
      intervals.push_back(interval);
    }
    ArenaPlan plan = planArena(intervals);
    std::string why;
    if (!plan.valid || !isValidPlacement(intervals, plan.offsets, plan.totalBytes, &why))
      return function.emitError("the arena can't be planned: ") << (plan.valid ? why : plan.error);

    OpBuilder builder(function.getContext());
    Block &body = function.getBody().front();
    // States come first in the arena, so that clearing them is one memset; the rest follows,
    // aligned as the arena is.
    SmallVector<std::pair<BlockArgument, int64_t>> states;
    int64_t stateBytes = 0;
    for (BlockArgument argument : body.getArguments()) {
      auto type = cast<MemRefType>(argument.getType());
      if (type.getNumElements() > addressable / edge::elementBytes(type.getElementType()))
        return function.emitError("an input or output of type ")
               << type << " is larger than the target can address";
    }
    for (BlockArgument argument : body.getArguments())
      if (function.getArgAttr(argument.getArgNumber(), "edge.state")) {
        auto type = cast<MemRefType>(argument.getType());
        states.emplace_back(argument, stateBytes);
        stateBytes +=
            llvm::alignTo(type.getNumElements() * edge::elementBytes(type.getElementType()), 16);
      }
    int64_t base =
        stateBytes && plan.totalBytes ? llvm::alignTo(stateBytes, arenaAlign) : stateBytes;
    if (base + plan.totalBytes > addressable)
      return function.emitError("the model needs an arena of ")
             << base + plan.totalBytes << " bytes, more than the target can address";
    auto arenaType = MemRefType::get({base + plan.totalBytes}, builder.getI8Type());
    BlockArgument arena = body.addArgument(arenaType, function.getLoc());
    builder.setInsertionPointToStart(&body);
    SmallVector<Attribute> records;
    auto record = [&](StringRef name, int64_t offset, int64_t bytes, int64_t first, int64_t last) {
      records.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(name)),
           builder.getNamedAttr("offset", builder.getI64IntegerAttr(offset)),
           builder.getNamedAttr("bytes", builder.getI64IntegerAttr(bytes)),
           builder.getNamedAttr("first", builder.getI64IntegerAttr(first)),
           builder.getNamedAttr("last", builder.getI64IntegerAttr(last))}));
    };
    for (auto [argument, offset] : states) {
      Value shift = arith::ConstantIndexOp::create(builder, argument.getLoc(), offset);
      auto type = cast<MemRefType>(argument.getType());
      Value view =
          memref::ViewOp::create(builder, argument.getLoc(), type, arena, shift, ValueRange());
      argument.replaceAllUsesWith(view);
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "edge.name");
      record(name ? name.getValue() : "state", offset,
             type.getNumElements() * edge::elementBytes(type.getElementType()), 0,
             positions.last[function]);
    }
    for (auto [op, interval, offset] : llvm::zip_equal(allocations, intervals, plan.offsets)) {
      Value shift = arith::ConstantIndexOp::create(builder, op.getLoc(), base + offset);
      Value view =
          memref::ViewOp::create(builder, op.getLoc(), op.getType(), arena, shift, ValueRange());
      op.replaceAllUsesWith(view);
      std::string name;
      if (auto loc = op.getLoc()->findInstanceOf<NameLoc>())
        name = loc.getName().str();
      record(name, base + offset, interval.size, interval.first, interval.last);
    }
    // Not before: one of them may be where the builder stands.
    for (memref::AllocOp op : allocations)
      op.erase();
    function.walk([](memref::DeallocOp op) { op.erase(); });
    function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
    function.setArgAttr(arena.getArgNumber(), "edge.kind", builder.getStringAttr("arena"));
    llvm::BitVector erased(function.getNumArguments());
    for (auto [argument, offset] : states)
      erased.set(argument.getArgNumber());
    if (failed(function.eraseArguments(erased)))
      return failure();
    getOperation()->setAttr("edge.state_bytes", builder.getI64IntegerAttr(stateBytes));
    getOperation()->setAttr("edge.arena_bytes", builder.getI64IntegerAttr(base + plan.totalBytes));
    getOperation()->setAttr("edge.arena_peak",
                            builder.getI64IntegerAttr(stateBytes + plan.peakBytes));
    getOperation()->setAttr("edge.allocations", builder.getArrayAttr(records));
    return success();
  }
};

} // namespace
