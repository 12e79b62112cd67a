// Reductions, the place of an extreme, running totals, the largest elements.
#include "frontends/tflite/Importer.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;
using edge::ReduceKind;

namespace {

/// The axes that input 1 gives; one given twice counts once.
FailureOr<SmallVector<int64_t>> axesOf(NodeContext &ctx) {
  auto given = ctx.constantInts(1, "the axes of a reduction");
  if (failed(given))
    return failure();
  SmallVector<int64_t> axes;
  for (int64_t axis : *given) {
    auto normalized = ctx.axis(axis, ctx.type(0).getRank());
    if (failed(normalized))
      return failure();
    if (!llvm::is_contained(axes, *normalized))
      axes.push_back(*normalized);
  }
  llvm::sort(axes);
  return axes;
}

bool keeps(const NodeContext &ctx) { return ctx.options<ReducerOptions>().keep_dims(); }

template <ReduceKind kind> FailureOr<Results> importReduce(NodeContext &ctx) {
  auto axes = axesOf(ctx);
  if (failed(axes))
    return failure();
  bool extreme = kind == ReduceKind::max || kind == ReduceKind::min;
  Value x = extreme ? ctx.moved(0) : ctx.real(0);
  return one(ctx.result(Formula(ctx).reduce(x, kind, *axes, keeps(ctx))));
}

FailureOr<Results> importMean(NodeContext &ctx) {
  auto axes = axesOf(ctx);
  if (failed(axes))
    return failure();
  return one(ctx.result(Formula(ctx).mean(ctx.real(0), *axes, keeps(ctx))));
}

template <ReduceKind kind> FailureOr<Results> importArg(NodeContext &ctx) {
  auto given = ctx.constantInts(1, "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return ctx.error("expects one axis, but got ") << given->size();
  auto axis = ctx.axis(given->front(), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  Value index = ctx.create<edge::ArgReduceOp>(ctx.input(0), kind, *axis, /*keepdims=*/false,
                                              /*select_last=*/false);
  const Tensor *output = ctx.outputTensor(0);
  bool narrow = output && output->type() == tflite::TensorType::INT32;
  return one(narrow ? ctx.cast(index, ctx.b.getI32Type()) : index);
}

FailureOr<Results> importCumsum(NodeContext &ctx) {
  const auto &options = ctx.options<CumsumOptions>();
  auto given = ctx.constantInts(1, "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return ctx.error("expects one axis, but got ") << given->size();
  auto axis = ctx.axis(given->front(), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::CumulateOp>(ctx.real(0), ReduceKind::sum, *axis, options.exclusive(),
                                          options.reverse()));
}

FailureOr<Results> importTopK(NodeContext &ctx) {
  auto k = ctx.constantInts(1, "the number of elements");
  if (failed(k))
    return failure();
  if (k->size() != 1 || ctx.type(0).getRank() == 0)
    return ctx.error("expects one number and an input of rank 1 or more");
  Value x = ctx.moved(0);
  if (!x)
    return failure();
  auto results =
      ctx.createResults<edge::TopKOp, 2>(x, k->front(), ctx.type(0).getRank() - 1, false);
  if (results.empty())
    return failure();
  const Tensor *output = ctx.outputTensor(1);
  Type index = output ? convertElementType(output->type(), ctx.b.getContext()) : Type();
  if (!index)
    return ctx.error("expects indices of integers");
  return Results{ctx.result(results[0]), ctx.cast(results[1], index)};
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getReduceRows() {
  static constexpr OperatorRow rows[] = {
      {B::ARG_MAX, importArg<ReduceKind::max>, 2},
      {B::ARG_MIN, importArg<ReduceKind::min>, 2},
      {B::CUMSUM, importCumsum, 2},
      {B::MEAN, importMean, 2},
      {B::REDUCE_ALL, importReduce<ReduceKind::min>, 2},
      {B::REDUCE_ANY, importReduce<ReduceKind::max>, 2},
      {B::REDUCE_MAX, importReduce<ReduceKind::max>, 2},
      {B::REDUCE_MIN, importReduce<ReduceKind::min>, 2},
      {B::REDUCE_PROD, importReduce<ReduceKind::prod>, 2},
      {B::SUM, importReduce<ReduceKind::sum>, 2},
      {B::TOPK_V2, importTopK, 2},
  };
  return rows;
}
