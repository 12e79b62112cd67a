// Rows of statistics and distances: formulas around sums, products and sorting.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using edge::ReduceKind;
using P = edge::ComparePredicate;

namespace {

//===- Statistics -----------------------------------------------------------------------------===//

/// A mean of what is a number.
FailureOr<Results> importNanMean(NodeContext &ctx) {
  auto axes = ctx.dimensions("dim", ctx.type(0).getRank());
  if (failed(axes))
    return failure();
  Formula f(ctx);
  Value x = ctx.operandAs(0, ctx.element("dtype", elementOf(ctx.input(0))));
  if (!x || !isa<FloatType>(elementOf(x)))
    return ctx.error("has no mean of integers; give it a dtype of floats");
  return one(f.inSingle(x, [&](Value x) {
    bool keepdim = ctx.flag("keepdim");
    Value missing = f.unary<edge::IsNaNOp>(x), zero = ctx.scalar(elementOf(x), 0);
    Value sum = f.reduce(f.select(missing, zero, x), ReduceKind::sum, *axes, keepdim);
    Value count = f.reduce(ctx.cast(f.unary<edge::NotOp>(missing), elementOf(x)), ReduceKind::sum,
                           *axes, keepdim);
    return f.div(sum, count);
  }));
}

/// The element at a part of the way through the sorted ones, between the two nearest as
/// `interpolation` says.
Value quantile(const NodeContext &ctx, Value sorted, int64_t dim, double part) {
  Formula f(ctx);
  int64_t extent = shapeOf(sorted)[dim];
  double at = part * static_cast<double>(extent - 1);
  StringRef how = ctx.text("interpolation");
  double low = how == "higher"    ? std::ceil(at)
               : how == "nearest" ? std::nearbyint(at)
                                  : std::floor(at);
  double high = how == "lower" || how == "nearest" ? low : std::ceil(at);
  auto from = static_cast<int64_t>(low), to = static_cast<int64_t>(high);
  Value below = sliceAlong(ctx, sorted, dim, from, from + 1),
        above = sliceAlong(ctx, sorted, dim, to, to + 1);
  double weight = how == "midpoint" ? 0.5 : at - low;
  return from == to ? below : f.add(below, f.mul(f.sub(above, below), weight));
}

/// `q`, a number or a tensor of them that is known, which becomes the first dimension.
FailureOr<Results> importQuantile(NodeContext &ctx) {
  Value x = ctx.input(0);
  bool keepdim = ctx.flag("keepdim"), whole = !ctx.has("dim");
  int64_t rank = ctx.type(0).getRank();
  SmallVector<double> parts = ctx.reals("q");
  bool isList = false;
  if (parts.empty()) {
    auto known = ctx.constant(1, "the quantile");
    if (failed(known))
      return failure();
    isList = known->getRank() == 1;
    for (int64_t i = 0; i < known->getNumElements(); ++i)
      parts.push_back(known->getFloat(i));
  }
  for (double part : parts)
    if (!(part >= 0 && part <= 1))
      return ctx.error("has a quantile of ") << part;
  if (whole)
    x = ctx.reshape(x, ctx.type(0).getNumElements());
  auto dim = whole ? FailureOr<int64_t>(0) : ctx.dimension("dim", rank);
  if (failed(dim) || !x || typeOf(x).getRank() == 0 || shapeOf(x)[*dim] < 1 || parts.empty())
    return failed(dim) ? FailureOr<Results>(failure()) : ctx.error("has no elements");
  SmallVector<Value> sorted =
      ctx.createResults<edge::TopKOp, 2>(x, shapeOf(x)[*dim], *dim, /*smallest=*/true);
  if (sorted.empty())
    return failure();
  SmallVector<int64_t> shape(ctx.type(0).getShape());
  if (whole)
    shape.assign(keepdim ? rank : 0, 1);
  else if (keepdim)
    shape[*dim] = 1;
  else
    shape.erase(shape.begin() + *dim);
  if (isList)
    shape.insert(shape.begin(), 1);
  // One that isn't a number makes none of all.
  Formula f(ctx);
  Value missing = f.reduce(f.unary<edge::IsNaNOp>(x), ReduceKind::max, *dim);
  SmallVector<Value> results;
  for (double part : parts) {
    Value y =
        f.select(missing, ctx.scalar(elementOf(x), NAN), quantile(ctx, sorted[0], *dim, part));
    results.push_back(ctx.reshape(y, shape));
    if (!results.back())
      return failure();
  }
  return one(results.size() == 1 ? results[0] : ctx.create<edge::ConcatOp>(ValueRange(results), 0));
}

/// How many elements lie in each of some bins of one width; the last one's end is in it.
FailureOr<Results> importHistogram(NodeContext &ctx) {
  auto low = ctx.scalar("min"), high = ctx.scalar("max");
  int64_t bins = ctx.integer("bins"), count = ctx.type(0).getNumElements();
  if (failed(low) || failed(high))
    return failure();
  double from = low->asReal(), to = high->asReal();
  if (!(from < to) || bins < 1)
    return ctx.error("has ") << bins << " bins from " << from << " to " << to
                             << "; give it a range that doesn't depend on the data";
  if (failed(checkWritten(ctx, bins)))
    return failure();
  Formula f(ctx);
  Type element = elementOf(ctx.input(0)), wide = Formula::wideType(floatFor(element));
  Value x = ctx.reshape(ctx.cast(ctx.input(0), wide), {count, 1});
  if (!x)
    return failure();
  Value at = f.unary<edge::FloorOp>(f.mul(f.sub(x, from), static_cast<double>(bins) / (to - from)));
  Value last = ctx.scalar(wide, static_cast<double>(bins - 1));
  at = f.select(f.compare(x, ctx.scalar(wide, to), P::equal), last, at);
  Value isIn = f.compare(at, ctx.cast(createRamp(ctx, bins, 0, 1), wide), P::equal);
  return one(ctx.cast(f.reduce(ctx.cast(isIn, wide), ReduceKind::sum, 0, false), element));
}

/// The area under points that are `dx` apart.
FailureOr<Results> importTrapezoid(NodeContext &ctx) {
  Value y = floats(ctx);
  auto dim = ctx.dimension("dim", typeOf(y).getRank());
  auto dx = ctx.scalar("dx");
  if (failed(dim) || failed(dx) || typeOf(y).getRank() == 0)
    return failed(dim) || failed(dx) ? FailureOr<Results>(failure())
                                     : ctx.error("has no dimension");
  Formula f(ctx);
  int64_t extent = shapeOf(y)[*dim];
  return one(f.inSingle(y, [&](Value y) {
    Value sums =
        f.add(sliceAlong(ctx, y, *dim, 0, extent - 1), sliceAlong(ctx, y, *dim, 1, extent));
    return f.mul(f.reduce(sums, ReduceKind::sum, *dim, false), dx->asReal() / 2);
  }));
}

/// The largest or least so far: of each prefix.
template <ReduceKind kind> FailureOr<Results> importRunningExtreme(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  if (failed(dim))
    return failure();
  if (x.getRank() == 0)
    return one(ctx.input(0));
  return one(ctx.create<edge::CumulateOp>(ctx.input(0), kind, *dim, false, false));
}

//===- Distances ------------------------------------------------------------------------------===//

/// The p-norm of differences along their last dimension.
Value lengths(const NodeContext &ctx, Value difference, double p, bool keepdim) {
  Formula f(ctx);
  if (!difference)
    return {};
  int64_t last = typeOf(difference).getRank() - 1;
  auto sum = [&](Value x) { return f.reduce(x, ReduceKind::sum, last, keepdim); };
  Value size = f.unary<edge::AbsOp>(difference);
  if (p == 0)
    return sum(ctx.cast(isNonzero(ctx, difference), elementOf(difference)));
  if (std::isinf(p))
    return f.reduce(size, ReduceKind::max, last, keepdim);
  if (p == 1)
    return sum(size);
  if (p == 2)
    return f.sqrt(sum(f.mul(difference, difference)));
  return f.binary<edge::PowOp>(sum(f.binary<edge::PowOp>(size, p)), 1 / p);
}

/// Of each row of one to each row of the other.
FailureOr<Results> importCdist(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, /*toFloat=*/true);
  int64_t rankX = ctx.type(0).getRank(), rankY = ctx.type(1).getRank();
  if (!p.x || !p.y || rankX < 2 || rankY < 2 || shapeOf(p.x).back() != shapeOf(p.y).back())
    return ctx.error("has no distances of the rows of ") << ctx.type(0) << " to " << ctx.type(1);
  SmallVector<int64_t> rows(shapeOf(p.x)), columns(shapeOf(p.y));
  rows.insert(rows.begin() + rankX - 1, 1);
  columns.insert(columns.begin() + rankY - 2, 1);
  Formula f(ctx);
  Value difference = f.sub(ctx.reshape(p.x, rows), ctx.reshape(p.y, columns));
  double order = takes(ctx, "p") ? ctx.real("p") : 2;
  return one(f.inSingle(difference, [&](Value d) { return lengths(ctx, d, order, false); }));
}

FailureOr<Results> importPairwiseDistance(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, /*toFloat=*/true);
  Formula f(ctx);
  Value difference = f.add(f.sub(p.x, p.y), ctx.real("eps"));
  return one(f.inSingle(
      difference, [&](Value d) { return lengths(ctx, d, ctx.real("p"), ctx.flag("keepdim")); }));
}

//===- Losses ---------------------------------------------------------------------------------===//

/// All of them, their mean or their sum.
FailureOr<Results> reduced(const NodeContext &ctx, Value loss) {
  int64_t reduction = ctx.integer("reduction");
  if (!loss || reduction == 0)
    return one(loss);
  if (reduction != 1 && reduction != 2)
    return ctx.error("reduction ") << reduction << " is not one that torch has";
  Formula f(ctx);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, typeOf(loss).getRank()));
  return one(f.inSingle(loss, [&](Value x) {
    return reduction == 1 ? f.mean(x, axes, false) : f.reduce(x, ReduceKind::sum, axes, false);
  }));
}

FailureOr<Results> importSquaredLoss(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  Value difference = f.sub(p.x, p.y);
  return reduced(ctx, f.mul(difference, difference));
}

FailureOr<Results> importAbsoluteLoss(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  return reduced(ctx, f.unary<edge::AbsOp>(f.sub(p.x, p.y)));
}

/// Squared below `beta` or `delta`, absolute above.
FailureOr<Results> importSmoothLoss(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  bool isHuber = takes(ctx, "delta");
  double bound = ctx.real(isHuber ? "delta" : "beta");
  Value size = f.unary<edge::AbsOp>(f.sub(p.x, p.y));
  if (!size || bound == 0)
    return reduced(ctx, size);
  Value near = f.mul(f.mul(size, size), 0.5), far = f.sub(size, bound / 2);
  if (isHuber)
    far = f.mul(far, bound);
  else
    near = f.div(near, bound);
  Value isNear = f.compare(size, ctx.scalar(p.element, bound), P::less);
  return reduced(ctx, f.select(isNear, near, far));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getStatisticsRows() {
  static const OperatorRow rows[] = {
      {"aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? "
       "dtype=None) -> Tensor",
       importNanMean},
      {"aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str "
       "interpolation=\"linear\") -> Tensor",
       importQuantile},
      {"aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str "
       "interpolation=\"linear\") -> Tensor",
       importQuantile},
      {"aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor",
       importHistogram},
      {"aten::trapz.dx(Tensor y, *, float dx=1., int dim=-1) -> Tensor", importTrapezoid},
      {"aten::trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor", importTrapezoid},
      {"aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)",
       importRunningExtreme<ReduceKind::max>},
      {"aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)",
       importRunningExtreme<ReduceKind::min>},
      {"aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor",
       importCdist},
      {"aten::_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor",
       importCdist},
      {"aten::_euclidean_dist(Tensor x1, Tensor x2) -> Tensor", importCdist},
      {"aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float "
       "eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor",
       importPairwiseDistance},
      {"aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", importSquaredLoss},
      {"aten::l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", importAbsoluteLoss},
      {"aten::smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor",
       importSmoothLoss},
      {"aten::huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor",
       importSmoothLoss},
  };
  return rows;
}
