// Numbers as integers and shifts, and functions of them, as gemmlowp and TFLite's kernels have
// them: bit by bit. What is done once, on the host, and what is written as IR come from the same
// lines.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cstdint>

namespace edgec::edge {

/// Factors as multiplier * 2^(shift - 31), as QuantizeMultiplier.
struct FixedPoint {
  llvm::SmallVector<int32_t> multipliers, shifts;

  /// Appends one; false where it can't be expressed.
  [[nodiscard]] bool add(double factor);
};

/// Integers that the host computes with.
struct HostIntegers {
  using Integer = int64_t;

  Integer constant(int64_t value) const { return value; }
  Integer add(Integer x, Integer y) const { return x + y; }
  Integer sub(Integer x, Integer y) const { return x - y; }
  Integer mul(Integer x, Integer y) const { return x * y; }
  Integer bitAnd(Integer x, Integer y) const { return x & y; }
  Integer shiftLeft(Integer x, Integer bits) const { return x * (int64_t(1) << bits); }
  Integer shiftRight(Integer x, Integer bits) const { return x >> bits; }
  Integer max(Integer x, Integer y) const { return std::max(x, y); }
  Integer min(Integer x, Integer y) const { return std::min(x, y); }
  bool less(Integer x, Integer y) const { return x < y; }
  bool equal(Integer x, Integer y) const { return x == y; }
  Integer select(bool condition, Integer x, Integer y) const { return condition ? x : y; }
};

/// Fixed-point numbers of `bits` bits: of those, one is the sign's, and some are left of the point,
/// which the caller keeps account of. They lie in wider integers, which hold any product of two.
template <typename Integers> class FixedPointMath {
public:
  using Integer = typename Integers::Integer;

  FixedPointMath(const Integers &on, int bits) : on(on), bits(bits) {}

  /// The product, whose bits left of the point are those of both, to nearest, halves up. (Not for
  /// the least number times itself.)
  Integer mul(Integer x, Integer y) const {
    Integer half = on.constant(int64_t(1) << (bits - 2));
    return on.shiftRight(on.add(on.mul(x, y), half), on.constant(bits - 1));
  }
  /// x / 2^amount to nearest, halves away from zero.
  Integer roundedShift(Integer x, Integer amount) const {
    Integer zero = on.constant(0), one = on.constant(1);
    Integer mask = on.sub(on.shiftLeft(one, amount), one);
    Integer half = on.add(on.shiftRight(mask, one), on.select(on.less(x, zero), one, zero));
    Integer more = on.select(on.less(half, on.bitAnd(x, mask)), one, zero);
    return on.add(on.shiftRight(x, amount), more);
  }
  Integer roundedShift(Integer x, int amount) const {
    return amount ? roundedShift(x, on.constant(amount)) : x;
  }
  /// x * 2^amount within the bits.
  Integer saturatedShift(Integer x, int amount) const {
    return limited(on.shiftLeft(x, on.constant(amount)));
  }
  /// x times a factor that FixedPoint gives: rounded twice.
  Integer scaled(Integer x, int32_t multiplier, int32_t shift) const {
    if (shift > 0)
      x = on.shiftLeft(x, on.constant(shift));
    return roundedShift(mul(x, on.constant(multiplier)), std::max(-shift, 0));
  }

  /// e^x for x of 0 or less with `whole` bits left of the point; the result has none.
  Integer exponential(Integer x, int whole) const {
    int fraction = bits - 1 - whole;
    Integer quarter = on.constant(int64_t(1) << (fraction - 2));
    // A rest in [-1/4, 0), and quarters, each bit of which is a factor.
    Integer mask = on.sub(quarter, on.constant(1));
    Integer rest = on.sub(on.bitAnd(x, mask), quarter);
    Integer quarters = on.sub(rest, x);
    Integer result = exponentialNearZero(saturatedShift(rest, whole));
    static constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                           39332535,   720401,     242}; // e^-(1/4), e^-(1/2)...
    int place = -2;
    for (int32_t factor : kFactors) {
      if (whole <= place)
        break;
      Integer bit = on.bitAnd(quarters, on.constant(int64_t(1) << (fraction + place++)));
      result = on.select(on.equal(bit, on.constant(0)), result, mul(result, constant(factor)));
    }
    if (whole > 5) // below -32 there is nothing left
      result =
          on.select(on.less(x, on.constant(-(int64_t(32) << fraction))), on.constant(0), result);
    return on.select(on.equal(x, on.constant(0)), one(), result);
  }
  /// 1 / (1 + x) for x in [0, 1), nothing left of the points.
  Integer reciprocal(Integer x) const { return saturatedShift(twiceReciprocal(x), 1); }
  /// (1 - x) / (1 + x), likewise.
  Integer complement(Integer x) const {
    return saturatedShift(on.sub(twiceReciprocal(x), on.constant(int64_t(1) << (bits - 3))), 2);
  }
  /// 1 / (1 + e^-x) for x with `whole` bits left of the point; the result has none.
  Integer sigmoid(Integer x, int whole) const {
    Integer zero = on.constant(0), low = on.min(x, on.sub(zero, x));
    Integer result = reciprocal(exponential(low, whole));
    result = on.select(on.less(zero, x), result, on.sub(one(), result));
    return on.select(on.equal(x, zero), on.constant(int64_t(1) << (bits - 2)), result);
  }
  Integer tanh(Integer x, int whole) const {
    Integer zero = on.constant(0), low = on.min(x, on.sub(zero, x));
    // -x with one bit more left of the point is -2x.
    Integer result = complement(exponential(low, whole + 1));
    result = on.select(on.less(x, zero), on.sub(zero, result), result);
    return on.select(on.equal(x, zero), zero, result);
  }

private:
  Integer limited(Integer x) const {
    int64_t end = int64_t(1) << (bits - 1);
    return on.max(on.min(x, on.constant(end - 1)), on.constant(-end));
  }
  /// A constant given in 32 bits.
  Integer constant(int32_t value) const {
    return on.constant(
        FixedPointMath<HostIntegers>(HostIntegers(), 32).roundedShift(value, 32 - bits));
  }
  Integer one() const { return on.constant((int64_t(1) << (bits - 1)) - 1); }

  /// A series around -1/8.
  Integer exponentialNearZero(Integer x) const {
    Integer middle = constant(1895147668); // e^(-1/8)
    x = on.add(x, on.constant(int64_t(1) << (bits - 4)));
    Integer x2 = mul(x, x), x3 = mul(x2, x), x4 = mul(x2, x2);
    Integer tail = on.add(mul(on.add(roundedShift(x4, 2), x3), constant(715827883)), x2);
    Integer sum = mul(middle, on.add(x, roundedShift(tail, 1)));
    return limited(on.add(middle, sum));
  }
  /// 2 / (1 + x) with two bits left of the point, by Newton's method.
  Integer twiceReciprocal(Integer x) const {
    Integer half = on.shiftRight(on.add(on.add(x, one()), on.constant(1)), on.constant(1));
    Integer result = on.add(constant(1515870810), mul(half, constant(-1010580540)));
    for (int step = 0; step < 3; ++step) {
      Integer error = on.sub(on.constant(int64_t(1) << (bits - 3)), mul(half, result));
      result = on.add(result, saturatedShift(mul(result, error), 2));
    }
    return result;
  }

  const Integers on;
  int bits;
};

} // namespace edgec::edge
