// Functions on f32 as arithmetic without branches or calls. docs/math.md says how exact each is,
// and test/passes/lower/MathTest.cpp holds it to that.
//
// All polynomials are minimax fits of our own (fit.py).
#pragma once

#include "passes/lower/math/Terms.h"

namespace edgec::approximate {

Float exp(Float x);
Float exp2(Float x);
Float expm1(Float x);
/// exp(x) whose results below 2^-126 and above 2^127.5 may come out as a small number and infinity.
Float expInNormalRange(Float x);

Float log(Float x);
Float log2(Float x);
Float log10(Float x);
Float log1p(Float x);
/// log1p(x) of numbers that are never negative.
Float log1pOfPositive(Float x);

Float sin(Float x);
Float cos(Float x);
Float tan(Float x);
Float asin(Float x);
Float acos(Float x);
Float atan(Float x);
Float atan2(Float y, Float x);

Float sinh(Float x);
Float cosh(Float x);
Float tanh(Float x);
Float asinh(Float x);
Float acosh(Float x);
Float atanh(Float x);

Float erf(Float x);
Float pow(Float x, Float y);

Float roundEven(Float x);
Float floor(Float x);
Float ceil(Float x);

/// Parts that the files share.

/// exp(x) = fraction * 2^n for |x| < 2^15: the fraction, and a number whose lowest 9 bits are n's.
struct Scaled {
  Float fraction;
  Int exponent;
};
Scaled expScaled(Float x);
/// Positive x = 2^n m with m in [least, 2 least). Around 1, n is 0, so that nothing cancels there;
/// at the ends of m's range the logarithms of 2^n and m have opposite signs, and root 1/2 as the
/// least makes the best of it.
struct Split {
  Float n;        ///< times 2^23
  Float fraction; ///< m - 1
};
Split split(Float x, float least);
inline constexpr float kRootHalf = 0x1.6a09e6p-1f;
/// 2^x for |x| <= 1/2.
Float exp2OfFraction(Float x);
/// fraction * 2^n for n in [-190, 191], rounded once; `down` where n may be under -126, elsewhere
/// it may be over 127.
Float scale(Scaled scaled, Mask down);
/// 2^(n + k) where that is a normal number.
Float powerOfTwo(Int exponent, int k);

} // namespace edgec::approximate
