#include "passes/tile/DepthwiseDots.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// Taps of a sum that are written out one after the other.
static constexpr int64_t kUnrolledGroups = 5;

using kernel::ByteBlock;
using kernel::ByteDepthwise;

std::optional<ByteDepthwise> DepthwiseDots::plan(kernel::ConvOp op, const Machine &machine) {
  SmallVector<int64_t> window = op.getKernelShape();
  int64_t channels = cast<ShapedType>(op.getX().getType()).getShape().back();
  if (!op.isDepthwise() || op.getTransposed() || window.size() > 2 || window.back() < 2 ||
      llvm::any_of(op.getPads(), [](int64_t pad) { return pad < 0; }))
    return std::nullopt;
  constexpr int64_t sub = ByteDepthwise::kSub;
  int64_t lanes = machine.lanes(IntegerType::get(op.getContext(), 32));
  int64_t width = ByteDepthwise::kTaps * lanes;
  ByteDepthwise shape = ByteDepthwise::of(op, lanes);
  // Where most of a register is empty, lanes of 32 bits are as quick.
  if (shape.joint == 1 &&
      int64_t(llvm::bit_ceil<uint64_t>(llvm::alignTo(channels, sub))) * 2 < width)
    return std::nullopt;
  ArrayRef<int64_t> image = cast<ShapedType>(op.getX().getType()).getShape();
  int64_t rowBytes = (image[image.size() - 2] + op.getPads()[window.size() - 1] +
                      op.getPads().back() + window.back()) *
                     channels;
  int64_t span = window.size() == 2 ? (window.front() - 1) * op.getDilations().front() + 1 : 1;
  return lanes < ByteDepthwise::kTaps || rowBytes * span > kPanelBytes ? std::nullopt
                                                                       : std::optional(shape);
}

//===- Loops
//-------------------------------------------------------------------------------------===//

DepthwiseDots::DepthwiseDots(OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getX())),
      weights(b, loc, op.getFilter()), dims(windowDims(op)),
      unit(machine.dotUnit(*op.getPacking())),
      shape(ByteDepthwise::of(op, op.getPacking()->getLanes())), sumElement(sumType(op)),
      element(b.getIntegerType(unit.bits)), batch(x.shape.front()),
      panel{loc, machine, x, element, 0, {}} {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  panel.outside = static_cast<int64_t>(op.getZeroPoint() + op.getOffset().value_or(0));
  image = *ImageRows::plan(dims, shape.channels, edge::elementBytes(element), kPanelBytes);
  // Sums, weights, and columns that are being interleaved.
  positions = std::min<int64_t>(llvm::divideCeilSigned(dims.back().out, shape.joint),
                                machine.registers >= 32 ? 4 : 2);
  if (!byRows && image.twoDims && image.outer.out >= machine.threads)
    parts = machine.threads;
  // A tile may read four columns beyond the last one, which weights of zero meet.
  panel.allocate(b, op,
                 image.elements() +
                     ByteDepthwise::kTaps * (shape.channels * shape.joint + 4 * shape.lanes));
}

void DepthwiseDots::emit(OpBuilder &b) {
  emitParts(b, loc, parts, rowShare, [&](OpBuilder &b) { emitAll(b); });
}

void DepthwiseDots::emitRows(OpBuilder &b, Value first, Value end) {
  rowShare.low = first;
  rowShare.high = end;
  emitAll(b);
}

void DepthwiseDots::emitAll(OpBuilder &b) {
  emitGroups(b, loc, batch, /*groups=*/1, [&](OpBuilder &b, Value n, Value) {
    IndexMath index{b, loc};
    auto [low, high] = image.twoDims ? rowShare.of(index, image.outer.out)
                                     : std::pair(index.constant(0), index.constant(1));
    createLoop(b, loc, low, high, image.outputRows, {},
               [&, high = high](OpBuilder &b, Value first, ValueRange) {
                 IndexMath index{b, loc};
                 emitBand(b, n, first, index.min(index.sub(high, first), image.outputRows));
                 return SmallVector<Value>();
               });
  });
}

/// Lays out what `count` rows of results from `first` on read, and computes them.
void DepthwiseDots::emitBand(OpBuilder &b, Value batch, Value first, Value count) {
  IndexMath index{b, loc};
  Value origin = index.add(index.mul(batch, x.strides.front()), x.start(index));
  image.layOut(b, panel, origin, first, count);
  int64_t step = positions * shape.joint, columns = dims.back().out;
  int64_t whole = columns / step * step;
  createLoop(b, loc, index.constant(0), count, 1, {}, [&](OpBuilder &b, Value row, ValueRange) {
    IndexMath index{b, loc};
    Value base = index.mul(row, image.outer.stride * image.rowElements);
    for (const ByteBlock &block : shape.blocks()) {
      auto tileAt = [&](OpBuilder &b, Value column, int64_t count) {
        IndexMath index{b, loc};
        Value at = index.add(base, index.mul(column, dims.back().stride * shape.channels));
        emitTile(b,
                 {batch, index.add(first, row), column, index.add(at, block.first), block, count});
      };
      createLoop(b, loc, index.constant(0), index.constant(whole), step, {},
                 [&](OpBuilder &b, Value column, ValueRange) {
                   tileAt(b, column, step);
                   return SmallVector<Value>();
                 });
      if (whole < columns)
        tileAt(b, index.constant(whole), columns - whole);
    }
    return SmallVector<Value>();
  });
}

//===- The tile
//------------------------------------------------------------------------------------===//

/// Elements of two registers in turn, from the first half of each 128 bits or from the second.
static Value interleave(OpBuilder &b, Location loc, Value x, Value y, bool second) {
  auto type = cast<VectorType>(x.getType());
  int64_t count = type.getNumElements(), sub = 128 / type.getElementTypeBitWidth();
  SmallVector<int64_t> places;
  for (int64_t base = 0; base < count; base += sub)
    for (int64_t i = 0; i < sub / 2; ++i) {
      places.push_back(base + i + (second ? sub / 2 : 0));
      places.push_back(count + places.back());
    }
  return vector::ShuffleOp::create(b, loc, x, y, places);
}

/// Blocks of 128 bits of two registers: of each of `from`, counted through both.
static Value pickBlocks(OpBuilder &b, Location loc, Value x, Value y, ArrayRef<int64_t> from) {
  SmallVector<int64_t> places;
  for (int64_t block : from)
    for (int64_t i = 0; i < 4; ++i)
      places.push_back(4 * block + i);
  return vector::ShuffleOp::create(b, loc, x, y, places);
}

/// Four registers of sums, in the order that interleaving left, in the order of their channels.
static SmallVector<Value> inOrder(OpBuilder &b, Location loc, ArrayRef<Value> v) {
  switch (cast<VectorType>(v[0].getType()).getNumElements() / 4) {
  case 1:
    return SmallVector<Value>(v);
  case 2:
    return {pickBlocks(b, loc, v[0], v[1], {0, 2}), pickBlocks(b, loc, v[2], v[3], {0, 2}),
            pickBlocks(b, loc, v[0], v[1], {1, 3}), pickBlocks(b, loc, v[2], v[3], {1, 3})};
  default: {
    Value low = pickBlocks(b, loc, v[0], v[1], {0, 1, 4, 5});
    Value high = pickBlocks(b, loc, v[0], v[1], {2, 3, 6, 7});
    Value low2 = pickBlocks(b, loc, v[2], v[3], {0, 1, 4, 5});
    Value high2 = pickBlocks(b, loc, v[2], v[3], {2, 3, 6, 7});
    return {pickBlocks(b, loc, low, low2, {0, 2, 4, 6}),
            pickBlocks(b, loc, low, low2, {1, 3, 5, 7}),
            pickBlocks(b, loc, high, high2, {0, 2, 4, 6}),
            pickBlocks(b, loc, high, high2, {1, 3, 5, 7})};
  }
  }
}

/// Adds the products of four taps of a row of the kernel, from tap 4 * `group` on.
void DepthwiseDots::addTaps(OpBuilder &b, const Tile &tile, int64_t outer, int64_t group,
                            MutableArrayRef<Value> sums) {
  constexpr int64_t taps = ByteDepthwise::kTaps;
  IndexMath index{b, loc};
  const WindowDim &last = dims.back();
  int64_t width = tile.block.channels;
  auto bytes = VectorType::get(width, element);
  auto pairs = VectorType::get(width / 2, b.getI16Type());
  Value row = index.add(tile.panelAt, outer * image.outer.dilation * image.rowElements);
  llvm::SmallDenseMap<int64_t, Value> columns;
  llvm::SmallDenseMap<int64_t, std::pair<Value, Value>> interleaved;
  auto column = [&](int64_t at) {
    Value &value = columns[at];
    if (!value)
      value =
          vector::LoadOp::create(b, loc, bytes, panel.memory, index.add(row, at * shape.channels));
    return value;
  };
  auto pair = [&](int64_t at) { // of a tap and the next one
    auto &both = interleaved[at];
    if (!both.first) {
      Value x = column(at), y = column(at + last.dilation);
      auto half = [&](bool second) -> Value {
        return vector::BitCastOp::create(b, loc, pairs, interleave(b, loc, x, y, second));
      };
      both = {half(false), half(true)};
    }
    return both;
  };
  SmallVector<Value> factors;
  Value start = weights.start(index);
  if (tile.weightsAt)
    start = index.add(start, tile.weightsAt);
  int64_t at = tile.block.weights + (outer * shape.tapGroups() + group) * taps * width;
  for (int64_t v = 0; v < taps; ++v)
    factors.push_back(
        vector::LoadOp::create(b, loc, bytes, weights.memory, index.add(start, at + v * width)));
  for (int64_t p = 0; p < registersOf(tile); ++p) {
    int64_t first = p * shape.joint * last.stride + group * taps * last.dilation;
    auto [lowA, highA] = pair(first);
    auto [lowB, highB] = pair(first + 2 * last.dilation);
    for (int64_t v = 0; v < taps; ++v) {
      Value four = interleave(b, loc, v < 2 ? lowA : highA, v < 2 ? lowB : highB, v % 2 == 1);
      four = vector::BitCastOp::create(b, loc, bytes, four);
      Value &sum = sums[p * taps + v];
      sum = kernel::DotOp::create(b, loc, four, factors[v], sum, unit.unsignedX);
    }
  }
}

int64_t DepthwiseDots::registersOf(const Tile &tile) const {
  return llvm::divideCeilSigned(tile.positions, shape.joint);
}

void DepthwiseDots::emitTile(OpBuilder &b, const Tile &tile) {
  constexpr int64_t taps = ByteDepthwise::kTaps;
  int64_t lanes = tile.block.channels / taps;
  Value zero = createSplat(b, loc, laneType(sumElement, lanes), b.getZeroAttr(sumElement));
  SmallVector<Value> sums(registersOf(tile) * taps, zero);
  bool unrolled = shape.outer * shape.tapGroups() <= kUnrolledGroups;
  IndexMath index{b, loc};
  if (unrolled) {
    for (int64_t outer = 0; outer < shape.outer; ++outer)
      for (int64_t group = 0; group < shape.tapGroups(); ++group)
        addTaps(b, tile, outer, group, sums);
  } else {
    sums = createLoop(
        b, loc, index.constant(0), index.constant(shape.outer), 1, sums,
        [&](OpBuilder &b, Value outer, ValueRange values) {
          IndexMath index{b, loc};
          SmallVector<Value> sums(values);
          Tile here = tile;
          here.panelAt =
              index.add(tile.panelAt, index.mul(outer, image.outer.dilation * image.rowElements));
          here.weightsAt = index.mul(outer, shape.tapGroups() * taps * tile.block.channels);
          for (int64_t group = 0; group < shape.tapGroups(); ++group)
            addTaps(b, here, 0, group, sums);
          return sums;
        });
  }

  Value feature = index.constant(tile.block.first);
  int64_t valid = std::min(tile.block.channels, shape.channels - tile.block.first);
  FeatureBlock block{feature, llvm::divideCeilSigned(valid, lanes), valid, lanes, machine.masks};
  SmallVector<Value> starts = startSums(b, loc, bias, sumElement, feature, block, 1), ordered;
  for (int64_t p = 0; p < registersOf(tile); ++p) {
    SmallVector<Value> four = inOrder(b, loc, ArrayRef(sums).slice(p * taps, taps));
    four.truncate(block.vectors * shape.joint);
    llvm::append_range(ordered, four);
  }
  ordered.truncate(tile.positions * block.vectors);
  for (auto [i, sum] : llvm::enumerate(ordered))
    sum = arith::AddIOp::create(b, loc, sum, starts[i % starts.size()]);
  OutputPlace output;
  output.position.push_back(tile.batch);
  if (image.twoDims)
    output.position.push_back(tile.row);
  output.position.push_back(tile.column);
  output.channel = feature;
  storeTile(b, loc, epilogue, ordered, output, block);
}

} // namespace edgec::tile
