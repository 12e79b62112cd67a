// The scales and zero points of a quantized type, and which of them an element has.
#pragma once

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace edgec::edge {

/// On an argument or a result of a model: the `!quant.uniform` type, of one scale, by which its
/// integers stand for numbers. Frontends write it where the file says so, and descriptions of the
/// compiled model repeat it.
inline constexpr llvm::StringLiteral kQuantizedAttr = "edge.quantized";

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
