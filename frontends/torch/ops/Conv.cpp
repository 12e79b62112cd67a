// Rows of convolutions: channels first to last, filters to [K..., C / groups, F].
#include "frontends/Layers.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// What the arguments say about the windows, an entry a spatial dimension; `pads` holds all
/// befores, then all afters.
struct Window {
  int64_t rank = 0; ///< of the spatial dimensions
  SmallVector<int64_t> strides, dilations, pads, outputPadding;
  int64_t groups = 1;
  bool transposed = false;
};

/// The text `same` or `valid`, or numbers.
LogicalResult readPads(const NodeContext &ctx, RankedTensorType filter, Window &window) {
  if (ctx.argument("padding").text.empty()) {
    auto pads = ctx.spatial("padding", window.rank);
    if (failed(pads))
      return failure();
    window.pads = *pads;
    window.pads.append(*pads);
    return success();
  }
  StringRef text = ctx.text("padding");
  if (text != "same" && text != "valid")
    return ctx.error("padding '") << text << "' is neither 'same' nor 'valid'";
  window.pads.assign(2 * window.rank, 0);
  for (int64_t i = 0; text == "same" && i < window.rank; ++i) {
    // What is odd goes after.
    int64_t total = window.dilations[i] * (filter.getDimSize(i + 2) - 1);
    window.pads[i] = total / 2;
    window.pads[window.rank + i] = total - total / 2;
  }
  return success();
}

FailureOr<Window> readWindow(const NodeContext &ctx, RankedTensorType filter) {
  Window window;
  window.rank = filter.getRank() - 2;
  auto strides = ctx.spatial("stride", window.rank),
       dilations = ctx.spatial("dilation", window.rank);
  if (failed(strides) || failed(dilations))
    return failure();
  window.strides = *strides;
  window.dilations = *dilations;
  window.groups = ctx.integer("groups");
  for (const Parameter &parameter : ctx.schema.parameters) {
    if (parameter.name == "transposed")
      window.transposed = ctx.flag("transposed");
    if (parameter.name != "output_padding")
      continue;
    auto padding = ctx.spatial("output_padding", window.rank, SmallVector<int64_t>(window.rank, 0));
    if (failed(padding))
      return failure();
    window.outputPadding = *padding;
  }
  if (failed(readPads(ctx, filter, window)))
    return failure();
  for (int64_t i = 0; i < window.rank; ++i)
    if (window.strides[i] < 1 || window.dilations[i] < 1 || filter.getDimSize(i + 2) < 1 ||
        filter.getDimSize(i + 2) > INT32_MAX)
      return ctx.error("has a stride, dilation or kernel extent that is not positive");
  return window;
}

/// Convolves `x`, which may lack the batch dimension.
FailureOr<Results> convolve(NodeContext &ctx, bool transposed) {
  Value x = ctx.input(0), filter = ctx.input(1), bias = ctx.input(2);
  auto filterType = ctx.type(1);
  if (filterType.getRank() < 3 || (ctx.type(0).getRank() != filterType.getRank() &&
                                   ctx.type(0).getRank() != filterType.getRank() - 1))
    return ctx.error("can't convolve ") << ctx.type(0) << " with " << filterType;
  auto window = readWindow(ctx, filterType);
  if (failed(window))
    return failure();
  bool unbatched = ctx.type(0).getRank() < filterType.getRank();
  if (unbatched) {
    SmallVector<int64_t> shape(shapeOf(x));
    shape.insert(shape.begin(), 1);
    x = ctx.reshape(x, shape);
  }
  int64_t groups = window->groups;
  if (groups < 1 || shapeOf(x)[1] % groups || filterType.getDimSize(0) % groups)
    return ctx.error("can't split ")
           << x.getType() << " and " << filterType << " into " << groups << " groups";
  Value result;
  if (transposed || window->transposed) {
    SmallVector<int64_t> shape;
    for (int64_t i = 0; i < window->rank; ++i)
      shape.push_back((shapeOf(x)[i + 2] - 1) * window->strides[i] - 2 * window->pads[i] +
                      window->dilations[i] * (filterType.getDimSize(i + 2) - 1) + 1 +
                      window->outputPadding[i]);
    result = ctx.create<edge::ConvTransposeOp>(
        ctx.toChannelsLast(x), transposedFilter(ctx, filter, groups), bias, window->strides,
        window->dilations, window->pads, groups, shape);
  } else {
    result = ctx.create<edge::ConvOp>(ctx.toChannelsLast(x), convFilter(ctx, filter), bias,
                                      window->strides, window->dilations, window->pads, groups);
  }
  result = ctx.toChannelsFirst(result);
  if (!result || !unbatched)
    return one(result);
  return one(ctx.reshape(result, shapeOf(result).drop_front()));
}

FailureOr<Results> importConv(NodeContext &ctx) { return convolve(ctx, false); }
FailureOr<Results> importConvTranspose(NodeContext &ctx) { return convolve(ctx, true); }

} // namespace

ArrayRef<OperatorRow> edgec::torch::getConvRows() {
  static const OperatorRow rows[] = {
      {"aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], "
       "SymInt[1] padding=[0], SymInt[1] dilation=[1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], "
       "SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], "
       "SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], "
       "str padding=\"valid\", SymInt[1] dilation=[1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, "
       "1], str padding=\"valid\", SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, "
       "1, 1], str padding=\"valid\", SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor",
       importConv},
      {"aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] "
       "padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> "
       "Tensor",
       importConv},
      {"aten::conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] "
       "stride=[1], SymInt[1] padding=[0], SymInt[1] output_padding=[0], SymInt groups=1, "
       "SymInt[1] dilation=[1]) -> Tensor",
       importConvTranspose},
      {"aten::conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] "
       "stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt groups=1, "
       "SymInt[2] dilation=[1, 1]) -> Tensor",
       importConvTranspose},
      {"aten::conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] "
       "stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt "
       "groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor",
       importConvTranspose},
  };
  return rows;
}
