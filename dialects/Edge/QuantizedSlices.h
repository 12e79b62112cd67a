// The scales and zero points of a quantized type, and which of them an element has.
#pragma once

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace edgec::edge {

struct QuantizedSlices {
  llvm::SmallVector<double> scales; ///< one, or one for each slice
  llvm::SmallVector<int64_t> zeroPoints;
  int64_t inner = 1; ///< elements of one slice that follow each other

  /// Of a uniform type, per tensor or per axis, on a tensor of `shape`.
  QuantizedSlices(mlir::Type quantized, llvm::ArrayRef<int64_t> shape);

  /// The slice of the element with a flat index.
  size_t of(int64_t flat) const { return flat / inner % scales.size(); }
};

} // namespace edgec::edge
