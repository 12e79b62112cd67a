// Layers of floats by weights of 8 bits, as TensorFlow Lite's hybrid kernels compute them: the
// floats are rounded to 8 bits, too, with a scale that is found when the model runs.
#pragma once

#include "frontends/tflite/Importer.h"

namespace edgec::tflite {

/// Whether inputs `x` and `weights` make a layer a hybrid one.
bool isHybrid(const NodeContext &ctx, unsigned x, unsigned weights);

/// Floats as integers times a scale.
struct RoundedFloats {
  mlir::Value integers; ///< i32, less their zero point
  mlir::Value scales;   ///< f32, of extent 1 along the axes that share one
};

/// Rounds floats that share a scale along `axes`: symmetric about zero in -127...127, or from their
/// least to their largest in 256 steps. Null values after an error.
RoundedFloats roundFloats(const NodeContext &ctx, mlir::Value x, llvm::ArrayRef<int64_t> axes,
                          bool symmetric);

/// Products of rounded floats and the integers of weights, summed, as floats. The output features
/// lie along the last dimension.
mlir::Value unrounded(const NodeContext &ctx, mlir::Value sums, const RoundedFloats &x,
                      llvm::ArrayRef<double> weightScales, mlir::Value bias);

/// Rounded rows [N, C] times the integers of weights [F, C], as floats.
mlir::Value multiplyRounded(const NodeContext &ctx, const RoundedFloats &rows, mlir::Value weights,
                            llvm::ArrayRef<double> weightScales, mlir::Value bias = {});

} // namespace edgec::tflite
