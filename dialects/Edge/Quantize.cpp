#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::edge;

/// The element type of the integers of a quantized type: unsigned ones say so.
static Type storageElement(quant::QuantizedType type) {
  return IntegerType::get(type.getContext(), type.getStorageTypeIntegralWidth(),
                          type.isSigned() ? IntegerType::Signless : IntegerType::Unsigned);
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
