// Elementwise operators. Quantized ones are computed on the numbers that their integers stand for.
#include "frontends/tflite/Integers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;
using P = edge::ComparePredicate;

namespace {

llvm::APFloat number(double value) { return llvm::APFloat(value); }

template <typename Op> FailureOr<Results> unary(NodeContext &ctx) {
  return one(ctx.result(ctx.create<Op>(ctx.real(0))));
}

template <typename Op> FailureOr<Results> binary(NodeContext &ctx) {
  return one(ctx.result(ctx.create<Op>(ctx.real(0), ctx.real(1))));
}

template <typename Op, typename Options> FailureOr<Results> fused(NodeContext &ctx) {
  return one(ctx.result(ctx.create<Op>(ctx.real(0), ctx.real(1)),
                        ctx.options<Options>().fused_activation_function()));
}

/// The larger or smaller one: integers of one scale are ordered as their numbers.
template <typename Op> FailureOr<Results> extreme(NodeContext &ctx) {
  if (ctx.sameQuantization(0) && ctx.sameQuantization(1))
    return one(ctx.create<Op>(ctx.input(0), ctx.input(1)));
  return binary<Op>(ctx);
}

Value compared(NodeContext &ctx, P predicate) {
  bool integers = ctx.sameInputs(0, 1);
  return Formula(ctx).compare(integers ? ctx.input(0) : ctx.real(0),
                              integers ? ctx.input(1) : ctx.real(1), predicate);
}

template <P predicate> FailureOr<Results> compare(NodeContext &ctx) {
  return one(compared(ctx, predicate));
}

FailureOr<Results> importNotEqual(NodeContext &ctx) {
  return one(Formula(ctx).unary<edge::NotOp>(compared(ctx, P::equal)));
}

/// A row of one operand whose formula is `fn(formula, x)`.
template <Value (*fn)(const Formula &, Value)> FailureOr<Results> formula(NodeContext &ctx) {
  return one(ctx.result(fn(Formula(ctx), ctx.real(0))));
}

Value rsqrt(const Formula &f, Value x) { return f.unary<edge::ReciprocalOp>(f.sqrt(x)); }
Value square(const Formula &f, Value x) { return f.mul(x, x); }
Value relu6(const Formula &f, Value x) {
  return f.binary<edge::MinOp>(f.unary<edge::ReluOp>(x), 6.0);
}
Value reluN1To1(const Formula &f, Value x) {
  return f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, -1.0), 1.0);
}
Value relu0To1(const Formula &f, Value x) {
  return f.binary<edge::MinOp>(f.unary<edge::ReluOp>(x), 1.0);
}

FailureOr<Results> importHardSwish(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.real(0);
  if (!x)
    return failure();
  return one(
      ctx.result(f.mul(x, ctx.create<edge::HardSigmoidOp>(x, number(1.0 / 6), number(0.5)))));
}

FailureOr<Results> importElu(NodeContext &ctx) {
  return one(ctx.result(ctx.create<edge::EluOp>(ctx.real(0), number(1))));
}

FailureOr<Results> importLeakyRelu(NodeContext &ctx) {
  return one(ctx.result(
      ctx.create<edge::LeakyReluOp>(ctx.real(0), number(ctx.options<LeakyReluOptions>().alpha()))));
}

/// x / 2 * (1 + erf(x / sqrt 2)), or with tanh in its place.
FailureOr<Results> importGelu(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.real(0), inner;
  if (ctx.options<GeluOptions>().approximate()) {
    Value cubed = f.mul(f.mul(f.mul(x, x), x), 0.044715);
    inner = f.unary<edge::TanhOp>(f.mul(f.add(x, cubed), 0.7978845608028654));
  } else {
    inner = f.unary<edge::ErfOp>(f.mul(x, 0.7071067811865476));
  }
  return one(ctx.result(f.mul(f.mul(x, 0.5), f.add(inner, 1.0))));
}

FailureOr<Results> importSquaredDifference(NodeContext &ctx) {
  Formula f(ctx);
  Value difference = f.sub(ctx.real(0), ctx.real(1));
  return one(ctx.result(f.mul(difference, difference)));
}

/// Floats divide, then round down; integers step down from a quotient of theirs that truncates.
FailureOr<Results> importFloorDiv(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.real(0), y = ctx.real(1);
  if (!x || !y)
    return failure();
  if (isa<FloatType>(elementOf(x)))
    return one(ctx.result(f.unary<edge::FloorOp>(f.div(x, y))));
  return one(f.div(f.sub(x, f.binary<edge::ModOp>(x, y)), y));
}

FailureOr<Results> importAddN(NodeContext &ctx) {
  Formula f(ctx);
  Value sum = ctx.real(0);
  for (unsigned i = 1; i < ctx.numInputs(); ++i)
    sum = f.add(sum, ctx.real(i));
  return one(ctx.result(sum));
}

FailureOr<Results> importAtan2(NodeContext &ctx) {
  Formula f(ctx);
  Value y = ctx.real(0), x = ctx.real(1);
  if (!x || !y || !isa<FloatType>(elementOf(x)))
    return ctx.error("expects operands of floats");
  constexpr double kPi = 3.14159265358979323846;
  Value zero = ctx.scalar(elementOf(x), 0);
  auto constant = [&](double value) { return ctx.scalar(elementOf(x), value); };
  Value low = f.unary<edge::AtanOp>(f.div(y, x));
  // To the left of the axis the quotient's angle is half a turn off.
  Value turn = f.select(f.compare(y, zero, P::less), constant(-kPi), constant(kPi));
  Value angle = f.select(f.compare(x, zero, P::less), f.add(low, turn), low);
  Value upright = f.mul(f.unary<edge::SignOp>(y), kPi / 2);
  return one(f.select(f.compare(x, zero, P::equal), upright, angle));
}

/// With one condition for each of the leading slices, not for each element.
FailureOr<Results> importSelect(NodeContext &ctx) {
  Value condition = ctx.input(0);
  Value x = ctx.sameQuantization(1) && ctx.sameQuantization(2) ? ctx.input(1) : ctx.real(1);
  Value y = x == ctx.input(1) ? ctx.input(2) : ctx.real(2);
  if (!x || !y)
    return failure();
  int64_t rank = typeOf(x).getRank();
  if (ctx.builtin() == B::SELECT && ctx.type(0).getRank() == 1 && rank > 1) {
    SmallVector<int64_t> shape(rank, 1);
    shape[0] = ctx.type(0).getDimSize(0);
    condition = ctx.reshape(condition, shape);
  }
  return one(ctx.result(ctx.create<edge::SelectOp>(condition, x, y)));
}

FailureOr<Results> importCast(NodeContext &ctx) {
  const Tensor *output = ctx.outputTensor(0);
  Type element = output ? convertElementType(output->type(), ctx.b.getContext()) : Type();
  if (!element)
    return ctx.error("can't cast to ") << (output ? nameOf(output->type()) : "nothing");
  Value x = ctx.input(0);
  // Any number but zero is true.
  if (element.isInteger(1) && !elementOf(x).isInteger(1)) {
    Formula f(ctx);
    return one(f.unary<edge::NotOp>(f.compare(x, ctx.scalar(elementOf(x), 0), P::equal)));
  }
  return one(ctx.cast(x, element));
}

/// From integers, or from half-precision floats, to floats.
FailureOr<Results> importDequantize(NodeContext &ctx) {
  Value x = ctx.real(0);
  return one(ctx.cast(x, ctx.b.getF32Type()));
}

/// From floats, or from other integers, of which at most 16 bits can be kept exactly.
FailureOr<Results> importQuantize(NodeContext &ctx) {
  if (ctx.sameQuantization(0))
    return one(ctx.input(0));
  auto from = ScaleAndZero::of(ctx.inputTensor(0)), to = ScaleAndZero::of(ctx.outputTensor(0));
  Type element = elementOf(ctx.input(0)), storage;
  if (ctx.outputTensor(0))
    storage = convertElementType(ctx.outputTensor(0)->type(), ctx.b.getContext());
  edge::FixedPoint factor;
  auto isNarrow = [](Type type, unsigned bits) {
    return isa_and_nonnull<IntegerType>(type) && type.getIntOrFloatBitWidth() >= 8 &&
           type.getIntOrFloatBitWidth() <= bits;
  };
  if (from && to && isNarrow(element, 16) && isNarrow(storage, 32) &&
      factor.add(static_cast<double>(from->scale) / to->scale))
    return one(requantized(ctx, centred(ctx, ctx.input(0), from->zero), factor, to->zero,
                           storage.getIntOrFloatBitWidth(), storage));
  return one(ctx.result(ctx.real(0)));
}

/// Rounds to the steps that a quantized tensor would have: for training, but left in some models.
FailureOr<Results> importFakeQuant(NodeContext &ctx) {
  const auto &options = ctx.options<FakeQuantOptions>();
  if (options.num_bits() < 2 || options.num_bits() > 16 || !(options.min() <= 0) ||
      !(options.max() >= 0) || !(options.max() > options.min()))
    return ctx.error("has ") << options.num_bits() << " bits for " << options.min() << " to "
                             << options.max();
  // As the reference does it, in single precision: the zero point is a whole number of steps.
  float low = options.narrow_range() ? 1 : 0;
  auto high = static_cast<float>((1 << options.num_bits()) - 1);
  float scale = (options.max() - options.min()) / (high - low);
  float zero = std::min(std::max(std::round(low - options.min() / scale), low), high);
  Formula f(ctx);
  float nudgedLow = (low - zero) * scale, nudgedHigh = (high - zero) * scale;
  Value x = ctx.real(0);
  Value limited = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, nudgedLow), nudgedHigh);
  Value steps = f.unary<edge::FloorOp>(f.add(f.mul(f.sub(limited, nudgedLow), 1.0F / scale), 0.5));
  return one(f.add(f.mul(steps, scale), nudgedLow));
}

FailureOr<Results> importPow(NodeContext &ctx) { return binary<edge::PowOp>(ctx); }

FailureOr<Results> importPrelu(NodeContext &ctx) { return binary<edge::PreluOp>(ctx); }

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getElementwiseRows() {
  static constexpr OperatorRow rows[] = {
      {B::ABS, unary<edge::AbsOp>},
      {B::ADD, fused<edge::AddOp, AddOptions>, 2},
      {B::ADD_N, importAddN},
      {B::ATAN2, importAtan2, 2},
      {B::BITWISE_XOR, binary<edge::XorOp>, 2},
      {B::CAST, importCast},
      {B::CEIL, unary<edge::CeilOp>},
      {B::COS, unary<edge::CosOp>},
      {B::DEQUANTIZE, importDequantize},
      {B::DIV, fused<edge::DivOp, DivOptions>, 2},
      {B::ELU, importElu},
      {B::EQUAL, compare<P::equal>, 2},
      {B::EXP, unary<edge::ExpOp>},
      {B::FAKE_QUANT, importFakeQuant},
      {B::FLOOR, unary<edge::FloorOp>},
      {B::FLOOR_DIV, importFloorDiv, 2},
      {B::FLOOR_MOD, binary<edge::ModOp>, 2},
      {B::GELU, importGelu},
      {B::GREATER, compare<P::greater>, 2},
      {B::GREATER_EQUAL, compare<P::greater_equal>, 2},
      {B::HARD_SWISH, importHardSwish},
      {B::LEAKY_RELU, importLeakyRelu},
      {B::LESS, compare<P::less>, 2},
      {B::LESS_EQUAL, compare<P::less_equal>, 2},
      {B::LOG, unary<edge::LogOp>},
      {B::LOGICAL_AND, binary<edge::AndOp>, 2},
      {B::LOGICAL_NOT, unary<edge::NotOp>},
      {B::LOGICAL_OR, binary<edge::OrOp>, 2},
      {B::LOGISTIC, unary<edge::SigmoidOp>},
      {B::MAXIMUM, extreme<edge::MaxOp>, 2},
      {B::MINIMUM, extreme<edge::MinOp>, 2},
      {B::MUL, fused<edge::MulOp, MulOptions>, 2},
      {B::NEG, unary<edge::NegOp>},
      {B::NOT_EQUAL, importNotEqual, 2},
      {B::POW, importPow, 2},
      {B::PRELU, importPrelu, 2},
      {B::QUANTIZE, importQuantize},
      {B::RELU, unary<edge::ReluOp>},
      {B::RELU6, formula<relu6>},
      {B::RELU_0_TO_1, formula<relu0To1>},
      {B::RELU_N1_TO_1, formula<reluN1To1>},
      {B::RIGHT_SHIFT, binary<edge::ShiftRightOp>, 2},
      {B::ROUND, unary<edge::RoundOp>},
      {B::RSQRT, formula<rsqrt>},
      {B::SELECT, importSelect, 3},
      {B::SELECT_V2, importSelect, 3},
      {B::SIGN, unary<edge::SignOp>},
      {B::SIN, unary<edge::SinOp>},
      {B::SQRT, unary<edge::SqrtOp>},
      {B::SQUARE, formula<square>},
      {B::SQUARED_DIFFERENCE, importSquaredDifference, 2},
      {B::SUB, fused<edge::SubOp, SubOptions>, 2},
      {B::TANH, unary<edge::TanhOp>},
  };
  return rows;
}
