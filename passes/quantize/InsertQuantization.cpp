// A float module as one of integers, by the ranges that were seen.
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Interface.h"
#include "passes/quantize/MoveIntegers.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "passes/quantize/Weights.h"
#include <cmath>

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_INSERTQUANTIZATION
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

//===- Types ----------------------------------------------------------------------------------===//

/// What activations are stored as; weights have 8 bits.
struct Scheme {
  unsigned bits;
  bool isSymmetric;
};

std::optional<Scheme> schemeOf(StringRef name) {
  return llvm::StringSwitch<std::optional<Scheme>>(name)
      .Case("int8", Scheme{8, false})
      .Case("int16x8", Scheme{16, true})
      .Default(std::nullopt);
}

/// Schemes of other passes.
bool isWithoutRanges(StringRef scheme) {
  return scheme.starts_with("weights-") || scheme == "fp16" || scheme == "bf16";
}

/// The type for numbers in a range, which is widened to hold zero: that has to be exact, as
/// paddings and the cut of a ReLU are.
quant::UniformQuantizedType activationType(MLIRContext *context, Scheme scheme, double low,
                                           double high) {
  int64_t least = -(int64_t(1) << (scheme.bits - 1)), most = -least - 1, zeroPoint = 0;
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  double scale = asFloat(scheme.isSymmetric ? std::max(-low, high) / static_cast<double>(most)
                                            : (high - low) / static_cast<double>(most - least));
  // A tensor of zeros only, or so near that floats have no scale for it.
  if (scale < std::numeric_limits<float>::min())
    scale = 1;
  if (!scheme.isSymmetric)
    zeroPoint = std::clamp(least - static_cast<int64_t>(std::nearbyint(low / scale)), least, most);
  return quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed,
                                          IntegerType::get(context, scheme.bits),
                                          Float32Type::get(context), scale, zeroPoint, least, most);
}

//===- Weights --------------------------------------------------------------------------------===//

/// Rounds the weights and the bias of a layer whose input has this scale.
void quantizeWeights(OpBuilder &builder, const QuantizedLayer &layer, double inputScale) {
  constexpr int64_t kMost = 127;              // -128 would have no negative
  constexpr double kMostBias = INT32_MAX / 4; // leaves room for the products
  Location loc = layer.op->getLoc();
  edge::HostTensor weights = hostTensor(layer.weights.weights->get());
  int64_t axis = layer.weights.featureAxis, features = weights.getShape()[axis];
  int64_t inner = edge::rowMajorStrides(weights.getShape())[axis];
  auto featureOf = [&](int64_t i) { return i / inner % features; };
  SmallVector<double> scales = chooseScales(weights, features, featureOf, kMost), bias;
  if (layer.bias())
    bias = hostTensor(layer.bias()).getFloats();
  for (int64_t f = 0; f < features; ++f) {
    // A bias far beyond its weights needs a larger scale to fit in 32 bits.
    double needed = bias.empty() ? 0 : std::fabs(bias[f]) / inputScale / kMostBias;
    scales[f] = asFloat(std::max({scales[f], needed, kLeastScale}));
  }
  builder.setInsertionPoint(layer.op);
  edge::HostTensor integers = roundWeights(weights, scales, featureOf, kMost);
  layer.weights.weights->set(createIntegers(builder, loc, integers, scales, axis, kMost));
  if (bias.empty())
    return;
  if (auto means = layer.op->getAttrOfType<DenseF64ArrayAttr>(kInputMeanAttr))
    for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i) {
      int64_t f = featureOf(i);
      double lost = weights.getFloat(i) - scales[f] * static_cast<double>(integers.getInt(i));
      bias[f] += lost * means[inputChannel(layer.weights, weights.getShape(), i)];
    }
  edge::HostTensor sums(RankedTensorType::get({features}, builder.getI32Type()));
  SmallVector<double> sumScales;
  for (int64_t f = 0; f < features; ++f) {
    sumScales.push_back(scales[f] * inputScale);
    sums.setInt(f, std::llround(bias[f] / sumScales[f]));
  }
  Value numbers = createIntegers(builder, loc, sums, sumScales, 0, INT32_MAX);
  if (layer.weights.bias)
    return layer.weights.bias->set(numbers);
  builder.setInsertionPoint(layer.biasAdd);
  auto add = cast<edge::AddOp>(layer.biasAdd);
  add.getXMutable().set(layer.op->getResult(0));
  add.getYMutable().set(numbers);
}

//===- The pass -------------------------------------------------------------------------------===//

struct InsertQuantization : public edgec::impl::InsertQuantizationBase<InsertQuantization> {
  void runOnOperation() override {
    auto name = getOperation()->getAttrOfType<StringAttr>(kQuantizeAttr);
    if (!name || isWithoutRanges(name.getValue()))
      return;
    std::optional<Scheme> scheme = schemeOf(name.getValue());
    if (!scheme) {
      getOperation().emitError() << "has the unknown quantization scheme '" << name.getValue()
                                 << "'";
      return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(quantize(function, *scheme)))
        return signalPassFailure();
    getOperation()->removeAttr(kQuantizeAttr);
  }

  LogicalResult quantize(func::FuncOp function, Scheme scheme) {
    QuantizationPlan plan(function);
    SmallVector<quant::UniformQuantizedType> types;
    for (const ScaleGroup &group : plan.groups()) {
      double low = 0, high = 0;
      for (Value root : group.roots) {
        auto range = rangeOf(root);
        if (!range)
          return emitError(root.getLoc()) << "has no range to be quantized by";
        low = std::min(low, range->first);
        high = std::max(high, range->second);
      }
      types.push_back(
          readsIntegers(group)
              ? nullptr
              : withSignOfInput(group, activationType(&getContext(), scheme, low, high)));
    }
    OpBuilder builder(&getContext());
    for (auto [group, type] : llvm::zip_equal(plan.groups(), types))
      if (type)
        for (Value root : group.roots)
          replaceByIntegers(builder, root, type);
    RewritePatternSet moves(&getContext());
    quantize::populateMovesOnIntegers(moves);
    walkAndApplyPatterns(function, std::move(moves));
    for (const QuantizedLayer &layer : plan.layers()) {
      auto input = layer.op->getOperand(0).getDefiningOp<edge::DequantizeOp>();
      if (auto type = input ? dyn_cast<quant::UniformQuantizedType>(input.getQuantized()) : nullptr)
        quantizeWeights(builder, layer, type.getScale());
    }
    clean(function);
    return success();
  }

  /// Whether the group's numbers are read from integers, as those of an input that is given so.
  static bool readsIntegers(const ScaleGroup &group) {
    auto read = group.roots.front().getDefiningOp<edge::DequantizeOp>();
    return group.roots.size() == 1 && read && isa<quant::UniformQuantizedType>(read.getQuantized());
  }

  /// Where the caller wants to give unsigned integers, they stay so.
  static quant::UniformQuantizedType withSignOfInput(const ScaleGroup &group,
                                                     quant::UniformQuantizedType type) {
    for (Value root : group.roots) {
      auto argument = dyn_cast<BlockArgument>(root);
      auto function =
          argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : nullptr;
      auto wanted = function ? function.getArgAttrOfType<TypeAttr>(argument.getArgNumber(),
                                                                   kInterfaceTypeAttr)
                             : nullptr;
      auto storage = wanted ? dyn_cast<IntegerType>(wanted.getValue()) : nullptr;
      if (storage && storage.getWidth() == type.getStorageTypeIntegralWidth())
        return interface::withSignOf(type, storage);
    }
    return type;
  }

  /// Whoever reads `root` reads its integers from now on.
  static void replaceByIntegers(OpBuilder &builder, Value root, quant::UniformQuantizedType type) {
    builder.setInsertionPointAfterValue(root);
    auto quantized = TypeAttr::get(type);
    Value integers = edge::QuantizeOp::create(builder, root.getLoc(), root, quantized);
    Value numbers = edge::DequantizeOp::create(builder, root.getLoc(), integers, quantized);
    root.replaceAllUsesExcept(numbers, integers.getDefiningOp());
  }

  /// Takes away what was only said for this pass.
  static void clean(func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      function.removeArgAttr(i, kRangeAttr);
    function.walk([](Operation *op) {
      op->removeAttr(kRangeAttr);
      op->removeAttr(kKeepFloatAttr);
      op->removeAttr(kInputMeanAttr);
    });
  }
};

} // namespace
