// What operators that are imported as integer arithmetic build with.
#pragma once

#include "dialects/Edge/FixedPoint.h"
#include "frontends/tflite/Importer.h"

namespace edgec::tflite {

/// The scale and zero point of a tensor that has one of each; nothing, without an error, otherwise.
struct ScaleAndZero {
  float scale = 0;
  int64_t zero = 0;

  static std::optional<ScaleAndZero> of(const Tensor *tensor);
};

/// An integer tensor less its zero point, as i32.
mlir::Value centred(const NodeContext &ctx, mlir::Value x, int64_t zero);

/// i32 times the factor, about `zero`, limited to what `bits` hold. The result has `storage`.
mlir::Value requantized(const NodeContext &ctx, mlir::Value x, const edge::FixedPoint &factor,
                        int64_t zero, unsigned bits, mlir::Type storage);
/// The same as signed integers of those bits.
mlir::Value requantized(const NodeContext &ctx, mlir::Value x, const edge::FixedPoint &factor,
                        int64_t zero, unsigned bits);

} // namespace edgec::tflite
