#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/FlatBuffer.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace edgec::tile {

//===- Index arithmetic
//--------------------------------------------------------------------------===//

Value IndexMath::constant(int64_t value) const {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value IndexMath::add(Value x, Value y) const { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value IndexMath::add(Value x, int64_t y) const { return y ? add(x, constant(y)) : x; }
Value IndexMath::sub(Value x, Value y) const { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value IndexMath::mul(Value x, Value y) const { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value IndexMath::mul(Value x, int64_t y) const { return y == 1 ? x : mul(x, constant(y)); }
Value IndexMath::max(Value x, int64_t y) const {
  return b.createOrFold<arith::MaxSIOp>(loc, x, constant(y));
}
Value IndexMath::min(Value x, int64_t y) const {
  return b.createOrFold<arith::MinSIOp>(loc, x, constant(y));
}
Value IndexMath::div(Value x, int64_t y) const {
  return y == 1 ? x : b.createOrFold<arith::DivUIOp>(loc, x, constant(y));
}
Value IndexMath::divUp(Value x, int64_t y) const { return div(add(x, y - 1), y); }
Value IndexMath::rem(Value x, int64_t y) const {
  return y == 1 ? constant(0) : b.createOrFold<arith::RemUIOp>(loc, x, constant(y));
}
Value IndexMath::divExact(Value x, int64_t y) const {
  return y == 1 ? x : b.createOrFold<arith::DivSIOp>(loc, x, constant(y));
}

SmallVector<Value> createLoop(OpBuilder &b, Location loc, Value low, Value high, int64_t step,
                              ValueRange values, LoopBody body) {
  auto first = getConstantIntValue(low), end = getConstantIntValue(high);
  if (first && end) {
    if (*first >= *end)
      return values;
    if (*end - *first <= step)
      return body(b, low, values);
  }
  Value by = arith::ConstantIndexOp::create(b, loc, step);
  auto loop = scf::ForOp::create(b, loc, low, high, by, values,
                                 [&](OpBuilder &nested, Location loc, Value iv, ValueRange args) {
                                   scf::YieldOp::create(nested, loc, body(nested, iv, args));
                                 });
  return SmallVector<Value>(loop.getResults());
}

std::pair<Value, Value> Share::of(const IndexMath &index, int64_t count) const {
  if (low)
    return {low, high};
  if (!part)
    return {index.constant(0), index.constant(count)};
  auto bound = [&](Value part) { return index.div(index.mul(part, count), parts); };
  return {bound(part), bound(index.add(part, 1))};
}

/// `body`, if this is part number `wanted`.
static void inPart(OpBuilder &b, Location loc, const Share &share, int64_t wanted,
                   Share::Body body) {
  if (!share.part)
    return body(b);
  Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, share.part,
                                     IndexMath{b, loc}.constant(wanted));
  scf::IfOp::create(b, loc, here, [&](OpBuilder &b, Location loc) {
    body(b);
    scf::YieldOp::create(b, loc);
  });
}
void Share::first(OpBuilder &b, Location loc, Body body) const { inPart(b, loc, *this, 0, body); }
void Share::last(OpBuilder &b, Location loc, Body body) const {
  inPart(b, loc, *this, parts - 1, body);
}

void RingRows::wrap(const IndexMath &index, MutableArrayRef<Value> at) const {
  if (!count)
    return;
  if (part)
    at[0] = part;
  at[1] = index.rem(at[1], count);
}

//===- Geometry
//----------------------------------------------------------------------------------===//

/// x / y rounded down, for y > 0 and x of any sign.
static int64_t floorDiv(int64_t x, int64_t y) { return llvm::divideFloorSigned(x, y); }
static int64_t ceilDiv(int64_t x, int64_t y) { return llvm::divideCeilSigned(x, y); }

std::pair<int64_t, int64_t> WindowDim::interior() const {
  int64_t first, end;
  if (!transposed) {
    // 0 <= t * stride - pad, and t * stride - pad + (kernel - 1) * dilation < in
    first = ceilDiv(padBefore, stride);
    end = floorDiv(in - 1 + padBefore - (kernel - 1) * dilation, stride) + 1;
  } else if (stride == 1 || dilation == 1) {
    // The first input position that a phase meets is t + floor((phase + pad) / stride); from there
    // it goes down.
    int64_t met = ceilDiv(kernel, stride);
    first = (met - 1) * dilation - floorDiv(padBefore, stride);
    end = std::min(in - floorDiv(padBefore + stride - 1, stride), out / stride);
  } else {
    return {0, 0};
  }
  first = std::max<int64_t>(first, 0);
  end = std::min(end, transposed ? out / stride : out);
  return end > first ? std::pair(first, end) : std::pair<int64_t, int64_t>(0, 0);
}

/// The x in [0, modulus) with x * value = 1 (mod modulus); the two have no common divisor.
static int64_t inverse(int64_t value, int64_t modulus) {
  for (int64_t x = 0; x < modulus; ++x)
    if (x * value % modulus == 1 % modulus)
      return x;
  llvm_unreachable("there is an inverse where there is no common divisor");
}

Reach WindowDim::reach(const IndexMath &index, Value position, bool whole) const {
  Value zero = index.constant(0);
  if (!transposed) {
    Value input = index.add(index.mul(position, stride), -padBefore);
    Reach reach{zero, index.constant(kernel), zero, input, 1, dilation, position, whole};
    if (!whole && padBefore > 0)
      reach.low = index.divUp(index.max(index.sub(zero, input), 0), dilation);
    if (!whole && (out - 1) * stride - padBefore + (kernel - 1) * dilation >= in)
      reach.high = index.min(
          index.divUp(index.max(index.sub(index.constant(in), input), 0), dilation), kernel);
    return reach;
  }
  // input = (position + pad - k * dilation) / stride has to be whole: k = first, first + step,
  // first + 2 * step ...
  int64_t common = std::gcd(stride, dilation), step = stride / common, down = dilation / common;
  Value sum = index.add(position, padBefore), positive = sum;
  if (padBefore < 0)
    positive = index.add(sum, ceilDiv(-padBefore, stride) * stride);
  Value first = index.rem(index.mul(index.div(positive, common), inverse(down % step, step)), step);
  Value input = index.divExact(index.sub(sum, index.mul(first, dilation)), stride);
  Reach reach{zero,     index.divUp(index.sub(index.constant(kernel), first), step),
              first,    input,
              step,     -down,
              position, whole};
  if (!whole) {
    reach.low = index.divUp(index.max(index.add(input, 1 - in), 0), down);
    Value inside = index.divUp(index.max(index.add(input, 1), 0), down);
    reach.high = index.b.createOrFold<arith::MinSIOp>(index.loc, reach.high, inside);
    if (common > 1) {
      Value meets = arith::CmpIOp::create(index.b, index.loc, arith::CmpIPredicate::eq,
                                          index.rem(positive, common), zero);
      reach.high = arith::SelectOp::create(index.b, index.loc, meets, reach.high, zero);
    }
  }
  return reach;
}

//===- Rows
//---------------------------------------------------------------------------------------===//

std::pair<int64_t, int64_t> TiledRow::looped() const {
  auto [first, end] = dim.interior();
  if (singleBorders)
    return {first, first + (end - first) / rows * rows};
  int64_t lead = llvm::divideCeilSigned(first, rows) * rows, inside = end / rows * rows;
  return lead < inside ? std::pair(lead, inside) : std::pair<int64_t, int64_t>(0, 0);
}

void TiledRow::emit(OpBuilder &b, Location loc, Body body) const {
  auto still = [&](OpBuilder &b, int64_t from, int64_t to) {
    for (int64_t position = from; position < to; position += rows)
      body(b, {IndexMath{b, loc}.constant(position), position, std::nullopt,
               std::min(rows, to - position)});
  };
  auto single = [&](OpBuilder &b, int64_t from, int64_t to) {
    IndexMath index{b, loc};
    createLoop(b, loc, index.constant(from), index.constant(to), 1, {},
               [&](OpBuilder &b, Value position, ValueRange) {
                 body(b,
                      {position, std::nullopt, dim.reach({b, loc}, position, /*whole=*/false), 1});
                 return SmallVector<Value>();
               });
  };
  auto [first, end] = dim.interior();
  auto [from, to] = looped();
  if (from > 0)
    share.first(b, loc, [&, from = from](OpBuilder &b) {
      singleBorders ? single(b, 0, from) : still(b, 0, from);
    });
  IndexMath index{b, loc};
  auto [low, high] = share.of(index, (to - from) / rows);
  createLoop(b, loc, index.add(index.mul(low, rows), from), index.add(index.mul(high, rows), from),
             rows, {}, [&](OpBuilder &b, Value position, ValueRange) {
               body(b, {position, std::nullopt, std::nullopt, rows});
               return SmallVector<Value>();
             });
  if (to < dim.out)
    share.last(b, loc, [&, to = to, end = end](OpBuilder &b) {
      if (!singleBorders)
        return still(b, to, dim.out);
      still(b, to, end);
      single(b, end, dim.out);
    });
}

//===- Tiles
//-------------------------------------------------------------------------------------===//

/// Cycles that a step takes at least: two multiply-adds and two loads a cycle, four for the latency
/// of the sum.
double WindowNest::cost(int64_t rows, int64_t lanes) const {
  int64_t loads = channelwise ? rows * lanes + lanes : rows + lanes;
  return std::max({rows * lanes / 2.0, loads / 2.0, 4.0}) + 0.02 * rows * lanes;
}

/// Rows of the interior's tile, where the channels take `lanes` registers a row.
int64_t WindowNest::chooseRows(int64_t lanes) const {
  auto [first, end] = dims.back().interior();
  int64_t extent = std::max<int64_t>(end - first, 1), best = 1;
  double bestCost = 0;
  for (int64_t rows = 1; rows <= std::min<int64_t>(extent, 16); ++rows) {
    if (rows > 1 && rows * lanes + lanes + 1 > registers)
      break;
    double total = extent / rows * cost(rows, lanes);
    if (extent % rows)
      total += cost(extent % rows, lanes);
    if (rows == 1 || total < bestCost) {
      best = rows;
      bestCost = total;
    }
  }
  return best;
}

/// Splits what is left after whole vectors into powers of two.
static SmallVector<Lanes> splitLanes(int64_t channels, int64_t vector) {
  SmallVector<Lanes> lanes;
  for (int64_t offset = 0; offset < channels;) {
    int64_t width = std::min<int64_t>(vector, llvm::bit_floor<uint64_t>(channels - offset));
    lanes.push_back({offset, width});
    offset += width;
  }
  return lanes;
}

int64_t WindowNest::chooseLanes() const {
  auto [first, end] = dims.back().interior();
  int64_t extent = std::max<int64_t>(end - first, 1), best = 1;
  double bestCost = 0;
  for (int64_t lanes = 1; lanes <= 4 && lanes <= llvm::divideCeilSigned(channels, vector);
       ++lanes) {
    if (lanes > 1 && 2 * lanes + 1 > registers)
      break;
    auto blockCost = [&](int64_t count) {
      int64_t rows = chooseRows(count);
      return extent / rows * cost(rows, count) + (extent % rows ? cost(extent % rows, count) : 0);
    };
    double total = channels / (lanes * vector) * blockCost(lanes);
    if (int64_t rest = channels % (lanes * vector))
      total += blockCost(splitLanes(rest, vector).size());
    if (lanes == 1 || total < bestCost) {
      best = lanes;
      bestCost = total;
    }
  }
  return best;
}

//===- Loops
//-------------------------------------------------------------------------------------===//

void WindowNest::emit(OpBuilder &b, Location loc, const WindowKernel &kernel) const {
  IndexMath index{b, loc};
  auto none = SmallVector<Value>();
  createLoop(b, loc, index.constant(0), index.constant(batch), 1, {},
             [&](OpBuilder &b, Value n, ValueRange) {
               IndexMath index{b, loc};
               createLoop(b, loc, index.constant(0), index.constant(groups), 1, {},
                          [&](OpBuilder &b, Value g, ValueRange) {
                            Tile tile{n, g, Value(), {}, 1};
                            if (channelwise)
                              emitRows(b, loc, {}, [&](OpBuilder &b, ArrayRef<Reach> outer) {
                                emitBlocks(b, loc, tile, [&](OpBuilder &b, const Tile &block) {
                                  emitRow(b, loc, kernel, block, outer);
                                });
                              });
                            else
                              emitBlocks(b, loc, tile, [&](OpBuilder &b, const Tile &block) {
                                emitRows(b, loc, {}, [&](OpBuilder &b, ArrayRef<Reach> outer) {
                                  emitRow(b, loc, kernel, block, outer);
                                });
                              });
                            return none;
                          });
               return none;
             });
}

SmallVector<Value> WindowNest::inputIndex(const IndexMath &index, const Tile &tile,
                                          const Place &place, int64_t row, Value channel) const {
  SmallVector<Value> at{tile.batch};
  llvm::append_range(at, place.input);
  at.back() = index.add(at.back(), row * dims.back().inputAdvance());
  at.push_back(channel);
  return at;
}

/// The blocks of channels: whole ones in a loop, then what is left.
void WindowNest::emitBlocks(OpBuilder &b, Location loc, Tile tile, TileBody body) const {
  IndexMath index{b, loc};
  int64_t lanes = chooseLanes(), block = lanes * vector, end = channels / block * block;
  tile.lanes = splitLanes(block, vector);
  createLoop(b, loc, index.constant(0), index.constant(end), block, {},
             [&](OpBuilder &b, Value channel, ValueRange) {
               tile.channel = channel;
               body(b, tile);
               return SmallVector<Value>();
             });
  if (end == channels)
    return;
  tile.lanes = splitLanes(channels - end, vector);
  tile.channel = index.constant(end);
  body(b, tile);
}

/// The loops over the output positions of all spatial dimensions but the last.
void WindowNest::emitRows(OpBuilder &b, Location loc, ArrayRef<Reach> outer, RowBody body) const {
  const WindowDim &dim = dims[outer.size()];
  if (outer.size() + 1 == dims.size())
    return body(b, outer);
  IndexMath index{b, loc};
  auto [first, end] = (outer.empty() ? rows : Share()).of(index, dim.out);
  createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value position, ValueRange) {
    SmallVector<Reach> reaches(outer);
    reaches.push_back(dim.reach({b, loc}, position, /*whole=*/false));
    emitRows(b, loc, reaches, body);
    return SmallVector<Value>();
  });
}

/// The last spatial dimension: single positions at the borders, tiles of them between.
void WindowNest::emitRow(OpBuilder &b, Location loc, const WindowKernel &kernel, Tile tile,
                         ArrayRef<Reach> outer) const {
  const WindowDim &dim = dims.back();
  IndexMath index{b, loc};
  createLoop(b, loc, index.constant(0), index.constant(dim.phases()), 1, {},
             [&](OpBuilder &b, Value phase, ValueRange) {
               auto segment = [&](Value from, Value to, int64_t rows, bool whole) {
                 tile.rows = rows;
                 createLoop(b, loc, from, to, rows, {}, [&](OpBuilder &b, Value t, ValueRange) {
                   IndexMath index{b, loc};
                   SmallVector<Reach> reaches(outer);
                   reaches.push_back(
                       dim.reach(index, index.add(index.mul(t, dim.phases()), phase), whole));
                   emitTile(b, loc, kernel, tile, reaches);
                   return SmallVector<Value>();
                 });
               };
               IndexMath index{b, loc};
               auto [first, end] = dim.interior();
               int64_t rows = chooseRows(tile.lanes.size());
               int64_t tiled = first + (end - first) / rows * rows;
               segment(index.constant(0), index.constant(first), 1, false);
               segment(index.constant(first), index.constant(tiled), rows, true);
               if (tiled < end)
                 segment(index.constant(tiled), index.constant(end), end - tiled, true);
               segment(index.constant(end),
                       index.divUp(index.sub(index.constant(dim.out), phase), dim.phases()), 1,
                       false);
               return SmallVector<Value>();
             });
}

void WindowNest::emitTile(OpBuilder &b, Location loc, const WindowKernel &kernel, const Tile &tile,
                          ArrayRef<Reach> reaches) const {
  SmallVector<Value> starts, values;
  for (Lanes lanes : tile.lanes)
    starts.push_back(kernel.start(b, tile, lanes));
  for (int64_t row = 0; row < tile.rows; ++row)
    llvm::append_range(values, starts);

  auto walk = [&](auto &&self, OpBuilder &b, const Place &place,
                  ValueRange values) -> SmallVector<Value> {
    size_t d = place.input.size();
    if (d == reaches.size())
      return kernel.step(b, tile, place, values);
    const Reach &reach = reaches[d];
    return createLoop(
        b, loc, reach.low, reach.high, 1, values, [&](OpBuilder &b, Value j, ValueRange values) {
          IndexMath index{b, loc};
          Place inner = place;
          inner.input.push_back(index.add(reach.input, index.mul(j, reach.inputStep)));
          inner.kernel.push_back(index.add(reach.kernel, index.mul(j, reach.kernelStep)));
          return self(self, b, inner, values);
        });
  };
  values = walk(walk, b, Place(), values);

  IndexMath index{b, loc};
  Value channel = index.add(index.mul(tile.group, channels), tile.channel);
  for (int64_t row = 0; row < tile.rows; ++row)
    for (auto [i, lanes] : llvm::enumerate(tile.lanes)) {
      SmallVector<Value> at{tile.batch};
      for (const Reach &reach : reaches)
        at.push_back(reach.position);
      at.back() = index.add(at.back(), row * dims.back().phases());
      at.push_back(index.add(channel, lanes.offset));
      kernel.store(b, kernel.finish(b, reaches, values[row * tile.lanes.size() + i]), at,
                   lanes.width);
    }
}

//===- Elements
//----------------------------------------------------------------------------------===//

Type laneType(Type element, int64_t width) {
  return width == 1 ? element : VectorType::get(width, element);
}

Value createSplat(OpBuilder &b, Location loc, Type type, TypedAttr scalar) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, scalar));
  return arith::ConstantOp::create(b, loc, scalar);
}

Value loadLanes(OpBuilder &b, Location loc, Value buffer, ValueRange indices, int64_t width,
                Type element) {
  Type stored = cast<MemRefType>(buffer.getType()).getElementType();
  Value value =
      width == 1 ? memref::LoadOp::create(b, loc, buffer, indices).getResult()
                 : vector::LoadOp::create(b, loc, VectorType::get(width, stored), buffer, indices)
                       .getResult();
  return convertElements(b, loc, value, element);
}

void storeLanes(OpBuilder &b, Location loc, Value value, Value buffer, ValueRange indices) {
  value = convertElements(b, loc, value, cast<MemRefType>(buffer.getType()).getElementType());
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(b, loc, value, buffer, indices);
  else
    memref::StoreOp::create(b, loc, value, buffer, indices);
}

bool isContiguous(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         (strides.empty() || strides.back() == 1);
}

} // namespace edgec::tile
