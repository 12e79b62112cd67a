#include "passes/tile/Depthwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// Kernel positions in a row, beyond which its weights are not held in registers, nor its border
/// written out.
static constexpr int64_t kHeldTaps = 9;

Depthwise::Depthwise(OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getX())),
      weights(b, loc, op.getFilter()), dims(windowDims(op)), channels(op.getGroups()) {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  batch = x.shape.front();
  compute = sumType(op);
  lanes = std::min<int64_t>(machine.lanes(compute), llvm::bit_ceil<uint64_t>(channels));
  int64_t elementBytes = edge::elementBytes(x.element), inputBytes = elementBytes * channels;
  for (const WindowDim &dim : dims)
    inputBytes *= dim.in;
  // Nothing is shared between blocks of channels, so where the input doesn't stay in the cache, the
  // order is the memory's: what has been read of it serves all its channels. So it does sooner
  // where the rows that a kernel meets stay in the first level.
  int64_t rowBytes = inputBytes / dims.front().in * dims.front().kernel;
  bool leavesCache = machine.l2Bytes > 0 &&
                     inputBytes > (rowBytes <= kL1Bytes ? machine.l2Bytes / 2 : machine.l2Bytes);
  blocksInside = machine.l2Bytes == 0 || leavesCache;
  const WindowDim &last = dims.back();
  tileShape = chooseDepthwise(machine, last.out, channels, lanes, last.kernel, last.stride,
                              leavesCache ? kLineBytes / (lanes * elementBytes) : 1);
}

/// As Contraction::emit.
void Depthwise::emit(OpBuilder &b) {
  int64_t parts = machine.threads;
  bool rows = dims.size() > 1 && dims.front().out >= parts;
  if (!rows && channels / (tileShape.vectors * lanes) < parts)
    parts = 1;
  emitParts(b, loc, parts, rows ? rowShare : blockShare, [&](OpBuilder &b) { emitAll(b); });
}

void Depthwise::emitRows(OpBuilder &b, Value first, Value end) {
  rowShare.low = first;
  rowShare.high = end;
  emitAll(b);
}

void Depthwise::emitAll(OpBuilder &b) {
  emitGroups(b, loc, batch, /*groups=*/1, [&](OpBuilder &b, Value n, Value) {
    Tile tile{{}, n, {}, {}};
    auto row = [&](OpBuilder &b, const Tile &tile) { emitRow(b, tile); };
    if (blocksInside)
      emitOuter(b, tile, row);
    else
      emitBlocks(b, tile, [&](OpBuilder &b, const Tile &tile) { emitOuter(b, tile, row); });
  });
}

void Depthwise::emitBlocks(OpBuilder &b, Tile tile,
                           function_ref<void(OpBuilder &, const Tile &)> body) {
  tile::emitBlocks(b, loc, blockShare, channels, {{}, tileShape.vectors, 0, lanes, machine.masks},
                   [&](OpBuilder &b, const FeatureBlock &block) {
                     tile.block = block;
                     body(b, tile);
                   });
}

void Depthwise::emitOuter(OpBuilder &b, Tile tile,
                          function_ref<void(OpBuilder &, const Tile &)> body) {
  size_t d = tile.outer.size();
  if (d + 1 == dims.size())
    return body(b, tile);
  IndexMath index{b, loc};
  auto [first, end] = d == 0 ? rowShare.of(index, dims[d].out) : Share().of(index, dims[d].out);
  createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value position, ValueRange) {
    Tile inner = tile;
    inner.outer.push_back(dims[d].reach({b, loc}, position, /*whole=*/false));
    emitOuter(b, inner, body);
    return SmallVector<Value>();
  });
}

void Depthwise::emitRow(OpBuilder &b, Tile tile) {
  const WindowDim &dim = dims.back();
  auto [first, end] = dim.interior();
  bool padded = first > 0 || end < dim.out;
  TiledRow row{dim, tileShape.rows, padded && (machine.compact || dim.kernel > kHeldTaps), {}};
  row.emit(b, loc, [&](OpBuilder &b, const RowTile &place) {
    static_cast<RowTile &>(tile) = place;
    emitTiles(b, tile);
  });
}

/// One tile after the other along the channels, or only that of the block that is being computed.
void Depthwise::emitTiles(OpBuilder &b, const Tile &tile) {
  if (!blocksInside)
    return emitTile(b, tile);
  emitBlocks(b, tile, [&](OpBuilder &b, const Tile &tile) { emitTile(b, tile); });
}

void Depthwise::emitTile(OpBuilder &b, const Tile &tile) {
  IndexMath index{b, loc};
  SmallVector<Value> sums =
      startSums(b, loc, bias, compute, tile.block.first, tile.block, tile.rows);

  Value input = index.add(index.mul(tile.batch, x.strides.front()), x.offset);
  input = index.add(input, index.mul(tile.block.first, x.strides.back()));
  Value weight = index.add(index.mul(tile.block.first, weights.strides.back()), weights.offset);
  sums = emitTaps(b, tile, 0, input, weight, sums);

  OutputPlace place;
  place.position.push_back(tile.batch);
  for (const Reach &reach : tile.outer)
    place.position.push_back(reach.position);
  place.position.push_back(tile.first);
  place.channel = tile.block.first;
  storeTile(b, loc, epilogue, sums, place, tile.block);
}

SmallVector<Value> Depthwise::emitTaps(OpBuilder &b, const Tile &tile, size_t dim, Value input,
                                       Value weight, ValueRange sums) {
  if (dim + 1 == dims.size())
    return emitColumns(b, tile, input, weight, sums);
  const Reach &reach = tile.outer[dim];
  return createLoop(
      b, loc, reach.low, reach.high, 1, sums, [&](OpBuilder &b, Value k, ValueRange sums) {
        IndexMath index{b, loc};
        Value at = index.add(reach.input, index.mul(k, reach.inputStep));
        if (dim == 0)
          at = x.row(index, at);
        return emitTaps(b, tile, dim + 1, index.add(input, index.mul(at, x.strides[dim + 1])),
                        index.add(weight, index.mul(k, weights.strides[dim])), sums);
      });
}

/// One row of the kernel: its weights are loaded once, the columns of the input one after the
/// other.
SmallVector<Value> Depthwise::emitColumns(OpBuilder &b, const Tile &tile, Value input, Value weight,
                                          ValueRange sums) {
  const WindowDim &dim = dims.back();
  int64_t stride = x.strides[x.rank() - 2], weightStride = weights.strides[dims.size() - 1];
  int64_t vectorStride = lanes * x.strides.back(), weightVector = lanes * weights.strides.back();
  auto single = [&](OpBuilder &b, Value at, Value weightAt, int64_t row, int64_t v,
                    MutableArrayRef<Value> sums) {
    IndexMath index{b, loc};
    Value w = loadVector(b, loc, weights, index.add(weightAt, v * weightVector),
                         tile.block.access(v), compute);
    Value element =
        loadVector(b, loc, x, index.add(at, v * vectorStride), tile.block.access(v), compute);
    Value &sum = sums[row * tile.block.vectors + v];
    sum = multiplyAdd(b, loc, element, w, sum);
  };
  if (tile.border) {
    const Reach &reach = *tile.border;
    return createLoop(b, loc, reach.low, reach.high, 1, sums,
                      [&](OpBuilder &b, Value k, ValueRange values) {
                        IndexMath index{b, loc};
                        SmallVector<Value> sums(values);
                        Value at = index.add(reach.input, index.mul(k, reach.inputStep));
                        at = index.add(input, index.mul(at, stride));
                        Value weightAt = index.add(weight, index.mul(k, weightStride));
                        for (int64_t v = 0; v < tile.block.vectors; ++v)
                          single(b, at, weightAt, 0, v, sums);
                        return sums;
                      });
  }
  IndexMath index{b, loc};
  if (!tile.known) {
    Value start = index.add(index.mul(tile.first, dim.stride), -dim.padBefore);
    input = index.add(input, index.mul(start, stride));
  }
  if (!tile.known && dim.kernel > kHeldTaps)
    return createLoop(b, loc, index.constant(0), index.constant(dim.kernel), 1, sums,
                      [&](OpBuilder &b, Value k, ValueRange values) {
                        IndexMath index{b, loc};
                        SmallVector<Value> sums(values);
                        Value at = index.add(input, index.mul(k, dim.dilation * stride));
                        Value weightAt = index.add(weight, index.mul(k, weightStride));
                        for (int64_t row = 0; row < tile.rows; ++row)
                          for (int64_t v = 0; v < tile.block.vectors; ++v)
                            single(b, index.add(at, row * dim.stride * stride), weightAt, row, v,
                                   sums);
                        return sums;
                      });
  // Columns count from the tile's first one; where its place is known, those outside are dead.
  int64_t origin = tile.known ? *tile.known * dim.stride - dim.padBefore : 0;
  auto inside = [&](int64_t column) {
    return !tile.known || (origin + column >= 0 && origin + column < dim.in);
  };
  int64_t columns = (tile.rows - 1) * dim.stride + (dim.kernel - 1) * dim.dilation + 1;
  SmallVector<Value> result(sums);
  for (int64_t v = 0; v < tile.block.vectors; ++v) {
    SmallVector<Value> held(dim.kernel);
    for (int64_t column = 0; column < columns; ++column) {
      if (!inside(column))
        continue;
      Value element;
      for (int64_t k = 0; k < dim.kernel; ++k) {
        int64_t from = column - k * dim.dilation;
        if (from < 0 || from % dim.stride || from / dim.stride >= tile.rows)
          continue;
        if (!element) {
          int64_t at = (origin + column) * stride + v * vectorStride;
          element = loadVector(b, loc, x, index.add(input, at), tile.block.access(v), compute);
        }
        if (!held[k])
          held[k] =
              loadVector(b, loc, weights, index.add(weight, k * weightStride + v * weightVector),
                         tile.block.access(v), compute);
        Value &sum = result[from / dim.stride * tile.block.vectors + v];
        sum = multiplyAdd(b, loc, element, held[k], sum);
      }
    }
  }
  return result;
}

} // namespace edgec::tile
