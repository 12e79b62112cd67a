// Rows that put elements back where they were taken from: blocks of an image, pooled maxima.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// Overlapping blocks added up to an image: a transposed convolution whose filters put each element
/// of a block at its place.
FailureOr<Results> importCol2Im(NodeContext &ctx) {
  auto image = ctx.spatial("output_size", 2), kernel = ctx.spatial("kernel_size", 2),
       dilation = ctx.spatial("dilation", 2), padding = ctx.spatial("padding", 2),
       stride = ctx.spatial("stride", 2);
  if (failed(image) || failed(kernel) || failed(dilation) || failed(padding) || failed(stride))
    return failure();
  Value x = ctx.input(0);
  bool unbatched = ctx.type(0).getRank() == 2;
  if (unbatched)
    x = ctx.reshape(x, {1, shapeOf(x)[0], shapeOf(x)[1]});
  if (typeOf(x).getRank() != 3)
    return ctx.error("expects an input of rank 3, but got ") << ctx.type(0);
  int64_t taps = 1;
  SmallVector<int64_t> blocks{shapeOf(x)[0], shapeOf(x)[1]}, pads(*padding);
  pads.append(*padding);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t value : {(*image)[i], (*kernel)[i], (*stride)[i], (*dilation)[i]})
      if (value < 1 || value > INT16_MAX)
        return ctx.error("has an extent, stride or dilation of ") << value;
    if (pads[i] < 0 || pads[i] > INT16_MAX)
      return ctx.error("has a pad of ") << pads[i];
    taps *= (*kernel)[i];
    int64_t room = (*image)[i] + 2 * pads[i] - (*dilation)[i] * ((*kernel)[i] - 1) - 1;
    blocks.push_back(room < 0 ? 0 : room / (*stride)[i] + 1);
  }
  if (shapeOf(x)[1] % taps || ShapedType::getNumElements(blocks) != typeOf(x).getNumElements())
    return ctx.error("can't make blocks of ") << taps << " elements out of " << ctx.type(0);
  int64_t channels = shapeOf(x)[1] / taps;
  if (failed(checkWritten(ctx, taps * taps, channels)))
    return failure();
  SmallVector<int64_t> shape(*kernel);
  shape.append({taps, channels});
  edge::HostTensor filter(RankedTensorType::get(shape, elementOf(x)));
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t c = 0; c < channels; ++c)
      filter.setFloat((tap * taps + tap) * channels + c, 1);
  Value columns = ctx.toChannelsLast(ctx.reshape(x, blocks));
  Value y = ctx.toChannelsFirst(ctx.create<edge::ConvTransposeOp>(
      columns, ctx.constantTensor(filter), Value(), *stride, *dilation, pads, channels, *image));
  return one(y && unbatched ? ctx.reshape(y, shapeOf(y).drop_front()) : y);
}

/// Each element at its place in its plane, and zeros elsewhere.
template <int64_t spatial> FailureOr<Results> importMaxUnpool(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto out = ctx.spatial("output_size", spatial);
  if (failed(out))
    return failure();
  int64_t outer = x.getRank() - spatial;
  if (outer < 1 || outer > 2 || shapeOf(ctx.input(1)) != x.getShape())
    return ctx.error("expects pooled planes and their places, but got ")
           << x << " and " << ctx.type(1);
  SmallVector<int64_t> shape(x.getShape().take_front(outer));
  int64_t planes = ShapedType::getNumElements(shape);
  for (int64_t extent : *out)
    if (extent < 1)
      return ctx.error("gives planes with an extent of ") << extent;
  shape.append(*out);
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  int64_t before = x.getNumElements() / std::max<int64_t>(planes, 1),
          after = ShapedType::getNumElements(*out);
  Value zeros = createFull(ctx, Number::ofInteger(0), x.getElementType(), {planes, after});
  Value y = ctx.create<edge::ScatterElementsOp>(zeros, ctx.reshape(ctx.input(1), {planes, before}),
                                                ctx.reshape(ctx.input(0), {planes, before}), 1,
                                                edge::ScatterReduction::none);
  return one(ctx.reshape(y, shape));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getFoldRows() {
  static const OperatorRow rows[] = {
      {"aten::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, "
       "int[2] padding, int[2] stride) -> Tensor",
       importCol2Im},
      {"aten::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor",
       importMaxUnpool<2>},
      {"aten::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, "
       "int[3] padding) -> Tensor",
       importMaxUnpool<3>},
  };
  return rows;
}
