// Rows of functions of numbers: rounding, exponentials, logarithms, angles.
#include "frontends/torch/ops/Build.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

/// Of one op that integers pass as they are.
template <typename Op> FailureOr<Results> rounding(NodeContext &ctx) {
  if (!isa<FloatType>(elementOf(ctx.input(0))))
    return one(ctx.input(0));
  return unary<Op>(ctx);
}
FailureOr<Results> importTrunc(NodeContext &ctx) { return one(truncated(ctx, ctx.input(0))); }

FailureOr<Results> importRoundDecimals(NodeContext &ctx) {
  int64_t decimals = ctx.integer("decimals");
  if (std::abs(decimals) > 30)
    return ctx.error("rounds to ") << decimals << " decimals";
  double scale = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  Formula f(ctx);
  if (!isa<FloatType>(elementOf(ctx.input(0))) || decimals == 0)
    return rounding<edge::RoundOp>(ctx);
  return one(f.inSingle(ctx.input(0), [&](Value x) {
    return decimals > 0 ? f.div(f.unary<edge::RoundOp>(f.mul(x, scale)), scale)
                        : f.mul(f.unary<edge::RoundOp>(f.div(x, scale)), scale);
  }));
}

FailureOr<Results> importSign(NodeContext &ctx) {
  if (elementOf(ctx.input(0)).isInteger(1))
    return one(ctx.input(0));
  return unary<edge::SignOp>(ctx);
}

/// Of complex numbers, their size.
FailureOr<Results> importAbs(NodeContext &ctx) {
  if (ctx.isComplex(0)) {
    Formula f(ctx);
    Value x = ctx.input(0);
    return one(
        f.sqrt(f.reduce(f.mul(x, x), edge::ReduceKind::sum, typeOf(x).getRank() - 1, false)));
  }
  if (elementOf(ctx.input(0)).isInteger(1))
    return one(ctx.input(0));
  return unary<edge::AbsOp>(ctx);
}

FailureOr<Results> importSquare(NodeContext &ctx) {
  return one(ctx.create<edge::MulOp>(ctx.input(0), ctx.input(0)));
}

Value rsqrt(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.unary<edge::ReciprocalOp>(f.sqrt(x));
}
Value exp2(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.unary<edge::ExpOp>(f.mul(x, std::numbers::ln2));
}
/// e^x - 1; near zero as 2t / (1 - t) with t = tanh(x / 2), which loses no digits.
Value expm1(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  Value t = f.unary<edge::TanhOp>(f.mul(x, 0.5));
  Value near = f.div(f.mul(t, 2.0), f.sub(1.0, t));
  Value far = f.sub(f.unary<edge::ExpOp>(x), 1.0);
  Value isNear = f.compare(f.unary<edge::AbsOp>(x), ctx.scalar(elementOf(x), 0.5), P::less);
  return f.select(isNear, near, far);
}
/// ln(1 + x); near zero as x ln(u) / (u - 1) with u = 1 + x rounded, whose error is the same above
/// and below.
Value log1p(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  Value u = f.add(x, 1.0), log = f.unary<edge::LogOp>(u), rest = f.sub(u, 1.0);
  Value zero = ctx.scalar(elementOf(x), 0);
  Value near = f.select(f.compare(rest, zero, P::equal), x, f.div(f.mul(x, log), rest));
  Value isNear = f.compare(f.unary<edge::AbsOp>(x), ctx.scalar(elementOf(x), 0.5), P::less);
  return f.select(isNear, near, log);
}
Value log2(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.mul(f.unary<edge::LogOp>(x), std::numbers::log2e);
}
Value log10(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.mul(f.unary<edge::LogOp>(x), std::numbers::log10e);
}
Value erfc(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.sub(1.0, f.unary<edge::ErfOp>(x));
}
Value frac(const NodeContext &ctx, Value x) { return Formula(ctx).sub(x, truncated(ctx, x)); }
Value degrees(const NodeContext &ctx, Value x) {
  return Formula(ctx).mul(x, 180 / std::numbers::pi);
}
Value radians(const NodeContext &ctx, Value x) {
  return Formula(ctx).mul(x, std::numbers::pi / 180);
}
Value sinc(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  Value at = f.mul(x, std::numbers::pi);
  Value isZero = f.compare(x, ctx.scalar(elementOf(x), 0), P::equal);
  return f.select(isZero, ctx.scalar(elementOf(x), 1), f.div(f.unary<edge::SinOp>(at), at));
}

/// Whether the sign bit is set: of zeros, too.
Value isNegative(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  if (!x)
    return {};
  Value zero = ctx.scalar(elementOf(x), 0), below = f.compare(x, zero, P::less);
  if (!isa<FloatType>(elementOf(x)))
    return below;
  Value reciprocal = f.unary<edge::ReciprocalOp>(x);
  Value negativeZero =
      f.binary<edge::AndOp>(f.compare(x, zero, P::equal), f.compare(reciprocal, zero, P::less));
  return f.binary<edge::OrOp>(below, negativeZero);
}
FailureOr<Results> importSignbit(NodeContext &ctx) { return one(isNegative(ctx, ctx.input(0))); }

FailureOr<Results> importLogit(NodeContext &ctx) {
  Formula f(ctx);
  return one(f.inSingle(floats(ctx), [&](Value x) {
    if (ctx.has("eps")) {
      double eps = ctx.real("eps");
      x = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, eps), 1 - eps);
    }
    return f.unary<edge::LogOp>(f.div(x, f.sub(1.0, x)));
  }));
}

/// `fn(x, y)` of two operands as floats, in f32 where they are narrower.
template <typename Fn> FailureOr<Results> inFloats(NodeContext &ctx, Fn fn) {
  Promoted p = promoted(ctx, 0, 1, /*toFloat=*/true);
  Type wide = Formula::wideType(p.element);
  Value x = ctx.cast(p.x, wide), y = ctx.cast(p.y, wide);
  if (!x || !y)
    return failure();
  return one(ctx.cast(fn(Formula(ctx), x, y), p.element));
}

FailureOr<Results> importAtan2(NodeContext &ctx) {
  return inFloats(ctx, [&](Formula, Value y, Value x) { return createAtan2(ctx, y, x); });
}

FailureOr<Results> importHypot(NodeContext &ctx) {
  return inFloats(
      ctx, [](Formula f, Value x, Value y) { return f.sqrt(f.add(f.mul(x, x), f.mul(y, y))); });
}

FailureOr<Results> importCopysign(NodeContext &ctx) {
  return inFloats(ctx, [&](Formula f, Value x, Value y) {
    Value size = f.unary<edge::AbsOp>(x);
    return f.select(isNegative(ctx, y), f.unary<edge::NegOp>(size), size);
  });
}

FailureOr<Results> importXlogy(NodeContext &ctx) {
  return inFloats(ctx, [&](Formula f, Value x, Value y) {
    Value isZero = f.compare(x, ctx.scalar(elementOf(x), 0), P::equal);
    Value isNumber = f.unary<edge::NotOp>(f.unary<edge::IsNaNOp>(y));
    Value product = f.mul(x, f.unary<edge::LogOp>(y));
    return f.select(f.binary<edge::AndOp>(isZero, isNumber), ctx.scalar(elementOf(x), 0), product);
  });
}

/// ln(e^x + e^y) as max + ln(1 + e^-|x - y|).
FailureOr<Results> importLogaddexp(NodeContext &ctx) {
  return inFloats(ctx, [&](Formula f, Value x, Value y) {
    Value distance = f.unary<edge::AbsOp>(f.sub(x, y));
    Value tail = log1p(ctx, f.unary<edge::ExpOp>(f.unary<edge::NegOp>(distance)));
    Value largest = f.binary<edge::MaxOp>(x, y);
    return f.select(ctx.create<edge::IsInfOp>(largest, true, true), largest, f.add(largest, tail));
  });
}

/// The larger or the smaller, of which a number wins over NaN.
template <typename Op> FailureOr<Results> importNumberOf(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  Value both = f.binary<Op>(p.x, p.y);
  if (!isa<FloatType>(p.element))
    return one(both);
  Value noX = f.unary<edge::IsNaNOp>(p.x), noY = f.unary<edge::IsNaNOp>(p.y);
  return one(f.select(noX, p.y, f.select(noY, p.x, both)));
}

FailureOr<Results> importHeaviside(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  Value zero = ctx.scalar(p.element, 0), one = ctx.scalar(p.element, 1);
  Value above = f.select(f.compare(p.x, zero, P::greater), one, zero);
  return edgec::one(f.select(f.compare(p.x, zero, P::equal), p.y, above));
}

FailureOr<Results> importNanToNum(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  auto type = dyn_cast<FloatType>(elementOf(x));
  if (!type)
    return one(x);
  double largest = llvm::APFloat::getLargest(type.getFloatSemantics()).convertToDouble();
  auto number = [&](double value) { return ctx.scalar(type, value); };
  x = f.select(f.unary<edge::IsNaNOp>(x), number(ctx.real("nan", 0)), x);
  x = f.select(ctx.create<edge::IsInfOp>(x, false, true), number(ctx.real("posinf", largest)), x);
  return one(
      f.select(ctx.create<edge::IsInfOp>(x, true, false), number(ctx.real("neginf", -largest)), x));
}

FailureOr<Results> importLerp(NodeContext &ctx) {
  Formula f(ctx);
  Value start = ctx.input(0);
  Type element = elementOf(start), wide = Formula::wideType(element);
  start = ctx.cast(start, wide);
  Value end = ctx.cast(ctx.input(1), wide), weight = ctx.operandAs(2, wide);
  return one(ctx.cast(f.add(start, f.mul(weight, f.sub(end, start))), element));
}

/// self + value * tensor1 * tensor2, or / tensor2.
template <typename Op> FailureOr<Results> importAddc(NodeContext &ctx) {
  FailureOr<Number> value = ctx.scalar("value");
  if (failed(value))
    return failure();
  Type element = promote({ctx.operand(0), ctx.operand(1), ctx.operand(2)});
  Type wide = Formula::wideType(element);
  Formula f(ctx);
  Value product = f.binary<Op>(ctx.operandAs(1, wide), ctx.operandAs(2, wide));
  if (value->asReal() != 1)
    product = f.mul(product, ctx.constant(*value, wide));
  return one(ctx.cast(f.add(ctx.operandAs(0, wide), product), element));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getFunctionRows() {
  static const OperatorRow rows[] = {
      {"aten::fmax(Tensor self, Tensor other) -> Tensor", importNumberOf<edge::MaxOp>},
      {"aten::fmin(Tensor self, Tensor other) -> Tensor", importNumberOf<edge::MinOp>},
      {"aten::floor(Tensor self) -> Tensor", rounding<edge::FloorOp>},
      {"aten::floor_(Tensor(a!) self) -> Tensor(a!)", rounding<edge::FloorOp>},
      {"aten::ceil(Tensor self) -> Tensor", rounding<edge::CeilOp>},
      {"aten::ceil_(Tensor(a!) self) -> Tensor(a!)", rounding<edge::CeilOp>},
      {"aten::round(Tensor self) -> Tensor", rounding<edge::RoundOp>},
      {"aten::round_(Tensor(a!) self) -> Tensor(a!)", rounding<edge::RoundOp>},
      {"aten::round.decimals(Tensor self, *, int decimals) -> Tensor", importRoundDecimals},
      {"aten::trunc(Tensor self) -> Tensor", importTrunc},
      {"aten::trunc_(Tensor(a!) self) -> Tensor(a!)", importTrunc},
      {"aten::fix(Tensor self) -> Tensor", importTrunc},
      {"aten::sign(Tensor self) -> Tensor", importSign},
      {"aten::sgn(Tensor self) -> Tensor", importSign},
      {"aten::abs(Tensor self) -> Tensor", importAbs, OnComplex::whole},
      {"aten::abs_(Tensor(a!) self) -> Tensor(a!)", importAbs},
      {"aten::absolute(Tensor self) -> Tensor", importAbs},
      {"aten::neg(Tensor self) -> Tensor", unary<edge::NegOp>, OnComplex::whole},
      {"aten::neg_(Tensor(a!) self) -> Tensor(a!)", unary<edge::NegOp>},
      {"aten::negative(Tensor self) -> Tensor", unary<edge::NegOp>},
      {"aten::square(Tensor self) -> Tensor", importSquare},
      {"aten::square_(Tensor(a!) self) -> Tensor(a!)", importSquare},
      {"aten::reciprocal(Tensor self) -> Tensor", unary<edge::ReciprocalOp, true>},
      {"aten::reciprocal_(Tensor(a!) self) -> Tensor(a!)", unary<edge::ReciprocalOp, true>},
      {"aten::exp_(Tensor(a!) self) -> Tensor(a!)", unary<edge::ExpOp, true>},
      {"aten::exp2(Tensor self) -> Tensor", formula<exp2>},
      {"aten::expm1(Tensor self) -> Tensor", formula<expm1>},
      {"aten::special_expm1(Tensor self) -> Tensor", formula<expm1>},
      {"aten::log(Tensor self) -> Tensor", unary<edge::LogOp, true>},
      {"aten::log_(Tensor(a!) self) -> Tensor(a!)", unary<edge::LogOp, true>},
      {"aten::log1p(Tensor self) -> Tensor", formula<log1p>},
      {"aten::special_log1p(Tensor self) -> Tensor", formula<log1p>},
      {"aten::log2(Tensor self) -> Tensor", formula<log2>},
      {"aten::log10(Tensor self) -> Tensor", formula<log10>},
      {"aten::sqrt(Tensor self) -> Tensor", unary<edge::SqrtOp, true>},
      {"aten::sqrt_(Tensor(a!) self) -> Tensor(a!)", unary<edge::SqrtOp, true>},
      {"aten::rsqrt(Tensor self) -> Tensor", formula<rsqrt>},
      {"aten::rsqrt_(Tensor(a!) self) -> Tensor(a!)", formula<rsqrt>},
      {"aten::sin(Tensor self) -> Tensor", unary<edge::SinOp, true>},
      {"aten::sin_(Tensor(a!) self) -> Tensor(a!)", unary<edge::SinOp, true>},
      {"aten::cos(Tensor self) -> Tensor", unary<edge::CosOp, true>},
      {"aten::cos_(Tensor(a!) self) -> Tensor(a!)", unary<edge::CosOp, true>},
      {"aten::tan(Tensor self) -> Tensor", unary<edge::TanOp, true>},
      {"aten::asin(Tensor self) -> Tensor", unary<edge::AsinOp, true>},
      {"aten::arcsin(Tensor self) -> Tensor", unary<edge::AsinOp, true>},
      {"aten::acos(Tensor self) -> Tensor", unary<edge::AcosOp, true>},
      {"aten::arccos(Tensor self) -> Tensor", unary<edge::AcosOp, true>},
      {"aten::atan(Tensor self) -> Tensor", unary<edge::AtanOp, true>},
      {"aten::arctan(Tensor self) -> Tensor", unary<edge::AtanOp, true>},
      {"aten::sinh(Tensor self) -> Tensor", unary<edge::SinhOp, true>},
      {"aten::cosh(Tensor self) -> Tensor", unary<edge::CoshOp, true>},
      {"aten::asinh(Tensor self) -> Tensor", unary<edge::AsinhOp, true>},
      {"aten::acosh(Tensor self) -> Tensor", unary<edge::AcoshOp, true>},
      {"aten::atanh(Tensor self) -> Tensor", unary<edge::AtanhOp, true>},
      {"aten::erf(Tensor self) -> Tensor", unary<edge::ErfOp, true>},
      {"aten::special_erf(Tensor self) -> Tensor", unary<edge::ErfOp, true>},
      {"aten::erfc(Tensor self) -> Tensor", formula<erfc>},
      {"aten::frac(Tensor self) -> Tensor", formula<frac>},
      {"aten::rad2deg(Tensor self) -> Tensor", formula<degrees>},
      {"aten::deg2rad(Tensor self) -> Tensor", formula<radians>},
      {"aten::sinc(Tensor self) -> Tensor", formula<sinc>},
      {"aten::signbit(Tensor self) -> Tensor", importSignbit},
      {"aten::logit(Tensor self, float? eps=None) -> Tensor", importLogit},
      {"aten::atan2(Tensor self, Tensor other) -> Tensor", importAtan2},
      {"aten::arctan2(Tensor self, Tensor other) -> Tensor", importAtan2},
      {"aten::hypot(Tensor self, Tensor other) -> Tensor", importHypot},
      {"aten::copysign.Tensor(Tensor self, Tensor other) -> Tensor", importCopysign},
      {"aten::copysign.Scalar(Tensor self, Scalar other) -> Tensor", importCopysign},
      {"aten::xlogy.Tensor(Tensor self, Tensor other) -> Tensor", importXlogy},
      {"aten::logaddexp(Tensor self, Tensor other) -> Tensor", importLogaddexp},
      {"aten::heaviside(Tensor self, Tensor values) -> Tensor", importHeaviside},
      {"aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> "
       "Tensor",
       importNanToNum},
      {"aten::nan_to_num_(Tensor(a!) self, float? nan=None, float? posinf=None, float? "
       "neginf=None) -> Tensor(a!)",
       importNanToNum},
      {"aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor", importLerp},
      {"aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor", importLerp},
      {"aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
       importAddc<edge::MulOp>},
      {"aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> "
       "Tensor(a!)",
       importAddc<edge::MulOp>},
      {"aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
       importAddc<edge::DivOp>},
      {"aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> "
       "Tensor(a!)",
       importAddc<edge::DivOp>},
  };
  return rows;
}

Value edgec::torch::createAtan2(const NodeContext &ctx, Value y, Value x) {
  if (!x || !y)
    return {};
  Formula f(ctx);
  Value zero = ctx.scalar(elementOf(x), 0);
  Value angle = f.unary<edge::AtanOp>(f.div(y, x));
  Value half = f.select(isNegative(ctx, y), ctx.scalar(elementOf(x), -std::numbers::pi),
                        ctx.scalar(elementOf(x), std::numbers::pi));
  Value behind = f.compare(x, zero, P::less);
  Value none = f.binary<edge::AndOp>(f.compare(x, zero, P::equal), f.compare(y, zero, P::equal));
  return f.select(none, f.mul(y, 0.0), f.select(behind, f.add(angle, half), angle));
}
