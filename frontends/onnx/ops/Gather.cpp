// Operators that read or write at indices held in a tensor: gathers, scatters, OneHot, TopK,
// ReverseSequence.
#include "frontends/onnx/ops/Row.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

FailureOr<Results> importGather(NodeContext &ctx) {
  auto axis = ctx.axis(ctx.intAttr("axis", 0), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::GatherOp>(ctx.input(0), ctx.input(1), *axis));
}

FailureOr<Results> importGatherElements(NodeContext &ctx) {
  auto axis = ctx.axis(ctx.intAttr("axis", 0), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::GatherElementsOp>(ctx.input(0), ctx.input(1), *axis));
}

FailureOr<Results> importGatherND(NodeContext &ctx) {
  return one(
      ctx.create<edge::GatherNDOp>(ctx.input(0), ctx.input(1), ctx.intAttr("batch_dims", 0)));
}

FailureOr<edge::ScatterReduction> readReduction(const NodeContext &ctx) {
  std::string name = ctx.stringAttr("reduction", "none");
  auto reduction = edge::symbolizeScatterReduction(name);
  if (!reduction)
    return ctx.error("reduction '") << name << "' is not one that " << ctx.node.op_type() << " has";
  return *reduction;
}

FailureOr<Results> importScatterElements(NodeContext &ctx) {
  auto axis = ctx.axis(ctx.intAttr("axis", 0), ctx.type(0).getRank());
  auto reduction = readReduction(ctx);
  if (failed(axis) || failed(reduction))
    return failure();
  return one(ctx.create<edge::ScatterElementsOp>(ctx.input(0), ctx.input(1), ctx.input(2), *axis,
                                                 *reduction));
}

FailureOr<Results> importScatterND(NodeContext &ctx) {
  auto reduction = readReduction(ctx);
  if (failed(reduction))
    return failure();
  return one(ctx.create<edge::ScatterNDOp>(ctx.input(0), ctx.input(1), ctx.input(2), *reduction));
}

/// 0, 1, 2... along dimension `dim` of a shape of `rank` dimensions that are 1 but for it.
Value createRamp(const NodeContext &ctx, int64_t extent, int64_t dim, int64_t rank) {
  SmallVector<int64_t> shape(rank, 1), values(extent);
  shape[dim] = extent;
  std::iota(values.begin(), values.end(), 0);
  return ctx.reshape(ctx.constantInts(values), shape);
}

/// TensorScatter writes the rows of an update one after the other from where each batch entry says,
/// in a cache.
FailureOr<Results> importTensorScatter(NodeContext &ctx) {
  auto cache = ctx.type(0), update = ctx.type(1);
  int64_t rank = cache.getRank();
  auto axis = ctx.axis(ctx.intAttr("axis", -2), rank);
  std::string mode = ctx.stringAttr("mode", "linear");
  if (failed(axis))
    return failure();
  if (mode != "linear" && mode != "circular")
    return ctx.error("mode '") << mode << "' is neither 'linear' nor 'circular'";
  if (*axis == 0 || update.getRank() != rank)
    return ctx.error("expects a cache and an update of one rank, and an axis behind the batch's");
  // The index tuples cover the dimensions up to the axis; what is behind them is written at once.
  SmallVector<int64_t> shape(update.getShape().take_front(*axis + 1));
  shape.push_back(1);
  SmallVector<Value> parts;
  for (int64_t i = 0; i <= *axis; ++i) {
    Value part = createRamp(ctx, update.getDimSize(i), i, *axis + 2);
    if (i == *axis && ctx.input(2)) {
      SmallVector<int64_t> batch(*axis + 2, 1);
      batch[0] = cache.getDimSize(0);
      Value start = ctx.reshape(ctx.cast(ctx.input(2), ctx.b.getI64Type()), batch);
      part = ctx.create<edge::AddOp>(part, start);
      if (mode == "circular")
        part = ctx.create<edge::ModOp>(
            part, ctx.scalar(ctx.b.getI64Type(), static_cast<double>(cache.getDimSize(i))));
    }
    if (!part)
      return failure();
    parts.push_back(ctx.create<edge::BroadcastOp>(part, shape));
    if (!parts.back())
      return failure();
  }
  Value indices = ctx.create<edge::ConcatOp>(ValueRange(parts), *axis + 1);
  return one(ctx.create<edge::ScatterNDOp>(ctx.input(0), indices, ctx.input(1),
                                           edge::ScatterReduction::none));
}

FailureOr<Results> importOneHot(NodeContext &ctx) {
  auto indices = ctx.type(0);
  auto depth = ctx.constantInts(1, "the depth");
  auto axis = ctx.axis(ctx.intAttr("axis", -1), indices.getRank() + 1);
  if (failed(depth) || failed(axis))
    return failure();
  if (depth->size() != 1 || depth->front() < 0 || depth->front() > INT32_MAX)
    return ctx.error("expects one depth, not negative");
  auto values = ctx.type(2);
  if (values.getRank() != 1 || values.getDimSize(0) != 2)
    return ctx.error("expects two values, off and on, but got ") << values;
  SmallVector<int64_t> shape(indices.getShape());
  shape.insert(shape.begin() + *axis, 1);
  Type i64 = ctx.b.getI64Type();
  Value index = ctx.reshape(ctx.cast(ctx.input(0), i64), shape);
  Value isNegative =
      ctx.create<edge::CompareOp>(index, ctx.scalar(i64, 0), edge::ComparePredicate::less);
  Value fromEnd =
      ctx.create<edge::AddOp>(index, ctx.scalar(i64, static_cast<double>(depth->front())));
  index = ctx.create<edge::SelectOp>(isNegative, fromEnd, index);
  Value ramp = createRamp(ctx, depth->front(), *axis, indices.getRank() + 1);
  Value isHot = ctx.create<edge::CompareOp>(index, ramp, edge::ComparePredicate::equal);
  auto value = [&](int64_t i) {
    Value one = ctx.create<edge::SliceOp>(ctx.input(2), ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1},
                                          ArrayRef<int64_t>{1});
    return ctx.reshape(one, {});
  };
  return one(ctx.create<edge::SelectOp>(isHot, value(1), value(0)));
}

FailureOr<Results> importTopK(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto axis = ctx.axis(ctx.intAttr("axis", -1), x.getRank());
  auto k = ctx.intsInputOrAttr(1, "k");
  if (failed(axis) || failed(k))
    return failure();
  int64_t count = k->empty() ? ctx.intAttr("k", 0) : k->front();
  Results results = ctx.createResults<edge::TopKOp, 2>(ctx.input(0), count, *axis,
                                                       ctx.intAttr("largest", 1) == 0);
  if (results.empty())
    return failure();
  return results;
}

FailureOr<Results> importCompress(NodeContext &ctx) {
  auto condition = ctx.constant(1, "the condition");
  if (failed(condition))
    return failure();
  Value x = ctx.input(0);
  if (!ctx.has("axis"))
    x = ctx.reshape(x, ctx.type(0).getNumElements());
  auto axis = ctx.axis(ctx.intAttr("axis", 0), typeOf(x).getRank());
  if (failed(axis))
    return failure();
  SmallVector<int64_t> kept;
  int64_t limit = std::min(condition->getNumElements(), typeOf(x).getDimSize(*axis));
  for (int64_t i = 0; i < limit; ++i)
    if (condition->getInt(i))
      kept.push_back(i);
  return one(ctx.create<edge::GatherOp>(x, ctx.constantInts(kept), *axis));
}

/// Reverses the beginning of each sequence: position t reads length - 1 - t within the length, and
/// t beyond it.
FailureOr<Results> importReverseSequence(NodeContext &ctx) {
  auto x = ctx.type(0), lengths = ctx.type(1);
  int64_t batchAxis = ctx.intAttr("batch_axis", 1), timeAxis = ctx.intAttr("time_axis", 0);
  if (x.getRank() < 2 || batchAxis + timeAxis != 1 || batchAxis * timeAxis != 0)
    return ctx.error("expects an input of rank 2 or more, whose first two dimensions are the batch "
                     "and the time");
  if (lengths.getRank() != 1 || lengths.getDimSize(0) != x.getDimSize(batchAxis))
    return ctx.error("expects a length for each of ") << x.getDimSize(batchAxis) << " sequences";
  SmallVector<int64_t> swapped(x.getRank());
  std::iota(swapped.begin(), swapped.end(), 0);
  if (timeAxis == 0)
    std::swap(swapped[0], swapped[1]);
  Value batchFirst = ctx.transpose(ctx.input(0), swapped);
  int64_t batch = x.getDimSize(batchAxis), time = x.getDimSize(timeAxis);
  Type i64 = ctx.b.getI64Type();
  Value length = ctx.reshape(ctx.cast(ctx.input(1), i64), {batch, 1});
  Value ramp = createRamp(ctx, time, 1, 2);
  Value last = ctx.create<edge::SubOp>(length, ctx.scalar(i64, 1));
  Value isInside = ctx.create<edge::CompareOp>(ramp, length, edge::ComparePredicate::less);
  Value source = ctx.create<edge::SelectOp>(isInside, ctx.create<edge::SubOp>(last, ramp), ramp);
  Value reversed =
      ctx.create<edge::GatherNDOp>(batchFirst, ctx.reshape(source, {batch, time, 1}), int64_t(1));
  return one(ctx.transpose(reversed, swapped));
}

const OperatorRow kRows[] = {
    {"Gather", needs<importGather, 2>},
    {"GatherElements", needs<importGatherElements, 2>},
    {"GatherND", needs<importGatherND, 2>},
    {"ScatterElements", needs<importScatterElements, 3>},
    {"Scatter", needs<importScatterElements, 3>},
    {"ScatterND", needs<importScatterND, 3>},
    {"TensorScatter", needs<importTensorScatter, 2>},
    {"OneHot", needs<importOneHot, 3>},
    {"TopK", needs<importTopK, 1>},
    {"Compress", needs<importCompress, 2>},
    {"ReverseSequence", needs<importReverseSequence, 2>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getGatherRows() { return kRows; }
