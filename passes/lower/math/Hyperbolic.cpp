// Hyperbolic functions, their inverses, and the error function.
#include "passes/lower/math/Functions.h"
#include <cmath>

namespace edgec::approximate {

static constexpr float kInfinity = INFINITY;
static constexpr float kLn2 = 0x1.62e430p-1f;

/// e^x / 4 for x >= 0; infinity where e^x / 4 is over the largest number.
static Float quarterOfExp(Float x) {
  Scaled scaled = expScaled(x.atMost(90.0f));
  return scaled.fraction * powerOfTwo(scaled.exponent, -2);
}

Float sinh(Float x) {
  Float size = x.abs(), square = size * size;
  Float tail = polynomial(square, {0.166667163f, 0.00833027065f, 0.000203733405f});
  Float small = mulAdd(tail, square * size, size);
  Float quarter = quarterOfExp(size);
  Float half = quarter - 0.0625f / quarter;
  return select(size < 1.0f, small, half + half).withSignOf(x);
}

Float cosh(Float x) {
  Float quarter = quarterOfExp(x.abs());
  Float half = quarter + 0.0625f / quarter;
  return half + half;
}

Float tanh(Float x) {
  Float size = x.abs(), square = size * size;
  Float tail = polynomial(
      square, {-0.333333164f, 0.133325443f, -0.0538475476f, 0.021050714f, -0.0062428494f});
  Float small = mulAdd(tail, square * size, size);
  // 1 - 2 / (e^2x + 1), which is less exact the smaller x is, and rounds to 1 from 9.02 on. e^2x as
  // in expScaled, but that one part of ln 2 is enough: the quotient counts for little when n is
  // large.
  constexpr float kRound = 0x1.8p23f, k2Log2e = 0x1.715476p+1f, kHalfLn2 = 0x1.62e430p-2f;
  Float limited = size.atMost(9.1f);
  Float shifted = mulAdd(limited, k2Log2e, kRound);
  Float rest = mulAdd(shifted - kRound, -kHalfLn2, limited);
  tail = polynomial(rest, {1.99999976f, 1.33332133f, 0.666689634f, 0.267814159f, 0.088568978f});
  Float fraction = mulAdd(mulAdd(tail, rest, 2.0f), rest, 1.0f);
  Float large = 1.0f - 2.0f / mulAdd(fraction, powerOfTwo(shifted.bits(), 0), 1.0f);
  return select(size < 0.5494f, small, large).withSignOf(x);
}

Float erf(Float x) {
  Float size = x.abs(), square = size * size;
  Float tail = polynomial(square, {0.128379166f, -0.376126111f, 0.112833641f, -0.026843518f,
                                   0.00516773108f, -0.000782473944f, 7.23606936e-05f});
  Float small = mulAdd(tail, size, size);
  // 1 - p(x)^8, which rounds to 1 from 3.92 on.
  Float limited = size.atMost(3.93f);
  tail = polynomial(limited, {-0.145957902f, -0.0600632392f, -0.0124557894f, 0.013399126f,
                              -0.00257774163f, 0.000159894553f});
  Float root = mulAdd(tail, limited, 1.0010761f);
  root = root * root;
  root = root * root;
  return select(size < 1.1f, small, 1.0f - root * root).withSignOf(x);
}

Float asinh(Float x) {
  // log(|x| + sqrt(x^2 + 1)), without the cancellation near 0 and the overflow of x^2.
  Float size = x.abs(), square = size * size;
  Mask large = size > 0x1p30f;
  Float more = square / (1.0f + (square + 1.0f).sqrt());
  Float result = log1pOfPositive(select(large, size, size + more));
  return select(large, result + kLn2, result).withSignOf(x);
}

Float acosh(Float x) {
  Float over = x - 1.0f;
  Mask large = x > 0x1p30f;
  Float root = mulAdd(over, over, over + over).sqrt();
  Float result = log1pOfPositive(select(large, x, over + root));
  result = select(large, result + kLn2, result);
  return select(x < 1.0f, NAN, result);
}

Float atanh(Float x) {
  Float size = x.abs(), square = size * size;
  Float tail = polynomial(square, {0.333333015f, 0.200024545f, 0.142237425f, 0.118168227f,
                                   0.0515858494f, 0.176406607f});
  Float small = mulAdd(tail, square * size, size);
  Float twice = log1p((size + size) / (1.0f - size));
  return select(size < 0.5f, small, twice * 0.5f).withSignOf(x);
}

} // namespace edgec::approximate
