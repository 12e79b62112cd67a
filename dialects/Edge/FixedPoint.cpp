// Ops on integers that stand for numbers: tables, and gemmlowp's functions.
#include "dialects/Edge/FixedPoint.h"
#include "dialects/Edge/EmittedIntegers.h"
#include "dialects/Edge/Reduce.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace edgec::edge;

bool FixedPoint::add(double factor) {
  if (!(std::isfinite(factor) && factor > 0))
    return false;
  int shift = 0;
  auto multiplier = static_cast<int64_t>(std::round(std::frexp(factor, &shift) * (1ll << 31)));
  if (multiplier == 1ll << 31) {
    multiplier /= 2;
    ++shift;
  }
  if (shift < -31)
    shift = 0, multiplier = 0;
  multipliers.push_back(static_cast<int32_t>(multiplier));
  shifts.push_back(shift);
  return shift <= 30;
}

//===- lookup ---------------------------------------------------------------------------------===//

static constexpr int64_t kEntries = 256;

LogicalResult LookupOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto table = cast<RankedTensorType>(op.getTable().getType());
  if (!x.getElementType().isInteger(8))
    return inferError(location, "'edge.lookup' expects integers of 8 bits");
  if (table.getRank() != 1 || table.getDimSize(0) != kEntries)
    return inferError(location, "'edge.lookup' expects a table of " + Twine(kEntries) +
                                    " entries, but got one of shape [" +
                                    Twine(table.getNumElements()) + "]");
  types.push_back(RankedTensorType::get(x.getShape(), table.getElementType()));
  return success();
}

/// The place in a table of the least integer of a type is 0.
static int64_t offsetOf(Type element) { return isUnsigned(element) ? 0 : kEntries / 2; }

FailureOr<SmallVector<HostTensor>> LookupOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &table = operands[1];
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  for (int64_t i = 0, e = x.getNumElements(); i < e; ++i) {
    int64_t entry = x.getInt(i) + offsetOf(x.getElementType());
    if (table.isFloat())
      result.setFloat(i, table.getFloat(entry));
    else
      result.setInt(i, table.getInt(entry));
  }
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> LookupOp::lower(OpBuilder &builder, ValueRange operands) {
  Type element = getElementTypeOrSelf(getX().getType());
  Type result = storageType(getElementTypeOrSelf(getResult().getType()));
  auto body = [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
    // Turning the sign's bit adds half the entries.
    Value entry = args[0];
    if (!isUnsigned(element))
      entry = arith::XOrIOp::create(b, loc, entry, createScalar(b, loc, entry.getType(), -128));
    Value index = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), entry);
    return tensor::ExtractOp::create(b, loc, operands[1], index);
  };
  return SmallVector<Value>{createParallel(builder, getLoc(), operands[0], result, body)};
}

bool LookupOp::isLayoutOperand(unsigned index) { return index == 0; }

FailureOr<SmallVector<Value>> LookupOp::buildUntransposed(OpBuilder &builder, ArrayRef<int64_t>,
                                                          ValueRange operands) {
  return rebuild(builder, *this, operands);
}

//===- fixed_sigmoid, fixed_tanh --------------------------------------------------------------===//

static LogicalResult inferFixed(std::optional<Location> location, Type operand, uint64_t whole,
                                StringRef name, SmallVectorImpl<Type> &types) {
  if (!getElementTypeOrSelf(operand).isSignlessInteger(16))
    return inferError(location, "'" + name + "' expects an operand of i16");
  if (whole > 6)
    return inferError(location, "'" + name + "' has " + Twine(whole) +
                                    " bits left of the point; 0 to 6 are known");
  types.push_back(operand);
  return success();
}

/// Elementwise in 16 bits, computed in 32.
static Value
lowerFixed(OpBuilder &builder, Location loc, Value x,
           llvm::function_ref<Value(const FixedPointMath<EmittedIntegers> &, Value)> function) {
  Type i16 = builder.getI16Type(), i32 = builder.getI32Type();
  return createParallel(
      builder, loc, x, i16, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        EmittedIntegers on{b, loc, i32};
        return on.resized(function(FixedPointMath(on, 16), on.resized(args[0], i32)), i16);
      });
}

#define FIXED_FUNCTION(Op, function)                                                               \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location,              \
                                     ValueRange operands, DictionaryAttr attributes,               \
                                     OpaqueProperties properties, RegionRange regions,             \
                                     SmallVectorImpl<Type> &types) {                               \
    Adaptor op(operands, attributes, properties, regions);                                         \
    return inferFixed(location, operands[0].getType(), op.getWhole(), getOperationName(), types);  \
  }                                                                                                \
  FailureOr<SmallVector<Value>> Op::lower(OpBuilder &builder, ValueRange operands) {               \
    return SmallVector<Value>{                                                                     \
        lowerFixed(builder, getLoc(), operands[0], [&](const auto &math, Value x) {                \
          return math.function(x, static_cast<int>(getWhole()));                                   \
        })};                                                                                       \
  }
FIXED_FUNCTION(FixedSigmoidOp, sigmoid)
FIXED_FUNCTION(FixedTanhOp, tanh)
#undef FIXED_FUNCTION

//===- fixed_softmax --------------------------------------------------------------------------===//

LogicalResult FixedSoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                               ValueRange operands, DictionaryAttr attributes,
                                               OpaqueProperties properties, RegionRange regions,
                                               SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  Type storage = op.getStorage();
  if (!x.getElementType().isInteger(8) || !(storage.isInteger(8) || storage.isSignlessInteger(16)))
    return inferError(location, "'edge.fixed_softmax' expects integers of 8 bits, and gives such "
                                "or i16");
  if (x.getRank() == 0 || x.getNumElements() == 0)
    return inferError(location, "'edge.fixed_softmax' expects a dimension to sum along");
  auto shift = static_cast<int32_t>(op.getShift());
  if (shift < 0 || shift > 31 || static_cast<int32_t>(op.getMultiplier()) < 0)
    return inferError(location, "'edge.fixed_softmax' has a shift of " + Twine(shift) +
                                    " or a negative multiplier");
  types.push_back(x.clone(storage));
  return success();
}

namespace {

// Exponents have 5 bits left of the point, sums 12.
constexpr int kExponentBits = 5, kSumBits = 12;

/// e^-d for each difference d that 8 bits can have, with no bits left of the point.
HostTensor exponentials(FixedSoftmaxOp op) {
  FixedPointMath<HostIntegers> math(HostIntegers(), 32);
  HostTensor table(RankedTensorType::get({kEntries}, IntegerType::get(op.getContext(), 32)));
  int64_t one = int64_t(1) << op.getShift();
  // Differences that would leave the exponent's range count as infinite.
  auto farthest = static_cast<int64_t>(std::floor(static_cast<double>((1 << kExponentBits) - 1) *
                                                  std::ldexp(1.0, 31 - kExponentBits) /
                                                  static_cast<double>(one)));
  for (int64_t d = 0; d < kEntries && d <= farthest; ++d)
    table.setInt(d, math.exponential(math.mul(-d * one, op.getMultiplier()), kExponentBits));
  return table;
}

} // namespace

FailureOr<SmallVector<Value>> FixedSoftmaxOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  Value x = operands[0];
  auto type = cast<RankedTensorType>(x.getType());
  Type element = getElementTypeOrSelf(getX().getType()), storage = storageType(getStorage());
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  int64_t last = type.getRank() - 1;
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  AffineMap repeated = identity.dropResult(last);
  SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);

  Value table = arith::ConstantOp::create(builder, loc,
                                          cast<TypedAttr>(Attribute(exponentials(*this).toAttr())));
  Value largest =
      createReduction(builder, loc, ReduceKind::max, element, storageType(element), x, last);
  Value terms =
      createGeneric(builder, loc, ValueRange{x, largest},
                    createEmpty(builder, loc, type.clone(i32)), {identity, repeated, identity},
                    parallel, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      // Below 256, whatever the sign: eight bits hold it.
                      Value difference = arith::SubIOp::create(b, loc, args[1], args[0]);
                      Value index =
                          arith::IndexCastUIOp::create(b, loc, b.getIndexType(), difference);
                      return tensor::ExtractOp::create(b, loc, table, index);
                    });
  Value summands = createParallel(builder, loc, terms, i32,
                                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                                    EmittedIntegers on{b, loc, i32};
                                    return FixedPointMath(on, 32).roundedShift(args[0], kSumBits);
                                  });
  Value sum = createReduction(builder, loc, ReduceKind::sum, i32, i32, summands, last);
  // One reciprocal a line, not an element: of the sum moved up until it is in [1, 2).
  Value inverse = createParallel(
      builder, loc, sum, i32, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        EmittedIntegers on{b, loc, i64};
        Value zeros = on.resized(math::CountLeadingZerosOp::create(b, loc, args[0]), i64);
        Value moved = on.shiftLeft(on.resized(args[0], i64), zeros);
        Value above = on.sub(moved, on.constant(int64_t(1) << 31));
        return on.resized(FixedPointMath(on, 32).reciprocal(above), i32);
      });
  int width = static_cast<int>(storage.getIntOrFloatBitWidth());
  int64_t low = isUnsigned(getStorage()) ? 0 : -(int64_t(1) << (width - 1));
  return SmallVector<Value>{createGeneric(
      builder, loc, ValueRange{terms, inverse, sum}, createEmpty(builder, loc, type.clone(storage)),
      {identity, repeated, repeated, identity}, parallel,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        EmittedIntegers wide{b, loc, i64}, on{b, loc, i32};
        Value product =
            FixedPointMath(wide, 32).mul(wide.resized(args[0], i64), wide.resized(args[1], i64));
        Value zeros = math::CountLeadingZerosOp::create(b, loc, args[2]);
        Value amount = on.sub(on.constant(kSumBits + 31 - width), zeros);
        Value result = FixedPointMath(on, 32).roundedShift(on.resized(product, i32), amount);
        result = on.add(result, on.constant(low));
        result = on.min(result, on.constant(low + (int64_t(1) << width) - 1));
        return on.resized(result, storage);
      })};
}
