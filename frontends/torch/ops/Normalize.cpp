// Rows of normalisations: formulas over means, in f32 where the element type is narrower.
#include "frontends/Layers.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// A vector of one entry a channel, or None.
LogicalResult checkVector(const NodeContext &ctx, StringRef name, int64_t channels) {
  Value vector = ctx.tensor(name);
  if (!vector || (typeOf(vector).getRank() == 1 && typeOf(vector).getDimSize(0) == channels))
    return success();
  return ctx.error("expects '") << name << "' to have one entry for each of " << channels
                                << " channels, but got " << vector.getType();
}

FailureOr<int64_t> channelsOf(const NodeContext &ctx) {
  auto x = ctx.type(0);
  if (x.getRank() < 2)
    return ctx.error("expects channels, but got ") << x;
  for (StringRef name : {"weight", "bias"})
    if (failed(checkVector(ctx, name, x.getDimSize(1))))
      return failure();
  return x.getDimSize(1);
}

InFlightDiagnostic trains(const NodeContext &ctx) {
  auto diagnostic = ctx.error("normalizes by the statistics of the batch, as in training");
  diagnostic.attachNote() << "call model.eval() before torch.export";
  return diagnostic;
}

/// (x - mean) / deviation over `axes` of `grouped`, the input in another shape, times weight plus
/// bias, which broadcast to x.
FailureOr<Results> normalized(const NodeContext &ctx, ArrayRef<int64_t> grouped,
                              ArrayRef<int64_t> axes, ArrayRef<int64_t> vector, double epsilon) {
  Formula f(ctx);
  Value x = ctx.input(0);
  Type element = elementOf(x), wide = Formula::wideType(element);
  Moments m = createMoments(ctx, ctx.reshape(ctx.cast(x, wide), grouped), axes, epsilon);
  Value y = f.mul(m.centered, m.inverseDeviation);
  if (Value weight = ctx.tensor("weight"))
    y = f.mul(y, ctx.reshape(ctx.cast(weight, wide), vector));
  if (Value bias = ctx.tensor("bias"))
    y = f.add(y, ctx.reshape(ctx.cast(bias, wide), vector));
  y = ctx.cast(ctx.reshape(y, shapeOf(x)), element);
  if (!y || !m.mean || !m.inverseDeviation)
    return failure();
  return Results{y, ctx.cast(m.mean, element), ctx.cast(m.inverseDeviation, element)};
}

/// By the statistics of the input over all but the channels, which instance normalization comes as.
FailureOr<Results> importNoStatistics(NodeContext &ctx) {
  auto channels = channelsOf(ctx);
  if (failed(channels))
    return failure();
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  SmallVector<int64_t> axes{0}, vector(shape.size() - 1, 1);
  axes.append(llvm::to_vector(llvm::seq<int64_t>(2, shape.size())));
  vector[0] = *channels;
  auto results = normalized(ctx, shape, axes, vector, ctx.real("eps"));
  if (failed(results))
    return failure();
  return Results{results->front()};
}

FailureOr<Results> importBatchNorm(NodeContext &ctx) {
  auto channels = channelsOf(ctx);
  if (failed(channels) || failed(checkVector(ctx, "running_mean", *channels)) ||
      failed(checkVector(ctx, "running_var", *channels)))
    return failure();
  bool training = false;
  for (const Parameter &parameter : ctx.schema.parameters)
    if (parameter.name == "training")
      training = ctx.flag("training");
  // With none that are kept, those of the input are meant: of weights that are standardized, say.
  bool kept = ctx.has("running_mean") && ctx.has("running_var");
  if (training && !kept)
    return importNoStatistics(ctx);
  if (training || !kept)
    return trains(ctx);
  return one(createBatchNorm(ctx, ctx.input(0), ctx.tensor("weight"), ctx.tensor("bias"),
                             ctx.tensor("running_mean"), ctx.tensor("running_var"),
                             ctx.real("eps")));
}

/// The last dimensions, which `normalized_shape` counts.
FailureOr<SmallVector<int64_t>> normalizedAxes(const NodeContext &ctx) {
  auto x = ctx.type(0);
  SmallVector<int64_t> shape = ctx.integers("normalized_shape");
  auto count = static_cast<int64_t>(shape.size());
  if (count > x.getRank() || x.getShape().take_back(count) != ArrayRef<int64_t>(shape))
    return ctx.error("the normalized shape isn't that of the last dimensions of ") << x;
  for (const Parameter &parameter : ctx.schema.parameters) {
    Value vector = parameter.name == "weight" || parameter.name == "bias"
                       ? ctx.tensor(parameter.name)
                       : Value();
    if (vector && shapeOf(vector) != ArrayRef<int64_t>(shape))
      return ctx.error("'") << parameter.name << "' is " << vector.getType()
                            << ", not of the normalized shape";
  }
  return llvm::to_vector(llvm::seq<int64_t>(x.getRank() - count, x.getRank()));
}

FailureOr<Results> importLayerNorm(NodeContext &ctx) {
  auto axes = normalizedAxes(ctx);
  if (failed(axes))
    return failure();
  return normalized(ctx, ctx.type(0).getShape(), *axes, ctx.integers("normalized_shape"),
                    ctx.real("eps"));
}

/// x / sqrt(mean(x^2) + eps) * weight
FailureOr<Results> importRmsNorm(NodeContext &ctx) {
  auto axes = normalizedAxes(ctx);
  if (failed(axes))
    return failure();
  Formula f(ctx);
  auto type = mlir::dyn_cast<FloatType>(elementOf(ctx.input(0)));
  if (!type)
    return ctx.error("normalizes integers");
  // Without one, the type's own.
  double eps = ctx.real("eps", std::ldexp(1.0, 1 - static_cast<int>(type.getFPMantissaWidth())));
  return one(f.inSingle(ctx.input(0), [&](Value x) -> Value {
    Value square = f.add(f.mean(f.mul(x, x), *axes), eps);
    Value y = f.mul(x, f.unary<edge::ReciprocalOp>(f.sqrt(square)));
    Value weight = ctx.tensor("weight");
    return weight ? f.mul(y, ctx.cast(weight, elementOf(x))) : y;
  }));
}

/// Each group of channels of each item on its own.
FailureOr<Results> grouped(const NodeContext &ctx, int64_t groups) {
  auto channels = channelsOf(ctx);
  if (failed(channels))
    return failure();
  if (groups < 1 || *channels % groups)
    return ctx.error("can't split ") << *channels << " channels into " << groups << " groups";
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  SmallVector<int64_t> grouped{shape[0], groups, *channels / groups};
  grouped.append(shape.begin() + 2, shape.end());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, shape.size() + 1));
  SmallVector<int64_t> vector(shape.size(), 1); // without the batch
  vector[0] = groups;
  vector[1] = *channels / groups;
  return normalized(ctx, grouped, axes, vector, ctx.real("eps"));
}
FailureOr<Results> importGroupNorm(NodeContext &ctx) {
  return grouped(ctx, ctx.integer("num_groups"));
}
FailureOr<Results> importNativeGroupNorm(NodeContext &ctx) {
  auto results = grouped(ctx, ctx.integer("group"));
  if (failed(results))
    return failure();
  for (Value &statistic : MutableArrayRef(*results).drop_front())
    statistic = ctx.reshape(statistic, {ctx.type(0).getDimSize(0), ctx.integer("group")});
  return results;
}

FailureOr<Results> importInstanceNorm(NodeContext &ctx) {
  auto channels = channelsOf(ctx);
  if (failed(channels))
    return failure();
  if (!ctx.flag("use_input_stats"))
    return one(createBatchNorm(ctx, ctx.input(0), ctx.tensor("weight"), ctx.tensor("bias"),
                               ctx.tensor("running_mean"), ctx.tensor("running_var"),
                               ctx.real("eps")));
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, shape.size()));
  SmallVector<int64_t> vector(std::max<size_t>(shape.size() - 1, 1), 1);
  vector[0] = *channels;
  return normalized(ctx, shape, axes, vector, ctx.real("eps"));
}

/// v g / |v|, where the length is over all dimensions but one.
FailureOr<Results> importWeightNorm(NodeContext &ctx) {
  Formula f(ctx);
  Value v = ctx.input(0), g = ctx.input(1);
  int64_t rank = typeOf(v).getRank(), dim = ctx.integer("dim");
  SmallVector<int64_t> axes;
  if (dim != -1) { // else one length for all
    auto kept = ctx.dimension("dim", rank);
    if (failed(kept))
      return failure();
    dim = *kept;
  }
  for (int64_t i = 0; i < rank; ++i)
    if (i != dim)
      axes.push_back(i);
  Type element = elementOf(v), wide = Formula::wideType(element);
  v = ctx.cast(v, wide);
  Value length = f.sqrt(f.reduce(f.mul(v, v), edge::ReduceKind::sum, axes));
  Value y = f.mul(v, f.div(ctx.cast(g, wide), length));
  if (!y || shapeOf(y) != shapeOf(v))
    return y ? ctx.error("scales ") << ctx.type(0) << " by " << ctx.type(1)
             : FailureOr<Results>(failure());
  return Results{ctx.cast(y, element), ctx.cast(length, element)};
}

/// x.y / (max(|x|, eps) max(|y|, eps)) along a dimension.
FailureOr<Results> importCosineSimilarity(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  Value product = f.mul(p.x, p.y);
  if (!product)
    return failure();
  auto dim = ctx.dimension("dim", typeOf(product).getRank());
  if (failed(dim))
    return failure();
  auto length = [&](Value x) {
    Value squares = f.reduce(f.mul(x, x), edge::ReduceKind::sum, *dim, false);
    return f.binary<edge::MaxOp>(f.sqrt(squares), ctx.real("eps"));
  };
  auto shape = shapeOf(product);
  Value x = ctx.create<edge::BroadcastOp>(p.x, shape),
        y = ctx.create<edge::BroadcastOp>(p.y, shape);
  Value dot = f.reduce(product, edge::ReduceKind::sum, *dim, false);
  return one(f.div(dot, f.mul(length(x), length(y))));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getNormalizeRows() {
  static const OperatorRow rows[] = {
      {"aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? "
       "running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor",
       importBatchNorm},
      {"aten::_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, "
       "Tensor running_mean, Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, "
       "Tensor)",
       importBatchNorm},
      {"aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? "
       "bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor",
       importLayerNorm},
      {"aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? "
       "bias, float eps) -> (Tensor, Tensor, Tensor)",
       importLayerNorm},
      {"aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? "
       "eps=None) -> Tensor",
       importRmsNorm},
      {"aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> "
       "(Tensor, Tensor)",
       importRmsNorm},
      {"aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, "
       "float eps=1.0000000000000001e-05, bool cudnn_enabled=True) -> Tensor",
       importGroupNorm},
      {"aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, "
       "SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
       importNativeGroupNorm},
      {"aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, "
       "Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) "
       "-> Tensor",
       importInstanceNorm},
      {"aten::_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool "
       "training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
       importNoStatistics},

      {"aten::_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor", importWeightNorm},
      {"aten::_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)",
       importWeightNorm},
      {"aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
       importCosineSimilarity},
  };
  return rows;
}
