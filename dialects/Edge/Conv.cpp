#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::edge;

/// Checks what convolutions of both directions share: ranks, one entry a spatial dimension,
/// channels, groups, bias.
static LogicalResult checkConv(std::optional<Location> loc, RankedTensorType x,
                               RankedTensorType filter, Value bias, ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                               int64_t groups) {
  int64_t rank = x.getRank(), spatial = rank - 2;
  if (spatial < 1 || filter.getRank() != rank)
    return inferError(loc, "'edge.conv' expects an input of rank 3 or more and a filter of the "
                           "same rank, but got rank " +
                               Twine(rank) + " and " + Twine(filter.getRank()));
  if (filter.getElementType() != x.getElementType() ||
      (bias && getElementTypeOrSelf(bias.getType()) != x.getElementType()))
    return inferError(loc, "'edge.conv' expects one element type of input, filter and bias");
  if (static_cast<int64_t>(strides.size()) != spatial ||
      static_cast<int64_t>(dilations.size()) != spatial ||
      static_cast<int64_t>(pads.size()) != 2 * spatial)
    return inferError(loc,
                      "'edge.conv' expects one stride, one dilation and two pads for each of " +
                          Twine(spatial) + " spatial dimensions");
  for (int64_t i = 0; i < spatial; ++i)
    if (strides[i] < 1 || dilations[i] < 1)
      return inferError(loc, "'edge.conv' expects strides and dilations of 1 or more");
  if (groups < 1 || x.getDimSize(rank - 1) % groups || filter.getDimSize(rank - 1) % groups)
    return inferError(loc, "'edge.conv' has " + Twine(x.getDimSize(rank - 1)) + " input and " +
                               Twine(filter.getDimSize(rank - 1)) + " output channels, which " +
                               Twine(groups) + " groups don't divide");
  if (filter.getDimSize(rank - 2) != x.getDimSize(rank - 1) / groups)
    return inferError(loc, "'edge.conv' has a filter over " + Twine(filter.getDimSize(rank - 2)) +
                               " channels a group, but the input has " +
                               Twine(x.getDimSize(rank - 1)) + " in " + Twine(groups) + " groups");
  if (bias) {
    auto type = cast<RankedTensorType>(bias.getType());
    if (type.getRank() != 1 || type.getDimSize(0) != filter.getDimSize(rank - 1))
      return inferError(loc, "'edge.conv' expects a bias of " + Twine(filter.getDimSize(rank - 1)) +
                                 " elements");
  }
  return success();
}

/// The kernel op that both directions become.
template <typename ConvLike>
static FailureOr<SmallVector<Value>> lowerConv(ConvLike op, OpBuilder &builder, ValueRange operands,
                                               bool transposed) {
  auto type = cast<RankedTensorType>(storageType(op.getResult().getType()));
  Value init = createEmpty(builder, op.getLoc(), type);
  auto conv = kernel::ConvOp::create(builder, op.getLoc(), TypeRange(type), operands[0],
                                     operands[1], operands.size() > 2 ? operands[2] : Value(),
                                     ValueRange(), init, op.getStrides(), op.getDilations(),
                                     op.getPads(), op.getGroups(), transposed, DenseI64ArrayAttr(),
                                     kernel::PackingAttr(), /*zero_point=*/0,
                                     /*unsigned_x=*/false, /*offset=*/IntegerAttr());
  return SmallVector<Value>(conv->getResults());
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                       ValueRange operands, DictionaryAttr attributes,
                                       OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  if (failed(checkConv(loc, x, filter, op.getBias(), op.getStrides(), op.getDilations(),
                       op.getPads(), op.getGroups())))
    return failure();
  int64_t spatial = x.getRank() - 2;
  SmallVector<int64_t> shape{x.getDimSize(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t window = op.getDilations()[i] * (filter.getDimSize(i) - 1) + 1;
    int64_t padded = x.getDimSize(i + 1) + op.getPads()[i] + op.getPads()[spatial + i];
    if (padded < window)
      return inferError(loc, "'edge.conv' has a window of " + Twine(window) +
                                 " over a padded extent of only " + Twine(padded) +
                                 " in spatial dimension " + Twine(i));
    shape.push_back((padded - window) / op.getStrides()[i] + 1);
  }
  shape.push_back(filter.getShape().back());
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> ConvOp::lower(OpBuilder &builder, ValueRange operands) {
  return lowerConv(*this, builder, operands, /*transposed=*/false);
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                                ValueRange operands, DictionaryAttr attributes,
                                                OpaqueProperties properties, RegionRange regions,
                                                SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  if (failed(checkConv(loc, x, filter, op.getBias(), op.getStrides(), op.getDilations(),
                       op.getPads(), op.getGroups())))
    return failure();
  if (static_cast<int64_t>(op.getOutputShape().size()) != x.getRank() - 2)
    return inferError(loc, "'edge.conv_transpose' expects one output extent a spatial dimension");
  SmallVector<int64_t> shape{x.getDimSize(0)};
  for (int64_t extent : op.getOutputShape()) {
    if (extent < 1)
      return inferError(loc, "'edge.conv_transpose' has an output extent of " + Twine(extent));
    shape.push_back(extent);
  }
  shape.push_back(filter.getShape().back());
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> ConvTransposeOp::lower(OpBuilder &builder, ValueRange operands) {
  return lowerConv(*this, builder, operands, /*transposed=*/true);
}
