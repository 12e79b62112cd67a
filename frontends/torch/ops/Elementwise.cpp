// Rows of elementwise operators: arithmetic with torch's promotion of types, comparisons,
// functions.
#include "frontends/Activations.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

//===- Arithmetic -----------------------------------------------------------------------------===//

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

FailureOr<Results> importDivMode(NodeContext &ctx) {
  StringRef mode = ctx.text("rounding_mode");
  if (mode.empty())
    return binary<edge::DivOp, true>(ctx);
  if (mode == "floor")
    return floorDivided(ctx);
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

template <typename Op> FailureOr<Results> logical(NodeContext &ctx) {
  return one(ctx.create<Op>(isNonzero(ctx, ctx.input(0)), isNonzero(ctx, ctx.input(1))));
}

FailureOr<Results> importLogicalNot(NodeContext &ctx) { return one(logicalNot(ctx, ctx.input(0))); }

template <P predicate> FailureOr<Results> importIsInf(NodeContext &ctx) {
  return one(ctx.create<edge::IsInfOp>(floats(ctx), predicate != P::greater, predicate != P::less));
}
FailureOr<Results> importIsNan(NodeContext &ctx) {
  return one(ctx.create<edge::IsNaNOp>(floats(ctx)));
}
FailureOr<Results> importIsFinite(NodeContext &ctx) {
  Formula f(ctx);
  Value x = floats(ctx);
  return one(f.unary<edge::NotOp>(
      f.binary<edge::OrOp>(ctx.create<edge::IsInfOp>(x, true, true), f.unary<edge::IsNaNOp>(x))));
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
  if (auto complex = dyn_cast<ComplexType>(to))
    return completedAs(ctx, complex);
  if (ctx.isComplex(0) && ctx.has("dtype"))
    return ctx.error("drops the imaginary part; take the real part before it");
  return one(to == elementOf(x) ? x : ctx.cast(x, to));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getElementwiseRows() {
  static const OperatorRow rows[] = {
      {"aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
       orComplex<ComplexOp::add, importAdd>, OnComplex::whole},
      {"aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
       orComplex<ComplexOp::add, importAdd>, OnComplex::whole},
      {"aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
       orComplex<ComplexOp::add, importAdd>, OnComplex::whole},
      {"aten::add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", importAdd},
      {"aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
       orComplex<ComplexOp::sub, importSub>, OnComplex::whole},
      {"aten::sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
       orComplex<ComplexOp::sub, importSub>, OnComplex::whole},
      {"aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
       orComplex<ComplexOp::sub, importSub>, OnComplex::whole},
      {"aten::sub_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", importSub},
      {"aten::subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importSub},
      {"aten::rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", importRsub},
      {"aten::rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", importRsub},
      {"aten::mul.Tensor(Tensor self, Tensor other) -> Tensor",
       orComplex<ComplexOp::mul, importMul>, OnComplex::whole},
      {"aten::mul.Scalar(Tensor self, Scalar other) -> Tensor",
       orComplex<ComplexOp::mul, importMul>, OnComplex::whole},
      {"aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
       orComplex<ComplexOp::mul, importMul>, OnComplex::whole},
      {"aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", importMul},
      {"aten::multiply.Tensor(Tensor self, Tensor other) -> Tensor", importMul},
      {"aten::div.Tensor(Tensor self, Tensor other) -> Tensor",
       orComplex<ComplexOp::div, binary<edge::DivOp, true>>, OnComplex::whole},
      {"aten::div.Scalar(Tensor self, Scalar other) -> Tensor",
       orComplex<ComplexOp::div, binary<edge::DivOp, true>>, OnComplex::whole},
      {"aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
       orComplex<ComplexOp::div, binary<edge::DivOp, true>>, OnComplex::whole},
      {"aten::div_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", binary<edge::DivOp, true>},
      {"aten::true_divide.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::divide.Tensor(Tensor self, Tensor other) -> Tensor", binary<edge::DivOp, true>},
      {"aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
       importDivMode},
      {"aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
       importDivMode},
      {"aten::div_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)",
       importDivMode},
      {"aten::floor_divide(Tensor self, Tensor other) -> Tensor", floorDivided},
      {"aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor", floorDivided},
      {"aten::floor_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", floorDivided},
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
      {"aten::pow_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)", importPow},
      {"aten::pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)", importPow},
      {"aten::maximum(Tensor self, Tensor other) -> Tensor", binary<edge::MaxOp>},
      {"aten::max.other(Tensor self, Tensor other) -> Tensor", binary<edge::MaxOp>},
      {"aten::minimum(Tensor self, Tensor other) -> Tensor", binary<edge::MinOp>},
      {"aten::min.other(Tensor self, Tensor other) -> Tensor", binary<edge::MinOp>},
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
      {"aten::ne.Tensor(Tensor self, Tensor other) -> Tensor", differs},
      {"aten::ne.Scalar(Tensor self, Scalar other) -> Tensor", differs},
      {"aten::not_equal.Tensor(Tensor self, Tensor other) -> Tensor", differs},
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
      {"aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", importWhere,
       OnComplex::parts},
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
      {"aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", importCopy,
       OnComplex::whole},
      {"aten::lift_fresh_copy(Tensor self) -> Tensor", importCopy},
      {"aten::alias_copy(Tensor self) -> Tensor", importCopy},
      {"aten::detach_copy(Tensor self) -> Tensor", importCopy},
      {"aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)",
       importWritten, OnComplex::parts},
      {"aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor", importWritten,
       OnComplex::parts},
      {"aten::fill.Scalar(Tensor self, Scalar value) -> Tensor", importWritten},
      {"aten::fill.Tensor(Tensor self, Tensor value) -> Tensor", importWritten},
      {"aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)", importWritten},
      {"aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)", importWritten},
      {"aten::zero_(Tensor(a!) self) -> Tensor(a!)", importZero, OnComplex::parts},
      {"aten::zero(Tensor self) -> Tensor", importZero},
      {"aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? "
       "memory_format=None) -> Tensor",
       importToCopy, OnComplex::whole},
  };
  return rows;
}
