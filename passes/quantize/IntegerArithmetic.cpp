// Integer layers with the fixed-point arithmetic of TFLite's reference kernels
// (tensorflow/lite/kernels/internal/reference, kernel_util.cc, quantization_util.cc).
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include <cmath>

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_INTEGERARITHMETIC
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;

namespace {

//===- What a layer reads and writes
//-------------------------------------------------------------===//

/// A tensor's integers, and one scale and zero point for all of them.
struct Quantized {
  Value integers;
  double scale = 0;
  int64_t zeroPoint = 0, low = 0, high = 0;
  Type storage;
};

std::optional<Quantized> uniform(Value integers, Type quantized) {
  auto type = dyn_cast<quant::UniformQuantizedType>(quantized);
  if (!type || type.getStorageTypeIntegralWidth() > 8)
    return std::nullopt;
  return Quantized{integers,
                   type.getScale(),
                   type.getZeroPoint(),
                   type.getStorageTypeMin(),
                   type.getStorageTypeMax(),
                   getElementTypeOrSelf(integers.getType())};
}

std::optional<Quantized> readFrom(Value numbers) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  return op ? uniform(op.getX(), op.getQuantized()) : std::nullopt;
}

/// Constant weights less their zero points, and their scales: one, or one an output feature.
struct Weights {
  Value integers; ///< i32
  SmallVector<double> scales;
};

std::optional<edge::HostTensor> constantOf(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto host = edge::HostTensor::fromAttr(attr);
  return failed(host) ? std::nullopt : std::optional(*host);
}

/// `axis` is where output features lie.
std::optional<Weights> weightsOf(OpBuilder &b, Value numbers, int64_t axis) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  if (!op)
    return std::nullopt;
  std::optional<edge::HostTensor> host = constantOf(op.getX());
  if (!host)
    return std::nullopt;
  Weights weights;
  int64_t zeroPoint = 0;
  if (auto type = dyn_cast<quant::UniformQuantizedType>(op.getQuantized())) {
    weights.scales.push_back(type.getScale());
    zeroPoint = type.getZeroPoint();
  } else {
    auto perAxis = cast<quant::UniformQuantizedPerAxisType>(op.getQuantized());
    if (perAxis.getQuantizedDimension() != axis ||
        llvm::any_of(perAxis.getZeroPoints(), [](int64_t zero) { return zero != 0; }))
      return std::nullopt;
    llvm::append_range(weights.scales, perAxis.getScales());
  }
  edge::HostTensor wide(RankedTensorType::get(host->getShape(), b.getI32Type()));
  for (int64_t i = 0; i < host->getNumElements(); ++i)
    wide.setInt(i, host->getInt(i) - zeroPoint);
  weights.integers = edge::ConstantOp::create(b, op.getLoc(), wide.toAttr());
  return weights;
}

/// The integers of a bias, whose scale is that of the products.
std::optional<Value> biasOf(Value numbers) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  if (!op || !getElementTypeOrSelf(op.getX().getType()).isInteger(32))
    return std::nullopt;
  return op.getX();
}

/// A tensor less its zero point, as i32.
Value centred(OpBuilder &b, Location loc, const Quantized &x) {
  Type i32 = b.getI32Type();
  auto type = cast<RankedTensorType>(x.integers.getType()).clone(i32);
  Value wide = edge::CastOp::create(b, loc, type, x.integers, TypeAttr::get(i32));
  if (!x.zeroPoint)
    return wide;
  edge::HostTensor zero(RankedTensorType::get({}, i32));
  zero.setInt(0, x.zeroPoint);
  return edge::SubOp::create(b, loc, type, wide, edge::ConstantOp::create(b, loc, zero.toAttr()));
}

Value scalar(OpBuilder &b, Location loc, int64_t value) {
  edge::HostTensor host(RankedTensorType::get({}, b.getI32Type()));
  host.setInt(0, value);
  return edge::ConstantOp::create(b, loc, host.toAttr());
}

/// What the numbers go through before they are rounded, and how far that limits the integers.
struct Result {
  Value numbers; ///< before activations
  Quantized to;
};

Result resultOf(edge::QuantizeOp op) {
  Result result{op.getX(), *uniform(op.getResult(), op.getQuantized())};
  // As CalculateActivationRangeQuantized: bounds are rounded halves away from zero.
  auto limit = [&](double bound) {
    constexpr double kFar = 1 << 30; // beyond any storage type
    double steps = std::round(static_cast<float>(bound) / static_cast<float>(result.to.scale));
    return result.to.zeroPoint + static_cast<int64_t>(std::fmax(-kFar, std::fmin(kFar, steps)));
  };
  while (result.numbers.hasOneUse()) {
    Operation *producer = result.numbers.getDefiningOp();
    if (auto relu = dyn_cast_or_null<edge::ReluOp>(producer)) {
      result.to.low = std::max(result.to.low, limit(0));
      result.numbers = relu->getOperand(0);
      continue;
    }
    if (!isa_and_nonnull<edge::MinOp, edge::MaxOp>(producer))
      break;
    std::optional<edge::HostTensor> bound = constantOf(producer->getOperand(1));
    if (!bound || bound->getNumElements() != 1 || !bound->isFloat())
      break;
    if (isa<edge::MinOp>(producer))
      result.to.high = std::min(result.to.high, limit(bound->getFloat(0)));
    else
      result.to.low = std::max(result.to.low, limit(bound->getFloat(0)));
    result.numbers = producer->getOperand(0);
  }
  return result;
}

//===- Fixed point
//-------------------------------------------------------------------------------===//

/// factor = multiplier * 2^(shift - 31), as QuantizeMultiplier.
struct FixedPoint {
  SmallVector<int32_t> multipliers, shifts;

  bool add(double factor) {
    int shift = 0;
    auto multiplier = static_cast<int64_t>(std::round(std::frexp(factor, &shift) * (1ll << 31)));
    if (multiplier == 1ll << 31) {
      multiplier /= 2;
      ++shift;
    }
    if (shift < -31)
      shift = 0, multiplier = 0;
    multipliers.push_back(static_cast<int32_t>(multiplier));
    shifts.push_back(shift);
    return std::isfinite(factor) && factor > 0 && shift <= 30;
  }
};

Value requantize(OpBuilder &b, Location loc, Value x, const FixedPoint &factor, const Quantized &to,
                 bool once = false) {
  return edge::RequantizeOp::create(
      b, loc, x, factor.multipliers, factor.shifts, static_cast<int32_t>(to.zeroPoint),
      static_cast<int32_t>(to.low), static_cast<int32_t>(to.high), to.storage, once);
}

/// A sum at its own scale, which only the shift is taken off.
Value rescale(OpBuilder &b, Location loc, Value x, const FixedPoint &factor) {
  return edge::RequantizeOp::create(b, loc, x, factor.multipliers, factor.shifts, 0, INT32_MIN,
                                    INT32_MAX, b.getI32Type(), /*rounds_once=*/false);
}

//===- Layers
//------------------------------------------------------------------------------------===//

Value convolve(OpBuilder &b, edge::ConvOp op, const Quantized &to) {
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
Value add(OpBuilder &b, edge::AddOp op, const Quantized &to) {
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

struct ToIntegers : OpRewritePattern<edge::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    if (!uniform(op.getResult(), op.getQuantized()))
      return failure();
    Result result = resultOf(op);
    if (!result.numbers.hasOneUse() || result.to.low > result.to.high)
      return failure();
    Value integers;
    if (auto conv = result.numbers.getDefiningOp<edge::ConvOp>())
      integers = convolve(rewriter, conv, result.to);
    if (!integers)
      integers = multiply(rewriter, result.numbers, result.to);
    if (auto sum = result.numbers.getDefiningOp<edge::AddOp>(); sum && !integers)
      integers = add(rewriter, sum, result.to);
    if (!integers)
      return failure();
    rewriter.replaceOp(op, integers);
    return success();
  }
};

struct IntegerArithmetic : public edgec::impl::IntegerArithmeticBase<IntegerArithmetic> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ToIntegers>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
