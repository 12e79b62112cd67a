#include "frontends/tflite/Hybrid.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using edge::ReduceKind;

bool edgec::tflite::isHybrid(const NodeContext &ctx, unsigned x, unsigned weights) {
  return ctx.input(x) && ctx.input(weights) && elementOf(ctx.input(x)).isF32() &&
         ctx.isQuantizedInput(weights) && elementOf(ctx.input(weights)).isSignlessInteger(8);
}

namespace {

/// In steps of the largest magnitude by 127.
RoundedFloats roundSymmetric(const NodeContext &ctx, Value x, ArrayRef<int64_t> axes) {
  constexpr double kMost = 127;
  Formula f(ctx);
  Value range = f.reduce(f.unary<edge::AbsOp>(x), ReduceKind::max, axes);
  if (!range)
    return {};
  // Zeros stay zeros, whatever they are divided by.
  Value none = f.compare(range, ctx.scalar(elementOf(x), 0), edge::ComparePredicate::equal);
  range = f.select(none, ctx.scalar(elementOf(x), 1), range);
  Value rounded = f.roundedTo(f.mul(x, f.div(kMost, range)), ctx.b.getI32Type());
  rounded = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(rounded, -kMost), kMost);
  if (!rounded)
    return {};
  // Narrow on the way: products read them so.
  Value narrow = ctx.cast(rounded, ctx.b.getI8Type());
  return {ctx.cast(narrow, ctx.b.getI32Type()), f.div(range, kMost)};
}

/// From the least to the largest in 256 steps, one of which is zero. Scales and zero points are
/// computed in double precision.
RoundedFloats roundAsymmetric(const NodeContext &ctx, Value x, ArrayRef<int64_t> axes) {
  constexpr double kLeast = -128, kMost = 127;
  Formula f(ctx);
  Type single = ctx.b.getF32Type(), precise = ctx.b.getF64Type(), i32 = ctx.b.getI32Type();
  Value low = f.binary<edge::MinOp>(f.reduce(x, ReduceKind::min, axes), 0.0);
  Value high = f.binary<edge::MaxOp>(f.reduce(x, ReduceKind::max, axes), 0.0);
  if (!low || !high)
    return {};
  low = ctx.cast(low, precise);
  high = ctx.cast(high, precise);
  Value none = f.compare(low, high, edge::ComparePredicate::equal);
  Value scale = f.div(f.sub(high, low), kMost - kLeast);
  scale = f.select(none, ctx.scalar(precise, 1), scale);
  // The zero point from the end that it is more exact from.
  Value below = f.div(low, scale), above = f.div(high, scale);
  Value error =
      f.sub(f.add(f.unary<edge::AbsOp>(below), -kLeast), f.add(f.unary<edge::AbsOp>(above), kMost));
  Value zero = f.select(f.compare(error, ctx.scalar(precise, 0), edge::ComparePredicate::less),
                        f.sub(kLeast, below), f.sub(kMost, above));
  zero = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(zero, kLeast), kMost);
  zero = f.select(none, ctx.scalar(precise, 0), zero);
  Value zeroPoint = f.roundedTo(zero, i32);
  if (!zeroPoint)
    return {};
  scale = ctx.cast(scale, single);
  Value moved = f.add(f.mul(x, f.div(1.0, scale)), ctx.cast(zeroPoint, single));
  Value rounded = f.roundedTo(moved, i32);
  rounded = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(rounded, kLeast), kMost);
  if (!rounded)
    return {};
  Value narrow = ctx.cast(rounded, ctx.b.getI8Type());
  return {f.sub(ctx.cast(narrow, i32), zeroPoint), scale};
}

} // namespace

RoundedFloats edgec::tflite::roundFloats(const NodeContext &ctx, Value x, ArrayRef<int64_t> axes,
                                         bool symmetric) {
  if (!x)
    return {};
  return symmetric ? roundSymmetric(ctx, x, axes) : roundAsymmetric(ctx, x, axes);
}

Value edgec::tflite::unrounded(const NodeContext &ctx, Value sums, const RoundedFloats &x,
                               ArrayRef<double> weightScales, Value bias) {
  if (!sums)
    return {};
  Formula f(ctx);
  auto count = static_cast<int64_t>(weightScales.size());
  edge::HostTensor scales(RankedTensorType::get({count}, ctx.b.getF32Type()));
  for (auto [i, scale] : llvm::enumerate(weightScales))
    scales.setFloat(static_cast<int64_t>(i), scale);
  Value products =
      f.mul(ctx.cast(sums, ctx.b.getF32Type()), f.mul(x.scales, ctx.constantTensor(scales)));
  return bias ? f.add(products, bias) : products;
}

Value edgec::tflite::multiplyRounded(const NodeContext &ctx, const RoundedFloats &rows,
                                     Value weights, ArrayRef<double> weightScales, Value bias) {
  if (!rows.integers || !weights)
    return {};
  Value sums = ctx.create<edge::MatMulOp>(rows.integers, ctx.cast(weights, ctx.b.getI32Type()),
                                          /*transpose_b=*/true);
  return unrounded(ctx, sums, rows, weightScales, bias);
}
