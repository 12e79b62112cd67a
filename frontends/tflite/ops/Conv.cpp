// Convolutions: TensorFlow's padding rules to plain pads, filters to [K..., C / groups, F] while
// they are still integers.
#include "frontends/tflite/Hybrid.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// One entry a spatial dimension; `pads` holds all befores, then all afters.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, pads;

  /// SAME: as many windows as strides fit into the input; what is odd goes after.
  void pad(Padding padding, ArrayRef<int64_t> spatial) {
    pads.assign(2 * kernel.size(), 0);
    for (size_t i = 0; padding == Padding::SAME && i < kernel.size(); ++i) {
      int64_t out = (spatial[i] + strides[i] - 1) / strides[i];
      int64_t total = (out - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - spatial[i];
      pads[i] = std::max<int64_t>(total, 0) / 2;
      pads[kernel.size() + i] = std::max<int64_t>(total, 0) - pads[i];
    }
  }
};

LogicalResult checkWindow(const NodeContext &ctx, const Window &window) {
  for (auto list : {&window.kernel, &window.strides, &window.dilations})
    for (int64_t value : *list)
      if (value < 1)
        return ctx.error("has a kernel extent, stride or dilation of ") << value;
  return success();
}

/// A filter as numbers. `reorder` brings its integers from the file's order of dimensions to
/// edge's; `axis` says where the dimension of output features, which per-axis scales lie along,
/// has come to.
FailureOr<Value> filterOf(const NodeContext &ctx, unsigned index,
                          llvm::function_ref<Value(Value)> reorder, int64_t axis) {
  Value filter = reorder(ctx.input(index));
  if (!filter)
    return failure();
  if (!ctx.isQuantizedInput(index))
    return filter;
  auto quantized = ctx.inputQuantization(index);
  if (failed(quantized))
    return failure();
  Type type = *quantized;
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    if (typeOf(filter).getDimSize(axis) != static_cast<int64_t>(perAxis.getScales().size()))
      return ctx.error("has ") << perAxis.getScales().size()
                               << " filter scales, which are not one an output feature";
    type = makeQuantized(ctx.loc, elementOf(filter), perAxis.getScales(), perAxis.getZeroPoints(),
                         axis, perAxis.getStorageTypeMin(), perAxis.getStorageTypeMax());
  }
  Value numbers = ctx.dequantize(filter, type);
  return orFailure(numbers);
}

FailureOr<Value> permuted(const NodeContext &ctx, unsigned index, ArrayRef<int64_t> permutation,
                          int64_t axis) {
  return filterOf(ctx, index, [&](Value x) { return ctx.transpose(x, permutation); }, axis);
}

FailureOr<Results> finish(const NodeContext &ctx, Value value, Activation activation) {
  return one(ctx.result(value, activation));
}

LogicalResult checkRanks(const NodeContext &ctx, unsigned x, unsigned filter, int64_t rank) {
  if (ctx.type(x).getRank() != rank || ctx.type(filter).getRank() != rank)
    return ctx.error("expects an input and a filter of rank ")
           << rank << ", but got " << ctx.type(x) << " and " << ctx.type(filter);
  if (ctx.type(x).getNumElements() == 0 || ctx.type(filter).getNumElements() == 0)
    return ctx.error("has an empty input or filter");
  return success();
}

/// Input 0 convolved with the filter that `reorder` makes of input 1. Of hybrid layers,
/// `symmetric` are those that round floats so.
FailureOr<Results> convolve(NodeContext &ctx, const Window &window, int64_t groups,
                            llvm::function_ref<Value(Value)> reorder, bool symmetric,
                            Activation activation) {
  auto bias = ctx.bias(2, 0, 1);
  if (failed(bias))
    return failure();
  auto create = [&](Value x, Value filter, Value bias) -> Value {
    return ctx.create<edge::ConvOp>(x, filter, bias, window.strides, window.dilations, window.pads,
                                    groups);
  };
  if (!isHybrid(ctx, 0, 1)) {
    auto filter = filterOf(ctx, 1, reorder, 3);
    if (failed(filter))
      return failure();
    return finish(ctx, create(ctx.real(0), *filter, *bias), activation);
  }
  auto scales = ctx.inputScales(1);
  Value filter = reorder(ctx.input(1));
  if (failed(scales) || !filter)
    return failure();
  RoundedFloats x = roundFloats(ctx, ctx.input(0), {1, 2, 3}, symmetric && scales->size() == 1);
  if (!x.integers)
    return failure();
  Value sums = create(x.integers, ctx.cast(filter, ctx.b.getI32Type()), Value());
  return finish(ctx, unrounded(ctx, sums, x, *scales, *bias), activation);
}

FailureOr<Results> importConv2D(NodeContext &ctx) {
  const auto &options = ctx.options<Conv2DOptions>();
  if (failed(checkRanks(ctx, 0, 1, 4)))
    return failure();
  auto x = ctx.type(0), filter = ctx.type(1);
  Window window{{filter.getDimSize(1), filter.getDimSize(2)},
                {options.stride_h(), options.stride_w()},
                {options.dilation_h_factor(), options.dilation_w_factor()},
                {}};
  if (failed(checkWindow(ctx, window)))
    return failure();
  window.pad(options.padding(), x.getShape().slice(1, 2));
  int64_t depth = filter.getDimSize(3);
  if (x.getDimSize(3) % depth || filter.getDimSize(0) % (x.getDimSize(3) / depth))
    return ctx.error("can't split ") << x << " into groups for a filter " << filter;
  return convolve(
      ctx, window, x.getDimSize(3) / depth,
      [&](Value filter) { return ctx.transpose(filter, {1, 2, 3, 0}); },
      /*symmetric=*/true, options.fused_activation_function());
}

FailureOr<Results> importDepthwise(NodeContext &ctx) {
  const auto &options = ctx.options<DepthwiseConv2DOptions>();
  if (failed(checkRanks(ctx, 0, 1, 4)))
    return failure();
  auto x = ctx.type(0), filter = ctx.type(1);
  int64_t channels = x.getDimSize(3), features = filter.getDimSize(3);
  if (filter.getDimSize(0) != 1 || features % channels)
    return ctx.error("expects a filter of one, with features for ")
           << channels << " channels, but got " << filter;
  Window window{{filter.getDimSize(1), filter.getDimSize(2)},
                {options.stride_h(), options.stride_w()},
                {options.dilation_h_factor(), options.dilation_w_factor()},
                {}};
  if (failed(checkWindow(ctx, window)))
    return failure();
  window.pad(options.padding(), x.getShape().slice(1, 2));
  // [1, K, K, F] is [K, K, 1, F] already.
  return convolve(
      ctx, window, channels,
      [&](Value f) {
        return ctx.reshape(f, {filter.getDimSize(1), filter.getDimSize(2), 1, features});
      },
      /*symmetric=*/false, options.fused_activation_function());
}

FailureOr<Results> importConv3D(NodeContext &ctx) {
  const auto &options = ctx.options<Conv3DOptions>();
  if (failed(checkRanks(ctx, 0, 1, 5)))
    return failure();
  auto x = ctx.type(0), filter = ctx.type(1); // [K, K, K, C, F]
  Window window{
      SmallVector<int64_t>(filter.getShape().take_front(3)),
      {options.stride_d(), options.stride_h(), options.stride_w()},
      {options.dilation_d_factor(), options.dilation_h_factor(), options.dilation_w_factor()},
      {}};
  if (failed(checkWindow(ctx, window)))
    return failure();
  window.pad(options.padding(), x.getShape().slice(1, 3));
  auto bias = ctx.bias(2, 0, 1);
  if (failed(bias))
    return failure();
  return finish(ctx,
                ctx.create<edge::ConvOp>(ctx.real(0), ctx.real(1), *bias, window.strides,
                                         window.dilations, window.pads, int64_t(1)),
                options.fused_activation_function());
}

/// The gradient of a convolution: the shape of the result is an input, and the pads are those of
/// the convolution from there to here.
FailureOr<Results> transposed(NodeContext &ctx, Window window, Padding padding, Value filter,
                              Value bias, Activation activation) {
  auto shape = ctx.constantInts(0, "the shape of the result");
  auto x = ctx.type(2);
  size_t rank = window.kernel.size();
  if (failed(shape) || failed(checkWindow(ctx, window)))
    return failure();
  if (shape->size() != rank + 2 || (*shape)[0] != x.getDimSize(0))
    return ctx.error("expects a result shape of rank ") << rank + 2 << " for an input " << x;
  ArrayRef<int64_t> spatial = ArrayRef(*shape).slice(1, rank);
  for (int64_t extent : spatial)
    if (extent < 1 || extent > INT32_MAX)
      return ctx.error("has a result extent of ") << extent;
  window.pad(padding, spatial);
  return finish(ctx,
                ctx.create<edge::ConvTransposeOp>(ctx.real(2), filter, bias, window.strides,
                                                  window.dilations, window.pads, int64_t(1),
                                                  spatial),
                activation);
}

FailureOr<Results> importTransposeConv(NodeContext &ctx) {
  const auto &options = ctx.options<TransposeConvOptions>();
  if (failed(checkRanks(ctx, 2, 1, 4)))
    return failure();
  auto filter = ctx.type(1); // [F, K, K, C]
  auto weights = permuted(ctx, 1, {1, 2, 3, 0}, 3);
  auto bias = ctx.bias(3, 2, 1);
  if (failed(weights) || failed(bias))
    return failure();
  return transposed(ctx,
                    {{filter.getDimSize(1), filter.getDimSize(2)},
                     {options.stride_h(), options.stride_w()},
                     {1, 1},
                     {}},
                    options.padding(), *weights, *bias, options.fused_activation_function());
}

FailureOr<Results> importConv3DTranspose(NodeContext &ctx) {
  const auto &options = ctx.options<Conv3DOptions>();
  if (failed(checkRanks(ctx, 2, 1, 5)))
    return failure();
  auto filter = ctx.type(1); // [K, K, K, F, C]
  auto weights = permuted(ctx, 1, {0, 1, 2, 4, 3}, 4);
  auto bias = ctx.bias(3, 2, 1);
  if (failed(weights) || failed(bias))
    return failure();
  return transposed(
      ctx,
      {SmallVector<int64_t>(filter.getShape().take_front(3)),
       {options.stride_d(), options.stride_h(), options.stride_w()},
       {options.dilation_d_factor(), options.dilation_h_factor(), options.dilation_w_factor()},
       {}},
      options.padding(), *weights, *bias, options.fused_activation_function());
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getConvRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::CONV_2D, importConv2D, 2},
      {BuiltinOperator::CONV_3D, importConv3D, 2},
      {BuiltinOperator::CONV_3D_TRANSPOSE, importConv3DTranspose, 3},
      {BuiltinOperator::DEPTHWISE_CONV_2D, importDepthwise, 2},
      {BuiltinOperator::TRANSPOSE_CONV, importTransposeConv, 3},
  };
  return rows;
}
