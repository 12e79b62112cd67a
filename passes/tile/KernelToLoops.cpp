// kernel.conv and kernel.pool on buffers, as loops around a tile in registers.
#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Window.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_KERNELTOLOOPS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

/// What an element is computed in: f32 for narrower floats.
Type computeType(Type element) {
  auto floatType = dyn_cast<FloatType>(element);
  return floatType && floatType.getWidth() < 32 ? Float32Type::get(element.getContext()) : element;
}

Value multiplyAdd(OpBuilder &b, Location loc, Value x, Value y, Value sum) {
  if (isa<FloatType>(getElementTypeOrSelf(x.getType()))) {
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, sum, product, contract);
  }
  return arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, x, y));
}

/// Index in `x` of row `row` of a tile at a place, and of one of its channels.
SmallVector<Value> inputIndex(const IndexMath &index, const WindowNest &nest, const Tile &tile,
                              const Place &place, int64_t row, Value channel) {
  SmallVector<Value> at{tile.batch};
  llvm::append_range(at, place.input);
  at.back() = index.add(at.back(), row * nest.dims.back().inputAdvance());
  at.push_back(channel);
  return at;
}

//===- Convolutions
//------------------------------------------------------------------------------===//

/// A convolution whose groups have several channels, or features: each input element meets a row of
/// the filter.
struct ConvKernel : WindowKernel {
  ConvKernel(kernel::ConvOp op, const WindowNest &nest) : op(op), loc(op.getLoc()), nest(nest) {
    element = computeType(cast<MemRefType>(op.getInit().getType()).getElementType());
    groupChannels = cast<MemRefType>(op.getX().getType()).getShape().back() /
                    static_cast<int64_t>(op.getGroups());
  }

  Value start(OpBuilder &b, const Tile &tile, Lanes lanes) const override {
    if (!op.getBias())
      return createSplat(b, loc, laneType(element, lanes.width), b.getZeroAttr(element));
    return loadLanes(b, loc, op.getBias(), feature({b, loc}, tile, lanes), lanes.width, element);
  }

  SmallVector<Value> step(OpBuilder &b, const Tile &tile, const Place &place,
                          ValueRange values) const override {
    IndexMath index{b, loc};
    return createLoop(b, loc, index.constant(0), index.constant(groupChannels), 1, values,
                      [&](OpBuilder &b, Value c, ValueRange values) {
                        IndexMath index{b, loc};
                        SmallVector<Value> weights, sums;
                        for (Lanes lanes : tile.lanes)
                          weights.push_back(weight(b, tile, place, lanes, c));
                        Value channel = index.add(index.mul(tile.group, groupChannels), c);
                        for (int64_t row = 0; row < tile.rows; ++row) {
                          Value x = loadLanes(b, loc, op.getX(),
                                              inputIndex(index, nest, tile, place, row, channel), 1,
                                              element);
                          for (auto [i, lanes] : llvm::enumerate(tile.lanes)) {
                            Value wide = x;
                            if (lanes.width > 1)
                              wide = vector::BroadcastOp::create(b, loc, weights[i].getType(), x);
                            sums.push_back(multiplyAdd(b, loc, wide, weights[i],
                                                       values[row * tile.lanes.size() + i]));
                          }
                        }
                        return sums;
                      });
  }

protected:
  Value feature(const IndexMath &index, const Tile &tile, Lanes lanes) const {
    return index.add(index.add(index.mul(tile.group, nest.channels), tile.channel), lanes.offset);
  }
  Value weight(OpBuilder &b, const Tile &tile, const Place &place, Lanes lanes, Value c) const {
    SmallVector<Value> at(place.kernel);
    at.push_back(c);
    at.push_back(feature({b, loc}, tile, lanes));
    return loadLanes(b, loc, op.getFilter(), at, lanes.width, element);
  }

  mutable kernel::ConvOp op;
  Location loc;
  const WindowNest &nest;
  Type element;
  int64_t groupChannels;
};

/// One channel and one feature a group: each input vector meets a vector of the filter.
struct DepthwiseKernel : ConvKernel {
  using ConvKernel::ConvKernel;

  SmallVector<Value> step(OpBuilder &b, const Tile &tile, const Place &place,
                          ValueRange values) const override {
    IndexMath index{b, loc};
    SmallVector<Value> weights, sums;
    for (Lanes lanes : tile.lanes)
      weights.push_back(weight(b, tile, place, lanes, index.constant(0)));
    for (int64_t row = 0; row < tile.rows; ++row)
      for (auto [i, lanes] : llvm::enumerate(tile.lanes)) {
        Value channel = index.add(tile.channel, lanes.offset);
        Value x = loadLanes(b, loc, op.getX(), inputIndex(index, nest, tile, place, row, channel),
                            lanes.width, element);
        sums.push_back(multiplyAdd(b, loc, x, weights[i], values[row * tile.lanes.size() + i]));
      }
    return sums;
  }
};

//===- Pools
//-------------------------------------------------------------------------------------===//

struct PoolKernel : WindowKernel {
  PoolKernel(kernel::PoolOp op, const WindowNest &nest) : op(op), loc(op.getLoc()), nest(nest) {
    element = computeType(cast<MemRefType>(op.getInit().getType()).getElementType());
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
        Value x = loadLanes(b, loc, op.getX(), inputIndex(index, nest, tile, place, row, channel),
                            lanes.width, element);
        results.push_back(combine(b, values[results.size()], x));
      }
    return results;
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
  Type element;
};

//===- The pass
//----------------------------------------------------------------------------------===//

struct KernelToLoops : tile::impl::KernelToLoopsBase<KernelToLoops> {
  using KernelToLoopsBase::KernelToLoopsBase;

  void runOnOperation() override {
    readTarget();
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<kernel::ConvOp, kernel::PoolOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (!llvm::all_of(op->getOperandTypes(), [](Type type) {
            auto buffer = dyn_cast<MemRefType>(type);
            return buffer && buffer.hasStaticShape();
          })) {
        op->emitOpError("has operands that aren't buffers of static shape");
        return signalPassFailure();
      }
      OpBuilder b(op);
      if (auto conv = dyn_cast<kernel::ConvOp>(op))
        lowerConv(b, conv);
      else
        lowerPool(b, cast<kernel::PoolOp>(op));
      op->erase();
    }
  }

  /// Fills in what the options leave to the target.
  void readTarget() {
    Operation *top = getOperation();
    while (top->getParentOp())
      top = top->getParentOp();
    auto target = top->getAttrOfType<edge::TargetAttr>("edge.target");
    bits = vectorBits >= 0 ? vectorBits : target ? target.getVectorBits() : 128;
    if (registers >= 0) {
      registerCount = registers;
      return;
    }
    llvm::Triple triple(target ? target.getTriple() : "");
    bool few = triple.isX86()                       ? bits < 512
               : triple.isARM() || triple.isThumb() ? bits > 0
                                                    : !target;
    registerCount = few ? 16 : 32;
  }

  void lowerConv(OpBuilder &b, kernel::ConvOp op) {
    auto x = cast<MemRefType>(op.getX().getType());
    auto filter = cast<MemRefType>(op.getFilter().getType());
    WindowNest nest =
        createNest(op.getX(), op.getInit(), filter.getShape().drop_back(2), op.getStrides(),
                   op.getDilations(), op.getPads(), op.getTransposed());
    int64_t groups = op.getGroups(), features = nest.channels;
    nest.channelwise = groups > 1 && features == groups && x.getShape().back() == groups;
    bool contiguous = isContiguous(op.getFilter()) && isContiguous(op.getInit()) &&
                      (!op.getBias() || isContiguous(op.getBias())) &&
                      (!nest.channelwise || isContiguous(op.getX()));
    if (!contiguous)
      nest.vector = 1;
    if (nest.channelwise)
      return nest.emit(b, op.getLoc(), DepthwiseKernel(op, nest));
    nest.groups = groups;
    nest.channels = features / groups;
    nest.emit(b, op.getLoc(), ConvKernel(op, nest));
  }

  void lowerPool(OpBuilder &b, kernel::PoolOp op) {
    WindowNest nest = createNest(op.getX(), op.getInit(), op.getKernel(), op.getStrides(),
                                 op.getDilations(), op.getPads(), /*transposed=*/false);
    nest.channelwise = true;
    if (!isContiguous(op.getX()) || !isContiguous(op.getInit()))
      nest.vector = 1;
    nest.emit(b, op.getLoc(), PoolKernel(op, nest));
  }

  WindowNest createNest(Value x, Value init, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                        ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads, bool transposed) {
    auto in = cast<MemRefType>(x.getType()), out = cast<MemRefType>(init.getType());
    int64_t spatial = in.getRank() - 2;
    WindowNest nest;
    for (int64_t i = 0; i < spatial; ++i)
      nest.dims.push_back({in.getDimSize(i + 1), out.getDimSize(i + 1), kernel[i], strides[i],
                           dilations[i], pads[i], pads[spatial + i], transposed});
    nest.out = init;
    nest.channels = out.getShape().back();
    nest.registers = registerCount;
    unsigned width = computeType(out.getElementType()).getIntOrFloatBitWidth();
    nest.vector = std::max<int64_t>(llvm::bit_floor(bits / width), 1);
    return nest;
  }

  unsigned bits = 128;
  int64_t registerCount = 16;
};

} // namespace
