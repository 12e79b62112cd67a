#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace edgec::edge;

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto a = cast<RankedTensorType>(op.getA().getType());
  auto b = cast<RankedTensorType>(op.getB().getType());
  if (a.getRank() < 2 || b.getRank() < 2)
    return inferError(loc, "'edge.matmul' expects operands of rank 2 or more");
  if (failed(checkElements(loc, getOperationName(), operands, ElementRule::same)))
    return failure();
  bool transposeB = op.getTransposeB();
  int64_t k = b.getShape()[b.getRank() - (transposeB ? 1 : 2)];
  int64_t n = b.getShape()[b.getRank() - (transposeB ? 2 : 1)];
  if (a.getShape().back() != k)
    return inferError(loc, "'edge.matmul' multiplies " + Twine(a.getShape().back()) +
                               " columns with " + Twine(k) + " rows");
  auto batch = broadcastShapes({a.getShape().drop_back(2), b.getShape().drop_back(2)});
  if (failed(batch))
    return inferError(loc, "'edge.matmul' has batch dimensions that can't be broadcast together");
  batch->push_back(a.getShape()[a.getRank() - 2]);
  batch->push_back(n);
  types.push_back(RankedTensorType::get(*batch, a.getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> MatMulOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  MLIRContext *context = getContext();
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  int64_t rank = type.getRank(), batch = rank - 2;
  Type element = type.getElementType();
  auto floatType = dyn_cast<FloatType>(element);
  bool narrow = floatType && floatType.getWidth() < 32;
  Type accumulator = narrow ? builder.getF32Type() : element;
  // Loops: batch, m, k, n: the innermost runs along the rows of b and of the result.
  AffineExpr m = getAffineDimExpr(batch, context), k = getAffineDimExpr(batch + 1, context),
             n = getAffineDimExpr(batch + 2, context);
  if (getTransposeB())
    std::swap(k, n); // then along the rows of a and b
  auto operandMap = [&](Value operand, AffineExpr row, AffineExpr column) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(operand.getType()).getShape().drop_back(2);
    SmallVector<AffineExpr> exprs;
    int64_t offset = batch - static_cast<int64_t>(shape.size());
    for (auto [i, extent] : llvm::enumerate(shape))
      exprs.push_back(extent == 1 && type.getDimSize(offset + i) != 1
                          ? getAffineConstantExpr(0, context)
                          : getAffineDimExpr(offset + i, context));
    exprs.push_back(row);
    exprs.push_back(column);
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  SmallVector<AffineMap> maps{operandMap(operands[0], m, k),
                              getTransposeB() ? operandMap(operands[1], n, k)
                                              : operandMap(operands[1], k, n)};
  SmallVector<AffineExpr> out;
  for (int64_t i = 0; i < batch; ++i)
    out.push_back(getAffineDimExpr(i, context));
  out.push_back(m);
  out.push_back(n);
  maps.push_back(AffineMap::get(rank + 1, 0, out, context));
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[getTransposeB() ? batch + 2 : batch + 1] = utils::IteratorType::reduction;
  Value init = createFilled(builder, loc, type.clone(accumulator),
                            createScalar(builder, loc, accumulator, 0));
  Value product = createGeneric(
      builder, loc, operands, init, maps, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value x = args[0], y = args[1];
        if (narrow) {
          x = arith::ExtFOp::create(b, loc, accumulator, x);
          y = arith::ExtFOp::create(b, loc, accumulator, y);
        }
        if (floatType) {
          // One rounding a step, where the processor has it: contraction is what every BLAS does.
          auto contract = arith::FastMathFlags::contract;
          Value product = arith::MulFOp::create(b, loc, x, y, contract);
          return arith::AddFOp::create(b, loc, args[2], product, contract);
        }
        return arith::AddIOp::create(b, loc, args[2], arith::MulIOp::create(b, loc, x, y));
      });
  if (narrow) {
    SmallVector<AffineMap> identity(2, AffineMap::getMultiDimIdentityMap(rank, context));
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    product = createGeneric(builder, loc, product, createEmpty(builder, loc, type), identity,
                            parallel, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                              return arith::TruncFOp::create(b, loc, element, args[0]);
                            });
  }
  return SmallVector<Value>{product};
}
