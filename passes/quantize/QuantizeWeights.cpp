// Weights as integers where activations stay floats.
#include "mlir/IR/Matchers.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "passes/quantize/Weights.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

/// Constants of fewer elements aren't worth a multiplication of each result.
constexpr int64_t kWorthIt = 256;
constexpr int64_t kMost8 = 127, kMost4 = 7;

/// A scale that 16 bits hold as bfloat16, so that a few multiples of it are floats exactly.
double asShortFloat(double value) {
  APFloat scale(std::max(value, kLeastScale));
  bool lost;
  scale.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &lost);
  return scale.convertToDouble();
}

struct QuantizeWeights : public edgec::impl::QuantizeWeightsBase<QuantizeWeights> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto name = module->getAttrOfType<StringAttr>(kQuantizeAttr);
    if (!name || !name.getValue().starts_with("weights-"))
      return;
    group = 0;
    if (name.getValue() == "weights-int4") {
      auto given = module->getAttrOfType<IntegerAttr>(kGroupSizeAttr);
      group = given ? given.getInt() : 32;
    }
    bool found = false;
    for (auto function : module.getOps<func::FuncOp>()) {
      QuantizationPlan plan(function);
      for (const QuantizedLayer &layer : plan.layers())
        found |= quantizeLayer(layer);
      SmallVector<edge::GatherOp> gathers(function.getOps<edge::GatherOp>());
      for (edge::GatherOp gather : gathers)
        found |= quantizeRows(gather);
      function.walk([](Operation *op) { op->removeAttr(kKeepFloatAttr); });
    }
    if (!found)
      module.emitWarning() << "has no weights that could be quantized";
    module->removeAttr(kQuantizeAttr);
    module->removeAttr(kGroupSizeAttr);
    module->setAttr(kNarrowConstantsAttr, UnitAttr::get(&getContext()));
  }

  /// A scale for each feature, or, with 4 bits, for each `group` weights of one.
  bool quantizeLayer(const QuantizedLayer &layer) {
    edge::HostTensor weights = hostTensor(layer.weights.weights->get());
    if (weights.getNumElements() < kWorthIt || !areFinite(weights))
      return false;
    OpBuilder builder(layer.op);
    bool isMatrix = weights.getRank() == 2;
    if (group && isMatrix && weights.getShape()[layer.weights.inputAxis] % group == 0) {
      layer.weights.weights->set(inGroups(builder, layer, weights));
      return true;
    }
    int64_t axis = layer.weights.featureAxis, features = weights.getShape()[axis];
    int64_t inner = edge::rowMajorStrides(weights.getShape())[axis];
    auto featureOf = [&](int64_t i) { return i / inner % features; };
    SmallVector<double> scales = chooseScales(weights, features, featureOf, kMost8);
    for (double &scale : scales)
      scale = asFloat(std::max(scale, kLeastScale));
    layer.weights.weights->set(createIntegers(builder, layer.op->getLoc(),
                                              roundWeights(weights, scales, featureOf, kMost8),
                                              scales, axis, kMost8));
    return true;
  }

  /// The numbers that 4 bits and a scale for each group stand for. Whoever packs the weights finds
  /// both in them.
  Value inGroups(OpBuilder &builder, const QuantizedLayer &layer, const edge::HostTensor &weights) {
    SmallVector<int64_t> strides = edge::rowMajorStrides(weights.getShape());
    int64_t depth = weights.getShape()[layer.weights.inputAxis];
    int64_t features = weights.getShape()[layer.weights.featureAxis], perFeature = depth / group;
    auto groupOf = [&](int64_t i) {
      int64_t feature = i / strides[layer.weights.featureAxis] % features;
      return feature * perFeature + i / strides[layer.weights.inputAxis] % depth / group;
    };
    SmallVector<double> scales = chooseScales(weights, features * perFeature, groupOf, kMost4);
    for (double &scale : scales)
      scale = asShortFloat(scale);
    edge::HostTensor integers = roundWeights(weights, scales, groupOf, kMost4);
    edge::HostTensor numbers(weights.getType());
    for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i)
      numbers.setFloat(i, static_cast<double>(integers.getInt(i)) * scales[groupOf(i)]);
    return edge::ConstantOp::create(builder, layer.op->getLoc(), numbers.toAttr());
  }

  /// Rows of a table (an embedding), each with scales of its own: what is gathered is scaled then.
  bool quantizeRows(edge::GatherOp gather) {
    auto type = cast<RankedTensorType>(gather.getX().getType());
    if (!matchPattern(gather.getX(), m_Constant()) || !type.getElementType().isF32() ||
        type.getRank() != 2 || gather.getAxis() != 0 || type.getNumElements() < kWorthIt ||
        gather->hasAttr(kKeepFloatAttr))
      return false;
    edge::HostTensor table = hostTensor(gather.getX());
    if (!areFinite(table))
      return false;
    int64_t rows = type.getDimSize(0), width = type.getDimSize(1);
    int64_t perScale = group && width % (2 * group) == 0 ? group : width;
    bool isNarrow = perScale == group;
    auto scaleOf = [&](int64_t i) { return i / perScale; };
    SmallVector<double> scales =
        chooseScales(table, rows * width / perScale, scaleOf, isNarrow ? kMost4 : kMost8);
    for (double &scale : scales)
      scale = isNarrow ? asShortFloat(scale) : asFloat(std::max(scale, kLeastScale));
    edge::HostTensor integers = roundWeights(table, scales, scaleOf, isNarrow ? kMost4 : kMost8);
    OpBuilder builder(gather);
    builder.setInsertionPointAfter(gather);
    RowBuilder row{builder, gather.getLoc(), gather.getIndices()};
    Value numbers = isNarrow ? row.unpacked(integers) : row.cast(row.gathered(integers));
    edge::HostTensor factors(
        RankedTensorType::get({rows, width / perScale},
                              isNarrow ? Type(builder.getBF16Type()) : Type(builder.getF32Type())));
    for (auto [i, scale] : llvm::enumerate(scales))
      factors.setFloat(static_cast<int64_t>(i), scale);
    Value result = row.scaled(numbers, row.cast(row.gathered(factors)), perScale);
    gather.getResult().replaceAllUsesWith(result);
    gather.erase();
    return true;
  }

  /// Ops on the rows that a gather reads.
  struct RowBuilder {
    OpBuilder &b;
    Location loc;
    Value indices;

    Value gathered(const edge::HostTensor &table) const {
      Value constant = edge::ConstantOp::create(b, loc, table.toAttr());
      return edge::GatherOp::create(b, loc, constant, indices, /*axis=*/0);
    }
    Value cast(Value x) const {
      Type f32 = b.getF32Type();
      if (getElementTypeOrSelf(x.getType()) == f32)
        return x;
      auto type = mlir::cast<RankedTensorType>(x.getType()).clone(f32);
      return edge::CastOp::create(b, loc, type, x, TypeAttr::get(f32));
    }

    /// Two integers of 4 bits in a byte: the first half of a row in the low bits.
    Value unpacked(const edge::HostTensor &integers) const {
      int64_t rows = integers.getShape()[0], half = integers.getShape()[1] / 2;
      edge::HostTensor bytes(RankedTensorType::get({rows, half}, b.getI8Type()));
      for (int64_t i = 0; i < rows * half; ++i) {
        int64_t at = i / half * 2 * half + i % half;
        bytes.setInt(i, (integers.getInt(at) & 15) | (integers.getInt(at + half) << 4));
      }
      Value packed = gathered(bytes);
      auto four = [&] {
        edge::HostTensor host(RankedTensorType::get({}, b.getI8Type()));
        host.setInt(0, 4);
        return edge::ConstantOp::create(b, loc, host.toAttr());
      };
      // Up and down again, so that the sign comes in.
      Value low = edge::ShiftLeftOp::create(b, loc, packed.getType(), packed, four());
      low = edge::ShiftRightOp::create(b, loc, packed.getType(), low, four());
      Value high = edge::ShiftRightOp::create(b, loc, packed.getType(), packed, four());
      int64_t last = mlir::cast<RankedTensorType>(packed.getType()).getRank() - 1;
      return cast(edge::ConcatOp::create(b, loc, ValueRange{low, high}, last));
    }

    /// Each `perScale` numbers of a row times one factor.
    Value scaled(Value numbers, Value factors, int64_t perScale) const {
      auto type = mlir::cast<RankedTensorType>(numbers.getType());
      SmallVector<int64_t> groups(type.getShape());
      groups.back() /= perScale;
      SmallVector<int64_t> one(groups);
      groups.push_back(perScale);
      one.push_back(1);
      auto shaped = [&](Value x, ArrayRef<int64_t> shape) -> Value {
        return edge::ReshapeOp::create(b, loc, x, shape);
      };
      Value product = edge::MulOp::create(b, loc, type.clone(groups), shaped(numbers, groups),
                                          shaped(factors, one));
      return shaped(product, type.getShape());
    }
  };

  int64_t group = 0; ///< weights of 4 bits that have one scale; 0: 8 bits
};

} // namespace
