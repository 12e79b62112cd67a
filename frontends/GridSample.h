// Images read at positions that are computed at run time, as gathers and elementwise arithmetic.
#pragma once

#include "frontends/Formula.h"

namespace edgec {

mlir::Value clamped(const Formula &f, mlir::Value x, double low, double high);
/// 1 where low <= x <= high, else 0.
mlir::Value isBetween(const OpContext &ctx, mlir::Value x, double low, double high);

/// One tap along one spatial dimension: the index (a float, in range) and its weight (null for 1).
struct Tap {
  mlir::Value index, weight;
};

/// `images` [N, C, D...] at `places` [N, O..., spatial rank] in [-1, 1]. `mode` is nearest, linear
/// or cubic, `padding` zeros, border or reflection. A position outside is moved to the border, or,
/// with `tapsAlone`, only the elements that are read for it, which differs where they are weighed
/// as cubic ones. Null after an error.
mlir::Value createGridSample(const OpContext &ctx, mlir::Value images, mlir::Value places,
                             llvm::StringRef mode, llvm::StringRef padding, bool alignCorners,
                             bool tapsAlone = false);

} // namespace edgec
