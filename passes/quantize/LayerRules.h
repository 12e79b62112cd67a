// How layers between `edge.dequantize`s and one `edge.quantize` are computed on integers.
#pragma once

#include "passes/quantize/Quantized.h"

namespace edgec::quantize {

/// Computes `numbers` (what is rounded, before activations) as integers of `to`; null where the
/// rule doesn't apply.
using LayerRule = mlir::Value (*)(mlir::OpBuilder &b, mlir::Value numbers, const Quantized &to);

/// Bit by bit as TFLite's reference kernels.
llvm::ArrayRef<LayerRule> getFixedPointRules();
/// With float scales, as ONNX's quantized operators and onnxruntime's kernels.
llvm::ArrayRef<LayerRule> getFloatScaleRules();

} // namespace edgec::quantize
