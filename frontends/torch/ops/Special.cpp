// Rows of rarer functions of numbers.
#include "frontends/torch/ops/Build.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

/// -x ln(x); 0 at 0, and nothing below it.
Value entropy(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  Value zero = ctx.scalar(elementOf(x), 0);
  Value y = f.unary<edge::NegOp>(f.mul(x, f.unary<edge::LogOp>(x)));
  y = f.select(f.compare(x, zero, P::equal), zero, y);
  return f.select(f.compare(x, zero, P::less), ctx.scalar(elementOf(x), -INFINITY), y);
}

/// The normal distribution's share below x.
Value normalBelow(const NodeContext &ctx, Value x) {
  Formula f(ctx);
  return f.mul(f.add(f.unary<edge::ErfOp>(f.mul(x, std::numbers::sqrt2 / 2)), 1.0), 0.5);
}

/// Giles' polynomials in w = -ln(1 - x^2), for the middle and for the tails.
Value inverseErf(const NodeContext &ctx, Value x) {
  static constexpr double kMiddle[] = {2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
                                       -4.39150654e-06, 0.00021858087,  -0.00125372503,
                                       -0.00417768164,  0.246640727,    1.50140941},
                          kTail[] = {-0.000200214257, 0.000100950558, 0.00134934322,
                                     -0.00367342844,  0.00573950773,  -0.0076224613,
                                     0.00943887047,   1.00167406,     2.83297682};
  Formula f(ctx);
  Value w = f.unary<edge::NegOp>(f.unary<edge::LogOp>(f.mul(f.sub(1.0, x), f.add(x, 1.0))));
  auto polynomial = [&](Value at, ArrayRef<double> terms) {
    Value y = ctx.scalar(elementOf(x), terms.front());
    for (double term : terms.drop_front())
      y = f.add(f.mul(y, at), term);
    return y;
  };
  Value isMiddle = f.compare(w, ctx.scalar(elementOf(x), 5), P::less);
  Value y = f.mul(x, f.select(isMiddle, polynomial(f.sub(w, 2.5), kMiddle),
                              polynomial(f.sub(f.sqrt(w), 3.0), kTail)));
  Value isEnd = f.compare(f.unary<edge::AbsOp>(x), ctx.scalar(elementOf(x), 1), P::equal);
  return f.select(isEnd, f.mul(x, INFINITY), y);
}

/// log2(2^x + 2^y), as max + log2(1 + 2^-|x - y|).
FailureOr<Results> importLogaddexp2(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, /*toFloat=*/true);
  Formula f(ctx);
  Type wide = Formula::wideType(p.element);
  Value x = ctx.cast(p.x, wide), y = ctx.cast(p.y, wide);
  Value distance = f.unary<edge::AbsOp>(f.sub(x, y));
  Value power = f.unary<edge::ExpOp>(f.mul(distance, -std::numbers::ln2));
  Value largest = f.binary<edge::MaxOp>(x, y);
  Value tail = f.mul(f.unary<edge::LogOp>(f.add(power, 1.0)), std::numbers::log2e);
  if (!tail || !largest)
    return failure();
  Value sum =
      f.select(ctx.create<edge::IsInfOp>(largest, true, true), largest, f.add(largest, tail));
  return one(ctx.cast(sum, p.element));
}

/// x 2^y.
FailureOr<Results> importLdexp(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, /*toFloat=*/true);
  Formula f(ctx);
  return one(f.mul(p.x, f.binary<edge::PowOp>(2.0, p.y)));
}

/// In f64.
FailureOr<Results> importFloatPower(NodeContext &ctx) {
  Type wide = ctx.b.getF64Type();
  return one(ctx.create<edge::PowOp>(ctx.operandAs(0, wide), ctx.operandAs(1, wide)));
}

/// |x - y| <= atol + rtol |y|, or the same, or neither a number where that counts.
FailureOr<Results> importIsClose(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  Value same = f.compare(p.x, p.y, P::equal);
  if (!isa<FloatType>(p.element) && ctx.real("rtol") == 0 && ctx.real("atol") == 0)
    return one(same);
  Type element = floatFor(p.element);
  Value x = ctx.cast(p.x, element), y = ctx.cast(p.y, element);
  if (!x || !y)
    return failure();
  Value room = f.add(f.mul(f.unary<edge::AbsOp>(y), ctx.real("rtol")), ctx.real("atol"));
  Value distance = f.unary<edge::AbsOp>(f.sub(x, y));
  Value isFinite = f.unary<edge::NotOp>(ctx.create<edge::IsInfOp>(distance, true, true));
  Value near = f.binary<edge::AndOp>(isFinite, f.compare(distance, room, P::less_equal));
  Value close = f.binary<edge::OrOp>(same, near);
  if (ctx.flag("equal_nan"))
    close = f.binary<edge::OrOp>(
        close, f.binary<edge::AndOp>(f.unary<edge::IsNaNOp>(x), f.unary<edge::IsNaNOp>(y)));
  return one(close);
}

/// Leaky by the mean of its bounds: by chance between them only in training.
FailureOr<Results> importRrelu(NodeContext &ctx) {
  if (ctx.flag("training"))
    return ctx.error("takes slopes at random, as in training; call model.eval() before "
                     "torch.export");
  auto lower = ctx.scalar("lower"), upper = ctx.scalar("upper");
  if (failed(lower) || failed(upper))
    return failure();
  Formula f(ctx);
  Value x = ctx.input(0);
  Value below = f.mul(x, (lower->asReal() + upper->asReal()) / 2);
  return one(f.select(f.compare(x, ctx.scalar(elementOf(x), 0), P::less), below, x));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSpecialRows() {
  static const OperatorRow rows[] = {
      {"aten::erfinv(Tensor self) -> Tensor", formula<inverseErf>},
      {"aten::special_entr(Tensor self) -> Tensor", formula<entropy>},
      {"aten::special_ndtr(Tensor self) -> Tensor", formula<normalBelow>},
      {"aten::logaddexp2(Tensor self, Tensor other) -> Tensor", importLogaddexp2},
      {"aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor", importLdexp},
      {"aten::float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", importFloatPower},
      {"aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", importFloatPower},
      {"aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float "
       "atol=1e-08, bool equal_nan=False) -> Tensor",
       importIsClose},
      {"aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool "
       "training=False, Generator? generator=None) -> Tensor",
       importRrelu},
      {"aten::rrelu_with_noise_functional(Tensor self, Tensor noise, Scalar lower=0.125, Scalar "
       "upper=0.33333333333333331, bool training=False, Generator? generator=None) -> (Tensor, "
       "Tensor noise_out)",
       importRrelu},
  };
  return rows;
}
