#include "dialects/Edge/EmittedIntegers.h"
#include "dialects/Edge/Lowering.h"
#include "dialects/Edge/QuantizedSlices.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::edge;

/// The element type of the integers of a quantized type: unsigned ones say so.
static Type storageElement(quant::QuantizedType type) {
  return IntegerType::get(type.getContext(), type.getStorageTypeIntegralWidth(),
                          type.isSigned() ? IntegerType::Signless : IntegerType::Unsigned);
}

QuantizedSlices::QuantizedSlices(Type quantized, ArrayRef<int64_t> shape) {
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(quantized)) {
    llvm::append_range(scales, perAxis.getScales());
    llvm::append_range(zeroPoints, perAxis.getZeroPoints());
    inner = rowMajorStrides(shape)[perAxis.getQuantizedDimension()];
    return;
  }
  auto perTensor = cast<quant::UniformQuantizedType>(quantized);
  scales.push_back(perTensor.getScale());
  zeroPoints.push_back(perTensor.getZeroPoint());
}

/// Type inference of both ops: from the integers to the numbers, or back.
static LogicalResult inferQuantizing(std::optional<Location> location, Type operand, Type quantized,
                                     bool toIntegers, SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(operand);
  auto type = dyn_cast<quant::QuantizedType>(quantized);
  if (!isa_and_nonnull<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(type))
    return inferError(location, "expects a uniform quantized type");
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    int64_t axis = perAxis.getQuantizedDimension(), count = perAxis.getScales().size();
    if (axis < 0 || axis >= x.getRank() || x.getDimSize(axis) != count)
      return inferError(location, "has " + Twine(count) + " scales along axis " + Twine(axis) +
                                      ", which don't fit its operand");
  }
  Type integers = storageElement(type), numbers = type.getExpressedType();
  if (x.getElementType() != (toIntegers ? numbers : integers))
    return inferError(location, "expects an operand of the quantized type's own element type");
  types.push_back(RankedTensorType::get(x.getShape(), toIntegers ? integers : numbers));
  return success();
}

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                             ValueRange operands, DictionaryAttr attributes,
                                             OpaqueProperties properties, RegionRange regions,
                                             SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferQuantizing(location, operands[0].getType(), adaptor.getQuantized(), false, types);
}

LogicalResult QuantizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                           ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  return inferQuantizing(location, operands[0].getType(), adaptor.getQuantized(), true, types);
}

/// A quantized axis moves with the dimension that it names.
static FailureOr<SmallVector<Value>> untransposed(OpBuilder &builder, Operation *op, Type quantized,
                                                  ArrayRef<int64_t> permutation,
                                                  ValueRange operands) {
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(quantized);
  if (!perAxis)
    return rebuild(builder, op, operands);
  Type moved = quant::UniformQuantizedPerAxisType::get(
      perAxis.getFlags(), perAxis.getStorageType(), perAxis.getExpressedType(), perAxis.getScales(),
      perAxis.getZeroPoints(), permutation[perAxis.getQuantizedDimension()],
      perAxis.getStorageTypeMin(), perAxis.getStorageTypeMax());
  return rebuild(builder, op, operands, {builder.getNamedAttr("quantized", TypeAttr::get(moved))});
}

FailureOr<SmallVector<Value>> DequantizeOp::buildUntransposed(OpBuilder &builder,
                                                              ArrayRef<int64_t> permutation,
                                                              ValueRange operands) {
  return untransposed(builder, *this, getQuantized(), permutation, operands);
}

FailureOr<SmallVector<Value>> QuantizeOp::buildUntransposed(OpBuilder &builder,
                                                            ArrayRef<int64_t> permutation,
                                                            ValueRange operands) {
  return untransposed(builder, *this, getQuantized(), permutation, operands);
}

FailureOr<SmallVector<HostTensor>> QuantizeOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  if (!x.getElementType().isF32())
    return failure();
  auto quantized = cast<quant::QuantizedType>(getQuantized());
  QuantizedSlices slices(quantized, x.getShape());
  auto low = static_cast<double>(quantized.getStorageTypeMin());
  auto high = static_cast<double>(quantized.getStorageTypeMax());
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  for (int64_t i = 0, e = x.getNumElements(); i < e; ++i) {
    size_t slice = slices.of(i);
    auto steps = static_cast<float>(x.getFloat(i)) / static_cast<float>(slices.scales[slice]);
    float value = (getHalvesAway() ? std::round(steps) : std::nearbyint(steps)) +
                  static_cast<float>(slices.zeroPoints[slice]);
    // A NaN gives the lower bound.
    result.setInt(i, static_cast<int64_t>(std::fmin(std::fmax<double>(value, low), high)));
  }
  return SmallVector<HostTensor>{result};
}

//===- Sums of integers at another scale ------------------------------------------------------===//

/// What both kinds of requantization ask for, beside as many factors as there are features, or one.
static LogicalResult checkRequantize(std::optional<Location> location, StringRef name,
                                     RankedTensorType x, size_t factors, uint32_t low,
                                     uint32_t high) {
  if (!x.getElementType().isInteger(32))
    return inferError(location, "'" + name + "' expects an operand of i32");
  if (factors == 0 ||
      (factors > 1 && (x.getRank() == 0 || x.getShape().back() != static_cast<int64_t>(factors))))
    return inferError(location, "'" + name + "' has " + Twine(factors) +
                                    " factors, which don't fit its operand");
  if (static_cast<int32_t>(low) > static_cast<int32_t>(high))
    return inferError(location, "'" + name + "' has bounds that leave nothing");
  return success();
}

namespace {

/// An op on each element of a tensor, with factors: one for all, which is a constant in its body,
/// or one for each index of the last dimension, which it reads.
class ScaledElements {
public:
  ScaledElements(OpBuilder &builder, Location loc, Value x)
      : builder(builder), loc(loc), type(cast<RankedTensorType>(x.getType())), inputs{x},
        maps{builder.getMultiDimIdentityMap(type.getRank())} {}

  /// Makes some factors known, in the order in which the body asks for them.
  template <typename T> void add(ArrayRef<T> factors) {
    if (llvm::all_equal(factors))
      return;
    auto shape = static_cast<int64_t>(factors.size());
    HostTensor host(RankedTensorType::get({shape}, elementOf<T>()));
    for (auto [i, factor] : llvm::enumerate(factors))
      std::is_integral_v<T> ? host.setInt(static_cast<int64_t>(i), factor)
                            : host.setFloat(static_cast<int64_t>(i), factor);
    inputs.push_back(
        arith::ConstantOp::create(builder, loc, cast<TypedAttr>(Attribute(host.toAttr()))));
    int64_t rank = type.getRank();
    maps.push_back(
        AffineMap::get(rank, 0, builder.getAffineDimExpr(rank - 1), builder.getContext()));
  }

  /// Within the body, whose arguments are `args`: the next factor.
  template <typename T> Value next(OpBuilder &b, ValueRange args, ArrayRef<T> factors) {
    if (!llvm::all_equal(factors))
      return args[at++];
    TypedAttr attr = std::is_integral_v<T>
                         ? TypedAttr(IntegerAttr::get(elementOf<T>(), int64_t(factors.front())))
                         : TypedAttr(FloatAttr::get(elementOf<T>(), factors.front()));
    return arith::ConstantOp::create(b, loc, attr);
  }

  Value create(Type storage, function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
    maps.push_back(maps.front());
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    return createGeneric(builder, loc, inputs, createEmpty(builder, loc, type.clone(storage)), maps,
                         iterators, body);
  }

private:
  template <typename T> Type elementOf() const {
    return std::is_integral_v<T> ? Type(builder.getI32Type()) : Type(builder.getF32Type());
  }

  OpBuilder &builder;
  Location loc;
  RankedTensorType type;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  size_t at = 1;
};

} // namespace

//===- Fixed point ----------------------------------------------------------------------------===//

LogicalResult RequantizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                             ValueRange operands, DictionaryAttr attributes,
                                             OpaqueProperties properties, RegionRange regions,
                                             SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  size_t count = op.getMultipliers().size();
  if (failed(checkRequantize(location, getOperationName(), x, count, op.getLow(), op.getHigh())))
    return failure();
  if (op.getShifts().size() != count)
    return inferError(location, "'edge.requantize' has " + Twine(count) + " multipliers and " +
                                    Twine(op.getShifts().size()) + " shifts");
  for (int32_t shift : op.getShifts())
    if (shift < -31 || shift > 30)
      return inferError(location, "'edge.requantize' has a shift of " + Twine(shift));
  types.push_back(x.clone(op.getStorage()));
  return success();
}

FailureOr<SmallVector<Value>> RequantizeOp::lower(OpBuilder &builder, ValueRange operands) {
  Type storage = storageType(getStorage());
  ScaledElements elements(builder, getLoc(), operands[0]);
  elements.add(getMultipliers());
  elements.add(getShifts());
  auto body = [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
    EmittedIntegers on{b, loc, b.getI32Type()};
    Value multiplier = elements.next(b, args, getMultipliers());
    Value shift = elements.next(b, args, getShifts());
    bool clamped = static_cast<int32_t>(getLow()) >= static_cast<int32_t>(getZeroPoint());
    Value x = kernel::RescaleOp::create(b, loc, args[0], multiplier, shift,
                                        *llvm::max_element(getShifts()), getRoundsOnce(), clamped);
    if (getZeroPoint())
      x = on.add(x, on.constant(static_cast<int32_t>(getZeroPoint())));
    x = on.max(x, on.constant(static_cast<int32_t>(getLow())));
    x = on.min(x, on.constant(static_cast<int32_t>(getHigh())));
    return on.resized(x, storage);
  };
  return SmallVector<Value>{elements.create(storage, body)};
}

//===- Float factors --------------------------------------------------------------------------===//

LogicalResult RequantizeFloatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                                  ValueRange operands, DictionaryAttr attributes,
                                                  OpaqueProperties properties, RegionRange regions,
                                                  SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  if (failed(checkRequantize(location, getOperationName(), x, op.getScales().size(), op.getLow(),
                             op.getHigh())))
    return failure();
  types.push_back(x.clone(op.getStorage()));
  return success();
}

FailureOr<SmallVector<Value>> RequantizeFloatOp::lower(OpBuilder &builder, ValueRange operands) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type(), storage = storageType(getStorage());
  ScaledElements elements(builder, getLoc(), operands[0]);
  elements.add(getScales());
  auto zero = static_cast<int32_t>(getZeroPoint());
  auto bound = [&](uint32_t limit) {
    return static_cast<double>(static_cast<int32_t>(limit)) - static_cast<double>(zero);
  };
  // Factors below a half leave every sum room for the zero point within 32 bits.
  bool staysInside =
      std::abs(static_cast<int64_t>(zero)) < (1 << 30) &&
      llvm::all_of(getScales(), [](float scale) { return scale >= 0 && scale < 0.5f; });
  auto body = [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
    auto constant = [&](double value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(static_cast<float>(value)));
    };
    Value x = arith::SIToFPOp::create(b, loc, f32, args[0]);
    x = arith::MulFOp::create(b, loc, x, elements.next(b, args, getScales()));
    auto integer = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
    };
    if (!staysInside) { // limited as a float, by a comparison: one instruction on vectors
      auto limit = [&](arith::CmpFPredicate within, Value bound) {
        Value keeps = arith::CmpFOp::create(b, loc, within, x, bound);
        x = arith::SelectOp::create(b, loc, keeps, x, bound);
      };
      limit(arith::CmpFPredicate::OGT, constant(bound(getLow())));
      limit(arith::CmpFPredicate::OLT, constant(bound(getHigh())));
    }
    x = arith::FPToSIOp::create(b, loc, i32, math::RoundEvenOp::create(b, loc, x));
    if (zero)
      x = arith::AddIOp::create(b, loc, x, integer(zero));
    if (staysInside) { // all of a type's range is no more than how it is narrowed
      x = arith::MaxSIOp::create(b, loc, x, integer(static_cast<int32_t>(getLow())));
      x = arith::MinSIOp::create(b, loc, x, integer(static_cast<int32_t>(getHigh())));
    }
    return storage.getIntOrFloatBitWidth() < 32
               ? arith::TruncIOp::create(b, loc, storage, x).getResult()
               : x;
  };
  return SmallVector<Value>{elements.create(storage, body)};
}
