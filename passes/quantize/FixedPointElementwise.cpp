// Sums, differences and products of elements, and rounding to other scales.
#include "dialects/Edge/Lowering.h"
#include "passes/quantize/FixedPoint.h"
#include "passes/quantize/FixedPointRules.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

template <typename Op> Value binary(OpBuilder &b, Location loc, Value x, Value y) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value operand : {x, y})
    shapes.push_back(cast<RankedTensorType>(operand.getType()).getShape());
  auto shape = edge::broadcastShapes(shapes);
  return Op::create(b, loc, RankedTensorType::get(*shape, b.getI32Type()), x, y);
}

/// Two operands brought to twice the larger scale, some bits up.
struct AtOneScale {
  Value x, y;
  double scale = 0; ///< of theirs, were it not for the bits

  /// False where a scale can't be expressed.
  bool bring(OpBuilder &b, Location loc, Value left, Value right, int up) {
    std::optional<Quantized> first = readFrom(left), second = readFrom(right);
    if (!first || !second)
      return false;
    scale = 2 * std::max(first->scale, second->scale);
    FixedPoint factors[2];
    if (!factors[0].add(first->scale / scale) || !factors[1].add(second->scale / scale))
      return false;
    auto brought = [&](const Quantized &operand, const FixedPoint &factor) {
      Value wide = binary<edge::MulOp>(b, loc, centred(b, loc, operand), scalar(b, loc, 1 << up));
      return rescale(b, loc, wide, factor);
    };
    x = brought(*first, factors[0]);
    y = brought(*second, factors[1]);
    return true;
  }
};

template <typename Op> Value addOrSubtract(OpBuilder &b, Value numbers, const Quantized &to) {
  constexpr int kUp = 20;
  auto op = numbers.getDefiningOp<Op>();
  AtOneScale operands;
  FixedPoint factor;
  if (!op || !operands.bring(b, op.getLoc(), op->getOperand(0), op->getOperand(1), kUp) ||
      !factor.add(operands.scale / ((1 << kUp) * to.scale)))
    return {};
  return requantize(b, op.getLoc(), binary<Op>(b, op.getLoc(), operands.x, operands.y), factor, to);
}

} // namespace

/// Activations that stand alone.
Value fixed_point::requantized(OpBuilder &b, Value numbers, const Quantized &to) {
  std::optional<Quantized> x = readFrom(numbers);
  FixedPoint factor;
  if (!x || !factor.add(inSingle(x->scale / to.scale)))
    return {};
  Location loc = numbers.getLoc();
  return requantize(b, loc, centred(b, loc, *x), factor, to);
}

Value fixed_point::add(OpBuilder &b, Value numbers, const Quantized &to) {
  return addOrSubtract<edge::AddOp>(b, numbers, to);
}

Value fixed_point::subtract(OpBuilder &b, Value numbers, const Quantized &to) {
  return addOrSubtract<edge::SubOp>(b, numbers, to);
}

Value fixed_point::multiply(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::MulOp>();
  if (!op)
    return {};
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op->getOperand(0)), y = readFrom(op->getOperand(1));
  FixedPoint factor;
  if (!x || !y || !factor.add(inSingle(inSingle(x->scale * y->scale) / to.scale)))
    return {};
  Value product = binary<edge::MulOp>(b, loc, centred(b, loc, *x), centred(b, loc, *y));
  return requantize(b, loc, product, factor, to);
}

Value fixed_point::squareDifference(OpBuilder &b, Value numbers, const Quantized &to) {
  constexpr int kUp = 7;
  auto op = numbers.getDefiningOp<edge::MulOp>();
  auto difference = op ? op->getOperand(0).getDefiningOp<edge::SubOp>() : nullptr;
  if (!difference || op->getOperand(1) != difference->getResult(0))
    return {};
  Location loc = op.getLoc();
  AtOneScale operands;
  FixedPoint factor;
  if (!operands.bring(b, loc, difference->getOperand(0), difference->getOperand(1), kUp) ||
      !factor.add(operands.scale * operands.scale / ((1 << 2 * kUp) * to.scale)))
    return {};
  Value raw = binary<edge::SubOp>(b, loc, operands.x, operands.y);
  return requantize(b, loc, binary<edge::MulOp>(b, loc, raw, raw), factor, to);
}

Value fixed_point::prelu(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::PreluOp>();
  if (!op)
    return {};
  Location loc = op.getLoc();
  std::optional<Quantized> x = readFrom(op->getOperand(0)), alpha = readFrom(op->getOperand(1));
  FixedPoint above, below;
  if (!x || !alpha || !above.add(inSingle(x->scale / to.scale)) ||
      !below.add(inSingle(inSingle(x->scale * alpha->scale) / to.scale)))
    return {};
  Value wide = centred(b, loc, *x);
  Value scaled = binary<edge::MulOp>(b, loc, wide, centred(b, loc, *alpha));
  if (scaled.getType() != wide.getType())
    return {};
  auto type = cast<RankedTensorType>(wide.getType());
  Value negative = edge::CompareOp::create(b, loc, type.clone(b.getI1Type()), wide,
                                           scalar(b, loc, 0), edge::ComparePredicate::less);
  return edge::SelectOp::create(b, loc, type.clone(to.storage), negative,
                                requantize(b, loc, scaled, below, to),
                                requantize(b, loc, wide, above, to));
}
