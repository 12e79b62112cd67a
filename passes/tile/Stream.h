// Window ops that go through an image together.
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "passes/tile/Machine.h"

namespace edgec::tile {

/// How the rows of a window op's first dimension depend on those of its input.
struct RowWindow {
  int64_t in, out; ///< rows
  int64_t window, stride, dilation, padBefore;

  static RowWindow of(kernel::WindowOpInterface op);
  /// Rows of the input that the first `end` rows of the result need, for `end` above 0; and the
  /// first row of it that row `row` needs.
  int64_t needed(int64_t end) const;
  int64_t firstNeeded(int64_t row) const;
};

/// Rows that each ring between the ops of a stream has to hold, a power of two.
llvm::SmallVector<int64_t> ringRows(llvm::ArrayRef<RowWindow> windows, int64_t rows, int64_t parts);

/// Writes the loops of a stream, and erases it.
void emitStream(mlir::OpBuilder &b, kernel::StreamOp stream, const Machine &machine);

} // namespace edgec::tile
