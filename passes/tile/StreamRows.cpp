#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/tile/Buffers.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Stream.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_STREAMROWS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

Value inputOf(kernel::WindowOpInterface op) { return op.getWindowInput().get(); }
Value initOf(kernel::WindowOpInterface op) {
  return cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front();
}

/// Whether the op works on the rows of one image.
bool isStage(kernel::WindowOpInterface op) {
  auto x = dyn_cast<MemRefType>(inputOf(op).getType()),
       init = dyn_cast<MemRefType>(initOf(op).getType());
  return x && init && x.hasStaticShape() && init.hasStaticShape() && x.getRank() >= 4 &&
         x.getDimSize(0) == 1 && !op.isTransposedWindow();
}

/// Whether `reader` is all that reads what `op` writes, and it is a buffer of its own.
bool isLink(kernel::WindowOpInterface op, kernel::WindowOpInterface reader) {
  Value buffer = initOf(op);
  if (!buffer.getDefiningOp<memref::AllocOp>() || inputOf(reader) != buffer ||
      !cast<MemRefType>(buffer.getType()).getLayout().isIdentity())
    return false;
  auto effects = cast<MemoryEffectOpInterface>(op.getOperation());
  return llvm::hasNItems(buffer.getUses(), 2) &&
         !effects.getEffectOnValue<MemoryEffects::Read>(buffer);
}

/// What becomes one stream, if anything.
struct Chain {
  SmallVector<kernel::WindowOpInterface> ops;
  SmallVector<int64_t> rings; ///< rows of each
  int64_t rows = 1, parts = 1;

  kernel::WindowOpInterface back() const { return ops.back(); }
  int64_t rowBytes(size_t ring) const {
    return bytesOf(initOf(ops[ring])) / RowWindow::of(ops[ring]).out;
  }
  int64_t ringBytes() const {
    int64_t bytes = 0;
    for (size_t i = 0; i < rings.size(); ++i)
      bytes += parts * rings[i] * rowBytes(i);
    return bytes;
  }
};

/// Decides on a chain of ops.
class Planner {
public:
  explicit Planner(const Machine &machine) : machine(machine) {}

  /// The chain with the rows of its steps; none where it isn't worth it.
  std::optional<Chain> plan(ArrayRef<kernel::WindowOpInterface> ops) const {
    Chain chain{SmallVector<kernel::WindowOpInterface>(ops), {}};
    int64_t out = RowWindow::of(ops.back()).out, macs = 0, weights = 0;
    for (kernel::WindowOpInterface op : ops)
      if (auto contraction = dyn_cast<kernel::ContractionOpInterface>(op.getOperation())) {
        macs += contraction.countMacs();
        weights += bytesOf(op->getOperand(1));
      }
    if (macs >= kWorthSharing && out >= machine.threads)
      chain.parts = machine.threads;
    if (meetsItself(chain))
      return std::nullopt;
    SmallVector<RowWindow> windows;
    for (kernel::WindowOpInterface op : ops)
      windows.push_back(RowWindow::of(op));
    // Weights are read again in each step, so they have to stay near.
    if (machine.l2Bytes && weights > machine.l2Bytes / 4)
      return std::nullopt;
    auto fit = [&](int64_t rows) {
      chain.rows = rows;
      chain.rings = ringRows(windows, rows, chain.parts);
      for (size_t i = 0; i < chain.rings.size(); ++i)
        if (chain.rings[i] * chain.parts * 2 > windows[i].out)
          return false;
      return machine.l2Bytes == 0 || chain.ringBytes() / chain.parts <= machine.l2Bytes / 2;
    };
    if (!fit(1) || !savesMemory(chain))
      return std::nullopt;
    // More rows a step mean fewer steps, as long as the rings stay near.
    if (machine.l2Bytes) {
      int64_t rows = 1;
      while (rows * 2 <= out / chain.parts && fit(rows * 2))
        rows *= 2;
      fit(rows);
    }
    return chain;
  }

  /// Whether an image between two ops is better not there.
  bool isWanted(Value buffer) const {
    return machine.l2Bytes == 0 || bytesOf(buffer) > machine.l2Bytes / 2;
  }

private:
  /// Whether the last op writes over what another one reads later. That it writes over the input is
  /// no harm where each row of that has been read before.
  static bool meetsItself(const Chain &chain) {
    Value init = initOf(chain.back()), root = rootOf(init);
    bool aligned = chain.parts == 1;
    for (kernel::WindowOpInterface op : chain.ops) {
      RowWindow window = RowWindow::of(op);
      aligned &= window.in == window.out && window.stride == 1;
    }
    aligned &= RowWindow::of(chain.ops.front()).window == 1;
    for (kernel::WindowOpInterface op : chain.ops)
      for (OpOperand &operand : op->getOpOperands()) {
        if (rootOf(operand.get()) != root || (op == chain.back() && operand.get() == init))
          continue;
        bool input = op == chain.ops.front() && &operand == &op.getWindowInput();
        if (!input || !aligned || operand.get() != init)
          return true;
      }
    return false;
  }

  /// All that a stream reads and writes lives at the same time; that may not be more than the
  /// hungriest of its ops needs alone.
  static bool savesMemory(const Chain &chain) {
    auto own = [](Value buffer) {
      return rootOf(buffer).getDefiningOp<memref::AllocOp>() ? bytesOf(buffer) : 0;
    };
    int64_t most = 0;
    for (kernel::WindowOpInterface op : chain.ops) {
      int64_t bytes = own(inputOf(op));
      if (inputOf(op) != initOf(op))
        bytes += own(initOf(op));
      most = std::max(most, bytes);
    }
    int64_t together = chain.ringBytes() + own(inputOf(chain.ops.front()));
    if (inputOf(chain.ops.front()) != initOf(chain.back()))
      together += own(initOf(chain.back()));
    return together <= most;
  }

  Machine machine;
};

struct StreamRows : tile::impl::StreamRowsBase<StreamRows> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    Planner planner(Machine::of(getOperation()));
    // Runs of ops of which each reads what the one before wrote, and nothing happens between.
    SmallVector<kernel::WindowOpInterface> run;
    auto flush = [&] {
      form(run, planner);
      run.clear();
    };
    for (Operation &op : llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (isPure(&op) || isa<memref::AllocOp>(op))
        continue;
      auto stage = dyn_cast<kernel::WindowOpInterface>(op);
      bool joins = stage && isStage(stage);
      if (!run.empty() && (!joins || !isLink(run.back(), stage)))
        flush();
      if (joins)
        run.push_back(stage);
    }
    flush();
  }

  /// The longest chains, from the first op on.
  static void form(ArrayRef<kernel::WindowOpInterface> run, const Planner &planner) {
    while (run.size() > 1) {
      std::optional<Chain> best;
      for (size_t count = 2; count <= run.size(); ++count) {
        if (!planner.isWanted(initOf(run[count - 2])))
          break;
        if (std::optional<Chain> chain = planner.plan(run.take_front(count)))
          best = std::move(chain);
      }
      if (best)
        write(*best);
      run = run.drop_front(best ? best->ops.size() : 1);
    }
  }

  static void write(const Chain &chain) {
    SmallVector<Location> places;
    for (kernel::WindowOpInterface op : chain.ops)
      places.push_back(op.getLoc());
    OpBuilder b(chain.back());
    Location loc = b.getFusedLoc(places);
    SmallVector<std::pair<Value, Value>> rings;
    for (auto [op, rows] : llvm::zip(chain.ops, chain.rings)) {
      Value image = initOf(op);
      SmallVector<int64_t> shape(cast<MemRefType>(image.getType()).getShape());
      shape[0] = chain.parts;
      shape[1] = rows;
      auto type = MemRefType::get(shape, cast<MemRefType>(image.getType()).getElementType());
      rings.emplace_back(image, memref::AllocOp::create(b, image.getLoc(), type));
    }
    auto stream = kernel::StreamOp::create(b, loc, chain.rows, chain.parts);
    Block &body = stream.getBody().emplaceBlock();
    b.setInsertionPointToStart(&body);
    for (auto [image, source] : rings) {
      Value view =
          kernel::RingOp::create(b, image.getLoc(), image.getType(), source, /*part=*/Value());
      image.replaceAllUsesWith(view);
      image.getDefiningOp()->erase();
    }
    for (kernel::WindowOpInterface op : chain.ops)
      op->moveBefore(&body, body.end());
  }
};

} // namespace
