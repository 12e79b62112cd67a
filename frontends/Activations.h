// Activations and powers as formulas, computed in f32 where x is narrower: what importers of
// several formats have. Null values are taken and returned, as in Formula.
#pragma once

#include "frontends/Formula.h"

namespace edgec {

/// x to a constant exponent that has a cheaper form; null where it hasn't.
mlir::Value cheapPower(const OpContext &ctx, mlir::Value x, double exponent);

/// ln(1 + e^x), which large x don't overflow.
mlir::Value softplus(const Formula &f, mlir::Value x);

mlir::Value createSelu(const OpContext &ctx, mlir::Value x, double alpha, double gamma);
/// max(0, x) + min(0, alpha * (e^(x / alpha) - 1))
mlir::Value createCelu(const OpContext &ctx, mlir::Value x, double alpha);
mlir::Value createHardSwish(const OpContext &ctx, mlir::Value x);
mlir::Value createMish(const OpContext &ctx, mlir::Value x);
/// x * sigmoid(alpha * x)
mlir::Value createSwish(const OpContext &ctx, mlir::Value x, double alpha = 1);
/// With `tanh`, the approximation by it.
mlir::Value createGelu(const OpContext &ctx, mlir::Value x, bool tanh);

} // namespace edgec
