// Resampling of images and signals: every mode is a table of indices and weights for each axis.
#pragma once

#include "frontends/OpContext.h"

namespace edgec {

/// How positions of the result lie in the input, and what is made of the elements around them.
/// Names are those of ONNX's Resize.
struct Sampling {
  std::string mode = "linear"; ///< nearest, linear, cubic
  std::string transform = "half_pixel";
  std::string nearest = "round_prefer_floor";
  double cubicA = -0.75;
  bool excludeOutside = false, antialias = false;
};

/// One axis: how far it stretches, and the part of it that is looked at (tf_crop_and_resize).
struct ResampledAxis {
  int64_t dim, in, out;
  double scale, start = 0, end = 1;
};

/// x resampled along some axes; where the transform is `tf_crop_and_resize`, what lies outside is
/// `extrapolation`. Errors are emitted at the operator.
llvm::FailureOr<mlir::Value> createResize(const OpContext &ctx, mlir::Value x,
                                          const Sampling &sampling,
                                          llvm::ArrayRef<ResampledAxis> axes,
                                          double extrapolation = 0);

} // namespace edgec
