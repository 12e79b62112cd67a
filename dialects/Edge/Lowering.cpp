#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include <numeric>

using namespace mlir;

namespace edgec::edge {

LogicalResult inferError(std::optional<Location> location, const Twine &message) {
  if (location)
    emitError(*location) << message;
  return failure();
}

Type storageType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.clone(storageType(tensor.getElementType()));
  if (type.isUnsignedInteger())
    return IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth());
  return type;
}

bool isUnsigned(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isUnsignedInteger() || element.isInteger(1);
}

FailureOr<SmallVector<int64_t>> broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  SmallVector<int64_t> result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes)
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &extent = result[rank - shape.size() + i];
      if (shape[i] == extent || shape[i] == 1)
        continue;
      if (extent != 1)
        return failure();
      extent = shape[i];
    }
  return result;
}

FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return failure();
  return axis < 0 ? axis + rank : axis;
}

LogicalResult checkShape(std::optional<Location> location, StringRef op, ArrayRef<int64_t> shape) {
  constexpr int64_t kMostElements = int64_t(1) << 40;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0)
      return inferError(location, "'" + op + "' has a result extent of " + Twine(extent));
    if (extent != 0 && count > kMostElements / extent)
      return inferError(location, "'" + op + "' has a result of more than 2^40 elements");
    count *= std::max<int64_t>(extent, 1);
  }
  return success();
}

Value createEmpty(OpBuilder &builder, Location loc, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor::EmptyOp::create(builder, loc, tensor.getShape(), tensor.getElementType());
}

Value createFilled(OpBuilder &builder, Location loc, Type type, Value scalar) {
  return linalg::FillOp::create(builder, loc, scalar, createEmpty(builder, loc, type)).getResult(0);
}

Value createScalar(OpBuilder &builder, Location loc, Type type, double value) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(builder, loc, FloatAttr::get(floatType, value));
  if (type.isInteger(1))
    return arith::ConstantOp::create(builder, loc, BoolAttr::get(type.getContext(), value != 0));
  return arith::ConstantOp::create(builder, loc,
                                   IntegerAttr::get(type, static_cast<int64_t>(value)));
}

Value createLimit(OpBuilder &builder, Location loc, Type edgeElement, bool largest) {
  Type type = storageType(edgeElement);
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat infinity = APFloat::getInf(floatType.getFloatSemantics(), /*Negative=*/!largest);
    return arith::ConstantOp::create(builder, loc, FloatAttr::get(floatType, infinity));
  }
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value = isUnsigned(edgeElement)
                    ? (largest ? APInt::getMaxValue(width) : APInt::getMinValue(width))
                    : (largest ? APInt::getSignedMaxValue(width) : APInt::getSignedMinValue(width));
  return arith::ConstantOp::create(builder, loc, IntegerAttr::get(type, value));
}

Value createCast(OpBuilder &b, Location loc, Value value, Type from, Type to) {
  Type target = storageType(to);
  if (value.getType() == target && isUnsigned(from) == isUnsigned(to))
    return value;
  if (auto fromFloat = dyn_cast<FloatType>(from)) {
    if (to.isInteger(1)) {
      Value zero = createScalar(b, loc, from, 0);
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value, zero);
    }
    if (auto toFloat = dyn_cast<FloatType>(to)) {
      if (fromFloat.getWidth() < toFloat.getWidth())
        return arith::ExtFOp::create(b, loc, to, value);
      if (fromFloat.getWidth() > toFloat.getWidth())
        return arith::TruncFOp::create(b, loc, to, value);
      if (from == to)
        return value; // f16 <-> bf16 goes through f32
      Value wide = arith::ExtFOp::create(b, loc, b.getF32Type(), value);
      return arith::TruncFOp::create(b, loc, to, wide);
    }
    // A value that the type cannot hold is undefined in ONNX and poison in LLVM: go through a wider
    // one, so that in practice it wraps. i32 is what vector units convert to; few do to i64.
    unsigned width = target.getIntOrFloatBitWidth();
    if (width < 64) {
      bool fits = width < 32 || !isUnsigned(to);
      Type between = fits ? b.getI32Type() : b.getI64Type();
      Value wide = arith::FPToSIOp::create(b, loc, between, value);
      return width == 32 && fits ? wide : arith::TruncIOp::create(b, loc, target, wide).getResult();
    }
    if (isUnsigned(to))
      return arith::FPToUIOp::create(b, loc, target, value);
    return arith::FPToSIOp::create(b, loc, target, value);
  }
  if (isa<FloatType>(to)) {
    if (isUnsigned(from))
      return arith::UIToFPOp::create(b, loc, to, value);
    return arith::SIToFPOp::create(b, loc, to, value);
  }
  if (to.isInteger(1)) {
    if (from.isInteger(1))
      return value;
    Value zero = createScalar(b, loc, value.getType(), 0);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, zero);
  }
  unsigned fromWidth = value.getType().getIntOrFloatBitWidth();
  unsigned toWidth = target.getIntOrFloatBitWidth();
  if (fromWidth == toWidth)
    return value;
  if (fromWidth > toWidth)
    return arith::TruncIOp::create(b, loc, target, value);
  if (isUnsigned(from))
    return arith::ExtUIOp::create(b, loc, target, value);
  return arith::ExtSIOp::create(b, loc, target, value);
}

Value createWrappedIndex(OpBuilder &b, Location loc, Value value, bool isUnsigned, int64_t extent) {
  Type type = b.getIndexType();
  Value index = isUnsigned ? arith::IndexCastUIOp::create(b, loc, type, value).getResult()
                           : arith::IndexCastOp::create(b, loc, type, value).getResult();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  if (!isUnsigned) {
    Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, index, zero);
    Value size = arith::ConstantIndexOp::create(b, loc, extent);
    Value fromEnd = arith::AddIOp::create(b, loc, index, size);
    index = arith::SelectOp::create(b, loc, negative, fromEnd, index);
  }
  Value last = arith::ConstantIndexOp::create(b, loc, extent - 1);
  index = arith::MinSIOp::create(b, loc, index, last);
  return arith::MaxSIOp::create(b, loc, index, zero);
}

int64_t wrapIndex(int64_t index, int64_t extent) {
  return std::clamp<int64_t>(index < 0 ? index + extent : index, 0, extent - 1);
}

Value createGeneric(OpBuilder &builder, Location loc, ValueRange inputs, Value output,
                    ArrayRef<AffineMap> maps, ArrayRef<utils::IteratorType> iterators,
                    function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  return linalg::GenericOp::create(builder, loc, output.getType(), inputs, output, maps, iterators,
                                   [&](OpBuilder &nested, Location loc, ValueRange args) {
                                     linalg::YieldOp::create(nested, loc, body(nested, loc, args));
                                   })
      .getResult(0);
}

Type accumulatorType(Type element) {
  auto floatType = dyn_cast<FloatType>(element);
  return floatType && floatType.getWidth() < 32 ? Float32Type::get(element.getContext()) : element;
}

Value createParallel(OpBuilder &builder, Location loc, ValueRange inputs, Type element,
                     function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  auto type = cast<RankedTensorType>(inputs.front().getType());
  SmallVector<AffineMap> maps(
      inputs.size() + 1, AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  return createGeneric(builder, loc, inputs, createEmpty(builder, loc, type.clone(element)), maps,
                       iterators, body);
}

Value createConverted(OpBuilder &builder, Location loc, Value tensor, Type from, Type to) {
  if (storageType(from) == storageType(to))
    return tensor;
  return createParallel(builder, loc, tensor, storageType(to),
                        [&](OpBuilder &b, Location loc, ValueRange args) {
                          return createCast(b, loc, args[0], from, to);
                        });
}

AffineMap broadcastMap(MLIRContext *context, ArrayRef<int64_t> operand, int64_t rank,
                       ArrayRef<int64_t> result) {
  SmallVector<AffineExpr> exprs;
  int64_t offset = rank - static_cast<int64_t>(operand.size());
  for (auto [i, extent] : llvm::enumerate(operand))
    exprs.push_back(extent == 1 && result[offset + i] != 1 ? getAffineConstantExpr(0, context)
                                                           : getAffineDimExpr(offset + i, context));
  return AffineMap::get(rank, 0, exprs, context);
}

Value createReshape(OpBuilder &builder, Location loc, Value tensor, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getShape() == shape)
    return tensor;
  auto target = RankedTensorType::get(shape, type.getElementType());
  auto direct = [&](RankedTensorType from, RankedTensorType to) {
    return from.getRank() == to.getRank() ? std::nullopt
                                          : getReassociationIndicesForReshape(from, to);
  };
  auto build = [&](Value value, RankedTensorType to,
                   ArrayRef<ReassociationIndices> reassociation) -> Value {
    auto from = cast<RankedTensorType>(value.getType());
    if (from.getRank() < to.getRank())
      return tensor::ExpandShapeOp::create(builder, loc, to, value, reassociation);
    return tensor::CollapseShapeOp::create(builder, loc, to, value, reassociation);
  };
  if (auto reassociation = direct(type, target))
    return build(tensor, target, *reassociation);
  // Through one dimension.
  auto flat = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  auto all = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank > 0) {
      groups.emplace_back();
      for (int64_t i = 0; i < rank; ++i)
        groups.back().push_back(i);
    }
    return groups;
  };
  if (type.getRank() != 1)
    tensor = build(tensor, flat, all(type.getRank()));
  if (target.getRank() != 1)
    tensor = build(tensor, target, all(target.getRank()));
  return tensor;
}

Value createTranspose(OpBuilder &builder, Location loc, Value tensor,
                      ArrayRef<int64_t> permutation) {
  if (isIdentityPermutation(permutation))
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape, moved;
  for (int64_t p : permutation) {
    shape.push_back(type.getDimSize(p));
    if (type.getDimSize(p) != 1)
      moved.push_back(p);
  }
  if (llvm::is_sorted(moved))
    return createReshape(builder, loc, tensor, shape);
  MLIRContext *context = builder.getContext();
  int64_t rank = type.getRank();
  SmallVector<AffineExpr> exprs(rank);
  for (int64_t i = 0; i < rank; ++i)
    exprs[permutation[i]] = getAffineDimExpr(i, context);
  SmallVector<AffineMap> maps{AffineMap::get(rank, 0, exprs, context),
                              AffineMap::getMultiDimIdentityMap(rank, context)};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Value empty = createEmpty(builder, loc, RankedTensorType::get(shape, type.getElementType()));
  return createGeneric(builder, loc, tensor, empty, maps, iterators,
                       [](OpBuilder &, Location, ValueRange args) { return args[0]; });
}

FailureOr<SmallVector<Value>> rebuild(OpBuilder &builder, Operation *op, ValueRange operands,
                                      ArrayRef<NamedAttribute> attributes) {
  Operation *copy = op->cloneWithoutRegions();
  copy->setOperands(operands);
  for (NamedAttribute attribute : attributes)
    copy->setAttr(attribute.getName(), attribute.getValue());
  auto inferable = cast<InferTypeOpInterface>(copy);
  SmallVector<Type> types;
  if (failed(inferable.inferReturnTypes(op->getContext(), std::nullopt, operands,
                                        copy->getAttrDictionary(), copy->getPropertiesStorage(),
                                        copy->getRegions(), types))) {
    copy->destroy();
    return failure();
  }
  for (auto [result, type] : llvm::zip_equal(copy->getResults(), types))
    result.setType(type);
  builder.insert(copy);
  return SmallVector<Value>(copy->getResults());
}

SmallVector<int64_t> inversePermutation(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> inverse(permutation.size());
  for (auto [i, p] : llvm::enumerate(permutation))
    inverse[p] = i;
  return inverse;
}

bool isIdentityPermutation(ArrayRef<int64_t> permutation) {
  for (auto [i, p] : llvm::enumerate(permutation))
    if (p != static_cast<int64_t>(i))
      return false;
  return true;
}

//===- Elementwise
//-------------------------------------------------------------------------------===//

LogicalResult checkElements(std::optional<Location> location, StringRef name, ValueRange operands,
                            ElementRule rule) {
  auto element = [](Value v) { return getElementTypeOrSelf(v.getType()); };
  auto fail = [&](const Twine &expected) {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleaveComma(operands, os, [&](Value v) { os << element(v); });
    return inferError(location, "'" + name + "' expects " + expected + ", but got " + text);
  };
  if (rule == ElementRule::any)
    return success();
  if (rule == ElementRule::condition) {
    if (!element(operands.front()).isInteger(1))
      return fail("a boolean condition");
    operands = operands.drop_front();
  }
  Type first = element(operands.front());
  if (rule == ElementRule::floats && !isa<FloatType>(first))
    return fail("floats");
  if (rule == ElementRule::integers && !isa<IntegerType>(first))
    return fail("integers or booleans");
  if (llvm::any_of(operands, [&](Value v) { return element(v) != first; }))
    return fail("operands of one element type");
  return success();
}

LogicalResult inferElementwise(std::optional<Location> location, ValueRange operands, Type element,
                               SmallVectorImpl<Type> &types) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value operand : operands)
    shapes.push_back(cast<RankedTensorType>(operand.getType()).getShape());
  auto shape = broadcastShapes(shapes);
  if (failed(shape)) {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleave(operands, os, [&](Value v) { os << v.getType(); }, " and ");
    return inferError(location, "operand shapes " + text + " can't be broadcast together");
  }
  types.push_back(RankedTensorType::get(*shape, element));
  return success();
}

FailureOr<SmallVector<Value>> lowerElementwise(ElementwiseOpInterface op, OpBuilder &builder,
                                               ValueRange operands) {
  Location loc = op->getLoc();
  MLIRContext *context = builder.getContext();
  auto type = cast<RankedTensorType>(storageType(op->getResult(0).getType()));
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps;
  for (Value operand : operands)
    maps.push_back(broadcastMap(context, cast<RankedTensorType>(operand.getType()).getShape(), rank,
                                type.getShape()));
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  return SmallVector<Value>{createGeneric(builder, loc, operands, createEmpty(builder, loc, type),
                                          maps, iterators,
                                          [&](OpBuilder &nested, Location loc, ValueRange args) {
                                            return op.emitScalar(nested, loc, args.drop_back());
                                          })};
}

FailureOr<SmallVector<HostTensor>> evaluateElementwise(ElementwiseOpInterface op,
                                                       ArrayRef<HostTensor> operands) {
  HostTensor result(cast<RankedTensorType>(op->getResult(0).getType()));
  bool anyFloat = llvm::any_of(operands, [](const HostTensor &t) { return t.isFloat(); });
  SmallVector<SmallVector<int64_t>> strides;
  for (const HostTensor &operand : operands) {
    SmallVector<int64_t> own = rowMajorStrides(operand.getShape());
    SmallVector<int64_t> full(result.getRank() - operand.getRank(), 0);
    for (auto [extent, stride] : llvm::zip_equal(operand.getShape(), own))
      full.push_back(extent == 1 ? 0 : stride);
    strides.push_back(full);
  }
  SmallVector<double> floats(operands.size());
  SmallVector<int64_t> ints(operands.size()), at(operands.size(), 0), index(result.getRank(), 0);
  // An integer computation with a float result (or the reverse) is the cast op's business: it
  // evaluates through doubles.
  for (int64_t flat = 0, end = result.getNumElements(); flat < end; ++flat) {
    if (anyFloat) {
      for (size_t i = 0; i < operands.size(); ++i)
        floats[i] = operands[i].getFloat(at[i]);
      result.setFloat(flat, op.evaluateFloat(floats));
    } else {
      for (size_t i = 0; i < operands.size(); ++i)
        ints[i] = operands[i].getInt(at[i]);
      result.setInt(flat, op.evaluateInt(ints));
    }
    for (int64_t d = result.getRank() - 1; d >= 0; --d) {
      bool more = ++index[d] < result.getShape()[d];
      for (size_t i = 0; i < operands.size(); ++i)
        at[i] += more ? strides[i][d] : strides[i][d] * (1 - result.getShape()[d]);
      if (more)
        break;
      index[d] = 0;
    }
  }
  return SmallVector<HostTensor>{result};
}

} // namespace edgec::edge
