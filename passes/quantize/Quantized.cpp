#include "passes/quantize/Quantized.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

std::optional<Quantized> quantize::uniform(Value integers, Type quantized) {
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

std::optional<Quantized> quantize::readFrom(Value numbers) {
  if (auto transpose = numbers.getDefiningOp<edge::TransposeOp>()) {
    std::optional<Quantized> x = readFrom(transpose.getX());
    if (x) {
      OpBuilder b(transpose);
      auto type = cast<RankedTensorType>(transpose.getResult().getType()).clone(x->storage);
      x->integers = edge::TransposeOp::create(b, transpose.getLoc(), type, x->integers,
                                              transpose.getPermutation());
    }
    return x;
  }
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  return op ? uniform(op.getX(), op.getQuantized()) : std::nullopt;
}

std::optional<edge::HostTensor> quantize::constantOf(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto host = edge::HostTensor::fromAttr(attr);
  return failed(host) ? std::nullopt : std::optional(*host);
}

std::optional<Weights> quantize::weightsOf(OpBuilder &b, Value numbers, int64_t axis) {
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

std::optional<Value> quantize::biasOf(Value numbers) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  if (!op || !getElementTypeOrSelf(op.getX().getType()).isInteger(32))
    return std::nullopt;
  return op.getX();
}

Value quantize::centred(OpBuilder &b, Location loc, const Quantized &x) {
  Type i32 = b.getI32Type();
  auto type = cast<RankedTensorType>(x.integers.getType()).clone(i32);
  Value wide = edge::CastOp::create(b, loc, type, x.integers, TypeAttr::get(i32));
  if (!x.zeroPoint)
    return wide;
  edge::HostTensor zero(RankedTensorType::get({}, i32));
  zero.setInt(0, x.zeroPoint);
  return edge::SubOp::create(b, loc, type, wide, edge::ConstantOp::create(b, loc, zero.toAttr()));
}

Value quantize::scalar(OpBuilder &b, Location loc, int64_t value) {
  edge::HostTensor host(RankedTensorType::get({}, b.getI32Type()));
  host.setInt(0, value);
  return edge::ConstantOp::create(b, loc, host.toAttr());
}

Result quantize::resultOf(edge::QuantizeOp op) {
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
