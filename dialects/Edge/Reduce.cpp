#include "dialects/Edge/Reduce.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace edgec::edge;

//===- What reductions share ------------------------------------------------------------------===//

namespace edgec::edge {

Value createNeutral(OpBuilder &builder, Location loc, ReduceKind kind, Type edgeElement) {
  if (kind == ReduceKind::max || kind == ReduceKind::min)
    return createLimit(builder, loc, edgeElement, /*largest=*/kind == ReduceKind::min);
  return createScalar(builder, loc, storageType(edgeElement), kind == ReduceKind::prod ? 1 : 0);
}

Value createCombine(OpBuilder &b, Location loc, ReduceKind kind, Type edgeElement, Value x,
                    Value y) {
  bool isFloat = isa<FloatType>(edgeElement), noSign = isUnsigned(edgeElement);
  // ONNX leaves the order of a float sum open, and without that freedom no processor could use its
  // vectors.
  auto free = arith::FastMathFlags::reassoc;
  // Nor does it tell -0 from 0, which costs x86 more instructions than the comparison.
  auto anyZero = arith::FastMathFlags::nsz;
  switch (kind) {
  case ReduceKind::sum:
    if (isFloat)
      return arith::AddFOp::create(b, loc, x, y, free);
    return arith::AddIOp::create(b, loc, x, y);
  case ReduceKind::prod:
    if (isFloat)
      return arith::MulFOp::create(b, loc, x, y, free);
    return arith::MulIOp::create(b, loc, x, y);
  case ReduceKind::max:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, x, y, anyZero);
    if (noSign)
      return arith::MaxUIOp::create(b, loc, x, y);
    return arith::MaxSIOp::create(b, loc, x, y);
  case ReduceKind::min:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, x, y, anyZero);
    if (noSign)
      return arith::MinUIOp::create(b, loc, x, y);
    return arith::MinSIOp::create(b, loc, x, y);
  }
  llvm_unreachable("all kinds are covered");
}

double combineFloats(ReduceKind kind, double x, double y) {
  switch (kind) {
  case ReduceKind::sum:
    return x + y;
  case ReduceKind::prod:
    return x * y;
  case ReduceKind::max:
    return std::isnan(x) || std::isnan(y) ? NAN : std::fmax(x, y);
  case ReduceKind::min:
    return std::isnan(x) || std::isnan(y) ? NAN : std::fmin(x, y);
  }
  llvm_unreachable("all kinds are covered");
}

int64_t combineInts(ReduceKind kind, bool isUnsigned, int64_t x, int64_t y) {
  auto wideX = static_cast<uint64_t>(x), wideY = static_cast<uint64_t>(y);
  bool less = isUnsigned ? wideX < wideY : x < y;
  switch (kind) {
  case ReduceKind::sum:
    return static_cast<int64_t>(wideX + wideY);
  case ReduceKind::prod:
    return static_cast<int64_t>(wideX * wideY);
  case ReduceKind::max:
    return less ? y : x;
  case ReduceKind::min:
    return less ? x : y;
  }
  llvm_unreachable("all kinds are covered");
}

HostTensor neutralElement(ReduceKind kind, Type edgeElement) {
  HostTensor element(RankedTensorType::get({}, edgeElement));
  bool largest = kind == ReduceKind::min;
  if (kind == ReduceKind::sum || kind == ReduceKind::prod)
    element.setInt(0, kind == ReduceKind::prod ? 1 : 0);
  else if (isa<FloatType>(edgeElement))
    element.setFloat(0, largest ? INFINITY : -INFINITY);
  else if (isUnsigned(edgeElement))
    element.setInt(0, largest ? -1 : 0);
  else {
    APInt least = APInt::getSignedMinValue(edgeElement.getIntOrFloatBitWidth());
    element.setInt(0, (largest ? ~least : least).getSExtValue());
  }
  return element;
}

SmallVector<int64_t> reducedShape(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes, bool keepdims) {
  SmallVector<int64_t> result;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(extent);
    else if (keepdims)
      result.push_back(1);
  }
  return result;
}

/// The order of loops over `rank` dimensions: kept ones, then reduced ones, but the last dimension
/// innermost, as memory has it. Loop i runs over dimension order[i]; where the last one is kept,
/// the innermost loop goes along a row of the result.
static SmallVector<int64_t> loopOrder(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> order;
  for (bool reduced : {false, true})
    for (int64_t i = 0; i + 1 < rank; ++i)
      if (llvm::is_contained(axes, i) == reduced)
        order.push_back(i);
  if (rank > 0)
    order.push_back(rank - 1);
  return order;
}

/// The iteration of a reduction of a tensor of `rank` over `axes`: iterator kinds, and the maps of
/// the operand and of the result without the axes.
struct ReductionLoops {
  ReductionLoops(MLIRContext *context, int64_t rank, ArrayRef<int64_t> axes) {
    SmallVector<AffineExpr> in(rank), out;
    for (auto [loop, dim] : llvm::enumerate(loopOrder(rank, axes))) {
      in[dim] = getAffineDimExpr(loop, context);
      iterators.push_back(llvm::is_contained(axes, dim) ? utils::IteratorType::reduction
                                                        : utils::IteratorType::parallel);
    }
    for (int64_t dim = 0; dim < rank; ++dim)
      if (!llvm::is_contained(axes, dim))
        out.push_back(in[dim]);
    operand = AffineMap::get(rank, 0, in, context);
    result = AffineMap::get(rank, 0, out, context);
  }
  SmallVector<utils::IteratorType> iterators;
  AffineMap operand, result;
};

Value createReduction(OpBuilder &builder, Location loc, ReduceKind kind, Type edgeElement,
                      Type accumulator, Value tensor, ArrayRef<int64_t> axes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  // From here on `edgeElement` only says the signedness, and the widened float has none.
  Type combined = storageType(edgeElement) == accumulator ? edgeElement : accumulator;
  ReductionLoops loops(builder.getContext(), type.getRank(), axes);
  Value init = createFilled(
      builder, loc,
      RankedTensorType::get(reducedShape(type.getShape(), axes, /*keepdims=*/false), accumulator),
      createNeutral(builder, loc, kind, combined));
  return createGeneric(builder, loc, tensor, init, {loops.operand, loops.result}, loops.iterators,
                       [&](OpBuilder &b, Location loc, ValueRange args) {
                         Value x = createCast(b, loc, args[0], edgeElement, combined);
                         return createCombine(b, loc, kind, combined, args[1], x);
                       });
}

} // namespace edgec::edge

/// The axes of an op on operands that a transposition by `permutation` has been taken away from.
static SmallVector<int64_t> untransposedAxes(ArrayRef<int64_t> permutation,
                                             ArrayRef<int64_t> axes) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes)
    result.push_back(permutation[axis]);
  llvm::sort(result);
  return result;
}

static LogicalResult checkAxis(std::optional<Location> loc, StringRef name, int64_t axis,
                               RankedTensorType x) {
  if (axis >= 0 && axis < x.getRank())
    return success();
  return inferError(loc, "'" + name + "' has axis " + Twine(axis) + " for an operand of rank " +
                             Twine(x.getRank()));
}

//===- reduce ---------------------------------------------------------------------------------===//

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  SmallVector<bool> seen(x.getRank(), false);
  for (int64_t axis : op.getAxes()) {
    if (failed(checkAxis(loc, getOperationName(), axis, x)))
      return failure();
    if (std::exchange(seen[axis], true))
      return inferError(loc, "'edge.reduce' names axis " + Twine(axis) + " twice");
  }
  types.push_back(RankedTensorType::get(reducedShape(x.getShape(), op.getAxes(), op.getKeepdims()),
                                        x.getElementType()));
  return success();
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  if (getAxes().empty())
    return getX();
  return {};
}

FailureOr<SmallVector<HostTensor>> ReduceOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  auto type = cast<RankedTensorType>(getResult().getType());
  // Accumulate in double or in 64 bits; each result element is rounded once.
  HostTensor neutral = neutralElement(getKind(), x.getElementType());
  SmallVector<double> floats;
  SmallVector<int64_t> ints;
  if (x.isFloat())
    floats.assign(type.getNumElements(), neutral.getFloat(0));
  else
    ints.assign(type.getNumElements(), neutral.getInt(0));
  SmallVector<int64_t> strides(x.getRank(), 0);
  int64_t stride = 1;
  for (int64_t i = x.getRank() - 1; i >= 0; --i)
    if (!llvm::is_contained(getAxes(), i)) {
      strides[i] = stride;
      stride *= x.getShape()[i];
    }
  forEachIndex(x.getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t at = 0;
    for (auto [i, step] : llvm::zip_equal(index, strides))
      at += i * step;
    if (x.isFloat())
      floats[at] = combineFloats(getKind(), floats[at], x.getFloat(flat));
    else
      ints[at] = combineInts(getKind(), x.isUnsigned(), ints[at], x.getInt(flat));
  });
  HostTensor result(type);
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    x.isFloat() ? result.setFloat(i, floats[i]) : result.setInt(i, ints[i]);
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> ReduceOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  Type edgeElement = getElementTypeOrSelf(getX().getType());
  // The extremes of narrow floats are narrow floats: only sums and products gain from a wider
  // accumulator.
  bool widens = getKind() == ReduceKind::sum || getKind() == ReduceKind::prod;
  Type accumulator = widens ? accumulatorType(type.getElementType()) : Type(type.getElementType());
  Value result = createReduction(builder, getLoc(), getKind(), edgeElement, accumulator,
                                 operands[0], getAxes());
  result = createConverted(builder, getLoc(), result, accumulator, type.getElementType());
  return SmallVector<Value>{createReshape(builder, getLoc(), result, type.getShape())};
}

FailureOr<SmallVector<Value>> ReduceOp::buildUntransposed(OpBuilder &builder,
                                                          ArrayRef<int64_t> permutation,
                                                          ValueRange operands) {
  if (!getKeepdims())
    return failure();
  return SmallVector<Value>{ReduceOp::create(builder, getLoc(), operands[0], getKind(),
                                             untransposedAxes(permutation, getAxes()),
                                             getKeepdims())};
}

//===- arg_reduce -----------------------------------------------------------------------------===//

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                            ValueRange operands, DictionaryAttr attributes,
                                            OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxis();
  if (op.getKind() != ReduceKind::max && op.getKind() != ReduceKind::min)
    return inferError(loc, "'edge.arg_reduce' looks for 'max' or 'min', but got '" +
                               stringifyReduceKind(op.getKind()) + "'");
  if (failed(checkAxis(loc, getOperationName(), axis, x)))
    return failure();
  if (x.getDimSize(axis) == 0)
    return inferError(loc, "'edge.arg_reduce' has no element to choose along axis " + Twine(axis));
  types.push_back(RankedTensorType::get(reducedShape(x.getShape(), axis, op.getKeepdims()),
                                        IntegerType::get(context, 64)));
  return success();
}

FailureOr<SmallVector<HostTensor>> ArgReduceOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  bool largest = getKind() == ReduceKind::max, last = getSelectLast();
  int64_t extent = x.getShape()[getAxis()], inner = rowMajorStrides(x.getShape())[getAxis()];
  auto better = [&](auto candidate, auto best) {
    return (largest ? candidate > best : candidate < best) || (last && candidate == best);
  };
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  HostTensor neutral = neutralElement(getKind(), x.getElementType());
  for (int64_t i = 0, e = result.getNumElements(); i < e; ++i) {
    int64_t base = i / inner * inner * extent + i % inner, chosen = 0;
    double bestFloat = x.isFloat() ? neutral.getFloat(0) : 0;
    int64_t bestInt = x.isFloat() ? 0 : neutral.getInt(0);
    for (int64_t a = 0; a < extent; ++a) {
      int64_t at = base + a * inner;
      bool take;
      if (x.isFloat())
        take = better(x.getFloat(at), bestFloat);
      else if (x.isUnsigned())
        take = better(static_cast<uint64_t>(x.getInt(at)), static_cast<uint64_t>(bestInt));
      else
        take = better(x.getInt(at), bestInt);
      if (!take)
        continue;
      chosen = a;
      x.isFloat() ? (void)(bestFloat = x.getFloat(at)) : (void)(bestInt = x.getInt(at));
    }
    result.setInt(i, chosen);
  }
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> ArgReduceOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  auto x = cast<RankedTensorType>(operands[0].getType());
  auto type = cast<RankedTensorType>(getResult().getType());
  Type edgeElement = getElementTypeOrSelf(getX().getType()), i64 = builder.getI64Type();
  int64_t axis = getAxis();
  bool largest = getKind() == ReduceKind::max, last = getSelectLast();
  bool noSign = isUnsigned(edgeElement);
  ReductionLoops loops(getContext(), x.getRank(), axis);
  int64_t loop = cast<AffineDimExpr>(loops.operand.getResult(axis)).getPosition();
  // Two results: the best value so far, and where it was.
  SmallVector<int64_t> shape = reducedShape(x.getShape(), axis, /*keepdims=*/false);
  Value values = createFilled(builder, loc, RankedTensorType::get(shape, x.getElementType()),
                              createNeutral(builder, loc, getKind(), edgeElement));
  Value indices = createFilled(builder, loc, RankedTensorType::get(shape, i64),
                               createScalar(builder, loc, i64, 0));
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{values.getType(), indices.getType()}, operands,
      ValueRange{values, indices}, ArrayRef<AffineMap>{loops.operand, loops.result, loops.result},
      loops.iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value better;
        if (isa<FloatType>(edgeElement)) {
          using P = arith::CmpFPredicate;
          P predicate = largest ? (last ? P::OGE : P::OGT) : (last ? P::OLE : P::OLT);
          better = arith::CmpFOp::create(b, loc, predicate, args[0], args[1]);
        } else {
          using P = arith::CmpIPredicate;
          P predicate = noSign ? (largest ? (last ? P::uge : P::ugt) : (last ? P::ule : P::ult))
                               : (largest ? (last ? P::sge : P::sgt) : (last ? P::sle : P::slt));
          better = arith::CmpIOp::create(b, loc, predicate, args[0], args[1]);
        }
        Value here = arith::IndexCastOp::create(b, loc, i64, linalg::IndexOp::create(b, loc, loop));
        Value value = arith::SelectOp::create(b, loc, better, args[0], args[1]);
        Value index = arith::SelectOp::create(b, loc, better, here, args[2]);
        linalg::YieldOp::create(b, loc, ValueRange{value, index});
      });
  return SmallVector<Value>{createReshape(builder, loc, generic.getResult(1), type.getShape())};
}

FailureOr<SmallVector<Value>> ArgReduceOp::buildUntransposed(OpBuilder &builder,
                                                             ArrayRef<int64_t> permutation,
                                                             ValueRange operands) {
  if (!getKeepdims())
    return failure();
  return SmallVector<Value>{ArgReduceOp::create(builder, getLoc(), operands[0], getKind(),
                                                permutation[getAxis()], getKeepdims(),
                                                getSelectLast())};
}

//===- cumulate -------------------------------------------------------------------------------===//

LogicalResult CumulateOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                           ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  if (failed(checkAxis(loc, getOperationName(), op.getAxis(), x)))
    return failure();
  types.push_back(x);
  return success();
}

FailureOr<SmallVector<HostTensor>> CumulateOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  int64_t extent = x.getShape()[getAxis()], inner = rowMajorStrides(x.getShape())[getAxis()];
  HostTensor result(x.getType());
  HostTensor neutral = neutralElement(getKind(), x.getElementType());
  int64_t lines = extent ? x.getNumElements() / extent : 0;
  for (int64_t line = 0; line < lines; ++line) {
    int64_t base = line / inner * inner * extent + line % inner;
    double totalFloat = x.isFloat() ? neutral.getFloat(0) : 0;
    int64_t totalInt = x.isFloat() ? 0 : neutral.getInt(0);
    for (int64_t step = 0; step < extent; ++step) {
      int64_t at = base + (getReverse() ? extent - 1 - step : step) * inner;
      auto store = [&] {
        x.isFloat() ? result.setFloat(at, totalFloat) : result.setInt(at, totalInt);
      };
      if (getExclusive())
        store();
      if (x.isFloat())
        totalFloat = combineFloats(getKind(), totalFloat, x.getFloat(at));
      else
        totalInt = combineInts(getKind(), x.isUnsigned(), totalInt, x.getInt(at));
      if (!getExclusive())
        store();
    }
  }
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> CumulateOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  auto type = cast<RankedTensorType>(operands[0].getType());
  Type edgeElement = getElementTypeOrSelf(getX().getType());
  Type accumulator = accumulatorType(type.getElementType());
  Type combined = accumulator == type.getElementType() ? edgeElement : accumulator;
  int64_t axis = getAxis(), rank = type.getRank(), extent = type.getDimSize(axis);
  SmallVector<int64_t> sliceShape(type.getShape()), strides(rank, 1);
  sliceShape[axis] = 1;
  auto sliceType = RankedTensorType::get(sliceShape, type.getElementType());
  SmallVector<AffineMap> maps(2, AffineMap::getMultiDimIdentityMap(rank, getContext()));
  SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);

  Value total = createFilled(builder, loc, sliceType.clone(accumulator),
                             createNeutral(builder, loc, getKind(), combined));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value end = arith::ConstantIndexOp::create(builder, loc, extent);
  // One slice after the other; the running total is carried.
  auto loop = scf::ForOp::create(
      builder, loc, zero, end, one, ValueRange{createEmpty(builder, loc, type), total},
      [&](OpBuilder &b, Location loc, Value step, ValueRange carried) {
        Value at = step;
        if (getReverse())
          at = arith::SubIOp::create(b, loc, arith::ConstantIndexOp::create(b, loc, extent - 1),
                                     step);
        SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), sizes, steps;
        offsets[axis] = at;
        for (int64_t i = 0; i < rank; ++i) {
          sizes.push_back(b.getIndexAttr(sliceShape[i]));
          steps.push_back(b.getIndexAttr(1));
        }
        Value slice =
            tensor::ExtractSliceOp::create(b, loc, sliceType, operands[0], offsets, sizes, steps);
        auto store = [&](Value total) -> Value {
          Value converted = createConverted(b, loc, total, combined, edgeElement);
          return tensor::InsertSliceOp::create(b, loc, converted, carried[0], offsets, sizes,
                                               steps);
        };
        Value before = getExclusive() ? store(carried[1]) : Value();
        Value next = createGeneric(b, loc, slice, carried[1], maps, parallel,
                                   [&](OpBuilder &b, Location loc, ValueRange args) {
                                     Value x = createCast(b, loc, args[0], edgeElement, combined);
                                     return createCombine(b, loc, getKind(), combined, args[1], x);
                                   });
        scf::YieldOp::create(b, loc, ValueRange{before ? before : store(next), next});
      });
  return SmallVector<Value>{loop.getResult(0)};
}

FailureOr<SmallVector<Value>> CumulateOp::buildUntransposed(OpBuilder &builder,
                                                            ArrayRef<int64_t> permutation,
                                                            ValueRange operands) {
  return SmallVector<Value>{CumulateOp::create(builder, getLoc(), operands[0], getKind(),
                                               permutation[getAxis()], getExclusive(),
                                               getReverse())};
}
