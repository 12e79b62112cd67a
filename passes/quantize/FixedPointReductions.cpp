// Averages and sums of one tensor's elements.
#include "passes/quantize/FixedPoint.h"
#include "passes/quantize/FixedPointRules.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

/// How many elements each window of a pool has, as something that broadcasts along its result.
edge::HostTensor countsOf(OpBuilder &b, edge::PoolOp op) {
  ArrayRef<int64_t> in = cast<RankedTensorType>(op.getX().getType()).getShape().drop_front();
  ArrayRef<int64_t> out = op.getOutputShape();
  SmallVector<int64_t> shape{1};
  llvm::append_range(shape, out);
  shape.push_back(1);
  edge::HostTensor counts(RankedTensorType::get(shape, b.getI32Type()));
  bool same = true;
  edge::forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t count = 1;
    for (size_t d = 0; d < out.size(); ++d) {
      int64_t first = index[d + 1] * op.getStrides()[d] - op.getPads()[d], inside = 0;
      for (int64_t k = 0; k < op.getKernel()[d]; ++k) {
        int64_t at = first + k * op.getDilations()[d];
        inside += at >= 0 && at < in[d];
      }
      count *= std::max<int64_t>(inside, 1);
    }
    counts.setInt(flat, count);
    same &= count == counts.getInt(0);
  });
  if (!same || counts.getNumElements() == 0)
    return counts;
  edge::HostTensor one(RankedTensorType::get({}, b.getI32Type()));
  one.setInt(0, counts.getInt(0));
  return one;
}

} // namespace

/// Of the integers as they are, so their scale and zero point have to be the result's.
Value fixed_point::averageWindows(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::PoolOp>();
  if (!op || op.getKind() != edge::PoolKind::average || op.getCountIncludePad())
    return {};
  std::optional<Quantized> x = readFrom(op.getX());
  if (!x || !sameNumbers(*x, to))
    return {};
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getResult().getType()).clone(b.getI32Type());
  Value sum = edge::PoolOp::create(b, loc, type, x->integers, edge::PoolKind::sum, op.getKernel(),
                                   op.getStrides(), op.getDilations(), op.getPads(),
                                   op.getOutputShape(), /*count_include_pad=*/false);
  return limited(b, loc, divided(b, loc, sum, countsOf(b, op)), to);
}

/// The largest integer stands for the largest number.
Value fixed_point::largestInWindows(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::PoolOp>();
  std::optional<Quantized> x =
      op && op.getKind() == edge::PoolKind::max ? readFrom(op.getX()) : std::nullopt;
  if (!x || !sameNumbers(*x, to))
    return {};
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getResult().getType()).clone(to.storage);
  Value largest =
      edge::PoolOp::create(b, loc, type, x->integers, edge::PoolKind::max, op.getKernel(),
                           op.getStrides(), op.getDilations(), op.getPads(), op.getOutputShape(),
                           /*count_include_pad=*/false);
  Type wide = b.getI32Type();
  largest = edge::CastOp::create(b, loc, type.clone(wide), largest, TypeAttr::get(wide));
  return limited(b, loc, largest, to);
}

static Value sumOf(OpBuilder &b, edge::ReduceOp op, const Quantized &x) {
  auto type = cast<RankedTensorType>(op.getResult().getType()).clone(b.getI32Type());
  return edge::ReduceOp::create(b, op.getLoc(), type, centred(b, op.getLoc(), x),
                                edge::ReduceKind::sum, op.getAxes(), op.getKeepdims());
}

/// The number of elements is divided off the multiplier, which is shifted for that.
Value fixed_point::mean(OpBuilder &b, Value numbers, const Quantized &to) {
  auto quotient = numbers.getDefiningOp<edge::DivOp>();
  auto op = quotient ? quotient->getOperand(0).getDefiningOp<edge::ReduceOp>() : nullptr;
  std::optional<edge::HostTensor> count = op ? constantOf(quotient->getOperand(1)) : std::nullopt;
  if (!count || count->getNumElements() != 1 || op.getKind() != edge::ReduceKind::sum)
    return {};
  std::optional<Quantized> x = readFrom(op.getX());
  auto n = static_cast<int64_t>(count->getFloat(0));
  FixedPoint factor;
  if (!x || n < 1 || !factor.add(x->scale / to.scale))
    return {};
  int32_t &multiplier = factor.multipliers[0], &shift = factor.shifts[0];
  int bits = std::min<int>({static_cast<int>(llvm::Log2_64(n)), 32, 31 + shift});
  multiplier = static_cast<int32_t>((static_cast<int64_t>(multiplier) << bits) / n);
  shift -= bits;
  return requantize(b, op.getLoc(), sumOf(b, op, *x), factor, to);
}

Value fixed_point::sum(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::ReduceOp>();
  std::optional<Quantized> x = op ? readFrom(op.getX()) : std::nullopt;
  FixedPoint factor;
  if (!x || op.getKind() != edge::ReduceKind::sum || !factor.add(x->scale / to.scale))
    return {};
  return requantize(b, op.getLoc(), sumOf(b, op, *x), factor, to);
}
