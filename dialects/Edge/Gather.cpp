#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace edgec::edge;

static bool isIndexType(RankedTensorType type) {
  return isa<IntegerType>(type.getElementType()) && !type.getElementType().isInteger(1);
}

/// linalg.index for each of `count` dimensions from `first`.
static void appendIndices(OpBuilder &b, Location loc, int64_t first, int64_t count,
                          SmallVectorImpl<Value> &index) {
  for (int64_t i = 0; i < count; ++i)
    index.push_back(linalg::IndexOp::create(b, loc, first + i));
}

/// A loop nest over all of `type` whose body computes where to read.
static Value
createReads(OpBuilder &builder, Location loc, RankedTensorType type, ValueRange inputs,
            ArrayRef<AffineMap> inputMaps, Value source,
            function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)> indices) {
  SmallVector<AffineMap> maps(inputMaps);
  maps.push_back(AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  return createGeneric(builder, loc, inputs, createEmpty(builder, loc, type), maps, iterators,
                       [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                         return tensor::ExtractOp::create(b, loc, source, indices(b, loc, args));
                       });
}

/// Copies one element at a time into a new tensor of `type`; `source` maps a result index to the
/// flat index of the element.
static HostTensor copyElements(const HostTensor &from, Type type,
                               function_ref<int64_t(ArrayRef<int64_t>)> source) {
  HostTensor result(cast<RankedTensorType>(type));
  unsigned width = from.elementBytes();
  char *out = result.mutableBytes();
  const char *in = from.bytes().data();
  forEachIndex(result.getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    std::memcpy(out + flat * width, in + source(index) * width, width);
  });
  return result;
}

//===- gather
//------------------------------------------------------------------------------------===//

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return inferError(loc,
                      "'edge.gather' has axis " + Twine(axis) + " for rank " + Twine(x.getRank()));
  if (!isIndexType(indices))
    return inferError(loc, "'edge.gather' expects integer indices");
  if (x.getDimSize(axis) == 0 && indices.getNumElements() != 0)
    return inferError(loc,
                      "'edge.gather' reads from dimension " + Twine(axis) + ", which is empty");
  SmallVector<int64_t> shape(x.getShape().take_front(axis));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, x.getShape().drop_front(axis + 1));
  if (failed(checkShape(loc, "edge.gather", shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

FailureOr<SmallVector<HostTensor>> GatherOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &indices = operands[1];
  int64_t axis = getAxis(), extent = x.getShape()[axis];
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  SmallVector<int64_t> indexStrides = rowMajorStrides(indices.getShape());
  return SmallVector<HostTensor>{copyElements(x, getResult().getType(), [&](ArrayRef<int64_t> at) {
    int64_t flat = 0, entry = 0;
    for (int64_t i = 0; i < axis; ++i)
      flat += at[i] * strides[i];
    for (auto [i, stride] : llvm::enumerate(indexStrides))
      entry += at[axis + i] * stride;
    for (int64_t i = axis + 1; i < x.getRank(); ++i)
      flat += at[i + indices.getRank() - 1] * strides[i];
    return flat + wrapIndex(indices.getInt(entry), extent) * strides[axis];
  })};
}

FailureOr<SmallVector<Value>> GatherOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  auto x = cast<RankedTensorType>(getX().getType());
  int64_t axis = getAxis(), indexRank = cast<RankedTensorType>(getIndices().getType()).getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < indexRank; ++i)
    exprs.push_back(getAffineDimExpr(axis + i, getContext()));
  AffineMap map = AffineMap::get(type.getRank(), 0, exprs, getContext());
  bool unsignedIndex = isUnsigned(getIndices().getType());
  return SmallVector<Value>{createReads(
      builder, getLoc(), type, operands[1], map, operands[0],
      [&](OpBuilder &b, Location loc, ValueRange args) {
        SmallVector<Value> index;
        appendIndices(b, loc, 0, axis, index);
        index.push_back(createWrappedIndex(b, loc, args[0], unsignedIndex, x.getDimSize(axis)));
        appendIndices(b, loc, axis + indexRank, x.getRank() - axis - 1, index);
        return index;
      })};
}

bool GatherOp::isDataOperand(unsigned index) { return index == 0; }

bool GatherOp::isLayoutOperand(unsigned index) { return index == 0; }

FailureOr<SmallVector<Value>> GatherOp::buildUntransposed(OpBuilder &builder,
                                                          ArrayRef<int64_t> permutation,
                                                          ValueRange operands) {
  if (cast<RankedTensorType>(getIndices().getType()).getRank() != 1)
    return failure(); // the rank changes
  return SmallVector<Value>{
      GatherOp::create(builder, getLoc(), operands[0], operands[1], permutation[getAxis()])};
}

namespace {

/// A gather at constant, evenly spaced indices is a slice.
struct GatherToSlice : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    Attribute attr;
    if (!matchPattern(op.getIndices(), m_Constant(&attr)))
      return failure();
    FailureOr<HostTensor> tensor = HostTensor::fromAttr(attr);
    if (failed(tensor) || tensor->getNumElements() == 0)
      return failure();
    auto x = cast<RankedTensorType>(op.getX().getType());
    int64_t axis = op.getAxis(), count = tensor->getNumElements();
    auto at = [&](int64_t i) { return wrapIndex(tensor->getInt(i), x.getDimSize(axis)); };
    int64_t stride = count > 1 ? at(1) - at(0) : 1;
    if (stride == 0)
      return failure();
    for (int64_t i = 1; i < count; ++i)
      if (at(i) - at(i - 1) != stride)
        return failure();
    SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
    offsets[axis] = at(0);
    sizes[axis] = count;
    strides[axis] = stride;
    Value slice = rewriter.createOrFold<SliceOp>(op.getLoc(), op.getX(), offsets, sizes, strides);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getResult().getType()).getShape();
    rewriter.replaceOp(op, rewriter.createOrFold<ReshapeOp>(op.getLoc(), slice, shape));
    return success();
  }
};

} // namespace

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<GatherToSlice>(context);
}

//===- gather_elements
//---------------------------------------------------------------------------===//

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                 ValueRange operands, DictionaryAttr attributes,
                                                 OpaqueProperties properties, RegionRange regions,
                                                 SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return inferError(loc, "'edge.gather_elements' has axis " + Twine(axis) + " for rank " +
                               Twine(x.getRank()));
  if (!isIndexType(indices))
    return inferError(loc, "'edge.gather_elements' expects integer indices");
  if (indices.getRank() != x.getRank())
    return inferError(loc, "'edge.gather_elements' expects indices of the operand's rank " +
                               Twine(x.getRank()) + ", but got rank " + Twine(indices.getRank()));
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (i != axis && indices.getDimSize(i) > x.getDimSize(i))
      return inferError(loc, "'edge.gather_elements' has " + Twine(indices.getDimSize(i)) +
                                 " indices in dimension " + Twine(i) + " of extent " +
                                 Twine(x.getDimSize(i)));
  if (x.getDimSize(axis) == 0 && indices.getNumElements() != 0)
    return inferError(loc, "'edge.gather_elements' reads from dimension " + Twine(axis) +
                               ", which is empty");
  types.push_back(RankedTensorType::get(indices.getShape(), x.getElementType()));
  return success();
}

FailureOr<SmallVector<HostTensor>> GatherElementsOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &indices = operands[1];
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  int64_t axis = getAxis(), entry = 0;
  return SmallVector<HostTensor>{copyElements(x, getResult().getType(), [&](ArrayRef<int64_t> at) {
    int64_t flat = 0;
    int64_t chosen = wrapIndex(indices.getInt(entry++), x.getShape()[axis]);
    for (int64_t i = 0; i < x.getRank(); ++i)
      flat += (i == axis ? chosen : at[i]) * strides[i];
    return flat;
  })};
}

FailureOr<SmallVector<Value>> GatherElementsOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  int64_t axis = getAxis(), rank = type.getRank();
  int64_t extent = cast<RankedTensorType>(getX().getType()).getDimSize(axis);
  bool unsignedIndex = isUnsigned(getIndices().getType());
  return SmallVector<Value>{createReads(
      builder, getLoc(), type, operands[1], AffineMap::getMultiDimIdentityMap(rank, getContext()),
      operands[0], [&](OpBuilder &b, Location loc, ValueRange args) {
        SmallVector<Value> index;
        appendIndices(b, loc, 0, rank, index);
        index[axis] = createWrappedIndex(b, loc, args[0], unsignedIndex, extent);
        return index;
      })};
}

FailureOr<SmallVector<Value>> GatherElementsOp::buildUntransposed(OpBuilder &builder,
                                                                  ArrayRef<int64_t> permutation,
                                                                  ValueRange operands) {
  return SmallVector<Value>{GatherElementsOp::create(builder, getLoc(), operands[0], operands[1],
                                                     permutation[getAxis()])};
}

//===- gather_nd
//---------------------------------------------------------------------------------===//

LogicalResult GatherNDOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                           ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  int64_t batch = op.getBatchDims();
  if (!isIndexType(indices) || indices.getRank() < 1)
    return inferError(loc, "'edge.gather_nd' expects integer indices of rank 1 or more");
  if (batch < 0 || batch >= indices.getRank() || batch > x.getRank() ||
      x.getShape().take_front(batch) != indices.getShape().take_front(batch))
    return inferError(loc, "'edge.gather_nd' has operands that don't share " + Twine(batch) +
                               " batch dimensions");
  int64_t tuple = indices.getShape().back();
  if (batch + tuple > x.getRank())
    return inferError(loc, "'edge.gather_nd' has index tuples of " + Twine(tuple) +
                               " entries and " + Twine(batch) + " batch dimensions for rank " +
                               Twine(x.getRank()));
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, x.getShape().drop_front(batch + tuple));
  if (failed(checkShape(loc, "edge.gather_nd", shape)))
    return failure();
  auto type = RankedTensorType::get(shape, x.getElementType());
  if (type.getNumElements() != 0 && x.getNumElements() == 0)
    return inferError(loc, "'edge.gather_nd' reads from an empty tensor");
  types.push_back(type);
  return success();
}

FailureOr<SmallVector<HostTensor>> GatherNDOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &indices = operands[1];
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  SmallVector<int64_t> indexStrides = rowMajorStrides(indices.getShape());
  int64_t batch = getBatchDims(), tuple = indices.getShape().back();
  int64_t outer = indices.getRank() - 1;
  return SmallVector<HostTensor>{copyElements(x, getResult().getType(), [&](ArrayRef<int64_t> at) {
    int64_t flat = 0, entry = 0;
    for (int64_t i = 0; i < outer; ++i)
      entry += at[i] * indexStrides[i];
    for (int64_t i = 0; i < x.getRank(); ++i) {
      int64_t place = i < batch ? at[i]
                      : i < batch + tuple
                          ? wrapIndex(indices.getInt(entry + i - batch), x.getShape()[i])
                          : at[outer + i - batch - tuple];
      flat += place * strides[i];
    }
    return flat;
  })};
}

FailureOr<SmallVector<Value>> GatherNDOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  auto x = cast<RankedTensorType>(getX().getType());
  auto indices = cast<RankedTensorType>(getIndices().getType());
  int64_t batch = getBatchDims(), tuple = indices.getShape().back();
  int64_t outer = indices.getRank() - 1;
  bool unsignedIndex = isUnsigned(indices);
  // The tuple's entries are inputs of their own, so that a loop over a slice finds them unchanging.
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs(tuple, operands[1]);
  for (int64_t k = 0; k < tuple; ++k) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < outer; ++i)
      exprs.push_back(getAffineDimExpr(i, getContext()));
    exprs.push_back(getAffineConstantExpr(k, getContext()));
    maps.push_back(AffineMap::get(type.getRank(), 0, exprs, getContext()));
  }
  return SmallVector<Value>{
      createReads(builder, getLoc(), type, inputs, maps, operands[0],
                  [&](OpBuilder &b, Location loc, ValueRange args) {
                    SmallVector<Value> index;
                    appendIndices(b, loc, 0, batch, index);
                    for (int64_t k = 0; k < tuple; ++k)
                      index.push_back(createWrappedIndex(b, loc, args[k], unsignedIndex,
                                                         x.getDimSize(batch + k)));
                    appendIndices(b, loc, outer, x.getRank() - batch - tuple, index);
                    return index;
                  })};
}
