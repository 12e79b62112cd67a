// Convolutions and matrix products.
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "passes/quantize/FixedPoint.h"
#include "passes/quantize/FixedPointRules.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

/// What products become integers of `to` by, for each scale of the weights. Where kernels have one
/// factor for all features, the scales are multiplied as floats.
std::optional<FixedPoint> factorsOf(const Quantized &x, ArrayRef<double> scales,
                                    const Quantized &to, bool single) {
  FixedPoint factors;
  for (double scale : scales) {
    double product = single ? inSingle(x.scale * scale) : x.scale * scale;
    if (!factors.add(product / to.scale))
      return std::nullopt;
  }
  return factors;
}

/// Kernels for unsigned integers are older than scales for each feature.
bool isUnsigned(Value numbers) {
  auto read = numbers.getDefiningOp<edge::DequantizeOp>();
  return read && !cast<quant::QuantizedType>(read.getQuantized()).isSigned();
}

} // namespace

Value fixed_point::convolve(OpBuilder &b, Value numbers, const Quantized &to) {
  Operation *op = numbers.getDefiningOp();
  if (!isa_and_nonnull<edge::ConvOp, edge::ConvTransposeOp>(op))
    return {};
  std::optional<Layer> layer = layerOf(b, op);
  std::optional<Value> bias = layer && layer->bias ? biasOf(layer->bias) : std::nullopt;
  if (!layer || (layer->bias && !bias))
    return {};
  bool single = isUnsigned(layer->op.getLayerWeights().weights->get());
  std::optional<FixedPoint> factors = factorsOf(layer->x, layer->weights.scales, to, single);
  Value sums = factors ? layer->sums(b, bias.value_or(Value())) : Value();
  return sums ? requantize(b, op->getLoc(), sums, *factors, to) : Value();
}

Value fixed_point::multiplyWeights(OpBuilder &b, Value numbers, const Quantized &to) {
  Value bias;
  if (auto add = numbers.getDefiningOp<edge::AddOp>()) {
    std::optional<Value> integers = biasOf(add->getOperand(1));
    if (!integers || !numbers.hasOneUse())
      return {};
    bias = *integers;
    numbers = add->getOperand(0);
  }
  auto op = numbers.getDefiningOp<edge::MatMulOp>();
  if (!op || !numbers.hasOneUse() || cast<RankedTensorType>(op.getB().getType()).getRank() != 2)
    return {};
  std::optional<Layer> layer = layerOf(b, op);
  if (!layer)
    return {};
  ArrayRef<double> scales = layer->weights.scales;
  std::optional<FixedPoint> factors =
      factorsOf(layer->x, scales, to, /*single=*/scales.size() == 1);
  Value sums = factors ? layer->sums(b, /*bias=*/{}) : Value();
  if (!sums)
    return {};
  if (bias)
    sums = edge::AddOp::create(b, op.getLoc(), sums.getType(), sums, bias);
  return requantize(b, op.getLoc(), sums, *factors, to, /*once=*/true);
}

Value fixed_point::multiplyMatrices(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::MatMulOp>();
  if (!op)
    return {};
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op.getA()), y = readFrom(op.getB());
  if (!x || !y)
    return {};
  std::optional<FixedPoint> factors = factorsOf(*x, y->scale, to, /*single=*/true);
  if (!factors)
    return {};
  Value sum =
      edge::MatMulOp::create(b, loc, centred(b, loc, *x), centred(b, loc, *y), op.getTransposeB());
  return requantize(b, loc, sum, *factors, to);
}
