#include "passes/quantize/FixedPoint.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

bool FixedPoint::add(double factor) {
  int shift = 0;
  auto multiplier = static_cast<int64_t>(std::round(std::frexp(factor, &shift) * (1ll << 31)));
  if (multiplier == 1ll << 31) {
    multiplier /= 2;
    ++shift;
  }
  if (shift < -31)
    shift = 0, multiplier = 0;
  multipliers.push_back(static_cast<int32_t>(multiplier));
  shifts.push_back(shift);
  return std::isfinite(factor) && factor > 0 && shift <= 30;
}

Value quantize::requantize(OpBuilder &b, Location loc, Value x, const FixedPoint &factor,
                           const Quantized &to, bool once) {
  return edge::RequantizeOp::create(
      b, loc, x, factor.multipliers, factor.shifts, static_cast<int32_t>(to.zeroPoint),
      static_cast<int32_t>(to.low), static_cast<int32_t>(to.high), to.storage, once);
}

Value quantize::rescale(OpBuilder &b, Location loc, Value x, const FixedPoint &factor) {
  return edge::RequantizeOp::create(b, loc, x, factor.multipliers, factor.shifts, 0, INT32_MIN,
                                    INT32_MAX, b.getI32Type(), /*rounds_once=*/false);
}
