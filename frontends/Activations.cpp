#include "frontends/Activations.h"

using namespace mlir;
using namespace edgec;

static llvm::APFloat number(double value) { return llvm::APFloat(value); }

Value edgec::cheapPower(const OpContext &ctx, Value x, double exponent) {
  Formula f(ctx);
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return f.mul(x, x);
  if (exponent == 3)
    return f.mul(f.mul(x, x), x);
  if (exponent == 0.5)
    return f.sqrt(x);
  if (exponent == -0.5)
    return f.unary<edge::ReciprocalOp>(f.sqrt(x));
  if (exponent == -1)
    return f.unary<edge::ReciprocalOp>(x);
  return {};
}

/// As max(x, 0) + ln(1 + e^-|x|).
Value edgec::softplus(const Formula &f, Value x) {
  Value tail = f.unary<edge::ExpOp>(f.unary<edge::NegOp>(f.unary<edge::AbsOp>(x)));
  return f.add(f.unary<edge::ReluOp>(x), f.unary<edge::LogOp>(f.add(tail, 1.0)));
}

Value edgec::createSelu(const OpContext &ctx, Value x, double alpha, double gamma) {
  Formula f(ctx);
  return f.inSingle(
      x, [&](Value x) { return f.mul(ctx.create<edge::EluOp>(x, number(alpha)), gamma); });
}

Value edgec::createCelu(const OpContext &ctx, Value x, double alpha) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) {
    Value scaled = alpha == 1 ? x : f.div(x, alpha);
    Value low = ctx.create<edge::EluOp>(scaled, number(1));
    return alpha == 1 ? low : f.mul(low, alpha);
  });
}

Value edgec::createHardSwish(const OpContext &ctx, Value x) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) {
    return f.mul(x, ctx.create<edge::HardSigmoidOp>(x, number(1.0 / 6), number(0.5)));
  });
}

Value edgec::createMish(const OpContext &ctx, Value x) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) { return f.mul(x, f.unary<edge::TanhOp>(softplus(f, x))); });
}

Value edgec::createSwish(const OpContext &ctx, Value x, double alpha) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) {
    return f.mul(x, f.unary<edge::SigmoidOp>(alpha == 1 ? x : f.mul(x, alpha)));
  });
}

Value edgec::createGelu(const OpContext &ctx, Value x, bool tanh) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) {
    Value inner;
    if (tanh) { // tanh(sqrt(2 / pi) * (x + 0.044715 x^3))
      Value cubic = f.mul(f.mul(f.mul(x, x), x), 0.044715);
      inner = f.unary<edge::TanhOp>(f.mul(f.add(x, cubic), 0.7978845608028654));
    } else {
      inner = f.unary<edge::ErfOp>(f.mul(x, 0.7071067811865476));
    }
    return f.mul(f.mul(x, 0.5), f.add(inner, 1.0));
  });
}
