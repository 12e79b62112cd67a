// Sine and its relatives, and their inverses.
#include "passes/lower/math/Functions.h"
#include <limits>

namespace edgec::approximate {

static constexpr uint32_t kSign = 0x80000000;
static constexpr float kHalfPi = 0x1.921fb6p+0f, kPi = 0x1.921fb6p+1f;
static constexpr float kHalfPiRest = -0x1.777a5cp-25f; // what kHalfPi leaves out

/// pi/2 in three parts, whose sum is exact to 2^-71.
static constexpr float kHalfPiParts[] = {0x1.921fb4p+0f, 0x1.4442dp-24f, 0x1.846988p-48f};

/// The multiple of pi/2 that is nearest to x >= 0, nearly; its lowest bits in `quadrant`. What x is
/// over it is little more than pi/4, by what the product with 2/pi in one float errs: up to
/// kMostRest for x up to 2^20. Beyond, it is any number, and a polynomial of it would be anything
/// at all.
static constexpr float kMostRest = 0.88f;
static Float countQuadrants(Float x, Int &quadrant) {
  constexpr float kTwoOverPi = 0x1.45f306p-1f, kRound = 0x1p23f;
  Float shifted = mulAdd(x, kTwoOverPi, kRound);
  quadrant = shifted.bits();
  return shifted - kRound;
}

/// sin x moved by `shift` quarter turns for x >= 0.
static Float sinShifted(Float x, uint32_t shift) {
  Int quadrant = x.bits();
  Float n = countQuadrants(x, quadrant);
  if (shift)
    quadrant = quadrant + shift;
  // The first difference is exact: a multiple of 2^-23 below one.
  Float rest = subtractProduct(x, n, kHalfPiParts[0]);
  rest = subtractProduct(rest, n, kHalfPiParts[1]);
  rest = rest.atLeast(-kMostRest).atMost(kMostRest);
  Float square = rest * rest;
  Float tail = polynomial(square, {-0.166666433f, 0.00833150465f, -0.000194339722f});
  // The third part is too small to matter but for the smallest sines: with the tail, it needs no
  // rounding of its own.
  Float low = (n * -kHalfPiParts[2]).atLeast(-0x1p-24f);
  Float sine = rest + mulAdd(tail, square * rest, low);
  tail = polynomial(square, {0.0416666232f, -0.00138863397f, 2.43331451e-05f});
  Float cosine = mulAdd(mulAdd(tail, square, -0.5f), square, 1.0f);
  Float result = select((quadrant << 31).isNegative(), cosine, sine);
  return asFloat(result.bits() ^ ((quadrant << 30) & kSign));
}

Float sin(Float x) { return asFloat(sinShifted(x.abs(), 0).bits() ^ (x.bits() & kSign)); }

Float cos(Float x) { return sinShifted(x.abs(), 1); }

Float tan(Float x) {
  Float size = x.abs();
  Int quadrant = size.bits();
  Float n = countQuadrants(size, quadrant);
  // As above, but what is rounded off is kept: the reciprocal has no place left for its error.
  Float first = subtractProduct(size, n, kHalfPiParts[0]);
  Pair second = multiplyExactly(n, n.constant(kHalfPiParts[1]));
  Float rest = first - second.high;
  Float low = (((first - rest) - second.high) - second.low);
  low = mulAdd(n, -kHalfPiParts[2], low).atLeast(-0x1p-24f).atMost(0x1p-24f);
  rest = rest.atLeast(-kMostRest).atMost(kMostRest);
  Float square = rest * rest;
  Float tail = polynomial(square, {0.333334446f, 0.13329719f, 0.0543605015f, 0.0198832862f,
                                   0.0141079146f, -0.00366016757f, 0.0060519604f});
  low = mulAdd(low * square, 1.5f, low); // times the slope, nearly
  Float tangent = rest + mulAdd(tail, square * rest, low);
  Float result = select((quadrant << 31).isNegative(), -1.0f / tangent, tangent);
  return asFloat(result.bits() ^ (x.bits() & kSign));
}

/// asin(root) - root for root in [0, 1/2] with its square.
static Float asinTail(Float root, Float square) {
  Float tail = polynomial(
      square, {0.166667521f, 0.0749530941f, 0.0454691537f, 0.0241847429f, 0.0421583876f});
  return tail * (square * root);
}

Float asin(Float x) {
  // Near one, through the half angle: asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)).
  Float size = x.abs();
  Mask large = size > 0.5f;
  Float square = select(large, mulAdd(size, -0.5f, 0.5f), size * size);
  Float root = select(large, square.sqrt(), size), tail = asinTail(root, square);
  // The small terms together, so that what kHalfPi leaves out isn't lost.
  Float folded = mulAdd(root, -2.0f, kHalfPi) + mulAdd(tail, -2.0f, kHalfPiRest);
  return select(large, folded, root + tail).withSignOf(x);
}

Float acos(Float x) {
  Float size = x.abs();
  Mask large = size > 0.5f, negative = x.bits().isNegative();
  Float square = select(large, mulAdd(size, -0.5f, 0.5f), size * size);
  Float root = select(large, square.sqrt(), size), part = root + asinTail(root, square);
  Float twice = part + part;
  Float folded = select(negative, kPi - twice, twice);
  return select(large, folded, kHalfPi - part.withSignOf(x));
}

/// atan of a ratio in [0, 1], or of its inverse where `inverted`.
static Float atanOfRatio(Float ratio, Mask inverted) {
  Float square = ratio * ratio;
  Float tail = polynomial(square, {-0.333331525f, 0.199937671f, -0.14211002f, 0.106657676f,
                                   -0.0755165145f, 0.0432045385f, -0.0163630117f, 0.00291936123f});
  tail = tail * (square * ratio);
  return select(inverted, kHalfPi - ratio, ratio) + select(inverted, kHalfPiRest - tail, tail);
}

Float atan(Float x) {
  Float size = x.abs();
  Mask large = size > 1.0f;
  return atanOfRatio(select(large, 1.0f / size, size), large).withSignOf(x);
}

Float atan2(Float y, Float x) {
  Float height = y.abs(), width = x.abs();
  Mask steep = width < height;
  Float larger = select(steep, height, width), smaller = select(steep, width, height);
  // 0/0 has the angle of zero, and infinity over itself that of one.
  Float ratio = select(larger == 0.0f, smaller, smaller / larger);
  ratio = select(smaller == std::numeric_limits<float>::infinity(), 1.0f, ratio);
  Float angle = atanOfRatio(ratio, steep);
  angle = select(x.bits().isNegative(), kPi - angle, angle).withSignOf(y);
  return select(x.compare(mlir::arith::CmpFPredicate::UNO, y), x + y, angle);
}

} // namespace edgec::approximate
