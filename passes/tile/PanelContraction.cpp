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
/// Vectors that are copied one after the other without a loop.
static constexpr int64_t kUnrolledCopies = 4;
/// Elements of what is worth a mask: wider accesses often reach over the end of a cache's line.
static constexpr int64_t kMasked = 16;
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
  int64_t zeroPoint = static_cast<int64_t>(op.getZeroPoint());
  outside = op.getOffset() ? zeroPoint + *op.getOffset() : 0;
  plan(*op.getPacking());
  allocate(b, op);
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
  flatten();
  rowElements = packing.packedDepth(kernelPositions() * channels);
  direct = readsInPlace();
  rowStride = direct ? x.strides[dims.size()] : rowElements;
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

/// On the stack, once a function: each thread has its own.
void PanelContraction::allocate(OpBuilder &b, Operation *op) {
  if (direct)
    return;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&op->getParentOfType<func::FuncOp>().getBody().front());
  int64_t count = panelTiles * rows * rowElements + (machine.masks ? machine.lanes(element) : 0);
  scratch = memref::AllocaOp::create(b, loc, MemRefType::get({count}, element),
                                     b.getI64IntegerAttr(machine.compact ? 8 : kLineBytes));
}

/// Positions whose results lie one behind the other are one dimension, whatever they read.
void PanelContraction::flatten() {
  positions = dims.back().out;
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
  createLoop(
      b, loc, low, high, panelTiles, {}, [&, high = high](OpBuilder &b, Value tile, ValueRange) {
        IndexMath index{b, loc};
        Value first = index.mul(tile, rows);
        Value count = index.min(index.sub(high, tile), panelTiles);
        layOut(b, place, first, index.mul(count, rows));
        emitBlocks(b, place, [&](OpBuilder &b, const WeightBlock &block) {
          IndexMath index{b, loc};
          createLoop(b, loc, index.constant(0), index.mul(count, rows), rows, {},
                     [&](OpBuilder &b, Value row, ValueRange) {
                       emitTile(b, place, block, row, IndexMath{b, loc}.add(first, row), rows);
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

//===- The panel
//---------------------------------------------------------------------------------===//

/// Whether positions read rows that lie as the instruction wants them.
bool PanelContraction::readsInPlace() const {
  bool asItIs = x.element == element && x.zeroPoint == 0 && x.strides.back() == 1;
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
  auto isInside = [&](OpBuilder &b, Value low, Value high) -> Value {
    IndexMath index{b, loc};
    Value above = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, low, index.constant(0));
    Value below =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, high, index.constant(here.in));
    return arith::AndIOp::create(b, loc, above, below);
  };
  auto either = [&](OpBuilder &b, Value condition, function_ref<void(OpBuilder &)> then,
                    function_ref<void(OpBuilder &)> otherwise) {
    scf::IfOp::create(
        b, loc, condition,
        [&](OpBuilder &b, Location loc) {
          then(b);
          scf::YieldOp::create(b, loc);
        },
        [&](OpBuilder &b, Location loc) {
          otherwise(b);
          scf::YieldOp::create(b, loc);
        });
  };
  auto oneByOne = [&](OpBuilder &b) {
    createLoop(b, loc, IndexMath{b, loc}.constant(0), IndexMath{b, loc}.constant(here.kernel), 1,
               {}, [&](OpBuilder &b, Value k, ValueRange) {
                 IndexMath index{b, loc};
                 Value at = index.add(start, index.mul(k, here.dilation));
                 Value there = index.add(to, index.mul(k, inside));
                 auto read = [&](OpBuilder &b) {
                   IndexMath index{b, loc};
                   if (last)
                     copy(b, inputAt(index, at), there, channels);
                   else
                     layOutTaps(b, position, dim + 1, inputAt(index, at), there);
                 };
                 if (padded)
                   either(b, isInside(b, at, at), read,
                          [&](OpBuilder &b) { fill(b, there, inside, outside); });
                 else
                   read(b);
                 return SmallVector<Value>();
               });
  };
  // Neighbouring positions of the kernel that meet neighbouring elements are one row of them.
  bool joined = last && x.strides.back() == 1 && here.dilation * x.strides[dim + 1] == channels;
  if (!joined || here.kernel == 1)
    return oneByOne(b);
  auto whole = [&](OpBuilder &b) { copy(b, inputAt({b, loc}, start), to, here.kernel * channels); };
  if (!padded)
    return whole(b);
  Value stop = index.add(start, (here.kernel - 1) * here.dilation);
  either(b, isInside(b, start, stop), whole, oneByOne);
}

/// Neighbouring elements of the input, centred and widened.
void PanelContraction::copy(OpBuilder &b, Value from, Value to, int64_t count) {
  FlatBuffer panel;
  panel.memory = scratch;
  panel.element = element;
  panel.shape = {1};
  panel.strides = {1};
  int64_t width = copiedLanes(), whole = count / width, stride = x.strides.back();
  auto move = [&](OpBuilder &b, Value offset, LaneAccess access) {
    IndexMath index{b, loc};
    Value value =
        loadVector(b, loc, x, index.add(from, index.mul(offset, stride)), access, element);
    storeVector(b, loc, value, panel, index.add(to, offset), {access.lanes, access.lanes, false});
  };
  IndexMath index{b, loc};
  int64_t looped = whole > kUnrolledCopies ? whole : 0;
  createLoop(b, loc, index.constant(0), index.constant(looped * width), width, {},
             [&](OpBuilder &b, Value offset, ValueRange) {
               move(b, offset, {width, width, machine.masks});
               return SmallVector<Value>();
             });
  for (int64_t at = looped * width; at < count;) {
    int64_t rest = std::min(width, count - at), lanes = llvm::bit_floor<uint64_t>(rest);
    LaneAccess piece{lanes, lanes, machine.masks};
    // What is written over the end lies in what comes next, and is written before it.
    if (machine.masks && rest != lanes && rest < kMasked)
      piece = {kMasked, rest, true};
    move(b, index.constant(at), piece);
    at += piece.valid;
  }
}

void PanelContraction::fill(OpBuilder &b, Value to, int64_t count, int64_t value) {
  TypedAttr attr = b.getIntegerAttr(element, llvm::SignExtend64(value, unit.bits));
  Value scalar = arith::ConstantOp::create(b, loc, attr);
  int64_t width = copiedLanes(), whole = count / width;
  auto put = [&](OpBuilder &b, Value offset, int64_t width) {
    Value at = IndexMath{b, loc}.add(to, offset);
    if (width == 1)
      memref::StoreOp::create(b, loc, scalar, scratch, at);
    else
      vector::StoreOp::create(b, loc, createSplat(b, loc, laneType(element, width), attr), scratch,
                              at);
  };
  IndexMath index{b, loc};
  createLoop(b, loc, index.constant(0), index.constant(whole * width), width, {},
             [&](OpBuilder &b, Value offset, ValueRange) {
               put(b, offset, width);
               return SmallVector<Value>();
             });
  for (int64_t at = whole * width; at < count;) {
    int64_t piece = llvm::bit_floor<uint64_t>(count - at);
    put(b, index.constant(at), piece);
    at += piece;
  }
}

//===- The tile
//----------------------------------------------------------------------------------===//

/// The panel's elements for `runs` runs of `rows` rows from `at` on, a step in a lane; a scalar
/// where there is only one.
SmallVector<Value> PanelContraction::loadPanel(OpBuilder &b, Value at, int64_t rows, int64_t runs) {
  IndexMath index{b, loc};
  auto type = VectorType::get(runs * run, element);
  auto words = VectorType::get(runs * steps, b.getIntegerType(unit.products * unit.bits));
  Value memory = direct ? x.memory : scratch;
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

/// `rows` positions from `position` on, which are those of the panel from `row` on.
void PanelContraction::emitTile(OpBuilder &b, const Place &place, const WeightBlock &block,
                                Value row, Value position, int64_t rows) {
  IndexMath index{b, loc};
  Value feature = index.add(index.mul(place.group, features), block.first);
  SmallVector<Value> sums = startSums(b, loc, bias, sumElement, feature, block, rows);

  // One load brings a row's elements of several runs where the processor multiplies with a lane.
  int64_t runs = rowElements / run;
  int64_t unroll = machine.byElement ? machine.lanes(element) / run : kUnrolledRuns;
  int64_t end = runs / unroll * unroll;
  Value first = direct ? index.add(inputAt(b, place), index.mul(position, rowStride))
                       : index.mul(row, rowStride);
  auto loadRows = [&](OpBuilder &b, Value k, int64_t count) {
    IndexMath index{b, loc};
    return loadPanel(b, index.add(first, index.mul(k, run)), rows, count);
  };
  sums = createLoop(b, loc, index.constant(0), index.constant(end), unroll, sums,
                    [&](OpBuilder &b, Value k, ValueRange values) {
                      SmallVector<Value> sums(values), input;
                      if (machine.byElement)
                        input = loadRows(b, k, unroll);
                      for (int64_t u = 0; u < unroll; ++u) {
                        Value here = IndexMath{b, loc}.add(k, u);
                        if (!machine.byElement)
                          input = loadRows(b, here, 1);
                        emitRun(b, block, here, input, machine.byElement ? u * steps : 0, sums);
                      }
                      return sums;
                    });
  for (int64_t k = end; k < runs; ++k) {
    Value here = index.constant(k);
    emitRun(b, block, here, loadRows(b, here, 1), 0, sums);
  }

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
