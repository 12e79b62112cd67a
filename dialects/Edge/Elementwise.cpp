// Elementwise ops: for each, the scalar computation as IR and on the host, side by side.
#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace edgec::edge;

namespace {

bool isFloat(ValueRange args) { return isa<FloatType>(args.front().getType()); }

Value select(OpBuilder &b, Location loc, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

Value compare(OpBuilder &b, Location loc, arith::CmpFPredicate predicate, Value x, Value y) {
  return arith::CmpFOp::create(b, loc, predicate, x, y);
}
Value compare(OpBuilder &b, Location loc, arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}

/// Half-width floats compute in f32: that is what processors without them do anyway, with one
/// rounding instead of several.
template <typename Fn> Value inSingle(OpBuilder &b, Location loc, Value x, Fn fn) {
  auto type = cast<FloatType>(x.getType());
  if (type.getWidth() >= 32)
    return fn(x);
  Value wide = arith::ExtFOp::create(b, loc, b.getF32Type(), x);
  return arith::TruncFOp::create(b, loc, type, fn(wide));
}

template <typename MathOp> Value emitMath(OpBuilder &b, Location loc, ValueRange args) {
  return inSingle(b, loc, args[0], [&](Value x) -> Value { return MathOp::create(b, loc, x); });
}

double hardSigmoid(double x, double alpha, double beta) {
  return std::fmax(0.0, std::fmin(1.0, alpha * x + beta));
}

} // namespace

// An op that only exists on floats: its math op and its host function.
#define FLOAT_UNARY(Op, MathOp, expression)                                                        \
  Value Op::emitScalar(OpBuilder &b, Location loc, ValueRange args) {                              \
    return emitMath<MathOp>(b, loc, args);                                                         \
  }                                                                                                \
  double Op::evaluateFloat(ArrayRef<double> args) {                                                \
    double x = args[0];                                                                            \
    return expression;                                                                             \
  }                                                                                                \
  int64_t Op::evaluateInt(ArrayRef<int64_t> args) { return args[0]; }

FLOAT_UNARY(ExpOp, math::ExpOp, std::exp(x))
FLOAT_UNARY(LogOp, math::LogOp, std::log(x))
FLOAT_UNARY(SqrtOp, math::SqrtOp, std::sqrt(x))
FLOAT_UNARY(SinOp, math::SinOp, std::sin(x))
FLOAT_UNARY(CosOp, math::CosOp, std::cos(x))
FLOAT_UNARY(TanOp, math::TanOp, std::tan(x))
FLOAT_UNARY(AsinOp, math::AsinOp, std::asin(x))
FLOAT_UNARY(AcosOp, math::AcosOp, std::acos(x))
FLOAT_UNARY(AtanOp, math::AtanOp, std::atan(x))
FLOAT_UNARY(SinhOp, math::SinhOp, std::sinh(x))
FLOAT_UNARY(CoshOp, math::CoshOp, std::cosh(x))
FLOAT_UNARY(TanhOp, math::TanhOp, std::tanh(x))
FLOAT_UNARY(AsinhOp, math::AsinhOp, std::asinh(x))
FLOAT_UNARY(AcoshOp, math::AcoshOp, std::acosh(x))
FLOAT_UNARY(AtanhOp, math::AtanhOp, std::atanh(x))
FLOAT_UNARY(ErfOp, math::ErfOp, std::erf(x))
FLOAT_UNARY(FloorOp, math::FloorOp, std::floor(x))
FLOAT_UNARY(CeilOp, math::CeilOp, std::ceil(x))
FLOAT_UNARY(RoundOp, math::RoundEvenOp, std::nearbyint(x))
#undef FLOAT_UNARY

// Any other op: its emission (a statement list that returns) and its two host functions.
#define ELEMENTWISE(Op, floats, ints, ...)                                                         \
  double Op::evaluateFloat(ArrayRef<double> args) {                                                \
    [[maybe_unused]] double x = args[0], y = args.back();                                          \
    return floats;                                                                                 \
  }                                                                                                \
  int64_t Op::evaluateInt(ArrayRef<int64_t> args) {                                                \
    [[maybe_unused]] int64_t x = args[0], y = args.back();                                         \
    return ints;                                                                                   \
  }                                                                                                \
  Value Op::emitScalar(OpBuilder &b, Location loc, ValueRange args) {                              \
    [[maybe_unused]] Value x = args[0], y = args.back();                                           \
    [[maybe_unused]] Type type = x.getType();                                                      \
    [[maybe_unused]] bool isUnsigned = edgec::edge::isUnsigned((*this)->getOperand(0).getType());  \
    __VA_ARGS__                                                                                    \
  }

ELEMENTWISE(AbsOp, std::fabs(x), x < 0 ? -x : x, {
  if (isFloat(args))
    return math::AbsFOp::create(b, loc, x);
  if (isUnsigned)
    return x;
  return math::AbsIOp::create(b, loc, x);
})
ELEMENTWISE(NegOp, -x, -x, {
  if (isFloat(args))
    return arith::NegFOp::create(b, loc, x);
  return arith::SubIOp::create(b, loc, createScalar(b, loc, type, 0), x);
})
ELEMENTWISE(SignOp,
            x > 0   ? 1
            : x < 0 ? -1
                    : x,
            x > 0   ? 1
            : x < 0 ? -1
                    : 0,
            {
              Value zero = createScalar(b, loc, type, 0), one = createScalar(b, loc, type, 1);
              if (isFloat(args)) {
                Value negative = select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, x, zero),
                                        createScalar(b, loc, type, -1), x);
                return select(b, loc, compare(b, loc, arith::CmpFPredicate::OGT, x, zero), one,
                              negative);
              }
              Value negative =
                  isUnsigned ? zero
                             : select(b, loc, compare(b, loc, arith::CmpIPredicate::slt, x, zero),
                                      createScalar(b, loc, type, -1), zero);
              auto greater = isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
              return select(b, loc, compare(b, loc, greater, x, zero), one, negative);
            })
ELEMENTWISE(ReciprocalOp, 1.0 / x, x ? 1 / x : 0, {
  return inSingle(b, loc, x, [&](Value x) -> Value {
    return arith::DivFOp::create(b, loc, createScalar(b, loc, x.getType(), 1), x);
  });
})
ELEMENTWISE(ReluOp, x < 0 ? 0 : x, x < 0 ? 0 : x, {
  // NaN stays NaN, and the select becomes one max instruction.
  Value zero = createScalar(b, loc, type, 0);
  if (isFloat(args))
    return select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, x, zero), zero, x);
  if (isUnsigned)
    return x;
  return arith::MaxSIOp::create(b, loc, x, zero);
})
ELEMENTWISE(SigmoidOp, 1.0 / (1.0 + std::exp(-x)), x, {
  return inSingle(b, loc, x, [&](Value x) -> Value {
    Value one = createScalar(b, loc, x.getType(), 1);
    Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
    return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, e));
  });
})
ELEMENTWISE(NotOp, x == 0, getElementTypeOrSelf(getResult().getType()).isInteger(1) ? !x : ~x, {
  return arith::XOrIOp::create(b, loc, x, createScalar(b, loc, type, type.isInteger(1) ? 1 : -1));
})
ELEMENTWISE(IsNaNOp, std::isnan(x), 0, { return compare(b, loc, arith::CmpFPredicate::UNO, x, x); })
ELEMENTWISE(IsInfOp, std::isinf(x) && (x > 0 ? getPositive() : getNegative()), 0, {
  Value result = createScalar(b, loc, b.getI1Type(), 0);
  for (bool positive : {false, true})
    if (positive ? getPositive() : getNegative())
      result = arith::OrIOp::create(
          b, loc, result,
          compare(b, loc, arith::CmpFPredicate::OEQ, x, createLimit(b, loc, type, positive)));
  return result;
})
ELEMENTWISE(LeakyReluOp, x < 0 ? getAlpha().convertToDouble() * x : x, x, {
  Value scaled =
      arith::MulFOp::create(b, loc, x, createScalar(b, loc, type, getAlpha().convertToDouble()));
  Value zero = createScalar(b, loc, type, 0);
  return select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, x, zero), scaled, x);
})
ELEMENTWISE(EluOp, x < 0 ? getAlpha().convertToDouble() * std::expm1(x) : x, x, {
  return inSingle(b, loc, x, [&](Value x) -> Value {
    Value alpha = createScalar(b, loc, x.getType(), getAlpha().convertToDouble());
    Value zero = createScalar(b, loc, x.getType(), 0);
    Value low = arith::MulFOp::create(b, loc, alpha, math::ExpM1Op::create(b, loc, x));
    return select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, x, zero), low, x);
  });
})
ELEMENTWISE(HardSigmoidOp,
            hardSigmoid(x, getAlpha().convertToDouble(), getBeta().convertToDouble()), x, {
              Value alpha = createScalar(b, loc, type, getAlpha().convertToDouble());
              Value beta = createScalar(b, loc, type, getBeta().convertToDouble());
              Value line =
                  arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, x, alpha), beta);
              Value zero = createScalar(b, loc, type, 0), one = createScalar(b, loc, type, 1);
              Value low = select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, line, zero),
                                 zero, line);
              return select(b, loc, compare(b, loc, arith::CmpFPredicate::OGT, low, one), one, low);
            })
ELEMENTWISE(CastOp, getTo().isInteger(1) ? x != 0 : x, getTo().isInteger(1) ? x != 0 : x,
            { return createCast(b, loc, x, getElementTypeOrSelf(getX().getType()), getTo()); })

#define ARITHMETIC(Op, FloatOp, SignedOp, UnsignedOp, floats, ints)                                \
  ELEMENTWISE(Op, floats, ints, {                                                                  \
    if (isFloat(args))                                                                             \
      return FloatOp::create(b, loc, x, y);                                                        \
    if (isUnsigned)                                                                                \
      return UnsignedOp::create(b, loc, x, y);                                                     \
    return SignedOp::create(b, loc, x, y);                                                         \
  })
ARITHMETIC(AddOp, arith::AddFOp, arith::AddIOp, arith::AddIOp, x + y,
           static_cast<int64_t>(static_cast<uint64_t>(x) + static_cast<uint64_t>(y)))
ARITHMETIC(SubOp, arith::SubFOp, arith::SubIOp, arith::SubIOp, x - y,
           static_cast<int64_t>(static_cast<uint64_t>(x) - static_cast<uint64_t>(y)))
ARITHMETIC(MulOp, arith::MulFOp, arith::MulIOp, arith::MulIOp, x *y,
           static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y)))
ARITHMETIC(MinOp, arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp,
           std::isnan(x) || std::isnan(y) ? NAN : std::fmin(x, y), std::min(x, y))
ARITHMETIC(MaxOp, arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp,
           std::isnan(x) || std::isnan(y) ? NAN : std::fmax(x, y), std::max(x, y))
#undef ARITHMETIC

/// Integer division by zero (and the one that overflows) traps on some processors: those divide by
/// one instead, and zero is selected after.
static Value divideSafely(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned,
                          bool remainder) {
  Type type = x.getType();
  Value zero = createScalar(b, loc, type, 0), one = createScalar(b, loc, type, 1);
  Value bad = compare(b, loc, arith::CmpIPredicate::eq, y, zero);
  Value unsafe = bad;
  if (!isUnsigned) {
    Value overflow = arith::AndIOp::create(
        b, loc, compare(b, loc, arith::CmpIPredicate::eq, y, createScalar(b, loc, type, -1)),
        compare(b, loc, arith::CmpIPredicate::eq, x, createLimit(b, loc, type, false)));
    unsafe = arith::OrIOp::create(b, loc, bad, overflow);
  }
  Value divisor = select(b, loc, unsafe, one, y);
  Value result;
  if (remainder)
    result = isUnsigned ? arith::RemUIOp::create(b, loc, x, divisor).getResult()
                        : arith::RemSIOp::create(b, loc, x, divisor).getResult();
  else
    result = isUnsigned ? arith::DivUIOp::create(b, loc, x, divisor).getResult()
                        : arith::DivSIOp::create(b, loc, x, divisor).getResult();
  return select(b, loc, bad, zero, result);
}

static int64_t divideInts(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0)
    return 0;
  if (isUnsigned)
    return static_cast<int64_t>(static_cast<uint64_t>(x) / static_cast<uint64_t>(y));
  return y == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x / y;
}
static int64_t remainderOfInts(int64_t x, int64_t y, bool isUnsigned) {
  if (y == 0 || y == -1)
    return 0;
  return isUnsigned ? static_cast<int64_t>(static_cast<uint64_t>(x) % static_cast<uint64_t>(y))
                    : x % y;
}

ELEMENTWISE(DivOp, x / y, divideInts(x, y, edgec::edge::isUnsigned(getX().getType())), {
  if (isFloat(args))
    return arith::DivFOp::create(b, loc, x, y);
  return divideSafely(b, loc, x, y, isUnsigned, /*remainder=*/false);
})
ELEMENTWISE(FmodOp, std::fmod(x, y),
            remainderOfInts(x, y, edgec::edge::isUnsigned(getX().getType())), {
              if (isFloat(args))
                return inSingle(b, loc, x, [&](Value wide) -> Value {
                  if (wide.getType() != y.getType())
                    y = arith::ExtFOp::create(b, loc, wide.getType(), y);
                  return arith::RemFOp::create(b, loc, wide, y);
                });
              return divideSafely(b, loc, x, y, isUnsigned, /*remainder=*/true);
            })

static int64_t floorMod(int64_t x, int64_t y, bool isUnsigned) {
  int64_t r = remainderOfInts(x, y, isUnsigned);
  return !isUnsigned && r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static double floorModFloat(double x, double y) {
  double r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
ELEMENTWISE(ModOp, floorModFloat(x, y), floorMod(x, y, edgec::edge::isUnsigned(getX().getType())), {
  if (isFloat(args)) {
    // Through the remainder, which is exact; x - floor(x / y) * y is neither that nor right for
    // infinite y.
    return inSingle(b, loc, x, [&](Value wide) -> Value {
      if (wide.getType() != y.getType())
        y = arith::ExtFOp::create(b, loc, wide.getType(), y);
      Value zero = createScalar(b, loc, wide.getType(), 0);
      Value r = arith::RemFOp::create(b, loc, wide, y);
      auto negative = [&](Value v) { return compare(b, loc, arith::CmpFPredicate::OLT, v, zero); };
      Value differs = arith::XOrIOp::create(b, loc, negative(r), negative(y));
      Value nonzero = compare(b, loc, arith::CmpFPredicate::ONE, r, zero);
      Value fix = arith::AndIOp::create(b, loc, nonzero, differs);
      return select(b, loc, fix, arith::AddFOp::create(b, loc, r, y), r);
    });
  }
  Value r = divideSafely(b, loc, x, y, isUnsigned, /*remainder=*/true);
  if (isUnsigned)
    return r;
  Value zero = createScalar(b, loc, type, 0);
  Value nonzero = compare(b, loc, arith::CmpIPredicate::ne, r, zero);
  Value signs =
      compare(b, loc, arith::CmpIPredicate::slt, arith::XOrIOp::create(b, loc, r, y), zero);
  Value fix = arith::AndIOp::create(b, loc, nonzero, signs);
  return select(b, loc, fix, arith::AddIOp::create(b, loc, r, y), r);
})

static int64_t powerOfInts(int64_t x, int64_t y) {
  uint64_t result = 1, base = static_cast<uint64_t>(x);
  if (y < 0)
    return x == 1 ? 1 : x == -1 ? (y % 2 ? -1 : 1) : 0;
  for (; y; y >>= 1, base *= base)
    if (y & 1)
      result *= base;
  return static_cast<int64_t>(result);
}
ELEMENTWISE(PowOp, std::pow(x, y), powerOfInts(x, y), {
  Type xEdge = getElementTypeOrSelf(getX().getType());
  Type yEdge = getElementTypeOrSelf(getY().getType());
  // Integer bases go through f64, exact up to 2^53, as ONNX's reference does within its tolerance.
  Type compute = isa<FloatType>(type) && type.getIntOrFloatBitWidth() >= 32
                     ? type
                     : (isa<FloatType>(type) ? b.getF32Type() : b.getF64Type());
  Value base = createCast(b, loc, x, xEdge, compute);
  Value exponent = createCast(b, loc, y, yEdge, compute);
  Value power = math::PowFOp::create(b, loc, base, exponent);
  return createCast(b, loc, power, compute, xEdge);
})

#define BITWISE(Op, ArithOp, floats, ints)                                                         \
  ELEMENTWISE(Op, floats, ints, { return ArithOp::create(b, loc, x, y); })
BITWISE(AndOp, arith::AndIOp, x &&y, x &y)
BITWISE(OrOp, arith::OrIOp, x || y, x | y)
BITWISE(XorOp, arith::XOrIOp, (x != 0) != (y != 0), x ^ y)
#undef BITWISE

/// The amount as an unsigned number: a negative one is then out of range too.
static Value shiftInside(OpBuilder &b, Location loc, Value amount) {
  Value width = createScalar(b, loc, amount.getType(), amount.getType().getIntOrFloatBitWidth());
  return compare(b, loc, arith::CmpIPredicate::ult, amount, width);
}
static bool isShiftInside(int64_t amount) { return static_cast<uint64_t>(amount) < 64; }

ELEMENTWISE(ShiftLeftOp, x,
            isShiftInside(y) ? static_cast<int64_t>(static_cast<uint64_t>(x) << y) : 0, {
              Value inside = shiftInside(b, loc, y), zero = createScalar(b, loc, type, 0);
              Value amount = select(b, loc, inside, y, zero);
              return select(b, loc, inside, arith::ShLIOp::create(b, loc, x, amount), zero);
            })
ELEMENTWISE(ShiftRightOp, x,
            (edgec::edge::isUnsigned(getX().getType())
                 ? (isShiftInside(y) ? static_cast<int64_t>(static_cast<uint64_t>(x) >> y) : 0)
                 : x >> (isShiftInside(y) ? y : 63)),
            {
              Value inside = shiftInside(b, loc, y);
              if (isUnsigned) {
                Value zero = createScalar(b, loc, type, 0);
                Value amount = select(b, loc, inside, y, zero);
                return select(b, loc, inside, arith::ShRUIOp::create(b, loc, x, amount), zero);
              }
              Value most = createScalar(b, loc, type, type.getIntOrFloatBitWidth() - 1);
              return arith::ShRSIOp::create(b, loc, x, select(b, loc, inside, y, most));
            })

ELEMENTWISE(PreluOp, x < 0 ? y * x : x, x < 0 ? y * x : x, {
  Value zero = createScalar(b, loc, type, 0);
  if (isFloat(args))
    return select(b, loc, compare(b, loc, arith::CmpFPredicate::OLT, x, zero),
                  arith::MulFOp::create(b, loc, x, y), x);
  if (isUnsigned)
    return x;
  return select(b, loc, compare(b, loc, arith::CmpIPredicate::slt, x, zero),
                arith::MulIOp::create(b, loc, x, y), x);
})

template <typename T> static bool compareValues(ComparePredicate predicate, T x, T y) {
  switch (predicate) {
  case ComparePredicate::equal:
    return x == y;
  case ComparePredicate::less:
    return x < y;
  case ComparePredicate::less_equal:
    return x <= y;
  case ComparePredicate::greater:
    return x > y;
  case ComparePredicate::greater_equal:
    return x >= y;
  }
  llvm_unreachable("all predicates are covered");
}
ELEMENTWISE(CompareOp, compareValues(getPredicate(), x, y),
            (edgec::edge::isUnsigned(getX().getType())
                 ? compareValues(getPredicate(), static_cast<uint64_t>(x), static_cast<uint64_t>(y))
                 : compareValues(getPredicate(), x, y)),
            {
              using F = arith::CmpFPredicate;
              using I = arith::CmpIPredicate;
              auto index = static_cast<unsigned>(getPredicate());
              static constexpr F floats[] = {F::OEQ, F::OLT, F::OLE, F::OGT, F::OGE};
              static constexpr I ints[] = {I::eq, I::slt, I::sle, I::sgt, I::sge};
              static constexpr I unsignedInts[] = {I::eq, I::ult, I::ule, I::ugt, I::uge};
              if (isFloat(args))
                return compare(b, loc, floats[index], x, y);
              return compare(b, loc, isUnsigned ? unsignedInts[index] : ints[index], x, y);
            })
ELEMENTWISE(SelectOp, args[0] != 0 ? args[1] : args[2], args[0] ? args[1] : args[2],
            { return select(b, loc, args[0], args[1], args[2]); })

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getX().getType() == getResult().getType())
    return getX();
  return {};
}
