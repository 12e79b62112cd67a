#include "passes/quantize/FixedPointRules.h"

using namespace edgec;
using namespace edgec::quantize;

llvm::ArrayRef<LayerRule> quantize::getFixedPointRules() {
  // Tables fit any function of one operand, so they come last.
  static constexpr LayerRule rules[] = {
      fixed_point::convolve,
      fixed_point::multiplyWeights,
      fixed_point::multiplyMatrices,
      fixed_point::requantized,
      fixed_point::add,
      fixed_point::subtract,
      fixed_point::multiply,
      fixed_point::squareDifference,
      fixed_point::prelu,
      fixed_point::averageWindows,
      fixed_point::largestInWindows,
      fixed_point::mean,
      fixed_point::sum,
      fixed_point::concatenate,
      fixed_point::lookUp,
  };
  return rules;
}
