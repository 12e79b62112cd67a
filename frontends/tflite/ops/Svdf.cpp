// A filter of rank one or more in feature and time: the last `memory` projections of the input are
// kept, and weighted.
#include "frontends/tflite/Hybrid.h"
#include "frontends/tflite/Integers.h"
#include "frontends/tflite/ops/StateTensor.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// The newest one after the past ones, less the oldest: [N, F, memory].
Value shifted(const NodeContext &ctx, Value past, Value newest, ArrayRef<int64_t> shape) {
  int64_t n = shape[0], filters = shape[1], memory = shape[2];
  newest = ctx.reshape(newest, {n, filters, 1});
  past = ctx.reshape(past, shape);
  if (!newest || !past || memory == 1)
    return newest;
  past = ctx.create<edge::SliceOp>(past, SmallVector<int64_t>{0, 0, 1},
                                   SmallVector<int64_t>{n, filters, memory - 1},
                                   SmallVector<int64_t>{1, 1, 1});
  return past ? ctx.create<edge::ConcatOp>(ValueRange{past, newest}, int64_t(2)) : Value();
}

/// Summed over time, and over the ranks of each unit: [N, F / rank].
Value weighted(const NodeContext &ctx, Value kept, Value time, int64_t rank) {
  Formula f(ctx);
  Value sums = f.reduce(f.mul(kept, time), edge::ReduceKind::sum, {2}, /*keepdims=*/false);
  if (!sums)
    return {};
  int64_t n = shapeOf(sums)[0], filters = shapeOf(sums)[1];
  return f.reduce(ctx.reshape(sums, {n, filters / rank, rank}), edge::ReduceKind::sum, {2},
                  /*keepdims=*/false);
}

/// The integers and scales of a layer that is computed on them: inputs and features of 8 bits,
/// states and times of 16. Nothing, without an error, for any other.
struct IntegerSvdf {
  edge::FixedPoint toState, toOutput;
  int64_t xZero = 0, outputZero = 0;

  static std::optional<IntegerSvdf> plan(const NodeContext &ctx, Value state) {
    auto width = [&](Value value) {
      return value && isa<IntegerType>(elementOf(value)) ? elementOf(value).getIntOrFloatBitWidth()
                                                         : 0;
    };
    const Tensor *tensors[] = {ctx.inputTensor(0), ctx.inputTensor(1), ctx.inputTensor(2),
                               ctx.inputTensor(4), ctx.outputTensor(0)};
    ScaleAndZero all[5];
    for (auto [tensor, own] : llvm::zip_equal(tensors, all)) {
      auto found = ScaleAndZero::of(tensor);
      if (!found)
        return std::nullopt;
      own = *found;
    }
    if (width(ctx.input(0)) != 8 || width(ctx.input(1)) != 8 || width(ctx.input(2)) != 16 ||
        width(state) != 16 || (ctx.input(3) && width(ctx.input(3)) != 32))
      return std::nullopt;
    IntegerSvdf layer;
    auto &[x, feature, time, kept, output] = all;
    layer.xZero = x.zero;
    layer.outputZero = output.zero;
    if (!layer.toState.add(x.scale * feature.scale / kept.scale) ||
        !layer.toOutput.add(kept.scale * time.scale / output.scale))
      return std::nullopt;
    return layer;
  }

  Value projected(const NodeContext &ctx) const {
    Value sums = ctx.create<edge::MatMulOp>(centred(ctx, ctx.input(0), xZero),
                                            centred(ctx, ctx.input(1), 0), /*transpose_b=*/true);
    return requantized(ctx, sums, toState, 0, 16);
  }
  /// An activation is left to the bounds of the output's integers.
  Value output(const NodeContext &ctx, Value kept, int64_t rank) const {
    Value sums = weighted(ctx, centred(ctx, kept, 0), centred(ctx, ctx.input(2), 0), rank);
    if (sums && ctx.input(3))
      sums = Formula(ctx).add(sums, ctx.input(3));
    return requantized(ctx, sums, toOutput, outputZero, 8);
  }
};

Value projected(const NodeContext &ctx, const StateTensor &state) {
  if (!isHybrid(ctx, 0, 1))
    return state.integers(
        ctx, ctx.create<edge::MatMulOp>(ctx.real(0), ctx.real(1), /*transpose_b=*/true));
  auto scales = ctx.inputScales(1);
  if (failed(scales))
    return {};
  bool symmetric = !ctx.options<SVDFOptions>().asymmetric_quantize_inputs();
  return multiplyRounded(ctx, roundFloats(ctx, ctx.input(0), {1}, symmetric), ctx.input(1),
                         *scales);
}

} // namespace

FailureOr<Results> edgec::tflite::importSvdf(NodeContext &ctx) {
  const auto &options = ctx.options<SVDFOptions>();
  auto x = ctx.type(0), feature = ctx.type(1), time = ctx.type(2);
  int64_t rank = options.rank();
  if (x.getRank() != 2 || feature.getRank() != 2 || time.getRank() != 2 || rank < 1 ||
      feature.getDimSize(0) % rank || feature.getDimSize(0) != time.getDimSize(0) ||
      x.getDimSize(1) != feature.getDimSize(1) || time.getDimSize(1) < 1)
    return ctx.error("can't filter ")
           << x << " by " << feature << " and " << time << " of rank " << rank;
  int64_t n = x.getDimSize(0), filters = feature.getDimSize(0), memory = time.getDimSize(1);
  auto state = StateTensor::read(ctx, 4);
  if (failed(state))
    return failure();
  if (typeOf(state->value).getNumElements() != n * filters * memory)
    return ctx.error("has a state of ") << state->value.getType();
  std::optional<IntegerSvdf> integers = IntegerSvdf::plan(ctx, state->value);
  Value newest = integers ? integers->projected(ctx) : projected(ctx, *state);
  Value kept = newest ? shifted(ctx, state->value, newest, {n, filters, memory}) : Value();
  if (!kept || failed(state->write(ctx, kept)))
    return failure();
  if (integers)
    return one(integers->output(ctx, kept, rank));
  Value sums = weighted(ctx, state->numbers(ctx, kept), ctx.real(2), rank);
  auto bias = ctx.bias(3, 4, 2);
  if (!sums || failed(bias))
    return failure();
  if (*bias)
    sums = Formula(ctx).add(sums, *bias);
  return one(ctx.isQuantizedOutput(0) ? ctx.result(sums)
                                      : ctx.result(sums, options.fused_activation_function()));
}
