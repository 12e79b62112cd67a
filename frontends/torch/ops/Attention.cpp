// Rows of attention: products and a softmax, as the same layer comes through ONNX.
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

/// softmax(q k' scale + mask) v. With fewer heads of keys than of queries, groups of queries share
/// one.
FailureOr<Results> importAttention(NodeContext &ctx) {
  Formula f(ctx);
  Type element = elementOf(ctx.input(0)), wide = Formula::wideType(element);
  Value q = ctx.cast(ctx.input(0), wide), k = ctx.cast(ctx.tensor("key"), wide),
        v = ctx.cast(ctx.tensor("value"), wide), mask = ctx.tensor("attn_mask");
  int64_t rank = ctx.type(0).getRank();
  if (rank < 2 || typeOf(k).getRank() != rank || typeOf(v).getRank() != rank)
    return ctx.error("expects queries, keys and values of one rank, but got ")
           << ctx.type(0) << ", " << ctx.type(1) << " and " << ctx.type(2);
  if (ctx.real("dropout_p") != 0)
    return ctx.error("drops elements at random, as in training; call model.eval() before "
                     "torch.export");
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  int64_t queries = shape[rank - 2], keys = shapeOf(k)[rank - 2], width = shape[rank - 1];
  double scale = ctx.has("scale") ? ctx.real("scale") : 1 / std::sqrt(static_cast<double>(width));
  q = f.mul(q, scale);
  SmallVector<int64_t> all(shape.drop_back());
  all.push_back(keys);
  int64_t heads = rank > 2 ? shape[rank - 3] : 1, shared = rank > 2 ? shapeOf(k)[rank - 3] : 1;
  bool grouped = heads != shared && shared > 1;
  SmallVector<int64_t> folded(shape);
  if (grouped) {
    if (heads % shared || shapeOf(v)[rank - 3] != shared)
      return ctx.error("has ") << heads << " heads of queries for " << shared << " of keys";
    folded[rank - 3] = shared;
    folded[rank - 2] = heads / shared * queries;
    q = ctx.reshape(q, folded);
  }
  Value scores = ctx.create<edge::MatMulOp>(q, k, /*transpose_b=*/true);
  if (grouped)
    scores = ctx.reshape(scores, all);
  if (!scores)
    return failure();
  if (ctx.flag("is_causal")) {
    Value kept =
        f.compare(createRamp(ctx, keys, 0, 1), createRamp(ctx, queries, 0, 2), P::less_equal);
    scores = f.select(kept, scores, ctx.scalar(wide, -INFINITY));
  }
  if (mask && elementOf(mask).isInteger(1))
    scores = f.select(mask, scores, ctx.scalar(wide, -INFINITY));
  else if (mask)
    scores = f.add(scores, ctx.cast(mask, wide));
  if (!scores)
    return failure();
  Value weights = ctx.create<edge::SoftmaxOp>(scores, typeOf(scores).getRank() - 1, /*log=*/false,
                                              /*safe=*/true);
  if (grouped) {
    folded[rank - 1] = keys;
    weights = ctx.reshape(weights, folded);
  }
  Value y = ctx.create<edge::MatMulOp>(weights, v, /*transpose_b=*/false);
  if (!y)
    return failure();
  SmallVector<int64_t> result(shape);
  result.back() = shapeOf(v).back();
  if (grouped)
    y = ctx.reshape(y, result);
  return one(ctx.cast(y, element));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getAttentionRows() {
  static const OperatorRow rows[] = {
      {"aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? "
       "attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool "
       "enable_gqa=False) -> Tensor",
       importAttention},
      {"aten::_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, "
       "float dropout_p=0., bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> "
       "(Tensor output, Tensor logsumexp)",
       importAttention},
  };
  return rows;
}
