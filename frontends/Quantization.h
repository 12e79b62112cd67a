// Quantized types as model files give them.
#pragma once

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

namespace edgec {

/// The least and the largest integer of an edge element type.
std::pair<int64_t, int64_t> integerBounds(mlir::IntegerType type);

/// Whether every scale is positive, and not so small that dividing by it overflows, and every zero
/// point lies in the bounds; else an error at `loc` that begins with `what`.
llvm::LogicalResult checkQuantization(mlir::Location loc, const llvm::Twine &what,
                                      llvm::ArrayRef<double> scales,
                                      llvm::ArrayRef<int64_t> zeroPoints, int64_t low,
                                      int64_t high);

/// `!quant.uniform<...>` of f32 numbers: integers of edge element type `storage`, within bounds
/// that may be narrower, with one scale, or, from axis 0 on, one for each slice along `axis`.
mlir::quant::QuantizedType makeQuantized(mlir::Location loc, mlir::Type storage,
                                         llvm::ArrayRef<double> scales,
                                         llvm::ArrayRef<int64_t> zeroPoints, int64_t axis,
                                         int64_t low, int64_t high);

/// Has the constants of the module around `inside` stored in as few bits as their values need:
/// folding makes floats of the integers that a file has.
void storeNarrow(mlir::Operation *inside);

} // namespace edgec
