#include "passes/tile/PanelContraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// What a panel may take of the stack. Weights are read once a panel, and better from the first
/// level of the cache: so most of the panel lies in the second.
static constexpr int64_t kPanelBytes = 2 * kL1Bytes;
PanelContraction::PanelContraction(OpBuilder &b, kernel::ConvOp op, const Machine &machine,
                                   bool byRows)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getX())),
      weights(b, loc, op.getFilter()), dims(windowDims(op)), groups(op.getGroups()),
      channels(op.getGroupChannels()), features(op.getGroupFeatures()), byRows(byRows) {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  start(b, op);
}

PanelContraction::PanelContraction(OpBuilder &b, kernel::MatMulOp op, const Machine &machine)
    : loc(op.getLoc()), machine(machine), epilogue(b, op), x(inputBuffer(b, op, op.getA())),
      weights(b, loc, op.getB()), groups(1), channels(x.shape.back()),
      features(epilogue.init.shape.back()) {
  if (op.getBias())
    bias = FlatBuffer(b, loc, op.getBias());
  dims.push_back({x.shape[1], x.shape[1], 1, 1, 1, 0, 0, /*transposed=*/false});
  start(b, op);
}

template <typename Contraction> void PanelContraction::start(OpBuilder &b, Contraction op) {
  batch = x.shape.front();
  sumElement = sumType(op);
  plan(*op.getPacking());
  panel.element = element;
  if (op.getOffset())
    panel.outside = static_cast<int64_t>(op.getZeroPoint() + *op.getOffset());
  panel.allocate(b, op, image ? image->elements() : panelTiles * rows * rowElements);
}

int64_t PanelContraction::kernelPositions() const {
  int64_t result = 1;
  for (const WindowDim &dim : dims)
    result *= dim.kernel;
  return result;
}

void PanelContraction::plan(kernel::PackingAttr packing) {
  lanes = packing.getLanes();
  vectors = packing.getVectors();
  unit = machine.dotUnit(packing);
  element = IntegerType::get(loc.getContext(), unit.bits);
  rowElements = packing.packedDepth(kernelPositions() * channels);
  planImage();
  if (!image)
    flatten();
  rows = chooseRows(machine.forDot(unit), positions, vectors);
  int64_t tileBytes = rows * rowElements * edge::elementBytes(element);
  panelTiles =
      std::clamp<int64_t>(kPanelBytes / tileBytes, 1, std::max<int64_t>(positions / rows, 1));
  int64_t weightBytes = weights.shape.front() * edge::elementBytes(weights.element);
  streams = positions == 1 && outerDims() == 0 && machine.l2Bytes > 0 &&
            weightBytes > machine.l2Bytes / 2;
  planParts();
}

/// Windows that overlap share rows of the image where these are what a sum reads piece by piece,
/// and where tiles that end with the image's rows cost less than reading everything for each
/// window.
void PanelContraction::planImage() {
  const WindowDim &last = dims.back();
  positions = last.out;
  bool inPieces = groups == 1 && last.dilation == 1 && last.kernel * channels % unit.products == 0;
  if (kernelPositions() == 1 || !inPieces)
    return;
  std::optional<ImageRows> plan =
      ImageRows::plan(x, dims, channels, edge::elementBytes(element), kPanelBytes);
  if (!plan)
    return;
  const WindowDim &first = plan->outer;

  Machine here = machine.forDot(unit);
  int64_t all = first.out * last.out, width = machine.lanes(element);
  double steps = double(llvm::divideCeilSigned(features, vectors * lanes)) *
                 (double(rowElements) / unit.products);
  auto sumsCost = [&](int64_t count) {
    return rowsCost(count, chooseRows(here, count, vectors), vectors) * steps;
  };
  double windows = sumsCost(all) + double(all * first.kernel) *
                                       (2.0 + double(last.kernel * channels) / double(width));
  double shared = sumsCost(last.out) * double(first.out) +
                  double(first.in) * (2.0 + double(plan->rowElements) / double(width));
  if (shared < windows)
    image = plan;
}

/// Positions whose results lie one behind the other are one dimension, whatever they read.
void PanelContraction::flatten() {
  size_t stay = byRows ? 1 : 0;
  while (dims.size() - flat > stay) {
    int64_t d = static_cast<int64_t>(dims.size() - flat); // the next one, counted with the batch
    if (!epilogue.collapsible(d))
      return;
    epilogue.collapse(d);
    positions *= dims[d - 1].out;
    ++flat;
  }
}

/// Threads get parts of the positions, or, where these are too few, of the features.
void PanelContraction::planParts() {
  if (byRows || machine.threads < 2)
    return;
  int64_t pieces = outerDims() ? dims.front().out : positions / rows;
  if (pieces >= machine.threads) {
    parts = machine.threads;
  } else if (features / (vectors * lanes) >= machine.threads) {
    parts = machine.threads;
    partsOfFeatures = true;
  }
}

//===- Loops
//-------------------------------------------------------------------------------------===//

void PanelContraction::emit(OpBuilder &b) {
  emitParts(b, loc, parts, partsOfFeatures ? blockShare : positionShare,
            [&](OpBuilder &b) { emitAll(b); });
}

void PanelContraction::emitRows(OpBuilder &b, Value first, Value end) {
  positionShare.low = first;
  positionShare.high = end;
  emitAll(b);
}

void PanelContraction::emitAll(OpBuilder &b) {
  emitGroups(b, loc, batch, groups,
             [&](OpBuilder &b, Value n, Value g) { emitOuter(b, {n, g, {}}); });
}

void PanelContraction::emitOuter(OpBuilder &b, Place place) {
  size_t d = place.outer.size();
  if (image)
    return emitImages(b, place);
  if (d == outerDims())
    return emitPanels(b, place);
  IndexMath index{b, loc};
  auto [first, end] = (d == 0 ? positionShare : Share()).of(index, dims[d].out);
  createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value position, ValueRange) {
    Place inner = place;
    inner.outer.push_back(position);
    emitOuter(b, inner);
    return SmallVector<Value>();
  });
}

void PanelContraction::emitPanels(OpBuilder &b, const Place &place) {
  IndexMath index{b, loc};
  const Share share = outerDims() ? Share() : positionShare;
  int64_t whole = positions / rows, rest = positions % rows;
  auto [low, high] = share.of(index, whole);
  createLoop(b, loc, low, high, panelTiles, {},
             [&, high = high](OpBuilder &b, Value tile, ValueRange) {
               IndexMath index{b, loc};
               Value first = index.mul(tile, rows);
               Value count = index.min(index.sub(high, tile), panelTiles);
               layOut(b, place, first, index.mul(count, rows));
               emitBlocks(b, place, [&](OpBuilder &b, const WeightBlock &block) {
                 IndexMath index{b, loc};
                 createLoop(b, loc, index.constant(0), index.mul(count, rows), rows, {},
                            [&](OpBuilder &b, Value row, ValueRange) {
                              IndexMath index{b, loc};
                              emitTile(b, place, block, index.mul(row, rowElements),
                                       index.add(first, row), rows);
                              return SmallVector<Value>();
                            });
               });
               return SmallVector<Value>();
             });
  if (!rest)
    return;
  share.last(b, loc, [&](OpBuilder &b) {
    IndexMath index{b, loc};
    Value first = index.constant(whole * rows);
    layOut(b, place, first, index.constant(rest));
    emitBlocks(b, place, [&](OpBuilder &b, const WeightBlock &block) {
      emitTile(b, place, block, IndexMath{b, loc}.constant(0), first, rest);
    });
  });
}

void PanelContraction::emitBlocks(OpBuilder &b, const Place &place, BlockBody body) {
  int64_t groupSize = rowElements * llvm::alignTo(features, lanes);
  auto emitBlock = [&](OpBuilder &b, const FeatureBlock &block) {
    IndexMath index{b, loc};
    Value base = index.add(weights.start(index), index.mul(place.group, groupSize));
    body(b,
         {block, index.add(base, index.mul(block.first, rowElements))}); // whole blocks lie before
  };
  tile::emitBlocks(b, loc, blockShare, features, {{}, vectors, 0, lanes, machine.masks}, emitBlock);
}

/// Some rows of results after the other: the rows of the image that they read, then all features.
void PanelContraction::emitImages(OpBuilder &b, const Place &place) {
  IndexMath index{b, loc};
  int64_t step = dims.back().stride * channels; // from one position to the next
  auto [low, high] = image->twoDims ? positionShare.of(index, dims.front().out)
                                    : std::pair(index.constant(0), index.constant(1));
  auto emitRow = [&](OpBuilder &b, Value row, Value position, const WeightBlock &block) {
    Place here = place;
    if (image->twoDims)
      here.outer.push_back(position);
    IndexMath index{b, loc};
    Value base = index.mul(row, image->outer.stride * image->rowElements);
    int64_t whole = positions / rows * rows;
    createLoop(b, loc, index.constant(0), index.constant(whole), rows, {},
               [&](OpBuilder &b, Value column, ValueRange) {
                 IndexMath index{b, loc};
                 emitTile(b, here, block, index.add(base, index.mul(column, step)), column, rows);
                 return SmallVector<Value>();
               });
    if (whole < positions)
      emitTile(b, here, block, index.add(base, whole * step), index.constant(whole),
               positions - whole);
  };
  createLoop(b, loc, low, high, image->outputRows, {},
             [&, high = high](OpBuilder &b, Value first, ValueRange) {
               IndexMath index{b, loc};
               Value count = index.min(index.sub(high, first), image->outputRows);
               Value origin = index.mul(place.batch, x.strides.front());
               image->layOut(b, panel, index.add(origin, x.start(index)), first, count);
               emitBlocks(b, place, [&](OpBuilder &b, const WeightBlock &block) {
                 createLoop(b, loc, IndexMath{b, loc}.constant(0), count, 1, {},
                            [&](OpBuilder &b, Value row, ValueRange) {
                              emitRow(b, row, IndexMath{b, loc}.add(first, row), block);
                              return SmallVector<Value>();
                            });
               });
               return SmallVector<Value>();
             });
}

//===- The panel
//---------------------------------------------------------------------------------===//

/// Writes what `count` positions from `first` on read.
void PanelContraction::layOut(OpBuilder &b, const Place &place, Value first, Value count) {
  IndexMath index{b, loc};
  Value origin = index.add(index.mul(place.batch, x.strides.front()), x.start(index));
  origin = index.add(origin, index.mul(place.group, channels * x.strides.back()));
  createLoop(b, loc, index.constant(0), count, 1, {}, [&](OpBuilder &b, Value row, ValueRange) {
    IndexMath index{b, loc};
    SmallVector<Value> position(place.outer);
    position.resize(dims.size());
    Value rest = index.add(first, row);
    for (size_t d = dims.size(); d-- > outerDims();) {
      position[d] = d == outerDims() ? rest : index.rem(rest, dims[d].out);
      rest = index.div(rest, dims[d].out);
    }
    Value to = index.mul(row, rowElements);
    layOutTaps(b, position, 0, origin, to);
    return SmallVector<Value>();
  });
}

/// Of a window at `position`, the positions of the kernel along dimension `dim` and those inside.
void PanelContraction::layOutTaps(OpBuilder &b, ArrayRef<Value> position, size_t dim, Value input,
                                  Value to) {
  IndexMath index{b, loc};
  const WindowDim &here = dims[dim];
  bool last = dim + 1 == dims.size();
  int64_t inside = channels; // elements of the panel's row at one position of the kernel
  for (size_t d = dim + 1; d < dims.size(); ++d)
    inside *= dims[d].kernel;
  Value start = index.add(index.mul(position[dim], here.stride), -here.padBefore);
  auto inputAt = [&](const IndexMath &index, Value at) {
    return index.add(input, index.mul(dim == 0 ? x.row(index, at) : at, x.strides[dim + 1]));
  };
  auto [from, end] = here.interior();
  bool padded = from > 0 || end < here.out;
  auto oneByOne = [&](OpBuilder &b) {
    createLoop(b, loc, IndexMath{b, loc}.constant(0), IndexMath{b, loc}.constant(here.kernel), 1,
               {}, [&](OpBuilder &b, Value k, ValueRange) {
                 IndexMath index{b, loc};
                 Value at = index.add(start, index.mul(k, here.dilation));
                 Value there = index.add(to, index.mul(k, inside));
                 auto read = [&](OpBuilder &b) {
                   IndexMath index{b, loc};
                   if (last)
                     panel.copy(b, inputAt(index, at), there, channels);
                   else
                     layOutTaps(b, position, dim + 1, inputAt(index, at), there);
                 };
                 if (padded)
                   emitEither(b, loc, isInside(b, loc, at, at, here.in), read,
                              [&](OpBuilder &b) { panel.fill(b, there, inside); });
                 else
                   read(b);
                 return SmallVector<Value>();
               });
  };
  // Neighbouring positions of the kernel that meet neighbouring elements are one row of them.
  bool joined = last && x.strides.back() == 1 && here.dilation * x.strides[dim + 1] == channels;
  if (!joined || here.kernel == 1)
    return oneByOne(b);
  auto whole = [&](OpBuilder &b) {
    panel.copy(b, inputAt({b, loc}, start), to, here.kernel * channels);
  };
  if (!padded)
    return whole(b);
  Value stop = index.add(start, (here.kernel - 1) * here.dilation);
  emitEither(b, loc, isInside(b, loc, start, stop, here.in), whole, oneByOne);
}

//===- The tile
//----------------------------------------------------------------------------------===//

/// `rows` positions from `position` on, what the first of which reads begins at `panelAt`.
void PanelContraction::emitTile(OpBuilder &b, const Place &place, const WeightBlock &block,
                                Value panelAt, Value position, int64_t rows) {
  IndexMath index{b, loc};
  Value feature = index.add(index.mul(place.group, features), block.first);
  SmallVector<Value> sums = startSums(b, loc, bias, sumElement, feature, block, rows);

  // A sum reads one piece of the panel, or one of each of the image's rows.
  int64_t pieces = image ? image->outer.kernel : 1;
  int64_t pieceStep = image ? image->outer.dilation * image->rowElements : 0;
  int64_t rowStep = image ? dims.back().stride * channels : rowElements;
  int64_t steps = rowElements / pieces / unit.products, wide = lanes * unit.products;
  auto pairs = VectorType::get(unit.products, element), allType = VectorType::get(wide, element);
  Type word = b.getIntegerType(unit.products * unit.bits);
  auto step = [&](OpBuilder &b, Value piece, Value k, MutableArrayRef<Value> sums) {
    IndexMath index{b, loc};
    SmallVector<Value> loaded;
    Value all = index.add(index.mul(piece, steps), k);
    Value weightAt = index.add(block.weights, index.mul(all, block.vectors * wide));
    if (streams)
      prefetch(b, loc, weights, weightAt, block.vectors * wide);
    for (int64_t v = 0; v < block.vectors; ++v)
      loaded.push_back(loadVector(b, loc, weights, index.add(weightAt, v * wide),
                                  {wide, wide, machine.masks}, element));
    Value inputAt = index.add(panelAt, index.mul(piece, pieceStep));
    inputAt = index.add(inputAt, index.mul(k, unit.products));
    for (int64_t r = 0; r < rows; ++r) {
      // The same few elements in every lane.
      Value few =
          vector::LoadOp::create(b, loc, pairs, panel.memory, index.add(inputAt, r * rowStep));
      few = vector::BitCastOp::create(b, loc, VectorType::get(1, word), few);
      few = vector::ExtractOp::create(b, loc, few, ArrayRef<int64_t>{0});
      few = vector::BroadcastOp::create(b, loc, VectorType::get(lanes, word), few);
      few = vector::BitCastOp::create(b, loc, allType, few);
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value &sum = sums[r * block.vectors + v];
        sum = kernel::DotOp::create(b, loc, few, loaded[v], sum, unit.unsignedX);
      }
    }
  };
  constexpr int64_t unroll = 2; // LLVM turns longer runs into trees, which need more registers
  int64_t end = steps / unroll * unroll;
  auto piece = [&](OpBuilder &b, Value piece, ValueRange values) {
    IndexMath index{b, loc};
    SmallVector<Value> sums = createLoop(b, loc, index.constant(0), index.constant(end), unroll,
                                         values, [&](OpBuilder &b, Value k, ValueRange values) {
                                           SmallVector<Value> sums(values);
                                           for (int64_t u = 0; u < unroll; ++u)
                                             step(b, piece, IndexMath{b, loc}.add(k, u), sums);
                                           return sums;
                                         });
    for (int64_t k = end; k < steps; ++k)
      step(b, piece, index.constant(k), sums);
    return sums;
  };
  sums = createLoop(b, loc, index.constant(0), index.constant(pieces), 1, sums, piece);

  OutputPlace output;
  output.position.push_back(place.batch);
  llvm::append_range(output.position, place.outer);
  output.position.push_back(position);
  output.channel = feature;
  storeTile(b, loc, epilogue, sums, output, block);
}

} // namespace edgec::tile
