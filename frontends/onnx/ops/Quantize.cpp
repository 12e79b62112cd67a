// Quantization as its formulas say, in floating point. Integer kernels for the patterns that these
// operators form are a pass's business.
#include "dialects/Edge/Lowering.h"
#include "frontends/onnx/Importer.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

/// How a scale lies along the tensor that it scales: the shape in which both broadcast, and the
/// tensor's own.
struct Layout {
  SmallVector<int64_t> x, scale;
};

/// Per tensor (one scale), per axis (one a slice), or blocked (one for `block_size` elements along
/// the axis).
FailureOr<Layout> layoutOf(NodeContext &ctx) {
  auto x = ctx.type(0), scale = ctx.type(1);
  Layout layout{SmallVector<int64_t>(x.getShape()), {}};
  if (scale.getNumElements() == 1 && ctx.intAttr("block_size", 0) == 0)
    return layout;
  FailureOr<int64_t> axis = ctx.axis(ctx.intAttr("axis", 1), x.getRank());
  if (failed(axis))
    return failure();
  int64_t block = ctx.intAttr("block_size", 0);
  if (block == 0) {
    if (scale.getRank() != 1 || scale.getDimSize(0) != x.getDimSize(*axis))
      return ctx.error("") << "a scale for each of " << x.getDimSize(*axis) << " slices along axis "
                           << *axis << " is expected, but there are " << scale.getNumElements();
    layout.scale.assign(x.getRank(), 1);
    layout.scale[*axis] = scale.getDimSize(0);
    return layout;
  }
  if (block < 1 || scale.getRank() != x.getRank() || x.getDimSize(*axis) % block ||
      scale.getDimSize(*axis) != x.getDimSize(*axis) / block)
    return ctx.error("") << "blocks of " << block << " don't fit axis " << *axis;
  layout.x[*axis] = block;
  layout.x.insert(layout.x.begin() + *axis, x.getDimSize(*axis) / block);
  layout.scale.assign(scale.getShape().begin(), scale.getShape().end());
  layout.scale.insert(layout.scale.begin() + *axis + 1, 1);
  return layout;
}

Value shaped(NodeContext &ctx, Value value, ArrayRef<int64_t> shape) {
  return value ? ctx.reshape(value, shape) : Value();
}

FailureOr<Results> finish(NodeContext &ctx, Value value) {
  Value result = shaped(ctx, value, ctx.type(0).getShape());
  if (!result)
    return failure();
  return Results{result};
}

/// (x - zero_point) * scale
FailureOr<Results> importDequantize(NodeContext &ctx) {
  if (!ctx.input(0) || !ctx.input(1))
    return ctx.error("an input is missing");
  FailureOr<Layout> layout = layoutOf(ctx);
  if (failed(layout))
    return failure();
  Type element = ctx.type(1).getElementType(), wide = IntegerType::get(ctx.b.getContext(), 32);
  if (int64_t type = ctx.intAttr("output_dtype", 0); type != 0 && type != (element.isF32()   ? 1
                                                                           : element.isF16() ? 10
                                                                                             : 16))
    return ctx.error("an output type other than the scale's is not supported");
  Value x = ctx.cast(shaped(ctx, ctx.input(0), layout->x), wide);
  if (ctx.input(2))
    x = ctx.create<edge::SubOp>(x, ctx.cast(shaped(ctx, ctx.input(2), layout->scale), wide));
  return finish(
      ctx, ctx.create<edge::MulOp>(ctx.cast(x, element), shaped(ctx, ctx.input(1), layout->scale)));
}

/// saturate(round(x / scale) + zero_point), halves to even
FailureOr<Results> importQuantize(NodeContext &ctx) {
  if (!ctx.input(0) || !ctx.input(1))
    return ctx.error("an input is missing");
  FailureOr<Layout> layout = layoutOf(ctx);
  if (failed(layout))
    return failure();
  Type to = IntegerType::get(ctx.b.getContext(), 8, IntegerType::Unsigned);
  if (ctx.input(2))
    to = ctx.type(2).getElementType();
  else if (int64_t type = ctx.intAttr("output_dtype", 0)) {
    bool isUnsigned = type == 2 || type == 4;
    if (type < 2 || type > 5)
      return ctx.error("") << "output type " << type << " is not supported";
    to = IntegerType::get(ctx.b.getContext(), type == 2 || type == 3 ? 8 : 16,
                          isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  }
  auto integer = dyn_cast<IntegerType>(to);
  if (!integer || integer.getWidth() > 16 || integer.getWidth() < 8)
    return ctx.error("") << "quantization to " << to << " is not supported";
  double low = integer.isUnsigned() ? 0 : -std::pow(2, integer.getWidth() - 1);
  double high = low + std::pow(2, integer.getWidth()) - 1;
  Type element = Float32Type::get(ctx.b.getContext());
  Value x = ctx.cast(shaped(ctx, ctx.input(0), layout->x), element);
  Value y = ctx.create<edge::DivOp>(x, ctx.cast(shaped(ctx, ctx.input(1), layout->scale), element));
  y = ctx.create<edge::RoundOp>(y);
  if (ctx.input(2))
    y = ctx.create<edge::AddOp>(y, ctx.cast(shaped(ctx, ctx.input(2), layout->scale), element));
  y = ctx.create<edge::MaxOp>(y, ctx.scalar(element, low));
  y = ctx.create<edge::MinOp>(y, ctx.scalar(element, high));
  return finish(ctx, ctx.cast(y, to));
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getQuantizeRows() {
  static constexpr OperatorRow rows[] = {
      {"DequantizeLinear", importDequantize},
      {"QuantizeLinear", importQuantize},
  };
  return rows;
}
