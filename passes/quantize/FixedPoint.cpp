#include "passes/quantize/FixedPoint.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

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

Value quantize::limited(OpBuilder &b, Location loc, Value x, const Quantized &to) {
  x = edge::MaxOp::create(b, loc, x.getType(), x, scalar(b, loc, to.low));
  x = edge::MinOp::create(b, loc, x.getType(), x, scalar(b, loc, to.high));
  auto type = cast<RankedTensorType>(x.getType()).clone(to.storage);
  return edge::CastOp::create(b, loc, type, x, TypeAttr::get(to.storage));
}

Value quantize::divided(OpBuilder &b, Location loc, Value x, const edge::HostTensor &divisor) {
  edge::HostTensor up(divisor.getType()), down(divisor.getType());
  for (int64_t i = 0, e = divisor.getNumElements(); i < e; ++i) {
    up.setInt(i, divisor.getInt(i) / 2);
    down.setInt(i, -(divisor.getInt(i) / 2));
  }
  auto constant = [&](const edge::HostTensor &host) {
    return edge::ConstantOp::create(b, loc, host.toAttr());
  };
  auto type = cast<RankedTensorType>(x.getType());
  Value negative = edge::CompareOp::create(b, loc, type.clone(b.getI1Type()), x, scalar(b, loc, 0),
                                           edge::ComparePredicate::less);
  Value half = edge::SelectOp::create(b, loc, type, negative, constant(down), constant(up));
  return edge::DivOp::create(b, loc, type, edge::AddOp::create(b, loc, type, x, half),
                             constant(divisor));
}
