// Rows of pooling. ONNX counts windows in several ways; edge.pool is told how many there are.
#include "frontends/onnx/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

using edge::PoolKind;
using edge::ReduceKind;

namespace {

struct Windows {
  SmallVector<int64_t> kernel, strides, dilations, pads, output;
};

/// The windows of a pooling node, one entry a spatial dimension, with the meaning of auto_pad and
/// ceil_mode worked out.
FailureOr<Windows> windows(NodeContext &ctx) {
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  if (shape.size() < 3)
    return ctx.error("") << "pooling expects an input of rank 3 or more, but got rank "
                         << shape.size();
  size_t spatial = shape.size() - 2;
  Windows w;
  w.kernel = ctx.intsAttr("kernel_shape");
  w.strides = ctx.intsAttr("strides", SmallVector<int64_t>(spatial, 1));
  w.dilations = ctx.intsAttr("dilations", SmallVector<int64_t>(spatial, 1));
  w.pads = ctx.intsAttr("pads", SmallVector<int64_t>(2 * spatial, 0));
  if (w.kernel.size() != spatial || w.strides.size() != spatial || w.dilations.size() != spatial ||
      w.pads.size() != 2 * spatial)
    return ctx.error("")
           << "expects one kernel extent, stride and dilation and two pads for each of " << spatial
           << " spatial dimensions";
  std::string autoPad = ctx.stringAttr("auto_pad", "NOTSET");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (!same && autoPad != "NOTSET" && autoPad != "VALID" && !autoPad.empty())
    return ctx.error("") << "attribute 'auto_pad' is '" << autoPad
                         << "', not NOTSET, SAME_UPPER, SAME_LOWER or VALID";
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = shape[i + 2], stride = w.strides[i];
    constexpr int64_t kLimit = int64_t(1) << 31;
    int64_t &before = w.pads[i], &after = w.pads[spatial + i];
    for (int64_t value : {w.kernel[i], stride, w.dilations[i]})
      if (value < 1 || value > kLimit)
        return ctx.error("") << "kernel extents, strides and dilations are 1 or more, but got "
                             << value;
    int64_t window = w.dilations[i] * (w.kernel[i] - 1) + 1;
    if (same) {
      int64_t count = (extent + stride - 1) / stride;
      int64_t total = std::max<int64_t>((count - 1) * stride + window - extent, 0);
      before = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      after = total - before;
      w.output.push_back(count);
      continue;
    }
    if (autoPad == "VALID")
      before = after = 0;
    if (before < 0 || after < 0 || before > kLimit || after > kLimit)
      return ctx.error("") << "pads are 0 or more, but got " << before << " and " << after;
    int64_t room = extent + before + after - window;
    if (room < 0)
      return ctx.error("") << "a window of " << window << " does not fit the padded extent "
                           << extent + before + after << " of spatial dimension " << i;
    int64_t count = room / stride + 1;
    // Rounded up, a last window counts only if it starts inside the input or the padding before it.
    if (ctx.intAttr("ceil_mode", 0) && room % stride && count * stride < extent + before)
      ++count;
    w.output.push_back(count);
  }
  return w;
}

Value pool(const NodeContext &ctx, Value x, PoolKind kind, const Windows &w,
           bool countIncludePad = false) {
  return ctx.toChannelsFirst(ctx.create<edge::PoolOp>(ctx.toChannelsLast(x), kind, w.kernel,
                                                      w.strides, w.dilations, w.pads, w.output,
                                                      countIncludePad));
}

FailureOr<Results> importMaxPool(NodeContext &ctx) {
  if (ctx.hasOutput(1))
    return ctx.error("") << "output 'Indices' of MaxPool is not supported";
  auto w = windows(ctx);
  if (failed(w))
    return failure();
  return one(pool(ctx, ctx.input(0), PoolKind::max, *w));
}

FailureOr<Results> importAveragePool(NodeContext &ctx) {
  auto w = windows(ctx);
  if (failed(w))
    return failure();
  return one(
      pool(ctx, ctx.input(0), PoolKind::average, *w, ctx.intAttr("count_include_pad", 0) != 0));
}

/// `total(|x|^p)^(1/p)`, in f32 where x is narrower.
template <typename Total> Value lpNorm(const NodeContext &ctx, Value x, int64_t p, Total total) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) -> Value {
    if (p == 1)
      return total(f.unary<edge::AbsOp>(x));
    if (p == 2)
      return f.sqrt(total(f.mul(x, x)));
    Value sum = total(f.binary<edge::PowOp>(f.unary<edge::AbsOp>(x), static_cast<double>(p)));
    return f.binary<edge::PowOp>(sum, 1.0 / static_cast<double>(p));
  });
}

FailureOr<Results> importLpPool(NodeContext &ctx) {
  auto w = windows(ctx);
  if (failed(w))
    return failure();
  int64_t p = ctx.intAttr("p", 2);
  if (p < 1)
    return ctx.error("") << "attribute 'p' is " << p << ", not 1 or more";
  return one(lpNorm(ctx, ctx.input(0), p,
                    [&](Value powers) { return pool(ctx, powers, PoolKind::sum, *w); }));
}

//===- Global pools are reductions ------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> spatialAxes(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  if (rank < 2)
    return ctx.error("") << "global pooling expects an input of rank 2 or more, but got rank "
                         << rank;
  return llvm::to_vector(llvm::seq<int64_t>(2, rank));
}

FailureOr<Results> importGlobalAveragePool(NodeContext &ctx) {
  auto axes = spatialAxes(ctx);
  if (failed(axes))
    return failure();
  Formula f(ctx);
  return one(f.inSingle(ctx.input(0), [&](Value x) { return f.mean(x, *axes); }));
}

FailureOr<Results> importGlobalMaxPool(NodeContext &ctx) {
  auto axes = spatialAxes(ctx);
  if (failed(axes))
    return failure();
  return one(Formula(ctx).reduce(ctx.input(0), ReduceKind::max, *axes));
}

FailureOr<Results> importGlobalLpPool(NodeContext &ctx) {
  auto axes = spatialAxes(ctx);
  if (failed(axes))
    return failure();
  int64_t p = ctx.intAttr("p", 2);
  if (p < 1)
    return ctx.error("") << "attribute 'p' is " << p << ", not 1 or more";
  return one(lpNorm(ctx, ctx.input(0), p, [&](Value powers) {
    return Formula(ctx).reduce(powers, ReduceKind::sum, *axes);
  }));
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getPoolRows() {
  static const OperatorRow rows[] = {
      {"AveragePool", importAveragePool},
      {"GlobalAveragePool", importGlobalAveragePool},
      {"GlobalLpPool", importGlobalLpPool},
      {"GlobalMaxPool", importGlobalMaxPool},
      {"LpPool", importLpPool},
      {"MaxPool", importMaxPool},
  };
  return rows;
}
