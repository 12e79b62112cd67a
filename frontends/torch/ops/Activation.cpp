// Rows of activations, softmax and dropout.
#include "frontends/Activations.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

llvm::APFloat number(double value) { return llvm::APFloat(value); }

/// `fn(x)` in f32 where x is narrower.
template <typename Fn> FailureOr<Results> inSingle(NodeContext &ctx, Fn fn) {
  return one(Formula(ctx).inSingle(floats(ctx), [&](Value x) -> Value { return fn(x); }));
}

FailureOr<Results> importGelu(NodeContext &ctx) {
  StringRef form = ctx.text("approximate");
  if (form != "none" && form != "tanh")
    return ctx.error("approximation '") << form << "' is neither 'none' nor 'tanh'";
  return one(createGelu(ctx, ctx.input(0), form == "tanh"));
}

FailureOr<Results> importSilu(NodeContext &ctx) { return one(createSwish(ctx, ctx.input(0))); }
FailureOr<Results> importMish(NodeContext &ctx) { return one(createMish(ctx, ctx.input(0))); }
FailureOr<Results> importHardswish(NodeContext &ctx) {
  return one(createHardSwish(ctx, ctx.input(0)));
}
FailureOr<Results> importHardsigmoid(NodeContext &ctx) {
  return one(ctx.create<edge::HardSigmoidOp>(ctx.input(0), number(1.0 / 6), number(0.5)));
}
FailureOr<Results> importSelu(NodeContext &ctx) {
  return one(createSelu(ctx, ctx.input(0), 1.6732632423543772, 1.0507009873554805));
}
FailureOr<Results> importCelu(NodeContext &ctx) {
  FailureOr<Number> alpha = ctx.scalar("alpha");
  if (failed(alpha))
    return failure();
  return one(createCelu(ctx, ctx.input(0), alpha->asReal()));
}

FailureOr<Results> importHardtanh(NodeContext &ctx) {
  auto low = ctx.scalar("min_val"), high = ctx.scalar("max_val");
  if (failed(low) || failed(high))
    return failure();
  Formula f(ctx);
  Type element = elementOf(ctx.input(0));
  // Limited from zero on, it is a ReLU, which layers take in.
  Value x = low->asReal() == 0 ? f.unary<edge::ReluOp>(ctx.input(0))
                               : f.binary<edge::MaxOp>(ctx.input(0), ctx.constant(*low, element));
  return one(f.binary<edge::MinOp>(x, ctx.constant(*high, element)));
}

FailureOr<Results> importRelu6(NodeContext &ctx) {
  Formula f(ctx);
  return one(f.binary<edge::MinOp>(f.unary<edge::ReluOp>(ctx.input(0)), 6.0));
}

FailureOr<Results> importLeakyRelu(NodeContext &ctx) {
  FailureOr<Number> slope = ctx.scalar("negative_slope");
  if (failed(slope))
    return failure();
  return one(ctx.create<edge::LeakyReluOp>(ctx.input(0), number(slope->asReal())));
}

/// scale * (x > 0 ? x : alpha * (e^(x * input_scale) - 1))
FailureOr<Results> importElu(NodeContext &ctx) {
  auto alpha = ctx.scalar("alpha"), scale = ctx.scalar("scale"), inner = ctx.scalar("input_scale");
  if (failed(alpha) || failed(scale) || failed(inner))
    return failure();
  Formula f(ctx);
  return inSingle(ctx, [&](Value x) {
    Value y;
    if (inner->asReal() == 1) {
      y = ctx.create<edge::EluOp>(x, number(alpha->asReal()));
    } else {
      Value low = ctx.create<edge::EluOp>(f.mul(x, inner->asReal()), number(alpha->asReal()));
      y = f.select(f.compare(x, ctx.scalar(elementOf(x), 0), P::greater), x, low);
    }
    return scale->asReal() == 1 ? y : f.mul(y, scale->asReal());
  });
}

/// ln(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.
FailureOr<Results> importSoftplus(NodeContext &ctx) {
  auto beta = ctx.scalar("beta"), threshold = ctx.scalar("threshold");
  if (failed(beta) || failed(threshold))
    return failure();
  Formula f(ctx);
  return inSingle(ctx, [&](Value x) {
    Value scaled = beta->asReal() == 1 ? x : f.mul(x, beta->asReal());
    Value soft = softplus(f, scaled);
    if (beta->asReal() != 1)
      soft = f.div(soft, beta->asReal());
    Value isLarge = f.compare(scaled, ctx.constant(*threshold, elementOf(x)), P::greater);
    return f.select(isLarge, x, soft);
  });
}

FailureOr<Results> importLogSigmoid(NodeContext &ctx) {
  Formula f(ctx);
  return inSingle(
      ctx, [&](Value x) { return f.unary<edge::NegOp>(softplus(f, f.unary<edge::NegOp>(x))); });
}

/// x beyond lambd, else 0; with `soft`, less it.
template <bool soft> FailureOr<Results> importShrink(NodeContext &ctx) {
  FailureOr<Number> lambd = ctx.scalar("lambd");
  if (failed(lambd))
    return failure();
  Formula f(ctx);
  Value x = ctx.input(0), bound = ctx.constant(*lambd, elementOf(x));
  Value isFar = f.compare(f.unary<edge::AbsOp>(x), bound, P::greater);
  Value shorter = f.sub(x, f.mul(f.unary<edge::SignOp>(x), bound));
  return one(f.select(isFar, soft ? shorter : x, ctx.scalar(elementOf(x), 0)));
}

FailureOr<Results> importThreshold(NodeContext &ctx) {
  auto threshold = ctx.scalar("threshold"), value = ctx.scalar("value");
  if (failed(threshold) || failed(value))
    return failure();
  Formula f(ctx);
  Value x = ctx.input(0);
  Value above = f.compare(x, ctx.constant(*threshold, elementOf(x)), P::greater);
  return one(f.select(above, x, ctx.constant(*value, elementOf(x))));
}

/// One slope, or one a channel.
FailureOr<Results> importPrelu(NodeContext &ctx) {
  auto x = ctx.type(0);
  Value slope = ctx.input(1);
  if (typeOf(slope).getNumElements() == 1) {
    slope = ctx.reshape(slope, {});
  } else if (typeOf(slope).getRank() == 1) {
    SmallVector<int64_t> shape(std::max<int64_t>(x.getRank() - 1, 1), 1);
    shape[0] = typeOf(slope).getNumElements();
    slope = ctx.reshape(slope, shape);
  }
  return one(ctx.create<edge::PreluOp>(ctx.input(0), slope));
}

FailureOr<Results> importGlu(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  if (failed(dim))
    return failure();
  if (x.getRank() == 0 || x.getDimSize(*dim) % 2)
    return ctx.error("can't halve ") << x << " along dimension " << *dim;
  int64_t half = x.getDimSize(*dim) / 2;
  Value left = sliceAlong(ctx, ctx.input(0), *dim, 0, half);
  Value right = sliceAlong(ctx, ctx.input(0), *dim, half, 2 * half);
  Formula f(ctx);
  return one(f.mul(left, f.unary<edge::SigmoidOp>(right)));
}

/// In f32 where the input is an integer or the result has to be one.
template <bool log, bool safe = false> FailureOr<Results> importSoftmax(NodeContext &ctx) {
  Value x = floats(ctx);
  for (auto [i, parameter] : llvm::enumerate(ctx.schema.parameters))
    if (parameter.type == Parameter::Type::elementType && ctx.arguments[i].element)
      x = ctx.cast(x, ctx.arguments[i].element);
  if (!x)
    return failure();
  auto dim = ctx.dimension("dim", typeOf(x).getRank());
  if (failed(dim))
    return failure();
  if (typeOf(x).getRank() == 0)
    return one(ctx.reshape(ctx.create<edge::SoftmaxOp>(ctx.reshape(x, {1}), 0, log, safe), {}));
  return one(ctx.create<edge::SoftmaxOp>(x, *dim, log, safe));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getActivationRows() {
  static const OperatorRow rows[] = {
      {"aten::relu(Tensor self) -> Tensor", unary<edge::ReluOp>},
      {"aten::relu_(Tensor(a!) self) -> Tensor(a!)", unary<edge::ReluOp>},
      {"aten::relu6(Tensor self) -> Tensor", importRelu6},
      {"aten::relu6_(Tensor(a!) self) -> Tensor(a!)", importRelu6},
      {"aten::sigmoid(Tensor self) -> Tensor", unary<edge::SigmoidOp, true>},
      {"aten::sigmoid_(Tensor(a!) self) -> Tensor(a!)", unary<edge::SigmoidOp, true>},
      {"aten::special_expit(Tensor self) -> Tensor", unary<edge::SigmoidOp, true>},
      {"aten::tanh(Tensor self) -> Tensor", unary<edge::TanhOp, true>},
      {"aten::tanh_(Tensor(a!) self) -> Tensor(a!)", unary<edge::TanhOp, true>},
      {"aten::gelu(Tensor self, *, str approximate=\"none\") -> Tensor", importGelu},
      {"aten::gelu_(Tensor(a!) self, *, str approximate=\"none\") -> Tensor(a!)", importGelu},
      {"aten::silu(Tensor self) -> Tensor", importSilu},
      {"aten::silu_(Tensor(a!) self) -> Tensor(a!)", importSilu},
      {"aten::mish(Tensor self) -> Tensor", importMish},
      {"aten::mish_(Tensor(a!) self) -> Tensor(a!)", importMish},
      {"aten::hardswish(Tensor self) -> Tensor", importHardswish},
      {"aten::hardswish_(Tensor(a!) self) -> Tensor(a!)", importHardswish},
      {"aten::hardsigmoid(Tensor self) -> Tensor", importHardsigmoid},
      {"aten::hardsigmoid_(Tensor(a!) self) -> Tensor(a!)", importHardsigmoid},
      {"aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
       importHardtanh},
      {"aten::hardtanh_(Tensor(a!) self, Scalar min_val=-1, Scalar max_val=1) -> Tensor(a!)",
       importHardtanh},
      {"aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", importLeakyRelu},
      {"aten::leaky_relu_(Tensor(a!) self, Scalar negative_slope=0.01) -> Tensor(a!)",
       importLeakyRelu},
      {"aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
       importElu},
      {"aten::elu_(Tensor(a!) self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> "
       "Tensor(a!)",
       importElu},
      {"aten::selu(Tensor self) -> Tensor", importSelu},
      {"aten::selu_(Tensor(a!) self) -> Tensor(a!)", importSelu},
      {"aten::celu(Tensor self, Scalar alpha=1.) -> Tensor", importCelu},
      {"aten::celu_(Tensor(a!) self, Scalar alpha=1.) -> Tensor(a!)", importCelu},
      {"aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", importSoftplus},
      {"aten::log_sigmoid(Tensor self) -> Tensor", importLogSigmoid},
      {"aten::log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)",
       importLogSigmoid},
      {"aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", importShrink<false>},
      {"aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", importShrink<true>},
      {"aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor", importThreshold},
      {"aten::threshold_(Tensor(a!) self, Scalar threshold, Scalar value) -> Tensor(a!)",
       importThreshold},
      {"aten::prelu(Tensor self, Tensor weight) -> Tensor", importPrelu},
      {"aten::_prelu_kernel(Tensor self, Tensor weight) -> Tensor", importPrelu},
      {"aten::glu(Tensor self, int dim=-1) -> Tensor", importGlu},
      {"aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
       importSoftmax<false>},
      {"aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", importSoftmax<false>},
      {"aten::_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
       importSoftmax<false, true>},
      {"aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
       importSoftmax<true>},
      {"aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
       importSoftmax<true>},
  };
  return rows;
}
