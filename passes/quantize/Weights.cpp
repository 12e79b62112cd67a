#include "passes/quantize/Weights.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include <cmath>

using namespace mlir;
using namespace edgec;

Value quantize::createIntegers(OpBuilder &builder, Location loc, const edge::HostTensor &integers,
                               ArrayRef<double> scales, int64_t axis, int64_t limit) {
  unsigned width = integers.getElementType().getIntOrFloatBitWidth();
  SmallVector<int64_t> zeros(scales.size(), 0);
  auto type = quant::UniformQuantizedPerAxisType::get(
      quant::QuantizationFlags::Signed, builder.getIntegerType(width), builder.getF32Type(), scales,
      zeros, static_cast<int32_t>(axis), -limit, limit);
  Value constant = edge::ConstantOp::create(builder, loc, integers.toAttr());
  return edge::DequantizeOp::create(builder, loc, constant, TypeAttr::get(type));
}

SmallVector<double> quantize::chooseScales(const edge::HostTensor &weights, int64_t features,
                                           llvm::function_ref<int64_t(int64_t)> featureOf,
                                           int64_t most) {
  SmallVector<double> whole(features, 0), best(features), least(features, HUGE_VAL);
  int64_t count = weights.getNumElements();
  for (int64_t i = 0; i < count; ++i)
    whole[featureOf(i)] = std::max(whole[featureOf(i)], std::fabs(weights.getFloat(i)));
  constexpr int kSteps = 24;
  constexpr double kLeastFactor = 0.76;
  for (int step = 0; step <= kSteps; ++step) {
    double factor = 1 - (1 - kLeastFactor) * step / kSteps;
    SmallVector<double> scales, errors(features, 0);
    for (double largest : whole)
      scales.push_back(largest * factor / static_cast<double>(most));
    for (int64_t i = 0; i < count; ++i) {
      double scale = scales[featureOf(i)], x = weights.getFloat(i);
      if (scale == 0)
        continue;
      double limit = scale * static_cast<double>(most);
      double error = x - std::clamp(std::nearbyint(x / scale) * scale, -limit, limit);
      errors[featureOf(i)] += error * error;
    }
    for (int64_t f = 0; f < features; ++f)
      if (errors[f] < least[f]) {
        least[f] = errors[f];
        best[f] = scales[f];
      }
  }
  return best;
}

edge::HostTensor quantize::roundWeights(const edge::HostTensor &weights, ArrayRef<double> scales,
                                        llvm::function_ref<int64_t(int64_t)> featureOf,
                                        int64_t most) {
  edge::HostTensor integers(
      weights.getType().clone(IntegerType::get(weights.getType().getContext(), 8)));
  for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i) {
    auto rounded = static_cast<int64_t>(std::nearbyint(weights.getFloat(i) / scales[featureOf(i)]));
    integers.setInt(i, std::clamp(rounded, -most, most));
  }
  return integers;
}

bool quantize::areFinite(const edge::HostTensor &numbers) {
  for (int64_t i = 0, e = numbers.getNumElements(); i < e; ++i)
    if (!std::isfinite(numbers.getFloat(i)))
      return false;
  return true;
}
