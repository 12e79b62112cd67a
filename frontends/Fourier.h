// Fourier transforms as products with constant matrices.
#pragma once

#include "frontends/OpContext.h"

namespace edgec {

/// A discrete Fourier transform: `in` points of `inParts` numbers each (real, imaginary) to `out`
/// points of `outParts`.
struct FourierTransform {
  int64_t length = 0, in = 0, inParts = 1, out = 0, outParts = 2;
  bool inverse = false, onesided = false;

  /// What input (`n`, `from`) adds to output (`k`, `to`).
  double entry(int64_t n, int64_t from, int64_t k, int64_t to) const;
  bool fits() const { return in * inParts <= kMostEntries / std::max<int64_t>(out * outParts, 1); }

  static constexpr int64_t kMostEntries = int64_t(1) << 24;
};

/// The matrix `[in * inParts, out * outParts]`, each row times an optional window's element.
edge::HostTensor buildMatrix(const FourierTransform &transform, mlir::Type element,
                             llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> window = {});

} // namespace edgec
