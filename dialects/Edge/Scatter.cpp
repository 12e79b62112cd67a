#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec::edge;

/// Checks what both scatters share: integer indices, and updates of x's element type.
static LogicalResult checkScatter(std::optional<Location> loc, StringRef op, RankedTensorType x,
                                  RankedTensorType indices, RankedTensorType updates) {
  if (!isa<IntegerType>(indices.getElementType()) || indices.getElementType().isInteger(1))
    return inferError(loc, "'" + op + "' expects integer indices");
  if (updates.getElementType() != x.getElementType())
    return inferError(loc, "'" + op + "' expects updates of the operand's element type");
  if (x.getNumElements() == 0 && updates.getNumElements() != 0)
    return inferError(loc, "'" + op + "' writes to an empty tensor");
  return success();
}

/// The scalar that is written where `old` was; both of storage type.
static Value reduceScalar(OpBuilder &b, Location loc, ScatterReduction reduction, Value old,
                          Value update, bool isUnsigned) {
  bool isFloat = isa<FloatType>(old.getType());
  switch (reduction) {
  case ScatterReduction::none:
    return update;
  case ScatterReduction::add:
    if (isFloat)
      return arith::AddFOp::create(b, loc, old, update);
    return arith::AddIOp::create(b, loc, old, update);
  case ScatterReduction::mul:
    if (isFloat)
      return arith::MulFOp::create(b, loc, old, update);
    return arith::MulIOp::create(b, loc, old, update);
  case ScatterReduction::max:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, old, update);
    if (isUnsigned)
      return arith::MaxUIOp::create(b, loc, old, update);
    return arith::MaxSIOp::create(b, loc, old, update);
  case ScatterReduction::min:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, old, update);
    if (isUnsigned)
      return arith::MinUIOp::create(b, loc, old, update);
    return arith::MinSIOp::create(b, loc, old, update);
  }
  llvm_unreachable("all reductions are covered");
}

/// The same on the host.
template <typename T> static T reduceValue(ScatterReduction reduction, T old, T update) {
  switch (reduction) {
  case ScatterReduction::none:
    return update;
  case ScatterReduction::add:
    return old + update;
  case ScatterReduction::mul:
    return old * update;
  case ScatterReduction::max:
    return std::max(old, update);
  case ScatterReduction::min:
    return std::min(old, update);
  }
  llvm_unreachable("all reductions are covered");
}

/// Copies x, then meets the element at `place(index, flat)` with each update.
static HostTensor scatterOnHost(const HostTensor &x, const HostTensor &updates,
                                ScatterReduction reduction,
                                function_ref<int64_t(ArrayRef<int64_t>, int64_t)> place) {
  HostTensor result(x.getType());
  char *out = result.mutableBytes();
  unsigned width = x.elementBytes();
  if (!x.bytes().empty())
    std::memcpy(out, x.bytes().data(), x.bytes().size());
  forEachIndex(updates.getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t at = place(index, flat);
    if (reduction == ScatterReduction::none)
      std::memcpy(out + at * width, updates.bytes().data() + flat * width, width);
    else if (x.isFloat())
      result.setFloat(at, reduceValue(reduction, result.getFloat(at), updates.getFloat(flat)));
    else if (x.isUnsigned())
      result.setInt(at, reduceValue<uint64_t>(reduction, result.getInt(at), updates.getInt(flat)));
    else
      result.setInt(at, reduceValue<int64_t>(reduction, result.getInt(at), updates.getInt(flat)));
  });
  return result;
}

/// Loops over `shape`, in order, that hand a tensor on from step to step.
static Value
createSequentialLoops(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, Value init,
                      function_ref<Value(OpBuilder &, Location, ValueRange, Value)> body) {
  SmallVector<Value> lower, upper, steps;
  for (int64_t extent : shape) {
    lower.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    upper.push_back(arith::ConstantIndexOp::create(builder, loc, extent));
    steps.push_back(arith::ConstantIndexOp::create(builder, loc, 1));
  }
  scf::LoopNest nest =
      scf::buildLoopNest(builder, loc, lower, upper, steps, init,
                         [&](OpBuilder &b, Location loc, ValueRange index, ValueRange carried) {
                           return scf::ValueVector{body(b, loc, index, carried[0])};
                         });
  return nest.results.front();
}

//===- scatter_elements
//--------------------------------------------------------------------------===//

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                                  ValueRange operands, DictionaryAttr attributes,
                                                  OpaqueProperties properties, RegionRange regions,
                                                  SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  auto updates = cast<RankedTensorType>(op.getUpdates().getType());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= x.getRank())
    return inferError(loc, "'edge.scatter_elements' has axis " + Twine(axis) + " for rank " +
                               Twine(x.getRank()));
  if (indices.getRank() != x.getRank() || indices.getShape() != updates.getShape())
    return inferError(loc, "'edge.scatter_elements' expects indices and updates of one shape, of "
                           "the operand's rank " +
                               Twine(x.getRank()));
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (i != axis && indices.getDimSize(i) > x.getDimSize(i))
      return inferError(loc, "'edge.scatter_elements' has " + Twine(indices.getDimSize(i)) +
                                 " updates in dimension " + Twine(i) + " of extent " +
                                 Twine(x.getDimSize(i)));
  if (failed(checkScatter(loc, "edge.scatter_elements", x, indices, updates)))
    return failure();
  types.push_back(x);
  return success();
}

FailureOr<SmallVector<HostTensor>> ScatterElementsOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &indices = operands[1];
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  int64_t axis = getAxis();
  return SmallVector<HostTensor>{
      scatterOnHost(x, operands[2], getReduction(), [&](ArrayRef<int64_t> index, int64_t flat) {
        int64_t at = 0;
        for (int64_t i = 0; i < x.getRank(); ++i)
          at += (i == axis ? wrapIndex(indices.getInt(flat), x.getShape()[i]) : index[i]) *
                strides[i];
        return at;
      })};
}

FailureOr<SmallVector<Value>> ScatterElementsOp::lower(OpBuilder &builder, ValueRange operands) {
  auto updates = cast<RankedTensorType>(getUpdates().getType());
  int64_t axis = getAxis();
  int64_t extent = cast<RankedTensorType>(getX().getType()).getDimSize(axis);
  return SmallVector<Value>{createSequentialLoops(
      builder, getLoc(), updates.getShape(), operands[0],
      [&](OpBuilder &b, Location loc, ValueRange index, Value tensor) -> Value {
        Value entry = tensor::ExtractOp::create(b, loc, operands[1], index);
        Value value = tensor::ExtractOp::create(b, loc, operands[2], index);
        SmallVector<Value> at(index);
        at[axis] = createWrappedIndex(b, loc, entry, isUnsigned(getIndices().getType()), extent);
        if (getReduction() != ScatterReduction::none) {
          Value old = tensor::ExtractOp::create(b, loc, tensor, at);
          value = reduceScalar(b, loc, getReduction(), old, value, isUnsigned(updates));
        }
        return tensor::InsertOp::create(b, loc, value, tensor, at);
      })};
}

FailureOr<SmallVector<Value>> ScatterElementsOp::buildUntransposed(OpBuilder &builder,
                                                                   ArrayRef<int64_t> permutation,
                                                                   ValueRange operands) {
  // Another loop order may meet equal indices in another order, but never two of one row along the
  // axis.
  return SmallVector<Value>{ScatterElementsOp::create(builder, getLoc(), operands[0], operands[1],
                                                      operands[2], permutation[getAxis()],
                                                      getReduction())};
}

//===- scatter_nd
//--------------------------------------------------------------------------------===//

LogicalResult ScatterNDOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                            ValueRange operands, DictionaryAttr attributes,
                                            OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto indices = cast<RankedTensorType>(op.getIndices().getType());
  auto updates = cast<RankedTensorType>(op.getUpdates().getType());
  if (indices.getRank() < 1 || indices.getShape().back() > x.getRank())
    return inferError(loc, "'edge.scatter_nd' expects index tuples of at most " +
                               Twine(x.getRank()) + " entries, the operand's rank");
  SmallVector<int64_t> shape(indices.getShape().drop_back());
  llvm::append_range(shape, x.getShape().drop_front(indices.getShape().back()));
  if (updates.getShape() != ArrayRef<int64_t>(shape)) {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleave(shape, os, "x");
    return inferError(loc, "'edge.scatter_nd' expects updates of shape '" + text + "'");
  }
  if (failed(checkScatter(loc, "edge.scatter_nd", x, indices, updates)))
    return failure();
  types.push_back(x);
  return success();
}

FailureOr<SmallVector<HostTensor>> ScatterNDOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0], &indices = operands[1];
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  SmallVector<int64_t> indexStrides = rowMajorStrides(indices.getShape());
  int64_t tuple = indices.getShape().back(), outer = indices.getRank() - 1;
  return SmallVector<HostTensor>{
      scatterOnHost(x, operands[2], getReduction(), [&](ArrayRef<int64_t> index, int64_t) {
        int64_t at = 0, entry = 0;
        for (int64_t i = 0; i < outer; ++i)
          entry += index[i] * indexStrides[i];
        for (int64_t i = 0; i < x.getRank(); ++i)
          at += (i < tuple ? wrapIndex(indices.getInt(entry + i), x.getShape()[i])
                           : index[outer + i - tuple]) *
                strides[i];
        return at;
      })};
}

FailureOr<SmallVector<Value>> ScatterNDOp::lower(OpBuilder &builder, ValueRange operands) {
  auto x = cast<RankedTensorType>(getX().getType());
  auto indices = cast<RankedTensorType>(getIndices().getType());
  int64_t tuple = indices.getShape().back(), outer = indices.getRank() - 1;
  int64_t rank = x.getRank(), sliceRank = rank - tuple;
  auto type = cast<RankedTensorType>(storageType(getX().getType()));
  auto sliceType = RankedTensorType::get(x.getShape().take_back(sliceRank), type.getElementType());
  bool whole = sliceRank > 0;
  return SmallVector<Value>{createSequentialLoops(
      builder, getLoc(), indices.getShape().drop_back(), operands[0],
      [&](OpBuilder &b, Location loc, ValueRange index, Value tensor) -> Value {
        SmallVector<Value> at, entryIndex(index);
        entryIndex.push_back(Value());
        for (int64_t k = 0; k < tuple; ++k) {
          entryIndex.back() = arith::ConstantIndexOp::create(b, loc, k);
          Value entry = tensor::ExtractOp::create(b, loc, operands[1], entryIndex);
          at.push_back(createWrappedIndex(b, loc, entry, isUnsigned(indices), x.getDimSize(k)));
        }
        if (!whole) {
          Value value = tensor::ExtractOp::create(b, loc, operands[2], index);
          if (getReduction() != ScatterReduction::none) {
            Value old = tensor::ExtractOp::create(b, loc, tensor, at);
            value = reduceScalar(b, loc, getReduction(), old, value, isUnsigned(x));
          }
          return tensor::InsertOp::create(b, loc, value, tensor, at);
        }
        // A slice at a time.
        SmallVector<OpFoldResult> offsets, sizes, strides(rank, b.getIndexAttr(1));
        SmallVector<OpFoldResult> fromOffsets, fromSizes,
            fromStrides(outer + sliceRank, b.getIndexAttr(1));
        for (int64_t i = 0; i < rank; ++i) {
          offsets.push_back(i < tuple ? OpFoldResult(at[i]) : b.getIndexAttr(0));
          sizes.push_back(b.getIndexAttr(i < tuple ? 1 : x.getDimSize(i)));
        }
        for (int64_t i = 0; i < outer + sliceRank; ++i) {
          fromOffsets.push_back(i < outer ? OpFoldResult(index[i]) : b.getIndexAttr(0));
          fromSizes.push_back(b.getIndexAttr(i < outer ? 1 : sliceType.getDimSize(i - outer)));
        }
        Value value = tensor::ExtractSliceOp::create(b, loc, sliceType, operands[2], fromOffsets,
                                                     fromSizes, fromStrides);
        if (getReduction() != ScatterReduction::none) {
          Value old =
              tensor::ExtractSliceOp::create(b, loc, sliceType, tensor, offsets, sizes, strides);
          SmallVector<AffineMap> maps(2,
                                      AffineMap::getMultiDimIdentityMap(sliceRank, b.getContext()));
          SmallVector<utils::IteratorType> iterators(sliceRank, utils::IteratorType::parallel);
          value = createGeneric(b, loc, value, old, maps, iterators,
                                [&](OpBuilder &b, Location loc, ValueRange args) {
                                  return reduceScalar(b, loc, getReduction(), args[1], args[0],
                                                      isUnsigned(x));
                                });
        }
        return tensor::InsertSliceOp::create(b, loc, value, tensor, offsets, sizes, strides);
      })};
}
