// Integer layers with float scales, as ONNX's QLinearConv and QLinearMatMul, and what onnxruntime
// makes of layers between DequantizeLinear and QuantizeLinear.
#include "passes/quantize/LayerRules.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

/// Sums of products of integers, what one step of them stands for, and how large they are at most:
/// one for all, or one a feature.
struct Sums {
  Value integers;
  SmallVector<double> scales;
  SmallVector<int64_t> reach;
};

/// The largest integer less the zero point.
int64_t magnitude(const Quantized &x) {
  return std::max(x.high - x.zeroPoint, x.zeroPoint - x.low);
}

/// Sums of products of an input and weights, which are yet to be computed.
Sums sumsOf(const Quantized &x, ArrayRef<double> scales, ArrayRef<int64_t> magnitudes) {
  int64_t largest = magnitude(x);
  return {{},
          llvm::map_to_vector(scales, [&](double scale) { return x.scale * scale; }),
          llvm::map_to_vector(magnitudes, [&](int64_t weights) { return largest * weights; })};
}

/// What nobody sees of a result that is rounded to whole steps.
double dispensable(const Quantized &to) { return to.scale / 20; }

/// A layer's sums, with its bias.
std::optional<Sums> sumsOf(OpBuilder &b, Operation *op, const Quantized &to) {
  std::optional<Layer> layer = layerOf(b, op);
  if (!layer)
    return std::nullopt;
  Sums sums = sumsOf(layer->x, layer->weights.scales, layer->weights.magnitudes);
  std::optional<Value> bias =
      layer->bias ? biasOf(b, layer->bias, sums.scales, sums.reach, dispensable(to)) : std::nullopt;
  if (layer->bias && !bias)
    return std::nullopt;
  sums.integers = layer->sums(b, bias.value_or(Value()));
  return sums.integers ? std::optional(sums) : std::nullopt;
}

/// Of two tensors of one scale each.
std::optional<Sums> multiply(OpBuilder &b, edge::MatMulOp op) {
  std::optional<Quantized> x = readFrom(op.getA()), y = readFrom(op.getB());
  if (!x || !y)
    return std::nullopt;
  int64_t depth = cast<RankedTensorType>(op.getA().getType()).getShape().back();
  Sums sums = sumsOf(*x, y->scale, depth * magnitude(*y));
  Location loc = op.getLoc();
  sums.integers =
      edge::MatMulOp::create(b, loc, centred(b, loc, *x), centred(b, loc, *y), op.getTransposeB());
  return sums;
}

/// Sums as integers of `to`. The factor is computed in floats, as onnxruntime does.
Value requantize(OpBuilder &b, Location loc, const Sums &sums, const Quantized &to) {
  SmallVector<float> factors;
  for (double scale : sums.scales)
    factors.push_back(static_cast<float>(scale) / static_cast<float>(to.scale));
  return edge::RequantizeFloatOp::create(
      b, loc, sums.integers, factors, static_cast<int32_t>(to.zeroPoint),
      static_cast<int32_t>(to.low), static_cast<int32_t>(to.high), to.storage);
}

Value layer(OpBuilder &b, Value numbers, const Quantized &to) {
  Operation *op = numbers.getDefiningOp();
  std::optional<Sums> sums = sumsOf(b, op, to);
  return sums ? requantize(b, op->getLoc(), *sums, to) : Value();
}

Value product(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::MatMulOp>();
  std::optional<Sums> sums = op ? multiply(b, op) : std::nullopt;
  return sums ? requantize(b, op.getLoc(), *sums, to) : Value();
}

/// A product and a constant bias, in either order.
Value productAndBias(OpBuilder &b, Value numbers, const Quantized &to) {
  auto add = numbers.getDefiningOp<edge::AddOp>();
  if (!add)
    return {};
  for (auto [left, right] :
       {std::pair(add.getX(), add.getY()), std::pair(add.getY(), add.getX())}) {
    auto op = left.getDefiningOp<edge::MatMulOp>();
    if (!op || !left.hasOneUse() || left.getType() != numbers.getType())
      continue;
    std::optional<Sums> sums = sumsOf(b, op, to);
    std::optional<Value> bias =
        sums ? biasOf(b, right, sums->scales, sums->reach, dispensable(to)) : std::nullopt;
    if (!bias)
      return {};
    sums->integers =
        edge::AddOp::create(b, op.getLoc(), sums->integers.getType(), sums->integers, *bias);
    return requantize(b, b.getFusedLoc({op.getLoc(), add.getLoc()}), *sums, to);
  }
  return {};
}

} // namespace

ArrayRef<LayerRule> quantize::getFloatScaleRules() {
  static constexpr LayerRule rules[] = {layer, product, productAndBias};
  return rules;
}
