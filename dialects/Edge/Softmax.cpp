#include "dialects/Edge/Reduce.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
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
  if (op.getLog() && op.getSafe())
    return inferError(loc, "'edge.softmax' is either 'log' or 'safe'");
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
    if (getSafe() && largest == -INFINITY)
      continue; // the zeros that the result begins with
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

/// `x`, but `by` where it equals `what`.
static Value createReplaced(OpBuilder &b, Location loc, Value x, double what, double by) {
  Type type = x.getType();
  Value equal =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, createScalar(b, loc, type, what));
  return arith::SelectOp::create(b, loc, equal, createScalar(b, loc, type, by), x);
}

FailureOr<SmallVector<Value>> SoftmaxOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  MLIRContext *context = getContext();
  Value x = operands[0];
  auto type = cast<RankedTensorType>(x.getType());
  Type element = type.getElementType(), compute = accumulatorType(element);
  int64_t axis = getAxis(), rank = type.getRank();
  bool log = getLog(), safe = getSafe();

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
    Value subtrahend = createCast(b, loc, args[1], element, compute);
    // Anything finite, so that all of such a line becomes e^-inf = 0.
    if (safe)
      subtrahend = createReplaced(b, loc, subtrahend, -INFINITY, 0);
    Value difference =
        arith::SubFOp::create(b, loc, createCast(b, loc, args[0], element, compute), subtrahend);
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
                                Value divisor = args[0];
                                if (safe)
                                  divisor = createReplaced(b, loc, divisor, 0, 1);
                                Value one = createScalar(b, loc, compute, 1);
                                return arith::DivFOp::create(b, loc, one, divisor);
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
  return SmallVector<Value>{SoftmaxOp::create(builder, getLoc(), operands[0],
                                              permutation[getAxis()], getLog(), getSafe())};
}

namespace {

/// `select(not any(x != -inf), 0, softmax x)`, with the `any` along the softmax's axis: how torch's
/// decompositions write a safe softmax.
struct SelectToSafe : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SelectOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getOperand(2).getDefiningOp<SoftmaxOp>();
    auto none = op.getOperand(0).getDefiningOp<NotOp>();
    auto any = none ? none.getOperand().getDefiningOp<ReduceOp>() : nullptr;
    auto differs = any ? any.getX().getDefiningOp<NotOp>() : nullptr;
    auto equal = differs ? differs.getOperand().getDefiningOp<CompareOp>() : nullptr;
    if (!softmax || softmax.getLog() || !equal || any.getKind() != ReduceKind::max ||
        !any.getKeepdims() || any.getAxes() != ArrayRef<int64_t>(softmax.getAxis()) ||
        equal.getPredicate() != ComparePredicate::equal || op.getType() != softmax.getType() ||
        equal.getOperand(0) != softmax.getX() ||
        equal.getType().getRank() != op.getType().getRank())
      return failure();
    if (!matchPattern(equal.getOperand(1), m_NegInfFloat()) ||
        !matchPattern(op.getOperand(1), m_AnyZeroFloat()))
      return failure();
    rewriter.replaceOpWithNewOp<SoftmaxOp>(op, softmax.getX(), softmax.getAxis(), /*log=*/false,
                                           /*safe=*/true);
    return success();
  }
};

} // namespace

void SoftmaxOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SelectToSafe>(context);
}
