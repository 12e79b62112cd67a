#include "passes/tile/RowGroup.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Contraction.h"
#include "passes/tile/Nest.h"

using namespace mlir;

namespace edgec::tile {

/// The ops of a group for `count` rows from row `first` of matrix `matrix` on, which is row `row`
/// of all.
static LogicalResult emitBlock(OpBuilder &b, kernel::RowsOp group, Value matrix, Value first,
                               int64_t count, const Machine &machine) {
  IndexMath index{b, group.getLoc()};
  Value row = index.add(index.mul(matrix, static_cast<int64_t>(group.getPeriod())), first);
  for (Operation &op : group.getBody().front()) {
    if (auto product = dyn_cast<kernel::MatMulOp>(op)) {
      Contraction contraction(b, product, machine);
      contraction.restrictTo(b, matrix, first, count);
      contraction.emit(b);
    } else if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      FailureOr<Nest> nest = Nest::get(structured);
      if (failed(nest) || failed(nest->splitRows(group.getCount())))
        return structured.emitError("can't be cut into ") << group.getCount() << " rows";
      nest->takeRows(b, row, count);
      emitNest(b, *nest, machine.vectorBits);
    }
  }
  return success();
}

/// Products, and what else is done to elements: loops over parts hide it from whoever counts.
static int64_t workOf(kernel::RowsOp group) {
  int64_t work = 0;
  for (Operation &op : group.getBody().front()) {
    if (auto contraction = dyn_cast<kernel::ContractionOpInterface>(op)) {
      work += contraction.countMacs();
    } else if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      int64_t count = 1;
      for (int64_t range : structured.getStaticLoopRanges())
        count *= range;
      work += count * static_cast<int64_t>(structured.getBlock()->getOperations().size());
    }
  }
  return work;
}

LogicalResult emitRowGroup(OpBuilder &b, kernel::RowsOp group, const Machine &machine) {
  Location loc = group.getLoc();
  Machine alone = machine;
  alone.threads = 1;
  int64_t parts = group.getParts(), block = group.getBlock(), period = group.getPeriod();
  int64_t matrices = group.getCount() / period, whole = period / block, rest = period % block;
  LogicalResult result = success();
  auto emit = [&](OpBuilder &b, Value part) {
    IndexMath index{b, loc};
    Share share{part, parts};
    auto [first, end] = share.of(index, matrices * whole);
    createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value at, ValueRange) {
      IndexMath index{b, loc};
      Value matrix = index.div(at, whole), begin = index.mul(index.rem(at, whole), block);
      if (failed(emitBlock(b, group, matrix, begin, block, alone)))
        result = failure();
      return SmallVector<Value>();
    });
    if (!rest)
      return;
    auto [from, to] = share.of(index, matrices);
    createLoop(b, loc, from, to, 1, {}, [&](OpBuilder &b, Value matrix, ValueRange) {
      Value begin = IndexMath{b, loc}.constant(whole * block);
      if (failed(emitBlock(b, group, matrix, begin, rest, alone)))
        result = failure();
      return SmallVector<Value>();
    });
  };
  if (parts == 1) {
    emit(b, Value());
  } else {
    IndexMath index{b, loc};
    auto loop =
        scf::ForOp::create(b, loc, index.constant(0), index.constant(parts), index.constant(1));
    loop->setAttr("edge.parallel", b.getUnitAttr());
    if (auto function = group->getParentOfType<func::FuncOp>())
      function->setAttr("edge.work", b.getI64IntegerAttr(workOf(group)));
    for (auto view : group.getBody().front().getOps<kernel::BlockOp>())
      view.getPartMutable().assign(loop.getInductionVar());
    OpBuilder inner(loop.getBody()->getTerminator());
    emit(inner, loop.getInductionVar());
  }
  group.erase();
  return result;
}

} // namespace edgec::tile
