#include "frontends/Quantization.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cmath>

using namespace mlir;

std::pair<int64_t, int64_t> edgec::integerBounds(IntegerType type) {
  int64_t low = type.isUnsigned() ? 0 : -(int64_t(1) << (type.getWidth() - 1));
  return {low, low + (int64_t(1) << type.getWidth()) - 1};
}

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

void edgec::storeNarrow(Operation *inside) {
  auto module = mlir::dyn_cast<ModuleOp>(inside);
  if (!module)
    module = inside->getParentOfType<ModuleOp>();
  module->setAttr("edge.narrow_constants", UnitAttr::get(inside->getContext()));
}
