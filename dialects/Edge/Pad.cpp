#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec::edge;

/// A list with one entry a dimension, for the operand before its transposition.
static SmallVector<int64_t> untransposed(ArrayRef<int64_t> values, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result(values.size());
  for (auto [value, p] : llvm::zip_equal(values, permutation))
    result[p] = value;
  return result;
}

//===- pad
//---------------------------------------------------------------------------------------===//

/// Where a dimension of `extent` elements is read at position `at`, which may lie outside; -1 where
/// it is not.
static int64_t padSource(PadMode mode, int64_t at, int64_t extent) {
  switch (mode) {
  case PadMode::constant:
    return at < 0 || at >= extent ? -1 : at;
  case PadMode::edge:
    return std::clamp<int64_t>(at, 0, extent - 1);
  case PadMode::reflect: {
    if (extent == 1)
      return 0;
    int64_t period = 2 * (extent - 1);
    int64_t phase = (at % period + period) % period;
    return std::min(phase, period - phase);
  }
  case PadMode::wrap:
    return (at % extent + extent) % extent;
  }
  llvm_unreachable("all modes are covered");
}

/// The same as IR, for the modes that read x everywhere: the source of result index `at`.
static Value createPadSource(OpBuilder &b, Location loc, PadMode mode, Value at, int64_t low,
                             int64_t extent) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  if (mode == PadMode::edge) {
    at = arith::AddIOp::create(b, loc, at, constant(-low));
    at = arith::MaxSIOp::create(b, loc, at, constant(0));
    return arith::MinSIOp::create(b, loc, at, constant(extent - 1));
  }
  if (extent == 1)
    return constant(0);
  int64_t period = mode == PadMode::wrap ? extent : 2 * (extent - 1);
  int64_t shift = (-low % period + period) % period; // as good as -low, and never negative
  at = arith::AddIOp::create(b, loc, at, constant(shift));
  at = arith::RemUIOp::create(b, loc, at, constant(period));
  if (mode == PadMode::wrap)
    return at;
  return arith::MinSIOp::create(b, loc, at, arith::SubIOp::create(b, loc, constant(period), at));
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                      ValueRange operands, DictionaryAttr attributes,
                                      OpaqueProperties properties, RegionRange regions,
                                      SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  size_t rank = x.getRank();
  if (op.getLow().size() != rank || op.getHigh().size() != rank)
    return inferError(loc, "'edge.pad' expects one low and one high pad for each of " +
                               Twine(rank) + " dimensions");
  if (op.getValue()) {
    auto value = cast<RankedTensorType>(op.getValue().getType());
    if (value.getRank() != 0 || value.getElementType() != x.getElementType())
      return inferError(loc, "'edge.pad' expects a 0-d value of the operand's element type");
  }
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(x.getShape())) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i], padded;
    if (__builtin_add_overflow(extent, low, &padded) ||
        __builtin_add_overflow(padded, high, &padded) || padded < 0 ||
        (op.getMode() == PadMode::constant && (extent + low < 0 || extent + high < 0)))
      return inferError(loc, "'edge.pad' pads dimension " + Twine(i) + " of extent " +
                                 Twine(extent) + " by " + Twine(low) + " and " + Twine(high));
    if (op.getMode() != PadMode::constant && extent == 0 && padded > 0)
      return inferError(loc, "'edge.pad' fills dimension " + Twine(i) +
                                 " with elements of an empty tensor");
    shape.push_back(padded);
  }
  if (failed(checkShape(loc, "edge.pad", shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  auto isZero = [](int64_t pad) { return pad == 0; };
  if (llvm::all_of(getLow(), isZero) && llvm::all_of(getHigh(), isZero))
    return getX();
  return {};
}

FailureOr<SmallVector<Value>> PadOp::buildMoving(OpBuilder &builder, ValueRange operands,
                                                 Value zero) {
  SmallVector<Value> all(operands);
  if (getMode() == PadMode::constant && !getValue())
    all.push_back(zero);
  return rebuild(builder, *this, all);
}

FailureOr<SmallVector<HostTensor>> PadOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  unsigned width = x.elementBytes();
  char *out = result.mutableBytes();
  forEachIndex(result.getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t from = 0;
    bool inside = true;
    for (int64_t i = 0; i < x.getRank() && inside; ++i) {
      int64_t at = padSource(getMode(), index[i] - getLow()[i], x.getShape()[i]);
      inside = at >= 0;
      from += at * strides[i];
    }
    if (inside)
      std::memcpy(out + flat * width, x.bytes().data() + from * width, width);
    else if (operands.size() > 1)
      std::memcpy(out + flat * width, operands[1].bytes().data(), width);
  });
  return SmallVector<HostTensor>{result};
}

/// A constant border: what is kept of x goes into a filled tensor, so that no loop has a condition
/// inside.
static Value lowerConstantPad(PadOp op, OpBuilder &builder, ValueRange operands) {
  Location loc = op.getLoc();
  Value x = operands[0];
  auto from = cast<RankedTensorType>(x.getType());
  auto type = cast<RankedTensorType>(storageType(op.getResult().getType()));
  SmallVector<int64_t> cropped, kept, place, ones(from.getRank(), 1);
  for (auto [extent, low, high] : llvm::zip_equal(from.getShape(), op.getLow(), op.getHigh())) {
    cropped.push_back(std::max<int64_t>(-low, 0));
    kept.push_back(extent + std::min<int64_t>(low, 0) + std::min<int64_t>(high, 0));
    place.push_back(std::max<int64_t>(low, 0));
  }
  bool isEmpty = llvm::any_of(kept, [](int64_t extent) { return extent <= 0; });
  auto keptType =
      RankedTensorType::get(isEmpty ? ArrayRef<int64_t>() : kept, type.getElementType());
  if (!isEmpty && keptType != from)
    x = tensor::ExtractSliceOp::create(builder, loc, keptType, x, ValueRange(), ValueRange(),
                                       ValueRange(), cropped, kept, ones);
  if (!isEmpty && keptType == type)
    return x;
  Value value = operands.size() > 1
                    ? tensor::ExtractOp::create(builder, loc, operands[1], ValueRange()).getResult()
                    : createScalar(builder, loc, type.getElementType(), 0);
  Value filled = createFilled(builder, loc, type, value);
  if (isEmpty)
    return filled;
  return tensor::InsertSliceOp::create(builder, loc, x, filled, ValueRange(), ValueRange(),
                                       ValueRange(), place, kept, ones);
}

FailureOr<SmallVector<Value>> PadOp::lower(OpBuilder &builder, ValueRange operands) {
  if (getMode() == PadMode::constant)
    return SmallVector<Value>{lowerConstantPad(*this, builder, operands)};
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  auto x = cast<RankedTensorType>(getX().getType());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  return SmallVector<Value>{
      createGeneric(builder, getLoc(), ValueRange(), createEmpty(builder, getLoc(), type),
                    AffineMap::getMultiDimIdentityMap(type.getRank(), getContext()), iterators,
                    [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                      SmallVector<Value> index;
                      for (int64_t i = 0; i < type.getRank(); ++i) {
                        Value at = linalg::IndexOp::create(b, loc, i);
                        if (getLow()[i] != 0 || getHigh()[i] != 0)
                          at = createPadSource(b, loc, getMode(), at, getLow()[i], x.getDimSize(i));
                        index.push_back(at);
                      }
                      return tensor::ExtractOp::create(b, loc, operands[0], index);
                    })};
}

bool PadOp::isLayoutOperand(unsigned index) { return index == 0; }

FailureOr<SmallVector<Value>>
PadOp::buildUntransposed(OpBuilder &builder, ArrayRef<int64_t> permutation, ValueRange operands) {
  Value value = operands.size() > 1 ? operands[1] : Value();
  return SmallVector<Value>{PadOp::create(builder, getLoc(), operands[0], value,
                                          untransposed(getLow(), permutation),
                                          untransposed(getHigh(), permutation), getMode())};
}

//===- tile
//--------------------------------------------------------------------------------------===//

LogicalResult TileOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc,
                                       ValueRange operands, DictionaryAttr attributes,
                                       OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  if (static_cast<int64_t>(op.getRepeats().size()) != x.getRank())
    return inferError(loc, "'edge.tile' has " + Twine(op.getRepeats().size()) +
                               " repeats for rank " + Twine(x.getRank()));
  SmallVector<int64_t> shape;
  for (auto [extent, repeat] : llvm::zip_equal(x.getShape(), op.getRepeats())) {
    int64_t tiled;
    if (repeat < 0 || __builtin_mul_overflow(extent, repeat, &tiled))
      return inferError(loc, "'edge.tile' repeats extent " + Twine(extent) + " " + Twine(repeat) +
                                 " times");
    shape.push_back(tiled);
  }
  if (failed(checkShape(loc, "edge.tile", shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

OpFoldResult TileOp::fold(FoldAdaptor) {
  if (llvm::all_of(getRepeats(), [](int64_t repeat) { return repeat == 1; }))
    return getX();
  return {};
}

FailureOr<SmallVector<HostTensor>> TileOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &x = operands[0];
  HostTensor result(cast<RankedTensorType>(getResult().getType()));
  SmallVector<int64_t> strides = rowMajorStrides(x.getShape());
  unsigned width = x.elementBytes();
  char *out = result.mutableBytes();
  forEachIndex(result.getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t from = 0;
    for (int64_t i = 0; i < x.getRank(); ++i)
      from += index[i] % x.getShape()[i] * strides[i];
    std::memcpy(out + flat * width, x.bytes().data() + from * width, width);
  });
  return SmallVector<HostTensor>{result};
}

FailureOr<SmallVector<Value>> TileOp::lower(OpBuilder &builder, ValueRange operands) {
  Location loc = getLoc();
  auto x = cast<RankedTensorType>(operands[0].getType());
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  // Each repeated dimension is two: which repetition, and where in it.
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> from;
  for (auto [extent, repeat] : llvm::zip_equal(x.getShape(), getRepeats())) {
    if (repeat != 1)
      shape.push_back(repeat);
    from.push_back(getAffineDimExpr(shape.size(), getContext()));
    shape.push_back(extent);
  }
  int64_t rank = shape.size();
  SmallVector<AffineMap> maps{AffineMap::get(rank, 0, from, getContext()),
                              AffineMap::getMultiDimIdentityMap(rank, getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  if (type.getNumElements() == 0)
    return SmallVector<Value>{createEmpty(builder, loc, type)};
  Value tiled = createGeneric(
      builder, loc, operands[0],
      createEmpty(builder, loc, RankedTensorType::get(shape, x.getElementType())), maps, iterators,
      [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  return SmallVector<Value>{createReshape(builder, loc, tiled, type.getShape())};
}

FailureOr<SmallVector<Value>>
TileOp::buildUntransposed(OpBuilder &builder, ArrayRef<int64_t> permutation, ValueRange operands) {
  return SmallVector<Value>{
      TileOp::create(builder, getLoc(), operands[0], untransposed(getRepeats(), permutation))};
}
