#include "frontends/Quantization.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cmath>

using namespace mlir;

LogicalResult edgec::checkQuantization(Location loc, const Twine &what, ArrayRef<double> scales,
                                       ArrayRef<int64_t> zeroPoints, int64_t low, int64_t high) {
  // Scales are floats in the file: what is too small to divide by is as wrong as zero.
  for (double scale : scales)
    if (!(scale >= std::numeric_limits<float>::min()) || !std::isfinite(scale))
      return emitError(loc) << what << " a scale of " << scale
                            << ", which is not a positive, normal number";
  for (int64_t zero : zeroPoints)
    if (zero < low || zero > high)
      return emitError(loc) << what << " a zero point of " << zero << ", which is outside of "
                            << low << " to " << high;
  return success();
}

quant::QuantizedType edgec::makeQuantized(Location loc, Type storage, ArrayRef<double> scales,
                                          ArrayRef<int64_t> zeroPoints, int64_t axis, int64_t low,
                                          int64_t high) {
  auto integer = cast<IntegerType>(storage);
  unsigned flags = integer.isUnsigned() ? 0 : quant::QuantizationFlags::Signed;
  Type numbers = Float32Type::get(loc.getContext());
  Type signless = IntegerType::get(loc.getContext(), integer.getWidth());
  auto error = [&] { return emitError(loc); };
  if (axis < 0)
    return quant::UniformQuantizedType::getChecked(error, flags, signless, numbers, scales[0],
                                                   zeroPoints[0], low, high);
  return quant::UniformQuantizedPerAxisType::getChecked(
      error, flags, signless, numbers, scales, zeroPoints, static_cast<int32_t>(axis), low, high);
}
