// Rows of reductions: sums, means and extremes, norms and variances as formulas, sorting, running
// totals.
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using edge::ReduceKind;
using P = edge::ComparePredicate;

namespace {

struct Reduction {
  SmallVector<int64_t> axes;
  bool keepdim = false;
};

/// The dimensions of `dim`, a number or a list; all of them where there is none.
FailureOr<Reduction> reduction(const NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  auto axes = takes(ctx, "dim")
                  ? ctx.dimensions("dim", rank)
                  : FailureOr<SmallVector<int64_t>>(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (failed(axes))
    return failure();
  return Reduction{*axes, takes(ctx, "keepdim") && ctx.flag("keepdim")};
}

/// Parameter 0 in the type that `dtype` gives, or else in `missing`.
Value typed(const NodeContext &ctx, Type missing) {
  Type type = takes(ctx, "dtype") ? ctx.element("dtype", missing) : missing;
  return ctx.operandAs(0, type);
}
/// Integers and booleans add up as i64.
Type sumType(Type element) {
  return isa<FloatType>(element) ? element : Type(IntegerType::get(element.getContext(), 64));
}

template <ReduceKind kind> FailureOr<Results> importTotal(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Value x = typed(ctx, sumType(elementOf(ctx.input(0))));
  return one(Formula(ctx).reduce(x, kind, r->axes, r->keepdim));
}

/// A sum in which NaN counts as nothing.
FailureOr<Results> importNanSum(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  Value x = typed(ctx, sumType(elementOf(ctx.input(0))));
  if (x && isa<FloatType>(elementOf(x)))
    x = f.select(f.unary<edge::IsNaNOp>(x), ctx.scalar(elementOf(x), 0), x);
  return one(f.reduce(x, ReduceKind::sum, r->axes, r->keepdim));
}

template <ReduceKind kind> FailureOr<Results> importExtreme(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  return one(Formula(ctx).reduce(ctx.input(0), kind, r->axes, r->keepdim));
}

FailureOr<Results> importAminmax(NodeContext &ctx) {
  auto least = importExtreme<ReduceKind::min>(ctx), largest = importExtreme<ReduceKind::max>(ctx);
  if (failed(least) || failed(largest))
    return failure();
  return Results{least->front(), largest->front()};
}

FailureOr<Results> importMean(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  Value x = typed(ctx, elementOf(ctx.input(0)));
  if (!x || !isa<FloatType>(elementOf(x)))
    return ctx.error("has no mean of integers; give it a dtype of floats");
  return one(f.inSingle(x, [&](Value x) { return f.mean(x, r->axes, r->keepdim); }));
}

template <ReduceKind kind> FailureOr<Results> importLogical(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Value y = Formula(ctx).reduce(isNonzero(ctx, ctx.input(0)), kind, r->axes, r->keepdim);
  // Of bytes, torch keeps the type.
  bool isByte = elementOf(ctx.input(0)).isUnsignedInteger(8);
  return one(isByte ? ctx.cast(y, elementOf(ctx.input(0))) : y);
}

FailureOr<Results> importCountNonzero(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Value ones = ctx.cast(isNonzero(ctx, ctx.input(0)), ctx.b.getI64Type());
  return one(Formula(ctx).reduce(ones, ReduceKind::sum, r->axes, false));
}

/// The value and its first place along a dimension.
template <ReduceKind kind> FailureOr<Results> importExtremeAt(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  auto dim = ctx.dimension("dim", rank);
  if (failed(dim))
    return failure();
  Value x = rank == 0 ? ctx.reshape(ctx.input(0), {1}) : ctx.input(0);
  bool keepdim = ctx.flag("keepdim") && rank > 0;
  Value value = Formula(ctx).reduce(x, kind, *dim, keepdim);
  Value place = ctx.create<edge::ArgReduceOp>(x, kind, *dim, keepdim, false);
  if (!value || !place)
    return failure();
  return Results{value, place};
}

/// Without a dimension, the place counts all elements.
template <ReduceKind kind> FailureOr<Results> importArg(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank();
  if (ctx.has("dim") && rank > 0) {
    auto dim = ctx.dimension("dim", rank);
    if (failed(dim))
      return failure();
    return one(ctx.create<edge::ArgReduceOp>(ctx.input(0), kind, *dim, ctx.flag("keepdim"), false));
  }
  Value flat = ctx.reshape(ctx.input(0), x.getNumElements());
  Value place = ctx.create<edge::ArgReduceOp>(flat, kind, 0, false, false);
  SmallVector<int64_t> shape(ctx.flag("keepdim") ? rank : 0, 1);
  return one(ctx.reshape(place, shape));
}

template <ReduceKind kind> FailureOr<Results> importCumulate(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  auto dim = ctx.dimension("dim", rank);
  if (failed(dim))
    return failure();
  Value x = typed(ctx, sumType(elementOf(ctx.input(0))));
  if (rank == 0)
    return one(x);
  return one(ctx.create<edge::CumulateOp>(x, kind, *dim, false, false));
}

//===- Formulas around sums -------------------------------------------------------------------===//

/// m + ln(sum of e^(x - m)) with m = max(x), or 0 where that is infinite.
FailureOr<Results> importLogSumExp(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  return one(f.inSingle(floats(ctx), [&](Value x) -> Value {
    Value largest = f.reduce(x, ReduceKind::max, r->axes);
    Value infinite = ctx.create<edge::IsInfOp>(largest, true, true);
    Value shift = f.select(infinite, ctx.scalar(elementOf(x), 0), largest);
    Value sum = f.reduce(f.unary<edge::ExpOp>(f.sub(x, shift)), ReduceKind::sum, r->axes);
    Value y = f.add(f.unary<edge::LogOp>(sum), shift);
    return r->keepdim ? y : dropUnits(ctx, y, r->axes);
  }));
}

/// Of a sum of powers of |x|.
Value norm(const NodeContext &ctx, Value x, double order, const Reduction &r) {
  Formula f(ctx);
  return f.inSingle(x, [&](Value x) -> Value {
    Value size = f.unary<edge::AbsOp>(x);
    if (std::isinf(order))
      return f.reduce(size, order > 0 ? ReduceKind::max : ReduceKind::min, r.axes, r.keepdim);
    if (order == 0)
      return f.reduce(ctx.cast(isNonzero(ctx, x), elementOf(x)), ReduceKind::sum, r.axes,
                      r.keepdim);
    if (order == 1)
      return f.reduce(size, ReduceKind::sum, r.axes, r.keepdim);
    if (order == 2)
      return f.sqrt(f.reduce(f.mul(x, x), ReduceKind::sum, r.axes, r.keepdim));
    Value sum = f.reduce(f.binary<edge::PowOp>(size, order), ReduceKind::sum, r.axes, r.keepdim);
    return f.binary<edge::PowOp>(sum, 1 / order);
  });
}

FailureOr<Results> importNorm(NodeContext &ctx) {
  auto r = reduction(ctx);
  StringRef name = ctx.schema.parameters[1].name;
  auto order = ctx.has(name) ? ctx.scalar(name) : FailureOr<Number>(Number::ofInteger(2));
  if (failed(r) || failed(order))
    return failure();
  return one(norm(ctx, typed(ctx, floatFor(elementOf(ctx.input(0)))), order->asReal(), *r));
}

/// The mean, and the sum of squared distances to it, divided by the number of elements less
/// `correction`.
FailureOr<std::pair<Value, Value>> variance(NodeContext &ctx, bool root) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  double correction = 1;
  if (takes(ctx, "correction") && ctx.has("correction")) {
    auto given = ctx.scalar("correction");
    if (failed(given))
      return failure();
    correction = given->asReal();
  } else if (takes(ctx, "unbiased")) {
    correction = ctx.flag("unbiased") ? 1 : 0;
  }
  double count = 1;
  for (int64_t axis : r->axes)
    count *= static_cast<double>(ctx.type(0).getDimSize(axis));
  Formula f(ctx);
  Type element = elementOf(ctx.input(0));
  Value x = ctx.cast(ctx.input(0), Formula::wideType(element)), mean = f.mean(x, r->axes);
  Value centered = f.sub(x, mean);
  Value sum = f.reduce(f.mul(centered, centered), ReduceKind::sum, r->axes, r->keepdim);
  Value y = f.div(sum, std::max(count - correction, 0.0));
  if (root)
    y = f.sqrt(y);
  if (!r->keepdim)
    mean = dropUnits(ctx, mean, r->axes);
  return std::pair(ctx.cast(y, element), ctx.cast(mean, element));
}

template <bool root, bool withMean> FailureOr<Results> importVariance(NodeContext &ctx) {
  if (!isa<FloatType>(elementOf(ctx.input(0))))
    return ctx.error("has no variance of integers");
  auto both = variance(ctx, root);
  if (failed(both))
    return failure();
  if (!both->first || !both->second)
    return failure();
  return withMean ? Results{both->first, both->second} : Results{both->first};
}

//===- Order ----------------------------------------------------------------------------------===//

/// The first `count` along a dimension, in order; null values after an error.
SmallVector<Value> ordered(const NodeContext &ctx, Value x, int64_t dim, int64_t count,
                           bool smallest) {
  return ctx.createResults<edge::TopKOp, 2>(x, count, dim, smallest);
}

FailureOr<Results> importTopK(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  if (failed(dim))
    return failure();
  int64_t k = ctx.integer("k");
  if (x.getRank() == 0 || k < 0 || k > x.getDimSize(*dim))
    return ctx.error("takes ") << k << " elements of " << x;
  SmallVector<Value> results = ordered(ctx, ctx.input(0), *dim, k, !ctx.flag("largest"));
  if (results.empty())
    return failure();
  return results;
}

/// Values and places, or, of argsort, places.
template <bool onlyPlaces> FailureOr<Results> importSort(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  if (failed(dim))
    return failure();
  Value line = x.getRank() == 0 ? ctx.reshape(ctx.input(0), {1}) : ctx.input(0);
  SmallVector<Value> results =
      ordered(ctx, line, *dim, shapeOf(line)[*dim], !ctx.flag("descending"));
  if (results.empty())
    return failure();
  for (Value &result : results)
    result = ctx.reshape(result, x.getShape());
  if (onlyPlaces)
    results.erase(results.begin());
  return results;
}

/// The k-th smallest along a dimension; the median is that in the middle, of two the lower.
FailureOr<Results> kth(const NodeContext &ctx, Value x, int64_t dim, int64_t k, bool keepdim) {
  int64_t extent = shapeOf(x)[dim];
  if (k < 1 || k > extent)
    return ctx.error("takes element ") << k << " of " << extent;
  SmallVector<Value> results = ordered(ctx, x, dim, k, /*smallest=*/true);
  if (results.empty())
    return failure();
  for (Value &result : results) {
    result = sliceAlong(ctx, result, dim, k - 1, k);
    if (!keepdim)
      result = dropUnits(ctx, result, dim);
  }
  return results;
}

FailureOr<Results> importKth(NodeContext &ctx) {
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  if (failed(dim) || ctx.type(0).getRank() == 0)
    return failed(dim) ? FailureOr<Results>(failure()) : ctx.error("has no dimension");
  int64_t extent = ctx.type(0).getDimSize(*dim);
  int64_t k = takes(ctx, "k") ? ctx.integer("k") : (extent + 1) / 2;
  return kth(ctx, ctx.input(0), *dim, k, ctx.flag("keepdim"));
}
FailureOr<Results> importMedian(NodeContext &ctx) {
  int64_t count = ctx.type(0).getNumElements();
  return kth(ctx, ctx.reshape(ctx.input(0), count), 0, (count + 1) / 2, false);
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getReduceRows() {
  static const OperatorRow rows[] = {
      {"aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) "
       "-> Tensor",
       importNanSum},
      {"aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", importTotal<ReduceKind::sum>,
       OnComplex::parts},
      {"aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? "
       "dtype=None) -> Tensor",
       importTotal<ReduceKind::sum>, OnComplex::parts},
      {"aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor",
       importTotal<ReduceKind::prod>},
      {"aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> "
       "Tensor",
       importTotal<ReduceKind::prod>},
      {"aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", importMean,
       OnComplex::parts},
      {"aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> "
       "Tensor",
       importMean, OnComplex::parts},
      {"aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
       importExtreme<ReduceKind::max>},
      {"aten::max(Tensor self) -> Tensor", importExtreme<ReduceKind::max>},
      {"aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
       importExtreme<ReduceKind::min>},
      {"aten::min(Tensor self) -> Tensor", importExtreme<ReduceKind::min>},
      {"aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
       importExtremeAt<ReduceKind::max>},
      {"aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
       importExtremeAt<ReduceKind::min>},
      {"aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor "
       "max)",
       importAminmax},
      {"aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
       importArg<ReduceKind::max>},
      {"aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
       importArg<ReduceKind::min>},
      {"aten::any(Tensor self) -> Tensor", importLogical<ReduceKind::max>},
      {"aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
       importLogical<ReduceKind::max>},
      {"aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
       importLogical<ReduceKind::max>},
      {"aten::_is_all_true(Tensor self) -> Tensor", importLogical<ReduceKind::min>},
      {"aten::_is_any_true(Tensor self) -> Tensor", importLogical<ReduceKind::max>},
      {"aten::all(Tensor self) -> Tensor", importLogical<ReduceKind::min>},
      {"aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
       importLogical<ReduceKind::min>},
      {"aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
       importLogical<ReduceKind::min>},
      {"aten::count_nonzero(Tensor self, int? dim=None) -> Tensor", importCountNonzero},
      {"aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor", importCountNonzero},
      {"aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
       importCumulate<ReduceKind::sum>, OnComplex::parts},
      {"aten::cumsum_(Tensor(a!) self, int dim, *, ScalarType? dtype=None) -> Tensor(a!)",
       importCumulate<ReduceKind::sum>},
      {"aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
       importCumulate<ReduceKind::prod>},
      {"aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", importLogSumExp},
      {"aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, "
       "*, ScalarType? dtype=None) -> Tensor",
       importNorm},
      {"aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor", importNorm},
      {"aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor",
       importNorm},
      {"aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, "
       "ScalarType dtype) -> Tensor",
       importNorm},
      {"aten::var(Tensor self, bool unbiased=True) -> Tensor", importVariance<false, false>},
      {"aten::var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
       importVariance<false, false>},
      {"aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool "
       "keepdim=False) -> Tensor",
       importVariance<false, false>},
      {"aten::std(Tensor self, bool unbiased=True) -> Tensor", importVariance<true, false>},
      {"aten::std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
       importVariance<true, false>},
      {"aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool "
       "keepdim=False) -> Tensor",
       importVariance<true, false>},
      {"aten::var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
       importVariance<false, true>},
      {"aten::var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> "
       "(Tensor, Tensor)",
       importVariance<false, true>},
      {"aten::var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool "
       "keepdim=False) -> (Tensor, Tensor)",
       importVariance<false, true>},
      {"aten::std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
       importVariance<true, true>},
      {"aten::std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> "
       "(Tensor, Tensor)",
       importVariance<true, true>},
      {"aten::std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool "
       "keepdim=False) -> (Tensor, Tensor)",
       importVariance<true, true>},
      {"aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> "
       "(Tensor values, Tensor indices)",
       importTopK},
      {"aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor "
       "indices)",
       importSort<false>},
      {"aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> "
       "(Tensor values, Tensor indices)",
       importSort<false>},
      {"aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", importSort<true>},
      {"aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> "
       "Tensor",
       importSort<true>},
      {"aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, "
       "Tensor indices)",
       importKth},
      {"aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor "
       "indices)",
       importKth},
      {"aten::median(Tensor self) -> Tensor", importMedian},
  };
  return rows;
}
