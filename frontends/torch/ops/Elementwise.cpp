// Rows of elementwise operators: arithmetic with torch's promotion of types, comparisons,
// functions.
#include "frontends/Activations.h"
#include "frontends/torch/ops/Build.h"
#include <numbers>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

//===- Arithmetic -----------------------------------------------------------------------------===//

template <typename Op, bool Float = false> FailureOr<Results> binary(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, Float);
  return one(ctx.create<Op>(p.x, p.y));
}

/// `alpha` times a value, where that says anything.
FailureOr<Value> scaled(const NodeContext &ctx, Value x) {
  FailureOr<Number> alpha = ctx.scalar("alpha");
  if (failed(alpha) || !x)
    return failure();
  if (alpha->asReal() == 1)
    return x;
  return Formula(ctx).binary<edge::MulOp>(x, ctx.constant(*alpha, elementOf(x)));
}

FailureOr<Results> importAdd(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  auto y = scaled(ctx, p.y);
  if (failed(y))
    return failure();
  if (p.element.isInteger(1))
    return one(ctx.create<edge::OrOp>(p.x, *y));
  return one(ctx.create<edge::AddOp>(p.x, *y));
}

FailureOr<Results> importSub(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  auto y = scaled(ctx, p.y);
  if (failed(y))
    return failure();
  return one(ctx.create<edge::SubOp>(p.x, *y));
}

FailureOr<Results> importRsub(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  auto x = scaled(ctx, p.x);
  if (failed(x))
    return failure();
  return one(ctx.create<edge::SubOp>(p.y, *x));
}

FailureOr<Results> importMul(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  if (p.element.isInteger(1))
    return one(ctx.create<edge::AndOp>(p.x, p.y));
  return one(ctx.create<edge::MulOp>(p.x, p.y));
}

Value truncated(const NodeContext &ctx, Value x) {
  if (!x || !isa<FloatType>(elementOf(x)))
    return x;
  Formula f(ctx);
  Value isNegative = f.compare(x, ctx.scalar(elementOf(x), 0), P::less);
  return f.select(isNegative, f.unary<edge::CeilOp>(x), f.unary<edge::FloorOp>(x));
}

/// x / y rounded down. For floats by way of the remainder, as torch computes it: 1 // 0.1 is 9.
Value flooredQuotient(const NodeContext &ctx, Value x, Value y) {
  Formula f(ctx);
  if (!x || !y)
    return {};
  Value zero = ctx.scalar(elementOf(x), 0);
  Value rest = f.binary<edge::FmodOp>(x, y);
  Value isInexact = f.unary<edge::NotOp>(f.compare(rest, zero, P::equal));
  Value signsDiffer =
      f.binary<edge::XorOp>(f.compare(rest, zero, P::less), f.compare(y, zero, P::less));
  Value isTooLarge = f.binary<edge::AndOp>(isInexact, signsDiffer);
  if (!isa<FloatType>(elementOf(x))) {
    Value quotient = f.div(x, y);
    return f.sub(quotient, ctx.cast(isTooLarge, elementOf(x)));
  }
  Value quotient = f.div(f.sub(x, rest), y);
  quotient = f.select(isTooLarge, f.sub(quotient, 1.0), quotient);
  // What is above a whole number by more than a half has been rounded down to it.
  Value floor = f.unary<edge::FloorOp>(quotient);
  Value isFar = f.compare(f.sub(quotient, floor), ctx.scalar(elementOf(x), 0.5), P::greater);
  return f.select(isFar, f.add(floor, 1.0), floor);
}

FailureOr<Results> importFloorDivide(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  return one(flooredQuotient(ctx, p.x, p.y));
}

FailureOr<Results> importDivMode(NodeContext &ctx) {
  StringRef mode = ctx.text("rounding_mode");
  if (mode.empty())
    return binary<edge::DivOp, true>(ctx);
  if (mode == "floor")
    return importFloorDivide(ctx);
  if (mode != "trunc")
    return ctx.error("rounding mode '") << mode << "' is neither 'trunc' nor 'floor'";
  Promoted p = promoted(ctx, 0, 1);
  return one(truncated(ctx, ctx.create<edge::DivOp>(p.x, p.y)));
}

FailureOr<Results> importPow(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  const auto &exponent = ctx.arguments[1].numbers;
  if (isa<FloatType>(p.element) && exponent.size() == 1)
    if (Value power = Formula(ctx).inSingle(
            p.x, [&](Value x) { return cheapPower(ctx, x, exponent[0].asReal()); }))
      return one(power);
  return one(ctx.create<edge::PowOp>(p.x, p.y));
}

/// Bounds, each of which may be missing; numbers and tensors alike.
FailureOr<Results> importClamp(NodeContext &ctx) {
  SmallVector<Operand> operands{ctx.operand(0)};
  unsigned count = ctx.arguments.size();
  for (unsigned i = 1; i < count; ++i)
    if (ctx.arguments[i].given)
      operands.push_back(ctx.operand(i));
  Type element = promote(operands);
  Value x = ctx.operandAs(0, element);
  for (unsigned i = 1; i < count; ++i) {
    if (!ctx.arguments[i].given)
      continue;
    Value bound = ctx.operandAs(i, element);
    StringRef name = ctx.schema.parameters[i].name;
    if (!x)
      return failure();
    x = name == "min" || name == "min_val" ? ctx.create<edge::MaxOp>(x, bound)
                                           : ctx.create<edge::MinOp>(x, bound);
  }
  return one(x);
}

//===- Comparisons and logic ------------------------------------------------------------------===//

template <P predicate> FailureOr<Results> compare(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  return one(Formula(ctx).compare(p.x, p.y, predicate));
}

FailureOr<Results> importNe(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  return one(f.unary<edge::NotOp>(f.compare(p.x, p.y, P::equal)));
}

template <typename Op> FailureOr<Results> logical(NodeContext &ctx) {
  return one(ctx.create<Op>(isNonzero(ctx, ctx.input(0)), isNonzero(ctx, ctx.input(1))));
}

FailureOr<Results> importLogicalNot(NodeContext &ctx) { return one(logicalNot(ctx, ctx.input(0))); }

template <P predicate> Value infinite(const NodeContext &ctx, Value x) {
  return ctx.create<edge::IsInfOp>(x, predicate != P::greater, predicate != P::less);
}
template <P predicate> FailureOr<Results> importIsInf(NodeContext &ctx) {
  return one(infinite<predicate>(ctx, floats(ctx)));
}
FailureOr<Results> importIsNan(NodeContext &ctx) {
  return one(ctx.create<edge::IsNaNOp>(floats(ctx)));
}
FailureOr<Results> importIsFinite(NodeContext &ctx) {
  Formula f(ctx);
  Value x = floats(ctx);
  return one(f.unary<edge::NotOp>(
      f.binary<edge::OrOp>(infinite<P::equal>(ctx, x), f.unary<edge::IsNaNOp>(x))));
}

FailureOr<Results> importWhere(NodeContext &ctx) {
  Promoted p = promoted(ctx, 1, 2);
  return one(ctx.create<edge::SelectOp>(isNonzero(ctx, ctx.input(0)), p.x, p.y));
}

/// Keeps self's type, whatever the value's is.
FailureOr<Results> importMaskedFill(NodeContext &ctx) {
  Value value = ctx.operandAs(2, elementOf(ctx.input(0)));
  return one(ctx.create<edge::SelectOp>(isNonzero(ctx, ctx.input(1)), value, ctx.input(0)));
}

//===- Functions ------------------------------------------------------------------------------===//

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
  return inFloats(ctx, [&](Formula f, Value y, Value x) {
    Value zero = ctx.scalar(elementOf(x), 0);
    Value angle = f.unary<edge::AtanOp>(f.div(y, x));
    Value half = f.select(isNegative(ctx, y), ctx.scalar(elementOf(x), -std::numbers::pi),
                          ctx.scalar(elementOf(x), std::numbers::pi));
    Value behind = f.compare(x, zero, P::less);
    Value none = f.binary<edge::AndOp>(f.compare(x, zero, P::equal), f.compare(y, zero, P::equal));
    return f.select(none, f.mul(y, 0.0), f.select(behind, f.add(angle, half), angle));
  });
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
  x = f.select(infinite<P::greater>(ctx, x), number(ctx.real("posinf", largest)), x);
  return one(f.select(infinite<P::less>(ctx, x), number(ctx.real("neginf", -largest)), x));
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

//===- Copies ---------------------------------------------------------------------------------===//

FailureOr<Results> importCopy(NodeContext &ctx) { return one(ctx.input(0)); }

/// The second argument in the place of the first.
FailureOr<Results> importWritten(NodeContext &ctx) {
  Value value = ctx.operandAs(1, elementOf(ctx.input(0)));
  if (value && shapeOf(value) != shapeOf(ctx.input(0)))
    value = ctx.create<edge::BroadcastOp>(value, shapeOf(ctx.input(0)));
  return one(value);
}
FailureOr<Results> importZero(NodeContext &ctx) {
  return one(createFull(ctx, Number::ofInteger(0), elementOf(ctx.input(0)), shapeOf(ctx.input(0))));
}

FailureOr<Results> importToCopy(NodeContext &ctx) {
  Value x = ctx.input(0);
  Type to = ctx.element("dtype", elementOf(x));
  return one(to == elementOf(x) ? x : ctx.cast(x, to));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getElementwiseRows() {
  static const OperatorRow rows[] = {
      {"aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importAdd},
      {"aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", importAdd},
      {"aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
       importAdd},
      {"aten::add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", importAdd},
      {"aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importSub},
      {"aten::sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", importSub},
      {"aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
       importSub},
      {"aten::sub_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", importSub},
      {"aten::subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importSub},
      {"aten::rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", importRsub},
      {"aten::rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importRsub},
      {"aten::mul.Tensor(Tensor self, Tensor other) -> Tensor", importMul},
      {"aten::mul.Scalar(Tensor self, Scalar other) -> Tensor", importMul},
      {"aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", importMul},
      {"aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", importMul},
      {"aten::multiply.Tensor(Tensor self, Tensor other) -> Tensor", importMul},
      {"aten::div.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::div.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", binary<edge::DivOp, true>},
      {"aten::div_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", binary<edge::DivOp, true>},
      {"aten::true_divide.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::divide.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
       importDivMode},
      {"aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
       importDivMode},
      {"aten::div_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)",
       importDivMode},
      {"aten::floor_divide(Tensor self, Tensor other) -> Tensor", importFloorDivide},
      {"aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor", importFloorDivide},
      {"aten::floor_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
       importFloorDivide},
      {"aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::ModOp>},
      {"aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::ModOp>},
      {"aten::remainder_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", binary<edge::ModOp>},
      {"aten::remainder_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", binary<edge::ModOp>},
      {"aten::remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", binary<edge::ModOp>},
      {"aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::FmodOp>},
      {"aten::fmod.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::FmodOp>},
      {"aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", importPow},
      {"aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", importPow},
      {"aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor", importPow},
      {"aten::pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)", importPow},
      {"aten::maximum(Tensor self, Tensor other) -> Tensor", binary<edge::MaxOp>},
      {"aten::max.other(Tensor self, Tensor other) -> Tensor", binary<edge::MaxOp>},
      {"aten::minimum(Tensor self, Tensor other) -> Tensor", binary<edge::MinOp>},
      {"aten::min.other(Tensor self, Tensor other) -> Tensor", binary<edge::MinOp>},
      {"aten::fmax(Tensor self, Tensor other) -> Tensor", importNumberOf<edge::MaxOp>},
      {"aten::fmin(Tensor self, Tensor other) -> Tensor", importNumberOf<edge::MinOp>},
      {"aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", importClamp},
      {"aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor",
       importClamp},
      {"aten::clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)",
       importClamp},
      {"aten::clamp_min(Tensor self, Scalar min) -> Tensor", importClamp},
      {"aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor", importClamp},
      {"aten::clamp_min_(Tensor(a!) self, Scalar min) -> Tensor(a!)", importClamp},
      {"aten::clamp_max(Tensor self, Scalar max) -> Tensor", importClamp},
      {"aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor", importClamp},
      {"aten::clamp_max_(Tensor(a!) self, Scalar max) -> Tensor(a!)", importClamp},
      {"aten::clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", importClamp},
      {"aten::eq.Tensor(Tensor self, Tensor other) -> Tensor", compare<P::equal>},
      {"aten::eq.Scalar(Tensor self, Scalar other) -> Tensor", compare<P::equal>},
      {"aten::ne.Tensor(Tensor self, Tensor other) -> Tensor", importNe},
      {"aten::ne.Scalar(Tensor self, Scalar other) -> Tensor", importNe},
      {"aten::not_equal.Tensor(Tensor self, Tensor other) -> Tensor", importNe},
      {"aten::lt.Tensor(Tensor self, Tensor other) -> Tensor", compare<P::less>},
      {"aten::lt.Scalar(Tensor self, Scalar other) -> Tensor", compare<P::less>},
      {"aten::le.Tensor(Tensor self, Tensor other) -> Tensor", compare<P::less_equal>},
      {"aten::le.Scalar(Tensor self, Scalar other) -> Tensor", compare<P::less_equal>},
      {"aten::gt.Tensor(Tensor self, Tensor other) -> Tensor", compare<P::greater>},
      {"aten::gt.Scalar(Tensor self, Scalar other) -> Tensor", compare<P::greater>},
      {"aten::ge.Tensor(Tensor self, Tensor other) -> Tensor", compare<P::greater_equal>},
      {"aten::ge.Scalar(Tensor self, Scalar other) -> Tensor", compare<P::greater_equal>},
      {"aten::logical_and(Tensor self, Tensor other) -> Tensor", logical<edge::AndOp>},
      {"aten::logical_and_(Tensor(a!) self, Tensor other) -> Tensor(a!)", logical<edge::AndOp>},
      {"aten::logical_or(Tensor self, Tensor other) -> Tensor", logical<edge::OrOp>},
      {"aten::logical_or_(Tensor(a!) self, Tensor other) -> Tensor(a!)", logical<edge::OrOp>},
      {"aten::logical_xor(Tensor self, Tensor other) -> Tensor", logical<edge::XorOp>},
      {"aten::logical_not(Tensor self) -> Tensor", importLogicalNot},
      {"aten::logical_not_(Tensor(a!) self) -> Tensor(a!)", importLogicalNot},
      {"aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::AndOp>},
      {"aten::bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::AndOp>},
      {"aten::__and__.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::AndOp>},
      {"aten::__and__.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::AndOp>},
      {"aten::bitwise_and_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
       binary<edge::AndOp>},
      {"aten::__iand__.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", binary<edge::AndOp>},
      {"aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::OrOp>},
      {"aten::bitwise_or.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::OrOp>},
      {"aten::__or__.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::OrOp>},
      {"aten::__or__.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::OrOp>},
      {"aten::bitwise_or_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", binary<edge::OrOp>},
      {"aten::__ior__.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", binary<edge::OrOp>},
      {"aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::XorOp>},
      {"aten::bitwise_xor.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::XorOp>},
      {"aten::__xor__.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::XorOp>},
      {"aten::__xor__.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::XorOp>},
      {"aten::bitwise_not(Tensor self) -> Tensor", unary<edge::NotOp>},
      {"aten::bitwise_not_(Tensor(a!) self) -> Tensor(a!)", unary<edge::NotOp>},
      {"aten::bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor",
       binary<edge::ShiftLeftOp>},
      {"aten::bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor",
       binary<edge::ShiftLeftOp>},
      {"aten::__lshift__.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::ShiftLeftOp>},
      {"aten::__lshift__.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::ShiftLeftOp>},
      {"aten::bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor",
       binary<edge::ShiftRightOp>},
      {"aten::bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor",
       binary<edge::ShiftRightOp>},
      {"aten::__rshift__.Scalar(Tensor self, Scalar other) -> Tensor", binary<edge::ShiftRightOp>},
      {"aten::__rshift__.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::ShiftRightOp>},
      {"aten::isinf(Tensor self) -> Tensor", importIsInf<P::equal>},
      {"aten::isposinf(Tensor self) -> Tensor", importIsInf<P::greater>},
      {"aten::isneginf(Tensor self) -> Tensor", importIsInf<P::less>},
      {"aten::isnan(Tensor self) -> Tensor", importIsNan},
      {"aten::isfinite(Tensor self) -> Tensor", importIsFinite},
      {"aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", importWhere},
      {"aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor",
       importWhere},
      {"aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
       importWhere},
      {"aten::where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor", importWhere},
      {"aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor",
       importMaskedFill},
      {"aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor",
       importMaskedFill},
      {"aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)",
       importMaskedFill},
      {"aten::masked_fill_.Tensor(Tensor(a!) self, Tensor mask, Tensor value) -> Tensor(a!)",
       importMaskedFill},
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
      {"aten::abs(Tensor self) -> Tensor", importAbs, /*takesComplex=*/true},
      {"aten::abs_(Tensor(a!) self) -> Tensor(a!)", importAbs},
      {"aten::absolute(Tensor self) -> Tensor", importAbs},
      {"aten::neg(Tensor self) -> Tensor", unary<edge::NegOp>},
      {"aten::neg_(Tensor(a!) self) -> Tensor(a!)", unary<edge::NegOp>},
      {"aten::negative(Tensor self) -> Tensor", unary<edge::NegOp>},
      {"aten::square(Tensor self) -> Tensor", importSquare},
      {"aten::square_(Tensor(a!) self) -> Tensor(a!)", importSquare},
      {"aten::reciprocal(Tensor self) -> Tensor", unary<edge::ReciprocalOp, true>},
      {"aten::reciprocal_(Tensor(a!) self) -> Tensor(a!)", unary<edge::ReciprocalOp, true>},
      {"aten::exp(Tensor self) -> Tensor", unary<edge::ExpOp, true>},
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
      {"aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", importCopy},
      {"aten::lift_fresh_copy(Tensor self) -> Tensor", importCopy},
      {"aten::alias_copy(Tensor self) -> Tensor", importCopy},
      {"aten::detach_copy(Tensor self) -> Tensor", importCopy},
      {"aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)",
       importWritten},
      {"aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor", importWritten},
      {"aten::fill.Scalar(Tensor self, Scalar value) -> Tensor", importWritten},
      {"aten::fill.Tensor(Tensor self, Tensor value) -> Tensor", importWritten},
      {"aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", importWritten},
      {"aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)", importWritten},
      {"aten::zero_(Tensor(a!) self) -> Tensor(a!)", importZero},
      {"aten::zero(Tensor self) -> Tensor", importZero},
      {"aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? "
       "memory_format=None) -> Tensor",
       importToCopy},
  };
  return rows;
}
