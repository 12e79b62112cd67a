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
  SmallVector<AffineMap> maps{operandMap(operands[0], m, k), getTransposeB()
                                                                 ? operandMap(operands[1], n, k)
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
  return SmallVector<Value>{createConverted(builder, loc, product, accumulator, element)};
}

//===- einsum ---------------------------------------------------------------------------------===//

namespace {
struct Equation {
  SmallVector<StringRef> inputs;
  StringRef result;
};
} // namespace

static FailureOr<Equation> parseEquation(StringRef text) {
  Equation equation;
  auto [inputs, result] = text.split("->");
  if (inputs.size() == text.size())
    return failure();
  inputs.split(equation.inputs, ',');
  equation.result = result;
  return equation;
}

LogicalResult EinsumOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  FailureOr<Equation> equation = parseEquation(op.getEquation());
  if (failed(equation))
    return inferError(loc, "'edge.einsum' expects an equation with '->'");
  if (operands.empty() || equation->inputs.size() != operands.size())
    return inferError(loc, "'edge.einsum' has " + Twine(operands.size()) +
                               " operands, but its equation is of " +
                               Twine(equation->inputs.size()));
  if (failed(checkElements(loc, getOperationName(), operands, ElementRule::same)))
    return failure();
  llvm::SmallDenseMap<char, int64_t> extents;
  for (auto [labels, operand] : llvm::zip_equal(equation->inputs, operands)) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(operand.getType()).getShape();
    if (shape.size() != labels.size())
      return inferError(loc, "'edge.einsum' labels an operand of rank " + Twine(shape.size()) +
                                 " with '" + labels + "'");
    for (auto [label, extent] : llvm::zip_equal(labels, shape)) {
      int64_t &known = extents.try_emplace(label, extent).first->second;
      if (known != extent && known != 1 && extent != 1)
        return inferError(loc, "'edge.einsum' has extents " + Twine(known) + " and " +
                                   Twine(extent) + " of one label '" + Twine(label) + "'");
      if (known == 1)
        known = extent;
    }
  }
  SmallVector<int64_t> shape;
  for (auto [i, label] : llvm::enumerate(equation->result)) {
    if (!extents.contains(label))
      return inferError(loc, "'edge.einsum' has no operand with the result's label '" +
                                 Twine(label) + "'");
    if (equation->result.find(label) != i)
      return inferError(loc, "'edge.einsum' has label '" + Twine(label) + "' twice in its result");
    shape.push_back(extents[label]);
  }
  types.push_back(RankedTensorType::get(shape, getElementTypeOrSelf(operands.front().getType())));
  return success();
}

/// The order of the loops over the labels: the result's, then the summed ones, but innermost the
/// result's last where an operand ends with it too, so that both are walked along their rows.
static SmallVector<char> loopLabels(const Equation &equation) {
  SmallVector<char> labels(equation.result.begin(), equation.result.end());
  char innermost = 0;
  if (!labels.empty() && llvm::any_of(equation.inputs, [&](StringRef input) {
        return !input.empty() && input.back() == labels.back();
      }))
    innermost = labels.pop_back_val();
  for (StringRef input : equation.inputs)
    for (char label : input)
      if (label != innermost && !llvm::is_contained(labels, label))
        labels.push_back(label);
  if (innermost)
    labels.push_back(innermost);
  return labels;
}

FailureOr<SmallVector<Value>> EinsumOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  MLIRContext *context = getContext();
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  Type element = type.getElementType(), accumulator = accumulatorType(element);
  FailureOr<Equation> equation = parseEquation(getEquation());
  if (failed(equation))
    return emitOpError("has no '->' in its equation");
  SmallVector<char> labels = loopLabels(*equation);
  auto rank = static_cast<int64_t>(labels.size());
  auto loopOf = [&](char label) {
    return static_cast<int64_t>(llvm::find(labels, label) - labels.begin());
  };
  // The extent of a label decides whether a 1 broadcasts.
  SmallVector<int64_t> extents(rank, 1);
  for (auto [input, operand] : llvm::zip_equal(equation->inputs, operands))
    for (auto [label, extent] :
         llvm::zip_equal(input, cast<RankedTensorType>(operand.getType()).getShape()))
      if (extent != 1)
        extents[loopOf(label)] = extent;
  SmallVector<AffineMap> maps;
  for (auto [input, operand] : llvm::zip_equal(equation->inputs, operands)) {
    SmallVector<AffineExpr> exprs;
    for (auto [label, extent] :
         llvm::zip_equal(input, cast<RankedTensorType>(operand.getType()).getShape()))
      exprs.push_back(extent == 1 && extents[loopOf(label)] != 1
                          ? getAffineConstantExpr(0, context)
                          : getAffineDimExpr(loopOf(label), context));
    maps.push_back(AffineMap::get(rank, 0, exprs, context));
  }
  SmallVector<AffineExpr> out;
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  for (char label : equation->result) {
    out.push_back(getAffineDimExpr(loopOf(label), context));
    iterators[loopOf(label)] = utils::IteratorType::parallel;
  }
  maps.push_back(AffineMap::get(rank, 0, out, context));
  Value init = createFilled(builder, loc, type.clone(accumulator),
                            createScalar(builder, loc, accumulator, 0));
  Value result =
      createGeneric(builder, loc, operands, init, maps, iterators,
                    [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      Value product;
                      auto contract = arith::FastMathFlags::contract;
                      for (Value arg : args.drop_back()) {
                        Value x = createCast(b, loc, arg, element, accumulator);
                        if (!product)
                          product = x;
                        else if (isa<FloatType>(accumulator))
                          product = arith::MulFOp::create(b, loc, product, x, contract);
                        else
                          product = arith::MulIOp::create(b, loc, product, x);
                      }
                      if (isa<FloatType>(accumulator))
                        return arith::AddFOp::create(b, loc, args.back(), product, contract);
                      return arith::AddIOp::create(b, loc, args.back(), product);
                    });
  return SmallVector<Value>{createConverted(builder, loc, result, accumulator, element)};
}
