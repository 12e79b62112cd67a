// Layers that importers of several formats have, with channels first: products, convolutions,
// normalisations. Null values are taken and returned, as in Formula.
#pragma once

#include "frontends/Formula.h"

namespace edgec {

/// A product in which vectors are matrices of one row (left) or one column (right), whose dimension
/// the result lacks.
llvm::FailureOr<Results> createMatMul(const OpContext &ctx, mlir::Value a, mlir::Value b);

/// A product of operands whose dimensions an equation labels, as `ij,jk->ik` or `...ij->...ji`.
llvm::FailureOr<Results> createEinsum(const OpContext &ctx, llvm::StringRef equation,
                                      mlir::ValueRange operands);

/// Whether a tensor is constant, or stands for constant integers.
bool isConstantWeight(mlir::Value value);

/// [F, C / groups, K...] to [K..., C / groups, F].
mlir::Value convFilter(const OpContext &ctx, mlir::Value filter);
/// [C, F / groups, K...], whose first dimension is split into groups, to [K..., C / groups, F].
mlir::Value transposedFilter(const OpContext &ctx, mlir::Value filter, int64_t groups);

/// x of shape [C] as [C, 1, ..., 1], so that it broadcasts over the channels of a tensor of `rank`.
mlir::Value perChannel(const OpContext &ctx, mlir::Value x, int64_t rank);

/// x - mean, mean and 1 / sqrt(variance + epsilon) over `axes`.
struct Moments {
  mlir::Value centered, mean, inverseDeviation;
};
Moments createMoments(const OpContext &ctx, mlir::Value x, llvm::ArrayRef<int64_t> axes,
                      double epsilon);

/// x * (scale / sqrt(variance + epsilon)) + (bias - mean * scale / sqrt(variance + epsilon)), in
/// f32 where x is narrower. A scale or bias that is null is one or zero.
mlir::Value createBatchNorm(const OpContext &ctx, mlir::Value x, mlir::Value scale,
                            mlir::Value bias, mlir::Value mean, mlir::Value variance,
                            double epsilon);

} // namespace edgec
