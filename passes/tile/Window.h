// Loop nests over windows: what convolutions and pools of any rank and direction share.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace edgec::tile {

/// Index arithmetic that folds constants as it goes.
struct IndexMath {
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value constant(int64_t value) const;
  mlir::Value add(mlir::Value x, mlir::Value y) const;
  mlir::Value add(mlir::Value x, int64_t y) const;
  mlir::Value sub(mlir::Value x, mlir::Value y) const;
  mlir::Value mul(mlir::Value x, mlir::Value y) const;
  mlir::Value mul(mlir::Value x, int64_t y) const;
  mlir::Value max(mlir::Value x, int64_t y) const;
  mlir::Value min(mlir::Value x, int64_t y) const;
  /// x / y for x >= 0, rounded down or up, and the rest.
  mlir::Value div(mlir::Value x, int64_t y) const;
  mlir::Value divUp(mlir::Value x, int64_t y) const;
  mlir::Value rem(mlir::Value x, int64_t y) const;
  /// x / y where y divides x, of any sign.
  mlir::Value divExact(mlir::Value x, int64_t y) const;
};

/// A loop over [low, high) by `step` that carries `values`. One that is known to run once is only
/// its body; one that never runs, nothing.
using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Value index, mlir::ValueRange values)>;
llvm::SmallVector<mlir::Value> createLoop(mlir::OpBuilder &b, mlir::Location loc, mlir::Value low,
                                          mlir::Value high, int64_t step, mlir::ValueRange values,
                                          LoopBody body);

/// Work shared among threads: part `part` of `parts` does iterations [count * part / parts, count *
/// (part + 1) / parts). The parts are the same whoever runs them.
struct Share {
  mlir::Value part;
  int64_t parts = 1;
  mlir::Value low, high; ///< where they are set, these bounds are the part's

  /// The bounds of this part of `count` iterations; all of them where nothing is shared.
  std::pair<mlir::Value, mlir::Value> of(const IndexMath &index, int64_t count) const;
  /// Emits `body` for one part only, the first or the last; for all there is where nothing is
  /// shared.
  using Body = llvm::function_ref<void(mlir::OpBuilder &)>;
  void first(mlir::OpBuilder &b, mlir::Location loc, Body body) const;
  void last(mlir::OpBuilder &b, mlir::Location loc, Body body) const;
};

/// Which part of a kernel meets the input at one output position: for j in [low, high), kernel
/// position `kernel + j * kernelStep` meets input position `input + j * inputStep`.
struct Reach {
  mlir::Value low, high, kernel, input;
  int64_t kernelStep, inputStep;
  mlir::Value position; ///< in the output
  bool whole;           ///< all of the kernel lies inside
};

/// Where rows of an image lie of which only the latest are there (`kernel.ring`).
struct RingRows {
  int64_t count = 0; ///< 0: all of them are there
  mlir::Value part;  ///< whose rows; null: there is one

  /// The place of a row in the buffer `[parts, count, ...]`, given as `[image, row, ...]`.
  void wrap(const IndexMath &index, llvm::MutableArrayRef<mlir::Value> at) const;
};

/// One spatial dimension of a window op. Both directions relate the extents by `large = small *
/// stride + k * dilation - padBefore`; a transposed one reads small and writes large, and gathers:
/// of the kernel it visits only the positions that a stride reaches.
struct WindowDim {
  int64_t in, out, kernel, stride, dilation, padBefore, padAfter;
  bool transposed;

  /// Output positions p, p + phases(), p + 2 * phases() ... meet the same kernel positions, at
  /// input positions `inputAdvance()` apart.
  int64_t phases() const { return transposed ? stride : 1; }
  /// Positions from the kernel's first one to its last one.
  int64_t span() const { return (kernel - 1) * dilation + 1; }
  int64_t inputAdvance() const { return transposed ? 1 : stride; }
  /// The steps t for which the kernel lies wholly inside at output position `p + t * phases()`,
  /// whatever the phase p.
  std::pair<int64_t, int64_t> interior() const;
  Reach reach(const IndexMath &index, mlir::Value position, bool whole) const;
};

/// Some neighbouring positions along the dimension that is tiled.
struct RowTile {
  mlir::Value first;
  std::optional<int64_t> known; ///< the same, where it is a constant
  std::optional<Reach> border;  ///< of a single position, where that is computed at run time
  int64_t rows = 0;
};

/// The positions of a dimension in tiles of `rows`. Tiles at the border know where they stand, and
/// can leave out what lies outside; those between are a loop. Where that would be too much code
/// (`singleBorders`), the border is single positions that find out at run time what lies outside.
struct TiledRow {
  const WindowDim &dim;
  int64_t rows;
  bool singleBorders = false;
  Share share; ///< of the loop; its first part has what comes before, its last what comes after

  /// The positions that the loop goes over.
  std::pair<int64_t, int64_t> looped() const;
  using Body = llvm::function_ref<void(mlir::OpBuilder &, const RowTile &)>;
  void emit(mlir::OpBuilder &b, mlir::Location loc, Body body) const;
};

/// Lanes of a tile that one register holds: `width` channels from `offset`; a width of 1 is a
/// scalar.
struct Lanes {
  int64_t offset, width;
};

/// What a tile computes: `rows` output positions along the last spatial dimension times channels
/// from `channel`. Accumulators are row-major.
struct Tile {
  mlir::Value batch, group, channel; ///< `channel` counts within the group
  llvm::SmallVector<Lanes> lanes;
  int64_t rows;
};

/// A place inside a window: the input position that row 0 meets, and the kernel position, a
/// dimension each.
struct Place {
  llvm::SmallVector<mlir::Value> input, kernel;
};

/// What is done at each place of a window.
class WindowKernel {
public:
  virtual ~WindowKernel() = default;
  virtual mlir::Value start(mlir::OpBuilder &b, const Tile &tile, Lanes lanes) const = 0;
  virtual llvm::SmallVector<mlir::Value>
  step(mlir::OpBuilder &b, const Tile &tile, const Place &place, mlir::ValueRange values) const = 0;
  virtual mlir::Value finish(mlir::OpBuilder &b, llvm::ArrayRef<Reach> reaches,
                             mlir::Value value) const {
    return value;
  }
  /// Stores a register of `width` channels at an index of the output.
  virtual void store(mlir::OpBuilder &b, mlir::Value value, mlir::ValueRange at,
                     int64_t width) const = 0;
};

/// The loops around it.
struct WindowNest {
  llvm::SmallVector<WindowDim> dims;
  int64_t batch = 1, groups = 1;
  int64_t channels = 1; ///< of the output, in each group
  int64_t vector = 1;   ///< channels in a register
  int64_t registers = 16;
  /// Each step reads as many channels as it writes, so nothing is gained from going over all
  /// positions with one block of channels.
  bool channelwise = false;
  Share rows; ///< of the first dimension, where there are more

  void emit(mlir::OpBuilder &b, mlir::Location loc, const WindowKernel &kernel) const;
  /// Index in the input of row `row` of a tile at a place, and of one of its channels.
  llvm::SmallVector<mlir::Value> inputIndex(const IndexMath &index, const Tile &tile,
                                            const Place &place, int64_t row,
                                            mlir::Value channel) const;

private:
  using TileBody = llvm::function_ref<void(mlir::OpBuilder &, const Tile &)>;
  using RowBody = llvm::function_ref<void(mlir::OpBuilder &, llvm::ArrayRef<Reach>)>;
  void emitBlocks(mlir::OpBuilder &b, mlir::Location loc, Tile tile, TileBody body) const;
  void emitRows(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<Reach> outer,
                RowBody body) const;
  void emitRow(mlir::OpBuilder &b, mlir::Location loc, const WindowKernel &kernel, Tile tile,
               llvm::ArrayRef<Reach> outer) const;
  void emitTile(mlir::OpBuilder &b, mlir::Location loc, const WindowKernel &kernel,
                const Tile &tile, llvm::ArrayRef<Reach> reaches) const;
  double cost(int64_t rows, int64_t lanes) const;
  int64_t chooseRows(int64_t lanes) const;
  int64_t chooseLanes() const;
};

// Elements and vectors of elements.
/// `element` itself, or a vector of it.
mlir::Type laneType(mlir::Type element, int64_t width);
mlir::Value createSplat(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
                        mlir::TypedAttr scalar);
/// Loads or stores lanes along the last dimension of a buffer, converted from and to its element
/// type.
mlir::Value loadLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value buffer,
                      mlir::ValueRange indices, int64_t width, mlir::Type element);
void storeLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::Value buffer,
                mlir::ValueRange indices);
/// Whether the last dimension of a buffer is contiguous.
bool isContiguous(mlir::Value buffer);

} // namespace edgec::tile
