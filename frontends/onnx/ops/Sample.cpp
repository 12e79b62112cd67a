// RoiAlign (GridSample is shared): images read at positions that are computed at run time, as
// gathers and elementwise arithmetic that fuse into one loop.
#include "frontends/GridSample.h"
#include "frontends/onnx/ops/Row.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

FailureOr<Results> importGridSample(NodeContext &ctx) {
  std::string mode = ctx.stringAttr("mode", "linear");
  if (mode == "bilinear")
    mode = "linear";
  if (mode == "bicubic")
    mode = "cubic";
  return one(createGridSample(ctx, ctx.input(0), ctx.input(1), mode,
                              ctx.stringAttr("padding_mode", "zeros"),
                              ctx.intAttr("align_corners", 0) != 0));
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
  x = clamped(f, x, 0, last);
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
