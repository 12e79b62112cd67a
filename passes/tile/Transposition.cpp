// What reads along one loop and writes along another: blocks that are turned in registers.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/tile/Nest.h"

using namespace mlir;
using namespace edgec::tile;

namespace {

struct TranspositionEmitter : NestEmitter {
  TranspositionEmitter(Nest &nest, size_t writes, size_t reads)
      : NestEmitter(nest), writes(writes), reads(reads) {
    for (size_t i = nest.firstLoop(); i < nest.size(); ++i)
      if (i != writes && i != reads)
        outer.push_back(i);
  }

  size_t writes, reads; ///< the loops along which the result, and the turned inputs, are contiguous
  SmallVector<size_t> outer;

  bool isTurned(const Access &access) const { return access.strides[writes] > 1; }

  /// The first position of a block that starts at the current one, or ends with the loop: blocks
  /// may overlap, since what they write twice is the same, unless they read it (`readsResult`).
  Value clamped(OpBuilder &b, size_t loop, int64_t block) {
    if (nest.extents[loop] % block == 0)
      return at[loop];
    return b.createOrFold<arith::MinSIOp>(loc, at[loop], constant(b, nest.extents[loop] - block));
  }

  Value yielded() { return nest.op.getBlock()->getTerminator()->getOperand(0); }

  Value shuffle(OpBuilder &b, Value x, Value y, ArrayRef<int64_t> mask) {
    return vector::ShuffleOp::create(b, loc, x, y, mask);
  }

  //===- Square blocks ------------------------------------------------------------------------===//

  /// Rows become columns, by interleaving or by exchanging ever smaller blocks off the diagonal:
  /// registers of 128 bits have instructions for the one, wider ones for the other.
  SmallVector<Value> turn(OpBuilder &b, SmallVector<Value> rows) {
    int64_t n = rows.size();
    auto type = cast<VectorType>(rows.front().getType());
    if (n * type.getElementTypeBitWidth() <= 128) {
      SmallVector<int64_t> low, high;
      for (int64_t i = 0; i < n; ++i) {
        low.push_back(i / 2 + (i % 2 ? n : 0));
        high.push_back(n / 2 + i / 2 + (i % 2 ? n : 0));
      }
      for (int64_t stage = 1; stage < n; stage *= 2) {
        SmallVector<Value> next;
        for (int64_t i = 0; i < n / 2; ++i) {
          next.push_back(shuffle(b, rows[i], rows[i + n / 2], low));
          next.push_back(shuffle(b, rows[i], rows[i + n / 2], high));
        }
        rows = next;
      }
      return rows;
    }
    for (int64_t step = n / 2; step >= 1; step /= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t i = 0; i < n; ++i) {
        low.push_back(i & step ? n + i - step : i);
        high.push_back(i & step ? n + i : i + step);
      }
      for (int64_t i = 0; i < n; ++i) {
        if (i & step)
          continue;
        Value x = rows[i], y = rows[i + step];
        rows[i] = shuffle(b, x, y, low);
        rows[i + step] = shuffle(b, x, y, high);
      }
    }
    return rows;
  }

  void emitSquares(OpBuilder &b, int64_t n) {
    loops(b, outer, {}, [&](OpBuilder &b, ValueRange) {
      return loop(b, reads, 0, nest.extents[reads], n, {}, [&](OpBuilder &b, ValueRange) {
        at[reads] = clamped(b, reads, n);
        return loop(b, writes, 0, nest.extents[writes], n, {}, [&](OpBuilder &b, ValueRange) {
          at[writes] = clamped(b, writes, n);
          emitSquare(b, n);
          return SmallVector<Value>();
        });
      });
    });
  }

  void emitSquare(OpBuilder &b, int64_t n) {
    SmallVector<SmallVector<Value>> rows; // of each input, a vector or a scalar a row
    for (const Access &access : nest.inputs()) {
      SmallVector<Value> &own = rows.emplace_back();
      for (int64_t i = 0; i < n; ++i)
        own.push_back(isTurned(access) ? load(b, access, n, i * access.strides[writes])
                                       : load(b, access, access.strides[writes] ? n : 1,
                                              i * access.strides[reads]));
      if (isTurned(access))
        own = turn(b, own);
    }
    for (int64_t i = 0; i < n; ++i) {
      SmallVector<Value> arguments;
      for (auto &own : rows)
        arguments.push_back(own[i]);
      Value result = broadcast(b, loc, emitBody(b, arguments, yielded()), n);
      store(b, nest.out(), result, i * nest.out().strides[reads]);
    }
  }

  //===- A few channels -----------------------------------------------------------------------===//

  /// Element i of vector j of the result is element `source(j * width + i)` of all `parts`
  /// together.
  SmallVector<Value> redistribute(OpBuilder &b, ArrayRef<Value> parts,
                                  function_ref<int64_t(int64_t)> source) {
    int64_t width = cast<VectorType>(parts.front().getType()).getNumElements();
    SmallVector<Value> results;
    for (size_t j = 0; j < parts.size(); ++j) {
      // One part after the other is merged in; the lanes that are still to come don't matter.
      Value result;
      for (auto [p, part] : llvm::enumerate(parts)) {
        SmallVector<int64_t> mask;
        bool any = false;
        for (int64_t i = 0; i < width; ++i) {
          int64_t from = source(static_cast<int64_t>(j) * width + i);
          bool here = from / width == static_cast<int64_t>(p);
          any |= here;
          mask.push_back(here ? (result ? width : 0) + from % width : i);
        }
        if (any)
          result = shuffle(b, result ? result : part, part, mask);
      }
      results.push_back(result);
    }
    return results;
  }

  /// The result's innermost loop is short, and the elements of all its rows lie side by side: as
  /// many vectors along the other loop are interleaved.
  void emitInterleaved(OpBuilder &b, int64_t width) {
    int64_t count = nest.extents[writes];
    loops(b, outer, {}, [&](OpBuilder &b, ValueRange) {
      return loop(b, reads, 0, nest.extents[reads], width, {}, [&](OpBuilder &b, ValueRange) {
        at[reads] = clamped(b, reads, width);
        SmallVector<Value> parts;
        for (int64_t i = 0; i < count; ++i) {
          at[writes] = constant(b, i);
          SmallVector<Value> arguments;
          for (const Access &access : nest.inputs())
            arguments.push_back(loadAlong(b, access, reads, width));
          parts.push_back(broadcast(b, loc, emitBody(b, arguments, yielded()), width));
        }
        at[writes] = constant(b, 0);
        parts = redistribute(b, parts, [&](int64_t i) { return i % count * width + i / count; });
        for (auto [i, part] : llvm::enumerate(parts))
          store(b, nest.out(), part, i * width);
        return SmallVector<Value>();
      });
    });
  }

  /// The reverse: the loop that the turned inputs run along is short.
  void emitDeinterleaved(OpBuilder &b, int64_t width) {
    int64_t count = nest.extents[reads];
    loops(b, outer, {}, [&](OpBuilder &b, ValueRange) {
      return loop(b, writes, 0, nest.extents[writes], width, {}, [&](OpBuilder &b, ValueRange) {
        at[writes] = clamped(b, writes, width);
        at[reads] = constant(b, 0);
        SmallVector<SmallVector<Value>> rows;
        for (const Access &access : nest.inputs()) {
          SmallVector<Value> &own = rows.emplace_back();
          for (int64_t i = 0; i < count; ++i)
            own.push_back(isTurned(access) ? load(b, access, width, i * width)
                                           : load(b, access, access.strides[writes] ? width : 1,
                                                  i * access.strides[reads]));
          if (isTurned(access))
            own = redistribute(b, own, [&](int64_t i) { return i % width * count + i / width; });
        }
        for (int64_t i = 0; i < count; ++i) {
          SmallVector<Value> arguments;
          for (auto &own : rows)
            arguments.push_back(own[i]);
          Value result = broadcast(b, loc, emitBody(b, arguments, yielded()), width);
          store(b, nest.out(), result, i * nest.out().strides[reads]);
        }
        return SmallVector<Value>();
      });
    });
  }
};

/// Whether an input is the memory that is written: an element may not be computed twice then.
bool readsResult(const Nest &nest) {
  auto bufferOf = [](Value value) {
    while (auto view = value.getDefiningOp<ViewLikeOpInterface>()) {
      if (isa<memref::ViewOp>(view)) // of the arena, in which buffers lie beside each other
        break;
      value = view.getViewSource();
    }
    return value;
  };
  Value out = bufferOf(nest.out().buffer);
  return llvm::any_of(nest.inputs(), [&](const Access &access) {
    return !access.isScalar && bufferOf(access.buffer) == out;
  });
}

/// Channels that are too few for square blocks, and those that LLVM interleaves itself, better than
/// what is said here in shuffles of two registers, unless the row is so short that its scalar rest
/// counts.
constexpr int64_t kFew = 8, kVeryFew = 4, kLongRow = 16;

} // namespace

LogicalResult edgec::tile::emitTransposition(OpBuilder &b, Nest &nest, unsigned bits) {
  linalg::LinalgOp op = nest.op;
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() || nest.size() < nest.firstLoop() + 2 ||
      !op.getBlock()->getArguments().back().use_empty() || !hasVectorBody(nest))
    return failure();
  size_t writes = nest.size() - 1;
  if (nest.out().strides[writes] != 1)
    return failure();
  // The one other loop along which the rest of the inputs are contiguous.
  std::optional<size_t> reads;
  for (const Access &access : nest.inputs()) {
    if (access.strides[writes] <= 1)
      continue;
    for (size_t i = nest.firstLoop(); i < nest.size() && !reads; ++i)
      if (access.strides[i] == 1)
        reads = i;
    if (!reads || access.strides[*reads] != 1)
      return failure();
  }
  if (!reads)
    return failure();
  int64_t across = nest.extents[writes], along = nest.extents[*reads];
  unsigned widest = 8;
  for (const Access &access : nest.accesses)
    widest = std::max(widest, access.element.getIntOrFloatBitWidth());
  // Narrow elements are shuffled well within 128 bits only.
  int64_t lanes = llvm::bit_floor<uint64_t>((widest < 32 ? std::min(bits, 128u) : bits) / widest);
  if (lanes < 2)
    return failure();
  TranspositionEmitter emitter(nest, writes, *reads);
  bool once = readsResult(nest);
  auto all = [&](auto condition) { return llvm::all_of(nest.inputs(), condition); };
  if (std::min(across, along) <= kVeryFew && std::max(across, along) >= kLongRow * lanes)
    return failure();
  if (across < kFew && along >= lanes && nest.out().strides[*reads] == across &&
      all([&](const Access &access) { return access.strides[*reads] <= 1; })) {
    if (once && along % lanes)
      return failure();
    nest.flatten(b);
    emitter.emitInterleaved(b, lanes);
    return success();
  }
  if (along < kFew && across >= lanes && all([&](const Access &access) {
        return access.strides[writes] <= 1 || access.strides[writes] == along;
      })) {
    if (once && across % lanes)
      return failure();
    nest.flatten(b);
    emitter.emitDeinterleaved(b, lanes);
    return success();
  }
  int64_t n = std::min<int64_t>({lanes, 16, static_cast<int64_t>(llvm::bit_floor<uint64_t>(across)),
                                 static_cast<int64_t>(llvm::bit_floor<uint64_t>(along))});
  if (n < 4 || (once && (across % n || along % n)))
    return failure();
  nest.flatten(b);
  emitter.emitSquares(b, n);
  return success();
}
