// Pools over windows.
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "passes/tile/Machine.h"
#include "passes/tile/Window.h"

namespace edgec::tile {

/// The loops around a window op.
WindowNest windowNest(kernel::WindowOpInterface op, const Machine &machine);

/// A maximum, sum or average over each window, a vector of channels at a time.
class Pool {
public:
  Pool(kernel::PoolOp op, const Machine &machine);
  void emit(mlir::OpBuilder &b);
  /// Only these rows of the first of several dimensions.
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  kernel::PoolOp op;
  WindowNest nest;
};

} // namespace edgec::tile
