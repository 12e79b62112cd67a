#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/IR/Matchers.h"
#include "passes/tile/Passes.h"

namespace edgec::tile {
#define GEN_PASS_DEF_SELECTKERNELS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

using namespace mlir;
using namespace edgec;

namespace {

/// Dimensions of the iteration space in the order in which an operand has them.
using Dims = SmallVector<unsigned>;

Dims dimsOf(AffineMap map) {
  Dims dims;
  for (AffineExpr expr : map.getResults())
    dims.push_back(cast<AffineDimExpr>(expr).getPosition());
  return dims;
}

Dims concat(ArrayRef<Dims> parts) {
  Dims all;
  for (const Dims &part : parts)
    all.append(part);
  return all;
}

int64_t extentOf(ArrayRef<unsigned> dims, ArrayRef<int64_t> ranges) {
  int64_t extent = 1;
  for (unsigned dim : dims)
    extent *= ranges[dim];
  return extent;
}

bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

/// The tensor with its dimensions, which are `from`, in the order of `to`; constants are transposed
/// here and now.
Value arrange(OpBuilder &b, Location loc, Value tensor, ArrayRef<unsigned> from,
              ArrayRef<unsigned> to) {
  SmallVector<int64_t> permutation;
  for (unsigned dim : to)
    permutation.push_back(llvm::find(from, dim) - from.begin());
  if (edge::isIdentityPermutation(permutation))
    return tensor;
  Attribute attr;
  if (matchPattern(tensor, m_Constant(&attr))) {
    if (auto host = edge::HostTensor::fromAttr(attr); succeeded(host)) {
      SmallVector<int64_t> shape, strides, from = edge::rowMajorStrides(host->getShape());
      for (int64_t p : permutation) {
        shape.push_back(host->getShape()[p]);
        strides.push_back(from[p]);
      }
      edge::HostTensor moved(RankedTensorType::get(shape, host->getElementType()));
      unsigned width = host->elementBytes();
      char *out = moved.mutableBytes();
      const char *in = host->bytes().data();
      edge::forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t flat) {
        int64_t at = 0;
        for (auto [i, stride] : llvm::zip_equal(index, strides))
          at += i * stride;
        std::memcpy(out + flat * width, in + at * width, width);
      });
      return arith::ConstantOp::create(b, loc, moved.toAttr());
    }
  }
  return edge::createTranspose(b, loc, tensor, permutation);
}

/// Whether the op starts from zero.
bool startsFromZero(linalg::GenericOp op) {
  auto fill = op.getDpsInits().front().getDefiningOp<linalg::FillOp>();
  return fill &&
         (matchPattern(fill.value(), m_AnyZeroFloat()) || matchPattern(fill.value(), m_Zero()));
}

/// Writes a sum of products as kernel.matmul, with operands transposed where they have to be.
/// Leaves what is better done otherwise.
void select(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumDpsInputs() != 2 || op.hasDynamicShape() ||
      !linalg::isaContractionOpInterface(op) || !startsFromZero(op))
    return;
  FailureOr<linalg::ContractionDimensions> found = linalg::inferContractionDims(op);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (failed(found) || llvm::is_contained(ranges, 0))
    return;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  Dims aDims = dimsOf(maps[0]), bDims = dimsOf(maps[1]), out = dimsOf(maps[2]);
  Value a = op.getDpsInputs()[0], b = op.getDpsInputs()[1];
  // The order of dimensions within each kind is that of the result, or of `a` for the summed ones.
  auto pick = [](const Dims &order, ArrayRef<unsigned> kind) {
    Dims dims;
    for (unsigned dim : order)
      if (llvm::is_contained(kind, dim))
        dims.push_back(dim);
    return dims;
  };
  Dims batch = pick(out, found->batch), m = pick(out, found->m), n = pick(out, found->n);
  auto swapOperands = [&] {
    std::swap(a, b);
    std::swap(aDims, bDims);
    std::swap(m, n);
  };
  // Vectors run along n: along the result's last dimension, and never along one element.
  if (!m.empty() && !out.empty() && out.back() == m.back())
    swapOperands();
  if (extentOf(n, ranges) == 1 && extentOf(m, ranges) > 1 && isConstant(a))
    swapOperands();
  if (extentOf(n, ranges) == 1)
    return;
  Dims k = pick(aDims, found->k);
  Dims wantedB = concat({batch, k, n});
  int64_t rows = extentOf(m, ranges), columns = extentOf(n, ranges), depth = extentOf(k, ranges),
          count = extentOf(batch, ranges);
  // Few rows don't pay for a transposed copy of the other operand.
  if (rows < 4 && bDims != wantedB && !isConstant(b))
    return;

  OpBuilder builder(op);
  Location loc = op.getLoc();
  Dims wantedA = concat({batch, m, k}), wantedOut = concat({batch, m, n});
  Value left = edge::createReshape(builder, loc, arrange(builder, loc, a, aDims, wantedA),
                                   {count, rows, depth});
  Value right = edge::createReshape(builder, loc, arrange(builder, loc, b, bDims, wantedB),
                                    {count, depth, columns});
  Type element = cast<RankedTensorType>(op.getResult(0).getType()).getElementType();
  auto type = RankedTensorType::get({count, rows, columns}, element);
  auto product =
      kernel::MatMulOp::create(builder, loc, TypeRange(type), left, right, Value(), ValueRange(),
                               edge::createEmpty(builder, loc, type), kernel::PackingAttr(),
                               /*zero_point=*/0, /*unsigned_x=*/false, /*offset=*/IntegerAttr());
  SmallVector<int64_t> shape;
  for (unsigned dim : wantedOut)
    shape.push_back(ranges[dim]);
  Value result = edge::createReshape(builder, loc, product->getResult(0), shape);
  result = arrange(builder, loc, result, wantedOut, out);
  op.getResult(0).replaceAllUsesWith(result);
  op.erase();
}

struct SelectKernels : tile::impl::SelectKernelsBase<SelectKernels> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      select(op);
  }
};

} // namespace
