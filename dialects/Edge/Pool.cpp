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
  Type element = x.getElementType();
  if (op.getKind() != PoolKind::max && !isa<FloatType>(element)) {
    if (op.getKind() == PoolKind::average || element.isInteger(1) || element.isInteger(64))
      return inferError(loc, "'edge.pool' averages floats only, and sums floats or integers of up "
                             "to 32 bits");
    element = IntegerType::get(context, 32);
  }
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
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

bool PoolOp::movesElements() { return getKind() == PoolKind::max; }

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

/// Whether a window's last dimension is better combined first, for all rows at once: windows
/// overlap so much that each row's result serves several of them. Narrow averages would be rounded
/// twice.
static bool isSplitWorthIt(PoolOp op) {
  ArrayRef<int64_t> in = cast<RankedTensorType>(op.getX().getType()).getShape().drop_back();
  ArrayRef<int64_t> out = op.getOutputShape(), kernel = op.getKernel();
  Type element = getElementTypeOrSelf(op.getResult().getType());
  if (op.getKind() != PoolKind::max && element.getIntOrFloatBitWidth() < 32)
    return false;
  double windows = 1, taps = 1, rows = out.back();
  for (size_t i = 0; i + 1 < kernel.size(); ++i) {
    windows *= out[i];
    taps *= kernel[i];
    rows *= in[i + 1];
  }
  windows *= out.back();
  // Worth a pass through memory more.
  return rows * kernel.back() + windows * taps < windows * taps * kernel.back() / 2;
}

FailureOr<SmallVector<Value>> PoolOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(storageType(getResult().getType()));
  auto pool = [&](Value x, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                  ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads, ArrayRef<int64_t> spatial) {
    SmallVector<int64_t> shape{type.getDimSize(0)};
    llvm::append_range(shape, spatial);
    shape.push_back(type.getShape().back());
    RankedTensorType result = type.clone(shape);
    Value init = createEmpty(builder, getLoc(), result);
    return kernel::PoolOp::create(builder, getLoc(), TypeRange(result), x, init,
                                  kernelKind(getKind()), kernel, strides, dilations, pads,
                                  getCountIncludePad(), isUnsigned(getX().getType()))
        ->getResult(0);
  };
  if (!isSplitWorthIt(*this))
    return SmallVector<Value>{
        pool(operands[0], getKernel(), getStrides(), getDilations(), getPads(), getOutputShape())};
  size_t last = getKernel().size() - 1;
  ArrayRef<int64_t> in = cast<RankedTensorType>(operands[0].getType()).getShape();
  // The last dimension's entries with `rest` elsewhere, or the other way round.
  auto pick = [&](ArrayRef<int64_t> list, bool wantsLast, int64_t rest) {
    SmallVector<int64_t> result(list);
    for (auto [i, entry] : llvm::enumerate(result))
      if ((i % (last + 1) == last) != wantsLast)
        entry = rest;
    return result;
  };
  SmallVector<int64_t> middle(in.drop_front().take_front(last));
  middle.push_back(getOutputShape().back());
  Value rows = pool(operands[0], pick(getKernel(), true, 1), pick(getStrides(), true, 1),
                    pick(getDilations(), true, 1), pick(getPads(), true, 0), middle);
  return SmallVector<Value>{pool(rows, pick(getKernel(), false, 1), pick(getStrides(), false, 1),
                                 pick(getDilations(), false, 1), pick(getPads(), false, 0),
                                 getOutputShape())};
}
