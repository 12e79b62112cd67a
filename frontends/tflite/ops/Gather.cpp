// Elements at indices that a tensor holds.
#include "dialects/Edge/Lowering.h"
#include "frontends/tflite/Importer.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;

namespace {

FailureOr<Results> importGather(NodeContext &ctx) {
  const auto &options = ctx.options<GatherOptions>();
  int64_t rank = ctx.type(0).getRank(), depth = ctx.type(1).getRank();
  auto axis = ctx.axis(options.axis(), rank);
  if (failed(axis))
    return failure();
  int64_t batch = options.batch_dims() < 0 ? options.batch_dims() + depth : options.batch_dims();
  if (batch == 0)
    return one(ctx.result(ctx.create<edge::GatherOp>(ctx.moved(0), ctx.input(1), *axis)));
  if (batch < 0 || batch > depth || batch > *axis)
    return ctx.error("has ") << batch << " batch dimensions for axis " << *axis
                             << " and indices of rank " << depth;
  // The axis comes first behind the batch, for tuples of one index; what stood before it comes
  // back.
  Value x = ctx.moved(0);
  SmallVector<int64_t> forward;
  for (int64_t i = 0; i < rank; ++i)
    if (i != *axis)
      forward.push_back(i);
  forward.insert(forward.begin() + batch, *axis);
  SmallVector<int64_t> tuples(ctx.type(1).getShape());
  tuples.push_back(1);
  Value gathered = ctx.create<edge::GatherNDOp>(ctx.transpose(x, forward),
                                                ctx.reshape(ctx.input(1), tuples), batch);
  // [B, I, A, S] to [B, A, I, S]
  int64_t result = rank - 1 + depth - batch, moved = *axis - batch;
  SmallVector<int64_t> back;
  for (int64_t i = 0; i < batch; ++i)
    back.push_back(i);
  for (int64_t i = 0; i < moved; ++i)
    back.push_back(depth + i);
  for (int64_t i = batch; i < depth; ++i)
    back.push_back(i);
  for (auto i = static_cast<int64_t>(back.size()); i < result; ++i)
    back.push_back(i);
  return one(ctx.result(ctx.transpose(gathered, back)));
}

FailureOr<Results> importGatherND(NodeContext &ctx) {
  return one(ctx.result(ctx.create<edge::GatherNDOp>(ctx.moved(0), ctx.input(1), int64_t(0))));
}

/// Rows of a table; the indices come first.
FailureOr<Results> importEmbedding(NodeContext &ctx) {
  Value table = ctx.sameQuantization(1) ? ctx.input(1) : ctx.real(1);
  if (!table)
    return failure();
  return one(ctx.result(ctx.create<edge::GatherOp>(table, ctx.input(0), int64_t(0))));
}

/// Updates are added up into zeros.
FailureOr<Results> importScatterND(NodeContext &ctx) {
  auto shape = ctx.constantInts(2, "the shape");
  if (failed(shape) || failed(edge::checkShape(ctx.loc, "SCATTER_ND", *shape)))
    return failure();
  Type element = ctx.type(1).getElementType();
  Value zeros = ctx.create<edge::BroadcastOp>(ctx.scalar(element, 0), *shape);
  bool isBool = element.isInteger(1);
  return one(ctx.create<edge::ScatterNDOp>(zeros, ctx.input(0), ctx.input(1),
                                           isBool ? edge::ScatterReduction::max
                                                  : edge::ScatterReduction::add));
}

/// A block written at a start that is clamped so that it fits.
FailureOr<Results> importDynamicUpdateSlice(NodeContext &ctx) {
  auto x = ctx.type(0), update = ctx.type(1);
  if (x.getRank() != update.getRank() || ctx.type(2).getRank() != 1 ||
      ctx.type(2).getDimSize(0) != x.getRank() || x.getRank() == 0)
    return ctx.error("expects an operand, an update and a start of one rank");
  Type i64 = ctx.b.getI64Type();
  SmallVector<int64_t> limits, shape(update.getShape());
  for (int64_t i = 0; i < x.getRank(); ++i) {
    limits.push_back(x.getDimSize(i) - update.getDimSize(i));
    if (limits.back() < 0)
      return ctx.error("has an update larger than its operand");
  }
  Formula f(ctx);
  Value start = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(ctx.cast(ctx.input(2), i64), 0.0),
                                      ctx.constantInts(limits));
  if (update.getNumElements() == 0 || update.getNumElements() > 1 << 24)
    return ctx.error("has an update of ") << update;
  // The index tuple of each element of the update, counted from its start.
  shape.push_back(x.getRank());
  edge::HostTensor tuples(RankedTensorType::get(shape, i64));
  int64_t at = 0;
  edge::forEachIndex(update.getShape(), [&](ArrayRef<int64_t> index, int64_t) {
    for (int64_t i : index)
      tuples.setInt(at++, i);
  });
  return one(ctx.create<edge::ScatterNDOp>(ctx.input(0), f.add(ctx.constantTensor(tuples), start),
                                           ctx.input(1), edge::ScatterReduction::none));
}

/// The numbers 0 to `count` along `axis`.
Value ramp(const NodeContext &ctx, Type element, int64_t count, int64_t axis, int64_t rank) {
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = count;
  edge::HostTensor tensor(RankedTensorType::get(shape, element));
  for (int64_t i = 0; i < count; ++i)
    tensor.setInt(i, i);
  return ctx.constantTensor(tensor);
}

FailureOr<Results> importOneHot(NodeContext &ctx) {
  auto depth = ctx.constantInts(1, "the depth");
  int64_t rank = ctx.type(0).getRank();
  auto axis = ctx.axis(ctx.options<OneHotOptions>().axis(), rank + 1);
  if (failed(depth) || failed(axis))
    return failure();
  if (depth->size() != 1 || depth->front() < 0 || depth->front() > INT32_MAX ||
      ctx.type(2).getNumElements() != 1 || ctx.type(3).getNumElements() != 1)
    return ctx.error("expects one depth, one value for on and one for off");
  SmallVector<int64_t> shape(ctx.type(0).getShape());
  shape.insert(shape.begin() + *axis, 1);
  SmallVector<int64_t> whole(shape);
  whole[*axis] = depth->front();
  if (failed(edge::checkShape(ctx.loc, "ONE_HOT", whole)))
    return failure();
  Formula f(ctx);
  Value hot = f.compare(ctx.reshape(ctx.input(0), shape),
                        ramp(ctx, ctx.type(0).getElementType(), depth->front(), *axis, rank + 1),
                        edge::ComparePredicate::equal);
  return one(f.select(hot, ctx.reshape(ctx.input(2), {}), ctx.reshape(ctx.input(3), {})));
}

/// Position t of a sequence reads length - 1 - t within its length, and itself behind.
FailureOr<Results> importReverseSequence(NodeContext &ctx) {
  const auto &options = ctx.options<ReverseSequenceOptions>();
  auto x = ctx.type(0), lengths = ctx.type(1);
  auto time = ctx.axis(options.seq_dim(), x.getRank()),
       batch = ctx.axis(options.batch_dim(), x.getRank());
  if (failed(time) || failed(batch))
    return failure();
  if (*time == *batch || lengths.getRank() != 1 || lengths.getDimSize(0) != x.getDimSize(*batch))
    return ctx.error("expects a length for each of ") << x.getDimSize(*batch) << " sequences";
  Formula f(ctx);
  Type i64 = ctx.b.getI64Type();
  SmallVector<int64_t> shape(x.getRank(), 1);
  shape[*batch] = x.getDimSize(*batch);
  Value length = ctx.reshape(ctx.cast(ctx.input(1), i64), shape);
  Value t = ramp(ctx, i64, x.getDimSize(*time), *time, x.getRank());
  Value index =
      f.select(f.compare(t, length, edge::ComparePredicate::less), f.sub(f.sub(length, 1.0), t), t);
  if (!index)
    return failure();
  Value whole = ctx.create<edge::BroadcastOp>(index, x.getShape());
  return one(ctx.result(ctx.create<edge::GatherElementsOp>(ctx.moved(0), whole, *time)));
}

/// How many boundaries are not larger: each is compared with.
FailureOr<Results> importBucketize(NodeContext &ctx) {
  auto boundaries = toArray(ctx.options<BucketizeOptions>().boundaries());
  if (boundaries.empty() || boundaries.size() > 4096)
    return ctx.error("has ") << boundaries.size() << " boundaries";
  Formula f(ctx);
  auto x = ctx.type(0);
  SmallVector<int64_t> column(x.getShape());
  column.push_back(1);
  edge::HostTensor row(
      RankedTensorType::get({static_cast<int64_t>(boundaries.size())}, ctx.b.getF32Type()));
  for (auto [i, boundary] : llvm::enumerate(boundaries))
    row.setFloat(static_cast<int64_t>(i), boundary);
  Value above = f.compare(ctx.reshape(ctx.cast(ctx.input(0), ctx.b.getF32Type()), column),
                          ctx.constantTensor(row), edge::ComparePredicate::greater_equal);
  return one(f.reduce(ctx.cast(above, ctx.b.getI32Type()), edge::ReduceKind::sum, {x.getRank()},
                      /*keepdims=*/false));
}

/// [.., N] to [.., N, N], zero beside the diagonal; or with the diagonal of another put in.
FailureOr<Results> importMatrixDiag(NodeContext &ctx) {
  bool set = ctx.builtin() == B::MATRIX_SET_DIAG;
  auto diagonal = ctx.type(set ? 1 : 0);
  if (diagonal.getRank() == 0 || (set && ctx.type(0).getRank() != diagonal.getRank() + 1))
    return ctx.error("expects a diagonal of one rank less than the matrices");
  int64_t rank = diagonal.getRank() + 1, extent = diagonal.getShape().back();
  int64_t rows = extent, columns = extent;
  if (set) {
    rows = ctx.type(0).getDimSize(rank - 2);
    columns = ctx.type(0).getDimSize(rank - 1);
    if (extent != std::min(rows, columns) || (rows != columns && rows > columns))
      return ctx.error("has a diagonal of ") << extent << " for " << ctx.type(0);
  }
  Formula f(ctx);
  Type i32 = ctx.b.getI32Type();
  Value on = f.compare(ramp(ctx, i32, rows, rank - 2, rank),
                       ramp(ctx, i32, columns, rank - 1, rank), edge::ComparePredicate::equal);
  SmallVector<int64_t> shape(diagonal.getShape());
  shape.push_back(1);
  Value along = ctx.reshape(ctx.input(set ? 1 : 0), shape);
  Value off = set ? ctx.input(0) : ctx.scalar(diagonal.getElementType(), 0);
  return one(f.select(on, along, off));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getGatherRows() {
  static constexpr OperatorRow rows[] = {
      {B::BUCKETIZE, importBucketize},
      {B::DYNAMIC_UPDATE_SLICE, importDynamicUpdateSlice, 3},
      {B::EMBEDDING_LOOKUP, importEmbedding, 2},
      {B::GATHER, importGather, 2},
      {B::GATHER_ND, importGatherND, 2},
      {B::MATRIX_DIAG, importMatrixDiag},
      {B::MATRIX_SET_DIAG, importMatrixDiag, 2},
      {B::ONE_HOT, importOneHot, 4},
      {B::REVERSE_SEQUENCE, importReverseSequence, 2},
      {B::SCATTER_ND, importScatterND, 3},
  };
  return rows;
}
