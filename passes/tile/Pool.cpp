#include "passes/tile/Pool.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Blocks.h"

using namespace mlir;

namespace edgec::tile {

WindowNest windowNest(kernel::WindowOpInterface op, const Machine &machine) {
  auto out = cast<MemRefType>(
      cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front().getType());
  WindowNest nest;
  nest.dims = windowDims(op);
  nest.batch = out.getDimSize(0);
  nest.channels = out.getShape().back();
  nest.registers = machine.registers;
  nest.vector = machine.lanes(computeType(out.getElementType()));
  return nest;
}

namespace {

/// Sees through the ring that `buffer` may be.
RingRows ringOf(Value &buffer) {
  auto view = buffer.getDefiningOp<kernel::RingOp>();
  if (!view)
    return {};
  buffer = view.getSource();
  return {view.getRows(), view.getPart()};
}

struct PoolKernel : WindowKernel {
  PoolKernel(kernel::PoolOp op, const WindowNest &nest)
      : op(op), loc(op.getLoc()), nest(nest), source(op.getX()), destination(op.getInit()),
        in(ringOf(source)), out(ringOf(destination)) {
    element = computeType(cast<MemRefType>(op.getInit().getType()).getElementType());
    narrow = cast<MemRefType>(op.getX().getType()).getElementType();
    if (isa<FloatType>(narrow))
      narrow = element;
  }

  Value start(OpBuilder &b, const Tile &tile, Lanes lanes) const override {
    TypedAttr scalar = b.getZeroAttr(element);
    if (op.getKind() == kernel::PoolKind::max) {
      if (auto floatType = dyn_cast<FloatType>(element))
        scalar = FloatAttr::get(floatType,
                                APFloat::getInf(floatType.getFloatSemantics(), /*Negative=*/true));
      else if (!op.getIsUnsigned())
        scalar =
            IntegerAttr::get(element, APInt::getSignedMinValue(element.getIntOrFloatBitWidth()));
    }
    return createSplat(b, loc, laneType(element, lanes.width), scalar);
  }

  SmallVector<Value> step(OpBuilder &b, const Tile &tile, const Place &place,
                          ValueRange values) const override {
    IndexMath index{b, loc};
    SmallVector<Value> results;
    for (int64_t row = 0; row < tile.rows; ++row)
      for (Lanes lanes : tile.lanes) {
        Value channel = index.add(tile.channel, lanes.offset);
        SmallVector<Value> at = nest.inputIndex(index, tile, place, row, channel);
        in.wrap(index, at);
        Value x = loadLanes(b, loc, source, at, lanes.width, narrow);
        if (narrow != element) // an i32 sum
          x = op.getIsUnsigned()
                  ? arith::ExtUIOp::create(b, loc, laneType(element, lanes.width), x).getResult()
                  : arith::ExtSIOp::create(b, loc, laneType(element, lanes.width), x).getResult();
        results.push_back(combine(b, values[results.size()], x));
      }
    return results;
  }

  void store(OpBuilder &b, Value value, ValueRange place, int64_t) const override {
    SmallVector<Value> at(place);
    out.wrap({b, loc}, at);
    storeLanes(b, loc, value, destination, at);
  }

  Value finish(OpBuilder &b, ArrayRef<Reach> reaches, Value value) const override {
    if (op.getKind() != kernel::PoolKind::average)
      return value;
    IndexMath index{b, loc};
    Value count = index.constant(1);
    for (auto [dim, reach] : llvm::zip_equal(nest.dims, reaches))
      count = index.mul(count, visited(index, dim, reach));
    // Through i32, which every processor converts from.
    Value divisor = b.createOrFold<arith::IndexCastOp>(loc, b.getI32Type(), count);
    bool isFloat = isa<FloatType>(element);
    if (isFloat)
      divisor = b.createOrFold<arith::UIToFPOp>(loc, element, divisor);
    else
      divisor = b.createOrFold<arith::IndexCastOp>(loc, element, count);
    if (isa<VectorType>(value.getType()))
      divisor = b.createOrFold<vector::BroadcastOp>(loc, value.getType(), divisor);
    if (isFloat)
      return arith::DivFOp::create(b, loc, value, divisor);
    if (op.getIsUnsigned())
      return arith::DivUIOp::create(b, loc, value, divisor);
    return arith::DivSIOp::create(b, loc, value, divisor);
  }

private:
  Value combine(OpBuilder &b, Value result, Value x) const {
    bool isFloat = isa<FloatType>(element);
    if (op.getKind() != kernel::PoolKind::max)
      return isFloat ? arith::AddFOp::create(b, loc, result, x).getResult()
                     : arith::AddIOp::create(b, loc, result, x).getResult();
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, result, x, arith::FastMathFlags::nsz);
    if (op.getIsUnsigned())
      return arith::MaxUIOp::create(b, loc, result, x);
    return arith::MaxSIOp::create(b, loc, result, x);
  }

  /// How many kernel positions of a dimension an average counts. A window with none has the sum
  /// zero, and with a one here that average.
  Value visited(const IndexMath &index, const WindowDim &dim, const Reach &reach) const {
    if (reach.whole || !op.getCountIncludePad())
      return index.max(index.sub(reach.high, reach.low), 1);
    int64_t end = dim.in + dim.padAfter;
    if ((dim.out - 1) * dim.stride - dim.padBefore + (dim.kernel - 1) * dim.dilation < end)
      return index.constant(dim.kernel);
    return index.min(
        index.divUp(index.max(index.sub(index.constant(end), reach.input), 1), dim.dilation),
        dim.kernel);
  }

  mutable kernel::PoolOp op;
  Location loc;
  const WindowNest &nest;
  Value source, destination; ///< where a ring has been seen through
  RingRows in, out;
  Type element, narrow; ///< what is computed with, and what integers are read as
};

} // namespace

Pool::Pool(kernel::PoolOp op, const Machine &machine) : op(op), nest(windowNest(op, machine)) {
  nest.channelwise = true;
  if (!isContiguous(op.getX()) || !isContiguous(op.getInit()))
    nest.vector = 1;
}

void Pool::emit(OpBuilder &b) { nest.emit(b, op.getLoc(), PoolKernel(op, nest)); }

void Pool::emitRows(OpBuilder &b, Value first, Value end) {
  nest.rows.low = first;
  nest.rows.high = end;
  emit(b);
}

} // namespace edgec::tile
