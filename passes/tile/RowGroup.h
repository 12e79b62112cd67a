// Ops that go through rows together.
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "passes/tile/Machine.h"

namespace edgec::tile {

/// Writes the loops of a group, and erases it. Fails, with an error, where an op in it can't be cut
/// into these rows.
llvm::LogicalResult emitRowGroup(mlir::OpBuilder &b, kernel::RowsOp group, const Machine &machine);

} // namespace edgec::tile
