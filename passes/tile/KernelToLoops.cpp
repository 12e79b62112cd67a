// kernel.conv and kernel.pool on buffers, as loops around a tile in registers.
#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Contraction.h"
#include "passes/tile/Depthwise.h"
#include "passes/tile/DepthwiseDots.h"
#include "passes/tile/PanelContraction.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Pool.h"
#include "passes/tile/RowGroup.h"
#include "passes/tile/Stream.h"
#include "passes/tile/Winograd.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace edgec::tile {
#define GEN_PASS_DEF_KERNELTOLOOPS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

namespace {

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
                                              nest.inputIndex(index, tile, place, row, channel), 1,
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
        Value x = loadLanes(b, loc, op.getX(), nest.inputIndex(index, tile, place, row, channel),
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
      if (isa<kernel::ConvOp, kernel::MatMulOp, kernel::PoolOp, kernel::WinogradOp,
              kernel::StreamOp, kernel::RowsOp>(op) &&
          !isa<kernel::StreamOp, kernel::RowsOp>(op->getParentOp()))
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
      if (auto stream = dyn_cast<kernel::StreamOp>(op)) {
        emitStream(b, stream, machine);
        continue;
      }
      if (auto group = dyn_cast<kernel::RowsOp>(op)) {
        if (failed(emitRowGroup(b, group, machine)))
          return signalPassFailure();
        continue;
      }
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
        else if (DepthwiseDots::takes(conv))
          DepthwiseDots(b, conv, machine).emit(b);
        else if (conv.isDepthwise())
          Depthwise(b, conv, machine).emit(b);
        else if (PanelContraction::takes(conv.getPacking()))
          PanelContraction(b, conv, machine).emit(b);
        else
          Contraction(b, conv, machine).emit(b);
      } else if (auto winograd = dyn_cast<kernel::WinogradOp>(op)) {
        emitWinograd(b, winograd, machine);
      } else if (auto matmul = dyn_cast<kernel::MatMulOp>(op)) {
        if (PanelContraction::takes(matmul.getPacking()))
          PanelContraction(b, matmul, machine).emit(b);
        else
          Contraction(b, matmul, machine).emit(b);
      } else {
        Pool(cast<kernel::PoolOp>(op), machine).emit(b);
      }
      op->erase();
    }
  }

  void lowerTransposed(OpBuilder &b, kernel::ConvOp op) {
    WindowNest nest = windowNest(op, machine);
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

  Machine machine;
};

} // namespace
