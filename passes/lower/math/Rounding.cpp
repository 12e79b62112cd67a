// Rounding to integers, for processors without an instruction for it.
#include "passes/lower/math/Functions.h"

namespace edgec::approximate {

/// From here on all numbers are integers, so that adding it rounds.
static constexpr float kIntegers = 0x1p23f;

Float roundEven(Float x) {
  Float size = x.abs();
  Float rounded = (size + kIntegers) - kIntegers;
  return select(size < kIntegers, rounded.withSignOf(x), x);
}

/// The nearest integer, or the one before or after where that is beyond x. The sign is x's, also
/// that of zero.
Float floor(Float x) {
  Float nearest = roundEven(x);
  return select(x < nearest, nearest - 1.0f, nearest);
}

Float ceil(Float x) {
  Float nearest = roundEven(x);
  return select(nearest < x, nearest + 1.0f, nearest).withSignOf(x);
}

} // namespace edgec::approximate
