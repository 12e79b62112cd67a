// Float weights as integers with scales.
#pragma once

#include "dialects/Edge/Edge.h"
#include "mlir/IR/Builders.h"

namespace edgec::quantize {

/// Scales are floats: the formulas compute with them, and others read them as such.
inline double asFloat(double value) { return static_cast<float>(value); }
/// No scale is less: it is far from where floats lose digits.
inline constexpr double kLeastScale = 0x1.0p-100;

/// Whether no number is NaN or infinite: others have no scale.
bool areFinite(const edge::HostTensor &numbers);

/// For each feature the scale with the least squared error: the largest weight may be cut off a bit
/// where the others gain by it. `featureOf` gives the feature of a flat index; integers go up to
/// `most`. 0 for a feature of zeros.
llvm::SmallVector<double> chooseScales(const edge::HostTensor &weights, int64_t features,
                                       llvm::function_ref<int64_t(int64_t)> featureOf,
                                       int64_t most);

/// The nearest integers, of i8, in [-most, most].
edge::HostTensor roundWeights(const edge::HostTensor &weights, llvm::ArrayRef<double> scales,
                              llvm::function_ref<int64_t(int64_t)> featureOf, int64_t most);

/// Constant integers read as numbers, one scale for each index of dimension `axis`.
mlir::Value createIntegers(mlir::OpBuilder &builder, mlir::Location loc,
                           const edge::HostTensor &integers, llvm::ArrayRef<double> scales,
                           int64_t axis, int64_t limit);

} // namespace edgec::quantize
