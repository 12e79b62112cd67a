// Memory in which the input of a contraction lies as an instruction wants it.
#pragma once

#include "passes/tile/FlatBuffer.h"
#include "passes/tile/Machine.h"

namespace edgec::tile {

/// A buffer on the stack of the function that is being emitted: each thread has its own. It is
/// written from its beginning to its end.
struct Panel {
  mlir::Location loc;
  Machine machine;
  FlatBuffer x;       ///< the input; reading it gives what belongs into the panel
  mlir::Type element; ///< of the panel
  int64_t outside;    ///< what an element outside of the input is there
  mlir::Value memory; ///< one dimension

  /// Room for `count` elements, and for what pieces reach over the end.
  void allocate(mlir::OpBuilder &b, mlir::Operation *op, int64_t count);
  /// Writes `count` neighbouring elements, which `from` is the first of, to `to` and behind. What
  /// lies behind those may change too.
  void copy(mlir::OpBuilder &b, mlir::Value from, mlir::Value to, int64_t count) const;
  /// Writes `count` elements that lie outside.
  void fill(mlir::OpBuilder &b, mlir::Value to, int64_t count) const;
};

} // namespace edgec::tile
