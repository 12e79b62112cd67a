// Memory in which the input of a contraction lies as an instruction wants it.
#pragma once

#include "passes/tile/FlatBuffer.h"
#include "passes/tile/Machine.h"
#include "passes/tile/Window.h"

namespace edgec::tile {

/// What a panel may take of the stack. Weights are read once a panel, and better from the first
/// level of the cache: so most of the panel lies in the second.
constexpr int64_t kPanelBytes = 2 * kL1Bytes;

/// A buffer on the stack of the function that is being emitted: each thread has its own. It is
/// written from its beginning to its end.
struct Panel {
  mlir::Location loc;
  Machine machine;
  FlatBuffer x;       ///< the input; reading it gives what belongs into the panel
  mlir::Type element; ///< of the panel
  int64_t outside;    ///< what an element outside of the input is there
  mlir::Value memory; ///< one dimension
  int64_t run = 1;    ///< elements that are read at once

  /// Elements that are moved at once, where vectors are wide enough or a run is a word.
  int64_t copiedLanes() const { return std::max(machine.lanes(element), run); }

  /// Room for `count` elements, and for what pieces reach over the end.
  void allocate(mlir::OpBuilder &b, mlir::Operation *op, int64_t count);
  /// Writes `count` neighbouring elements, which `from` is the first of, to `to` and behind. What
  /// lies behind those may change too.
  void copy(mlir::OpBuilder &b, mlir::Value from, mlir::Value to, int64_t count) const;
  /// Writes `count` elements that lie outside.
  void fill(mlir::OpBuilder &b, mlir::Value to, int64_t count) const;
};

/// Rows of a channels-last image with their borders, in a panel: as many as some rows of results
/// read. All windows over them have one layout, and those that overlap share what they read.
struct ImageRows {
  WindowDim outer, last; ///< down the image, and along its rows
  bool twoDims;          ///< or one row is all there is
  int64_t channels;
  int64_t columns, rowElements; ///< of a row
  int64_t rows, outputRows;     ///< at a time
  int64_t elements() const { return rows * rowElements; }

  /// For windows `dims`; nothing where there are more than two dimensions, or where what one row of
  /// results reads takes more than `bytes`.
  static std::optional<ImageRows> plan(llvm::ArrayRef<WindowDim> dims, int64_t channels,
                                       int64_t elementBytes, int64_t bytes);
  /// Writes the rows that `count` rows of results from `first` on read, from the image that begins
  /// at `origin`.
  void layOut(mlir::OpBuilder &b, const Panel &panel, mlir::Value origin, mlir::Value first,
              mlir::Value count) const;
};

/// Whether positions from `low` to `high` lie in a dimension of `extent`.
mlir::Value isInside(mlir::OpBuilder &b, mlir::Location loc, mlir::Value low, mlir::Value high,
                     int64_t extent);
/// One of two pieces of code.
void emitEither(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
                llvm::function_ref<void(mlir::OpBuilder &)> then,
                llvm::function_ref<void(mlir::OpBuilder &)> otherwise);

} // namespace edgec::tile
