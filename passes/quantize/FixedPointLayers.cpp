// Integer layers as TFLite's reference kernels compute them
// (tensorflow/lite/kernels/internal/reference, kernel_util.cc).
#include "passes/quantize/FixedPoint.h"
#include "passes/quantize/LayerRules.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

Value convolve(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::ConvOp>();
  if (!op)
    return {};
  auto filterType = cast<RankedTensorType>(op.getFilter().getType());
  std::optional<Quantized> x = readFrom(op.getX());
  std::optional<Weights> weights = weightsOf(b, op.getFilter(), filterType.getRank() - 1);
  if (!x || !weights)
    return {};
  Value bias;
  if (op.getBias()) {
    std::optional<Value> integers = biasOf(op.getBias());
    if (!integers)
      return {};
    bias = *integers;
  }
  FixedPoint factor;
  for (double scale : weights->scales)
    if (!factor.add(x->scale * scale / to.scale))
      return {};
  Value sum =
      edge::ConvOp::create(b, op.getLoc(), centred(b, op.getLoc(), *x), weights->integers, bias,
                           op.getStrides(), op.getDilations(), op.getPads(), op.getGroups());
  return requantize(b, op.getLoc(), sum, factor, to);
}

Value multiply(OpBuilder &b, Value numbers, const Quantized &to) {
  Value bias;
  if (auto add = numbers.getDefiningOp<edge::AddOp>()) {
    std::optional<Value> integers = biasOf(add->getOperand(1));
    if (!integers || !numbers.hasOneUse())
      return {};
    bias = *integers;
    numbers = add->getOperand(0);
  }
  auto op = numbers.getDefiningOp<edge::MatMulOp>();
  if (!op || !numbers.hasOneUse())
    return {};
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op.getA());
  std::optional<Weights> weights = weightsOf(b, op.getB(), op.getTransposeB() ? 0 : 1);
  if (!x || !weights || cast<RankedTensorType>(op.getB().getType()).getRank() != 2)
    return {};
  FixedPoint factor;
  for (double scale : weights->scales)
    if (!factor.add(x->scale * scale / to.scale))
      return {};
  Value sum =
      edge::MatMulOp::create(b, loc, centred(b, loc, *x), weights->integers, op.getTransposeB());
  if (bias)
    sum = edge::AddOp::create(b, loc, sum.getType(), sum, bias);
  return requantize(b, loc, sum, factor, to, /*once=*/true);
}

/// Both summands are brought to twice the larger scale, 20 bits up.
Value add(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::AddOp>();
  if (!op)
    return {};
  constexpr int kUp = 20;
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op->getOperand(0)), y = readFrom(op->getOperand(1));
  if (!x || !y)
    return {};
  double twice = 2 * std::max(x->scale, y->scale);
  auto up = [&](const Quantized &operand) -> Value {
    FixedPoint factor;
    if (!factor.add(operand.scale / twice))
      return {};
    Value wide = centred(b, loc, operand);
    wide = edge::MulOp::create(b, loc, wide.getType(), wide, scalar(b, loc, 1 << kUp));
    return rescale(b, loc, wide, factor);
  };
  FixedPoint factor;
  Value left = up(*x), right = up(*y);
  if (!left || !right || !factor.add(twice / ((1 << kUp) * to.scale)))
    return {};
  auto type = cast<RankedTensorType>(op.getResult().getType()).clone(b.getI32Type());
  return requantize(b, loc, edge::AddOp::create(b, loc, type, left, right), factor, to);
}

} // namespace

ArrayRef<LayerRule> quantize::getFixedPointRules() {
  static constexpr LayerRule rules[] = {convolve, multiply, add};
  return rules;
}
