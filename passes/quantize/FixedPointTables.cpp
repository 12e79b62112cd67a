// Functions of one tensor of 8 bits, as tables: computed here, for all integers that there are, as
// kernels do when they are made ready, or as they do for each element.
#include "passes/quantize/FixedPoint.h"
#include "passes/quantize/FixedPointRules.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

using Math = edge::FixedPointMath<edge::HostIntegers>;

/// From an integer less its zero point, to one, less its own.
using Function = std::function<double(int64_t)>;

Value createLookup(OpBuilder &b, Location loc, const Quantized &x, const Quantized &to,
                   const Function &function) {
  edge::HostTensor table(RankedTensorType::get({256}, to.storage));
  int64_t least = x.storage.isUnsignedInteger() ? 0 : -128;
  for (int64_t i = 0; i < 256; ++i) {
    double result = function(least + i - x.zeroPoint) + static_cast<double>(to.zeroPoint);
    // Not a number is nothing.
    double limited = std::isnan(result) ? static_cast<double>(to.low)
                                        : std::clamp(result, static_cast<double>(to.low),
                                                     static_cast<double>(to.high));
    table.setInt(i, static_cast<int64_t>(limited));
  }
  auto type = cast<RankedTensorType>(x.integers.getType()).clone(to.storage);
  return edge::LookupOp::create(b, loc, type, x.integers,
                                edge::ConstantOp::create(b, loc, table.toAttr()));
}

/// The integer times a factor.
std::optional<Function> scaledBy(double ratio) {
  bool negative = ratio < 0;
  FixedPoint factor;
  if (!factor.add(std::abs(ratio)))
    return std::nullopt;
  int32_t multiplier = factor.multipliers[0], shift = factor.shifts[0];
  return [=](int64_t x) {
    int64_t result = Math({}, 32).scaled(x, multiplier, shift);
    return static_cast<double>(negative ? -result : result);
  };
}

//===- Kernels that compute each element ------------------------------------------------------===//

std::optional<Function> leakyRelu(Value numbers, const Quantized &x, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::LeakyReluOp>();
  if (!op || !readFrom(op.getX()))
    return std::nullopt;
  auto above = scaledBy(inSingle(x.scale / to.scale));
  double alpha = inSingle(x.scale * op.getAlpha().convertToDouble());
  auto below =
      alpha == 0 ? Function([](int64_t) { return 0.0; }) : scaledBy(inSingle(alpha / to.scale));
  if (!above || !below)
    return std::nullopt;
  return [above = *above, below = *below](int64_t x) { return x < 0 ? below(x) : above(x); };
}

std::optional<Function> absolute(Value numbers, const Quantized &x, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::AbsOp>();
  if (!op || !readFrom(op.getX()))
    return std::nullopt;
  auto scaled = scaledBy(inSingle(x.scale / to.scale));
  if (!scaled)
    return std::nullopt;
  return [scaled = *scaled](int64_t x) { return scaled(std::abs(x)); };
}

/// Truncates.
std::optional<Function> squareRoot(Value numbers, const Quantized &x, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::SqrtOp>();
  if (!op || !readFrom(op.getX()))
    return std::nullopt;
  return [from = static_cast<float>(x.scale), by = static_cast<float>(to.scale)](int64_t x) {
    return std::trunc(std::sqrt(from * static_cast<float>(x)) / by);
  };
}

/// 1 / sqrt(x) for x of 1 or more, as a factor, by Newton's method with 3 bits left of the point.
std::pair<int32_t, int> inverseRootOf(int64_t x) {
  if (x <= 1)
    return {INT32_MAX, 0};
  Math math({}, 32);
  int pairs = (llvm::countl_zero(static_cast<uint32_t>(x)) - 1) / 2 - 1, shift = 11 - pairs;
  int64_t half = math.roundedShift((x << 2 * pairs) >> 1, 1);
  int64_t root = int64_t(1) << 28, threeHalves = (int64_t(1) << 28) + (int64_t(1) << 27);
  for (int step = 0; step < 5; ++step) {
    int64_t cube = math.saturatedShift(math.mul(math.mul(root, root), root), 6);
    root = math.saturatedShift(math.mul(threeHalves, root) - math.mul(half, cube), 3);
  }
  root = math.mul(root, 1518500250); // sqrt(2) / 2
  if (shift < 0) {
    root <<= -shift;
    shift = 0;
  }
  return {static_cast<int32_t>(root), -shift};
}

std::optional<Function> inverseRoot(Value numbers, const Quantized &x, const Quantized &to) {
  constexpr int kUp = 20;
  auto op = numbers.getDefiningOp<edge::ReciprocalOp>();
  auto root = op ? op.getX().getDefiningOp<edge::SqrtOp>() : nullptr;
  FixedPoint factor;
  if (!root || !readFrom(root.getX()) ||
      !factor.add(1 / inSingle(inSingle(std::sqrt(static_cast<float>(x.scale))) * to.scale)))
    return std::nullopt;
  int32_t multiplier = factor.multipliers[0], shift = factor.shifts[0] - kUp;
  return [=](int64_t x) -> double {
    if (x <= 0)
      return INFINITY;
    auto [inverse, by] = inverseRootOf(x);
    int64_t up = Math({}, 32).scaled(1, inverse, by + kUp);
    return static_cast<double>(Math({}, 32).scaled(up, multiplier, shift));
  };
}

/// x * relu6(x + 3) / 6 in 16 bits.
std::optional<Function> hardSwish(Value numbers, const Quantized &x, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::MulOp>();
  auto gate = op ? op->getOperand(1).getDefiningOp<edge::HardSigmoidOp>() : nullptr;
  if (!gate || gate.getX() != op->getOperand(0) || !readFrom(gate.getX()))
    return std::nullopt;
  double fine = inSingle(x.scale / 128); // 7 bits up
  FixedPoint factors;                    // of the result, and of the gate, to which 3 is 2^15
  if (!factors.add(inSingle(fine / to.scale)) ||
      !factors.add(inSingle(fine / inSingle(3.0 / 32768))) || factors.shifts[0] > 0)
    return std::nullopt;
  auto narrow = [](int32_t multiplier) -> int64_t {
    return multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX : (multiplier + (1 << 15)) >> 16;
  };
  int64_t scale = narrow(factors.multipliers[0]), gateScale = narrow(factors.multipliers[1]);
  int down = -factors.shifts[0], up = factors.shifts[1];
  return [=](int64_t x) {
    Math math({}, 16);
    int64_t value = x * 128, result = math.mul(value, scale), open = value;
    if (up > 0)
      open = math.saturatedShift(open, up - 1);
    open = math.mul(open, gateScale);
    if (up > 0)
      open = math.saturatedShift(open, 1);
    else
      open = math.roundedShift(open, -up);
    open = (open + (1 << 15)) >> 1;
    return static_cast<double>(math.roundedShift(open * result / (1 << 15), down));
  };
}

//===- Kernels that have tables ---------------------------------------------------------------===//

/// The one quantized tensor that a formula is of, all else being numbers that are known.
bool findSource(Value numbers, std::optional<Quantized> &source) {
  if (std::optional<Quantized> x = readFrom(numbers)) {
    bool same = !source || (source->integers == x->integers && source->scale == x->scale &&
                            source->zeroPoint == x->zeroPoint);
    source = x;
    return same;
  }
  if (std::optional<edge::HostTensor> constant = constantOf(numbers))
    return constant->getNumElements() == 1;
  auto op = numbers.getDefiningOp<edge::ElementwiseOpInterface>();
  return op && llvm::all_of(op->getOperands(), [&](Value operand) {
           return getElementTypeOrSelf(operand.getType()).isF32() && findSource(operand, source);
         });
}

/// In floats, each step rounded.
float evaluate(Value numbers, float x) {
  if (readFrom(numbers))
    return x;
  if (std::optional<edge::HostTensor> constant = constantOf(numbers))
    return static_cast<float>(constant->getFloat(0));
  auto op = numbers.getDefiningOp<edge::ElementwiseOpInterface>();
  SmallVector<double> operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluate(operand, x));
  return static_cast<float>(op.evaluateFloat(operands));
}

std::optional<Function> formula(Value numbers, const Quantized &x, const Quantized &to) {
  float inverse = 1.0F / static_cast<float>(to.scale);
  return [=, from = static_cast<float>(x.scale)](int64_t x) -> double {
    return std::round(evaluate(numbers, from * static_cast<float>(x)) * inverse);
  };
}

} // namespace

Value fixed_point::lookUp(OpBuilder &b, Value numbers, const Quantized &to) {
  using Kernel = std::optional<Function> (*)(Value, const Quantized &, const Quantized &);
  static constexpr Kernel kernels[] = {leakyRelu,   absolute,  squareRoot,
                                       inverseRoot, hardSwish, formula};
  std::optional<Quantized> x;
  if (!findSource(numbers, x) || !x)
    return {};
  for (Kernel kernel : kernels)
    if (std::optional<Function> function = kernel(numbers, *x, to))
      return createLookup(b, numbers.getLoc(), *x, to, *function);
  return {};
}

/// Each part to the result's scale.
Value fixed_point::concatenate(OpBuilder &b, Value numbers, const Quantized &to) {
  auto op = numbers.getDefiningOp<edge::ConcatOp>();
  if (!op || !llvm::all_of(op->getOperands(), [](Value part) { return readFrom(part); }))
    return {};
  SmallVector<Value> parts;
  float inverse = 1.0F / static_cast<float>(to.scale);
  for (Value part : op->getOperands()) {
    Quantized x = *readFrom(part);
    if (sameNumbers(x, to)) {
      parts.push_back(x.integers);
      continue;
    }
    float scale = static_cast<float>(x.scale) * inverse;
    float bias = static_cast<float>(-x.zeroPoint) * scale;
    parts.push_back(createLookup(b, op.getLoc(), x, to, [=](int64_t centred) -> double {
      float product = static_cast<float>(centred + x.zeroPoint) * scale;
      return std::round(product + bias);
    }));
  }
  auto type = cast<RankedTensorType>(op.getResult().getType()).clone(to.storage);
  return edge::ConcatOp::create(b, op.getLoc(), type, parts, op.getAxis());
}
