// Buffers as one row of elements, and vectors loaded from and stored to them.
#pragma once

#include "passes/tile/Machine.h"
#include "passes/tile/Window.h"

namespace edgec::tile {

/// A buffer of static shape and strides, seen as one row of elements: address arithmetic is ours,
/// and simple.
struct FlatBuffer {
  mlir::Value memory; ///< memref<N x element>
  mlir::Type element;
  int64_t offset = 0;      ///< of the first element
  int64_t zeroPoint = 0;   ///< taken off each element that is loaded
  bool isUnsigned = false; ///< its integers, when they are widened
  bool isBlock = false;    ///< it is a `kernel.block`
  mlir::Value origin;      ///< what else is to be added to find it; null: nothing
  llvm::SmallVector<int64_t> shape, strides;
  int64_t ringRows = 0;   ///< where it is a `kernel.ring`, the rows that are there
  mlir::Value ringOrigin; ///< and where they begin; null: at row 0

  FlatBuffer() = default;
  /// Creates the view.
  FlatBuffer(mlir::OpBuilder &b, mlir::Location loc, mlir::Value buffer);

  /// Where the first element is.
  mlir::Value start(const IndexMath &index) const;
  /// Lets it begin at row `first` of matrix `matrix`; a block of rows begins there already.
  void moveTo(const IndexMath &index, mlir::Value matrix, mlir::Value first);
  /// Where row `row` of the first spatial dimension lies.
  mlir::Value row(const IndexMath &index, mlir::Value row) const;
  bool valid() const { return static_cast<bool>(memory); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  /// Repeats dimensions of extent 1 to the extents of `whole`.
  void broadcast(llvm::ArrayRef<int64_t> whole);
  /// Whether dimensions d and d + 1 can be seen as one, and seeing them so.
  bool collapsible(int64_t d) const;
  void collapse(int64_t d);
  /// Splits dimension d into two, of which the inner one has extent `inner`.
  void split(int64_t d, int64_t inner);
};

/// How the elements of one register lie: `valid` of them from some index; the rest is of no
/// interest.
struct LaneAccess {
  int64_t lanes, valid;
  bool masks; ///< by a masked access, else in pieces of powers of two
};

/// Loads a vector of `element` along the last dimension, converted from the buffer's own type; a
/// scalar where `lanes` is 1. Lanes that aren't valid are zero. Where the last dimension isn't
/// contiguous, that is done lane by lane.
mlir::Value loadVector(mlir::OpBuilder &b, mlir::Location loc, const FlatBuffer &buffer,
                       mlir::Value index, LaneAccess access, mlir::Type element);
void storeVector(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                 const FlatBuffer &buffer, mlir::Value index, LaneAccess access);
/// A scalar of the buffer in every lane.
mlir::Value loadSplat(mlir::OpBuilder &b, mlir::Location loc, const FlatBuffer &buffer,
                      mlir::Value index, int64_t lanes, mlir::Type element);

/// Asks for what is read some time after the `count` elements from `index` on: where all of a
/// buffer is read once, the processor's own prefetching doesn't keep up (docs/schedules.md).
void prefetch(mlir::OpBuilder &b, mlir::Location loc, const FlatBuffer &buffer, mlir::Value index,
              int64_t count);

/// Floats and integers to another width, and integers to floats.
mlir::Value convertElements(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                            mlir::Type element, bool isUnsigned = false);
/// What an element is computed in: f32 for narrower floats.
mlir::Type computeType(mlir::Type element);
/// sum + x * y, rounded once where the processor can.
mlir::Value multiplyAdd(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, mlir::Value y,
                        mlir::Value sum);

} // namespace edgec::tile
