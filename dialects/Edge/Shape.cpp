#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace edgec::edge;

//===- constant
//----------------------------------------------------------------------------------===//

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                           ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  types.push_back(op.getValue().getType());
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

FailureOr<SmallVector<Value>> ConstantOp::lower(OpBuilder &builder, ValueRange) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  ElementsAttr value = getValue();
  if (type != value.getType()) { // the same bytes, seen signless
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      value = DenseResourceElementsAttr::get(type, resource.getRawHandle());
    else
      value = cast<DenseElementsAttr>(value).bitcast(type.getElementType());
  }
  return SmallVector<Value>{arith::ConstantOp::create(builder, getLoc(), cast<TypedAttr>(value))};
}

//===- reshape
//-----------------------------------------------------------------------------------===//

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                          ValueRange operands, DictionaryAttr attributes,
                                          OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  int64_t count = 1;
  for (int64_t extent : op.getShape()) {
    if (extent < 0)
      return inferError(loc, "'edge.reshape' has a negative extent");
    count *= extent;
  }
  if (count != x.getNumElements())
    return inferError(loc, "'edge.reshape' turns " + Twine(x.getNumElements()) + " elements into " +
                               Twine(count));
  types.push_back(RankedTensorType::get(op.getShape(), x.getElementType()));
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getResult().getType())
    return getX();
  return {};
}

FailureOr<SmallVector<HostTensor>> ReshapeOp::evaluate(ArrayRef<HostTensor> operands) {
  return SmallVector<HostTensor>{
      operands[0].reshaped(cast<RankedTensorType>(getResult().getType()))};
}

FailureOr<SmallVector<Value>> ReshapeOp::lower(OpBuilder &builder, ValueRange operands) {
  return SmallVector<Value>{createReshape(builder, getLoc(), operands[0], getShape())};
}

/// How a reshape groups dimensions: runs of source dimensions with the same element count as runs
/// of result dimensions.
struct ReshapeGroup {
  SmallVector<int64_t> source, result;
};
static SmallVector<ReshapeGroup> groupReshape(ArrayRef<int64_t> source, ArrayRef<int64_t> result) {
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < source.size() || j < result.size()) {
    ReshapeGroup group;
    int64_t a = 1, b = 1;
    do {
      if (a <= b && i < source.size() &&
          !(a == b && !group.source.empty() && j < result.size() && group.result.empty())) {
        a *= source[i];
        group.source.push_back(i++);
      } else if (j < result.size()) {
        b *= result[j];
        group.result.push_back(j++);
      } else {
        a *= source[i];
        group.source.push_back(i++);
      }
    } while (a != b || group.source.empty() || group.result.empty()
                 ? (i < source.size() || j < result.size())
                 : false);
    groups.push_back(group);
  }
  return groups;
}

FailureOr<SmallVector<Value>> ReshapeOp::buildUntransposed(OpBuilder &builder,
                                                           ArrayRef<int64_t> permutation,
                                                           ValueRange operands) {
  // Only a reshape that keeps the rank commutes with a permutation of the rank it has, and then
  // only where it is a no-op.
  return failure();
}

namespace {

/// reshape(reshape(x)) = reshape(x).
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, inner.getX(), op.getShapeAttr());
    return success();
  }
};

/// reshape(transpose(x)) = transpose(reshape(transpose'(x))) where the reshape splits or merges
/// dimensions that lie side by side in x: the head splits that exporters write, and channel
/// shuffles, then meet the other transposes. What stays before the reshape, if anything, is the
/// exchange of dimensions that it merges.
struct ReshapeAfterTranspose : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getX().getDefiningOp<TransposeOp>();
    if (!transpose)
      return failure();
    ArrayRef<int64_t> permutation = transpose.getPermutation();
    auto middle = cast<RankedTensorType>(op.getX().getType());
    auto groups = groupReshape(middle.getShape(), op.getShape());
    if (groups.size() < 2)
      return failure();
    // Each group's source dimensions must be neighbours in x.
    SmallVector<std::pair<int64_t, const ReshapeGroup *>> order;
    for (const ReshapeGroup &group : groups) {
      if (group.source.empty() || group.result.empty())
        return failure();
      SmallVector<int64_t> places;
      for (int64_t dim : group.source)
        places.push_back(permutation[dim]);
      llvm::sort(places);
      if (places.back() - places.front() + 1 != static_cast<int64_t>(places.size()))
        return failure();
      order.emplace_back(places.front(), &group);
    }
    llvm::sort(order, [](auto &a, auto &b) { return a.first < b.first; });
    SmallVector<int64_t> before, shape, place(op.getShape().size());
    for (auto &[first, group] : order) {
      for (int64_t dim : group->source)
        before.push_back(permutation[dim]);
      for (int64_t dim : group->result) {
        place[dim] = shape.size();
        shape.push_back(op.getShape()[dim]);
      }
    }
    if (before == SmallVector<int64_t>(permutation)) // nothing would come out
      return failure();
    Value x = rewriter.createOrFold<TransposeOp>(op.getLoc(), transpose.getX(), before);
    Value reshaped = ReshapeOp::create(rewriter, op.getLoc(), x, shape);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, reshaped, place);
    return success();
  }
};

/// transpose(transpose(x)) = transpose(x).
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> merged;
    for (int64_t p : op.getPermutation())
      merged.push_back(inner.getPermutation()[p]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getX(), merged);
    return success();
  }
};

/// A transpose that only moves dimensions of extent 1 is a reshape.
struct UnitTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto x = cast<RankedTensorType>(op.getX().getType());
    SmallVector<int64_t> moved;
    for (int64_t p : op.getPermutation())
      if (x.getDimSize(p) != 1)
        moved.push_back(p);
    if (!llvm::is_sorted(moved))
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(
        op, op.getX(), cast<RankedTensorType>(op.getResult().getType()).getShape());
    return success();
  }
};

} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeReshapes, ReshapeAfterTranspose>(context);
}

//===- transpose
//---------------------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            ValueRange operands, DictionaryAttr attributes,
                                            OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  ArrayRef<int64_t> permutation = op.getPermutation();
  SmallVector<bool> seen(x.getRank(), false);
  if (static_cast<int64_t>(permutation.size()) != x.getRank())
    return inferError(loc, "'edge.transpose' has a permutation of " + Twine(permutation.size()) +
                               " entries for rank " + Twine(x.getRank()));
  SmallVector<int64_t> shape;
  for (int64_t p : permutation) {
    if (p < 0 || p >= x.getRank() || seen[p])
      return inferError(loc, "'edge.transpose' expects a permutation, each dimension once");
    seen[p] = true;
    shape.push_back(x.getDimSize(p));
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (isIdentityPermutation(getPermutation()))
    return getX();
  return {};
}

/// Copies elements of `from` at (base + index . strides) to a new tensor of `type`, whose index it
/// is.
static HostTensor gatherStrided(const HostTensor &from, RankedTensorType type, int64_t base,
                                ArrayRef<int64_t> strides) {
  HostTensor result(type);
  if (type.getNumElements() == 0)
    return result;
  // Row by row: weights of millions of elements pass through here.
  int64_t rank = type.getRank(), row = rank ? type.getShape().back() : 1;
  int64_t step = rank ? strides.back() : 0;
  auto copy = [&](auto zero) {
    using T = decltype(zero);
    char *out = result.mutableBytes();
    const char *in = from.bytes().data();
    SmallVector<int64_t> index(rank, 0);
    int64_t at = base;
    for (int64_t rows = type.getNumElements() / row; rows > 0; --rows) {
      for (int64_t i = 0; i < row; ++i, out += sizeof(T))
        std::memcpy(out, in + (at + i * step) * static_cast<int64_t>(sizeof(T)), sizeof(T));
      for (int64_t d = rank - 2; d >= 0; --d) {
        at += strides[d];
        if (++index[d] < type.getDimSize(d))
          break;
        at -= strides[d] * type.getDimSize(d);
        index[d] = 0;
      }
    }
  };
  switch (from.elementBytes()) {
  case 1:
    copy(uint8_t());
    break;
  case 2:
    copy(uint16_t());
    break;
  case 4:
    copy(uint32_t());
    break;
  default:
    copy(uint64_t());
  }
  return result;
}

FailureOr<SmallVector<HostTensor>> TransposeOp::evaluate(ArrayRef<HostTensor> operands) {
  SmallVector<int64_t> own = rowMajorStrides(operands[0].getShape()), strides;
  for (int64_t p : getPermutation())
    strides.push_back(own[p]);
  return SmallVector<HostTensor>{
      gatherStrided(operands[0], cast<RankedTensorType>(getResult().getType()), 0, strides)};
}

FailureOr<SmallVector<Value>> TransposeOp::lower(OpBuilder &builder, ValueRange operands) {
  return SmallVector<Value>{createTranspose(builder, getLoc(), operands[0], getPermutation())};
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeTransposes, UnitTranspose>(context);
}

//===- slice
//-------------------------------------------------------------------------------------===//

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                        ValueRange operands, DictionaryAttr attributes,
                                        OpaqueProperties properties, RegionRange regions,
                                        SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  size_t rank = x.getRank();
  if (op.getOffsets().size() != rank || op.getSizes().size() != rank ||
      op.getStrides().size() != rank)
    return inferError(loc, "'edge.slice' expects one offset, size and stride a dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t first = op.getOffsets()[i], size = op.getSizes()[i], stride = op.getStrides()[i];
    int64_t last = first + (size - 1) * stride;
    if (size < 0 || stride == 0 ||
        (size > 0 &&
         (first < 0 || last < 0 || first >= x.getDimSize(i) || last >= x.getDimSize(i))))
      return inferError(loc, "'edge.slice' reaches outside dimension " + Twine(i) + " of extent " +
                                 Twine(x.getDimSize(i)));
  }
  types.push_back(RankedTensorType::get(op.getSizes(), x.getElementType()));
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (getX().getType() == getResult().getType() &&
      llvm::all_of(getStrides(), [](int64_t s) { return s == 1; }))
    return getX();
  return {};
}

FailureOr<SmallVector<HostTensor>> SliceOp::evaluate(ArrayRef<HostTensor> operands) {
  SmallVector<int64_t> strides = rowMajorStrides(operands[0].getShape());
  int64_t base = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    base += getOffsets()[i] * strides[i];
    strides[i] *= getStrides()[i];
  }
  return SmallVector<HostTensor>{
      gatherStrided(operands[0], cast<RankedTensorType>(getResult().getType()), base, strides)};
}

FailureOr<SmallVector<Value>> SliceOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  if (type.getNumElements() == 0) // whose offsets need not be inside
    return SmallVector<Value>{createEmpty(builder, getLoc(), type)};
  if (llvm::all_of(getStrides(), [](int64_t s) { return s > 0; })) {
    SmallVector<OpFoldResult> offsets, sizes, strides;
    for (auto [o, n, s] : llvm::zip_equal(getOffsets(), getSizes(), getStrides())) {
      offsets.push_back(builder.getIndexAttr(o));
      sizes.push_back(builder.getIndexAttr(n));
      strides.push_back(builder.getIndexAttr(s));
    }
    return SmallVector<Value>{tensor::ExtractSliceOp::create(
        builder, getLoc(), type, operands[0], ValueRange(), ValueRange(), ValueRange(),
        getOffsets(), getSizes(), getStrides())};
  }
  // A negative stride is a map of its own: the operand's index runs down.
  MLIRContext *context = getContext();
  int64_t rank = type.getRank();
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  SmallVector<AffineMap> maps{AffineMap::getMultiDimIdentityMap(rank, context)};
  Value source = operands[0];
  Value result =
      createGeneric(builder, getLoc(), ValueRange(), createEmpty(builder, getLoc(), type), maps,
                    iterators, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                      SmallVector<Value> index;
                      for (int64_t i = 0; i < rank; ++i) {
                        Value at = linalg::IndexOp::create(b, loc, i);
                        at = arith::MulIOp::create(
                            b, loc, at, arith::ConstantIndexOp::create(b, loc, getStrides()[i]));
                        index.push_back(arith::AddIOp::create(
                            b, loc, at, arith::ConstantIndexOp::create(b, loc, getOffsets()[i])));
                      }
                      return tensor::ExtractOp::create(b, loc, source, index);
                    });
  return SmallVector<Value>{result};
}

FailureOr<SmallVector<Value>>
SliceOp::buildUntransposed(OpBuilder &builder, ArrayRef<int64_t> permutation, ValueRange operands) {
  SmallVector<int64_t> inverse = inversePermutation(permutation);
  auto permuted = [&](ArrayRef<int64_t> values) {
    SmallVector<int64_t> result;
    for (int64_t p : inverse)
      result.push_back(values[p]);
    return result;
  };
  return SmallVector<Value>{SliceOp::create(builder, getLoc(), operands[0], permuted(getOffsets()),
                                            permuted(getSizes()), permuted(getStrides()))};
}

namespace {

/// slice(reshape(transpose(x))) = reshape(slice(transpose(x))) where the reshape merges dimensions
/// and the slice takes whole runs of the inner ones: the parts of a channel shuffle are then moved
/// each to where it is read, and no shuffled tensor exists. Only where nobody else reads it, and no
/// element twice.
struct SliceBeforeReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getX().getDefiningOp<ReshapeOp>();
    if (!reshape || !reshape.getX().getDefiningOp<TransposeOp>())
      return failure();
    auto x = cast<RankedTensorType>(reshape.getX().getType());
    int64_t taken = 0;
    for (Operation *user : reshape->getUsers()) {
      if (!isa<SliceOp>(user))
        return failure();
      taken += cast<RankedTensorType>(user->getResult(0).getType()).getNumElements();
    }
    if (taken > x.getNumElements() || x.getNumElements() == 0)
      return failure();
    SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
    for (const ReshapeGroup &group : groupReshape(x.getShape(), reshape.getShape())) {
      bool isWhole = llvm::all_of(group.result, [&](int64_t dim) {
        return op.getSizes()[dim] == reshape.getShape()[dim] && op.getStrides()[dim] == 1;
      });
      if (isWhole)
        continue;
      if (group.result.size() != 1 || group.source.empty())
        return failure();
      ArrayRef<int64_t> source(group.source);
      source = source.drop_while([&](int64_t dim) { return x.getDimSize(dim) == 1; });
      if (source.empty())
        return failure();
      int64_t dim = group.result.front(), outer = source.front(), inner = 1;
      for (int64_t rest : source.drop_front())
        inner *= x.getDimSize(rest);
      int64_t offset = op.getOffsets()[dim], size = op.getSizes()[dim];
      if (offset % inner != 0 || size % inner != 0 || (inner != 1 && op.getStrides()[dim] != 1))
        return failure();
      offsets[outer] = offset / inner;
      sizes[outer] = size / inner;
      strides[outer] = op.getStrides()[dim];
    }
    Value slice = SliceOp::create(rewriter, op.getLoc(), reshape.getX(), offsets, sizes, strides);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, slice, op.getSizes());
    return success();
  }
};

} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SliceBeforeReshape>(context);
}

//===- concat
//------------------------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                         ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  if (operands.empty())
    return inferError(loc, "'edge.concat' expects an operand");
  auto first = cast<RankedTensorType>(operands.front().getType());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return inferError(loc, "'edge.concat' has axis " + Twine(axis) + " for rank " +
                               Twine(first.getRank()));
  SmallVector<int64_t> shape(first.getShape());
  shape[axis] = 0;
  for (Value operand : operands) {
    auto type = cast<RankedTensorType>(operand.getType());
    bool fits =
        type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t i = 0; fits && i < type.getRank(); ++i)
      fits = i == axis || type.getDimSize(i) == first.getDimSize(i);
    if (!fits) {
      std::string text;
      llvm::raw_string_ostream os(text);
      os << type << " and " << first;
      return inferError(loc, "'edge.concat' can't join " + text + " along axis " + Twine(axis));
    }
    shape[axis] += type.getDimSize(axis);
  }
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  return {};
}

FailureOr<SmallVector<HostTensor>> ConcatOp::evaluate(ArrayRef<HostTensor> operands) {
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  int64_t outer = 1;
  for (int64_t extent : result.getShape().take_front(getAxis()))
    outer *= extent;
  char *out = result.mutableBytes();
  for (int64_t i = 0; i < outer; ++i)
    for (const HostTensor &operand : operands) {
      size_t chunk = operand.bytes().size() / outer;
      if (chunk)
        std::memcpy(out, operand.bytes().data() + i * chunk, chunk);
      out += chunk;
    }
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> ConcatOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  Value result = createEmpty(builder, loc, type);
  SmallVector<int64_t> offsets(type.getRank(), 0), strides(type.getRank(), 1);
  for (Value operand : operands) {
    auto part = cast<RankedTensorType>(operand.getType());
    if (part.getNumElements() == 0)
      continue;
    result = tensor::InsertSliceOp::create(builder, loc, type, operand, result, ValueRange(),
                                           ValueRange(), ValueRange(), offsets, part.getShape(),
                                           strides);
    offsets[getAxis()] += part.getDimSize(getAxis());
  }
  return SmallVector<Value>{result};
}

FailureOr<SmallVector<Value>> ConcatOp::buildUntransposed(OpBuilder &builder,
                                                          ArrayRef<int64_t> permutation,
                                                          ValueRange operands) {
  return SmallVector<Value>{ConcatOp::create(builder, getLoc(), operands, permutation[getAxis()])};
}

//===- broadcast
//---------------------------------------------------------------------------------===//

LogicalResult BroadcastOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            ValueRange operands, DictionaryAttr attributes,
                                            OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto shape = broadcastShapes({x.getShape(), op.getShape()});
  if (failed(shape) || ArrayRef<int64_t>(*shape) != op.getShape())
    return inferError(loc, "'edge.broadcast' can't give the asked shape from the operand's");
  types.push_back(RankedTensorType::get(op.getShape(), x.getElementType()));
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getX().getType() == getResult().getType())
    return getX();
  return {};
}

FailureOr<SmallVector<HostTensor>> BroadcastOp::evaluate(ArrayRef<HostTensor> operands) {
  auto type = cast<RankedTensorType>(getResult().getType());
  SmallVector<int64_t> own = rowMajorStrides(operands[0].getShape());
  SmallVector<int64_t> strides(type.getRank() - operands[0].getRank(), 0);
  for (auto [extent, stride] : llvm::zip_equal(operands[0].getShape(), own))
    strides.push_back(extent == 1 ? 0 : stride);
  return SmallVector<HostTensor>{gatherStrided(operands[0], type, 0, strides)};
}

FailureOr<SmallVector<Value>> BroadcastOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps{broadcastMap(getContext(),
                                           cast<RankedTensorType>(operands[0].getType()).getShape(),
                                           rank, type.getShape()),
                              AffineMap::getMultiDimIdentityMap(rank, getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  return SmallVector<Value>{
      createGeneric(builder, getLoc(), operands, createEmpty(builder, getLoc(), type), maps,
                    iterators, [](OpBuilder &, Location, ValueRange args) { return args[0]; })};
}
