// What a concatenation, a pad or an output takes is computed where it goes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace edgec {

/// Lets chains of destination-passing ops, with reshapes between them, that start in a fresh tensor
/// and end in a tensor.insert_slice or a bufferization.materialize_in_destination start in a slice
/// of that destination. Upstream's elimination of empty tensors stops at reshapes, and where the
/// slices of one destination aren't filled in the order of the ops.
void writeThrough(mlir::func::FuncOp function);

} // namespace edgec
