// The rules of getFixedPointRules, a family a file. Each computes what TFLite's reference kernel
// of that name does, bit by bit (tensorflow/lite/kernels/internal/reference, kernel_util.cc).
#pragma once

#include "passes/quantize/LayerRules.h"

namespace edgec::quantize::fixed_point {

// FixedPointProducts.cpp
mlir::Value convolve(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value multiplyWeights(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value multiplyMatrices(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);

// FixedPointElementwise.cpp
mlir::Value requantized(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value add(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value subtract(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value multiply(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value squareDifference(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value prelu(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);

// FixedPointReductions.cpp
mlir::Value averageWindows(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value largestInWindows(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value mean(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value sum(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);

// FixedPointTables.cpp
mlir::Value concatenate(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);
mlir::Value lookUp(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);

} // namespace edgec::quantize::fixed_point
