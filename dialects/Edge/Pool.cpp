#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::edge;

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                       ValueRange operands, DictionaryAttr attributes,
                                       OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = cast<RankedTensorType>(op.getX().getType());
  int64_t rank = x.getRank(), spatial = rank - 2;
  if (spatial < 1)
    return inferError(loc, "'edge.pool' expects an input of rank 3 or more, but got rank " +
                               Twine(rank));
  for (ArrayRef<int64_t> list :
       {op.getKernel(), op.getStrides(), op.getDilations(), op.getOutputShape()})
    if (static_cast<int64_t>(list.size()) != spatial)
      return inferError(loc, "'edge.pool' expects one kernel extent, stride, dilation and output "
                             "extent for each of " +
                                 Twine(spatial) + " spatial dimensions");
  if (static_cast<int64_t>(op.getPads().size()) != 2 * spatial)
    return inferError(loc, "'edge.pool' expects two pads for each of " + Twine(spatial) +
                               " spatial dimensions");
  if (op.getKind() != PoolKind::max && !isa<FloatType>(x.getElementType()))
    return inferError(loc, "'edge.pool' sums and averages floats only");
  SmallVector<int64_t> shape{x.getDimSize(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t stride = op.getStrides()[i], out = op.getOutputShape()[i];
    if (op.getKernel()[i] < 1 || stride < 1 || op.getDilations()[i] < 1)
      return inferError(loc,
                        "'edge.pool' expects kernel extents, strides and dilations of 1 or more");
    int64_t before = op.getPads()[i], after = op.getPads()[spatial + i];
    if (before < 0 || after < 0)
      return inferError(loc, "'edge.pool' expects pads of 0 or more");
    int64_t padded = x.getDimSize(i + 1) + before + after;
    if (out < 0 || (out > 0 && (out - 1) * stride >= padded))
      return inferError(loc, "'edge.pool' has " + Twine(out) + " windows of stride " +
                                 Twine(stride) + " in a padded extent of " + Twine(padded) +
                                 " (spatial dimension " + Twine(i) + ")");
    shape.push_back(out);
  }
  shape.push_back(x.getShape().back());
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

static kernel::PoolKind kernelKind(PoolKind kind) {
  switch (kind) {
  case PoolKind::max:
    return kernel::PoolKind::max;
  case PoolKind::sum:
    return kernel::PoolKind::sum;
  case PoolKind::average:
    return kernel::PoolKind::average;
  }
  llvm_unreachable("all kinds are covered");
}

FailureOr<SmallVector<Value>> PoolOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  Value init = createEmpty(builder, getLoc(), type);
  auto pool = kernel::PoolOp::create(
      builder, getLoc(), TypeRange(type), operands[0], init, kernelKind(getKind()), getKernel(),
      getStrides(), getDilations(), getPads(), getCountIncludePad(), isUnsigned(getX().getType()));
  return SmallVector<Value>(pool->getResults());
}
