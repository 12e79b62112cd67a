#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec::edge;

static Type weightElement(ValueRange weights) {
  return weights.empty() ? Type() : getElementTypeOrSelf(weights.front().getType());
}

/// Whether integers are weighted by integers, which gives i32.
static bool sumsIntegers(Type element, ValueRange weights) {
  return isa<IntegerType>(element) && element.getIntOrFloatBitWidth() <= 32 && !weights.empty() &&
         weightElement(weights).isSignlessInteger(32);
}

LogicalResult ResampleOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                           ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  ArrayRef<int64_t> axes = op.getAxes();
  if (op.getIndices().size() != axes.size() ||
      (!op.getWeights().empty() && op.getWeights().size() != axes.size()))
    return inferError(loc, "'edge.resample' expects one table of indices, and one or none of "
                           "weights, for each of " +
                               Twine(axes.size()) + " axes");
  SmallVector<int64_t> shape(x.getShape());
  SmallVector<bool> seen(x.getRank(), false);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (axis < 0 || axis >= x.getRank() || seen[axis])
      return inferError(loc, "'edge.resample' expects distinct axes of rank " + Twine(x.getRank()) +
                                 ", but got " + Twine(axis));
    seen[axis] = true;
    auto indices = cast<RankedTensorType>(op.getIndices()[i].getType());
    if (indices.getRank() != 2 || indices.getDimSize(1) < 1 ||
        !isa<IntegerType>(indices.getElementType()))
      return inferError(loc, "'edge.resample' expects integer indices of shape [out, taps]");
    if (op.getWeights().empty()) {
      if (indices.getDimSize(1) != 1)
        return inferError(loc, "'edge.resample' without weights expects one index an element");
    } else {
      auto weights = cast<RankedTensorType>(op.getWeights()[i].getType());
      if (weights.getShape() != indices.getShape() ||
          weights.getElementType() != weightElement(op.getWeights()) ||
          !(weights.getElementType().isF32() || sumsIntegers(x.getElementType(), op.getWeights())))
        return inferError(loc, "'edge.resample' expects weights of the indices' shape, of f32 or, "
                               "beside integers of up to 32 bits, i32");
    }
    if (x.getDimSize(axis) == 0 && indices.getDimSize(0) != 0)
      return inferError(loc,
                        "'edge.resample' reads from dimension " + Twine(axis) + ", which is empty");
    shape[axis] = indices.getDimSize(0);
  }
  if (failed(checkShape(loc, "edge.resample", shape)))
    return failure();
  bool integers = sumsIntegers(x.getElementType(), op.getWeights());
  types.push_back(
      RankedTensorType::get(shape, integers ? weightElement(op.getWeights()) : x.getElementType()));
  return success();
}

OpFoldResult ResampleOp::fold(FoldAdaptor) {
  if (getAxes().empty())
    return getX();
  return {};
}

bool ResampleOp::movesElements() { return getWeights().empty(); }

bool ResampleOp::isDataOperand(unsigned index) { return index == 0; }

/// Whether all indices are known to lie in the dimension.
static bool isInRange(Value indices, int64_t extent) {
  Attribute attr;
  if (!matchPattern(indices, m_Constant(&attr)))
    return false;
  FailureOr<HostTensor> tensor = HostTensor::fromAttr(attr);
  return succeeded(tensor) && llvm::all_of(tensor->getInts(), [&](int64_t index) {
           return index >= 0 && index < extent;
         });
}

namespace {

/// Writes a resampling as one loop nest. Few taps are unrolled; many are loops of their own.
struct ResampleEmitter {
  ResampleOp op;
  OpBuilder &builder;
  ValueRange operands;
  Location loc = op.getLoc();
  MLIRContext *context = op.getContext();
  RankedTensorType x = cast<RankedTensorType>(op.getX().getType());
  Type element = x.getElementType();
  Type weight = op.getWeights().empty() ? Type() : weightElement(op.getWeights());
  Type compute = element.isF64()                          ? element
                 : sumsIntegers(element, op.getWeights()) ? weight
                                                          : builder.getF32Type();
  Type result = getElementTypeOrSelf(op.getResult().getType());
  RankedTensorType type = cast<RankedTensorType>(storageType(op.getResult().getType()));
  size_t count = op.getAxes().size();
  bool weighted = !op.getWeights().empty();
  SmallVector<bool> inRange;

  static constexpr int64_t kUnrolledTaps = 16;

  int64_t taps(size_t i) {
    return cast<RankedTensorType>(op.getIndices()[i].getType()).getDimSize(1);
  }

  Value emit() {
    int64_t all = 1;
    for (size_t i = 0; i < count; ++i) {
      inRange.push_back(isInRange(op.getIndices()[i], x.getDimSize(op.getAxes()[i])));
      all *= taps(i);
    }
    return all <= kUnrolledTaps ? emitUnrolled() : emitLoops();
  }

  Value position(OpBuilder &b, size_t i, Value entry) {
    if (inRange[i])
      return arith::IndexCastOp::create(b, loc, b.getIndexType(), entry);
    return createWrappedIndex(b, loc, entry, isUnsigned(op.getIndices()[i].getType()),
                              x.getDimSize(op.getAxes()[i]));
  }

  Value read(OpBuilder &b, ArrayRef<Value> at) {
    return tensor::ExtractOp::create(b, loc, operands[0], at);
  }

  Value multiplyAdd(OpBuilder &b, Value sum, Value x, Value y) {
    if (isa<IntegerType>(compute)) {
      Value product = arith::MulIOp::create(b, loc, x, y);
      return sum ? arith::AddIOp::create(b, loc, sum, product).getResult() : product;
    }
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return sum ? arith::AddFOp::create(b, loc, sum, product, contract).getResult() : product;
  }

  /// The weighted sum over the taps of axes `i` and up, the others' positions being chosen.
  Value sum(OpBuilder &b, ValueRange args, size_t i, size_t firstArg, SmallVector<Value> &at) {
    if (i == count) {
      Value value = read(b, at);
      return weighted ? createCast(b, loc, value, element, compute) : value;
    }
    int64_t n = taps(i), stride = weighted ? 2 : 1;
    Value result;
    for (int64_t t = 0; t < n; ++t) {
      at[op.getAxes()[i]] = position(b, i, args[firstArg + stride * t]);
      Value value = sum(b, args, i + 1, firstArg + stride * n, at);
      if (!weighted)
        return value;
      Value weight = createCast(b, loc, args[firstArg + stride * t + 1], this->weight, compute);
      result = multiplyAdd(b, result, weight, value);
    }
    return result;
  }

  Value emitUnrolled() {
    int64_t rank = type.getRank();
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (size_t i = 0; i < count; ++i)
      for (int64_t t = 0, n = taps(i); t < n; ++t) {
        AffineExpr exprs[] = {getAffineDimExpr(op.getAxes()[i], context),
                              getAffineConstantExpr(t, context)};
        AffineMap map = AffineMap::get(rank, 0, exprs, context);
        inputs.push_back(operands[1 + i]);
        maps.push_back(map);
        if (weighted) {
          inputs.push_back(operands[1 + count + i]);
          maps.push_back(map);
        }
      }
    maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    return createGeneric(builder, loc, inputs, createEmpty(builder, loc, type), maps, iterators,
                         [&](OpBuilder &b, Location, ValueRange args) -> Value {
                           SmallVector<Value> at;
                           for (int64_t i = 0; i < rank; ++i)
                             at.push_back(linalg::IndexOp::create(b, loc, i));
                           Value value = sum(b, args, 0, 0, at);
                           return weighted ? createCast(b, loc, value, compute, result) : value;
                         });
  }

  Value emitLoops() {
    // Loops: the result's up to the last resampled axis, the taps, then the rest, along which
    // everything but x stays.
    int64_t rank = type.getRank(), split = *llvm::max_element(op.getAxes()) + 1;
    int64_t total = rank + static_cast<int64_t>(count);
    auto loop = [&](int64_t dim) { return dim < split ? dim : dim + static_cast<int64_t>(count); };
    SmallVector<utils::IteratorType> iterators(total, utils::IteratorType::parallel);
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (size_t i = 0; i < count; ++i) {
      iterators[split + i] = utils::IteratorType::reduction;
      AffineExpr exprs[] = {getAffineDimExpr(loop(op.getAxes()[i]), context),
                            getAffineDimExpr(split + i, context)};
      for (Value input : {operands[1 + i], operands[1 + count + i]}) {
        inputs.push_back(input);
        maps.push_back(AffineMap::get(total, 0, exprs, context));
      }
    }
    SmallVector<AffineExpr> out;
    for (int64_t i = 0; i < rank; ++i)
      out.push_back(getAffineDimExpr(loop(i), context));
    maps.push_back(AffineMap::get(total, 0, out, context));
    Value init =
        createFilled(builder, loc, type.clone(compute), createScalar(builder, loc, compute, 0));
    Value sums = createGeneric(builder, loc, inputs, init, maps, iterators,
                               [&](OpBuilder &b, Location, ValueRange args) -> Value {
                                 SmallVector<Value> at;
                                 for (int64_t i = 0; i < rank; ++i)
                                   at.push_back(linalg::IndexOp::create(b, loc, loop(i)));
                                 Value weight;
                                 for (size_t i = 0; i < count; ++i) {
                                   at[op.getAxes()[i]] = position(b, i, args[2 * i]);
                                   Value own =
                                       createCast(b, loc, args[2 * i + 1], this->weight, compute);
                                   weight = !weight ? own : multiplyAdd(b, Value(), weight, own);
                                 }
                                 Value value = createCast(b, loc, read(b, at), element, compute);
                                 return multiplyAdd(b, args.back(), weight, value);
                               });
    if (compute == result)
      return sums;
    SmallVector<AffineMap> identity(2, AffineMap::getMultiDimIdentityMap(rank, context));
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    return createGeneric(builder, loc, sums, createEmpty(builder, loc, type), identity, parallel,
                         [&](OpBuilder &b, Location, ValueRange args) {
                           return createCast(b, loc, args[0], compute, result);
                         });
  }
};

} // namespace

FailureOr<SmallVector<Value>> ResampleOp::lower(OpBuilder &builder, ValueRange operands) {
  return SmallVector<Value>{ResampleEmitter{*this, builder, operands}.emit()};
}

bool ResampleOp::isLayoutOperand(unsigned index) { return index == 0; }

FailureOr<SmallVector<Value>> ResampleOp::buildUntransposed(OpBuilder &builder,
                                                            ArrayRef<int64_t> permutation,
                                                            ValueRange operands) {
  SmallVector<int64_t> axes;
  for (int64_t axis : getAxes())
    axes.push_back(permutation[axis]);
  return SmallVector<Value>{
      ResampleOp::create(builder, getLoc(), operands[0], getIndices(), getWeights(), axes)};
}
