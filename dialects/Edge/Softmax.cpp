#include "dialects/Edge/Reduce.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace edgec::edge;

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                          ValueRange operands, DictionaryAttr attributes,
                                          OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  if (!isa<FloatType>(x.getElementType()))
    return inferError(loc, "'edge.softmax' expects floats");
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return inferError(loc, "'edge.softmax' has axis " + Twine(axis) + " for an operand of rank " +
                               Twine(x.getRank()));
  types.push_back(x);
  return success();
}

FailureOr<SmallVector<HostTensor>> SoftmaxOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  int64_t extent = x.getShape()[getAxis()], inner = rowMajorStrides(x.getShape())[getAxis()];
  int64_t lines = extent ? x.getNumElements() / extent : 0;
  HostTensor result(x.getType());
  for (int64_t line = 0; line < lines; ++line) {
    int64_t base = line / inner * inner * extent + line % inner;
    double largest = -INFINITY, sum = 0;
    for (int64_t a = 0; a < extent; ++a)
      largest = combineFloats(ReduceKind::max, largest, x.getFloat(base + a * inner));
    for (int64_t a = 0; a < extent; ++a)
      sum += std::exp(x.getFloat(base + a * inner) - largest);
    for (int64_t a = 0; a < extent; ++a) {
      double shifted = x.getFloat(base + a * inner) - largest;
      result.setFloat(base + a * inner,
                      getLog() ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
  }
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> SoftmaxOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  MLIRContext *context = getContext();
  Value x = operands[0];
  auto type = cast<RankedTensorType>(x.getType());
  Type element = type.getElementType(), compute = accumulatorType(element);
  int64_t axis = getAxis(), rank = type.getRank();
  bool log = getLog();

  // Elementwise over x's shape with the reduced tensor repeated along the axis.
  AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, context);
  AffineMap repeated = identity.dropResult(axis);
  SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
  auto along = [&](Value full, Value reduced, Type to, auto body) {
    return createGeneric(builder, loc, ValueRange{full, reduced},
                         createEmpty(builder, loc, type.clone(to)), {identity, repeated, identity},
                         parallel, body);
  };
  Value largest = createReduction(builder, loc, ReduceKind::max, element, element, x, axis);
  Value shifted = along(x, largest, compute, [&](OpBuilder &b, Location loc, ValueRange args) {
    Value difference = arith::SubFOp::create(b, loc, createCast(b, loc, args[0], element, compute),
                                             createCast(b, loc, args[1], element, compute));
    return log ? difference : math::ExpOp::create(b, loc, difference).getResult();
  });
  Value terms = shifted;
  if (log)
    terms = createParallel(builder, loc, shifted, compute,
                           [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                             return math::ExpOp::create(b, loc, args[0]);
                           });
  Value sum = createReduction(builder, loc, ReduceKind::sum, compute, compute, terms, axis);
  // One division or logarithm a line, not an element.
  Value norm = createParallel(builder, loc, sum, compute,
                              [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                                if (log)
                                  return math::LogOp::create(b, loc, args[0]);
                                Value one = createScalar(b, loc, compute, 1);
                                return arith::DivFOp::create(b, loc, one, args[0]);
                              });
  return SmallVector<Value>{
      along(shifted, norm, element, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value result = log ? arith::SubFOp::create(b, loc, args[0], args[1]).getResult()
                           : arith::MulFOp::create(b, loc, args[0], args[1]).getResult();
        return createCast(b, loc, result, compute, element);
      })};
}

FailureOr<SmallVector<Value>> SoftmaxOp::buildUntransposed(OpBuilder &builder,
                                                           ArrayRef<int64_t> permutation,
                                                           ValueRange operands) {
  return SmallVector<Value>{
      SoftmaxOp::create(builder, getLoc(), operands[0], permutation[getAxis()], getLog())};
}
