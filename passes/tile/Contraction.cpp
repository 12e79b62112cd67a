#include "passes/tile/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// Sums of all tiles at the border of a row, beyond which they are too much code, and beyond which
/// their loops are not unrolled.
static constexpr int64_t kStillSums = 96, kUnrolledStillSums = 16;

//===- What is computed
//--------------------------------------------------------------------------===//

Contraction::Contraction(OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getX())),
      weights(b, loc, op.getFilter()), dims(windowDims(op)), groups(op.getGroups()),
      channels(op.getGroupChannels()), features(op.getGroupFeatures()), byRows(byRows) {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  batch = x.shape.front();
  compute = sumType(op);
  choose(op.getPacking());
}

Contraction::Contraction(OpBuilder &b, kernel::MatMulOp op, const Machine &machine)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getA())),
      weights(b, loc, op.getB()), groups(1), channels(x.shape.back()),
      features(epilogue.init.shape.back()) {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  batch = x.shape.front();
  dims.push_back({x.shape[1], x.shape[1], 1, 1, 1, 0, 0, /*transposed=*/false});
  compute = sumType(op);
  if (!op.getPacking() && weights.shape.front() > 1)
    weightsPerBatch = weights.strides.front();
  grouped = kernel::groupedLayout(op);
  choose(op.getPacking());
}

void Contraction::restrictTo(OpBuilder &b, Value matrix, Value first, int64_t count) {
  IndexMath index{b, loc};
  x.moveTo(index, matrix, first);
  epilogue.init.moveTo(index, matrix, first);
  for (FlatBuffer &extra : epilogue.extras)
    extra.moveTo(index, matrix, first);
  if (!packed)
    weights.origin = index.mul(matrix, weightsPerBatch);
  batch = 1;
  dims.back().in = dims.back().out = count;
  parts = 1;
}

/// The tile: that of the packed weights, or one chosen here.
void Contraction::choose(std::optional<kernel::PackingAttr> packing) {
  packed = packing.has_value();
  simplify();
  lanes = packed ? packing->getLanes()
                 : std::min<int64_t>(machine.lanes(compute), llvm::bit_ceil<uint64_t>(features));
  vectors =
      packed ? packing->getVectors() : chooseVectors(machine, {dims.back().out, features, lanes});
  // One feature after the other, each with its weights in a row.
  bool rows =
      packed ? packing->getBlock() == 1 : features == 1 && weights.strides[weights.rank() - 2] == 1;
  int64_t depth = joinsTaps() ? dims.back().kernel * channels : channels;
  if (rows && x.strides.back() == 1 && prefersDot(machine, compute, features, depth)) {
    dotLanes = machine.lanes(compute);
    lanes = vectors = 1;
  }
  planParts();
}

/// Neighbouring positions of the kernel meet neighbouring rows of channels: one sum over both.
bool Contraction::joinsTaps() const {
  return dims.back().dilation * x.strides[x.rank() - 2] == channels * x.strides.back();
}

int64_t Contraction::kernelPositions() const {
  int64_t positions = 1;
  for (const WindowDim &dim : dims)
    positions *= dim.kernel;
  return positions;
}

/// Whether each output position along the dimension meets the input at the same one, and only it.
static bool isPointwise(const WindowDim &dim) {
  return dim.kernel == 1 && dim.stride == 1 && dim.padBefore == 0 && dim.in == dim.out;
}

/// A last dimension that the kernel covers in one step is nothing but more channels. Pointwise
/// dimensions become one, which is tiled without regard to where rows end.
void Contraction::simplify() {
  while (dims.size() > (byRows ? 2 : 1)) {
    const WindowDim &dim = dims.back();
    int64_t last = static_cast<int64_t>(dims.size());
    bool covered = dim.out == 1 && dim.padBefore == 0 && dim.in == dim.kernel &&
                   (dim.dilation == 1 || dim.kernel == 1);
    bool single = dim.in == 1;
    if (!covered || !epilogue.collapsible(last - 1) ||
        !(single ? x.collapsible(last - 1) : groups == 1 && x.collapsible(last)))
      break;
    x.collapse(single ? last - 1 : last);
    epilogue.collapse(last - 1);
    channels *= dim.kernel;
    dims.pop_back();
  }
  for (int64_t d = static_cast<int64_t>(dims.size()) - 2; d >= (byRows ? 1 : 0); --d) {
    if (!isPointwise(dims[d]) || !isPointwise(dims[d + 1]) || !x.collapsible(d + 1) ||
        !epilogue.collapsible(d + 1))
      continue;
    x.collapse(d + 1);
    epilogue.collapse(d + 1);
    dims[d + 1].in = dims[d + 1].out = dims[d].in * dims[d + 1].in;
    dims.erase(dims.begin() + d);
  }
}

/// How the work is cut up. Where the input is larger than half of the cache, all blocks of features
/// go over a part of it that fits, if that saves more reading of the input than it costs in reading
/// the weights again. Threads get parts of the positions, or, where these are too few, of the
/// features.
void Contraction::planParts() {
  if (byRows)
    return;
  int64_t elementBytes = edge::elementBytes(x.element), block = vectors * lanes;
  int64_t inputBytes = elementBytes * channels * groups;
  for (const WindowDim &dim : dims)
    inputBytes *= dim.in;
  int64_t weightBytes = elementBytes * channels * features * groups * kernelPositions();
  int64_t blocks = llvm::divideCeilSigned(features, block);
  streams = dims.back().out == 1 && dims.size() == 1 && machine.l2Bytes > 0 &&
            weightBytes > machine.l2Bytes / 2;
  // The smallest piece: a row of positions, or a tile of them.
  int64_t pieces = dims.size() > 1
                       ? dims.front().out
                       : dims.front().out / chooseRows(machine, dims.front().out, vectors);
  if (machine.l2Bytes && inputBytes > machine.l2Bytes / 2 && blocks > 1) {
    int64_t count = std::min(llvm::divideCeilSigned(inputBytes, machine.l2Bytes / 2), pieces);
    int64_t again = weightBytes > machine.l2Bytes / 2 ? count : 1;
    if (again * weightBytes + inputBytes < blocks * inputBytes)
      parts = count;
  }
  if (machine.threads < 2)
    return;
  int64_t shared = llvm::alignTo(parts, machine.threads);
  if (pieces >= shared) {
    parts = shared;
  } else if (features / block >= machine.threads) {
    parts = machine.threads;
    partsOfFeatures = true;
  }
}

//===- Loops around the tile
//---------------------------------------------------------------------===//

/// The outermost loop goes over the parts of the work.
void Contraction::emit(OpBuilder &b) {
  emitParts(b, loc, parts, partsOfFeatures ? blockShare : positionShare,
            [&](OpBuilder &b) { emitAll(b); });
}

void Contraction::emitRows(OpBuilder &b, Value first, Value end) {
  positionShare.low = first;
  positionShare.high = end;
  emitAll(b);
}

void Contraction::emitAll(OpBuilder &b) {
  emitGroups(b, loc, batch, groups, [&](OpBuilder &b, Value n, Value g) { emitGroup(b, n, g); });
}

/// All positions of a part for one block of features after the other.
void Contraction::emitGroup(OpBuilder &b, Value batch, Value group) {
  emitBlocks(b, batch, group, [&](OpBuilder &b, const WeightBlock &block) {
    Tile tile{{}, batch, group, block, {}};
    emitOuter(b, tile, [&](OpBuilder &b, const Tile &tile) { emitRow(b, tile); });
  });
}

void Contraction::emitBlocks(OpBuilder &b, Value batch, Value group, BlockBody body) {
  int64_t depth = kernelPositions() * channels;
  auto emitBlock = [&](OpBuilder &b, const FeatureBlock &block) {
    IndexMath index{b, loc};
    Value base = weights.start(index);
    if (grouped) {
      base = index.add(base, index.mul(block.first, grouped->packedBytes(channels, 1)));
      return body(b, {block, base, block.vectors * lanes});
    }
    if (packed) {
      base = index.add(base, index.mul(group, depth * llvm::alignTo(features, lanes)));
      base = index.add(base, index.mul(block.first, depth)); // whole blocks lie before
      return body(b, {block, base, block.vectors * lanes});
    }
    base = index.add(base, index.mul(batch, weightsPerBatch));
    Value feature = index.add(index.mul(group, features), block.first);
    base = index.add(base, index.mul(feature, weights.strides.back()));
    body(b, {block, base, weights.strides[weights.rank() - 2]});
  };
  tile::emitBlocks(b, loc, blockShare, features, {{}, vectors, 0, lanes, machine.masks}, emitBlock);
}

/// The loops over the output positions of all dimensions but the last.
void Contraction::emitOuter(OpBuilder &b, Tile tile,
                            function_ref<void(OpBuilder &, const Tile &)> body) {
  size_t d = tile.outer.size();
  if (d + 1 == dims.size())
    return body(b, tile);
  IndexMath index{b, loc};
  auto [first, end] = (d == 0 ? positionShare : Share()).of(index, dims[d].out);
  createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value position, ValueRange) {
    Tile inner = tile;
    inner.outer.push_back(dims[d].reach({b, loc}, position, isPointwise(dims[d])));
    emitOuter(b, inner, body);
    return SmallVector<Value>();
  });
}

/// The tiled dimension.
void Contraction::emitRow(OpBuilder &b, Tile tile) {
  const WindowDim &dim = dims.back();
  TiledRow row{dim, chooseRows(machine, dim.out, tile.block.vectors), false,
               dims.size() == 1 ? positionShare : Share()};
  auto [from, to] = row.looped();
  int64_t stillSums = countLiveSets(0, from, row.rows) + countLiveSets(to, dim.out, row.rows);
  tile.unroll = stillSums <= kUnrolledStillSums;
  auto [first, end] = dim.interior();
  bool padded = first > 0 || end < dim.out;
  row.singleBorders = padded && (machine.compact || dotLanes || stillSums > kStillSums);
  row.emit(b, loc, [&](OpBuilder &b, const RowTile &place) {
    static_cast<RowTile &>(tile) = place;
    emitTile(b, tile);
  });
}

//===- The tile
//----------------------------------------------------------------------------------===//

void Contraction::emitTile(OpBuilder &b, const Tile &tile) {
  IndexMath index{b, loc};
  Value feature = index.add(index.mul(tile.group, features), tile.block.first);
  SmallVector<Value> sums;
  if (dotLanes) // lanes are products, which a bias joins once they are one
    sums.append(tile.rows,
                createSplat(b, loc, laneType(compute, dotLanes), b.getZeroAttr(compute)));
  else
    sums = startSums(b, loc, bias, compute, feature, tile.block, tile.rows);

  int64_t channelStride = x.strides.back();
  Value input = index.add(index.mul(tile.batch, x.strides.front()), x.start(index));
  input = index.add(input, index.mul(tile.group, channels * channelStride));
  sums = emitTaps(b, tile, 0, input, index.constant(0), sums);
  if (dotLanes)
    for (Value &sum : sums) {
      sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, sum,
                                        arith::FastMathFlags::reassoc);
      if (bias.valid()) {
        Value start = startSums(b, loc, bias, compute, feature, tile.block, 1).front();
        sum = isa<FloatType>(compute) ? arith::AddFOp::create(b, loc, sum, start).getResult()
                                      : arith::AddIOp::create(b, loc, sum, start).getResult();
      }
    }

  OutputPlace place;
  place.position.push_back(tile.batch);
  for (const Reach &reach : tile.outer)
    place.position.push_back(reach.position);
  place.position.push_back(tile.first);
  place.channel = feature;
  storeTile(b, loc, epilogue, sums, place, tile.block);
}

/// The kernel positions along the outer dimensions. `input` is where in x, `tap` which of the
/// kernel's positions.
SmallVector<Value> Contraction::emitTaps(OpBuilder &b, const Tile &tile, size_t dim, Value input,
                                         Value tap, ValueRange sums) {
  if (dim + 1 == dims.size())
    return emitLastDim(b, tile, input, tap, sums);
  const Reach &reach = tile.outer[dim];
  return createLoop(
      b, loc, reach.low, reach.high, 1, sums, [&](OpBuilder &b, Value k, ValueRange sums) {
        IndexMath index{b, loc};
        Value at = index.add(reach.input, index.mul(k, reach.inputStep));
        if (dim == 0)
          at = x.row(index, at);
        return emitTaps(b, tile, dim + 1, index.add(input, index.mul(at, x.strides[dim + 1])),
                        index.add(index.mul(tap, dims[dim].kernel), k), sums);
      });
}

/// The rows [low, high) of a tile at `first` that meet the input at position k of the kernel.
std::pair<int64_t, int64_t> Contraction::liveRows(int64_t first, int64_t rows, int64_t k) const {
  const WindowDim &dim = dims.back();
  int64_t low = rows, high = 0;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = (first + row) * dim.stride - dim.padBefore + k * dim.dilation;
    if (at >= 0 && at < dim.in) {
      low = std::min(low, row);
      high = row + 1;
    }
  }
  return {low, high};
}

/// How many sums the tiles from one position to another come to, where each adds the products of
/// the same rows.
int64_t Contraction::countLiveSets(int64_t from, int64_t to, int64_t rows) const {
  int64_t count = 0;
  bool joined = joinsTaps();
  for (int64_t first = from; first < to; first += rows) {
    std::pair<int64_t, int64_t> last;
    for (int64_t k = 0; k < dims.back().kernel; ++k) {
      auto live = liveRows(first, std::min(rows, to - first), k);
      count += k == 0 || !joined || live != last;
      last = live;
    }
  }
  return count;
}

SmallVector<Value> Contraction::emitLastDim(OpBuilder &b, const Tile &tile, Value input, Value tap,
                                            ValueRange sums) {
  IndexMath index{b, loc};
  const WindowDim &dim = dims.back();
  int64_t stride = x.strides[x.rank() - 2], step = tile.block.step;
  tap = index.mul(tap, dim.kernel);
  auto weightsAt = [&](const IndexMath &index, Value tap) {
    return index.add(tile.block.weights, index.mul(tap, channels * step));
  };
  bool joined = joinsTaps();
  if (dotLanes)
    return emitDot(b, tile, input, tap, sums);
  if (grouped)
    return emitGrouped(b, tile, input, sums);
  if (tile.border) {
    const Reach &reach = *tile.border;
    return createLoop(b, loc, reach.low, reach.high, 1, sums,
                      [&](OpBuilder &b, Value k, ValueRange sums) {
                        IndexMath index{b, loc};
                        Value at = index.add(reach.input, index.mul(k, reach.inputStep));
                        return emitSum(b, tile, channels, index.add(input, index.mul(at, stride)),
                                       weightsAt(index, index.add(tap, k)), 0, 1, sums);
                      });
  }
  if (!tile.known) {
    Value start = index.add(index.mul(tile.first, dim.stride), -dim.padBefore);
    input = index.add(input, index.mul(start, stride));
    if (joined || dim.kernel == 1)
      return emitSum(b, tile, dim.kernel * channels, input, weightsAt(index, tap), 0, tile.rows,
                     sums);
    return createLoop(b, loc, index.constant(0), index.constant(dim.kernel), 1, sums,
                      [&](OpBuilder &b, Value k, ValueRange sums) {
                        IndexMath index{b, loc};
                        Value at = index.add(input, index.mul(k, dim.dilation * stride));
                        return emitSum(b, tile, channels, at, weightsAt(index, index.add(tap, k)),
                                       0, tile.rows, sums);
                      });
  }
  auto live = [&](int64_t k) { return liveRows(*tile.known, tile.rows, k); };
  SmallVector<Value> result(sums);
  for (int64_t k = 0; k < dim.kernel;) {
    auto rows = live(k);
    int64_t count = 1;
    while (joined && k + count < dim.kernel && live(k + count) == rows)
      ++count;
    if (rows.first < rows.second) {
      int64_t start = *tile.known * dim.stride - dim.padBefore + k * dim.dilation;
      result = emitSum(b, tile, count * channels, index.add(input, start * stride),
                       weightsAt(index, index.add(tap, k)), rows.first, rows.second, result);
    }
    k += count;
  }
  return result;
}

/// Adds `depth` products to the sums of rows [low, high): neighbouring elements of the input times
/// neighbouring rows of weights.
SmallVector<Value> Contraction::emitSum(OpBuilder &b, const Tile &tile, int64_t depth, Value input,
                                        Value weight, int64_t low, int64_t high, ValueRange sums) {
  const WeightBlock &block = tile.block;
  int64_t rowStride = dims.back().stride * x.strides[x.rank() - 2];
  int64_t channelStride = x.strides.back(), vectorStride = lanes * weights.strides.back();
  // `given` are vectors of the rows' next elements, if they have been loaded so.
  auto step = [&](OpBuilder &b, Value i, int64_t offset, MutableArrayRef<Value> live,
                  ArrayRef<Value> given = {}) {
    IndexMath index{b, loc};
    SmallVector<Value> loaded;
    Value weightAt = index.add(weight, index.mul(i, block.step));
    if (streams && packed)
      prefetch(b, loc, weights, index.add(weightAt, offset * block.step), block.step);
    for (int64_t v = 0; v < block.vectors; ++v) {
      LaneAccess lanesOf = block.access(v);
      if (packed)
        lanesOf.valid = lanes;
      loaded.push_back(loadVector(b, loc, weights,
                                  index.add(weightAt, offset * block.step + v * vectorStride),
                                  lanesOf, compute));
    }
    Value inputAt = index.add(input, index.mul(i, channelStride));
    for (int64_t row = low; row < high; ++row) {
      Value element;
      if (given.empty())
        element = loadSplat(b, loc, x, index.add(inputAt, row * rowStride + offset * channelStride),
                            lanes, compute);
      else
        element = vector::BroadcastOp::create(
            b, loc, laneType(compute, lanes),
            vector::ExtractOp::create(b, loc, given[row - low], ArrayRef<int64_t>{offset}));
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value &sum = live[(row - low) * block.vectors + v];
        sum = multiplyAdd(b, loc, element, loaded[v], sum);
      }
    }
  };
  int64_t unroll = machine.compact || (tile.known && !tile.unroll) ? 1 : 4;
  if (unroll > 1 && depth <= 12 && !machine.byElement)
    unroll = depth;
  // One load brings the elements of several steps where the processor multiplies with a lane.
  bool byElement = machine.byElement && lanes > 1 && channelStride == 1 && unroll == lanes;
  auto loadRows = [&](OpBuilder &b, Value i) {
    IndexMath index{b, loc};
    SmallVector<Value> rows;
    for (int64_t row = low; row < high; ++row)
      rows.push_back(loadVector(b, loc, x, index.add(index.add(input, i), row * rowStride),
                                {unroll, unroll, false}, compute));
    return rows;
  };
  SmallVector<Value> all(sums),
      live(all.begin() + low * block.vectors, all.begin() + high * block.vectors);
  IndexMath index{b, loc};
  int64_t end = depth / unroll * unroll;
  live = createLoop(b, loc, index.constant(0), index.constant(end), unroll, live,
                    [&](OpBuilder &b, Value i, ValueRange values) {
                      SmallVector<Value> live(values), given;
                      if (byElement)
                        given = loadRows(b, i);
                      for (int64_t u = 0; u < unroll; ++u)
                        step(b, i, u, live, given);
                      return live;
                    });
  for (int64_t i = end; i < depth; ++i)
    step(b, index.constant(i), 0, live);
  llvm::copy(live, all.begin() + low * block.vectors);
  return all;
}

} // namespace edgec::tile
