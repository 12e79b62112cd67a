// Rows that look rows of a table up: one by one, or reduced in bags.
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using edge::ReduceKind;

namespace {

FailureOr<Results> importEmbedding(NodeContext &ctx) {
  return one(ctx.create<edge::GatherOp>(ctx.input(0), ctx.input(1), 0));
}

/// Rows `[B, W, D]`, or `[1, W, D]` where all bags choose from the same ones, and which of them
/// count: `[B, W]`, or null for all.
struct Bags {
  Value rows, kept;
};

/// The common length of bags that begin at known places; nothing where there is none.
std::optional<int64_t> evenLength(NodeContext &ctx, int64_t count, int64_t bags) {
  auto offsets = ctx.tryConstant(2);
  if (failed(offsets) || bags < 1 || count % bags)
    return std::nullopt;
  for (int64_t i = 0; i < bags; ++i)
    if (offsets->getInt(i) != i * (count / bags))
      return std::nullopt;
  return count / bags;
}

/// Each bag's rows are those from its offset to the next one's.
FailureOr<Bags> readBags(NodeContext &ctx) {
  Formula f(ctx);
  Value indices = ctx.tensor("indices"), offsets = ctx.tensor("offsets"),
        weights = ctx.tensor("per_sample_weights");
  if (ctx.type(0).getRank() != 2 || ctx.type(1).getRank() != 1 || ctx.type(2).getRank() != 1)
    return ctx.error("expects a table, a vector of indices and one of offsets, but got ")
           << ctx.type(0) << ", " << ctx.type(1) << " and " << ctx.type(2);
  int64_t count = ctx.type(1).getDimSize(0), width = ctx.type(0).getDimSize(1);
  int64_t bags = ctx.type(2).getDimSize(0) - (ctx.flag("include_last_offset") ? 1 : 0);
  Bags result;
  result.rows = ctx.create<edge::GatherOp>(ctx.input(0), indices, 0);
  if (weights)
    result.rows = f.mul(result.rows, ctx.reshape(weights, {count, 1}));
  int64_t padding = takes(ctx, "padding_idx") ? ctx.integer("padding_idx", -1) : -1;
  Value real;
  if (padding != -1)
    real = f.unary<edge::NotOp>(
        f.compare(indices, ctx.scalar(elementOf(indices), static_cast<double>(padding)),
                  edge::ComparePredicate::equal));
  if (auto length = evenLength(ctx, count, bags)) {
    result.rows = ctx.reshape(result.rows, {bags, *length, width});
    result.kept = real ? ctx.reshape(real, {bags, *length}) : real;
    return result;
  }
  if (bags < 1 || failed(checkWritten(ctx, count)))
    return bags < 1 ? FailureOr<Bags>(ctx.error("has no bags")) : FailureOr<Bags>(failure());
  offsets = ctx.cast(offsets, ctx.b.getI64Type());
  Value place = createRamp(ctx, count, 1, 2);
  Value begin = ctx.reshape(sliceAlong(ctx, offsets, 0, 0, bags), {bags, 1});
  result.kept = f.compare(begin, place, edge::ComparePredicate::less_equal);
  if (bags > 1 || ctx.flag("include_last_offset")) {
    // The last one ends with the indices, if no offset says so.
    Value last = ctx.constantInts(count);
    Value ends[] = {sliceAlong(ctx, offsets, 0, 1, typeOf(offsets).getDimSize(0)), last};
    Value end = ctx.create<edge::ConcatOp>(ValueRange(ends), 0);
    end = ctx.reshape(sliceAlong(ctx, end, 0, 0, bags), {bags, 1});
    result.kept =
        f.binary<edge::AndOp>(result.kept, f.compare(place, end, edge::ComparePredicate::less));
  }
  if (real)
    result.kept = f.binary<edge::AndOp>(result.kept, real);
  result.rows = ctx.reshape(result.rows, {1, count, width});
  return result;
}

/// The sum, the mean or the largest of each bag's rows; zeros for an empty one.
FailureOr<Results> importEmbeddingBag(NodeContext &ctx) {
  enum Mode { sum, mean, max };
  int64_t mode = ctx.integer("mode");
  if (mode < sum || mode > max)
    return ctx.error("mode ") << mode << " is not one that torch has";
  auto bags = readBags(ctx);
  if (failed(bags) || !bags->rows)
    return failure();
  Formula f(ctx);
  Type element = elementOf(bags->rows), wide = Formula::wideType(element);
  Value x = ctx.cast(bags->rows, wide), count;
  if (bags->kept) {
    SmallVector<int64_t> column(shapeOf(bags->kept));
    column.push_back(1);
    Value kept = ctx.reshape(bags->kept, column);
    x = f.select(kept, x, ctx.scalar(wide, mode == max ? -INFINITY : 0));
    count = f.reduce(ctx.cast(kept, wide), ReduceKind::sum, 1, /*keepdims=*/false);
  }
  if (!x)
    return failure();
  auto length = static_cast<double>(shapeOf(x)[1]);
  Value y = f.reduce(x, mode == max ? ReduceKind::max : ReduceKind::sum, 1, /*keepdims=*/false);
  if (mode == mean)
    y = count ? f.div(y, f.binary<edge::MaxOp>(count, 1.0)) : f.div(y, std::max(length, 1.0));
  if (mode == max && count) {
    Value zero = ctx.scalar(wide, 0);
    y = f.select(f.compare(count, zero, edge::ComparePredicate::equal), zero, y);
  }
  return one(ctx.cast(y, element));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getEmbeddingRows() {
  static const OperatorRow rows[] = {
      {"aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool "
       "scale_grad_by_freq=False, bool sparse=False) -> Tensor",
       importEmbedding},
      {"aten::embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool "
       "scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, "
       "bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)",
       importEmbeddingBag},
      {"aten::embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool "
       "scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool "
       "include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)",
       importEmbeddingBag},
      {"aten::_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool "
       "scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, "
       "bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)",
       importEmbeddingBag},
      {"aten::_embedding_bag_forward_only(Tensor weight, Tensor indices, Tensor offsets, bool "
       "scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, "
       "bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)",
       importEmbeddingBag},
  };
  return rows;
}
