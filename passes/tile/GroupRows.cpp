#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/tile/Nest.h"
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

Value rootOf(Value buffer) {
  while (Operation *producer = buffer.getDefiningOp()) {
    if (!isa<ViewLikeOpInterface>(producer))
      break;
    buffer = producer->getOperand(0);
  }
  return buffer;
}

int64_t bytesOf(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type ? type.getNumElements() * edge::elementBytes(type.getElementType()) : 0;
}

/// The elements of a root buffer that an op touches in one row: [begin, end) + row * stride.
struct RowUse {
  Value root;
  int64_t begin, end, stride;
  bool writes;
};

struct Member {
  linalg::LinalgOp op;
  SmallVector<RowUse> uses;
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
  Member member{op, {}};
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

struct GroupRows : tile::impl::GroupRowsBase<GroupRows> {
  void runOnOperation() override {
    getOperation()->walk([&](Block *block) { groupBlock(*block); });
  }

  void groupBlock(Block &block) {
    // Runs of structured ops that nothing else with an effect stands between.
    SmallVector<linalg::LinalgOp> run;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto structured = dyn_cast<linalg::LinalgOp>(op);
      if (structured && structured.hasPureBufferSemantics()) {
        run.push_back(structured);
      } else if (!isPure(&op) && !isa<memref::AllocOp>(op)) {
        groupRun(run);
        run.clear();
      }
    }
    groupRun(run);
  }

  void groupRun(ArrayRef<linalg::LinalgOp> run) {
    for (size_t first = 0, i = 0; i < run.size(); ++i) {
      linalg::LinalgOp op = run[i];
      if (!op.getNumReductionLoops())
        continue;
      FailureOr<Nest> nest = Nest::get(op);
      if (failed(nest) || !reducesRows(*nest))
        continue;
      int64_t rows = nest->extents.front();
      std::optional<Member> own = memberOf(op, rows);
      if (!own)
        continue;
      std::deque<Member> group{*own};
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
        if (!member)
          break;
        group.push_front(*member);
        if (!isFrugal(group)) {
          group.pop_front();
          break;
        }
      }
      for (; end < run.size(); ++end) {
        std::optional<Member> member = fits(end);
        if (!member)
          break;
        group.push_back(*member);
        if (!isFrugal(group)) {
          group.pop_back();
          break;
        }
      }
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

  /// All buffers of a group live at the same time: they may not need more than the hungriest of its
  /// ops does alone.
  static bool isFrugal(const std::deque<Member> &group) {
    llvm::DenseMap<Value, int64_t> all;
    int64_t most = 0, together = 0;
    for (const Member &member : group) {
      llvm::DenseMap<Value, int64_t> own;
      for (const RowUse &use : member.uses)
        if (use.root.getDefiningOp<memref::AllocOp>()) // the rest is there anyway
          own[use.root] = all[use.root] = bytesOf(use.root);
      int64_t sum = 0;
      for (auto [root, bytes] : own)
        sum += bytes;
      most = std::max(most, sum);
    }
    for (auto [root, bytes] : all)
      together += bytes;
    return together - most <= std::max<int64_t>(most / 16, 1 << 10);
  }

  void form(const std::deque<Member> &group, int64_t rows) {
    // As many rows at a time as fit.
    int64_t rowBytes = 0;
    llvm::DenseMap<Value, int64_t> bytes;
    for (const Member &member : group)
      for (const RowUse &use : member.uses)
        if (use.stride)
          bytes[use.root] = bytesOf(use.root) / rows;
    for (auto [root, count] : bytes)
      rowBytes += count;
    int64_t block = std::clamp<int64_t>(kBlockBytes / std::max<int64_t>(rowBytes, 1), 1, rows);
    while (rows % block)
      --block;
    Operation *head = group.front().op;
    // Buffers and views come before all of them.
    for (Operation *op = head->getNextNode(), *next; op != group.back().op; op = next) {
      next = op->getNextNode();
      if (!isa<linalg::LinalgOp>(op))
        op->moveBefore(head);
    }
    SmallVector<Location> places;
    for (const Member &member : group)
      if (!isa<linalg::FillOp>(member.op))
        places.push_back(member.op->getLoc());
    OpBuilder b(head);
    auto region = scf::ExecuteRegionOp::create(b, places.back(), TypeRange());
    region->setAttr("edge.rows", b.getI64IntegerAttr(rows / block));
    Block &body = region.getRegion().emplaceBlock();
    for (const Member &member : group)
      member.op->moveBefore(&body, body.end());
    b.setInsertionPointToEnd(&body);
    scf::YieldOp::create(b, places.back());
  }
};

} // namespace
