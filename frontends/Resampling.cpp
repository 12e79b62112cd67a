#include "frontends/Resampling.h"
#include "frontends/Formula.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using Axis = ResampledAxis;

namespace {

/// The taps of each result element along one axis.
struct Table {
  int64_t taps = 0;
  std::vector<int64_t> indices;
  std::vector<double> weights;
  std::vector<bool> outside; ///< result elements that are extrapolated

  int64_t size() const { return taps ? static_cast<int64_t>(indices.size()) / taps : 0; }
};

/// Where in the input the centre of result element `x` lies.
double sourcePosition(const Sampling &sampling, const Axis &axis, int64_t x) {
  double in = static_cast<double>(axis.in), out = axis.scale * in, at = static_cast<double>(x);
  StringRef transform = sampling.transform;
  if (transform == "asymmetric")
    return at / axis.scale;
  if (transform == "align_corners")
    return out == 1 ? 0 : at * (in - 1) / (out - 1);
  if (transform == "tf_half_pixel_for_nn")
    return (at + 0.5) / axis.scale;
  if (transform == "pytorch_half_pixel" && axis.out == 1)
    return 0;
  if (transform == "tf_crop_and_resize") {
    double extent = (axis.end - axis.start) * (in - 1);
    return axis.start * (in - 1) + (out == 1 ? extent / 2 : at * extent / (out - 1));
  }
  double offset = 0;
  if (transform == "half_pixel_symmetric")
    offset = in / 2 * (1 - static_cast<double>(axis.out) / out);
  return offset + (at + 0.5) / axis.scale - 0.5;
}

/// Keys' cubic convolution kernel.
double cubicKernel(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// How many taps reach to each side of a position: 1 for linear, 2 for cubic, more where an
/// antialiased axis shrinks.
int64_t tapRadius(const Sampling &sampling, const Axis &axis) {
  double radius = sampling.mode == "cubic" ? 2 : 1;
  if (sampling.antialias && axis.scale < 1)
    return static_cast<int64_t>(-std::floor(-radius / axis.scale));
  return static_cast<int64_t>(radius);
}

Table buildTable(const Sampling &sampling, const Axis &axis) {
  Table table;
  bool isNearest = sampling.mode == "nearest";
  int64_t radius = isNearest ? 1 : tapRadius(sampling, axis);
  double shrink = sampling.antialias ? std::min(axis.scale, 1.0) : 1.0;
  table.taps = isNearest ? 1 : 2 * radius;
  for (int64_t x = 0; x < axis.out; ++x) {
    double at = sourcePosition(sampling, axis, x);
    table.outside.push_back(sampling.transform == "tf_crop_and_resize" &&
                            (at < 0 || at > static_cast<double>(axis.in - 1)));
    // Far outside, all positions are alike.
    at = std::clamp(at, -1.0 - static_cast<double>(radius), static_cast<double>(axis.in + radius));
    auto clamped = [&](int64_t index) { return std::clamp<int64_t>(index, 0, axis.in - 1); };
    if (isNearest) {
      double rounded = sampling.nearest == "floor"               ? std::floor(at)
                       : sampling.nearest == "ceil"              ? std::ceil(at)
                       : sampling.nearest == "round_prefer_ceil" ? std::floor(at + 0.5)
                                                                 : std::ceil(at - 0.5);
      table.indices.push_back(clamped(static_cast<int64_t>(rounded)));
      table.weights.push_back(1);
      continue;
    }
    // The left neighbour is strictly left of the position.
    int64_t left = static_cast<int64_t>(std::ceil(at)) - 1;
    double sum = 0;
    size_t first = table.weights.size();
    for (int64_t tap = left - radius + 1; tap <= left + radius; ++tap) {
      double distance = (static_cast<double>(tap) - at) * shrink;
      double weight = sampling.mode == "cubic" ? cubicKernel(distance, sampling.cubicA)
                                               : std::max(0.0, 1 - std::fabs(distance));
      if (sampling.excludeOutside && (tap < 0 || tap >= axis.in))
        weight = 0;
      sum += weight;
      table.indices.push_back(clamped(tap));
      table.weights.push_back(weight);
    }
    if ((sampling.antialias || sampling.excludeOutside) && sum != 0)
      for (size_t i = first; i < table.weights.size(); ++i)
        table.weights[i] /= sum;
  }
  return table;
}

/// Taps whose weight is one everywhere or zero everywhere else need no arithmetic: then the table
/// only picks.
void simplify(Table &table) {
  int64_t out = table.size();
  std::vector<int64_t> picked;
  for (int64_t x = 0; x < out; ++x) {
    int64_t only = -1;
    for (int64_t t = 0; t < table.taps; ++t) {
      double weight = table.weights[x * table.taps + t];
      if (std::fabs(weight) < 1e-9)
        continue;
      if (only >= 0 || std::fabs(weight - 1) > 1e-9)
        return;
      only = table.indices[x * table.taps + t];
    }
    if (only < 0)
      return;
    picked.push_back(only);
  }
  table.taps = 1;
  table.weights.assign(picked.size(), 1);
  table.indices = std::move(picked);
}

/// Resamples `x` along some axes in one op.
Value createResample(const OpContext &ctx, Value x, ArrayRef<Axis> axes, ArrayRef<Table> tables,
                     bool weighted) {
  if (axes.empty())
    return x;
  SmallVector<Value> indices, weights;
  SmallVector<int64_t> dims;
  for (auto [axis, table] : llvm::zip_equal(axes, tables)) {
    SmallVector<int64_t> shape{axis.out, table.taps};
    edge::HostTensor index(RankedTensorType::get(shape, ctx.b.getI32Type()));
    edge::HostTensor weight(RankedTensorType::get(shape, ctx.b.getF32Type()));
    for (size_t i = 0; i < table.indices.size(); ++i) {
      index.setInt(i, table.indices[i]);
      weight.setFloat(i, table.weights[i]);
    }
    indices.push_back(ctx.constantTensor(index));
    if (weighted)
      weights.push_back(ctx.constantTensor(weight));
    dims.push_back(axis.dim);
  }
  return ctx.create<edge::ResampleOp>(x, ValueRange(indices), ValueRange(weights), dims);
}

/// One op for all axes where it has few taps altogether; an op for each axis where that takes fewer
/// multiplications.
Value createWeighted(const OpContext &ctx, Value x, ArrayRef<Axis> axes, ArrayRef<Table> tables) {
  int64_t taps = 1;
  for (const Table &table : tables)
    taps *= table.taps;
  if (taps <= 8)
    return createResample(ctx, x, axes, tables, true);
  SmallVector<size_t> order(axes.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(axes[a].scale, a) < std::pair(axes[b].scale, b);
  });
  for (size_t i : order)
    if (x)
      x = createResample(ctx, x, axes[i], tables[i], true);
  return x;
}

} // namespace

FailureOr<Value> edgec::createResize(const OpContext &ctx, Value x, const Sampling &sampling,
                                     ArrayRef<Axis> axes, double extrapolation) {
  if (!x)
    return failure();
  RankedTensorType type = typeOf(x);
  SmallVector<Axis> picked, weighted;
  SmallVector<Table> pickedTables, weightedTables;
  int64_t pickedGrowth = 1, pickedOf = 1;
  Value outside;
  for (const Axis &axis : axes) {
    if (axis.in == 0 || axis.out > (1 << 24))
      return ctx.error("can't resize extent ") << axis.in << " to " << axis.out;
    if (tapRadius(sampling, axis) > (int64_t(1) << 24) / std::max<int64_t>(axis.out, 1))
      return ctx.error("shrinks dimension ") << axis.dim << " too far for an antialiased resize";
    Table table = buildTable(sampling, axis);
    simplify(table);
    if (llvm::is_contained(table.outside, true)) {
      SmallVector<int64_t> shape(type.getRank() - axis.dim, 1);
      shape[0] = axis.out;
      edge::HostTensor mask(RankedTensorType::get(shape, ctx.b.getI1Type()));
      for (int64_t i = 0; i < axis.out; ++i)
        mask.setInt(i, table.outside[i]);
      Value own = ctx.constantTensor(mask);
      outside = outside ? ctx.create<edge::OrOp>(outside, own) : own;
    }
    if (table.taps > 1 || llvm::any_of(table.weights, [](double w) { return w != 1; })) {
      weighted.push_back(axis);
      weightedTables.push_back(table);
      continue;
    }
    bool isIdentity = axis.in == axis.out;
    for (int64_t i = 0; i < axis.out && isIdentity; ++i)
      isIdentity = table.indices[i] == i;
    if (isIdentity)
      continue;
    picked.push_back(axis);
    pickedTables.push_back(table);
    pickedGrowth *= std::max<int64_t>(axis.out, 1);
    pickedOf *= std::max<int64_t>(axis.in, 1);
  }
  bool pickFirst = pickedGrowth <= pickedOf;
  if (pickFirst)
    x = createResample(ctx, x, picked, pickedTables, false);
  // Between two steps an integer would be truncated twice.
  bool asFloat = !weighted.empty() && isa<IntegerType>(type.getElementType());
  if (asFloat)
    x = ctx.cast(x, ctx.b.getF32Type());
  if (x)
    x = createWeighted(ctx, x, weighted, weightedTables);
  if (asFloat)
    x = ctx.cast(x, type.getElementType());
  if (!pickFirst && x)
    x = createResample(ctx, x, picked, pickedTables, false);
  if (outside)
    x = ctx.create<edge::SelectOp>(outside, ctx.scalar(type.getElementType(), extrapolation), x);
  if (!x)
    return failure();
  return x;
}
