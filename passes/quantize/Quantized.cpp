#include "passes/quantize/Quantized.h"
#include "dialects/Edge/QuantizedSlices.h"
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
  auto type = cast<quant::QuantizedType>(op.getQuantized());
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type);
  // Sums of wider ones may overflow.
  if (type.getStorageTypeIntegralWidth() > 8 ||
      (perAxis && perAxis.getQuantizedDimension() != axis))
    return std::nullopt;
  edge::QuantizedSlices slices(type, host->getShape());
  Weights weights{{}, slices.scales, SmallVector<int64_t>(host->getShape()[axis], 0)};
  int64_t inner = edge::rowMajorStrides(host->getShape())[axis];
  edge::HostTensor wide(RankedTensorType::get(host->getShape(), b.getI32Type()));
  for (int64_t i = 0; i < host->getNumElements(); ++i) {
    int64_t weight = host->getInt(i) - slices.zeroPoints[slices.of(i)];
    weights.magnitudes[i / inner % weights.magnitudes.size()] += std::abs(weight);
    wide.setInt(i, weight);
  }
  weights.integers = edge::ConstantOp::create(b, op.getLoc(), wide.toAttr());
  return weights;
}

std::optional<Value> quantize::biasOf(Value numbers) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  if (!op || !getElementTypeOrSelf(op.getX().getType()).isInteger(32))
    return std::nullopt;
  return op.getX();
}

/// A bias at a scale, from integers at another one. At nearly the same they are what they are: the
/// scale of a bias is a product, which whoever wrote it has rounded.
static double atScale(double integer, double own, double scale) {
  constexpr double kNearly = 1e-3;
  return std::abs(own / scale - 1) < kNearly ? integer : std::nearbyint(integer * own / scale);
}

std::optional<Value> quantize::biasOf(OpBuilder &b, Value numbers, ArrayRef<double> scales,
                                      ArrayRef<int64_t> reach, double dispensable) {
  auto op = numbers.getDefiningOp<edge::DequantizeOp>();
  std::optional<edge::HostTensor> host = constantOf(op ? op.getX() : numbers);
  auto fits = [&](size_t count) {
    return count == 1 ||
           (host->getRank() != 0 && host->getShape().back() == static_cast<int64_t>(count));
  };
  if (!host || !fits(scales.size()))
    return std::nullopt;
  std::optional<edge::QuantizedSlices> own;
  if (op)
    own.emplace(op.getQuantized(), host->getShape());
  if (!fits(reach.size()))
    reach = *llvm::max_element(reach);
  edge::HostTensor result(RankedTensorType::get(host->getShape(), b.getI32Type()));
  for (int64_t i = 0; i < host->getNumElements(); ++i) {
    double scale = scales[i % scales.size()];
    double steps =
        own ? atScale(host->getFloat(i) - static_cast<double>(own->zeroPoints[own->of(i)]),
                      own->scales[own->of(i)], scale)
            : std::nearbyint(host->getFloat(i) / scale);
    double room = static_cast<double>(INT32_MAX - reach[i % reach.size()]);
    double within = std::fmax(-room, std::fmin(room, steps));
    if (!(std::abs(steps - within) * scale <= dispensable))
      return std::nullopt;
    result.setInt(i, static_cast<int64_t>(within));
  }
  return edge::ConstantOp::create(b, numbers.getLoc(), result.toAttr());
}

std::optional<Layer> quantize::layerOf(OpBuilder &b, Operation *op) {
  auto quantizable = dyn_cast_or_null<edge::QuantizableOpInterface>(op);
  edge::LayerWeights found = quantizable ? quantizable.getLayerWeights() : edge::LayerWeights();
  if (!found.weights)
    return std::nullopt;
  std::optional<Quantized> x = readFrom(op->getOperand(0));
  std::optional<Weights> weights =
      x ? weightsOf(b, found.weights->get(), found.featureAxis) : std::nullopt;
  if (!weights)
    return std::nullopt;
  return Layer{quantizable, *x, *weights, found.bias ? found.bias->get() : Value()};
}

Value Layer::sums(OpBuilder &b, Value integerBias) {
  edge::LayerWeights places = op.getLayerWeights();
  SmallVector<Value> operands(op->getOperands());
  operands[0] = centred(b, op.getLoc(), x);
  operands[places.weights->getOperandNumber()] = weights.integers;
  if (places.bias)
    operands[places.bias->getOperandNumber()] = integerBias;
  FailureOr<SmallVector<Value>> results = edge::rebuild(b, op, operands);
  return succeeded(results) ? results->front() : Value();
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

Result quantize::resultOf(edge::QuantizeOp op, edge::Rounding rounding) {
  Result result{op.getX(), *uniform(op.getResult(), op.getQuantized())};
  auto limit = [&](double bound) {
    constexpr double kFar = 1 << 30; // beyond any storage type
    double steps = static_cast<float>(bound) / static_cast<float>(result.to.scale);
    // As CalculateActivationRangeQuantized: halves away from zero. As any other number: to even.
    steps = rounding == edge::Rounding::fixed_point ? std::round(steps) : std::nearbyint(steps);
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
