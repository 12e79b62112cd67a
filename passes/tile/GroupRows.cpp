#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/tile/Buffers.h"
#include "passes/tile/Machine.h"
#include "passes/tile/Nest.h"
#include "passes/tile/PanelContraction.h"
#include "passes/tile/Passes.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_GROUPROWS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

/// What the rows of one block may touch together: they are to stay in the first-level cache.
constexpr int64_t kBlockBytes = 16 << 10;
/// Rows of a block on a device where memory counts, if there are matrix products: a tile's.
constexpr int64_t kCompactBlock = 4;
/// What the rows of most tiles divide.
constexpr int64_t kTileRows = 12;
/// Ops that may be drawn before a group, since it doesn't need them, and they don't need it.
constexpr size_t kSkipped = 16;

/// The elements of a root buffer that an op touches in one row: [begin, end) + row * stride. What
/// it touches in every row has no stride.
struct RowUse {
  Value root;
  int64_t begin, end, stride;
  bool writes;
};

struct Member {
  Operation *op;
  SmallVector<RowUse> uses;
  int64_t period; ///< rows after which it goes on elsewhere
};

/// Whether an op that reduces does so along contiguous memory, inside of each row.
bool reducesRows(const Nest &nest) {
  if (nest.size() < 2 || nest.reduces.front() || !nest.reduces.back())
    return false;
  return llvm::all_of(nest.inputs(), [](const Access &access) {
    return access.strides.back() <= 1 && access.strides.front() != 1;
  });
}

std::optional<Member> memberOf(linalg::LinalgOp op, int64_t rows) {
  FailureOr<Nest> nest = Nest::get(op);
  if (failed(nest) || !hasVectorBody(*nest) || (op.getNumReductionLoops() && !reducesRows(*nest)) ||
      failed(nest->splitRows(rows)))
    return std::nullopt;
  Member member{op, {}, rows};
  for (auto [access, operand] : llvm::zip_equal(nest->accesses, op->getOpOperands())) {
    if (access.isScalar)
      continue;
    SmallVector<int64_t> strides;
    int64_t offset = 0;
    (void)cast<MemRefType>(access.buffer.getType()).getStridesAndOffset(strides, offset);
    RowUse use{rootOf(access.buffer), offset + access.first, 0, access.strides.front(),
               op.isDpsInit(&operand)};
    use.end = use.begin + 1;
    for (size_t i = 1; i < nest->size(); ++i)
      use.end += (nest->extents[i] - 1) * access.strides[i];
    member.uses.push_back(use);
  }
  return member;
}

/// How a matrix product touches a buffer: row by row of the result, or all of it each time. Fails
/// where its rows don't lie evenly.
std::optional<RowUse> matrixUse(Value buffer, bool byRows, bool writes) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (failed(type.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) ||
      llvm::is_contained(strides, ShapedType::kDynamic))
    return std::nullopt;
  RowUse use{rootOf(buffer), offset, offset + 1, 0, writes};
  size_t first = byRows ? type.getRank() - 1 : 0;
  for (size_t i = first; i < strides.size(); ++i)
    use.end += (type.getDimSize(i) - 1) * strides[i];
  if (byRows) {
    use.stride = strides[1];
    if (type.getDimSize(0) > 1 && strides[0] != type.getDimSize(1) * strides[1])
      return std::nullopt;
  }
  return use;
}

std::optional<Member> memberOf(kernel::MatMulOp op, int64_t rows) {
  auto init = cast<MemRefType>(op.getInit().getType());
  if (init.getDimSize(0) * init.getDimSize(1) != rows ||
      tile::PanelContraction::takes(op.getPacking()))
    return std::nullopt;
  Member member{op, {}, init.getDimSize(1)};
  auto add = [&](Value buffer, bool byRows, bool writes = false) {
    std::optional<RowUse> use = matrixUse(buffer, byRows, writes);
    if (use)
      member.uses.push_back(*use);
    return use.has_value();
  };
  if (!add(op.getA(), true) || !add(op.getB(), false) || !add(op.getInit(), true, true))
    return std::nullopt;
  for (Value extra : op.getExtras()) {
    ArrayRef<int64_t> shape = cast<MemRefType>(extra.getType()).getShape();
    if (!add(extra, shape.take_front(2) == init.getShape().take_front(2)))
      return std::nullopt;
  }
  return member;
}

std::optional<Member> memberOf(Operation *op, int64_t rows) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return memberOf(structured, rows);
  if (auto product = dyn_cast<kernel::MatMulOp>(op))
    return memberOf(product, rows);
  return std::nullopt;
}

/// Whether a row of one op only meets the same row of the other.
bool keepApart(const Member &a, const Member &b) {
  for (const RowUse &x : a.uses)
    for (const RowUse &y : b.uses) {
      if (x.root != y.root || !(x.writes || y.writes))
        continue;
      int64_t begin = std::min(x.begin, y.begin), end = std::max(x.end, y.end);
      if (x.stride != y.stride || end - begin > x.stride)
        return false;
    }
  return true;
}

using Group = std::deque<Member>;

/// The buffers that nobody but the group uses, each row of which is written before it is read.
llvm::SetVector<Value> temporariesOf(const Group &group) {
  llvm::SmallPtrSet<Operation *, 16> ops;
  for (const Member &member : group)
    ops.insert(member.op);
  std::function<bool(Value)> isOnlyUsedHere = [&](Value buffer) {
    if (!cast<MemRefType>(buffer.getType()).getLayout().isIdentity())
      return false;
    return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
      if (isa<ViewLikeOpInterface>(user))
        return llvm::all_of(user->getResults(), isOnlyUsedHere);
      return ops.contains(user);
    });
  };
  llvm::SetVector<Value> temporaries;
  llvm::SmallPtrSet<Value, 16> others;
  for (const Member &member : group)
    for (const RowUse &use : member.uses) {
      if (temporaries.contains(use.root) || others.contains(use.root))
        continue;
      auto effects = cast<MemoryEffectOpInterface>(member.op);
      bool reads = llvm::any_of(member.op->getOperands(), [&](Value operand) {
        return isa<MemRefType>(operand.getType()) && rootOf(operand) == use.root &&
               effects.getEffectOnValue<MemoryEffects::Read>(operand);
      });
      bool temporary = !reads && use.stride && use.root.getDefiningOp<memref::AllocOp>() &&
                       isOnlyUsedHere(use.root);
      temporary ? (void)temporaries.insert(use.root) : (void)others.insert(use.root);
    }
  // All views of one have to see its rows as its own: as long, from its first element on.
  temporaries.remove_if([&](Value root) {
    int64_t stride = 0;
    for (const Member &member : group)
      for (const RowUse &use : member.uses)
        if (use.root == root) {
          stride = stride ? stride : use.stride;
          if (use.stride != stride || use.begin != 0)
            return true;
        }
    return false;
  });
  return temporaries;
}

struct GroupRows : tile::impl::GroupRowsBase<GroupRows> {
  void runOnOperation() override {
    machine = Machine::of(getOperation());
    getOperation()->walk([&](Block *block) {
      if (!isa<kernel::StreamOp, kernel::RowsOp>(block->getParentOp()))
        groupBlock(*block);
    });
  }

  void groupBlock(Block &block) {
    // Runs of ops that nothing stands between whose effects we don't know.
    SmallVector<Operation *> run;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto effects = dyn_cast<MemoryEffectOpInterface>(op);
      bool known = op.getNumResults() == 0 && effects && !op.hasTrait<OpTrait::IsTerminator>() &&
                   !isa<kernel::RequireOp>(op);
      if (known) {
        run.push_back(&op);
      } else if (!isPure(&op) && !isa<memref::AllocOp>(op)) {
        groupRun(run);
        run.clear();
      }
    }
    groupRun(run);
  }

  /// Whether a matrix product had better be part of a group: where its matrix of scores leaves the
  /// cache; where there is none, always.
  bool isWanted(Operation *op, bool first) const {
    auto product = dyn_cast<kernel::MatMulOp>(op);
    if (!product)
      return true;
    Value scores = first ? product.getInit() : product.getA();
    return machine.l2Bytes == 0 || bytesOf(scores) > machine.l2Bytes / 2;
  }

  void groupRun(ArrayRef<Operation *> run) {
    for (size_t first = 0, i = 0; i < run.size(); ++i) {
      auto op = dyn_cast<linalg::LinalgOp>(run[i]);
      if (!op || !op.getNumReductionLoops() || !op.hasPureBufferSemantics())
        continue;
      FailureOr<Nest> nest = Nest::get(op);
      if (failed(nest) || !reducesRows(*nest))
        continue;
      int64_t rows = nest->extents.front();
      std::optional<Member> own = memberOf(op, rows);
      if (!own)
        continue;
      Group group{*own};
      auto fits = [&](size_t index) -> std::optional<Member> {
        std::optional<Member> member = memberOf(run[index], rows);
        if (!member ||
            !llvm::all_of(group, [&](const Member &other) { return keepApart(*member, other); }))
          return std::nullopt;
        return member;
      };
      size_t begin = i, end = i + 1;
      for (; begin > first; --begin) {
        std::optional<Member> member = fits(begin - 1);
        if (!member || !isWanted(run[begin - 1], /*first=*/true))
          break;
        group.push_front(*member);
        if (isa<kernel::MatMulOp>(run[begin - 1])) {
          --begin;
          break; // what it multiplies comes from elsewhere
        }
      }
      // Behind, ops that have nothing to do with the group are passed over, and drawn before it.
      SmallVector<Operation *> skipped;
      SmallVector<size_t> places{i};
      for (size_t next = end; next < run.size() && skipped.size() <= kSkipped; ++next) {
        std::optional<Member> member = fits(next);
        if (member && isWanted(run[next], /*first=*/false) &&
            llvm::all_of(skipped,
                         [&](Operation *other) { return isIndependent(*member, other); })) {
          group.push_back(*member);
          places.push_back(next);
          if (isa<kernel::MatMulOp>(run[next]))
            break;
          continue;
        }
        if (!llvm::all_of(group,
                          [&](const Member &other) { return isIndependent(other, run[next]); }))
          break;
        skipped.push_back(run[next]);
      }
      while (group.size() > 1 && !isFrugal(group, rows)) {
        if (places.size() > 1) {
          group.pop_back();
          places.pop_back();
        } else {
          group.pop_front();
        }
      }
      end = places.back() + 1;
      // A fill and its reduction alone gain nothing.
      int64_t worth =
          llvm::count_if(group, [](Member &member) { return !isa<linalg::FillOp>(member.op); });
      if (worth < 2)
        continue;
      form(group, rows);
      first = end;
      i = end - 1;
    }
  }

  /// Whether an op that comes after a member might as well come before it: neither writes what the
  /// other one touches.
  static bool isIndependent(const Member &member, Operation *op) {
    SmallVector<MemoryEffects::EffectInstance> effects;
    cast<MemoryEffectOpInterface>(op).getEffects(effects);
    if (effects.empty() && !isPure(op))
      return false;
    for (const MemoryEffects::EffectInstance &effect : effects) {
      if (!effect.getValue())
        return false;
      Value root = rootOf(effect.getValue());
      for (const RowUse &use : member.uses)
        if (use.root == root && (use.writes || isa<MemoryEffects::Write>(effect.getEffect())))
          return false;
    }
    return op->getNumRegions() == 0 || isa<linalg::LinalgOp, kernel::ContractionOpInterface>(op);
  }

  static int64_t periodOf(const Group &group, int64_t rows) {
    int64_t period = rows;
    for (const Member &member : group)
      period = std::min(period, member.period);
    return period;
  }

  /// Rows of a block.
  int64_t blockOf(const Group &group, int64_t rows) const {
    llvm::DenseMap<Value, int64_t> bytes;
    bool multiplies = false;
    for (const Member &member : group) {
      multiplies |= isa<kernel::MatMulOp>(member.op);
      for (const RowUse &use : member.uses)
        if (use.stride)
          bytes[use.root] = bytesOf(use.root) / rows;
    }
    int64_t rowBytes = 1, period = periodOf(group, rows);
    for (auto [root, count] : bytes)
      rowBytes += count;
    int64_t limit = multiplies && machine.l2Bytes ? machine.l2Bytes / 2 : kBlockBytes;
    int64_t block = std::clamp<int64_t>(limit / rowBytes, 1, period);
    if (multiplies && machine.l2Bytes == 0)
      return std::min(kCompactBlock, period);
    if (multiplies) { // blocks of one size, as far as whole tiles allow
      int64_t even = llvm::divideCeilSigned(period, llvm::divideCeilSigned(period, block));
      return std::min<int64_t>(llvm::alignTo(even, kTileRows), block);
    }
    while (period % block)
      --block;
    return block;
  }

  /// All buffers of a group live at the same time: they may not need more than the hungriest of its
  /// ops does alone. Of the group's own there is only a block.
  bool isFrugal(const Group &group, int64_t rows) const {
    llvm::SetVector<Value> temporaries = temporariesOf(group);
    int64_t block = blockOf(group, rows) * machine.threads;
    llvm::MapVector<Value, int64_t> all;
    int64_t most = 0, together = 0;
    for (const Member &member : group) {
      llvm::MapVector<Value, int64_t> own;
      for (const RowUse &use : member.uses)
        if (use.root.getDefiningOp<memref::AllocOp>()) { // the rest is there anyway
          int64_t bytes = bytesOf(use.root);
          own[use.root] = bytes;
          all[use.root] = temporaries.contains(use.root) ? bytes / rows * block : bytes;
        }
      int64_t sum = 0;
      for (auto [root, bytes] : own)
        sum += bytes;
      most = std::max(most, sum);
    }
    for (auto [root, bytes] : all)
      together += bytes;
    return together - most <= std::max<int64_t>(most / 16, 1 << 10);
  }

  void form(const Group &group, int64_t rows) {
    Operation *head = group.front().op;
    // Buffers, views and what was passed over come before all of them, in their order.
    for (Operation *op = head->getNextNode(), *next; op != group.back().op; op = next) {
      next = op->getNextNode();
      if (llvm::none_of(group, [&](const Member &member) { return member.op == op; }))
        op->moveBefore(head);
    }
    SmallVector<Location> places;
    for (const Member &member : group)
      if (!isa<linalg::FillOp>(member.op))
        places.push_back(member.op->getLoc());
    llvm::SetVector<Value> temporaries = temporariesOf(group);
    int64_t block = blockOf(group, rows), period = periodOf(group, rows);
    int64_t parts = std::min(machine.threads, rows / period * (period / block));
    OpBuilder b(head);
    auto region = kernel::RowsOp::create(b, places.back(), rows, block, period, parts);
    Block &body = region.getBody().emplaceBlock();
    for (Value root : temporaries) {
      auto type = cast<MemRefType>(root.getType());
      b.setInsertionPoint(region);
      Value source = memref::AllocOp::create(
          b, root.getLoc(),
          MemRefType::get({parts, type.getNumElements() / rows * block}, type.getElementType()));
      b.setInsertionPointToEnd(&body);
      replaceViews(b, root, source, group);
    }
    for (const Member &member : group)
      member.op->moveBefore(&body, body.end());
  }

  /// Lets the group's ops see `source` instead of `root` and its views, which go.
  static void replaceViews(OpBuilder &b, Value root, Value source, const Group &group) {
    SmallVector<Operation *> views;
    std::function<void(Value)> replace = [&](Value buffer) {
      for (Operation *user : llvm::make_early_inc_range(buffer.getUsers()))
        if (isa<ViewLikeOpInterface>(user)) {
          replace(user->getResult(0));
          views.push_back(user);
        }
      if (!buffer.use_empty())
        buffer.replaceAllUsesExcept(kernel::BlockOp::create(b, buffer.getLoc(),
                                                            cast<MemRefType>(buffer.getType()),
                                                            source, /*part=*/Value()),
                                    llvm::SmallPtrSet<Operation *, 8>(views.begin(), views.end()));
    };
    replace(root);
    for (Operation *view : views)
      view->erase();
    root.getDefiningOp()->erase();
  }

  Machine machine;
};

} // namespace
