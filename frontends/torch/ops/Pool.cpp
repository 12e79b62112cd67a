// Rows of pooling. edge.pool is told how many windows there are.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using edge::PoolKind;
using edge::ReduceKind;

namespace {

struct Windows {
  SmallVector<int64_t> kernel, strides, dilations, pads, output;
};

/// Windows of `spatial` dimensions. Rounded up, a last one counts only if it starts inside the
/// input or the padding before it.
FailureOr<Windows> windows(const NodeContext &ctx, int64_t spatial, bool dilated) {
  auto x = ctx.type(0);
  auto kernel = ctx.spatial("kernel_size", spatial);
  auto strides = failed(kernel) ? kernel : ctx.spatial("stride", spatial, *kernel);
  auto pads = ctx.spatial("padding", spatial);
  auto dilations = dilated ? ctx.spatial("dilation", spatial)
                           : FailureOr<SmallVector<int64_t>>(SmallVector<int64_t>(spatial, 1));
  if (failed(kernel) || failed(strides) || failed(pads) || failed(dilations))
    return failure();
  Windows w{*kernel, *strides, *dilations, *pads, {}};
  w.pads.append(*pads);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t extent = x.getDimSize(x.getRank() - spatial + i);
    if (w.kernel[i] < 1 || w.strides[i] < 1 || w.dilations[i] < 1 || w.pads[i] < 0)
      return ctx.error("has a kernel extent, stride, dilation or pad that is out of range");
    int64_t room = extent + 2 * w.pads[i] - w.dilations[i] * (w.kernel[i] - 1) - 1;
    if (room < 0)
      return ctx.error("a window of ") << w.kernel[i] << " does not fit the extent " << extent;
    int64_t count = room / w.strides[i] + 1;
    if (ctx.flag("ceil_mode") && room % w.strides[i] && count * w.strides[i] < extent + w.pads[i])
      ++count;
    w.output.push_back(count);
  }
  return w;
}

/// x with a batch dimension, where it lacks it, and channels last; and back.
template <typename Fn> Value channelsLast(const NodeContext &ctx, int64_t spatial, Fn fn) {
  Value x = ctx.input(0);
  bool unbatched = ctx.type(0).getRank() == spatial + 1;
  if (unbatched) {
    SmallVector<int64_t> shape(shapeOf(x));
    shape.insert(shape.begin(), 1);
    x = ctx.reshape(x, shape);
  }
  Value y = ctx.toChannelsFirst(fn(ctx.toChannelsLast(x)));
  return y && unbatched ? ctx.reshape(y, shapeOf(y).drop_front()) : y;
}

LogicalResult checkRank(const NodeContext &ctx, int64_t spatial) {
  int64_t rank = ctx.type(0).getRank();
  if (rank == spatial + 1 || rank == spatial + 2)
    return success();
  return ctx.error("expects an input of rank ") << spatial + 2 << ", but got " << ctx.type(0);
}

/// The places in its plane of the elements of each window, `[windows, taps]`: where a window
/// reaches into the padding, one of them stands there again, so that it is never the first.
FailureOr<edge::HostTensor> placesOfTaps(const NodeContext &ctx, const Windows &w,
                                         ArrayRef<int64_t> plane) {
  int64_t count = ShapedType::getNumElements(w.output), taps = ShapedType::getNumElements(w.kernel);
  if (failed(checkWritten(ctx, count, taps)))
    return failure();
  edge::HostTensor places(RankedTensorType::get({count, taps}, ctx.b.getI64Type()));
  edge::forEachIndex(w.output, [&](ArrayRef<int64_t> window, int64_t row) {
    SmallVector<int64_t> inside;
    edge::forEachIndex(w.kernel, [&](ArrayRef<int64_t> tap, int64_t) {
      int64_t place = 0;
      bool isInside = true;
      for (auto [i, extent] : llvm::enumerate(plane)) {
        int64_t at = window[i] * w.strides[i] - w.pads[i] + tap[i] * w.dilations[i];
        isInside &= at >= 0 && at < extent;
        place = place * extent + at;
      }
      if (isInside)
        inside.push_back(place);
    });
    for (int64_t tap = 0; tap < taps; ++tap) {
      size_t at = std::min<size_t>(tap, inside.empty() ? 0 : inside.size() - 1);
      places.setInt(row * taps + tap, inside.empty() ? 0 : inside[at]);
    }
  });
  return places;
}

/// Where in its plane each maximum stands.
Value placesOfMaxima(const NodeContext &ctx, const Windows &w) {
  auto x = ctx.type(0);
  auto spatial = static_cast<int64_t>(w.kernel.size()), outer = x.getRank() - spatial;
  SmallVector<int64_t> shape(x.getShape().take_front(outer));
  ArrayRef<int64_t> plane = x.getShape().drop_front(outer);
  auto places = placesOfTaps(ctx, w, plane);
  if (failed(places))
    return {};
  int64_t planes = ShapedType::getNumElements(shape);
  Value table = ctx.constantTensor(*places);
  Value flat = ctx.reshape(ctx.input(0), {planes, ShapedType::getNumElements(plane)});
  Value first = ctx.create<edge::ArgReduceOp>(ctx.create<edge::GatherOp>(flat, table, 1),
                                              ReduceKind::max, 2, /*keepdims=*/true, false);
  SmallVector<int64_t> all(places->getShape());
  all.insert(all.begin(), planes);
  Value index =
      ctx.create<edge::GatherElementsOp>(ctx.create<edge::BroadcastOp>(table, all), first, 2);
  shape.append(w.output);
  return ctx.reshape(index, shape);
}

template <int64_t spatial> FailureOr<Results> importMaxPool(NodeContext &ctx) {
  if (failed(checkRank(ctx, spatial)))
    return failure();
  auto w = windows(ctx, spatial, /*dilated=*/true);
  if (failed(w))
    return failure();
  auto results = one(channelsLast(ctx, spatial, [&](Value x) {
    return ctx.create<edge::PoolOp>(x, PoolKind::max, w->kernel, w->strides, w->dilations, w->pads,
                                    w->output, false);
  }));
  if (failed(results) || !isUsed(ctx, 1))
    return results;
  results->push_back(placesOfMaxima(ctx, *w));
  return results->back() ? results : FailureOr<Results>(failure());
}

template <int64_t spatial> FailureOr<Results> importAvgPool(NodeContext &ctx) {
  if (failed(checkRank(ctx, spatial)))
    return failure();
  auto w = windows(ctx, spatial, /*dilated=*/false);
  if (failed(w))
    return failure();
  int64_t divisor = 0;
  for (const Parameter &parameter : ctx.schema.parameters)
    if (parameter.name == "divisor_override")
      divisor = ctx.integer("divisor_override");
  Value y = channelsLast(ctx, spatial, [&](Value x) {
    return ctx.create<edge::PoolOp>(x, divisor ? PoolKind::sum : PoolKind::average, w->kernel,
                                    w->strides, w->dilations, w->pads, w->output,
                                    ctx.flag("count_include_pad") && !divisor);
  });
  return one(divisor ? Formula(ctx).div(y, static_cast<double>(divisor)) : y);
}

//===- Adaptive -------------------------------------------------------------------------------===//

/// Where window `i` of `out` over `in` elements begins and ends.
std::pair<int64_t, int64_t> window(int64_t i, int64_t in, int64_t out) {
  return {i * in / out, ((i + 1) * in + out - 1) / out};
}

/// Extents of the result, `None` for the input's own.
FailureOr<SmallVector<int64_t>> adaptiveExtents(const NodeContext &ctx, int64_t spatial) {
  if (failed(checkRank(ctx, spatial)))
    return failure();
  auto out = ctx.spatial("output_size", spatial);
  if (failed(out))
    return failure();
  auto x = ctx.type(0);
  for (int64_t i = 0; i < spatial; ++i)
    if ((*out)[i] < 1 || (*out)[i] > INT16_MAX || x.getDimSize(x.getRank() - spatial + i) < 1)
      return ctx.error("can't pool ") << x << " to an extent of " << (*out)[i];
  return *out;
}

/// Means of windows of different lengths: rows of a table of taps and weights.
Value averageAlong(const NodeContext &ctx, Value x, int64_t axis, int64_t out) {
  if (!x)
    return {};
  int64_t in = shapeOf(x)[axis], taps = 0;
  for (int64_t i = 0; i < out; ++i)
    taps = std::max(taps, window(i, in, out).second - window(i, in, out).first);
  edge::HostTensor indices(RankedTensorType::get({out, taps}, ctx.b.getI32Type()));
  edge::HostTensor weights(RankedTensorType::get({out, taps}, ctx.b.getF32Type()));
  for (int64_t i = 0; i < out; ++i) {
    auto [from, to] = window(i, in, out);
    for (int64_t t = 0; t < taps; ++t) {
      indices.setInt(i * taps + t, std::min(from + t, in - 1));
      weights.setFloat(i * taps + t, from + t < to ? 1.0 / static_cast<double>(to - from) : 0);
    }
  }
  SmallVector<Value> index{ctx.constantTensor(indices)}, weight{ctx.constantTensor(weights)};
  return ctx.create<edge::ResampleOp>(x, ValueRange(index), ValueRange(weight), axis);
}

template <int64_t spatial> FailureOr<Results> importAdaptiveAvgPool(NodeContext &ctx) {
  auto out = adaptiveExtents(ctx, spatial);
  if (failed(out))
    return failure();
  auto x = ctx.type(0);
  int64_t first = x.getRank() - spatial;
  Formula f(ctx);
  if (llvm::all_of(*out, [](int64_t extent) { return extent == 1; })) {
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(first, x.getRank()));
    return one(f.inSingle(ctx.input(0), [&](Value x) { return f.mean(x, axes); }));
  }
  bool isEven = true;
  SmallVector<int64_t> kernel, ones(spatial, 1), pads(2 * spatial, 0);
  for (int64_t i = 0; i < spatial; ++i) {
    isEven &= x.getDimSize(first + i) % (*out)[i] == 0;
    kernel.push_back(x.getDimSize(first + i) / (*out)[i]);
  }
  if (isEven)
    return one(channelsLast(ctx, spatial, [&](Value x) {
      return ctx.create<edge::PoolOp>(x, PoolKind::average, kernel, kernel, ones, pads, *out,
                                      false);
    }));
  Value y = ctx.input(0);
  for (int64_t i = 0; i < spatial; ++i)
    y = averageAlong(ctx, y, first + i, (*out)[i]);
  return one(y);
}

template <int64_t spatial> FailureOr<Results> importAdaptiveMaxPool(NodeContext &ctx) {
  auto out = adaptiveExtents(ctx, spatial);
  if (failed(out))
    return failure();
  int64_t first = ctx.type(0).getRank() - spatial;
  Formula f(ctx);
  Value y = ctx.input(0);
  for (int64_t i = 0; i < spatial; ++i) {
    SmallVector<Value> parts;
    int64_t axis = first + i, in = ctx.type(0).getDimSize(axis);
    for (int64_t o = 0; o < (*out)[i]; ++o) {
      auto [from, to] = window(o, in, (*out)[i]);
      parts.push_back(f.reduce(sliceAlong(ctx, y, axis, from, to), ReduceKind::max, axis));
    }
    y = parts.size() == 1 ? parts[0] : ctx.create<edge::ConcatOp>(ValueRange(parts), axis);
  }
  return one(y);
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getPoolRows() {
  static const OperatorRow rows[] = {
      {"aten::max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], "
       "int[1] dilation=[1], bool ceil_mode=False) -> Tensor",
       importMaxPool<1>},
      {"aten::max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] "
       "padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> (Tensor, Tensor)",
       importMaxPool<1>},
      {"aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, "
       "int[2] dilation=1, bool ceil_mode=False) -> Tensor",
       importMaxPool<2>},
      {"aten::max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] "
       "padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
       importMaxPool<2>},
      {"aten::max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, "
       "int[3] dilation=1, bool ceil_mode=False) -> Tensor",
       importMaxPool<3>},
      {"aten::max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] "
       "padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)",
       importMaxPool<3>},
      {"aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], "
       "bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
       importAvgPool<1>},
      {"aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool "
       "ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
       importAvgPool<2>},
      {"aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool "
       "ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
       importAvgPool<3>},
      {"aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor",
       importAdaptiveAvgPool<1>},
      {"aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor",
       importAdaptiveAvgPool<2>},
      {"aten::_adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor",
       importAdaptiveAvgPool<2>},
      {"aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor",
       importAdaptiveAvgPool<3>},
      {"aten::_adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor",
       importAdaptiveAvgPool<3>},
      {"aten::adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)",
       importAdaptiveMaxPool<1>},
      {"aten::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)",
       importAdaptiveMaxPool<2>},
      {"aten::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)",
       importAdaptiveMaxPool<3>},
  };
  return rows;
}
