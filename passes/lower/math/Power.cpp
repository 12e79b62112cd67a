// x^y. The logarithm's error grows with y, so it is carried in two floats.
#include "passes/lower/math/Functions.h"
#include <cmath>

namespace edgec::approximate {

static constexpr float kInfinity = INFINITY;

/// log2 of a positive finite number to about 2^-35 of itself.
static Pair log2InTwoParts(Float x) {
  auto [n, over] = split(x, kRootHalf);
  // log2(m) = 2 / ln 2 * atanh(t) with t = (m - 1) / (m + 1), itself in two parts.
  Pair sum = addExactly(x.constant(2.0f), over);
  Float reciprocal = 1.0f / sum.high;
  Float t = over * reciprocal;
  Pair back = multiplyExactly(t, sum.high);
  Float tLow = (((over - back.high) - back.low) - t * sum.low) * reciprocal;

  // atanh(t) = t + t^3 (1/3 + t^2 (1/5 + ...)): from 1/3 down in one float, the rest in two.
  Pair square = multiplyExactly(t, t);
  square.low = mulAdd(t + t, tLow, square.low);
  Float tail = polynomial(square.high, {0.200000763f, 0.142735451f, 0.117098168f});
  constexpr float kThird = 0x1.555556p-2f, kThirdLow = -0x1.555556p-27f;
  Pair factor = addExactly(x.constant(kThird), mulAdd(square.high, tail, kThirdLow));
  Pair cubic = multiplyExactly(square.high, factor.high);
  cubic.low = mulAdd(square.high, factor.low, mulAdd(square.low, factor.high, cubic.low));
  Pair change = multiplyExactly(t, cubic.high);
  change.low = mulAdd(t, cubic.low, mulAdd(tLow, cubic.high, change.low));
  Pair atanh = addExactly(t, change.high);
  atanh.low = atanh.low + (change.low + tLow);

  constexpr float kFactor = 0x1.715476p+1f, kFactorLow = 0x1.4ae0bep-25f; // 2 / ln 2
  Pair log = multiplyExactly(atanh.high, x.constant(kFactor));
  log.low = mulAdd(atanh.high, kFactorLow, mulAdd(atanh.low, kFactor, log.low));
  Pair result = addExactly(n * 0x1p-23f, log.high);
  return {result.high, result.low + log.low};
}

Float pow(Float x, Float y) {
  Float size = x.abs();
  Pair log = log2InTwoParts(size);
  // Enough for any power of a number other than one to be zero or infinity, and no more, so that
  // nothing overflows on the way.
  Float exponent = y.atLeast(-0x1p36f).atMost(0x1p36f);
  Pair product = multiplyExactly(exponent, log.high);
  Float low = mulAdd(exponent, log.low, product.low);
  Float limited = product.high.atLeast(-160.0f).atMost(160.0f);
  low = select(limited == product.high, low, 0.0f);

  constexpr float kRound = 0x1.8p23f;
  Float shifted = limited + kRound;
  Float rest = (limited - (shifted - kRound)) + low;
  Float fraction = exp2OfFraction(rest);
  Float result = scale({fraction, shifted.bits()}, limited.bits().isNegative());

  // Zero and infinity as the base.
  Mask isZero = size == 0.0f, isInfinite = size == x.constant(kInfinity);
  Mask down = y.bits().isNegative();
  Float ofZero = select(down, x.constant(kInfinity), x.constant(0.0f));
  Float ofInfinity = select(down, x.constant(0.0f), x.constant(kInfinity));
  result = select(isZero, ofZero, select(isInfinite, ofInfinity, result));

  // Negative bases: from 2^24 on, all exponents are even integers.
  Int whole = toInt(select(y.abs() < 0x1p24f, y, 0.0f));
  Mask isWhole = toFloat(whole) == y,
       isHuge = y.constant(0x1p24f).compare(mlir::arith::CmpFPredicate::OLE, y.abs());
  Int isOdd = select(isWhole, whole << 31, whole.constant(0));
  Int negative = x.bits() & 0x80000000;
  Float signedResult = asFloat(result.bits() ^ (isOdd & negative));
  Mask isReal = isWhole | isHuge | isZero | isInfinite |
                x.compare(mlir::arith::CmpFPredicate::OGE, x.constant(0.0f));
  result = select(isReal, signedResult, NAN);

  Mask isNaN = x.compare(mlir::arith::CmpFPredicate::UNO, y);
  result = select(isNaN, x + y, result);
  return select((x == 1.0f) | (y == 0.0f), 1.0f, result);
}

} // namespace edgec::approximate
