#include "passes/tile/Stream.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/tile/Contraction.h"
#include "passes/tile/Depthwise.h"
#include "passes/tile/DepthwiseDots.h"
#include "passes/tile/PanelContraction.h"
#include "passes/tile/Pool.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

//===- Which rows are needed
//---------------------------------------------------------------------===//

RowWindow RowWindow::of(kernel::WindowOpInterface op) {
  Value init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front();
  return {cast<ShapedType>(op.getWindowInput().get().getType()).getDimSize(1),
          cast<ShapedType>(init.getType()).getDimSize(1),
          op.getWindowShape().front(),
          op.getWindowStrides().front(),
          op.getWindowDilations().front(),
          op.getWindowPads().front()};
}

int64_t RowWindow::needed(int64_t end) const {
  return std::clamp<int64_t>((end - 1) * stride + (window - 1) * dilation - padBefore + 1, 0, in);
}

int64_t RowWindow::firstNeeded(int64_t row) const {
  return std::clamp<int64_t>(row * stride - padBefore, 0, in);
}

SmallVector<int64_t> ringRows(ArrayRef<RowWindow> windows, int64_t rows, int64_t parts) {
  size_t rings = windows.size() - 1;
  SmallVector<int64_t> most(rings, 1);
  int64_t all = windows.back().out;
  // The rows of an op that have been computed when a step begins and ends.
  for (int64_t part = 0; part < parts; ++part) {
    int64_t first = all * part / parts, end = all * (part + 1) / parts;
    SmallVector<int64_t> done(rings);
    for (size_t i = rings, low = first; i-- > 0;)
      done[i] = low = windows[i + 1].firstNeeded(low);
    for (int64_t at = first; at < end; at += rows) {
      int64_t low = at, high = std::min(at + rows, end);
      for (size_t i = rings; i-- > 0;) {
        int64_t reads = windows[i + 1].firstNeeded(low);
        high = std::max(windows[i + 1].needed(high), done[i]);
        most[i] = std::max(most[i], high - std::min(reads, done[i]));
        low = std::exchange(done[i], high);
      }
    }
  }
  for (int64_t &count : most)
    count = llvm::PowerOf2Ceil(count);
  return most;
}

//===- Loops
//-------------------------------------------------------------------------------------===//

/// Computes rows of an op's result, from the one to the other.
using EmitRows = std::function<void(OpBuilder &, Value, Value)>;

static EmitRows emitterOf(OpBuilder &b, Operation *op, const Machine &machine) {
  if (auto pool = dyn_cast<kernel::PoolOp>(op)) {
    auto emitter = std::make_shared<Pool>(pool, machine);
    return [emitter](OpBuilder &b, Value first, Value end) { emitter->emitRows(b, first, end); };
  }
  auto conv = cast<kernel::ConvOp>(op);
  if (DepthwiseDots::takes(conv)) {
    auto emitter = std::make_shared<DepthwiseDots>(b, conv, machine, /*byRows=*/true);
    return [emitter](OpBuilder &b, Value first, Value end) { emitter->emitRows(b, first, end); };
  }
  if (conv.isDepthwise()) {
    auto emitter = std::make_shared<Depthwise>(b, conv, machine, /*byRows=*/true);
    return [emitter](OpBuilder &b, Value first, Value end) { emitter->emitRows(b, first, end); };
  }
  if (PanelContraction::takes(conv.getPacking())) {
    auto emitter = std::make_shared<PanelContraction>(b, conv, machine, /*byRows=*/true);
    return [emitter](OpBuilder &b, Value first, Value end) { emitter->emitRows(b, first, end); };
  }
  auto emitter = std::make_shared<Contraction>(b, conv, machine, /*byRows=*/true);
  return [emitter](OpBuilder &b, Value first, Value end) { emitter->emitRows(b, first, end); };
}

/// The steps of the part that computes rows [first, end) of the last op's result.
static void emitSteps(OpBuilder &b, kernel::StreamOp stream, Value first, Value end,
                      const Machine &machine) {
  Location loc = stream.getLoc();
  IndexMath index{b, loc};
  SmallVector<EmitRows> emitters;
  SmallVector<RowWindow> windows;
  for (Operation &op : stream.getBody().front())
    if (auto window = dyn_cast<kernel::WindowOpInterface>(op)) {
      emitters.push_back(emitterOf(b, &op, machine));
      windows.push_back(RowWindow::of(window));
    }
  size_t rings = windows.size() - 1;
  SmallVector<Value> done(rings);
  Value low = first;
  for (size_t i = rings; i-- > 0;) {
    const RowWindow &reader = windows[i + 1];
    low = index.min(index.max(index.add(index.mul(low, reader.stride), -reader.padBefore), 0),
                    reader.in);
    done[i] = low;
  }
  int64_t rows = stream.getRows();
  createLoop(b, loc, first, end, rows, done, [&](OpBuilder &b, Value at, ValueRange done) {
    IndexMath index{b, loc};
    auto minimum = [&](Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); };
    SmallVector<Value> ends(windows.size());
    ends.back() = minimum(index.add(at, rows), end);
    for (size_t i = rings; i-- > 0;) {
      const RowWindow &reader = windows[i + 1];
      int64_t reach = (reader.window - 1) * reader.dilation - reader.padBefore + 1 - reader.stride;
      Value needed = index.add(index.mul(ends[i + 1], reader.stride), reach);
      ends[i] = b.createOrFold<arith::MaxSIOp>(loc, index.min(needed, reader.in), done[i]);
    }
    for (size_t i = 0; i < windows.size(); ++i)
      emitters[i](b, i < rings ? done[i] : at, ends[i]);
    ends.pop_back();
    return ends;
  });
}

void emitStream(OpBuilder &b, kernel::StreamOp stream, const Machine &machine) {
  Location loc = stream.getLoc();
  IndexMath index{b, loc};
  Machine alone = machine;
  alone.threads = 1;
  // Rings are addressed inside of the loop over parts.
  SmallVector<kernel::RingOp> rings(stream.getBody().front().getOps<kernel::RingOp>());
  auto rows = cast<ShapedType>(stream.getBody().front().back().getOperands().back().getType())
                  .getDimSize(1);
  int64_t parts = stream.getParts(), macs = 0;
  stream.walk([&](kernel::ContractionOpInterface op) { macs += op.countMacs(); });
  if (parts == 1) {
    emitSteps(b, stream, index.constant(0), index.constant(rows), alone);
  } else {
    auto loop =
        scf::ForOp::create(b, loc, index.constant(0), index.constant(parts), index.constant(1));
    loop->setAttr("edge.parallel", b.getUnitAttr());
    if (auto function = stream->getParentOfType<func::FuncOp>())
      function->setAttr("edge.work", b.getI64IntegerAttr(macs));
    OpBuilder inner(loop.getBody()->getTerminator());
    for (kernel::RingOp ring : rings)
      ring.getPartMutable().assign(loop.getInductionVar());
    Share share{loop.getInductionVar(), parts};
    auto [first, end] = share.of({inner, loc}, rows);
    emitSteps(inner, stream, first, end, alone);
  }
  stream.erase();
}

} // namespace edgec::tile
