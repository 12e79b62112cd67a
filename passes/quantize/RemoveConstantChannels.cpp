#include "dialects/Edge/FixedPoint.h"
#include "dialects/Edge/Lowering.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Quantized.h"
#include "llvm/ADT/SmallBitVector.h"

namespace edgec {
#define GEN_PASS_DEF_REMOVECONSTANTCHANNELS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;
using namespace edgec::quantize;

namespace {

using Channels = llvm::SmallBitVector;

int64_t channelsOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 ? type.getShape().back() : 0;
}

bool isPadded(edge::ConvOp op) {
  return llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
}
bool isDepthwise(edge::ConvOp op) {
  int64_t groups = op.getGroups();
  return groups > 1 && groups == channelsOf(op.getX()) && groups == channelsOf(op.getResult());
}

//===- Sums
//----------------------------------------------------------------------------------------===//

/// A layer that sums products of integers and constant weights: a convolution or a matrix product.
struct Layer {
  OpOperand *input = nullptr;
  edge::HostTensor weights; ///< i32
  int64_t taps = 1, channels = 0, features = 0;
  bool transposed = false; ///< weights are [features, channels]
  bool depthwise = false;
  bool padded = false;
  SmallVector<int64_t> bias; ///< one a feature; empty: none

  /// The weight with which a channel meets a feature; a depthwise layer has one channel a feature.
  int64_t at(int64_t tap, int64_t channel, int64_t feature) const {
    if (depthwise)
      return weights.getInt(tap * features + feature);
    return weights.getInt(transposed ? feature * channels + channel
                                     : (tap * channels + channel) * features + feature);
  }

  static std::optional<Layer> get(Operation *op) {
    auto isWide = [](Value value) { return getElementTypeOrSelf(value.getType()).isInteger(32); };
    if (auto conv = dyn_cast<edge::ConvOp>(op)) {
      std::optional<edge::HostTensor> weights = constantOf(conv.getFilter());
      bool depthwise = isDepthwise(conv);
      if (!weights || !isWide(conv.getX()) || (conv.getGroups() != 1 && !depthwise))
        return std::nullopt;
      Layer layer{&conv.getXMutable(), *weights};
      layer.depthwise = depthwise;
      layer.padded = isPadded(conv);
      layer.channels = channelsOf(conv.getX());
      layer.features = channelsOf(conv.getResult());
      for (int64_t extent : weights->getShape().drop_back(2))
        layer.taps *= extent;
      if (conv.getBias()) {
        std::optional<edge::HostTensor> bias = constantOf(conv.getBias());
        if (!bias)
          return std::nullopt;
        layer.bias = bias->getInts();
      }
      return layer;
    }
    if (auto product = dyn_cast<edge::MatMulOp>(op)) {
      std::optional<edge::HostTensor> weights = constantOf(product.getB());
      if (!weights || weights->getRank() != 2 || !isWide(product.getA()))
        return std::nullopt;
      Layer layer{&product.getAMutable(), *weights};
      layer.transposed = product.getTransposeB();
      layer.channels = channelsOf(product.getA());
      layer.features = channelsOf(product.getResult());
      return layer;
    }
    return std::nullopt;
  }
};

/// The operand of an op that computes each channel of its result from the same one of that operand,
/// and from nothing else that has channels.
OpOperand *channelwiseOperand(Operation *op) {
  if (op->getNumResults() != 1 || channelsOf(op->getResult(0)) == 0)
    return nullptr;
  if (auto conv = dyn_cast<edge::ConvOp>(op))
    return isDepthwise(conv) && Layer::get(op) ? &conv.getXMutable() : nullptr;
  if (auto reshape = dyn_cast<edge::ReshapeOp>(op))
    return channelsOf(reshape.getX()) == channelsOf(reshape.getResult()) ? &reshape.getXMutable()
                                                                         : nullptr;
  if (isa<edge::RequantizeOp, edge::CastOp, edge::PoolOp, edge::LookupOp>(op))
    return channelsOf(op->getOperand(0)) == channelsOf(op->getResult(0)) ? &op->getOpOperand(0)
                                                                         : nullptr;
  if (!isa<edge::ElementwiseOpInterface>(op))
    return nullptr;
  OpOperand *found = nullptr;
  for (OpOperand &operand : op->getOpOperands()) {
    if (channelsOf(operand.get()) <= 1)
      continue;
    if (found || channelsOf(operand.get()) != channelsOf(op->getResult(0)))
      return nullptr;
    found = &operand;
  }
  return found;
}

//===- Bounds
//--------------------------------------------------------------------------------------===//

/// Between which integers each channel of a tensor lies.
struct Bounds {
  SmallVector<int64_t> low, high;
  bool isConstant(int64_t channel) const { return low[channel] == high[channel]; }
};

class BoundsAnalysis {
public:
  const Bounds &of(Value value) {
    auto found = known.find(value);
    if (found != known.end())
      return found->second;
    Bounds bounds = unknown(value);
    if (Operation *op = value.getDefiningOp())
      compute(op, bounds);
    return known.try_emplace(value, std::move(bounds)).first->second;
  }

private:
  /// All that the element type holds.
  static Bounds unknown(Value value) {
    Type element = getElementTypeOrSelf(value.getType());
    int64_t low = INT64_MIN, high = INT64_MAX; // of floats, which nobody asks about
    if (auto integer = dyn_cast<IntegerType>(element); integer && integer.getWidth() <= 32) {
      bool isUnsigned = edge::isUnsigned(integer);
      low = isUnsigned ? 0 : llvm::minIntN(integer.getWidth());
      high = isUnsigned ? llvm::maxUIntN(integer.getWidth()) : llvm::maxIntN(integer.getWidth());
    }
    size_t count = channelsOf(value);
    return {SmallVector<int64_t>(count, low), SmallVector<int64_t>(count, high)};
  }

  /// Narrows `bounds`, those of the op's result.
  void compute(Operation *op, Bounds &bounds) {
    if (std::optional<Layer> layer = Layer::get(op))
      return sum(*layer, bounds);
    OpOperand *operand = channelwiseOperand(op);
    if (!operand)
      return;
    const Bounds x = of(operand->get());
    for (size_t channel = 0; channel < x.low.size(); ++channel) {
      // Ends that are all there is say nothing of what is computed from them.
      std::optional<int64_t> low =
          map(op, *operand, x.low[channel], channel, x.isConstant(channel));
      std::optional<int64_t> high =
          map(op, *operand, x.high[channel], channel, x.isConstant(channel));
      if (!low || !high || *low > *high || *low < bounds.low[channel] ||
          *high > bounds.high[channel])
        continue;
      bounds.low[channel] = *low;
      bounds.high[channel] = *high;
    }
  }

  void sum(const Layer &layer, Bounds &bounds) {
    const Bounds x = of(layer.input->get());
    for (int64_t feature = 0; feature < layer.features; ++feature) {
      int64_t low = layer.bias.empty() ? 0 : layer.bias[feature], high = low;
      bool inside = true;
      int64_t first = layer.depthwise ? feature : 0;
      int64_t end = layer.depthwise ? feature + 1 : layer.channels;
      for (int64_t channel = first; channel < end; ++channel) {
        // What lies outside counts as zero.
        int64_t least = layer.padded ? std::min<int64_t>(x.low[channel], 0) : x.low[channel];
        int64_t most = layer.padded ? std::max<int64_t>(x.high[channel], 0) : x.high[channel];
        for (int64_t tap = 0; tap < layer.taps; ++tap) {
          int64_t weight = layer.at(tap, channel, feature);
          inside &= !llvm::AddOverflow(low, weight * (weight < 0 ? most : least), low) &&
                    !llvm::AddOverflow(high, weight * (weight < 0 ? least : most), high);
        }
      }
      if (!inside || low < bounds.low[feature] || high > bounds.high[feature])
        continue; // it may overflow
      bounds.low[feature] = low;
      bounds.high[feature] = high;
    }
  }

  /// What the op makes of `x`, an end of the operand's bounds, or, if it `isConstant`, the only
  /// value. Nothing where that isn't known, or the ends of the result may come from elsewhere.
  std::optional<int64_t> map(Operation *op, OpOperand &operand, int64_t x, size_t channel,
                             bool isConstant) {
    if (auto requantize = dyn_cast<edge::RequantizeOp>(op))
      return requantized(requantize, x, channel);
    if (isa<edge::CastOp, edge::ReshapeOp>(op))
      return x; // beyond the new type, it is refused by the caller
    if (auto pool = dyn_cast<edge::PoolOp>(op)) {
      if (pool.getKind() == edge::PoolKind::max)
        return x;
      bool padded = llvm::any_of(pool.getPads(), [](int64_t pad) { return pad != 0; });
      if (pool.getKind() != edge::PoolKind::sum || padded)
        return std::nullopt;
      for (int64_t extent : pool.getKernel())
        x *= extent;
      return x;
    }
    if (auto lookup = dyn_cast<edge::LookupOp>(op)) {
      std::optional<edge::HostTensor> table = constantOf(lookup.getTable());
      bool isUnsigned = edge::isUnsigned(getElementTypeOrSelf(lookup.getX().getType()));
      return isConstant && table ? std::optional(table->getInt(x + (isUnsigned ? 0 : 128)))
                                 : std::nullopt;
    }
    auto elementwise = dyn_cast<edge::ElementwiseOpInterface>(op);
    bool rises = isa<edge::AddOp, edge::MaxOp, edge::MinOp>(op) ||
                 (isa<edge::SubOp>(op) && operand.getOperandNumber() == 0);
    if (!elementwise || !(isConstant || rises))
      return std::nullopt;
    SmallVector<int64_t> arguments;
    for (OpOperand &other : op->getOpOperands()) {
      if (&other == &operand) {
        arguments.push_back(x);
        continue;
      }
      std::optional<edge::HostTensor> constant = constantOf(other.get());
      if (!constant || constant->isFloat() || constant->getNumElements() != 1)
        return std::nullopt;
      arguments.push_back(constant->getInt(0));
    }
    return elementwise.evaluateInt(arguments);
  }

  /// Rises with x. Nothing where that overflows.
  static std::optional<int64_t> requantized(edge::RequantizeOp op, int64_t x, size_t channel) {
    size_t feature = op.getMultipliers().size() > 1 ? channel : 0;
    int64_t multiplier = op.getMultipliers()[feature], shift = op.getShifts()[feature];
    if (shift > 0 && !llvm::isInt<32>(x * (int64_t(1) << shift)))
      return std::nullopt;
    int64_t result;
    if (op.getRoundsOnce())
      result = (x * multiplier + (int64_t(1) << (30 - shift))) >> (31 - shift);
    else
      result = edge::FixedPointMath(edge::HostIntegers(), 32)
                   .scaled(x, static_cast<int32_t>(multiplier), static_cast<int32_t>(shift));
    result += static_cast<int32_t>(op.getZeroPoint());
    return std::clamp<int64_t>(result, static_cast<int32_t>(op.getLow()),
                               static_cast<int32_t>(op.getHigh()));
  }

  llvm::DenseMap<Value, Bounds> known;
};

//===- Which channels can go
//------------------------------------------------------------------------===//

/// Channels that nobody misses: each reader either has no weight for one, or knows its value.
class Removal {
public:
  explicit Removal(func::FuncOp function) {
    for (Operation &op : function.getBody().front())
      if (op.getNumResults() == 1 && (channelwiseOperand(&op) || Layer::get(&op)))
        removed[op.getResult(0)] = Channels(channelsOf(op.getResult(0)), true);
    // The most that holds together: what one reader needs, whoever computes it needs to compute.
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation &op : llvm::reverse(function.getBody().front())) {
        if (op.getNumResults() != 1)
          continue;
        auto found = removed.find(op.getResult(0));
        if (found == removed.end())
          continue;
        Channels next = found->second;
        for (OpOperand &use : op.getResult(0).getUses())
          next &= missable(use);
        if (OpOperand *operand = channelwiseOperand(&op))
          next &= of(operand->get());
        if (next.all() && !next.empty())
          next.reset(0); // a tensor has something in it
        changed |= next != found->second;
        found->second = next;
      }
    }
  }

  Channels of(Value value) const {
    auto found = removed.find(value);
    return found == removed.end() ? Channels(channelsOf(value)) : found->second;
  }
  BoundsAnalysis bounds;

private:
  Channels missable(OpOperand &use) {
    Operation *op = use.getOwner();
    Channels none(channelsOf(use.get()));
    if (!removed.count(op->getNumResults() == 1 ? op->getResult(0) : Value()))
      return none;
    if (channelwiseOperand(op) == &use)
      return of(op->getResult(0));
    std::optional<Layer> layer = Layer::get(op);
    if (!layer || layer->input != &use || layer->depthwise)
      return none;
    const Bounds &x = bounds.of(use.get());
    Channels kept = of(op->getResult(0));
    kept.flip();
    for (int64_t channel = 0; channel < layer->channels; ++channel) {
      bool known = x.isConstant(channel) && (!layer->padded || x.low[channel] == 0);
      for (int64_t tap = 0; tap < layer->taps && !known; ++tap) {
        bool read = false;
        for (int feature : kept.set_bits())
          read |= layer->at(tap, channel, feature) != 0;
        if (read)
          break;
        known = tap + 1 == layer->taps;
      }
      none[channel] = known;
    }
    return none;
  }

  llvm::DenseMap<Value, Channels> removed;
};

//===- The pass
//------------------------------------------------------------------------------------===//

template <typename T> SmallVector<T> kept(ArrayRef<T> values, const Channels &removed) {
  SmallVector<T> result;
  for (auto [i, value] : llvm::enumerate(values))
    if (!removed[i])
      result.push_back(value);
  return result;
}

/// A layer without some of its channels and features. What channels of one value add goes into the
/// bias.
Value withoutChannels(OpBuilder &b, Operation *op, const Layer &layer, Value input,
                      const Channels &inputs, const Channels &features, const Bounds &bounds) {
  Location loc = op->getLoc();
  Type i32 = b.getI32Type();
  SmallVector<int64_t> bias(layer.bias);
  int64_t channels = layer.channels - inputs.count(), outputs = layer.features - features.count();
  bool adds = false;
  if (!layer.depthwise)
    for (int channel : inputs.set_bits()) {
      int64_t value = bounds.isConstant(channel) ? bounds.low[channel] : 0;
      if (value == 0)
        continue;
      adds = true;
      bias.resize(layer.features);
      for (int64_t feature = 0; feature < layer.features; ++feature)
        for (int64_t tap = 0; tap < layer.taps; ++tap)
          bias[feature] =
              static_cast<int32_t>(bias[feature] + value * layer.at(tap, channel, feature));
    }
  SmallVector<int64_t> shape(layer.weights.getShape());
  int64_t rank = shape.size();
  shape[rank - 1] = layer.transposed ? channels : outputs;
  shape[rank - 2] = layer.depthwise ? 1 : layer.transposed ? outputs : channels;
  edge::HostTensor weights(RankedTensorType::get(shape, i32));
  int64_t next = 0;
  auto put = [&](int64_t tap, int64_t channel, int64_t feature) {
    weights.setInt(next++, layer.at(tap, channel, feature));
  };
  for (int64_t tap = 0; tap < layer.taps; ++tap)
    for (int64_t outer = 0, rows = layer.depthwise    ? 1
                                   : layer.transposed ? layer.features
                                                      : layer.channels;
         outer < rows; ++outer) {
      if (!layer.depthwise && (layer.transposed ? features : inputs)[outer])
        continue;
      for (int64_t inner = 0, columns = layer.transposed ? layer.channels : layer.features;
           inner < columns; ++inner)
        if (!(layer.transposed ? inputs : features)[inner])
          layer.transposed ? put(tap, inner, outer) : put(tap, outer, inner);
    }
  Value filter = edge::ConstantOp::create(b, loc, weights.toAttr()), offset;
  if (!bias.empty()) {
    SmallVector<int64_t> left = kept<int64_t>(bias, features);
    edge::HostTensor constant(RankedTensorType::get({outputs}, i32));
    for (auto [i, value] : llvm::enumerate(left)) // sums are modulo 2^32
      constant.setInt(static_cast<int64_t>(i), static_cast<int32_t>(value));
    offset = edge::ConstantOp::create(b, loc, constant.toAttr());
  }
  if (auto conv = dyn_cast<edge::ConvOp>(op))
    return edge::ConvOp::create(b, loc, input, filter, offset, conv.getStrides(),
                                conv.getDilations(), conv.getPads(), layer.depthwise ? outputs : 1);
  Value product = edge::MatMulOp::create(b, loc, input, filter, layer.transposed);
  if (adds)
    product = edge::AddOp::create(b, loc, product.getType(), product, offset);
  return product;
}

struct RemoveConstantChannels
    : public edgec::impl::RemoveConstantChannelsBase<RemoveConstantChannels> {
  void runOnOperation() override {
    Removal removal(getOperation());
    llvm::DenseMap<Value, Value> smaller;
    auto now = [&](Value value) {
      auto found = smaller.find(value);
      return found == smaller.end() ? value : found->second;
    };
    SmallVector<Operation *> ops;
    for (Operation &op : getOperation().getBody().front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      if (op->getNumResults() != 1)
        continue;
      Value result = op->getResult(0);
      Channels outputs = removal.of(result);
      std::optional<Layer> layer = Layer::get(op);
      OpOperand *operand = channelwiseOperand(op);
      if (!layer && !operand)
        continue;
      Channels inputs = removal.of(layer ? layer->input->get() : operand->get());
      if (outputs.none() && inputs.none())
        continue;
      OpBuilder b(op);
      FailureOr<Value> built = failure();
      if (layer) {
        built = withoutChannels(b, op, *layer, now(layer->input->get()), inputs, outputs,
                                removal.bounds.of(layer->input->get()));
      } else if (auto requantize = dyn_cast<edge::RequantizeOp>(op)) {
        bool each = requantize.getMultipliers().size() > 1;
        auto of = [&](ArrayRef<int32_t> values) {
          return each ? kept(values, outputs) : SmallVector<int32_t>(values);
        };
        built = Value(edge::RequantizeOp::create(
            b, op->getLoc(), now(requantize.getX()), of(requantize.getMultipliers()),
            of(requantize.getShifts()), static_cast<int32_t>(requantize.getZeroPoint()),
            static_cast<int32_t>(requantize.getLow()), static_cast<int32_t>(requantize.getHigh()),
            requantize.getStorage(), requantize.getRoundsOnce()));
      } else if (auto reshape = dyn_cast<edge::ReshapeOp>(op)) {
        SmallVector<int64_t> shape(cast<RankedTensorType>(result.getType()).getShape());
        shape.back() -= outputs.count();
        built = Value(edge::ReshapeOp::create(b, op->getLoc(), now(reshape.getX()), shape));
      } else {
        SmallVector<Value> operands;
        for (Value value : op->getOperands())
          operands.push_back(now(value));
        auto results = edge::rebuild(b, op, operands);
        if (succeeded(results))
          built = results->front();
      }
      if (failed(built)) {
        op->emitError("can't be computed without the channels that are constant");
        return signalPassFailure();
      }
      if (outputs.none())
        result.replaceAllUsesWith(*built);
      smaller[result] = *built;
    }
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};

} // namespace
