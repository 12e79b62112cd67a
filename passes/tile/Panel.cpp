#include "passes/tile/Panel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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
                                    b.getI64IntegerAttr(kLineBytes));
}

void Panel::copy(OpBuilder &b, Value from, Value to, int64_t count) const {
  FlatBuffer panel;
  panel.memory = memory;
  panel.element = element;
  panel.shape = {1};
  panel.strides = {1};
  int64_t width = machine.lanes(element), whole = count / width, stride = x.strides.back();
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
  int64_t width = machine.lanes(element), whole = count / width;
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

} // namespace edgec::tile
