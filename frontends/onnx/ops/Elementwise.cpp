// Rows of elementwise operators. What has no edge op of its own is a formula, computed in f32 where
// the element type is narrower.
#include "frontends/Activations.h"
#include "frontends/onnx/Tensors.h"
#include "frontends/onnx/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

using P = edge::ComparePredicate;

namespace {

template <typename Op> FailureOr<Results> unary(NodeContext &ctx) {
  return one(ctx.create<Op>(ctx.input(0)));
}

template <typename Op> FailureOr<Results> binary(NodeContext &ctx) {
  // Before opset 7 operands didn't broadcast as NumPy's do.
  if (ctx.opset < 7 && (ctx.has("axis") || ctx.has("broadcast")))
    return ctx.error("") << "attribute 'broadcast' of opset " << ctx.opset << " is not supported";
  return one(ctx.create<Op>(ctx.input(0), ctx.input(1)));
}

template <P predicate> FailureOr<Results> compare(NodeContext &ctx) {
  return one(Formula(ctx).compare(ctx.input(0), ctx.input(1), predicate));
}

/// Max, Min and Sum of any number of operands.
template <typename Op> FailureOr<Results> variadic(NodeContext &ctx) {
  Value result = ctx.input(0);
  for (unsigned i = 0; i < ctx.numInputs(); ++i) {
    if (!ctx.input(i))
      return ctx.error("") << "input " << i << " is missing";
    if (i > 0)
      result = ctx.create<Op>(result, ctx.input(i));
  }
  return one(result);
}

FailureOr<Results> importMean(NodeContext &ctx) {
  FailureOr<Results> sum = variadic<edge::AddOp>(ctx);
  if (failed(sum))
    return failure();
  return one(Formula(ctx).mul(sum->front(), 1.0 / ctx.numInputs()));
}

//===- Casts ----------------------------------------------------------------------------------===//

FailureOr<Results> importCast(NodeContext &ctx) {
  auto to = static_cast<int32_t>(ctx.intAttr("to", 0));
  Type element = convertElementType(to, ctx.b.getContext());
  if (!element)
    return ctx.error("") << "can't cast to " << dataTypeName(to);
  return one(ctx.cast(ctx.input(0), element));
}

FailureOr<Results> importCastLike(NodeContext &ctx) {
  return one(ctx.cast(ctx.input(0), elementOf(ctx.input(1))));
}

//===- Arithmetic -----------------------------------------------------------------------------===//

FailureOr<Results> importPow(NodeContext &ctx) {
  Value x = ctx.input(0);
  FailureOr<edge::HostTensor> exponent = ctx.tryConstant(1);
  if (isa<FloatType>(elementOf(x)) && succeeded(exponent) && exponent->getNumElements() == 1 &&
      exponent->getRank() <= ctx.type(0).getRank())
    if (Value power = cheapPower(ctx, x, exponent->getFloat(0)))
      return one(power);
  return binary<edge::PowOp>(ctx);
}

FailureOr<Results> importMod(NodeContext &ctx) {
  return ctx.intAttr("fmod", 0) ? binary<edge::FmodOp>(ctx) : binary<edge::ModOp>(ctx);
}

FailureOr<Results> importBitShift(NodeContext &ctx) {
  return ctx.stringAttr("direction", "") == "LEFT" ? binary<edge::ShiftLeftOp>(ctx)
                                                   : binary<edge::ShiftRightOp>(ctx);
}

/// The bounds are attributes before opset 11 and inputs since.
FailureOr<Results> importClip(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  if (ctx.opset < 11) {
    if (ctx.has("min"))
      x = f.binary<edge::MaxOp>(x, ctx.floatAttr("min", 0));
    if (ctx.has("max"))
      x = f.binary<edge::MinOp>(x, ctx.floatAttr("max", 0));
    return one(x);
  }
  if (Value low = ctx.input(1))
    x = f.binary<edge::MaxOp>(x, low);
  if (Value high = ctx.input(2))
    x = f.binary<edge::MinOp>(x, high);
  return one(x);
}

FailureOr<Results> importIsInf(NodeContext &ctx) {
  return one(ctx.create<edge::IsInfOp>(ctx.input(0), ctx.intAttr("detect_negative", 1) != 0,
                                       ctx.intAttr("detect_positive", 1) != 0));
}

FailureOr<Results> importWhere(NodeContext &ctx) {
  return one(ctx.create<edge::SelectOp>(ctx.input(0), ctx.input(1), ctx.input(2)));
}

FailureOr<Results> importIdentity(NodeContext &ctx) { return one(ctx.input(0)); }

/// Nothing is dropped at inference; the mask keeps everything.
FailureOr<Results> importDropout(NodeContext &ctx) {
  Value x = ctx.input(0);
  if (ctx.opset >= 12 && ctx.input(2)) {
    FailureOr<edge::HostTensor> training = ctx.constant(2, "training_mode");
    if (failed(training))
      return failure();
    bool drops = training->getNumElements() == 1 && training->getInt(0) != 0;
    FailureOr<edge::HostTensor> ratio = ctx.tryConstant(1);
    if (drops && succeeded(ratio) && ratio->getNumElements() == 1 && ratio->getFloat(0) == 0)
      drops = false;
    if (drops)
      return ctx.error("") << "dropout in training mode is not supported";
  }
  Results results{x};
  if (ctx.hasOutput(1)) {
    Type mask = ctx.opset >= 10 ? ctx.b.getI1Type() : elementOf(x);
    Value one = ctx.scalar(mask, 1);
    results.push_back(ctx.create<edge::BroadcastOp>(one, shapeOf(x)));
    if (!results.back())
      return failure();
  }
  return results;
}

//===- Activations ----------------------------------------------------------------------------===//

llvm::APFloat number(double value) { return llvm::APFloat(value); }

FailureOr<Results> importLeakyRelu(NodeContext &ctx) {
  return one(ctx.create<edge::LeakyReluOp>(ctx.input(0), number(ctx.floatAttr("alpha", 0.01))));
}

FailureOr<Results> importElu(NodeContext &ctx) {
  return one(ctx.create<edge::EluOp>(ctx.input(0), number(ctx.floatAttr("alpha", 1))));
}

FailureOr<Results> importSelu(NodeContext &ctx) {
  double alpha = ctx.floatAttr("alpha", 1.67326319217681884765625);
  return one(
      createSelu(ctx, ctx.input(0), alpha, ctx.floatAttr("gamma", 1.05070102214813232421875)));
}

FailureOr<Results> importCelu(NodeContext &ctx) {
  return one(createCelu(ctx, ctx.input(0), ctx.floatAttr("alpha", 1)));
}

FailureOr<Results> importHardSigmoid(NodeContext &ctx) {
  return one(ctx.create<edge::HardSigmoidOp>(ctx.input(0), number(ctx.floatAttr("alpha", 0.2)),
                                             number(ctx.floatAttr("beta", 0.5))));
}

FailureOr<Results> importHardSwish(NodeContext &ctx) {
  return one(createHardSwish(ctx, ctx.input(0)));
}

FailureOr<Results> importSoftplus(NodeContext &ctx) {
  Formula f(ctx);
  return one(f.inSingle(ctx.input(0), [&](Value x) { return softplus(f, x); }));
}

FailureOr<Results> importMish(NodeContext &ctx) { return one(createMish(ctx, ctx.input(0))); }

FailureOr<Results> importSoftsign(NodeContext &ctx) {
  Formula f(ctx);
  return one(f.inSingle(ctx.input(0),
                        [&](Value x) { return f.div(x, f.add(f.unary<edge::AbsOp>(x), 1.0)); }));
}

FailureOr<Results> importSwish(NodeContext &ctx) {
  return one(createSwish(ctx, ctx.input(0), ctx.floatAttr("alpha", 1)));
}

FailureOr<Results> importGelu(NodeContext &ctx) {
  return one(createGelu(ctx, ctx.input(0), ctx.stringAttr("approximate", "none") == "tanh"));
}

FailureOr<Results> importThresholdedRelu(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  Value above = f.compare(x, ctx.scalar(elementOf(x), ctx.floatAttr("alpha", 1)), P::greater);
  return one(f.select(above, x, ctx.scalar(elementOf(x), 0)));
}

/// x < -lambd: x + bias; x > lambd: x - bias; else 0.
FailureOr<Results> importShrink(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  Type element = elementOf(x);
  double bias = ctx.floatAttr("bias", 0), lambd = ctx.floatAttr("lambd", 0.5);
  // On integers the threshold is a fraction all the same.
  Type compute = isa<FloatType>(element) ? element : Type(ctx.b.getF32Type());
  Value wide = ctx.cast(x, compute);
  if (!wide)
    return failure();
  Value below = f.compare(wide, ctx.scalar(compute, -lambd), P::less);
  Value above = f.compare(wide, ctx.scalar(compute, lambd), P::greater);
  Value low = f.select(below, f.add(wide, bias), ctx.scalar(compute, 0));
  return one(ctx.cast(f.select(above, f.sub(wide, bias), low), element));
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getElementwiseRows() {
  static const OperatorRow rows[] = {
      {"Abs", unary<edge::AbsOp>},
      {"Acos", unary<edge::AcosOp>},
      {"Acosh", unary<edge::AcoshOp>},
      {"Add", binary<edge::AddOp>},
      {"And", binary<edge::AndOp>},
      {"Asin", unary<edge::AsinOp>},
      {"Asinh", unary<edge::AsinhOp>},
      {"Atan", unary<edge::AtanOp>},
      {"Atanh", unary<edge::AtanhOp>},
      {"BitShift", importBitShift},
      {"BitwiseAnd", binary<edge::AndOp>},
      {"BitwiseNot", unary<edge::NotOp>},
      {"BitwiseOr", binary<edge::OrOp>},
      {"BitwiseXor", binary<edge::XorOp>},
      {"Cast", importCast},
      {"CastLike", importCastLike},
      {"Ceil", unary<edge::CeilOp>},
      {"Celu", importCelu},
      {"Clip", importClip},
      {"Cos", unary<edge::CosOp>},
      {"Cosh", unary<edge::CoshOp>},
      {"Div", binary<edge::DivOp>},
      {"Dropout", importDropout},
      {"Elu", importElu},
      {"Equal", compare<P::equal>},
      {"Erf", unary<edge::ErfOp>},
      {"Exp", unary<edge::ExpOp>},
      {"Floor", unary<edge::FloorOp>},
      {"Gelu", importGelu},
      {"Greater", compare<P::greater>},
      {"GreaterOrEqual", compare<P::greater_equal>},
      {"HardSigmoid", importHardSigmoid},
      {"HardSwish", importHardSwish},
      {"Identity", importIdentity},
      {"IsInf", importIsInf},
      {"IsNaN", unary<edge::IsNaNOp>},
      {"LeakyRelu", importLeakyRelu},
      {"Less", compare<P::less>},
      {"LessOrEqual", compare<P::less_equal>},
      {"Log", unary<edge::LogOp>},
      {"Max", variadic<edge::MaxOp>},
      {"Mean", importMean},
      {"Min", variadic<edge::MinOp>},
      {"Mish", importMish},
      {"Mod", importMod},
      {"Mul", binary<edge::MulOp>},
      {"Neg", unary<edge::NegOp>},
      {"Not", unary<edge::NotOp>},
      {"Or", binary<edge::OrOp>},
      {"PRelu", binary<edge::PreluOp>},
      {"Pow", importPow},
      {"Reciprocal", unary<edge::ReciprocalOp>},
      {"Relu", unary<edge::ReluOp>},
      {"Round", unary<edge::RoundOp>},
      {"Selu", importSelu},
      {"Shrink", importShrink},
      {"Sigmoid", unary<edge::SigmoidOp>},
      {"Sign", unary<edge::SignOp>},
      {"Sin", unary<edge::SinOp>},
      {"Sinh", unary<edge::SinhOp>},
      {"Softplus", importSoftplus},
      {"Softsign", importSoftsign},
      {"Sqrt", unary<edge::SqrtOp>},
      {"Sub", binary<edge::SubOp>},
      {"Sum", variadic<edge::AddOp>},
      {"Swish", importSwish},
      {"Tan", unary<edge::TanOp>},
      {"Tanh", unary<edge::TanhOp>},
      {"ThresholdedRelu", importThresholdedRelu},
      {"Where", importWhere},
      {"Xor", binary<edge::XorOp>},
  };
  return rows;
}
