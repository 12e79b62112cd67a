// Scales as integers and shifts (gemmlowp; tensorflow/lite/kernels/internal/quantization_util.cc).
#pragma once

#include "passes/quantize/Quantized.h"

namespace edgec::quantize {

/// factor = multiplier * 2^(shift - 31), as QuantizeMultiplier.
struct FixedPoint {
  llvm::SmallVector<int32_t> multipliers, shifts;

  /// Appends one; false where it can't be expressed.
  [[nodiscard]] bool add(double factor);
};

/// `x` times the factor, rounded twice or `once`, as integers of `to`.
mlir::Value requantize(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       const FixedPoint &factor, const Quantized &to, bool once = false);
/// A sum at its own scale, which only the shift is taken off.
mlir::Value rescale(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                    const FixedPoint &factor);

} // namespace edgec::quantize
