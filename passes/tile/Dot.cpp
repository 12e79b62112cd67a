// The part of Contraction for few features: vectors run along what is summed up.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Contraction.h"

using namespace mlir;

namespace edgec::tile {

/// As emitLastDim: `depth` neighbouring elements of each row of the input meet as many neighbouring
/// weights. At the border, how many that are is found out at run time.
SmallVector<Value> Contraction::emitDot(OpBuilder &b, const Tile &tile, Value input, Value tap,
                                        ValueRange sums) {
  IndexMath index{b, loc};
  const WindowDim &dim = dims.back();
  int64_t stride = x.strides[x.rank() - 2];
  bool joined = joinsTaps();
  auto weightsAt = [&](const IndexMath &index, Value k) {
    return index.add(tile.block.weights, index.mul(index.add(tap, k), channels));
  };
  if (tile.border) {
    const Reach &reach = *tile.border;
    if (joined) {
      Value at = index.add(reach.input, reach.low);
      Value depth = index.mul(index.max(index.sub(reach.high, reach.low), 0), channels);
      return emitDotBorder(b, tile, depth, index.add(input, index.mul(at, stride)),
                           weightsAt(index, reach.low), sums);
    }
    return createLoop(
        b, loc, reach.low, reach.high, 1, sums, [&](OpBuilder &b, Value k, ValueRange sums) {
          IndexMath index{b, loc};
          Value at = index.add(reach.input, index.mul(k, reach.inputStep));
          return emitDotSum(b, tile, channels, index.add(input, index.mul(at, stride)),
                            weightsAt(index, k), sums);
        });
  }
  Value start = index.add(index.mul(tile.first, dim.stride), -dim.padBefore);
  input = index.add(input, index.mul(start, stride));
  if (joined || dim.kernel == 1)
    return emitDotSum(b, tile, dim.kernel * channels, input, weightsAt(index, index.constant(0)),
                      sums);
  return createLoop(b, loc, index.constant(0), index.constant(dim.kernel), 1, sums,
                    [&](OpBuilder &b, Value k, ValueRange sums) {
                      IndexMath index{b, loc};
                      Value at = index.add(input, index.mul(k, dim.dilation * stride));
                      return emitDotSum(b, tile, channels, at, weightsAt(index, k), sums);
                    });
}

SmallVector<Value> Contraction::emitDotSum(OpBuilder &b, const Tile &tile, int64_t depth,
                                           Value input, Value weight, ValueRange sums) {
  int64_t rowStride = dims.back().stride * x.strides[x.rank() - 2];
  auto step = [&](OpBuilder &b, Value i, int64_t valid, MutableArrayRef<Value> sums) {
    IndexMath index{b, loc};
    LaneAccess access{dotLanes, valid, machine.masks};
    FlatBuffer row = weights; // its weights are contiguous, whatever the buffer's last dimension is
    row.strides.back() = 1;
    Value w = loadVector(b, loc, row, index.add(weight, i), access, compute);
    Value at = index.add(input, i);
    for (auto [r, sum] : llvm::enumerate(sums)) {
      Value element = loadVector(b, loc, x, index.add(at, static_cast<int64_t>(r) * rowStride),
                                 access, compute);
      sum = multiplyAdd(b, loc, element, w, sum);
    }
  };
  IndexMath index{b, loc};
  int64_t end = depth / dotLanes * dotLanes;
  SmallVector<Value> result = createLoop(b, loc, index.constant(0), index.constant(end), dotLanes,
                                         sums, [&](OpBuilder &b, Value i, ValueRange values) {
                                           SmallVector<Value> sums(values);
                                           step(b, i, dotLanes, sums);
                                           return sums;
                                         });
  if (end < depth)
    step(b, index.constant(end), depth - end, result);
  return result;
}

/// The sum of a single position over a depth that isn't known: whole vectors, then scalars in the
/// first lane.
SmallVector<Value> Contraction::emitDotBorder(OpBuilder &b, const Tile &tile, Value depth,
                                              Value input, Value weight, ValueRange sums) {
  IndexMath index{b, loc};
  Value end = index.mul(index.div(depth, dotLanes), dotLanes);
  FlatBuffer row = weights;
  row.strides.back() = 1;
  SmallVector<Value> result = createLoop(
      b, loc, index.constant(0), end, dotLanes, sums, [&](OpBuilder &b, Value i, ValueRange sums) {
        IndexMath index{b, loc};
        LaneAccess whole{dotLanes, dotLanes, machine.masks};
        Value w = loadVector(b, loc, row, index.add(weight, i), whole, compute);
        Value element = loadVector(b, loc, x, index.add(input, i), whole, compute);
        return SmallVector<Value>{multiplyAdd(b, loc, element, w, sums.front())};
      });
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(compute));
  SmallVector<Value> rest =
      createLoop(b, loc, end, depth, 1, zero, [&](OpBuilder &b, Value i, ValueRange sums) {
        IndexMath index{b, loc};
        LaneAccess single{1, 1, false};
        Value w = loadVector(b, loc, row, index.add(weight, i), single, compute);
        Value element = loadVector(b, loc, x, index.add(input, i), single, compute);
        return SmallVector<Value>{multiplyAdd(b, loc, element, w, sums.front())};
      });
  Value first = vector::ExtractOp::create(b, loc, result.front(), ArrayRef<int64_t>{0});
  Value sum = isa<FloatType>(compute)
                  ? arith::AddFOp::create(b, loc, first, rest.front()).getResult()
                  : arith::AddIOp::create(b, loc, first, rest.front()).getResult();
  return {vector::InsertOp::create(b, loc, sum, result.front(), ArrayRef<int64_t>{0})};
}

} // namespace edgec::tile
