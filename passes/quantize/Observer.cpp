#include "passes/quantize/Observer.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <cmath>

using namespace edgec;

void Observer::add(llvm::ArrayRef<float> elements) {
  if (elements.empty())
    return;
  auto [low, high] = std::minmax_element(elements.begin(), elements.end());
  least = total ? std::min<double>(least, *low) : *low;
  most = total ? std::max<double>(most, *high) : *high;
  total += elements.size();
  widen(std::max(-least, most));
  if (bins.empty()) // nothing but zeros so far
    bins.assign(kBins, 0);
  if (bound == 0) {
    bins[kBins / 2] += elements.size();
    return;
  }
  double scale = kBins / 2 / bound;
  for (float element : elements) {
    auto bin = static_cast<int64_t>(std::floor(element * scale)) + kBins / 2;
    ++bins[std::clamp<int64_t>(bin, 0, kBins - 1)];
  }
}

/// Makes room for elements of this magnitude: two bins become one, around the middle.
void Observer::widen(double magnitude) {
  if (magnitude == 0)
    return;
  double needed = std::exp2(std::ceil(std::log2(magnitude)));
  if (bound == 0 || bins.empty()) {
    bound = needed;
    return;
  }
  for (; bound < needed; bound *= 2) {
    std::vector<uint64_t> wider(kBins, 0);
    for (int64_t i = 0; i < kBins; ++i)
      wider[(i + kBins / 2) / 2] += bins[i];
    bins = std::move(wider);
  }
}

double Observer::centre(int64_t bin) const {
  return (static_cast<double>(bin - kBins / 2) + 0.5) * bound / (kBins / 2);
}

double Observer::squaredError(double low, double high, int64_t steps) const {
  if (!total || high <= low)
    return 0;
  double scale = (high - low) / static_cast<double>(steps), sum = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(bins.size()); ++i) {
    if (!bins[i])
      continue;
    double x = centre(i);
    double rounded = std::clamp(std::nearbyint(x / scale) * scale, low, high);
    sum += static_cast<double>(bins[i]) * (x - rounded) * (x - rounded);
  }
  return sum / static_cast<double>(total);
}

/// The Kullback-Leibler divergence of the quantized distribution from the real one. What is outside
/// counts for the outermost bins; a step's elements are spread over its bins that have any.
double Observer::divergence(double low, double high, int64_t steps) const {
  double scale = (high - low) / static_cast<double>(steps);
  auto count = static_cast<int64_t>(bins.size());
  std::vector<double> clipped(count, 0), spread(count, 0), sums(steps + 1, 0), places(steps + 1, 0);
  auto binOf = [&](double x) {
    auto bin = static_cast<int64_t>(std::floor(x * (kBins / 2) / bound)) + kBins / 2;
    return std::clamp<int64_t>(bin, 0, count - 1);
  };
  int64_t first = binOf(low), last = binOf(high);
  auto stepOf = [&](int64_t bin) {
    double step = std::nearbyint((centre(bin) - low) / scale);
    return std::clamp<int64_t>(static_cast<int64_t>(step), 0, steps);
  };
  for (int64_t i = 0; i < count; ++i) {
    clipped[std::clamp(i, first, last)] += static_cast<double>(bins[i]);
    if (i < first || i > last || !bins[i])
      continue;
    sums[stepOf(i)] += static_cast<double>(bins[i]);
    places[stepOf(i)] += 1;
  }
  double inside = 0;
  for (double sum : sums)
    inside += sum;
  if (inside == 0)
    return HUGE_VAL;
  constexpr double kLeast = 1e-12; // in place of nothing, which has no logarithm
  double result = 0, all = static_cast<double>(total);
  for (int64_t i = first; i <= last; ++i) {
    if (clipped[i] == 0)
      continue;
    int64_t step = stepOf(i);
    double q = bins[i] && places[step] > 0 ? sums[step] / places[step] / inside : kLeast;
    double p = clipped[i] / all;
    result += p * std::log(p / q);
  }
  return result;
}

std::pair<double, double> Observer::percentileRange(double outside) const {
  auto limit = static_cast<uint64_t>(static_cast<double>(total) * outside);
  double width = bound / (kBins / 2), low = least, high = most;
  uint64_t seen = 0;
  for (int64_t i = 0; i < kBins; ++i)
    if ((seen += bins[i]) > limit) {
      low = std::max(low, static_cast<double>(i - kBins / 2) * width);
      break;
    }
  seen = 0;
  for (int64_t i = kBins - 1; i >= 0; --i)
    if ((seen += bins[i]) > limit) {
      high = std::min(high, static_cast<double>(i + 1 - kBins / 2) * width);
      break;
    }
  return {low, high};
}

std::pair<double, double> Observer::range(ObserverMethod method, int64_t steps,
                                          bool isSymmetric) const {
  auto held = [&](double low, double high) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
    return isSymmetric ? std::pair(std::min(low, -high), std::max(high, -low))
                       : std::pair(low, high);
  };
  std::pair<double, double> whole = held(least, most);
  if (method == ObserverMethod::minmax || !total || bound == 0)
    return whole;
  if (method == ObserverMethod::percentile) {
    constexpr double kOutside = 1e-4;
    auto [low, high] = percentileRange(kOutside);
    return held(low, high);
  }
  auto cost = [&](double low, double high) {
    return method == ObserverMethod::mse ? squaredError(low, high, steps)
                                         : divergence(low, high, steps);
  };
  // Both ends by one factor first, then each alone.
  constexpr int kSteps = 48;
  constexpr double kLeastFactor = 0.2;
  std::pair<double, double> best = whole;
  double least = cost(best.first, best.second);
  auto shrink = [&](bool lower, bool upper) {
    auto [low, high] = best;
    for (int i = 1; i <= kSteps; ++i) {
      double factor = 1 - (1 - kLeastFactor) * i / kSteps;
      std::pair<double, double> tried(lower ? low * factor : low, upper ? high * factor : high);
      double found = cost(tried.first, tried.second);
      if (found < least) {
        least = found;
        best = tried;
      }
    }
  };
  shrink(true, true);
  if (!isSymmetric && best.first < 0 && best.second > 0) {
    shrink(true, false);
    shrink(false, true);
  }
  return best;
}
