// Pooling and normalisation over windows or channels.
#include "frontends/tflite/Integers.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using edge::PoolKind;
using edge::ReduceKind;

namespace {

FailureOr<Value> pool(const NodeContext &ctx, Value x, PoolKind kind) {
  const auto &options = ctx.options<Pool2DOptions>();
  if (!x)
    return failure();
  auto type = typeOf(x);
  if (type.getRank() != 4 || type.getNumElements() == 0)
    return ctx.error("expects an input of rank 4, but got ") << type;
  SmallVector<int64_t> kernel{options.filter_height(), options.filter_width()},
      strides{options.stride_h(), options.stride_w()}, pads(4, 0), output;
  for (int i = 0; i < 2; ++i) {
    int64_t extent = type.getDimSize(i + 1);
    if (kernel[i] < 1 || strides[i] < 1)
      return ctx.error("has a window of ") << kernel[i] << " with a stride of " << strides[i];
    bool same = options.padding() == Padding::SAME;
    if (!same && kernel[i] > extent)
      return ctx.error("a window of ") << kernel[i] << " does not fit an extent of " << extent;
    output.push_back(same ? (extent + strides[i] - 1) / strides[i]
                          : (extent - kernel[i]) / strides[i] + 1);
    int64_t total = std::max<int64_t>((output[i] - 1) * strides[i] + kernel[i] - extent, 0);
    pads[i] = same ? total / 2 : 0;
    pads[i + 2] = same ? total - pads[i] : 0;
  }
  Value result = ctx.create<edge::PoolOp>(x, kind, kernel, strides, SmallVector<int64_t>{1, 1},
                                          pads, output, /*count_include_pad=*/false);
  return orFailure(result);
}

Activation activation(const NodeContext &ctx) {
  return ctx.options<Pool2DOptions>().fused_activation_function();
}

FailureOr<Results> importAverage(NodeContext &ctx) {
  auto result = pool(ctx, ctx.real(0), PoolKind::average);
  if (failed(result))
    return failure();
  return one(ctx.result(*result, activation(ctx)));
}

/// The largest number is the largest integer: no need to know what it stands for.
FailureOr<Results> importMax(NodeContext &ctx) {
  bool plain = activation(ctx) == Activation::NONE;
  auto result = pool(ctx, plain ? ctx.moved(0) : ctx.real(0), PoolKind::max);
  if (failed(result))
    return failure();
  return one(ctx.result(*result, activation(ctx)));
}

/// The root of the mean square.
FailureOr<Results> importL2Pool(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.real(0);
  auto result = pool(ctx, f.mul(x, x), PoolKind::average);
  if (failed(result))
    return failure();
  return one(ctx.result(f.sqrt(*result), activation(ctx)));
}

/// Over the last dimension: x / max(|x|, 1e-6).
FailureOr<Results> importL2Normalize(NodeContext &ctx) {
  Formula f(ctx);
  Value x = ctx.real(0);
  if (!x)
    return failure();
  if (typeOf(x).getRank() == 0)
    return ctx.error("expects an input of rank 1 or more");
  Value sum = f.reduce(f.mul(x, x), ReduceKind::sum, {typeOf(x).getRank() - 1});
  Value norm = f.binary<edge::MaxOp>(f.sqrt(sum), 1e-6);
  return one(ctx.result(f.div(x, norm), ctx.options<L2NormOptions>().fused_activation_function()));
}

/// x / (bias + alpha * sum of squares of the channels within `radius`)^beta
FailureOr<Results> importLocalResponse(NodeContext &ctx) {
  const auto &options = ctx.options<LocalResponseNormalizationOptions>();
  Formula f(ctx);
  Value x = ctx.real(0);
  if (!x)
    return failure();
  auto type = typeOf(x);
  if (type.getRank() != 4 || options.radius() < 0 || options.radius() > INT16_MAX)
    return ctx.error("expects an input of rank 4 and a radius of 0 or more, but got ")
           << type << " and " << options.radius();
  // Windows along the channels, which are put where pooling looks for space.
  int64_t channels = type.getDimSize(3), pixels = channels ? type.getNumElements() / channels : 0;
  if (!channels || !pixels)
    return ctx.error("has an empty input");
  int64_t radius = options.radius();
  Value rows = ctx.reshape(f.mul(x, x), {pixels, channels, 1, 1});
  Value sums = ctx.create<edge::PoolOp>(
      rows, PoolKind::sum, SmallVector<int64_t>{2 * radius + 1, 1}, SmallVector<int64_t>{1, 1},
      SmallVector<int64_t>{1, 1}, SmallVector<int64_t>{radius, 0, radius, 0},
      SmallVector<int64_t>{channels, 1}, /*count_include_pad=*/false);
  if (!sums)
    return failure();
  Value scale = f.add(f.mul(ctx.reshape(sums, type.getShape()), options.alpha()), options.bias());
  return one(f.mul(x, f.binary<edge::PowOp>(scale, -options.beta())));
}

/// Of integers of 8 bits, where the result has the only parameters that kernels know: all its steps
/// make up 1. Null, without an error, where it can't be computed so.
Value softmaxOfIntegers(NodeContext &ctx) {
  constexpr double kExponentSteps = 1 << 26; // 5 bits lie left of the point
  auto from = ScaleAndZero::of(ctx.inputTensor(0)), to = ScaleAndZero::of(ctx.outputTensor(0));
  if (!from || !to || !elementOf(ctx.input(0)).isInteger(8) || ctx.type(0).getRank() == 0 ||
      ctx.type(0).getNumElements() == 0)
    return {};
  Type storage = convertElementType(ctx.outputTensor(0)->type(), ctx.b.getContext());
  if (!storage || !(storage.isInteger(8) || storage.isSignlessInteger(16)))
    return {};
  int bits = static_cast<int>(storage.getIntOrFloatBitWidth());
  int64_t least = storage.isUnsignedInteger() ? 0 : -(int64_t(1) << (bits - 1));
  edge::FixedPoint factor;
  double beta = ctx.options<SoftmaxOptions>().beta();
  if (to->zero != least || std::abs(std::ldexp(to->scale, bits) - 1) > 1e-3 ||
      !factor.add(std::fmin(beta * from->scale * kExponentSteps, INT32_MAX)) ||
      factor.shifts[0] < 0)
    return {};
  return ctx.create<edge::FixedSoftmaxOp>(ctx.input(0),
                                          static_cast<uint32_t>(factor.multipliers[0]),
                                          static_cast<uint32_t>(factor.shifts[0]), storage);
}

FailureOr<Results> importSoftmax(NodeContext &ctx) {
  if (ctx.builtin() == BuiltinOperator::SOFTMAX)
    if (Value result = softmaxOfIntegers(ctx))
      return one(result);
  Formula f(ctx);
  Value x = ctx.real(0);
  if (!x)
    return failure();
  if (typeOf(x).getRank() == 0)
    return ctx.error("expects an input of rank 1 or more");
  bool log = ctx.builtin() == BuiltinOperator::LOG_SOFTMAX;
  float beta = log ? 1 : ctx.options<SoftmaxOptions>().beta();
  if (beta != 1)
    x = f.mul(x, beta);
  return one(ctx.result(ctx.create<edge::SoftmaxOp>(x, typeOf(x).getRank() - 1, log)));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getPoolRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::AVERAGE_POOL_2D, importAverage},
      {BuiltinOperator::L2_NORMALIZATION, importL2Normalize},
      {BuiltinOperator::L2_POOL_2D, importL2Pool},
      {BuiltinOperator::LOCAL_RESPONSE_NORMALIZATION, importLocalResponse},
      {BuiltinOperator::LOG_SOFTMAX, importSoftmax},
      {BuiltinOperator::MAX_POOL_2D, importMax},
      {BuiltinOperator::SOFTMAX, importSoftmax},
  };
  return rows;
}
