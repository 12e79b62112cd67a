// GridSample and RoiAlign: images read at positions that are computed at run time, as gathers and
// elementwise arithmetic that fuse into one loop.
#include "frontends/onnx/ops/Row.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

Value clampValue(const Formula &f, Value x, double low, double high) {
  return f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, low), high);
}

/// 1 where low <= x <= high, else 0.
Value isBetween(const NodeContext &ctx, Value x, double low, double high) {
  if (!x)
    return {};
  Type element = elementOf(x);
  Value above = ctx.create<edge::CompareOp>(x, ctx.scalar(element, low),
                                            edge::ComparePredicate::greater_equal);
  Value below =
      ctx.create<edge::CompareOp>(x, ctx.scalar(element, high), edge::ComparePredicate::less_equal);
  return ctx.cast(ctx.create<edge::AndOp>(above, below), element);
}

/// One tap along one spatial dimension: the index (a float, in range) and its weight (null for 1).
struct Tap {
  Value index, weight;
};

/// How GridSample reads one spatial dimension.
struct GridAxis {
  const NodeContext &ctx;
  Formula f{ctx};
  int64_t extent;
  std::string mode, padding;
  bool alignCorners;

  double low() const { return alignCorners ? 0 : -0.5; }
  double high() const { return static_cast<double>(extent) - (alignCorners ? 1 : 0.5); }

  /// Mirrors x at the borders until it is inside.
  Value reflect(Value x) const {
    double range = high() - low();
    if (range <= 0)
      return f.mul(x, 0.0);
    Value distance = f.unary<edge::AbsOp>(f.sub(x, low()));
    Value turns = f.unary<edge::FloorOp>(f.div(distance, 2 * range));
    Value phase = f.sub(distance, f.mul(turns, 2 * range));
    return f.add(f.binary<edge::MinOp>(phase, f.sub(2 * range, phase)), low());
  }

  Tap tap(Value at, Value weight) const {
    double last = static_cast<double>(extent - 1);
    if (padding == "zeros") {
      Value inside = isBetween(ctx, at, 0, last);
      weight = weight ? f.mul(weight, inside) : inside;
    } else if (padding == "reflection" && mode == "cubic") {
      at = reflect(at);
    }
    return {clampValue(f, at, 0, last), weight};
  }

  /// The taps at a position in [-1, 1].
  SmallVector<Tap> taps(Value position) const {
    double size = static_cast<double>(extent);
    Value x = f.add(position, 1.0);
    x = alignCorners ? f.mul(x, (size - 1) / 2) : f.mul(f.sub(f.mul(x, size), 1.0), 0.5);
    if (mode == "nearest")
      x = f.unary<edge::RoundOp>(x);
    if (padding == "border")
      x = clampValue(f, x, 0, size - 1);
    else if (padding == "reflection")
      x = reflect(x);
    if (mode == "nearest")
      return {tap(x, Value())};
    Value left = f.unary<edge::FloorOp>(x), right = f.add(left, 1.0), t = f.sub(x, left);
    if (mode == "linear")
      return {tap(left, f.sub(1.0, t)), tap(right, t)};
    // Keys' cubic convolution: near(d) for |d| <= 1, far(d) for 1 < |d| < 2.
    constexpr double a = -0.75;
    auto near = [&](Value d) {
      return f.add(f.mul(f.mul(f.sub(f.mul(d, a + 2), a + 3), d), d), 1.0);
    };
    auto far = [&](Value d) {
      return f.sub(f.mul(f.add(f.mul(f.sub(f.mul(d, a), 5 * a), d), 8 * a), d), 4 * a);
    };
    Value rest = f.sub(1.0, t);
    return {tap(f.sub(left, 1.0), far(f.add(t, 1.0))), tap(left, near(t)), tap(right, near(rest)),
            tap(f.add(right, 1.0), far(f.add(rest, 1.0)))};
  }
};

FailureOr<Results> importGridSample(NodeContext &ctx) {
  auto x = ctx.type(0), grid = ctx.type(1);
  int64_t rank = x.getRank(), spatial = rank - 2;
  if (rank < 3 || grid.getRank() != rank || grid.getShape().back() != spatial ||
      grid.getDimSize(0) != x.getDimSize(0) || !isa<FloatType>(x.getElementType()) ||
      !isa<FloatType>(grid.getElementType()))
    return ctx.error("can't sample ") << x << " at positions " << grid;
  if (x.getNumElements() == 0)
    return ctx.error("samples an empty image");
  std::string mode = ctx.stringAttr("mode", "linear"),
              padding = ctx.stringAttr("padding_mode", "zeros");
  if (mode == "bilinear")
    mode = "linear";
  if (mode == "bicubic")
    mode = "cubic";
  if (!llvm::is_contained({"linear", "nearest", "cubic"}, mode) ||
      !llvm::is_contained({"zeros", "border", "reflection"}, padding))
    return ctx.error("mode '") << mode << "' with padding '" << padding
                               << "' is not one that GridSample has";
  if (mode == "cubic" && spatial > 3)
    return ctx.error("is cubic in ") << spatial << " dimensions, which would take too many reads";
  Formula f(ctx);
  Type element = x.getElementType(), wide = Formula::wideType(element);
  Value positions = ctx.cast(ctx.input(1), wide);
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t i = 0; i < spatial; ++i) {
    // The grid's last dimension counts from the innermost of the image.
    SmallVector<int64_t> offsets(rank, 0), sizes(grid.getShape()), strides(rank, 1);
    offsets.back() = spatial - 1 - i;
    sizes.back() = 1;
    Value position = ctx.create<edge::SliceOp>(positions, offsets, sizes, strides);
    GridAxis axis{.ctx = ctx,
                  .extent = x.getDimSize(i + 2),
                  .mode = mode,
                  .padding = padding,
                  .alignCorners = ctx.intAttr("align_corners", 0) != 0};
    taps.push_back(axis.taps(position));
  }
  Value image = ctx.toChannelsLast(ctx.input(0)), sum;
  // Every combination of one tap for each dimension.
  SmallVector<size_t> chosen(spatial, 0);
  for (bool done = false; !done;) {
    SmallVector<Value> indices;
    Value weight;
    for (int64_t i = 0; i < spatial; ++i) {
      const Tap &tap = taps[i][chosen[i]];
      indices.push_back(ctx.cast(tap.index, ctx.b.getI32Type()));
      if (!indices.back())
        return failure();
      if (tap.weight)
        weight = weight ? f.mul(weight, tap.weight) : tap.weight;
    }
    Value tuple = ctx.create<edge::ConcatOp>(ValueRange(indices), rank - 1);
    Value value = ctx.create<edge::GatherNDOp>(image, tuple, 1);
    if (weight)
      value = f.mul(ctx.cast(value, wide), weight);
    sum = sum ? f.add(sum, value) : value;
    done = true;
    for (int64_t i = spatial - 1; i >= 0 && done; --i) {
      done = ++chosen[i] == taps[i].size();
      if (done)
        chosen[i] = 0;
    }
  }
  return one(ctx.toChannelsFirst(ctx.cast(sum, element)));
}

/// The two taps of each sample of each region along one dimension, as `[regions, samples, 1]`.
SmallVector<Tap> roiTaps(const NodeContext &ctx, Value start, Value end, int64_t extent,
                         int64_t out, int64_t sampling, bool halfPixel) {
  Formula f(ctx);
  Value size = f.sub(end, start);
  if (!halfPixel)
    size = f.binary<edge::MaxOp>(size, 1.0);
  Type element = elementOf(start);
  edge::HostTensor centres(RankedTensorType::get({1, out * sampling, 1}, element));
  for (int64_t i = 0; i < out * sampling; ++i)
    centres.setFloat(i, (static_cast<double>(i) + 0.5) / static_cast<double>(out * sampling));
  Value x = f.add(start, f.mul(size, ctx.constantTensor(centres)));
  double last = static_cast<double>(extent - 1);
  Value inside = isBetween(ctx, x, -1, static_cast<double>(extent));
  x = clampValue(f, x, 0, last);
  Value left = f.unary<edge::FloorOp>(x), t = f.sub(x, left);
  Value right = f.binary<edge::MinOp>(f.add(left, 1.0), last);
  return {{left, f.mul(f.sub(1.0, t), inside)}, {right, f.mul(t, inside)}};
}

FailureOr<Results> importRoiAlign(NodeContext &ctx) {
  auto x = ctx.type(0), rois = ctx.type(1), batches = ctx.type(2);
  Type element = x.getElementType(), wide = Formula::wideType(element);
  if (x.getRank() != 4 || rois.getRank() != 2 || rois.getDimSize(1) != 4 ||
      batches.getRank() != 1 || batches.getDimSize(0) != rois.getDimSize(0) ||
      !isa<FloatType>(element) || x.getNumElements() == 0)
    return ctx.error("can't read regions ") << rois << " of " << x;
  int64_t height = ctx.intAttr("output_height", 1), width = ctx.intAttr("output_width", 1);
  int64_t sampling = ctx.intAttr("sampling_ratio", 0), regions = rois.getDimSize(0);
  if (sampling == 0) {
    auto diagnostic =
        ctx.error("has a sampling ratio of 0, so that the number of samples depends on the data");
    diagnostic.attachNote() << "export the model with a fixed sampling ratio, such as 2";
    return diagnostic;
  }
  for (int64_t value : {height, width, sampling})
    if (value < 1 || value > 4096)
      return ctx.error("has an output extent or sampling ratio of ") << value;
  std::string mode = ctx.stringAttr("mode", "avg");
  if (mode != "avg" && mode != "max")
    return ctx.error("mode '") << mode << "' is neither 'avg' nor 'max'";
  bool halfPixel = ctx.opset >= 16 &&
                   ctx.stringAttr("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  Formula f(ctx);
  auto corner = [&](int64_t i) {
    Value edge = ctx.create<edge::SliceOp>(ctx.input(1), ArrayRef<int64_t>{0, i},
                                           ArrayRef<int64_t>{regions, 1}, ArrayRef<int64_t>{1, 1});
    edge = f.mul(ctx.cast(ctx.reshape(edge, {regions, 1, 1}), wide),
                 ctx.floatAttr("spatial_scale", 1));
    return halfPixel ? f.sub(edge, 0.5) : edge;
  };
  Value left = corner(0), top = corner(1), right = corner(2), bottom = corner(3);
  if (!left || !top || !right || !bottom)
    return failure();
  auto rows = roiTaps(ctx, top, bottom, x.getDimSize(2), height, sampling, halfPixel);
  auto columns = roiTaps(ctx, left, right, x.getDimSize(3), width, sampling, halfPixel);
  int64_t tall = height * sampling, broad = width * sampling;
  SmallVector<int64_t> shape{regions, tall, broad, 1};
  auto spread = [&](Value value, ArrayRef<int64_t> own) {
    return ctx.create<edge::BroadcastOp>(ctx.reshape(ctx.cast(value, ctx.b.getI32Type()), own),
                                         shape);
  };
  Value batch = spread(ctx.input(2), {regions, 1, 1, 1});
  Value image = ctx.toChannelsLast(ctx.input(0)), sum;
  for (const Tap &row : rows)
    for (const Tap &column : columns) {
      SmallVector<Value> parts{batch, spread(row.index, {regions, tall, 1, 1}),
                               spread(column.index, {regions, 1, broad, 1})};
      if (llvm::is_contained(parts, Value()))
        return failure();
      Value tuple = ctx.create<edge::ConcatOp>(ValueRange(parts), 3);
      Value weight = f.mul(ctx.reshape(row.weight, {regions, tall, 1, 1}),
                           ctx.reshape(column.weight, {regions, 1, broad, 1}));
      Value value = f.mul(ctx.cast(ctx.create<edge::GatherNDOp>(image, tuple, 0), wide), weight);
      // The maximum is over the weighted corners, not over the interpolated samples: so ONNX has
      // it.
      sum = !sum ? value : mode == "max" ? f.binary<edge::MaxOp>(sum, value) : f.add(sum, value);
    }
  sum = ctx.reshape(sum, {regions, height, sampling, width, sampling, x.getDimSize(1)});
  sum = mode == "max" ? f.reduce(sum, edge::ReduceKind::max, {2, 4}, false)
                      : f.mean(sum, {2, 4}, false);
  return one(ctx.toChannelsFirst(ctx.cast(sum, element)));
}

const OperatorRow kRows[] = {
    {"GridSample", needs<importGridSample, 2>},
    {"RoiAlign", needs<importRoiAlign, 3>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getSampleRows() { return kRows; }
