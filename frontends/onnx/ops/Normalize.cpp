// Rows of normalisations: formulas over means, in f32 where the element type is narrower. Those of
// inference with constant statistics become one multiplication and one addition a channel, which a
// later pass folds into the convolution before.
#include "frontends/Layers.h"
#include "frontends/onnx/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

using edge::ReduceKind;

namespace {

/// Each of the inputs [first, last) has to be a vector of `extent`.
LogicalResult checkVectors(NodeContext &ctx, unsigned first, unsigned last, int64_t extent) {
  for (unsigned i = first; i < last; ++i)
    if (!ctx.input(i) || ctx.type(i).getRank() != 1 || ctx.type(i).getDimSize(0) != extent)
      return ctx.error("") << "input " << i << " has to have " << extent
                           << " elements, one a channel";
  return success();
}

//===- Statistics given -----------------------------------------------------------------------===//

FailureOr<Results> importBatchNormalization(NodeContext &ctx) {
  if (ctx.intAttr("training_mode", 0))
    return ctx.error("") << "batch normalization in training mode is not supported";
  if (ctx.opset < 9 && !ctx.intAttr("spatial", 1))
    return ctx.error("") << "batch normalization with 'spatial' = 0 is not supported";
  int64_t channels = ctx.type(0).getRank() > 1 ? ctx.type(0).getDimSize(1) : 1;
  if (failed(checkVectors(ctx, 1, 5, channels)))
    return failure();
  return one(createBatchNorm(ctx, ctx.input(0), ctx.input(1), ctx.input(2), ctx.input(3),
                             ctx.input(4), ctx.floatAttr("epsilon", 1e-5)));
}

//===- Statistics of the input ----------------------------------------------------------------===//

FailureOr<Results> importInstanceNormalization(NodeContext &ctx) {
  Formula f(ctx);
  int64_t rank = ctx.type(0).getRank();
  if (rank < 3)
    return ctx.error("")
           << "instance normalization expects an input of rank 3 or more, but got rank " << rank;
  if (failed(checkVectors(ctx, 1, 3, ctx.type(0).getDimSize(1))))
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  return one(f.inSingle(ctx.input(0), [&](Value x) -> Value {
    if (!x)
      return {};
    Type compute = elementOf(x);
    Moments m = createMoments(ctx, x, axes, ctx.floatAttr("epsilon", 1e-5));
    Value scale = perChannel(ctx, ctx.cast(ctx.input(1), compute), rank);
    Value bias = perChannel(ctx, ctx.cast(ctx.input(2), compute), rank);
    return f.add(f.mul(m.centered, f.mul(m.inverseDeviation, scale)), bias);
  }));
}

/// Over the dimensions from `axis` on; scale and bias broadcast to x.
FailureOr<Results> importLayerNormalization(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  int64_t rank = ctx.type(0).getRank();
  FailureOr<int64_t> axis = ctx.axis(ctx.intAttr("axis", -1), rank);
  if (failed(axis))
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
  // stash_type names the type of the first stage: f32, or, if it says so, that of the input.
  Type element = elementOf(x);
  Type stash = Formula::wideType(element);
  Moments m = createMoments(ctx, ctx.cast(x, stash), axes, ctx.floatAttr("epsilon", 1e-5));
  Value y = f.mul(f.mul(m.centered, m.inverseDeviation), ctx.cast(ctx.input(1), stash));
  if (Value bias = ctx.input(2))
    y = f.add(y, ctx.cast(bias, stash));
  y = ctx.cast(y, element);
  if (!y)
    return failure();
  if (shapeOf(y) != shapeOf(x))
    return ctx.error("") << "scale or bias doesn't broadcast to the input";
  // The statistics have the stash type: f32 unless it says otherwise.
  Type named = ctx.b.getF32Type();
  if (int64_t type = ctx.intAttr("stash_type", 1); type != onnx::TensorProto::FLOAT)
    named = type == onnx::TensorProto::DOUBLE ? Type(ctx.b.getF64Type()) : element;
  Results results{y};
  if (ctx.hasOutput(1) || ctx.hasOutput(2)) {
    results.push_back(ctx.cast(m.mean, named));
    results.push_back(ctx.cast(m.inverseDeviation, named));
  }
  return results;
}

/// x / sqrt(mean(x^2) + epsilon) * scale, over the dimensions from `axis` on.
FailureOr<Results> importRMSNormalization(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  int64_t rank = ctx.type(0).getRank();
  FailureOr<int64_t> axis = ctx.axis(ctx.intAttr("axis", -1), rank);
  if (failed(axis))
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
  Value y = f.inSingle(x, [&](Value x) -> Value {
    if (!x)
      return {};
    Value square = f.add(f.mean(f.mul(x, x), axes), ctx.floatAttr("epsilon", 1e-5));
    Value inverse = f.unary<edge::ReciprocalOp>(f.sqrt(square));
    return f.mul(f.mul(x, inverse), ctx.cast(ctx.input(1), elementOf(x)));
  });
  if (!y)
    return failure();
  if (shapeOf(y) != shapeOf(x))
    return ctx.error("") << "the scale doesn't broadcast to the input";
  return one(y);
}

/// Each group of channels of each item on its own; scale and bias are per group before opset 21,
/// per channel since.
FailureOr<Results> importGroupNormalization(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.input(0);
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  int64_t rank = ctx.type(0).getRank(), groups = ctx.intAttr("num_groups", 1);
  if (rank < 2 || groups < 1 || shape[1] % groups)
    return ctx.error("") << "group normalization of " << groups
                         << " groups needs channels that they divide";
  int64_t width = shape[1] / groups;
  bool perGroup = ctx.opset < 21;
  if (failed(checkVectors(ctx, 1, 3, perGroup ? groups : shape[1])))
    return failure();
  // [N, C, D...] as [N, groups, C / groups, D...].
  SmallVector<int64_t> grouped{shape[0], groups, width};
  grouped.append(shape.begin() + 2, shape.end());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank + 1));
  return one(f.inSingle(x, [&](Value x) -> Value {
    if (!x)
      return {};
    Type compute = elementOf(x);
    Moments m = createMoments(ctx, ctx.reshape(x, grouped), axes, ctx.floatAttr("epsilon", 1e-5));
    SmallVector<int64_t> vector(rank, 1); // without the batch
    vector[0] = groups;
    vector[1] = perGroup ? 1 : width;
    Value scale = ctx.reshape(ctx.cast(ctx.input(1), compute), vector);
    Value bias = ctx.reshape(ctx.cast(ctx.input(2), compute), vector);
    Value y = f.add(f.mul(f.mul(m.centered, m.inverseDeviation), scale), bias);
    return ctx.reshape(y, shape);
  }));
}

/// (x - mean) / (standard deviation + 1e-9)
FailureOr<Results> importMeanVariance(NodeContext &ctx) {
  Formula f(ctx);
  auto axes = ctx.axes(ctx.intsAttr("axes", {0, 2, 3}), ctx.type(0).getRank());
  if (failed(axes))
    return failure();
  return one(f.inSingle(ctx.input(0), [&](Value x) {
    Value centered = f.sub(x, f.mean(x, *axes));
    Value deviation = f.sqrt(f.mean(f.mul(centered, centered), *axes));
    return f.div(centered, f.add(deviation, 1e-9));
  }));
}

/// x divided by its norm along the axis; a line of zeros stays zero.
FailureOr<Results> importLpNormalization(NodeContext &ctx) {
  Formula f(ctx);
  int64_t p = ctx.intAttr("p", 2);
  FailureOr<int64_t> axis = ctx.axis(ctx.intAttr("axis", -1), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  if (p != 1 && p != 2)
    return ctx.error("") << "attribute 'p' is " << p << ", not 1 or 2";
  return one(f.inSingle(ctx.input(0), [&](Value x) -> Value {
    if (!x)
      return {};
    Value powers = p == 1 ? f.unary<edge::AbsOp>(x) : f.mul(x, x);
    Value norm = f.reduce(powers, ReduceKind::sum, *axis);
    if (p == 2)
      norm = f.sqrt(norm);
    if (!norm)
      return {};
    Value zero = ctx.scalar(elementOf(x), 0), one = ctx.scalar(elementOf(x), 1);
    Value isZero = f.compare(norm, zero, edge::ComparePredicate::equal);
    return f.div(x, f.select(isZero, one, norm));
  }));
}

/// x / (bias + alpha / size * sum of squares over `size` channels around)^beta
FailureOr<Results> importLRN(NodeContext &ctx) {
  Formula f(ctx);
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  int64_t size = ctx.intAttr("size", 0);
  if (shape.size() < 2 || size < 1 || size > (int64_t(1) << 31))
    return ctx.error("") << "LRN expects channels and a 'size' of 1 or more, but got rank "
                         << shape.size() << " and size " << size;
  double alpha = ctx.floatAttr("alpha", 1e-4), beta = ctx.floatAttr("beta", 0.75);
  double bias = ctx.floatAttr("bias", 1);
  int64_t inner = 1;
  for (int64_t extent : shape.drop_front(2))
    inner *= extent;
  return one(f.inSingle(ctx.input(0), [&](Value x) -> Value {
    // [N, C, D...] as [N, C, D]: a pool over C, with D as the channels.
    Value squares = ctx.reshape(f.mul(x, x), {shape[0], shape[1], inner});
    SmallVector<int64_t> kernel{size}, ones{1}, extent{shape[1]};
    SmallVector<int64_t> pads{(size - 1) / 2, size - 1 - (size - 1) / 2};
    Value sum = ctx.create<edge::PoolOp>(squares, edge::PoolKind::sum, kernel, ones, ones, pads,
                                         extent, false);
    Value base = f.add(f.mul(ctx.reshape(sum, shape), alpha / static_cast<double>(size)), bias);
    if (beta == 0.75) { // what AlexNet and its kin use: two square roots instead of a power
      Value root = f.sqrt(base);
      return f.div(x, f.mul(root, f.sqrt(root)));
    }
    return f.mul(x, f.binary<edge::PowOp>(base, -beta));
  }));
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getNormalizeRows() {
  static const OperatorRow rows[] = {
      {"BatchNormalization", importBatchNormalization},
      {"GroupNormalization", importGroupNormalization},
      {"InstanceNormalization", importInstanceNormalization},
      {"LRN", importLRN},
      {"LayerNormalization", importLayerNormalization},
      {"LpNormalization", importLpNormalization},
      {"MeanVarianceNormalization", importMeanVariance},
      {"RMSNormalization", importRMSNormalization},
  };
  return rows;
}
