#include "passes/tile/PanelContraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// Runs in a loop's body: LLVM turns longer runs into trees, which need more registers.
static constexpr int64_t kUnrolledRuns = 2;

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
  panel.run = run;
  if (op.getOffset())
    panel.outside = static_cast<int64_t>(op.getZeroPoint() + *op.getOffset());
  if (!direct)
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
  symmetric = packing.getSymmetric();
  steps = packing.getSteps();
  run = packing.getRun();
  element = IntegerType::get(loc.getContext(), unit.bits);
  rowElements = packing.packedDepth(kernelPositions() * channels);
  planImage();
  if (!image)
    flatten();
  direct = readsInPlace();
  rowStride = image ? dims.back().stride * channels : direct ? x.strides[dims.size()] : rowElements;
  rows = chooseRows(machine.forDot(unit), positions, vectors);
  int64_t rowBytes = rowElements * edge::elementBytes(element);
  if (machine.compact && !direct)
    rows = std::clamp<int64_t>(kCompactPanelBytes / rowBytes, 1, rows);
  int64_t tileBytes = rows * rowBytes;
  panelTiles = std::clamp<int64_t>((machine.compact ? 0 : kPanelBytes) / tileBytes, 1,
                                   std::max<int64_t>(positions / rows, 1));
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
  bool inPieces = groups == 1 && last.dilation == 1 && last.kernel * channels % run == 0 &&
                  x.strides.back() == 1 && x.strides[dims.size()] == channels;
  if (kernelPositions() == 1 || !inPieces || machine.compact) // where memory counts more
    return;
  std::optional<ImageRows> plan =
      ImageRows::plan(dims, channels, edge::elementBytes(element), kPanelBytes);
  if (!plan)
    return;
  const WindowDim &first = plan->outer;

  Machine here = machine.forDot(unit);
  int64_t all = first.out * last.out, width = machine.lanes(element);
  double dots = double(llvm::divideCeilSigned(features, vectors * lanes)) *
                (double(rowElements) / double(unit.products));
  auto sumsCost = [&](int64_t count) {
    return rowsCost(here, count, chooseRows(here, count, vectors), vectors) * dots;
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

/// Whether positions read rows that lie as the instruction wants them.
bool PanelContraction::readsInPlace() const {
  bool asItIs = !image && x.element == element && x.zeroPoint == 0 && x.strides.back() == 1;
  bool pointwise = llvm::all_of(dims, [](const WindowDim &dim) {
    return dim.kernel == 1 && dim.stride == 1 && dim.padBefore == 0 && dim.padAfter == 0;
  });
  if (!asItIs || !pointwise || rowElements != channels)
    return false;
  int64_t last = static_cast<int64_t>(dims.size());
  for (int64_t d = last - static_cast<int64_t>(flat) + 1; d < last; ++d)
    if (!x.collapsible(d))
      return false;
  return true;
}

/// Where the input of the group at `place` begins.
Value PanelContraction::inputAt(OpBuilder &b, const Place &place) {
  IndexMath index{b, loc};
  Value origin = index.add(index.mul(place.batch, x.strides.front()), x.start(index));
  origin = index.add(origin, index.mul(place.group, channels * x.strides.back()));
  if (direct)
    for (auto [d, position] : llvm::enumerate(place.outer))
      origin = index.add(origin,
                         index.mul(d == 0 ? x.row(index, position) : position, x.strides[d + 1]));
  return origin;
}

/// Writes what `count` positions from `first` on read.
void PanelContraction::layOut(OpBuilder &b, const Place &place, Value first, Value count) {
  if (direct)
    return;
  IndexMath index{b, loc};
  Value origin = inputAt(b, place);
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

/// The panel's elements for `runs` runs of `rows` rows from `at` on, a step in a lane; a scalar
/// where there is only one.
SmallVector<Value> PanelContraction::loadPanel(OpBuilder &b, Value at, int64_t rows, int64_t runs) {
  IndexMath index{b, loc};
  auto type = VectorType::get(runs * run, element);
  auto words = VectorType::get(runs * steps, b.getIntegerType(unit.products * unit.bits));
  Value memory = direct ? x.memory : panel.memory;
  SmallVector<Value> loaded;
  for (int64_t row = 0; row < rows; ++row) {
    Value from = index.add(at, row * rowStride);
    if (type.getNumElements() == 1) {
      loaded.push_back(memref::LoadOp::create(b, loc, memory, from));
      continue;
    }
    Value elements = vector::LoadOp::create(b, loc, type, memory, from);
    loaded.push_back(vector::BitCastOp::create(b, loc, words, elements));
  }
  return loaded;
}

/// The weights of run `k`, a vector for each step of each vector of the block.
SmallVector<Value> PanelContraction::loadWeights(OpBuilder &b, const WeightBlock &block, Value k) {
  IndexMath index{b, loc};
  int64_t wide = lanes * run;
  Value at = index.add(block.weights, index.mul(k, block.vectors * wide));
  if (streams)
    prefetch(b, loc, weights, at, block.vectors * wide);
  SmallVector<Value> loaded;
  for (int64_t v = 0; v < block.vectors; ++v) {
    Value all = loadVector(b, loc, weights, index.add(at, v * wide), {wide, wide, machine.masks},
                           steps == 1 ? element : weights.element);
    if (steps == 1) {
      loaded.push_back(all);
      continue;
    }
    for (int64_t s = 0; s < steps; ++s) { // which lie in turns
      SmallVector<int64_t> turns;
      for (int64_t at = s; at < wide; at += steps)
        turns.push_back(at);
      Value own = vector::ShuffleOp::create(b, loc, all, all, turns);
      loaded.push_back(convertElements(b, loc, own, element));
    }
  }
  return loaded;
}

/// Adds the products of run `k`, of which the lanes of each row of `input` from `lane` on have the
/// panel's elements.
void PanelContraction::emitRun(OpBuilder &b, const WeightBlock &block, Value k, ValueRange input,
                               int64_t lane, MutableArrayRef<Value> sums) {
  SmallVector<Value> loaded = loadWeights(b, block, k);
  auto all = VectorType::get(lanes * unit.products, element);
  auto type = VectorType::get(lanes, sumElement);
  for (int64_t s = 0; s < steps; ++s)
    for (auto [row, words] : llvm::enumerate(input)) {
      // The same few elements in every lane.
      Value few = words;
      if (isa<VectorType>(few.getType()))
        few = vector::ExtractOp::create(b, loc, words, ArrayRef<int64_t>{lane + s});
      few = vector::BroadcastOp::create(b, loc, VectorType::get(lanes, few.getType()), few);
      few = vector::BitCastOp::create(b, loc, all, few);
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value &sum = sums[row * block.vectors + v];
        bool scalar = sum.getType() != type;
        Value whole = scalar ? vector::BroadcastOp::create(b, loc, type, sum).getResult() : sum;
        whole = kernel::DotOp::create(b, loc, few, loaded[v * steps + s], whole, unit.unsignedX,
                                      symmetric);
        sum = scalar ? vector::ExtractOp::create(b, loc, whole, ArrayRef<int64_t>{0}).getResult()
                     : whole;
      }
    }
}

/// `rows` positions from `position` on, what the first of which reads begins at `panelAt` of the
/// panel.
void PanelContraction::emitTile(OpBuilder &b, const Place &place, const WeightBlock &block,
                                Value panelAt, Value position, int64_t rows) {
  IndexMath index{b, loc};
  Value feature = index.add(index.mul(place.group, features), block.first);
  SmallVector<Value> sums = startSums(b, loc, bias, sumElement, feature, block, rows);

  // A sum reads one piece of the panel, or one of each of the image's rows.
  int64_t pieces = image ? image->outer.kernel : 1;
  int64_t pieceStep = image ? image->outer.dilation * image->rowElements : 0;
  // One load brings a row's elements of several runs where the processor multiplies with a lane.
  int64_t runs = rowElements / pieces / run;
  int64_t unroll = machine.byElement ? machine.lanes(element) / run : kUnrolledRuns;
  int64_t end = runs / unroll * unroll;
  Value first = direct ? index.add(inputAt(b, place), index.mul(position, rowStride)) : panelAt;
  auto emitPiece = [&](OpBuilder &b, Value piece, ValueRange values) {
    IndexMath index{b, loc};
    Value start = index.add(first, index.mul(piece, pieceStep));
    Value before = index.mul(piece, runs); // runs of the weights
    auto loadRows = [&](OpBuilder &b, Value k, int64_t count) {
      IndexMath index{b, loc};
      return loadPanel(b, index.add(start, index.mul(k, run)), rows, count);
    };
    SmallVector<Value> sums = createLoop(b, loc, index.constant(0), index.constant(end), unroll,
                                         values, [&](OpBuilder &b, Value k, ValueRange values) {
                                           SmallVector<Value> sums(values), input;
                                           if (machine.byElement)
                                             input = loadRows(b, k, unroll);
                                           for (int64_t u = 0; u < unroll; ++u) {
                                             IndexMath index{b, loc};
                                             Value here = index.add(k, u);
                                             if (!machine.byElement)
                                               input = loadRows(b, here, 1);
                                             emitRun(b, block, index.add(before, here), input,
                                                     machine.byElement ? u * steps : 0, sums);
                                           }
                                           return sums;
                                         });
    for (int64_t k = end; k < runs; ++k) {
      Value here = index.constant(k);
      emitRun(b, block, index.add(before, here), loadRows(b, here, 1), 0, sums);
    }
    return sums;
  };
  sums = createLoop(b, loc, index.constant(0), index.constant(pieces), 1, sums, emitPiece);

  OutputPlace output;
  output.position.push_back(place.batch);
  llvm::append_range(output.position, place.outer);
  output.position.push_back(position);
  output.channel = feature;
  auto [whole, joined] = joinSums(b, sums, block, rows);
  storeTile(b, loc, epilogue, whole, output, joined);
}

/// Sums of one feature each as vectors, where the processor has them.
std::pair<SmallVector<Value>, FeatureBlock>
PanelContraction::joinSums(OpBuilder &b, ValueRange sums, const FeatureBlock &block, int64_t rows) {
  int64_t wide = machine.lanes(sumElement);
  if (!unit.isScalar() || wide == 1)
    return {llvm::to_vector(sums), block};
  FeatureBlock joined = block;
  joined.lanes = wide;
  joined.vectors = llvm::divideCeilSigned(block.vectors, wide);
  Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(sumElement));
  SmallVector<Value> whole;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t v = 0; v < joined.vectors; ++v) {
      SmallVector<Value> elements(sums.slice(row * block.vectors, block.vectors)
                                      .drop_front(v * wide)
                                      .take_front(std::min(wide, block.vectors - v * wide)));
      elements.resize(wide, none);
      whole.push_back(
          vector::FromElementsOp::create(b, loc, VectorType::get(wide, sumElement), elements));
    }
  return {whole, joined};
}

} // namespace edgec::tile
