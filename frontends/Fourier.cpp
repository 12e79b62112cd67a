#include "frontends/Fourier.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace edgec;

double FourierTransform::entry(int64_t n, int64_t from, int64_t k, int64_t to) const {
  // Exact in the angle: only the product modulo the length matters.
  double turns = static_cast<double>((n * k) % length) / static_cast<double>(length);
  double angle = 2 * std::numbers::pi * turns * (inverse ? 1 : -1);
  double value = from == to ? std::cos(angle) : from == 0 ? std::sin(angle) : -std::sin(angle);
  if (inverse) {
    value /= static_cast<double>(length);
    // Half a spectrum stands for the other half too.
    if (onesided && n != 0 && 2 * n != length)
      value *= 2;
    if (onesided && from == 1 && (n == 0 || 2 * n == length))
      value = 0;
  }
  return value;
}

edge::HostTensor edgec::buildMatrix(const FourierTransform &transform, Type element,
                                    ArrayRef<int64_t> shape, ArrayRef<double> window) {
  edge::HostTensor matrix(RankedTensorType::get(shape, element));
  int64_t flat = 0;
  for (int64_t n = 0; n < transform.in; ++n)
    for (int64_t from = 0; from < transform.inParts; ++from)
      for (int64_t k = 0; k < transform.out; ++k)
        for (int64_t to = 0; to < transform.outParts; ++to)
          matrix.setFloat(flat++,
                          transform.entry(n, from, k, to) * (window.empty() ? 1 : window[n]));
  return matrix;
}
