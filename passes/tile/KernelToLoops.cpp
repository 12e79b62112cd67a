// kernel.conv and kernel.pool on buffers, as loops around a tile in registers.
#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Contraction.h"
#include "passes/tile/Depthwise.h"
#include "passes/tile/Passes.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_KERNELTOLOOPS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

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

/// A transposed convolution: each input element meets a row of the filter, or, where a group has
/// one channel and one feature, each input vector a vector of it.
struct TransposedKernel : WindowKernel {
  TransposedKernel(OpBuilder &b, kernel::ConvOp op, const WindowNest &nest)
      : op(op), loc(op.getLoc()), nest(nest), epilogue(b, op) {
    element = computeType(epilogue.init.element);
    if (!op.getEpilogue().empty())
      element = computeType(op.getEpilogue().getArgument(0).getType());
    groupChannels = op.getGroupChannels();
  }

  Value start(OpBuilder &b, const Tile &tile, Lanes lanes) const override {
    if (!op.getBias())
      return createSplat(b, loc, laneType(element, lanes.width), b.getZeroAttr(element));
    return loadLanes(b, loc, op.getBias(), feature({b, loc}, tile, lanes), lanes.width, element);
  }

  SmallVector<Value> step(OpBuilder &b, const Tile &tile, const Place &place,
                          ValueRange values) const override {
    if (nest.channelwise)
      return stepChannelwise(b, tile, place, values);
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

  void store(OpBuilder &b, Value value, ValueRange at, int64_t width) const override {
    OutputPlace place;
    llvm::append_range(place.position, at.drop_back());
    place.channel = at.back();
    epilogue.store(b, loc, value, place, {width, width, false});
  }

private:
  SmallVector<Value> stepChannelwise(OpBuilder &b, const Tile &tile, const Place &place,
                                     ValueRange values) const {
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
  Epilogue epilogue;
  Type element;
  int64_t groupChannels;
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

  void store(OpBuilder &b, Value value, ValueRange at, int64_t) const override {
    storeLanes(b, loc, value, op.getInit(), at);
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

/// Multiply-accumulates below which a kernel is quicker alone than shared.
constexpr int64_t kWorthSharing = 1 << 20;

//===- The pass
//----------------------------------------------------------------------------------===//

struct KernelToLoops : tile::impl::KernelToLoopsBase<KernelToLoops> {
  using KernelToLoopsBase::KernelToLoopsBase;

  void runOnOperation() override {
    machine = Machine::of(getOperation());
    if (vectorBits >= 0)
      machine.vectorBits = vectorBits;
    if (registers >= 0)
      machine.registers = registers;
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<kernel::ConvOp, kernel::MatMulOp, kernel::PoolOp>(op))
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
      Machine machine = this->machine;
      if (auto contraction = dyn_cast<kernel::ContractionOpInterface>(op)) {
        int64_t macs = contraction.countMacs();
        if (macs < kWorthSharing || op->getParentOp() != getOperation())
          machine.threads = 1;
        else // loops over parts hide it from whoever counts
          getOperation()->setAttr("edge.work", b.getI64IntegerAttr(macs));
      }
      if (auto conv = dyn_cast<kernel::ConvOp>(op)) {
        if (conv.getTransposed())
          lowerTransposed(b, conv);
        else if (conv.isDepthwise())
          Depthwise(b, conv, machine).emit(b);
        else
          Contraction(b, conv, machine).emit(b);
      } else if (auto matmul = dyn_cast<kernel::MatMulOp>(op)) {
        Contraction(b, matmul, machine).emit(b);
      } else {
        lowerPool(b, cast<kernel::PoolOp>(op));
      }
      op->erase();
    }
  }

  void lowerTransposed(OpBuilder &b, kernel::ConvOp op) {
    WindowNest nest = createNest(op.getX(), op.getInit(), op.getKernelShape(), op.getStrides(),
                                 op.getDilations(), op.getPads(), /*transposed=*/true);
    nest.channelwise = op.isDepthwise();
    bool contiguous = isContiguous(op.getFilter()) && isContiguous(op.getInit()) &&
                      (!op.getBias() || isContiguous(op.getBias())) &&
                      (!nest.channelwise || isContiguous(op.getX()));
    if (!contiguous)
      nest.vector = 1;
    if (!nest.channelwise) {
      nest.groups = op.getGroups();
      nest.channels = op.getGroupFeatures();
    }
    nest.emit(b, op.getLoc(), TransposedKernel(b, op, nest));
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
    nest.registers = machine.registers;
    nest.vector = machine.lanes(computeType(out.getElementType()));
    return nest;
  }

  Machine machine;
};

} // namespace
