// Layers in fixed point (gemmlowp; tensorflow/lite/kernels/internal/quantization_util.cc).
#pragma once

#include "dialects/Edge/FixedPoint.h"
#include "passes/quantize/Quantized.h"

namespace edgec::quantize {

using edge::FixedPoint;

/// `x` times the factor, rounded twice or `once`, as integers of `to`.
mlir::Value requantize(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       const FixedPoint &factor, const Quantized &to, bool once = false);
/// A sum at its own scale, which only the shift is taken off.
mlir::Value rescale(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                    const FixedPoint &factor);
/// i32 as integers of `to`, limited.
mlir::Value limited(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x, const Quantized &to);
/// i32 divided to nearest, halves away from zero; `divisor` is a constant of positive i32.
mlir::Value divided(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                    const edge::HostTensor &divisor);

/// As kernels compute with scales that they have as floats.
inline double inSingle(double x) { return static_cast<float>(x); }

} // namespace edgec::quantize
