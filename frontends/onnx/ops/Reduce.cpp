// Rows of reductions: the plain ones, norms and log-sums as formulas around them, arg-extremes,
// running totals, softmax.
#include "frontends/onnx/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

using edge::ReduceKind;

namespace {

struct Reduction {
  SmallVector<int64_t> axes;
  bool keepdims = true;
};

/// The axes are an attribute before opset 13 (ReduceSum) or 18 (the others), and an input since.
FailureOr<Reduction> reduction(NodeContext &ctx) {
  // An empty input says enough by its shape.
  bool none = ctx.input(1) && ctx.type(1).getNumElements() == 0;
  FailureOr<SmallVector<int64_t>> given =
      none ? SmallVector<int64_t>() : ctx.intsInputOrAttr(1, "axes");
  if (failed(given))
    return failure();
  int64_t rank = ctx.type(0).getRank();
  auto axes = ctx.axes(*given, rank);
  if (failed(axes))
    return failure();
  if (axes->empty() && !ctx.intAttr("noop_with_empty_axes", 0))
    axes->append(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  return Reduction{*axes, ctx.intAttr("keepdims", 1) != 0};
}

template <ReduceKind kind> FailureOr<Results> importReduce(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  return one(Formula(ctx).reduce(ctx.input(0), kind, r->axes, r->keepdims));
}

FailureOr<Results> importMean(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  return one(f.inSingle(ctx.input(0), [&](Value x) { return f.mean(x, r->axes, r->keepdims); }));
}

/// `finish(sum of start(x))`, in floats of at least f32; with `Float`, integers compute in f64
/// (their roots and logarithms are no integers).
template <bool Float, typename Start, typename Finish>
FailureOr<Results> composed(NodeContext &ctx, Start start, Finish finish) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  Value x = ctx.input(0);
  Type element = elementOf(x);
  Type compute =
      Float && !isa<FloatType>(element) ? Type(ctx.b.getF64Type()) : Formula::wideType(element);
  Value sum = f.reduce(start(f, ctx.cast(x, compute)), ReduceKind::sum, r->axes, r->keepdims);
  return one(ctx.cast(finish(f, sum), element));
}

Value same(const Formula &, Value x) { return x; }
Value absolute(const Formula &f, Value x) { return f.unary<edge::AbsOp>(x); }
Value square(const Formula &f, Value x) { return f.mul(x, x); }
Value squareRoot(const Formula &f, Value x) { return f.sqrt(x); }
Value logarithm(const Formula &f, Value x) { return f.unary<edge::LogOp>(x); }

FailureOr<Results> importL1(NodeContext &ctx) { return composed<false>(ctx, absolute, same); }
FailureOr<Results> importL2(NodeContext &ctx) { return composed<true>(ctx, square, squareRoot); }
FailureOr<Results> importSumSquare(NodeContext &ctx) { return composed<false>(ctx, square, same); }
FailureOr<Results> importLogSum(NodeContext &ctx) { return composed<true>(ctx, same, logarithm); }

/// m + ln(sum of e^(x - m)) with m = max(x), or 0 where that is infinite, so that nothing overflows
/// and infinities come out right.
FailureOr<Results> importLogSumExp(NodeContext &ctx) {
  auto r = reduction(ctx);
  if (failed(r))
    return failure();
  Formula f(ctx);
  Value x = ctx.input(0);
  Type element = elementOf(x);
  Type compute = isa<FloatType>(element) ? Formula::wideType(element) : Type(ctx.b.getF64Type());
  x = ctx.cast(x, compute);
  if (!x)
    return failure();
  Value largest = f.reduce(x, ReduceKind::max, r->axes, /*keepdims=*/true);
  Value infinite = ctx.create<edge::IsInfOp>(largest, true, true);
  Value shift = f.select(infinite, ctx.scalar(compute, 0), largest);
  Value sum = f.reduce(f.unary<edge::ExpOp>(f.sub(x, shift)), ReduceKind::sum, r->axes,
                       /*keepdims=*/true);
  Value result = f.add(f.unary<edge::LogOp>(sum), shift);
  if (result && !r->keepdims) {
    SmallVector<int64_t> shape;
    for (auto [i, extent] : llvm::enumerate(shapeOf(x)))
      if (!llvm::is_contained(r->axes, static_cast<int64_t>(i)))
        shape.push_back(extent);
    result = ctx.reshape(result, shape);
  }
  return one(ctx.cast(result, element));
}

//===- Arg-extremes ---------------------------------------------------------------------------===//

template <ReduceKind kind> FailureOr<Results> importArg(NodeContext &ctx) {
  FailureOr<int64_t> axis = ctx.axis(ctx.intAttr("axis", 0), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::ArgReduceOp>(ctx.input(0), kind, *axis,
                                           ctx.intAttr("keepdims", 1) != 0,
                                           ctx.intAttr("select_last_index", 0) != 0));
}

//===- Running totals -------------------------------------------------------------------------===//

template <ReduceKind kind> FailureOr<Results> importCumulate(NodeContext &ctx) {
  auto given = ctx.constantInts(1, "axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return ctx.error("") << "expects one axis, but got " << given->size();
  FailureOr<int64_t> axis = ctx.axis(given->front(), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::CumulateOp>(
      ctx.input(0), kind, *axis, ctx.intAttr("exclusive", 0) != 0, ctx.intAttr("reverse", 0) != 0));
}

//===- Softmax --------------------------------------------------------------------------------===//

/// Applies `fn(x, axis)`. Before opset 13 the dimensions from `axis` on count as one, the axis;
/// since, the axis is just that one.
template <typename Fn> FailureOr<Results> alongAxis(NodeContext &ctx, Fn fn) {
  Value x = ctx.input(0);
  int64_t rank = ctx.type(0).getRank();
  bool flattens = ctx.opset < 13;
  int64_t given = ctx.intAttr("axis", flattens ? 1 : -1);
  if (flattens && given == rank) // everything is a line of its own
    return one(ctx.reshape(fn(ctx.reshape(x, {ctx.type(0).getNumElements(), 1}), 1), shapeOf(x)));
  FailureOr<int64_t> axis = ctx.axis(given, rank);
  if (failed(axis))
    return failure();
  if (!flattens || *axis == rank - 1)
    return one(fn(x, *axis));
  int64_t outer = 1, inner = 1;
  for (auto [i, extent] : llvm::enumerate(shapeOf(x)))
    (static_cast<int64_t>(i) < *axis ? outer : inner) *= extent;
  return one(ctx.reshape(fn(ctx.reshape(x, {outer, inner}), 1), shapeOf(x)));
}

template <bool log> FailureOr<Results> importSoftmax(NodeContext &ctx) {
  return alongAxis(ctx, [&](Value x, int64_t axis) -> Value {
    return ctx.create<edge::SoftmaxOp>(x, axis, log);
  });
}

/// 1 at the first largest element along the axis, 0 elsewhere.
FailureOr<Results> importHardmax(NodeContext &ctx) {
  Formula f(ctx);
  return alongAxis(ctx, [&](Value x, int64_t axis) -> Value {
    Value index = ctx.create<edge::ArgReduceOp>(x, ReduceKind::max, axis, true, false);
    if (!index)
      return {};
    SmallVector<int64_t> shape(shapeOf(x).size(), 1);
    shape[axis] = shapeOf(x)[axis];
    Value places =
        ctx.reshape(ctx.constantInts(llvm::to_vector(llvm::seq<int64_t>(0, shape[axis]))), shape);
    return ctx.cast(f.compare(index, places, edge::ComparePredicate::equal), elementOf(x));
  });
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getReduceRows() {
  static const OperatorRow rows[] = {
      {"ArgMax", importArg<ReduceKind::max>},
      {"ArgMin", importArg<ReduceKind::min>},
      {"CumProd", importCumulate<ReduceKind::prod>},
      {"CumSum", importCumulate<ReduceKind::sum>},
      {"Hardmax", importHardmax},
      {"LogSoftmax", importSoftmax<true>},
      {"ReduceL1", importL1},
      {"ReduceL2", importL2},
      {"ReduceLogSum", importLogSum},
      {"ReduceLogSumExp", importLogSumExp},
      {"ReduceMax", importReduce<ReduceKind::max>},
      {"ReduceMean", importMean},
      {"ReduceMin", importReduce<ReduceKind::min>},
      {"ReduceProd", importReduce<ReduceKind::prod>},
      {"ReduceSum", importReduce<ReduceKind::sum>},
      {"ReduceSumSquare", importSumSquare},
      {"Softmax", importSoftmax<false>},
  };
  return rows;
}
