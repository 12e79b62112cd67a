// Arithmetic on f32 and i32, scalars and vectors alike, that reads as formulas: what the functions
// of this folder are written in.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/bit.h"
#include <initializer_list>
#include <utility>

namespace edgec::approximate {

/// Where terms are built, and what they are built for.
struct Site {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type floats, ints; ///< f32 and i32, or vectors of them
  bool fusesMultiplyAdd;   ///< the processor multiplies and adds with one rounding
};

/// Booleans, i32 and f32: one class each, so that C++ tells `+` from `+`.
template <typename Self> struct Term {
  const Site *site;
  mlir::Value value;

  template <typename Op, typename Result = Self, typename... Args> Result make(Args... args) const {
    return Result{{site, Op::create(site->builder, site->loc, args...)}};
  }
};

struct Mask : Term<Mask> {
  Mask operator&(Mask y) const { return make<mlir::arith::AndIOp>(value, y.value); }
  Mask operator|(Mask y) const { return make<mlir::arith::OrIOp>(value, y.value); }
};

template <typename Self> static mlir::Value splat(const Site &site, mlir::Type type, Self number) {
  mlir::Type element = mlir::getElementTypeOrSelf(type);
  mlir::TypedAttr attr;
  if constexpr (std::is_same_v<Self, float>)
    attr = mlir::FloatAttr::get(element, llvm::APFloat(number));
  else
    attr = mlir::IntegerAttr::get(element, llvm::APInt(32, number));
  if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
    attr = mlir::SplatElementsAttr::get(vector, attr);
  return mlir::arith::ConstantOp::create(site.builder, site.loc, attr);
}

struct Int : Term<Int> {
  Int constant(uint32_t number) const { return {{site, splat(*site, site->ints, number)}}; }
  Int operator+(Int y) const { return make<mlir::arith::AddIOp>(value, y.value); }
  Int operator-(Int y) const { return make<mlir::arith::SubIOp>(value, y.value); }
  Int operator&(Int y) const { return make<mlir::arith::AndIOp>(value, y.value); }
  Int operator^(Int y) const { return make<mlir::arith::XOrIOp>(value, y.value); }
  Int operator+(uint32_t y) const { return *this + constant(y); }
  Int operator-(uint32_t y) const { return *this - constant(y); }
  Int operator&(uint32_t y) const { return *this & constant(y); }
  Int operator<<(uint32_t y) const { return make<mlir::arith::ShLIOp>(value, constant(y).value); }
  Mask isNegative() const {
    return make<mlir::arith::CmpIOp, Mask>(mlir::arith::CmpIPredicate::slt, value,
                                           constant(0).value);
  }
  Mask isNonzero() const {
    return make<mlir::arith::CmpIOp, Mask>(mlir::arith::CmpIPredicate::ne, value,
                                           constant(0).value);
  }
};

/// `+ - * /` round once each, and never fuse; `mulAdd` may.
struct Float : Term<Float> {
  Float constant(float number) const { return {{site, splat(*site, site->floats, number)}}; }
  Float operator-() const { return make<mlir::arith::NegFOp>(value); }
  Float operator+(Float y) const { return make<mlir::arith::AddFOp>(value, y.value); }
  Float operator-(Float y) const { return make<mlir::arith::SubFOp>(value, y.value); }
  Float operator*(Float y) const { return make<mlir::arith::MulFOp>(value, y.value); }
  Float operator/(Float y) const { return make<mlir::arith::DivFOp>(value, y.value); }
  Float operator+(float y) const { return *this + constant(y); }
  Float operator-(float y) const { return *this - constant(y); }
  Float operator*(float y) const { return *this * constant(y); }

  /// Comparisons are false for NaN.
  Mask compare(mlir::arith::CmpFPredicate predicate, Float y) const {
    return make<mlir::arith::CmpFOp, Mask>(predicate, value, y.value);
  }
  Mask operator<(Float y) const { return compare(mlir::arith::CmpFPredicate::OLT, y); }
  Mask operator==(Float y) const { return compare(mlir::arith::CmpFPredicate::OEQ, y); }
  Mask operator<(float y) const { return *this < constant(y); }
  Mask operator>(float y) const { return constant(y) < *this; }
  Mask operator==(float y) const { return *this == constant(y); }

  /// Limits let NaN through.
  Float atMost(float y) const { return make<mlir::arith::MinimumFOp>(value, constant(y).value); }
  Float atLeast(float y) const { return make<mlir::arith::MaximumFOp>(value, constant(y).value); }

  Float abs() const { return make<mlir::math::AbsFOp>(value); }
  Float sqrt() const { return make<mlir::math::SqrtOp>(value); }
  Float withSignOf(Float y) const { return make<mlir::math::CopySignOp>(value, y.value); }
  Int bits() const { return make<mlir::arith::BitcastOp, Int>(site->ints, value); }
};

inline Float operator+(float x, Float y) { return y.constant(x) + y; }
inline Float operator-(float x, Float y) { return y.constant(x) - y; }
inline Float operator*(float x, Float y) { return y.constant(x) * y; }
inline Float operator/(float x, Float y) { return y.constant(x) / y; }

inline Float asFloat(Int bits) {
  return bits.make<mlir::arith::BitcastOp, Float>(bits.site->floats, bits.value);
}
inline Float toFloat(Int number) {
  return number.make<mlir::arith::SIToFPOp, Float>(number.site->floats, number.value);
}
/// The integer part; the caller keeps `number` within i32's range, and NaN out.
inline Int toInt(Float number) {
  return number.make<mlir::arith::FPToSIOp, Int>(number.site->ints, number.value);
}

template <typename Value> Value select(Mask mask, Value x, Value y) {
  return mask.make<mlir::arith::SelectOp, Value>(mask.value, x.value, y.value);
}
inline Float select(Mask mask, float x, Float y) { return select(mask, y.constant(x), y); }
inline Float select(Mask mask, Float x, float y) { return select(mask, x, x.constant(y)); }

/// x * y + z, rounded once or twice as the processor likes.
Float mulAdd(Float x, Float y, Float z);
inline Float mulAdd(Float x, float y, Float z) { return mulAdd(x, x.constant(y), z); }
inline Float mulAdd(Float x, Float y, float z) { return mulAdd(x, y, x.constant(z)); }
inline Float mulAdd(Float x, float y, float z) { return mulAdd(x, x.constant(y), x.constant(z)); }

/// Coefficients from the lowest power. Long polynomials in two halves, even and odd powers, so that
/// a step waits for half as many others.
Float polynomial(Float x, std::initializer_list<float> coefficients);

/// A number in two parts: `high` is the sum rounded, `low` what that leaves out.
struct Pair {
  Float high, low;
};
/// x + y without an error, where |x| >= |y| or x is zero.
Pair addExactly(Float x, Float y);
/// x * y without an error, short of underflow.
Pair multiplyExactly(Float x, Float y);
/// x - n * c where x and n * c are so close that all but the last rounding are exact.
Float subtractProduct(Float x, Float n, float c);

} // namespace edgec::approximate
