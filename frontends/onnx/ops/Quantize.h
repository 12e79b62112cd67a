// Between the integers of ONNX's quantized tensors and the numbers that they stand for.
#pragma once

#include "frontends/onnx/ops/Build.h"

namespace edgec::onnx_frontend {

/// Scale and zero point of a tensor, as inputs of a node.
struct Quantization {
  mlir::Value scale, zeroPoint; ///< no zero point: 0
  /// Where the slices lie that have a scale each, if there is more than one scale; counts from the
  /// end where it is negative.
  int64_t axis = 1;
  int64_t block = 0; ///< elements along the axis that share a scale; 0: all of a slice
};

/// (x - zero_point) * scale. Constant scales and zero points give an `edge.dequantize`, others the
/// formula. Null after an error.
mlir::Value dequantize(NodeContext &ctx, mlir::Value x, const Quantization &quantization);

/// saturate(round(x / scale) + zero_point), halves to even, as integers of `to`, which may have 4
/// bits. An `edge.quantize` or the formula. Null after an error.
mlir::Value quantize(NodeContext &ctx, mlir::Value x, const Quantization &quantization,
                     mlir::Type to);

/// Integers less their zero point (null: 0), as i32. A zero point that is a vector goes along
/// `axis`. Null after an error.
mlir::Value centred(NodeContext &ctx, mlir::Value x, mlir::Value zeroPoint, int64_t axis);

} // namespace edgec::onnx_frontend
