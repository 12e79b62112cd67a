// Resize and Upsample: every mode becomes a table of indices and weights for each axis.
#include "frontends/Resampling.h"
#include "frontends/onnx/ops/Row.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;
using Axis = ResampledAxis;

namespace {

/// Result extents from `sizes`, under one of the policies for the aspect ratio.
LogicalResult applySizes(NodeContext &ctx, SmallVectorImpl<Axis> &axes, ArrayRef<int64_t> sizes) {
  std::string policy = ctx.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    return ctx.error("'keep_aspect_ratio_policy' is '") << policy << "', which Resize doesn't have";
  double common = 0;
  for (auto [axis, size] : llvm::zip_equal(axes, sizes)) {
    if (size < 0 || axis.in == 0)
      return ctx.error("can't resize extent ") << axis.in << " to " << size;
    axis.out = size;
    axis.scale = static_cast<double>(size) / static_cast<double>(axis.in);
    bool isFirst = &axis == axes.begin();
    common = isFirst ? axis.scale
                     : (policy == "not_larger" ? std::min(common, axis.scale)
                                               : std::max(common, axis.scale));
  }
  if (policy != "stretch")
    for (Axis &axis : axes) {
      axis.scale = common;
      axis.out = static_cast<int64_t>(common * static_cast<double>(axis.in) + 0.5);
    }
  return success();
}

LogicalResult applyScales(NodeContext &ctx, SmallVectorImpl<Axis> &axes, ArrayRef<double> scales) {
  for (auto [axis, scale] : llvm::zip_equal(axes, scales)) {
    // In single precision, as ONNX's own shape inference and other runtimes have it.
    float extent = std::floor(static_cast<float>(axis.in) * static_cast<float>(scale));
    if (!(scale > 0) || !(extent < 2147483648.0f))
      return ctx.error("can't scale extent ") << axis.in << " by " << scale;
    axis.scale = scale;
    axis.out = static_cast<int64_t>(extent);
  }
  return success();
}

/// An input that is there and not empty, as numbers.
FailureOr<SmallVector<double>> optionalFloats(NodeContext &ctx, unsigned index, StringRef what) {
  if (!ctx.input(index) || ctx.type(index).getNumElements() == 0)
    return SmallVector<double>();
  auto tensor = ctx.constant(index, what);
  if (failed(tensor))
    return failure();
  return tensor->getFloats();
}

FailureOr<Results> importResize(NodeContext &ctx) {
  auto x = ctx.type(0);
  bool isUpsample = ctx.node.op_type() == "Upsample", isOld = isUpsample || ctx.opset < 11;
  Sampling sampling;
  sampling.mode = ctx.stringAttr("mode", "nearest");
  sampling.transform =
      isOld ? "asymmetric" : ctx.stringAttr("coordinate_transformation_mode", "half_pixel");
  sampling.nearest = isOld ? "floor" : ctx.stringAttr("nearest_mode", "round_prefer_floor");
  sampling.cubicA = ctx.floatAttr("cubic_coeff_a", -0.75);
  sampling.excludeOutside = ctx.intAttr("exclude_outside", 0) != 0;
  sampling.antialias = ctx.intAttr("antialias", 0) != 0;
  if (sampling.mode == "bilinear" || sampling.mode == "trilinear")
    sampling.mode = "linear";
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, sampling.mode))
    return ctx.error("mode '") << sampling.mode
                               << "' is not one of 'nearest', 'linear' and 'cubic'";
  if (!llvm::is_contained({"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                           "align_corners", "asymmetric", "tf_half_pixel_for_nn",
                           "tf_crop_and_resize"},
                          sampling.transform))
    return ctx.error("coordinate transformation '")
           << sampling.transform << "' is not one that Resize has";
  if (!llvm::is_contained({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"},
                          sampling.nearest))
    return ctx.error("'nearest_mode' is '") << sampling.nearest << "', which Resize doesn't have";

  SmallVector<int64_t> all;
  for (int64_t i = 0; i < x.getRank(); ++i)
    all.push_back(i);
  auto dims = ctx.axes(ctx.intsAttr("axes", all), x.getRank());
  if (failed(dims))
    return failure();
  SmallVector<Axis> axes;
  for (int64_t dim : *dims)
    axes.push_back({dim, x.getDimSize(dim), x.getDimSize(dim), 1.0});

  auto scales = optionalFloats(ctx, isOld ? 1 : 2, "the scales");
  auto sizes = isOld ? FailureOr<SmallVector<double>>(SmallVector<double>())
                     : optionalFloats(ctx, 3, "the sizes");
  if (failed(scales) || failed(sizes))
    return failure();
  if (isUpsample && ctx.has("scales"))
    *scales = ctx.floatsAttr("scales");
  if ((scales->empty() == sizes->empty() && !axes.empty()) ||
      (!scales->empty() && scales->size() != axes.size()) ||
      (!sizes->empty() && sizes->size() != axes.size()))
    return ctx.error("expects a scale or a size for each of ") << axes.size() << " axes";
  SmallVector<int64_t> extents(sizes->begin(), sizes->end());
  if (failed(scales->empty() ? applySizes(ctx, axes, extents) : applyScales(ctx, axes, *scales)))
    return failure();
  if (sampling.transform == "tf_crop_and_resize") {
    auto roi = optionalFloats(ctx, 1, "the region of interest");
    if (failed(roi))
      return failure();
    if (roi->size() != 2 * axes.size())
      return ctx.error("expects a region of interest of ") << 2 * axes.size() << " numbers";
    for (auto [i, axis] : llvm::enumerate(axes)) {
      axis.start = (*roi)[i];
      axis.end = (*roi)[axes.size() + i];
      if (!std::isfinite(axis.start) || !std::isfinite(axis.end))
        return ctx.error("has a region of interest that is not finite");
    }
  }
  // Before opset 11, a nearest element was looked for downward, but upward where the image shrinks.
  bool shrinks = llvm::any_of(axes, [](const Axis &axis) { return axis.scale < 1; });
  if (!isUpsample && isOld && shrinks)
    sampling.nearest = "ceil";
  SmallVector<int64_t> shape(x.getShape());
  for (const Axis &axis : axes)
    shape[axis.dim] = axis.out;
  if (failed(checkShape(ctx, shape)))
    return failure();
  if (llvm::is_contained(shape, 0)) {
    edge::HostTensor zero(RankedTensorType::get({}, x.getElementType()));
    return one(createUniform(ctx, zero, shape));
  }
  auto result =
      createResize(ctx, ctx.input(0), sampling, axes, ctx.floatAttr("extrapolation_value", 0));
  if (failed(result))
    return failure();
  return one(*result);
}

const OperatorRow kRows[] = {
    {"Resize", needs<importResize, 1>},
    {"Upsample", needs<importResize, 1>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getResizeRows() { return kRows; }
