// Convolutions and matrix products.
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

/// A convolution or a transposed one, as `build(x, filter, bias)` writes it on integers.
template <typename Op>
Value convolution(OpBuilder &b, Value numbers, const Quantized &to,
                  llvm::function_ref<Value(Op, Value, Value, Value)> build) {
  auto op = numbers.getDefiningOp<Op>();
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
  bool single = isa<IntegerType>(x->storage) && x->storage.isUnsignedInteger();
  std::optional<FixedPoint> factors = factorsOf(*x, weights->scales, to, single);
  if (!factors)
    return {};
  Value sum = build(op, centred(b, op.getLoc(), *x), weights->integers, bias);
  return requantize(b, op.getLoc(), sum, *factors, to);
}

} // namespace

Value fixed_point::convolve(OpBuilder &b, Value numbers, const Quantized &to) {
  return convolution<edge::ConvOp>(
      b, numbers, to, [&](edge::ConvOp op, Value x, Value filter, Value bias) -> Value {
        return edge::ConvOp::create(b, op.getLoc(), x, filter, bias, op.getStrides(),
                                    op.getDilations(), op.getPads(), op.getGroups());
      });
}

Value fixed_point::convolveTransposed(OpBuilder &b, Value numbers, const Quantized &to) {
  return convolution<edge::ConvTransposeOp>(
      b, numbers, to, [&](edge::ConvTransposeOp op, Value x, Value filter, Value bias) -> Value {
        return edge::ConvTransposeOp::create(b, op.getLoc(), x, filter, bias, op.getStrides(),
                                             op.getDilations(), op.getPads(), op.getGroups(),
                                             op.getOutputShape());
      });
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
  if (!op || !numbers.hasOneUse())
    return {};
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op.getA());
  std::optional<Weights> weights = weightsOf(b, op.getB(), op.getTransposeB() ? 0 : 1);
  if (!x || !weights || cast<RankedTensorType>(op.getB().getType()).getRank() != 2)
    return {};
  std::optional<FixedPoint> factors =
      factorsOf(*x, weights->scales, to, /*single=*/weights->scales.size() == 1);
  if (!factors)
    return {};
  Value sum =
      edge::MatMulOp::create(b, loc, centred(b, loc, *x), weights->integers, op.getTransposeB());
  if (bias)
    sum = edge::AddOp::create(b, loc, sum.getType(), sum, bias);
  return requantize(b, loc, sum, *factors, to, /*once=*/true);
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
