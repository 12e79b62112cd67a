// Rows between integers and the numbers that they stand for (PT2E, torchao).
#include "frontends/Quantization.h"
#include "frontends/torch/ops/Build.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// Scales and zero points, as arguments give them; null tensors stand for one number each.
struct Parameters {
  Value scale, zeroPoint; ///< as tensors
  int64_t axis = -1;      ///< of those that are one a slice
  int64_t low = 0, high = 0;
};

FailureOr<Parameters> readParameters(const NodeContext &ctx) {
  Parameters p;
  for (auto [i, parameter] : llvm::enumerate(ctx.schema.parameters)) {
    if (parameter.name == "scale" || parameter.name == "scales")
      p.scale = ctx.operandAs(i, ctx.b.getF32Type());
    if (parameter.name == "zero_point" || parameter.name == "zero_points")
      p.zeroPoint = ctx.arguments[i].given ? ctx.operandAs(i, ctx.b.getI64Type()) : Value();
    if (parameter.name == "axis") {
      auto axis = ctx.dimension("axis", ctx.type(0).getRank());
      if (failed(axis))
        return failure();
      p.axis = *axis;
    }
  }
  p.low = ctx.integer("quant_min");
  p.high = ctx.integer("quant_max");
  if (!p.scale)
    return ctx.error("has no scale");
  int64_t count = typeOf(p.scale).getNumElements();
  if (p.axis >= 0 && (ctx.type(0).getRank() == 0 || count != ctx.type(0).getDimSize(p.axis)))
    return ctx.error("has ") << count << " scales along dimension " << p.axis << " of "
                             << ctx.type(0);
  if (p.axis < 0 && count != 1)
    return ctx.error("has ") << count << " scales for a tensor";
  if (p.zeroPoint && typeOf(p.zeroPoint).getNumElements() != count)
    return ctx.error("has ") << count << " scales and " << typeOf(p.zeroPoint).getNumElements()
                             << " zero points";
  return p;
}

std::optional<edge::HostTensor> known(Value value) {
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto host = edge::HostTensor::fromAttr(attr);
  return failed(host) ? std::nullopt : std::optional(*host);
}

/// `!quant.uniform<...>` where scales and zero points are known; a null type otherwise.
FailureOr<Type> uniformType(const NodeContext &ctx, const Parameters &p, Type storage) {
  auto integers = mlir::dyn_cast<IntegerType>(storage);
  std::optional<edge::HostTensor> scale = known(p.scale), zeroPoint = known(p.zeroPoint);
  if (!integers || integers.getWidth() > 16 || integers.getWidth() < 8 || !scale ||
      (p.zeroPoint && !zeroPoint) || scale->getNumElements() == 0)
    return Type();
  SmallVector<double> scales = scale->getFloats();
  SmallVector<int64_t> zeroPoints(scales.size(), 0);
  if (zeroPoint)
    zeroPoints = zeroPoint->getInts();
  bool isUnsigned = integers.isUnsigned();
  int64_t least = isUnsigned ? 0 : -(int64_t(1) << (integers.getWidth() - 1));
  int64_t largest = least + (int64_t(1) << integers.getWidth()) - 1;
  if (p.low < least || p.high > largest || p.low >= p.high)
    return ctx.error("has integers from ")
           << p.low << " to " << p.high << " in " << nameOfType(storage);
  if (failed(checkQuantization(ctx.loc, "is quantized with", scales, zeroPoints, p.low, p.high)))
    return failure();
  Type type = makeQuantized(ctx.loc, storage, scales, zeroPoints, p.axis, p.low, p.high);
  if (!type)
    return failure();
  return type;
}

/// A vector of one entry a slice, so that it broadcasts along its axis.
Value spread(const NodeContext &ctx, Value x, int64_t axis) {
  if (!x)
    return {};
  if (axis < 0)
    return ctx.reshape(x, {});
  SmallVector<int64_t> shape(ctx.type(0).getRank() - axis, 1);
  shape[0] = typeOf(x).getNumElements();
  return ctx.reshape(x, shape);
}

FailureOr<Results> importDequantize(NodeContext &ctx) {
  auto p = readParameters(ctx);
  if (failed(p))
    return failure();
  Type to = ctx.b.getF32Type();
  for (const Parameter &parameter : ctx.schema.parameters)
    if (parameter.name == "out_dtype")
      to = ctx.element("out_dtype", to);
  auto type = uniformType(ctx, *p, elementOf(ctx.input(0)));
  if (failed(type))
    return failure();
  Value y;
  if (*type) {
    y = ctx.create<edge::DequantizeOp>(ctx.input(0), TypeAttr::get(*type));
  } else {
    Formula f(ctx);
    Value x = ctx.cast(ctx.input(0), ctx.b.getF32Type());
    if (p->zeroPoint)
      x = f.sub(x, ctx.cast(spread(ctx, p->zeroPoint, p->axis), ctx.b.getF32Type()));
    y = f.mul(x, spread(ctx, p->scale, p->axis));
  }
  return one(to.isF32() ? y : ctx.cast(y, to));
}

/// round(x / scale) + zero point, halves to even, within the bounds, as floats.
Value rounded(const NodeContext &ctx, const Parameters &p) {
  Formula f(ctx);
  Value x = floats(ctx);
  x = f.unary<edge::RoundOp>(f.div(ctx.cast(x, ctx.b.getF32Type()), spread(ctx, p.scale, p.axis)));
  if (p.zeroPoint)
    x = f.add(x, ctx.cast(spread(ctx, p.zeroPoint, p.axis), ctx.b.getF32Type()));
  x = f.binary<edge::MaxOp>(x, static_cast<double>(p.low));
  return f.binary<edge::MinOp>(x, static_cast<double>(p.high));
}

FailureOr<Results> importQuantize(NodeContext &ctx) {
  auto p = readParameters(ctx);
  if (failed(p))
    return failure();
  Type to = ctx.element("dtype", ctx.b.getI8Type());
  auto type = uniformType(ctx, *p, to);
  if (failed(type))
    return failure();
  if (*type)
    return one(ctx.create<edge::QuantizeOp>(ctx.cast(ctx.input(0), ctx.b.getF32Type()),
                                            TypeAttr::get(*type)));
  return one(ctx.cast(rounded(ctx, *p), to));
}

/// Rounded to what integers can stand for, but left as floats.
FailureOr<Results> importFakeQuantize(NodeContext &ctx) {
  auto p = readParameters(ctx);
  if (failed(p))
    return failure();
  Formula f(ctx);
  Value x = rounded(ctx, *p);
  if (p->zeroPoint)
    x = f.sub(x, ctx.cast(spread(ctx, p->zeroPoint, p->axis), ctx.b.getF32Type()));
  return one(ctx.cast(f.mul(x, spread(ctx, p->scale, p->axis)), elementOf(ctx.input(0))));
}

/// A scale and a zero point from the range of the input, found when the model runs.
FailureOr<Results> importChooseParameters(NodeContext &ctx) {
  Formula f(ctx);
  double low = static_cast<double>(ctx.integer("quant_min")),
         high = static_cast<double>(ctx.integer("quant_max"));
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, ctx.type(0).getRank()));
  Value x = ctx.cast(ctx.input(0), ctx.b.getF32Type());
  Value least = f.binary<edge::MinOp>(f.reduce(x, edge::ReduceKind::min, axes, false), 0.0);
  Value largest = f.binary<edge::MaxOp>(f.reduce(x, edge::ReduceKind::max, axes, false), 0.0);
  bool symmetric = StringRef(ctx.schema.name).contains("symmetric");
  Value scale, zero;
  if (symmetric) {
    Value reach = f.binary<edge::MaxOp>(f.unary<edge::NegOp>(least), largest);
    scale = f.binary<edge::MaxOp>(f.div(reach, (high - low) / 2), ctx.real("eps"));
    zero = ctx.scalar(ctx.b.getF32Type(), low == 0 ? std::floor((high + 1) / 2) : 0);
  } else {
    scale = f.binary<edge::MaxOp>(f.div(f.sub(largest, least), high - low), ctx.real("eps"));
    zero = f.sub(low, f.unary<edge::RoundOp>(f.div(least, scale)));
    zero = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(zero, low), high);
  }
  if (!scale || !zero)
    return failure();
  return Results{ctx.reshape(ctx.cast(scale, ctx.b.getF64Type()), {1}),
                 ctx.reshape(ctx.cast(zero, ctx.b.getI64Type()), {1})};
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getQuantizeRows() {
  static const OperatorRow rows[] = {
      {"aten::fake_quantize_per_tensor_affine_cachemask(Tensor self, float scale, int zero_point, "
       "int quant_min, int quant_max) -> (Tensor output, Tensor mask)",
       importFakeQuantize},
      {"aten::fake_quantize_per_channel_affine_cachemask(Tensor self, Tensor scale, Tensor "
       "zero_point, int axis, int quant_min, int quant_max) -> (Tensor output, Tensor mask)",
       importFakeQuantize},
      {"quantized_decomposed::quantize_per_tensor(Tensor input, float scale, int zero_point, int "
       "quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize},
      {"quantized_decomposed::quantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor "
       "zero_point, int quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize},
      {"quantized_decomposed::quantize_per_channel(Tensor input, Tensor scales, Tensor "
       "zero_points, int axis, int quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize},
      {"quantized_decomposed::dequantize_per_tensor(Tensor input, float scale, int zero_point, int "
       "quant_min, int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
       importDequantize},
      {"quantized_decomposed::dequantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor "
       "zero_point, int quant_min, int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) "
       "-> Tensor",
       importDequantize},
      {"quantized_decomposed::dequantize_per_channel(Tensor input, Tensor scales, Tensor? "
       "zero_points, int axis, int quant_min, int quant_max, ScalarType dtype, *, ScalarType? "
       "out_dtype=None) -> Tensor",
       importDequantize},
      {"quantized_decomposed::choose_qparams.tensor(Tensor input, int quant_min, int quant_max, "
       "float eps, ScalarType dtype) -> (Tensor, Tensor)",
       importChooseParameters},
      {"quantized_decomposed::choose_qparams_symmetric.tensor(Tensor input, int quant_min, int "
       "quant_max, float eps, ScalarType dtype) -> (Tensor, Tensor)",
       importChooseParameters},
      {"aten::fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int "
       "quant_min, int quant_max) -> Tensor",
       importFakeQuantize},
      {"aten::fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int "
       "axis, int quant_min, int quant_max) -> Tensor",
       importFakeQuantize},
  };
  return rows;
}
