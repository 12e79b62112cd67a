// Rows of resampling: tables of indices and weights, and reads at computed positions.
#include "dialects/Edge/Lowering.h"
#include "frontends/GridSample.h"
#include "frontends/Resampling.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// Factors that the caller gave, one a dimension; none where it gave a size alone.
SmallVector<double> givenScales(const NodeContext &ctx, int64_t spatial) {
  SmallVector<double> scales;
  static constexpr StringLiteral kNames[] = {"scales_d", "scales_h", "scales_w"};
  for (const Parameter &parameter : ctx.schema.parameters) {
    if (parameter.name == "scale_factors")
      return ctx.reals("scale_factors");
    bool named = llvm::is_contained(ArrayRef(kNames).take_back(spatial), parameter.name) ||
                 parameter.name == "scales";
    if (named && ctx.has(parameter.name))
      scales.push_back(ctx.real(parameter.name));
  }
  return scales;
}

/// Resamples the last `spatial` dimensions.
FailureOr<Results> resize(NodeContext &ctx, int64_t spatial, Sampling sampling) {
  auto x = ctx.type(0);
  if (x.getRank() != spatial + 2)
    return ctx.error("expects an input of rank ") << spatial + 2 << ", but got " << x;
  SmallVector<int64_t> sizes = ctx.integers("output_size");
  SmallVector<double> scales = givenScales(ctx, spatial);
  bool bySize = static_cast<int64_t>(sizes.size()) == spatial,
       byScale = static_cast<int64_t>(scales.size()) == spatial;
  if (!bySize && !byScale)
    return ctx.error("expects a size or a factor for each of ") << spatial << " dimensions";
  SmallVector<ResampledAxis> axes;
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t in = x.getDimSize(i + 2);
    double extent =
        bySize ? static_cast<double>(sizes[i]) : std::floor(static_cast<double>(in) * scales[i]);
    if (in < 1 || !(extent >= 1) || extent > INT32_MAX)
      return ctx.error("can't resize an extent of ") << in << " to " << extent;
    auto out = static_cast<int64_t>(extent);
    // The factor counts where it was given: the size may be it rounded down.
    bool byFactor = byScale && scales[i] > 0 && sampling.transform != "align_corners";
    double scale = byFactor ? scales[i] : static_cast<double>(out) / static_cast<double>(in);
    axes.push_back({i + 2, in, out, scale});
  }
  auto y = createResize(ctx, ctx.input(0), sampling, axes);
  if (failed(y))
    return failure();
  return one(*y);
}

template <int64_t spatial> FailureOr<Results> importNearest(NodeContext &ctx) {
  Sampling sampling;
  sampling.mode = "nearest";
  sampling.transform = "asymmetric";
  sampling.nearest = "floor";
  return resize(ctx, spatial, sampling);
}

template <int64_t spatial> FailureOr<Results> importNearestExact(NodeContext &ctx) {
  Sampling sampling;
  sampling.mode = "nearest";
  sampling.nearest = "round_prefer_ceil";
  return resize(ctx, spatial, sampling);
}

template <int64_t spatial> FailureOr<Results> importLinear(NodeContext &ctx) {
  Sampling sampling;
  sampling.transform = ctx.flag("align_corners") ? "align_corners" : "half_pixel";
  return resize(ctx, spatial, sampling);
}

FailureOr<Results> importBicubic(NodeContext &ctx) {
  Sampling sampling;
  sampling.mode = "cubic";
  sampling.transform = ctx.flag("align_corners") ? "align_corners" : "half_pixel";
  return resize(ctx, 2, sampling);
}

/// As Pillow does it: the filter widens where the image shrinks, and what is outside has no weight.
template <bool cubic> FailureOr<Results> importAntialiased(NodeContext &ctx) {
  Sampling sampling;
  sampling.mode = cubic ? "cubic" : "linear";
  sampling.transform = ctx.flag("align_corners") ? "align_corners" : "half_pixel";
  sampling.cubicA = -0.5;
  sampling.antialias = sampling.excludeOutside = true;
  return resize(ctx, 2, sampling);
}

FailureOr<Results> importGridSampler(NodeContext &ctx) {
  static constexpr StringLiteral kModes[] = {"linear", "nearest", "cubic"},
                                 kPaddings[] = {"zeros", "border", "reflection"};
  int64_t mode = ctx.integer("interpolation_mode"), padding = ctx.integer("padding_mode");
  if (mode < 0 || mode > 2 || padding < 0 || padding > 2)
    return ctx.error("interpolation mode ")
           << mode << " with padding mode " << padding << " is not one that torch has";
  return one(createGridSample(ctx, ctx.input(0), ctx.input(1), kModes[mode], kPaddings[padding],
                              ctx.flag("align_corners"), /*tapsAlone=*/true));
}

/// Where an affine map takes each place of an image of `size`: [N, D..., coordinates].
FailureOr<Results> importAffineGrid(NodeContext &ctx) {
  SmallVector<int64_t> size = ctx.integers("size");
  auto spatial = static_cast<int64_t>(size.size()) - 2;
  auto theta = ctx.type(0);
  if ((spatial != 2 && spatial != 3) || theta.getRank() != 3 || theta.getDimSize(0) != size[0] ||
      theta.getDimSize(1) != spatial || theta.getDimSize(2) != spatial + 1)
    return ctx.error("maps an image of ") << size.size() << " dimensions by " << theta;
  SmallVector<int64_t> extents(ArrayRef<int64_t>(size).drop_front(2));
  int64_t count = 1;
  for (int64_t extent : extents)
    if (extent < 1 || __builtin_mul_overflow(count, extent, &count))
      return ctx.error("maps an image with an extent of ") << extent;
  if (failed(checkWritten(ctx, count, spatial + 1)))
    return failure();
  // x, y(, z), 1: the last dimension is the first coordinate.
  edge::HostTensor base(RankedTensorType::get({count, spatial + 1}, theta.getElementType()));
  edge::forEachIndex(extents, [&](ArrayRef<int64_t> index, int64_t flat) {
    for (int64_t i = 0; i < spatial; ++i) {
      auto extent = static_cast<double>(extents[i]), at = static_cast<double>(index[i]);
      double place = ctx.flag("align_corners") ? (extent > 1 ? 2 * at / (extent - 1) - 1 : 0)
                                               : (2 * at + 1) / extent - 1;
      base.setFloat(flat * (spatial + 1) + spatial - 1 - i, place);
    }
    base.setFloat(flat * (spatial + 1) + spatial, 1);
  });
  Value grid = ctx.create<edge::MatMulOp>(ctx.constantTensor(base), ctx.input(0),
                                          /*transpose_b=*/true);
  SmallVector<int64_t> shape{size[0]};
  shape.append(extents);
  shape.push_back(spatial);
  return one(ctx.reshape(grid, shape));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getResizeRows() {
  static const OperatorRow rows[] = {
      {"aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor",
       importAffineGrid},
      {"aten::upsample_nearest1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor",
       importNearest<1>},
      {"aten::upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) "
       "-> Tensor",
       importNearest<1>},
      {"aten::upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? "
       "scales_w=None) -> Tensor",
       importNearest<2>},
      {"aten::upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) "
       "-> Tensor",
       importNearest<2>},
      {"aten::upsample_nearest3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? "
       "scales_h=None, float? scales_w=None) -> Tensor",
       importNearest<3>},
      {"aten::upsample_nearest3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) "
       "-> Tensor",
       importNearest<3>},
      {"aten::_upsample_nearest_exact1d(Tensor self, SymInt[1] output_size, float? scales=None) -> "
       "Tensor",
       importNearestExact<1>},
      {"aten::_upsample_nearest_exact1d.vec(Tensor input, SymInt[]? output_size, float[]? "
       "scale_factors) -> Tensor",
       importNearestExact<1>},
      {"aten::_upsample_nearest_exact2d(Tensor self, SymInt[2] output_size, float? scales_h=None, "
       "float? scales_w=None) -> Tensor",
       importNearestExact<2>},
      {"aten::_upsample_nearest_exact2d.vec(Tensor input, SymInt[]? output_size, float[]? "
       "scale_factors) -> Tensor",
       importNearestExact<2>},
      {"aten::upsample_linear1d(Tensor self, SymInt[1] output_size, bool align_corners, float? "
       "scales=None) -> Tensor",
       importLinear<1>},
      {"aten::upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importLinear<1>},
      {"aten::upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? "
       "scales_h=None, float? scales_w=None) -> Tensor",
       importLinear<2>},
      {"aten::upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importLinear<2>},
      {"aten::upsample_trilinear3d(Tensor self, SymInt[3] output_size, bool align_corners, float? "
       "scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor",
       importLinear<3>},
      {"aten::upsample_trilinear3d.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importLinear<3>},
      {"aten::upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? "
       "scales_h=None, float? scales_w=None) -> Tensor",
       importBicubic},
      {"aten::upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importBicubic},
      {"aten::_upsample_bilinear2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, "
       "float? scales_h=None, float? scales_w=None) -> Tensor",
       importAntialiased<false>},
      {"aten::_upsample_bilinear2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importAntialiased<false>},
      {"aten::_upsample_bicubic2d_aa(Tensor self, SymInt[2] output_size, bool align_corners, "
       "float? scales_h=None, float? scales_w=None) -> Tensor",
       importAntialiased<true>},
      {"aten::_upsample_bicubic2d_aa.vec(Tensor input, SymInt[]? output_size, bool align_corners, "
       "float[]? scale_factors) -> Tensor",
       importAntialiased<true>},
      {"aten::grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
       "bool align_corners) -> Tensor",
       importGridSampler},
      {"aten::grid_sampler_2d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
       "bool align_corners) -> Tensor",
       importGridSampler},
      {"aten::grid_sampler_3d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
       "bool align_corners) -> Tensor",
       importGridSampler},
  };
  return rows;
}
