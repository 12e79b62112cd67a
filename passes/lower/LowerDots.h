// kernel.dot as a processor's instructions.
#pragma once

#include "dialects/Kernel/DotUnits.h"
#include "mlir/IR/Operation.h"

namespace edgec {

/// Replaces every `kernel.dot` in `root`: by the first of `units` that does what it says, else by
/// arithmetic on lanes, which is what it means.
void lowerDots(mlir::Operation *root, llvm::ArrayRef<kernel::DotUnit> units);

} // namespace edgec
