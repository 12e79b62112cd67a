// QuantizeLinear and DequantizeLinear, and what other quantized operators share with them. Which
// layers are computed on integers is a pass's business.
#include "frontends/onnx/ops/Quantize.h"
#include "frontends/Quantization.h"
#include "frontends/onnx/ops/Row.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

std::optional<edge::HostTensor> constantOf(Value value) {
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto host = edge::HostTensor::fromAttr(attr);
  return failed(host) ? std::nullopt : std::optional(*host);
}

/// How a scale lies along the tensor that it scales: the shape in which both broadcast, and the
/// tensor's own.
struct Layout {
  SmallVector<int64_t> x, scale;
  int64_t axis = -1; ///< of scales that are one a slice
};

/// Per tensor (one scale), per axis (one a slice), or blocked (one for `block` elements along the
/// axis).
FailureOr<Layout> layoutOf(const NodeContext &ctx, RankedTensorType x, const Quantization &given) {
  RankedTensorType scale = typeOf(given.scale);
  Layout layout{SmallVector<int64_t>(x.getShape()), {}};
  if (given.zeroPoint && typeOf(given.zeroPoint).getNumElements() != scale.getNumElements())
    return ctx.error("has ") << scale.getNumElements() << " scales and "
                             << typeOf(given.zeroPoint).getNumElements() << " zero points";
  if (scale.getNumElements() == 1 && given.block == 0)
    return layout;
  FailureOr<int64_t> axis = ctx.axis(given.axis, x.getRank());
  if (failed(axis))
    return failure();
  if (given.block == 0) {
    if (scale.getRank() != 1 || scale.getDimSize(0) != x.getDimSize(*axis))
      return ctx.error("") << "a scale for each of " << x.getDimSize(*axis) << " slices along axis "
                           << *axis << " is expected, but there are " << scale.getNumElements();
    layout.axis = *axis;
    layout.scale.assign(x.getRank(), 1);
    layout.scale[*axis] = scale.getDimSize(0);
    return layout;
  }
  if (given.block < 1 || scale.getRank() != x.getRank() || x.getDimSize(*axis) % given.block ||
      scale.getDimSize(*axis) != x.getDimSize(*axis) / given.block)
    return ctx.error("") << "blocks of " << given.block << " don't fit axis " << *axis;
  layout.x[*axis] = given.block;
  layout.x.insert(layout.x.begin() + *axis, x.getDimSize(*axis) / given.block);
  layout.scale.assign(scale.getShape().begin(), scale.getShape().end());
  layout.scale.insert(layout.scale.begin() + *axis + 1, 1);
  return layout;
}

/// The type that integers have as elements: those of 4 bits take a byte.
IntegerType unpacked(IntegerType type) {
  return IntegerType::get(type.getContext(), std::max(type.getWidth(), 8u), type.getSignedness());
}

/// `!quant.uniform<...>` where scales and zero points are known, and nobody's but a slice's; a null
/// type otherwise. `integers` says the bounds.
FailureOr<Type> uniformType(const NodeContext &ctx, const Quantization &given, const Layout &layout,
                            IntegerType integers) {
  std::optional<edge::HostTensor> scale = constantOf(given.scale);
  std::optional<edge::HostTensor> zeroPoint = constantOf(given.zeroPoint);
  if (given.block || !scale || (given.zeroPoint && !zeroPoint) || integers.getWidth() > 32 ||
      scale->getNumElements() == 0)
    return Type();
  SmallVector<double> scales = scale->getFloats();
  SmallVector<int64_t> zeroPoints(scales.size(), 0);
  if (zeroPoint)
    zeroPoints = zeroPoint->getInts();
  auto [low, high] = integerBounds(integers);
  if (failed(checkQuantization(ctx.loc, "is quantized with", scales, zeroPoints, low, high)))
    return failure();
  Type type =
      makeQuantized(ctx.loc, unpacked(integers), scales, zeroPoints, layout.axis, low, high);
  if (!type)
    return failure();
  return type;
}

FailureOr<Results> importDequantize(NodeContext &ctx) {
  Type element = ctx.type(1).getElementType();
  if (int64_t type = ctx.intAttr("output_dtype", 0); type != 0 && type != (element.isF32()   ? 1
                                                                           : element.isF16() ? 10
                                                                                             : 16))
    return ctx.error("an output type other than the scale's is not supported");
  return one(dequantize(
      ctx, ctx.input(0),
      {ctx.input(1), ctx.input(2), ctx.intAttr("axis", 1), ctx.intAttr("block_size", 0)}));
}

/// The integers that QuantizeLinear writes: as its zero point, or as it says.
FailureOr<Type> quantizedElement(NodeContext &ctx) {
  if (ctx.input(2))
    return ctx.type(2).getElementType();
  switch (int64_t type = ctx.intAttr("output_dtype", 0)) {
  case onnx::TensorProto::UNDEFINED:
  case onnx::TensorProto::UINT8:
    return Type(ctx.b.getIntegerType(8, /*isSigned=*/false));
  case onnx::TensorProto::INT8:
    return Type(ctx.b.getI8Type());
  case onnx::TensorProto::UINT16:
    return Type(ctx.b.getIntegerType(16, /*isSigned=*/false));
  case onnx::TensorProto::INT16:
    return Type(ctx.b.getI16Type());
  case onnx::TensorProto::UINT4:
    return Type(ctx.b.getIntegerType(4, /*isSigned=*/false));
  case onnx::TensorProto::INT4:
    return Type(ctx.b.getIntegerType(4));
  default:
    return ctx.error("") << "output type " << type << " is not supported";
  }
}

FailureOr<Results> importQuantize(NodeContext &ctx) {
  FailureOr<Type> to = quantizedElement(ctx);
  if (failed(to))
    return failure();
  return one(quantize(
      ctx, ctx.input(0),
      {ctx.input(1), ctx.input(2), ctx.intAttr("axis", 1), ctx.intAttr("block_size", 0)}, *to));
}

} // namespace

Value onnx_frontend::dequantize(NodeContext &ctx, Value x, const Quantization &given) {
  if (!x || !given.scale)
    return {};
  FailureOr<Layout> layout = layoutOf(ctx, typeOf(x), given);
  if (failed(layout))
    return {};
  Type element = elementOf(given.scale), i32 = ctx.b.getI32Type();
  auto integers = mlir::dyn_cast<IntegerType>(elementOf(x));
  if (integers && element.isF32()) {
    // The bounds are those of the zero point, whose 4 bits x may not have any more.
    auto zero =
        given.zeroPoint ? mlir::dyn_cast<IntegerType>(elementOf(given.zeroPoint)) : IntegerType();
    FailureOr<Type> type = uniformType(ctx, given, *layout, zero ? zero : integers);
    if (failed(type))
      return {};
    if (*type)
      return ctx.create<edge::DequantizeOp>(ctx.cast(x, unpacked(integers)), TypeAttr::get(*type));
  }
  if (constantOf(x))
    storeNarrow(ctx.b.getInsertionBlock()->getParentOp());
  SmallVector<int64_t> shape(shapeOf(x));
  Formula f(ctx);
  x = ctx.cast(ctx.reshape(x, layout->x), i32);
  if (given.zeroPoint)
    x = f.sub(x, ctx.cast(ctx.reshape(given.zeroPoint, layout->scale), i32));
  return ctx.reshape(f.mul(ctx.cast(x, element), ctx.reshape(given.scale, layout->scale)), shape);
}

Value onnx_frontend::quantize(NodeContext &ctx, Value x, const Quantization &given, Type to) {
  if (!x || !given.scale)
    return {};
  auto integers = mlir::dyn_cast<IntegerType>(to);
  if (!integers || integers.getWidth() > 16 || integers.getWidth() < 4) {
    ctx.error("") << "quantization to " << to << " is not supported";
    return {};
  }
  FailureOr<Layout> layout = layoutOf(ctx, typeOf(x), given);
  FailureOr<Type> type =
      failed(layout) ? FailureOr<Type>() : uniformType(ctx, given, *layout, integers);
  if (failed(type))
    return {};
  Type element = ctx.b.getF32Type();
  x = ctx.cast(x, element);
  if (*type)
    return x ? ctx.create<edge::QuantizeOp>(x, TypeAttr::get(*type)) : Value();
  SmallVector<int64_t> shape(shapeOf(x));
  Formula f(ctx);
  auto [low, high] = integerBounds(integers);
  Value scale = ctx.cast(ctx.reshape(given.scale, layout->scale), element);
  x = f.unary<edge::RoundOp>(f.div(ctx.reshape(x, layout->x), scale));
  if (given.zeroPoint)
    x = f.add(x, ctx.cast(ctx.reshape(given.zeroPoint, layout->scale), element));
  x = f.binary<edge::MaxOp>(x, static_cast<double>(low));
  x = f.binary<edge::MinOp>(x, static_cast<double>(high));
  return ctx.reshape(ctx.cast(x, unpacked(integers)), shape);
}

Value onnx_frontend::centred(NodeContext &ctx, Value x, Value zeroPoint, int64_t axis) {
  Type i32 = ctx.b.getI32Type();
  if (!x || !zeroPoint)
    return ctx.cast(x, i32);
  RankedTensorType type = typeOf(zeroPoint);
  if (type.getRank() == 1 && type.getNumElements() != 1) {
    if (axis < 0 || type.getNumElements() != typeOf(x).getDimSize(axis)) {
      ctx.error("has a zero point ") << type << " for an operand " << typeOf(x);
      return {};
    }
    SmallVector<int64_t> shape(typeOf(x).getRank(), 1);
    shape[axis] = type.getNumElements();
    zeroPoint = ctx.reshape(zeroPoint, shape);
  } else if (type.getNumElements() == 1) {
    zeroPoint = ctx.reshape(zeroPoint, {}); // its unit dimensions are not the result's
  }
  return Formula(ctx).sub(ctx.cast(x, i32), ctx.cast(zeroPoint, i32));
}

ArrayRef<OperatorRow> edgec::onnx_frontend::getQuantizeRows() {
  // The same in both domains: onnxruntime's is for types that an old opset lacks.
  static constexpr StringLiteral kMicrosoft = "com.microsoft";
  static constexpr OperatorRow rows[] = {
      {"DequantizeLinear", needs<importDequantize, 2>, "", /*readsFourBits=*/true},
      {"DequantizeLinear", needs<importDequantize, 2>, kMicrosoft, /*readsFourBits=*/true},
      {"QuantizeLinear", needs<importQuantize, 2>, "", /*readsFourBits=*/true},
      {"QuantizeLinear", needs<importQuantize, 2>, kMicrosoft, /*readsFourBits=*/true},
  };
  return rows;
}
