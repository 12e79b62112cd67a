// Conv, ConvTranspose, ConvInteger: channels first to last, padding rules to plain pads, filters to
// [K..., C / groups, F].
#include "dialects/Edge/Lowering.h"
#include "frontends/Layers.h"
#include "frontends/onnx/ops/Quantize.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

/// What the attributes say about the window, an entry a spatial dimension; `pads` holds all
/// befores, then all afters.
struct Window {
  int64_t rank; ///< of the spatial dimensions
  SmallVector<int64_t> kernel, strides, dilations, pads;
  std::string autoPad;
  int64_t groups;

  int64_t extent(int64_t i) const { return dilations[i] * (kernel[i] - 1) + 1; }
};

/// Splits `total` positions of padding: what is odd goes after, or before.
void setPads(Window &window, int64_t i, int64_t total, bool moreAfter) {
  window.pads[i] = moreAfter ? total / 2 : total - total / 2;
  window.pads[window.rank + i] = total - window.pads[i];
}

/// An attribute with one int a spatial dimension (or `count`); small enough that products of two
/// don't overflow.
LogicalResult readInts(const NodeContext &ctx, StringRef name, int64_t missing, int64_t low,
                       size_t count, SmallVector<int64_t> &values) {
  values = ctx.intsAttr(name, SmallVector<int64_t>(count, missing));
  if (values.size() != count)
    return ctx.error("'") << name << "' has " << values.size() << " entries, not " << count;
  for (int64_t value : values)
    if (value < low || value > INT32_MAX)
      return ctx.error("'") << name << "' has an entry of " << value << ", which is out of range";
  return success();
}

/// Reads and checks what all convolutions share: input 0 is `x`, input 1 the filter, whose
/// dimensions from 2 on are the kernel's.
FailureOr<Window> readWindow(const NodeContext &ctx) {
  if (!ctx.input(0) || !ctx.input(1))
    return ctx.error("an input or a filter is missing");
  auto x = ctx.type(0), filter = ctx.type(1);
  if (x.getRank() < 3 || filter.getRank() != x.getRank())
    return ctx.error("expects an input of rank 3 or more and a filter of the same rank, but got ")
           << x << " and " << filter;
  Window window;
  window.rank = x.getRank() - 2;
  size_t rank = window.rank;
  window.kernel.assign(filter.getShape().begin() + 2, filter.getShape().end());
  if (ctx.has("kernel_shape") && ctx.intsAttr("kernel_shape") != window.kernel)
    return ctx.error("'kernel_shape' differs from the shape of the filter, ") << filter;
  if (failed(readInts(ctx, "strides", 1, 1, rank, window.strides)) ||
      failed(readInts(ctx, "dilations", 1, 1, rank, window.dilations)) ||
      failed(readInts(ctx, "pads", 0, -INT32_MAX, 2 * rank, window.pads)))
    return failure();
  for (int64_t extent : window.kernel)
    if (extent < 1 || extent > INT32_MAX)
      return ctx.error("has a filter with an empty kernel, ") << filter;
  window.autoPad = ctx.stringAttr("auto_pad", "NOTSET");
  if (!llvm::is_contained({"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}, window.autoPad))
    return ctx.error("'auto_pad' is '")
           << window.autoPad << "', not NOTSET, SAME_UPPER, SAME_LOWER or VALID";
  if (window.autoPad != "NOTSET")
    window.pads.assign(2 * rank, 0);
  window.groups = ctx.intAttr("group", 1);
  if (window.groups < 1 || x.getDimSize(1) % window.groups || filter.getDimSize(0) % window.groups)
    return ctx.error("can't split ")
           << x << " and " << filter << " into " << window.groups << " groups";
  return window;
}

/// SAME: as many windows as strides fit into the input.
void resolveSamePads(Window &window, RankedTensorType x) {
  if (!StringRef(window.autoPad).starts_with("SAME"))
    return;
  for (int64_t i = 0; i < window.rank; ++i) {
    int64_t in = x.getDimSize(i + 2), stride = window.strides[i];
    int64_t out = (in + stride - 1) / stride;
    int64_t total = std::max<int64_t>((out - 1) * stride + window.extent(i) - in, 0);
    setPads(window, i, total, window.autoPad == "SAME_UPPER");
  }
}

FailureOr<Results> createConv(const NodeContext &ctx, const Window &window, Value x, Value filter,
                              Value bias) {
  if (!x || !filter)
    return failure();
  Value result =
      ctx.create<edge::ConvOp>(ctx.toChannelsLast(x), convFilter(ctx, filter), bias, window.strides,
                               window.dilations, window.pads, window.groups);
  if (!result)
    return failure();
  return Results{ctx.toChannelsFirst(result)};
}

FailureOr<Results> importConv(NodeContext &ctx) {
  FailureOr<Window> window = readWindow(ctx);
  if (failed(window))
    return failure();
  resolveSamePads(*window, ctx.type(0));
  return createConv(ctx, *window, ctx.input(0), ctx.input(1), ctx.input(2));
}

FailureOr<Results> importConvInteger(NodeContext &ctx) {
  FailureOr<Window> window = readWindow(ctx);
  if (failed(window))
    return failure();
  resolveSamePads(*window, ctx.type(0));
  if (ctx.input(2) && ctx.type(2).getNumElements() != 1)
    return ctx.error("expects one zero point for the whole input, but got ") << ctx.type(2);
  // A filter's zero point may be one a feature.
  return createConv(ctx, *window, centred(ctx, ctx.input(0), ctx.input(2), -1),
                    centred(ctx, ctx.input(1), ctx.input(3), 0), Value());
}

FailureOr<Results> importConvTranspose(NodeContext &ctx) {
  FailureOr<Window> window = readWindow(ctx);
  if (failed(window))
    return failure();
  auto x = ctx.type(0);
  SmallVector<int64_t> outputPadding, shape;
  if (failed(readInts(ctx, "output_padding", 0, 0, window->rank, outputPadding)))
    return failure();
  bool same = StringRef(window->autoPad).starts_with("SAME"), given = ctx.has("output_shape");
  if (given) {
    // Some exporters write the whole shape.
    shape = ctx.intsAttr("output_shape");
    if (static_cast<int64_t>(shape.size()) == window->rank + 2)
      shape.erase(shape.begin(), shape.begin() + 2);
    if (static_cast<int64_t>(shape.size()) != window->rank)
      return ctx.error("'output_shape' has ") << shape.size() << " entries, not " << window->rank;
  }
  for (int64_t i = 0; i < window->rank; ++i) {
    int64_t full = window->strides[i] * (x.getDimSize(i + 2) - 1) + window->extent(i);
    if (!given && !same) {
      shape.push_back(full + outputPadding[i] - window->pads[i] - window->pads[window->rank + i]);
      continue;
    }
    if (!given)
      shape.push_back(x.getDimSize(i + 2) * window->strides[i]);
    int64_t total = full + outputPadding[i] - shape[i];
    setPads(*window, i, std::max<int64_t>(total, 0), window->autoPad == "SAME_UPPER");
  }
  Value result = ctx.create<edge::ConvTransposeOp>(
      ctx.toChannelsLast(ctx.input(0)), transposedFilter(ctx, ctx.input(1), window->groups),
      ctx.input(2), window->strides, window->dilations, window->pads, window->groups, shape);
  if (!result)
    return failure();
  return Results{ctx.toChannelsFirst(result)};
}

} // namespace

llvm::ArrayRef<OperatorRow> edgec::onnx_frontend::getConvRows() {
  static const OperatorRow rows[] = {
      {"Conv", importConv},
      {"ConvInteger", importConvInteger},
      {"ConvTranspose", importConvTranspose},
  };
  return rows;
}
