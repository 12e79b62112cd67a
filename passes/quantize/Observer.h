// What a tensor's elements were over many runs, and which range to quantize them by.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace edgec {

/// How a range is chosen from what was seen.
enum class ObserverMethod {
  minmax,     ///< all of it
  percentile, ///< without the outermost elements
  entropy,    ///< where the quantized distribution tells most about the real one
  mse,        ///< where the squared error is least
};

/// Counts elements in bins of one width. The bins widen, by powers of two, as larger elements come:
/// so nothing has to be known before, and the order of runs hardly matters.
class Observer {
public:
  /// All elements have to be finite.
  void add(llvm::ArrayRef<float> elements);

  double low() const { return least; }
  double high() const { return most; }
  uint64_t count() const { return total; }

  /// The range for integers of this many steps, `[low, high]` where there is nothing to gain.
  /// Always holds zero.
  std::pair<double, double> range(ObserverMethod method, int64_t steps, bool isSymmetric) const;

  /// The mean squared error of rounding to `steps` in a range.
  double squaredError(double low, double high, int64_t steps) const;

  /// The counts over [-limit, limit), for pictures.
  llvm::ArrayRef<uint64_t> histogram() const { return bins; }
  double limit() const { return bound; }

private:
  static constexpr int64_t kBins = 8192;
  void widen(double magnitude);
  double centre(int64_t bin) const;
  std::pair<double, double> percentileRange(double outside) const;
  double divergence(double low, double high, int64_t steps) const;

  double least = 0, most = 0, bound = 0;
  uint64_t total = 0;
  std::vector<uint64_t> bins;
};

} // namespace edgec
