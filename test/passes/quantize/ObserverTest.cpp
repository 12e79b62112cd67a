#include "passes/quantize/Observer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace edgec;

namespace {

constexpr int64_t kSteps = 255;

std::vector<float> normal(size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values) { // a sum of uniform ones: the same in every standard library
    double sum = 0;
    for (int i = 0; i < 12; ++i)
      sum += static_cast<double>(random()) / 4294967296.0;
    value = static_cast<float>(sum - 6) * deviation;
  }
  return values;
}

uint64_t counted(const Observer &observer) {
  uint64_t sum = 0;
  for (uint64_t count : observer.histogram())
    sum += count;
  return sum;
}

} // namespace

TEST_CASE("a range holds all that was seen, and zero") {
  Observer observer;
  observer.add({1.0f, 3.0f});
  CHECK(observer.range(ObserverMethod::minmax, kSteps, false) == std::pair(0.0, 3.0));
  observer.add({-7.0f});
  CHECK(observer.range(ObserverMethod::minmax, kSteps, false) == std::pair(-7.0, 3.0));
  CHECK(observer.range(ObserverMethod::minmax, kSteps, true) == std::pair(-7.0, 7.0));
}

TEST_CASE("nothing, or nothing but zeros, has an empty range") {
  Observer observer;
  for (ObserverMethod method : {ObserverMethod::minmax, ObserverMethod::percentile,
                                ObserverMethod::entropy, ObserverMethod::mse})
    CHECK(observer.range(method, kSteps, false) == std::pair(0.0, 0.0));
  observer.add({0.0f, 0.0f});
  for (ObserverMethod method : {ObserverMethod::minmax, ObserverMethod::percentile,
                                ObserverMethod::entropy, ObserverMethod::mse})
    CHECK(observer.range(method, kSteps, false) == std::pair(0.0, 0.0));
}

TEST_CASE("bins widen without losing an element, and zeros come before") {
  Observer observer;
  observer.add({0.0f, 0.0f});
  observer.add({0.25f, -0.5f});
  observer.add({100.0f});
  observer.add(normal(1000, 300, 1));
  CHECK(counted(observer) == 1005);
  CHECK(observer.limit() >= observer.high());
  // The order of runs only matters within a bin.
  Observer other;
  other.add(normal(1000, 300, 1));
  other.add({100.0f, 0.25f, -0.5f, 0.0f, 0.0f});
  CHECK(counted(other) == 1005);
  CHECK(other.high() == observer.high());
}

TEST_CASE("few elements far out don't take up the steps") {
  Observer observer;
  observer.add(normal(1000000, 1, 2));
  observer.add({1000.0f});
  auto [low, high] = observer.range(ObserverMethod::percentile, kSteps, false);
  CHECK(high < 5);
  CHECK(low > -5);
  for (ObserverMethod method : {ObserverMethod::entropy, ObserverMethod::mse}) {
    auto range = observer.range(method, kSteps, false);
    CHECK(range.first >= observer.low());
    CHECK(range.second <= 1000);
  }
}

TEST_CASE("the least squared error is no more than that of all that was seen") {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Observer observer;
    std::vector<float> values = normal(20000, 1, seed);
    for (float &value : values) // heavier tails
      value = value * value * value;
    observer.add(values);
    auto all = observer.range(ObserverMethod::minmax, kSteps, false);
    auto best = observer.range(ObserverMethod::mse, kSteps, false);
    CHECK(observer.squaredError(best.first, best.second, kSteps) <
          observer.squaredError(all.first, all.second, kSteps));
    CHECK(best.second - best.first < all.second - all.first);
  }
}

TEST_CASE("what is one-sided stays so") {
  Observer observer;
  std::vector<float> values = normal(20000, 1, 5);
  for (float &value : values)
    value = std::max(value, 0.0f);
  observer.add(values);
  for (ObserverMethod method :
       {ObserverMethod::percentile, ObserverMethod::entropy, ObserverMethod::mse})
    CHECK(observer.range(method, kSteps, false).first == 0);
}
