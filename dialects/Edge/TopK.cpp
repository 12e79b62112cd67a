#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <numeric>

using namespace mlir;
using namespace edgec::edge;

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                       ValueRange operands, DictionaryAttr attributes,
                                       OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxis(), k = op.getK();
  if (axis < 0 || axis >= x.getRank())
    return inferError(loc,
                      "'edge.topk' has axis " + Twine(axis) + " for rank " + Twine(x.getRank()));
  if (k < 0 || k > x.getDimSize(axis))
    return inferError(loc, "'edge.topk' selects " + Twine(k) + " of " + Twine(x.getDimSize(axis)) +
                               " elements");
  SmallVector<int64_t> shape(x.getShape());
  shape[axis] = k;
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 64)));
  return success();
}

FailureOr<SmallVector<HostTensor>> TopKOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  HostTensor values(cast<RankedTensorType>(getValues().getType()));
  HostTensor indices(cast<RankedTensorType>(getIndices().getType()));
  int64_t axis = getAxis(), k = getK(), extent = x.getShape()[axis];
  int64_t inner = rowMajorStrides(x.getShape())[axis];
  int64_t rows = extent ? x.getNumElements() / extent : 0;
  bool largest = !getSmallest();
  // The smaller index first where neither is better; a NaN is worse than anything.
  auto order = [&](auto a, int64_t i, auto b, int64_t j) {
    if (a != a || b != b)
      return a == a || (b != b && i < j);
    return a == b ? i < j : largest ? a > b : a < b;
  };
  for (int64_t row = 0; row < rows; ++row) {
    int64_t from = row / inner * extent * inner + row % inner;
    int64_t to = row / inner * k * inner + row % inner;
    SmallVector<int64_t> best(extent);
    std::iota(best.begin(), best.end(), 0);
    llvm::sort(best, [&](int64_t i, int64_t j) {
      int64_t a = from + i * inner, b = from + j * inner;
      if (x.isFloat())
        return order(x.getFloat(a), i, x.getFloat(b), j);
      if (x.isUnsigned())
        return order(static_cast<uint64_t>(x.getInt(a)), i, static_cast<uint64_t>(x.getInt(b)), j);
      return order(x.getInt(a), i, x.getInt(b), j);
    });
    for (int64_t i = 0; i < k; ++i) {
      std::memcpy(values.mutableBytes() + (to + i * inner) * x.elementBytes(),
                  x.bytes().data() + (from + best[i] * inner) * x.elementBytes(), x.elementBytes());
      indices.setInt(to + i * inner, best[i]);
    }
  }
  return SmallVector<HostTensor>{values, indices};
}

/// Whether element `a` at index `i` comes before element `b` at index `j`; a place whose index is
/// negative is still free.
static Value createBefore(OpBuilder &b, Location loc, Value x, Value i, Value y, Value j,
                          bool largest, bool isUnsigned) {
  Value better, equal;
  if (isa<FloatType>(x.getType())) {
    better = arith::CmpFOp::create(
        b, loc, largest ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT, x, y);
    Value isNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, x, x);
    better = arith::AndIOp::create(b, loc, better, isNumber); // any number beats a NaN
    equal = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
  } else {
    using P = arith::CmpIPredicate;
    P predicate = isUnsigned ? (largest ? P::ugt : P::ult) : (largest ? P::sgt : P::slt);
    better = arith::CmpIOp::create(b, loc, predicate, x, y);
    equal = arith::CmpIOp::create(b, loc, P::eq, x, y);
  }
  // Unsigned, a free place (-1) has the largest index of all.
  Value earlier = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, i, j);
  Value tie = arith::AndIOp::create(b, loc, equal, earlier);
  Value zero = createScalar(b, loc, j.getType(), 0);
  Value isFree = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, j, zero);
  return arith::OrIOp::create(b, loc, isFree, arith::OrIOp::create(b, loc, better, tie));
}

FailureOr<SmallVector<Value>> TopKOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  auto x = cast<RankedTensorType>(operands[0].getType());
  auto valueType = cast<RankedTensorType>(storageType(getValues().getType()));
  auto indexType = cast<RankedTensorType>(getIndices().getType());
  Type i64 = builder.getI64Type(), element = x.getElementType();
  int64_t axis = getAxis();
  bool isUnsigned = edgec::edge::isUnsigned(getX().getType()), largest = !getSmallest();
  SmallVector<Value> init{
      createFilled(builder, loc, valueType, createScalar(builder, loc, element, 0)),
      createFilled(builder, loc, indexType, createScalar(builder, loc, i64, -1))};
  if (valueType.getNumElements() == 0)
    return init;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value zero = constant(0), one = constant(1), k = constant(getK()), last = constant(getK() - 1);
  // The elements along the axis come one after the other, innermost.
  SmallVector<Value> lower(x.getRank(), zero), steps(x.getRank(), one), upper;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  for (int64_t dim : order)
    upper.push_back(constant(x.getDimSize(dim)));
  scf::LoopNest nest = scf::buildLoopNest(
      builder, loc, lower, upper, steps, init,
      [&](OpBuilder &b, Location loc, ValueRange loops, ValueRange carried) {
        SmallVector<Value> at(x.getRank());
        for (auto [dim, loop] : llvm::zip_equal(order, loops))
          at[dim] = loop;
        Value value = tensor::ExtractOp::create(b, loc, operands[0], at);
        Value index = arith::IndexCastOp::create(b, loc, i64, at[axis]);
        at[axis] = last;
        Value worst = tensor::ExtractOp::create(b, loc, carried[0], at);
        Value worstIndex = tensor::ExtractOp::create(b, loc, carried[1], at);
        // What doesn't beat the worst of those kept has no place among them: no steps.
        Value enters = createBefore(b, loc, value, index, worst, worstIndex, largest, isUnsigned);
        Value count = arith::SelectOp::create(b, loc, enters, k, zero);
        auto insertion = scf::ForOp::create(
            b, loc, zero, count, one, ValueRange{carried[0], carried[1], value, index},
            [&](OpBuilder &b, Location loc, Value place, ValueRange args) {
              at[axis] = place;
              Value held = tensor::ExtractOp::create(b, loc, args[0], at);
              Value heldIndex = tensor::ExtractOp::create(b, loc, args[1], at);
              Value before =
                  createBefore(b, loc, args[2], args[3], held, heldIndex, largest, isUnsigned);
              auto choose = [&](Value x, Value y) -> Value {
                return arith::SelectOp::create(b, loc, before, x, y);
              };
              Value values = tensor::InsertOp::create(b, loc, choose(args[2], held), args[0], at);
              Value indices =
                  tensor::InsertOp::create(b, loc, choose(args[3], heldIndex), args[1], at);
              scf::YieldOp::create(
                  b, loc,
                  ValueRange{values, indices, choose(held, args[2]), choose(heldIndex, args[3])});
            });
        return scf::ValueVector{insertion.getResult(0), insertion.getResult(1)};
      });
  return SmallVector<Value>(nest.results);
}

FailureOr<SmallVector<Value>>
TopKOp::buildUntransposed(OpBuilder &builder, ArrayRef<int64_t> permutation, ValueRange operands) {
  auto op =
      TopKOp::create(builder, getLoc(), operands[0], getK(), permutation[getAxis()], getSmallest());
  return SmallVector<Value>(op->getResults());
}
