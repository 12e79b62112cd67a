// Rows between integers and the numbers that they stand for (PT2E, torchao).
#include "frontends/torch/ops/Quantize.h"
#include "frontends/Quantization.h"
#include "frontends/torch/ops/Build.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

// How large the blocks are that have a scale each.

using BlockSize = FailureOr<SmallVector<int64_t>> (*)(const NodeContext &);

FailureOr<SmallVector<int64_t>> perTensor(const NodeContext &ctx) {
  return SmallVector<int64_t>(shapeOf(ctx.input(0)));
}

FailureOr<SmallVector<int64_t>> perAxis(const NodeContext &ctx) {
  SmallVector<int64_t> size(shapeOf(ctx.input(0)));
  auto axis = ctx.dimension("axis", static_cast<int64_t>(size.size()));
  if (failed(axis))
    return failure();
  if (size.empty())
    return ctx.error("has an axis for a tensor without dimensions");
  size[*axis] = 1;
  return size;
}

/// Rows of the last dimension.
FailureOr<SmallVector<int64_t>> perToken(const NodeContext &ctx) {
  SmallVector<int64_t> size(ctx.type(0).getRank(), 1);
  if (size.empty())
    return ctx.error("has an input without dimensions");
  size.back() = shapeOf(ctx.input(0)).back();
  return size;
}

/// Groups in rows; what has one scale a row is one group, however large that is said to be.
FailureOr<SmallVector<int64_t>> perGroup(const NodeContext &ctx) {
  auto size = perToken(ctx);
  if (succeeded(size))
    size->back() = std::min(size->back(), ctx.integer("group_size"));
  return size;
}

FailureOr<SmallVector<int64_t>> perBlock(const NodeContext &ctx) {
  return ctx.integers("block_size");
}

/// Scales and zero points, as arguments give them.
struct Parameters {
  Value scale, zeroPoint; ///< as tensors, of `numbers`; a null zero point is 0
  Blocks blocks;
  int64_t low = 0, high = 0;
  Type numbers; ///< floats to compute with
};

/// The input's or result's floats are of type `floats`, its integers of type `storage`.
FailureOr<Parameters> readParameters(const NodeContext &ctx, BlockSize size, Type floats,
                                     Type storage) {
  Parameters p;
  auto index = [&](StringRef one, StringRef many) {
    return static_cast<unsigned>(
        llvm::find_if(ctx.schema.parameters,
                      [&](const Parameter &own) { return own.name == one || own.name == many; }) -
        ctx.schema.parameters.begin());
  };
  unsigned scale = index("scale", "scales"), zeroPoint = index("zero_point", "zero_points");
  // Only narrow scales keep narrow floats narrow.
  p.numbers = promote({{floats}, {ctx.operand(scale).element}});
  if (p.numbers.getIntOrFloatBitWidth() > 16 || ctx.operand(scale).rank != Operand::Rank::tensor)
    p.numbers = ctx.b.getF32Type();
  p.scale = ctx.operandAs(scale, p.numbers);
  p.zeroPoint = ctx.operandAs(zeroPoint, p.numbers);
  if (!p.scale)
    return ctx.error("has no scale");
  auto bounds = quantizedBounds(ctx, storage);
  auto block = size(ctx);
  if (failed(bounds) || failed(block))
    return failure();
  std::tie(p.low, p.high) = *bounds;
  auto blocks = blocksOf(ctx, shapeOf(ctx.input(0)), *block);
  if (failed(blocks))
    return failure();
  p.blocks = *blocks;
  int64_t count = typeOf(p.scale).getNumElements();
  if (count != p.blocks.count())
    return ctx.error("has ") << count << " scales for " << p.blocks.count() << " parts of "
                             << ctx.type(0);
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

/// `!quant.uniform<...>` where scales and zero points are known, and one or one a slice; a null
/// type otherwise.
FailureOr<Type> uniformType(const NodeContext &ctx, const Parameters &p, Type storage) {
  std::optional<edge::HostTensor> scale = known(p.scale), zeroPoint = known(p.zeroPoint);
  std::optional<int64_t> axis = p.blocks.sliced();
  if (storage.getIntOrFloatBitWidth() > 16 || !p.numbers.isF32() || !axis || !scale ||
      (p.zeroPoint && !zeroPoint) || scale->getNumElements() == 0)
    return Type();
  SmallVector<double> scales = scale->getFloats();
  SmallVector<int64_t> zeroPoints(scales.size(), 0);
  if (zeroPoint)
    for (auto [zero, value] : llvm::zip_equal(zeroPoints, zeroPoint->getFloats())) {
      if (!(std::abs(value) <= 0x1p32) || value != std::floor(value)) // floats may be zero points
        return Type();
      zero = static_cast<int64_t>(value);
    }
  if (failed(checkQuantization(ctx.loc, "is quantized with", scales, zeroPoints, p.low, p.high)))
    return failure();
  Type type = makeQuantized(ctx.loc, storage, scales, zeroPoints, *axis, p.low, p.high);
  if (!type)
    return failure();
  return type;
}

/// round(x / scale) + zero point, halves to even, within the bounds, as floats in split form.
/// torch multiplies by the reciprocal, which is not the same where a quotient is a half: ends of a
/// range that was measured are. With `zeroFirst`, rounds the sum.
Value rounded(const NodeContext &ctx, const Parameters &p, bool zeroFirst = false) {
  Formula f(ctx);
  Value x = ctx.reshape(ctx.cast(ctx.input(0), p.numbers), p.blocks.split);
  x = f.mul(x, f.div(1.0, ctx.reshape(p.scale, p.blocks.spread)));
  if (!zeroFirst)
    x = f.unary<edge::RoundOp>(x);
  if (p.zeroPoint)
    x = f.add(x, ctx.reshape(p.zeroPoint, p.blocks.spread));
  if (zeroFirst)
    x = f.unary<edge::RoundOp>(x);
  x = f.binary<edge::MaxOp>(x, static_cast<double>(p.low));
  return f.binary<edge::MinOp>(x, static_cast<double>(p.high));
}

/// Integers as numbers that are equal to them: what multiplies these works on integers, where it
/// can.
Value asNumbers(const NodeContext &ctx, const Parameters &p, Value x) {
  auto integers = mlir::cast<IntegerType>(elementOf(x));
  if (integers.getWidth() != 8 || !p.numbers.isF32())
    return ctx.cast(x, p.numbers);
  auto [low, high] = integerBounds(integers);
  Type type = makeQuantized(ctx.loc, integers, {1.0}, {0}, /*axis=*/-1, low, high);
  return type ? ctx.create<edge::DequantizeOp>(x, TypeAttr::get(type)) : Value();
}

/// (x - zero point) * scale of integers as floats in split form.
Value restored(const NodeContext &ctx, const Parameters &p, Value x) {
  Formula f(ctx);
  if (p.zeroPoint)
    x = f.sub(x, ctx.reshape(p.zeroPoint, p.blocks.spread));
  x = f.mul(x, ctx.reshape(p.scale, p.blocks.spread));
  return x ? ctx.reshape(x, shapeOf(ctx.input(0))) : Value();
}

template <BlockSize size> FailureOr<Results> importDequantize(NodeContext &ctx) {
  Type to = ctx.b.getF32Type();
  for (StringRef name : {"out_dtype", "output_dtype"})
    if (takes(ctx, name))
      to = ctx.element(name, to);
  if (!isa<FloatType>(to))
    return ctx.error("gives ") << nameOfType(to) << ", not floats";
  Type storage = elementOf(ctx.input(0));
  auto p = readParameters(ctx, size, to, storage);
  if (failed(p))
    return failure();
  auto type = uniformType(ctx, *p, storage);
  if (failed(type))
    return failure();
  Value y;
  if (*type)
    y = ctx.create<edge::DequantizeOp>(ctx.input(0), TypeAttr::get(*type));
  else if (known(ctx.input(0)))
    y = restored(ctx, *p, ctx.reshape(ctx.cast(ctx.input(0), p->numbers), p->blocks.split));
  else
    y = restored(ctx, *p, asNumbers(ctx, *p, ctx.reshape(ctx.input(0), p->blocks.split)));
  return one(y && elementOf(y) != to ? ctx.cast(y, to) : y);
}

template <BlockSize size, bool zeroFirst = false>
FailureOr<Results> importQuantize(NodeContext &ctx) {
  Type to = ctx.element(takes(ctx, "dtype") ? "dtype" : "output_dtype", ctx.b.getI8Type());
  auto p = readParameters(ctx, size, floatFor(elementOf(ctx.input(0))), to);
  if (failed(p))
    return failure();
  auto type = uniformType(ctx, *p, to);
  if (failed(type))
    return failure();
  if (*type)
    return one(ctx.create<edge::QuantizeOp>(ctx.cast(ctx.input(0), ctx.b.getF32Type()),
                                            TypeAttr::get(*type)));
  Value y = rounded(ctx, *p, zeroFirst);
  return one(y ? ctx.cast(ctx.reshape(y, shapeOf(ctx.input(0))), to) : y);
}

/// Rounded to what integers can stand for, but left as floats.
template <BlockSize size> FailureOr<Results> importFakeQuantize(NodeContext &ctx) {
  auto p = readParameters(ctx, size, ctx.b.getF32Type(), ctx.b.getI32Type());
  if (failed(p))
    return failure();
  Value y = restored(ctx, *p, rounded(ctx, *p));
  return one(y ? ctx.cast(y, elementOf(ctx.input(0))) : y);
}

FailureOr<Results> importConvert(NodeContext &ctx) {
  return one(ctx.cast(ctx.input(0), ctx.element("dtype", elementOf(ctx.input(0)))));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getQuantizeRows() {
  static const OperatorRow rows[] = {
      {"aten::fake_quantize_per_tensor_affine_cachemask(Tensor self, float scale, int zero_point, "
       "int quant_min, int quant_max) -> (Tensor output, Tensor mask)",
       importFakeQuantize<perTensor>},
      {"aten::fake_quantize_per_channel_affine_cachemask(Tensor self, Tensor scale, Tensor "
       "zero_point, int axis, int quant_min, int quant_max) -> (Tensor output, Tensor mask)",
       importFakeQuantize<perAxis>},
      {"quantized_decomposed::quantize_per_tensor(Tensor input, float scale, int zero_point, int "
       "quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize<perTensor>},
      {"quantized_decomposed::quantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor "
       "zero_point, int quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize<perTensor>},
      {"quantized_decomposed::quantize_per_channel(Tensor input, Tensor scales, Tensor "
       "zero_points, int axis, int quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize<perAxis>},
      {"quantized_decomposed::dequantize_per_tensor(Tensor input, float scale, int zero_point, int "
       "quant_min, int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) -> Tensor",
       importDequantize<perTensor>},
      {"quantized_decomposed::dequantize_per_tensor.tensor(Tensor input, Tensor scale, Tensor "
       "zero_point, int quant_min, int quant_max, ScalarType dtype, *, ScalarType? out_dtype=None) "
       "-> Tensor",
       importDequantize<perTensor>},
      {"quantized_decomposed::dequantize_per_channel(Tensor input, Tensor scales, Tensor? "
       "zero_points, int axis, int quant_min, int quant_max, ScalarType dtype, *, ScalarType? "
       "out_dtype=None) -> Tensor",
       importDequantize<perAxis>},
      {"quantized_decomposed::choose_qparams.tensor(Tensor input, int quant_min, int quant_max, "
       "float eps, ScalarType dtype) -> (Tensor, Tensor)",
       importChooseParameters},
      {"quantized_decomposed::choose_qparams_symmetric.tensor(Tensor input, int quant_min, int "
       "quant_max, float eps, ScalarType dtype) -> (Tensor, Tensor)",
       importChooseParameters},
      {"aten::fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int "
       "quant_min, int quant_max) -> Tensor",
       importFakeQuantize<perTensor>},
      {"aten::fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int "
       "axis, int quant_min, int quant_max) -> Tensor",
       importFakeQuantize<perAxis>},
      {"quantized_decomposed::choose_qparams_per_token(Tensor input, ScalarType dtype) -> (Tensor, "
       "Tensor)",
       importChooseTokenSymmetric},
      {"quantized_decomposed::choose_qparams_per_token_asymmetric(Tensor input, ScalarType dtype) "
       "-> (Tensor, Tensor)",
       importChooseToken},
      {"quantized_decomposed::_choose_qparams_per_token_asymmetric_impl(Tensor input, ScalarType "
       "dtype) -> (Tensor, Tensor)",
       importChooseToken},
      {"quantized_decomposed::quantize_per_token(Tensor input, Tensor scales, Tensor zero_points, "
       "int quant_min, int quant_max, ScalarType dtype) -> Tensor",
       importQuantize<perToken, true>},
      {"quantized_decomposed::dequantize_per_token(Tensor input, Tensor scales, Tensor "
       "zero_points, int quant_min, int quant_max, ScalarType dtype, ScalarType output_dtype) -> "
       "Tensor",
       importDequantize<perToken>},
      {"quantized_decomposed::quantize_per_channel_group(Tensor input, Tensor scales, Tensor "
       "zero_points, int quant_min, int quant_max, ScalarType dtype, int group_size) -> Tensor",
       importQuantize<perGroup, true>},
      {"quantized_decomposed::dequantize_per_channel_group(Tensor input, Tensor scales, Tensor? "
       "zero_points, int quant_min, int quant_max, ScalarType dtype, int group_size, ScalarType "
       "output_dtype) -> Tensor",
       importDequantize<perGroup>},
      {"quantized_decomposed::fake_quant_per_channel(Tensor input, Tensor scales, Tensor "
       "zero_points, int axis, int quant_min, int quant_max) -> Tensor",
       importFakeQuantize<perAxis>},
      {"quantized_decomposed::convert_element_type.no_fuse(Tensor input, ScalarType dtype) -> "
       "Tensor",
       importConvert},
      {"torchao::choose_qparams_affine(Tensor? input, str mapping_type, SymInt[] block_size, "
       "ScalarType target_dtype, Scalar? quant_min=None, Scalar? quant_max=None, float? eps=None, "
       "ScalarType? scale_dtype=None, ScalarType? zero_point_dtype=None, bool keepdim=False) -> "
       "(Tensor, Tensor)",
       importChooseBlocks},
      {"torchao::quantize_affine(Tensor input, SymInt[] block_size, Tensor scale, Tensor? "
       "zero_point, ScalarType output_dtype, Scalar? quant_min=None, Scalar? quant_max=None) -> "
       "Tensor",
       importQuantize<perBlock>},
      {"torchao::dequantize_affine(Tensor input, SymInt[] block_size, Tensor scale, Tensor? "
       "zero_point, ScalarType input_dtype, Scalar? quant_min=None, Scalar? quant_max=None, "
       "ScalarType output_dtype=6) -> Tensor",
       importDequantize<perBlock>},
  };
  return rows;
}
