// Powers of e and 2, and logarithms.
#include "passes/lower/math/Functions.h"
#include <cmath>

namespace edgec::approximate {

static constexpr float kInfinity = INFINITY;

//===- Exponentials ---------------------------------------------------------------------------===//

/// Adding it leaves a number's integer part in the lowest bits of the sum, rounded to nearest. That
/// takes no instruction for rounding or converting, which not all processors have for vectors.
static constexpr float kRound = 0x1.8p23f;
static constexpr float kLog2e = 0x1.715476p+0f;
/// ln 2 in two parts, of which products of the first with integers up to 2^9 are exact.
static constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;

/// x = n ln 2 + rest with |rest| <= ln 2 / 2.
static Float reduce(Float x, Int &exponent) {
  Float shifted = mulAdd(x, kLog2e, kRound);
  exponent = shifted.bits();
  Float n = shifted - kRound;
  return mulAdd(n, -kLn2Low, mulAdd(n, -kLn2High, x));
}

/// (e^x - 1 - x) / x^2 for |x| <= ln 2 / 2.
static Float expTail(Float x) {
  return polynomial(x, {0.49999994f, 0.166665167f, 0.0416681021f, 0.00836919248f, 0.00138389028f});
}

Scaled expScaled(Float x) {
  Int exponent;
  Float rest = reduce(x, exponent);
  return {mulAdd(mulAdd(expTail(rest), rest, 1.0f), rest, 1.0f), exponent};
}

Float powerOfTwo(Int exponent, int k) {
  return asFloat((exponent << 23) + (static_cast<uint32_t>(127 + k) << 23));
}

Float scale(Scaled scaled, Mask down) {
  // Two factors, since 2^n alone may be neither: the first leaves the fraction exact.
  const Int &n = scaled.exponent;
  Int bias = select(down, n.constant((127 + 64) << 23), n.constant((127 - 64) << 23));
  Float rest = select(down, scaled.fraction.constant(0x1p-64f), scaled.fraction.constant(0x1p64f));
  return scaled.fraction * asFloat((n << 23) + bias) * rest;
}

Float exp(Float x) {
  // Beyond these limits the result is zero or infinity all the same.
  return scale(expScaled(x.atLeast(-104.0f).atMost(89.0f)), x.bits().isNegative());
}

Float expInNormalRange(Float x) {
  Scaled scaled = expScaled(x.atLeast(-87.3f).atMost(88.8f));
  return scaled.fraction * powerOfTwo(scaled.exponent, 0);
}

Float exp2OfFraction(Float x) {
  Float tail =
      polynomial(x, {0.240225926f, 0.0555036515f, 0.00962548703f, 0.0013388613f, 0.000133626585f});
  return mulAdd(mulAdd(tail, x, 0.693147182f), x, 1.0f);
}

Float exp2(Float x) {
  Float limited = x.atLeast(-151.0f).atMost(129.0f);
  Float shifted = limited + kRound;
  Float rest = limited - (shifted - kRound);
  Float fraction = exp2OfFraction(rest);
  return scale({fraction, shifted.bits()}, x.bits().isNegative());
}

Float expm1(Float x) {
  // Half of it, since 2^n itself may be too large: 2^(n-1) (e^rest - 1) + (2^(n-1) - 1/2).
  Int exponent;
  Float rest = reduce(x.atLeast(-18.0f).atMost(89.0f), exponent);
  Float fraction = mulAdd(expTail(rest), rest * rest, rest);
  Float factor = powerOfTwo(exponent, -1);
  Float half = mulAdd(fraction, factor, factor - 0.5f);
  // The smallest numbers don't survive being halved, nor -0 the sum.
  return select(x.abs() < 0x1p-25f, x, half + half);
}

//===- Logarithms -----------------------------------------------------------------------------===//

static constexpr float kTwoThirds = 0x1.555556p-1f;
static constexpr uint32_t kExponentBits = 0xff800000;
static constexpr float kLn2 = 0x1.62e430p-1f;

Split split(Float x, float least) {
  // Below the normal numbers, the exponent's field says nothing.
  Mask tiny = x < 0x1p-126f;
  Int bits = select(tiny, x * 0x1p23f, x).bits();
  Int exponent = (bits - llvm::bit_cast<uint32_t>(least)) & kExponentBits;
  Float n = toFloat(exponent) - select(tiny, 23 * 0x1p23f, x.constant(0.0f));
  return {n, asFloat(bits - exponent) - 1.0f};
}

/// What a logarithm is where the formula doesn't hold: infinity, NaN, zero, negative numbers.
static Float patch(Float x, Float result) {
  Float outside = select(x < 0.0f, NAN, x.constant(-kInfinity));
  Mask inside = x.compare(mlir::arith::CmpFPredicate::UGT, x.constant(0.0f));
  return select(inside, select(x < kInfinity, result, x), outside);
}

/// log(1 + x) for x in [-1/3, 1/3].
static Float logOfFraction(Float x) {
  Float tail = polynomial(x, {0.333332151f, -0.249997973f, 0.200104058f, -0.16680488f, 0.140058696f,
                              -0.121842608f, 0.139844358f, -0.128916845f});
  return mulAdd(x * x, mulAdd(tail, x, -0.5f), x);
}

Float log(Float x) {
  Split parts = split(x, kTwoThirds);
  return patch(x, mulAdd(parts.n, kLn2 * 0x1p-23f, logOfFraction(parts.fraction)));
}

Float log2(Float x) {
  Split parts = split(x, kRootHalf);
  const Float &rest = parts.fraction;
  Float tail =
      polynomial(rest, {-0.721347332f, 0.480897784f, -0.360698998f, 0.288600832f, -0.239579514f,
                        0.203886494f, -0.190668464f, 0.190811858f, -0.116768107f});
  return patch(x, mulAdd(rest, kLog2e, rest * rest * tail) + parts.n * 0x1p-23f);
}

Float log10(Float x) {
  // log10(2) in two parts, of which products of the first with n are exact.
  constexpr float kLog10e = 0x1.bcb7b2p-2f, kHigh = 0x1.344p-2f, kLow = 0x1.3509f8p-18f;
  Split parts = split(x, kRootHalf);
  const Float &rest = parts.fraction;
  Float tail =
      polynomial(rest, {-0.217147186f, 0.144764796f, -0.108580492f, 0.0868674666f, -0.0721323267f,
                        0.061590869f, -0.0575135872f, 0.0560433492f, -0.0331010371f});
  Float small = mulAdd(parts.n, kLow * 0x1p-23f, rest * rest * tail);
  return patch(x, mulAdd(parts.n, kHigh * 0x1p-23f, mulAdd(rest, kLog10e, small)));
}

Float log1pOfPositive(Float x) {
  // The exponent comes from 1 + x, the fraction from x itself: scaled by 2^(2-n), and back by 1/4,
  // so that no factor leaves the normal numbers.
  Int exponent = ((x + 1.0f).bits() - llvm::bit_cast<uint32_t>(kTwoThirds)) & kExponentBits;
  Int negated = exponent.constant(0) - exponent;
  Float factor = asFloat(negated + 0x40800000);
  // Written so that zeros keep their sign: what is added to -0 has to be -0, here and where n is 0.
  Float fraction = mulAdd(x * factor, 0.25f, -mulAdd(factor, -0.25f, 1.0f));
  Float result = mulAdd(toFloat(negated), -kLn2 * 0x1p-23f, logOfFraction(fraction));
  return select(x < kInfinity, result, x);
}

Float log1p(Float x) {
  Float outside = select(x < -1.0f, NAN, x.constant(-kInfinity));
  Mask inside = x.compare(mlir::arith::CmpFPredicate::UGT, x.constant(-1.0f));
  return select(inside, log1pOfPositive(x), outside);
}

} // namespace edgec::approximate
