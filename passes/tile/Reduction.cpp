// Reductions with their accumulators in vector registers.
//
// Where the innermost dimension is kept, lanes are elements of the result; where it is reduced,
// lanes are partial results of one element. LLVM could make the second kind by itself, but not with
// several accumulators of either kind through a nest of loops, which is what hides an addition's
// latency.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/tile/Nest.h"

using namespace mlir;
using namespace edgec::tile;

namespace {

/// Vector accumulators that hide the latency of an addition, where two begin in each cycle.
constexpr int64_t kAccumulators = 8;

std::optional<vector::CombiningKind> kindOf(Operation *op) {
  using K = vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<K>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return K::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return K::MUL; })
      .Case<arith::MaximumFOp>([](auto) { return K::MAXIMUMF; })
      .Case<arith::MinimumFOp>([](auto) { return K::MINIMUMF; })
      .Case<arith::MaxNumFOp>([](auto) { return K::MAXNUMF; })
      .Case<arith::MinNumFOp>([](auto) { return K::MINNUMF; })
      .Case<arith::MaxSIOp>([](auto) { return K::MAXSI; })
      .Case<arith::MinSIOp>([](auto) { return K::MINSI; })
      .Case<arith::MaxUIOp>([](auto) { return K::MAXUI; })
      .Case<arith::MinUIOp>([](auto) { return K::MINUI; })
      .Case<arith::AndIOp>([](auto) { return K::AND; })
      .Case<arith::OrIOp>([](auto) { return K::OR; })
      .Case<arith::XOrIOp>([](auto) { return K::XOR; })
      .Default([](Operation *) { return std::nullopt; });
}

struct ReductionEmitter : NestEmitter {
  using NestEmitter::NestEmitter;

  Operation *combiner = nullptr;
  vector::CombiningKind kind = vector::CombiningKind::ADD;
  TypedAttr neutral;
  Value term;              ///< of the body: what is combined with the accumulator
  bool mayReorder = false; ///< partial results may be combined in any order
  SmallVector<size_t> kept, reduced;
  int64_t lanes = 1;

  LogicalResult match() {
    linalg::LinalgOp op = nest.op;
    if (op.getNumDpsInits() != 1 || !op.getNumReductionLoops() || !hasVectorBody(nest))
      return failure();
    Block *block = op.getBlock();
    BlockArgument accumulator = block->getArguments().back();
    combiner = block->getTerminator()->getOperand(0).getDefiningOp();
    if (!combiner || combiner->getBlock() != block || !accumulator.hasOneUse() ||
        *accumulator.user_begin() != combiner || !combiner->getResult(0).hasOneUse())
      return failure();
    auto found = kindOf(combiner);
    auto start = found ? arith::getNeutralElement(combiner) : std::nullopt;
    if (!start)
      return failure();
    kind = *found;
    neutral = *start;
    term = combiner->getOperand(combiner->getOperand(0) == accumulator ? 1 : 0);
    mayReorder = true;
    if (isa<arith::AddFOp, arith::MulFOp>(combiner))
      mayReorder = arith::bitEnumContainsAny(
          cast<arith::ArithFastMathInterface>(combiner).getFastMathFlagsAttr().getValue(),
          arith::FastMathFlags::reassoc);
    for (size_t i = nest.firstLoop(); i < nest.size(); ++i)
      (nest.reduces[i] ? reduced : kept).push_back(i);
    return success(!reduced.empty());
  }

  /// Whether all inputs lie still or run contiguously along a loop, and one of them runs.
  bool isContiguous(size_t loop) const {
    bool runs = false;
    for (const Access &access : nest.inputs()) {
      if (access.strides[loop] > 1)
        return false;
      runs |= access.strides[loop] == 1;
    }
    return runs;
  }

  /// The combiner on two vectors or two scalars.
  Value combine(OpBuilder &b, Value x, Value y) {
    OperationState state(combiner->getLoc(), combiner->getName(), ValueRange{x, y}, x.getType());
    state.propertiesAttr = combiner->getPropertiesAsAttribute();
    return b.create(state)->getResult(0);
  }

  Value splatNeutral(OpBuilder &b, int64_t width) {
    if (width == 1)
      return arith::ConstantOp::create(b, loc, neutral);
    auto type = VectorType::get({width}, neutral.getType());
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, ArrayRef<Attribute>{neutral}));
  }

  /// The terms at the current position, and `shift` elements on along `along`.
  Value terms(OpBuilder &b, size_t along, int64_t width, int64_t shift) {
    SmallVector<Value> arguments;
    for (const Access &access : nest.inputs())
      arguments.push_back(loadAlong(b, access, along, width, shift));
    arguments.push_back(Value());
    return broadcast(b, loc, emitBody(b, arguments, term, combiner), width);
  }

  //===- Lanes are elements of the result -----------------------------------------------------===//

  struct Piece {
    int64_t offset, width;
  };

  void emitKept(OpBuilder &b, size_t along) {
    SmallVector<size_t> outer(kept);
    llvm::erase(outer, along);
    int64_t extent = nest.extents[along];
    int64_t block = std::min(kAccumulators, std::max<int64_t>(extent / lanes, 1)) * lanes;
    int64_t whole = extent / block * block;
    loops(b, outer, {}, [&](OpBuilder &b, ValueRange) {
      SmallVector<Piece> pieces;
      for (int64_t at = 0; at < block && whole; at += lanes)
        pieces.push_back({at, lanes});
      loop(b, along, 0, whole, block, {},
           [&](OpBuilder &b, ValueRange) { return emitColumns(b, along, pieces); });
      // The rest: full registers, then ever narrower ones.
      pieces.clear();
      for (int64_t at = 0, rest = extent - whole, width = lanes; at < rest; at += width) {
        while (width > rest - at)
          width /= 2;
        pieces.push_back({at, width});
      }
      if (!pieces.empty()) {
        at[along] = constant(b, whole);
        emitColumns(b, along, pieces);
      }
      return SmallVector<Value>();
    });
  }

  /// The results at `pieces` from the current position on.
  SmallVector<Value> emitColumns(OpBuilder &b, size_t along, ArrayRef<Piece> pieces) {
    size_t last = reduced.back();
    int64_t extent = nest.extents[last], rows = 1;
    // Few columns leave accumulators for several rows.
    if (mayReorder)
      while (rows * 2 * static_cast<int64_t>(pieces.size()) <= kAccumulators && rows * 4 <= extent)
        rows *= 2;
    SmallVector<Value> sums;
    for (int64_t row = 0; row < rows; ++row)
      for (Piece piece : pieces)
        sums.push_back(row ? splatNeutral(b, piece.width)
                           : load(b, nest.out(), piece.width, piece.offset));
    auto step = [&](OpBuilder &b, ValueRange values, int64_t count) {
      SmallVector<Value> next(values);
      Value start = at[last];
      for (int64_t row = 0; row < count; ++row) {
        at[last] = add(b, start, row);
        for (auto [i, piece] : llvm::enumerate(pieces)) {
          Value &sum = next[row * pieces.size() + i];
          sum = combine(b, sum, terms(b, along, piece.width, piece.offset));
        }
      }
      return next;
    };
    sums =
        loops(b, ArrayRef<size_t>(reduced).drop_back(), sums, [&](OpBuilder &b, ValueRange sums) {
          int64_t whole = extent / rows * rows;
          SmallVector<Value> next =
              loop(b, last, 0, whole, rows, sums,
                   [&](OpBuilder &b, ValueRange values) { return step(b, values, rows); });
          if (whole == extent)
            return next;
          at[last] = constant(b, whole);
          return step(b, next, extent - whole);
        });
    for (int64_t half = rows / 2; half >= 1; half /= 2)
      for (size_t i = 0; i < half * pieces.size(); ++i)
        sums[i] = combine(b, sums[i], sums[i + half * pieces.size()]);
    for (auto [i, piece] : llvm::enumerate(pieces))
      store(b, nest.out(), sums[i], piece.offset);
    return {};
  }

  //===- Lanes are partial results ------------------------------------------------------------===//

  void emitReduced(OpBuilder &b, size_t along) {
    SmallVector<size_t> outer(reduced);
    llvm::erase(outer, along);
    int64_t extent = nest.extents[along];
    int64_t width = std::min<int64_t>(lanes, llvm::bit_floor<uint64_t>(extent));
    int64_t count = std::min(kAccumulators, extent / width), block = count * width;
    int64_t whole = extent / block * block;
    loops(b, kept, {}, [&](OpBuilder &b, ValueRange) {
      SmallVector<Value> sums(count, splatNeutral(b, width));
      sums = loops(b, outer, sums, [&](OpBuilder &b, ValueRange sums) {
        SmallVector<Value> next =
            loop(b, along, 0, whole, block, sums, [&](OpBuilder &b, ValueRange sums) {
              SmallVector<Value> next(sums);
              for (auto [i, sum] : llvm::enumerate(next))
                sum = combine(b, sum, terms(b, along, width, i * width));
              return next;
            });
        int64_t done = whole;
        for (int64_t i = 0; done + width <= extent; done += width, ++i) {
          at[along] = constant(b, done);
          next[i] = combine(b, next[i], terms(b, along, width, 0));
        }
        if (done < extent) {
          // The last vector once more begins where it just fits: what was counted is left out.
          at[along] = constant(b, extent - width);
          SmallVector<bool> fresh(width, false);
          std::fill(fresh.end() - (extent - done), fresh.end(), true);
          Value mask = arith::ConstantOp::create(
              b, loc, DenseElementsAttr::get(VectorType::get({width}, b.getI1Type()), fresh));
          Value rest = arith::SelectOp::create(b, loc, mask, terms(b, along, width, 0),
                                               splatNeutral(b, width));
          next.back() = combine(b, next.back(), rest);
        }
        return next;
      });
      while (sums.size() > 1) {
        size_t half = (sums.size() + 1) / 2;
        for (size_t i = half; i < sums.size(); ++i)
          sums[i - half] = combine(b, sums[i - half], sums[i]);
        sums.truncate(half);
      }
      Value result = sums.front();
      if (width > 1)
        result = vector::ReductionOp::create(b, loc, kind, result,
                                             isa<arith::AddFOp, arith::MulFOp>(combiner)
                                                 ? arith::FastMathFlags::reassoc
                                                 : arith::FastMathFlags::none);
      store(b, nest.out(), combine(b, load(b, nest.out(), 1), result));
      return SmallVector<Value>();
    });
  }
};

/// A row shorter than this is for scalars, whose loops LLVM unrolls and then makes vectors of rows.
constexpr int64_t kShortRow = 8;

} // namespace

LogicalResult edgec::tile::emitReduction(OpBuilder &b, Nest &nest, unsigned bits) {
  ReductionEmitter emitter(nest);
  if (failed(emitter.match()))
    return failure();
  emitter.lanes = llvm::bit_floor<uint64_t>(lanesOf(nest, bits));
  if (emitter.lanes < 2)
    return failure();
  if (!emitter.kept.empty()) {
    size_t along = emitter.kept.back();
    if (nest.out().strides[along] == 1 && emitter.isContiguous(along)) {
      nest.flatten(b);
      emitter.emitKept(b, along);
      return success();
    }
  }
  size_t along = emitter.reduced.back();
  if (!emitter.mayReorder || !emitter.isContiguous(along) || nest.extents[along] < kShortRow)
    return failure();
  nest.flatten(b);
  emitter.emitReduced(b, along);
  return success();
}
