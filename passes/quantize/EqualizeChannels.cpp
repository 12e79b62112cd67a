#include "mlir/IR/Matchers.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include <cmath>

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_EQUALIZECHANNELS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;

namespace {

/// Multiplies each element of a constant operand by a factor.
void scale(OpBuilder &builder, OpOperand &operand,
           llvm::function_ref<double(ArrayRef<int64_t> shape, int64_t flat)> factor) {
  edge::HostTensor old = hostTensor(operand.get()), scaled(old.getType());
  for (int64_t i = 0, e = old.getNumElements(); i < e; ++i)
    scaled.setFloat(i, old.getFloat(i) * factor(old.getShape(), i));
  builder.setInsertionPoint(operand.getOwner());
  operand.set(edge::ConstantOp::create(builder, operand.get().getLoc(), scaled.toAttr()));
}

/// A constant with one value for each index of the result's last dimension.
bool isChannelConstant(Value value, int64_t channels) {
  auto type = cast<RankedTensorType>(value.getType());
  return matchPattern(value, m_Constant()) && type.getElementType().isF32() && type.getRank() > 0 &&
         type.getShape().back() == channels && type.getNumElements() == channels;
}

/// Constants that scale the channels of a tensor when they are multiplied: weights and biases of
/// the layer that computes it, or the factor and the summand of a normalization.
struct Source {
  SmallVector<OpOperand *> constants; ///< one value a channel
  OpOperand *weights = nullptr;       ///< of a layer
  int64_t featureAxis = 0;
};

int64_t channelsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() ? type.getShape().back() : 1;
}

/// Where the channels of a tensor can be scaled, behind what commutes with that; nothing where
/// somebody else would notice.
std::optional<Source> findSource(Value value) {
  int64_t channels = channelsOf(value);
  Source source;
  for (bool first = true;; first = false) {
    Operation *op = value.getDefiningOp();
    if (!op || (!first && !value.hasOneUse()) || op->hasAttr(kKeepFloatAttr) ||
        channelsOf(value) != channels)
      return std::nullopt;
    auto constantOperand = [&]() -> OpOperand * {
      for (unsigned i : {1u, 0u})
        if (isChannelConstant(op->getOperand(i), channels))
          return &op->getOpOperand(i);
      return nullptr;
    };
    if (auto layer = dyn_cast<edge::QuantizableOpInterface>(op);
        layer && quantizationRole(op) == edge::QuantizationRole::layer) {
      edge::LayerWeights weights = layer.getLayerWeights();
      source.weights = weights.weights;
      source.featureAxis = weights.featureAxis;
      if (weights.bias)
        source.constants.push_back(weights.bias);
      return source;
    }
    auto pool = dyn_cast<edge::PoolOp>(op);
    if (isa<edge::ReluOp>(op) || (pool && pool.getKind() == edge::PoolKind::max)) {
      value = op->getOperand(0);
      continue;
    }
    if (!isa<edge::AddOp, edge::MulOp>(op))
      return std::nullopt;
    OpOperand *constant = constantOperand();
    if (!constant)
      return std::nullopt;
    source.constants.push_back(constant);
    if (isa<edge::MulOp>(op))
      return source;
    value = op->getOperand(1 - constant->getOperandNumber());
  }
}

struct EqualizeChannels : public edgec::impl::EqualizeChannelsBase<EqualizeChannels> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    QuantizationPlan plan(function);
    // Layers that read the same tensor are scaled by the same factors.
    llvm::MapVector<Value, SmallVector<const QuantizedLayer *>> readers;
    for (const QuantizedLayer &layer : plan.layers())
      readers[layer.input].push_back(&layer);
    for (auto &[input, layers] : readers)
      equalize(input, layers);
    function.walk([](Operation *op) { op->removeAttr(kInputMaxAttr); });
  }

  static void equalize(Value input, ArrayRef<const QuantizedLayer *> layers) {
    auto users = llvm::make_range(input.user_begin(), input.user_end());
    if (!llvm::all_of(users, [&](Operation *user) {
          return llvm::any_of(layers, [&](auto *layer) { return layer->op == user; });
        }))
      return;
    auto most = layers.front()->op->getAttrOfType<DenseF64ArrayAttr>(kInputMaxAttr);
    int64_t channels = channelsOf(input);
    std::optional<Source> source = findSource(input);
    if (!most || most.size() != channels || !source)
      return;
    SmallVector<double> factors = chooseFactors(most.asArrayRef(), layers);
    OpBuilder builder(input.getContext());
    for (const QuantizedLayer *layer : layers)
      scale(builder, *layer->weights.weights, [&](ArrayRef<int64_t> shape, int64_t flat) {
        return factors[inputChannel(layer->weights, shape, flat)];
      });
    if (source->weights)
      scale(builder, *source->weights, [&](ArrayRef<int64_t> shape, int64_t flat) {
        int64_t axis = source->featureAxis;
        return 1 / factors[flat / edge::rowMajorStrides(shape)[axis] % shape[axis]];
      });
    for (OpOperand *constant : source->constants)
      scale(builder, *constant, [&](ArrayRef<int64_t>, int64_t flat) { return 1 / factors[flat]; });
  }

  /// What each channel is divided by: so much that its range and that of its weights are alike.
  static SmallVector<double> chooseFactors(ArrayRef<double> most,
                                           ArrayRef<const QuantizedLayer *> layers) {
    SmallVector<double> weightMost(most.size(), 0);
    for (const QuantizedLayer *layer : layers) {
      edge::HostTensor host = hostTensor(layer->weights.weights->get());
      for (int64_t i = 0, e = host.getNumElements(); i < e; ++i) {
        double &found = weightMost[inputChannel(layer->weights, host.getShape(), i)];
        found = std::max(found, std::fabs(host.getFloat(i)));
      }
    }
    constexpr double kFarthest = 1 << 10;
    SmallVector<double> factors(most.size(), 1);
    double logs = 0;
    int64_t alive = 0;
    for (auto [factor, x, w] : llvm::zip_equal(factors, most, weightMost)) {
      if (!(x > 0) || !(w > 0))
        continue;
      factor = std::sqrt(x / w);
      logs += std::log(factor);
      ++alive;
    }
    double mean = alive ? std::exp(logs / static_cast<double>(alive)) : 1;
    for (auto [factor, x, w] : llvm::zip_equal(factors, most, weightMost))
      if (x > 0 && w > 0)
        factor = std::clamp(factor / mean, 1 / kFarthest, kFarthest);
    return factors;
  }
};

} // namespace
