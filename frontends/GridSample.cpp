#include "frontends/GridSample.h"

using namespace mlir;
using namespace edgec;

Value edgec::clamped(const Formula &f, Value x, double low, double high) {
  return f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, low), high);
}

Value edgec::isBetween(const OpContext &ctx, Value x, double low, double high) {
  if (!x)
    return {};
  Type element = elementOf(x);
  Value above = ctx.create<edge::CompareOp>(x, ctx.scalar(element, low),
                                            edge::ComparePredicate::greater_equal);
  Value below =
      ctx.create<edge::CompareOp>(x, ctx.scalar(element, high), edge::ComparePredicate::less_equal);
  return ctx.cast(ctx.create<edge::AndOp>(above, below), element);
}

namespace {

/// How GridSample reads one spatial dimension.
struct GridAxis {
  const OpContext &ctx;
  Formula f{ctx};
  int64_t extent;
  std::string mode, padding;
  bool alignCorners, tapsAlone;

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
    return {clamped(f, at, 0, last), weight};
  }

  /// The taps at a position in [-1, 1].
  SmallVector<Tap> taps(Value position) const {
    double size = static_cast<double>(extent);
    Value x = f.add(position, 1.0);
    x = alignCorners ? f.mul(x, (size - 1) / 2) : f.mul(f.sub(f.mul(x, size), 1.0), 0.5);
    if (mode == "nearest")
      x = f.unary<edge::RoundOp>(x);
    if (padding == "border" && !tapsAlone)
      x = clamped(f, x, 0, size - 1);
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

} // namespace

Value edgec::createGridSample(const OpContext &ctx, Value images, Value places, StringRef mode,
                              StringRef padding, bool alignCorners, bool tapsAlone) {
  if (!images || !places)
    return {};
  RankedTensorType x = typeOf(images), grid = typeOf(places);
  auto refuse = [&](const Twine &why) -> Value {
    ctx.error(why);
    return {};
  };
  int64_t rank = x.getRank(), spatial = rank - 2;
  if (rank < 3 || grid.getRank() != rank || grid.getShape().back() != spatial ||
      grid.getDimSize(0) != x.getDimSize(0) || !isa<FloatType>(x.getElementType()) ||
      !isa<FloatType>(grid.getElementType())) {
    ctx.error("can't sample ") << x << " at positions " << grid;
    return {};
  }
  if (x.getNumElements() == 0)
    return refuse("samples an empty image");
  if (!llvm::is_contained({"linear", "nearest", "cubic"}, mode) ||
      !llvm::is_contained({"zeros", "border", "reflection"}, padding))
    return refuse("mode '" + mode + "' with padding '" + padding +
                  "' is not one that GridSample has");
  if (mode == "cubic" && spatial > 3)
    return refuse("is cubic in " + Twine(spatial) + " dimensions, which would take too many reads");
  Formula f(ctx);
  Type element = x.getElementType(), wide = Formula::wideType(element);
  Value positions = ctx.cast(places, wide);
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t i = 0; i < spatial; ++i) {
    // The grid's last dimension counts from the innermost of the image.
    SmallVector<int64_t> offsets(rank, 0), sizes(grid.getShape()), strides(rank, 1);
    offsets.back() = spatial - 1 - i;
    sizes.back() = 1;
    Value position = ctx.create<edge::SliceOp>(positions, offsets, sizes, strides);
    GridAxis axis{.ctx = ctx,
                  .extent = x.getDimSize(i + 2),
                  .mode = mode.str(),
                  .padding = padding.str(),
                  .alignCorners = alignCorners,
                  .tapsAlone = tapsAlone};
    taps.push_back(axis.taps(position));
  }
  Value image = ctx.toChannelsLast(images), sum;
  // Every combination of one tap for each dimension.
  SmallVector<size_t> chosen(spatial, 0);
  for (bool done = false; !done;) {
    SmallVector<Value> indices;
    Value weight;
    for (int64_t i = 0; i < spatial; ++i) {
      const Tap &tap = taps[i][chosen[i]];
      indices.push_back(ctx.cast(tap.index, ctx.b.getI32Type()));
      if (!indices.back())
        return {};
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
  return ctx.toChannelsFirst(ctx.cast(sum, element));
}
