#include "passes/tile/Panel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Nest.h"
#include "passes/tile/Window.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// Vectors that are copied one after the other without a loop.
static constexpr int64_t kUnrolledCopies = 4;
/// Elements of what is worth a mask: wider accesses often reach over the end of a cache's line.
static constexpr int64_t kMasked = 16;

void Panel::allocate(OpBuilder &b, Operation *op, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&op->getParentOfType<func::FuncOp>().getBody().front());
  count += machine.masks ? machine.lanes(element) : 0;
  memory = memref::AllocaOp::create(b, loc, MemRefType::get({count}, element),
                                    b.getI64IntegerAttr(machine.compact ? 8 : kLineBytes));
}

void Panel::copy(OpBuilder &b, Value from, Value to, int64_t count) const {
  FlatBuffer panel;
  panel.memory = memory;
  panel.element = element;
  panel.shape = {1};
  panel.strides = {1};
  int64_t width = copiedLanes(), whole = count / width, stride = x.strides.back();
  auto move = [&](OpBuilder &b, Value offset, LaneAccess access) {
    IndexMath index{b, loc};
    Value value =
        loadVector(b, loc, x, index.add(from, index.mul(offset, stride)), access, element);
    storeVector(b, loc, value, panel, index.add(to, offset), {access.lanes, access.lanes, false});
  };
  IndexMath index{b, loc};
  int64_t looped = whole > kUnrolledCopies ? whole : 0;
  createLoop(b, loc, index.constant(0), index.constant(looped * width), width, {},
             [&](OpBuilder &b, Value offset, ValueRange) {
               move(b, offset, {width, width, machine.masks});
               return SmallVector<Value>();
             });
  for (int64_t at = looped * width; at < count;) {
    int64_t rest = std::min(width, count - at), lanes = llvm::bit_floor<uint64_t>(rest);
    LaneAccess piece{lanes, lanes, machine.masks};
    // What is written over the end lies in what comes next, and is written before it.
    if (machine.masks && rest != lanes && rest < kMasked)
      piece = {kMasked, rest, true};
    move(b, index.constant(at), piece);
    at += piece.valid;
  }
}

void Panel::fill(OpBuilder &b, Value to, int64_t count) const {
  TypedAttr attr =
      b.getIntegerAttr(element, llvm::SignExtend64(outside, element.getIntOrFloatBitWidth()));
  Value scalar = arith::ConstantOp::create(b, loc, attr);
  int64_t width = copiedLanes(), whole = count / width;
  auto put = [&](OpBuilder &b, Value offset, int64_t width) {
    Value at = IndexMath{b, loc}.add(to, offset);
    if (width == 1)
      memref::StoreOp::create(b, loc, scalar, memory, at);
    else
      vector::StoreOp::create(b, loc, createSplat(b, loc, laneType(element, width), attr), memory,
                              at);
  };
  IndexMath index{b, loc};
  createLoop(b, loc, index.constant(0), index.constant(whole * width), width, {},
             [&](OpBuilder &b, Value offset, ValueRange) {
               put(b, offset, width);
               return SmallVector<Value>();
             });
  for (int64_t at = whole * width; at < count;) {
    int64_t piece = llvm::bit_floor<uint64_t>(count - at);
    put(b, index.constant(at), piece);
    at += piece;
  }
}

//===- Rows of an image
//-----------------------------------------------------------------------------===//

std::optional<ImageRows> ImageRows::plan(ArrayRef<WindowDim> dims, int64_t channels,
                                         int64_t elementBytes, int64_t bytes) {
  if (dims.size() > 2 || llvm::any_of(dims, [](const WindowDim &dim) {
        return dim.padBefore < 0 || dim.padAfter < 0;
      }))
    return std::nullopt;
  ImageRows plan;
  plan.twoDims = dims.size() == 2;
  plan.last = dims.back();
  plan.outer = plan.twoDims ? dims.front() : WindowDim{1, 1, 1, 1, 1, 0, 0, /*transposed=*/false};
  plan.channels = channels;
  plan.columns = (plan.last.out - 1) * plan.last.stride + plan.last.span();
  plan.rowElements = plan.columns * channels;
  int64_t fit = bytes / (plan.rowElements * elementBytes) - plan.outer.span();
  if (fit < 0)
    return std::nullopt;
  plan.outputRows = std::min(fit / plan.outer.stride + 1, plan.outer.out);
  plan.rows = (plan.outputRows - 1) * plan.outer.stride + plan.outer.span();
  return plan;
}

void ImageRows::layOut(OpBuilder &b, const Panel &panel, Value origin, Value first,
                       Value count) const {
  Location loc = panel.loc;
  IndexMath index{b, loc};
  int64_t before = std::min(last.padBefore, columns);
  int64_t inside = std::min(columns - before, last.in);
  auto copyRow = [&](OpBuilder &b, Value from, Value to) {
    IndexMath index{b, loc};
    panel.fill(b, to, before * channels);
    int64_t position = panel.x.strides[twoDims ? 2 : 1];
    Value start = index.add(to, before * channels);
    if (panel.x.strides.back() == 1 && position == channels)
      panel.copy(b, from, start, inside * channels);
    else // some channels of a wider image
      createLoop(b, loc, index.constant(0), index.constant(inside), 1, {},
                 [&](OpBuilder &b, Value column, ValueRange) {
                   IndexMath index{b, loc};
                   panel.copy(b, index.add(from, index.mul(column, position)),
                              index.add(start, index.mul(column, channels)), channels);
                   return SmallVector<Value>();
                 });
    panel.fill(b, index.add(to, (before + inside) * channels),
               (columns - before - inside) * channels);
  };
  if (!twoDims)
    return copyRow(b, origin, index.constant(0));
  Value top = index.add(index.mul(first, outer.stride), -outer.padBefore);
  Value rowCount = index.add(index.mul(count, outer.stride), outer.span() - outer.stride);
  createLoop(b, loc, index.constant(0), rowCount, 1, {}, [&](OpBuilder &b, Value row, ValueRange) {
    IndexMath index{b, loc};
    Value at = index.add(top, row), to = index.mul(row, rowElements);
    auto read = [&](OpBuilder &b) {
      IndexMath index{b, loc};
      Value there = index.mul(panel.x.row(index, at), panel.x.strides[1]);
      copyRow(b, index.add(origin, there), to);
    };
    if (outer.padBefore == 0 && outer.padAfter == 0)
      read(b);
    else
      emitEither(b, loc, isInside(b, loc, at, at, outer.in), read,
                 [&](OpBuilder &b) { panel.fill(b, to, rowElements); });
    return SmallVector<Value>();
  });
}

Value isInside(OpBuilder &b, Location loc, Value low, Value high, int64_t extent) {
  IndexMath index{b, loc};
  Value above = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, low, index.constant(0));
  Value below =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, high, index.constant(extent));
  return arith::AndIOp::create(b, loc, above, below);
}

void emitEither(OpBuilder &b, Location loc, Value condition, function_ref<void(OpBuilder &)> then,
                function_ref<void(OpBuilder &)> otherwise) {
  auto emit = [](function_ref<void(OpBuilder &)> body) {
    return [body](OpBuilder &b, Location loc) {
      body(b);
      scf::YieldOp::create(b, loc);
    };
  };
  scf::IfOp::create(b, loc, condition, emit(then), emit(otherwise));
}

} // namespace edgec::tile
