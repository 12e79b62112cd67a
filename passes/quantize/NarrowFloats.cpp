// Tensors and weights in floats of 16 bits, where all is computed in 32.
#include "dialects/Edge/Lowering.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "passes/quantize/Weights.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_NARROWFLOATS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using edge::QuantizationRole;

namespace {

/// Constants of fewer elements stay: biases and factors.
constexpr int64_t kWorthIt = 256;

Value castTo(OpBuilder &builder, Location loc, Value x, Type element) {
  auto type = cast<RankedTensorType>(x.getType()).clone(element);
  return edge::CastOp::create(builder, loc, type, x, TypeAttr::get(element));
}

/// The narrow tensor that numbers are widened from; null where they aren't.
Value widenedFrom(Value numbers, Type narrow) {
  auto read = numbers.getDefiningOp<edge::CastOp>();
  return read && getElementTypeOrSelf(read.getX().getType()) == narrow ? read.getX() : Value();
}

/// move(widen(x)) = widen(move(x)).
struct MoveNarrow : OpInterfaceRewritePattern<edge::ElementMovingOpInterface> {
  Type narrow;
  MoveNarrow(MLIRContext *context, Type narrow)
      : OpInterfaceRewritePattern(context), narrow(narrow) {}

  LogicalResult matchAndRewrite(edge::ElementMovingOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (quantizationRole(op) != QuantizationRole::moves || op->getNumResults() != 1)
      return failure();
    SmallVector<Value> operands;
    bool isNarrow = false;
    for (OpOperand &operand : op->getOpOperands()) {
      bool isData = op.isDataOperand(operand.getOperandNumber());
      Value from = isData ? widenedFrom(operand.get(), narrow) : Value();
      if (isData && !from && !matchPattern(operand.get(), m_Constant()))
        return failure();
      isNarrow |= static_cast<bool>(from);
      operands.push_back(from ? from : operand.get());
    }
    if (!isNarrow)
      return failure();
    for (OpOperand &operand : op->getOpOperands())
      if (Value &value = operands[operand.getOperandNumber()];
          op.isDataOperand(operand.getOperandNumber()) && value == operand.get())
        value = castTo(rewriter, op.getLoc(), value, narrow);
    edge::HostTensor zero(RankedTensorType::get({}, narrow));
    FailureOr<SmallVector<Value>> moved = op.buildMoving(
        rewriter, operands, edge::ConstantOp::create(rewriter, op.getLoc(), zero.toAttr()));
    if (failed(moved))
      return failure();
    rewriter.replaceOp(op, castTo(rewriter, op.getLoc(), moved->front(), rewriter.getF32Type()));
    return success();
  }
};

/// narrow(widen(x)) = x.
struct DropPair : OpRewritePattern<edge::CastOp> {
  Type narrow;
  DropPair(MLIRContext *context, Type narrow) : OpRewritePattern(context), narrow(narrow) {}
  LogicalResult matchAndRewrite(edge::CastOp op, PatternRewriter &rewriter) const override {
    Value from = op.getTo() == narrow ? widenedFrom(op.getX(), narrow) : Value();
    if (!from)
      return failure();
    rewriter.replaceOp(op, from);
    return success();
  }
};

struct NarrowFloats : public edgec::impl::NarrowFloatsBase<NarrowFloats> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto scheme = module->getAttrOfType<StringAttr>(kQuantizeAttr);
    Builder builder(module.getContext());
    if (!scheme || (scheme.getValue() != "fp16" && scheme.getValue() != "bf16"))
      return;
    Type narrow = scheme.getValue() == "fp16" ? Type(builder.getF16Type()) : builder.getBF16Type();
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(convert(function, narrow)))
        return signalPassFailure();
    module->removeAttr(kQuantizeAttr);
    module->setAttr(kNarrowConstantsAttr, builder.getUnitAttr());
  }

  LogicalResult convert(func::FuncOp function, Type narrow) {
    QuantizationPlan plan(function);
    for (const QuantizedLayer &layer : plan.layers())
      narrowWeights(layer, narrow);
    SmallVector<edge::GatherOp> gathers(function.getOps<edge::GatherOp>());
    for (edge::GatherOp gather : gathers)
      narrowTable(gather, narrow);
    Operation *end = function.getBody().front().getTerminator();
    OpBuilder builder(function);
    for (Value value : storedValues(function)) {
      builder.setInsertionPointAfterValue(value);
      Value stored = castTo(builder, value.getLoc(), value, narrow);
      Value numbers = castTo(builder, value.getLoc(), stored, builder.getF32Type());
      value.replaceUsesWithIf(numbers, [&](OpOperand &use) {
        return use.getOwner() != stored.getDefiningOp() && use.getOwner() != end;
      });
    }
    RewritePatternSet patterns(&getContext());
    patterns.add<MoveNarrow, DropPair>(&getContext(), narrow);
    if (failed(applyPatternsGreedily(function, std::move(patterns))))
      return failure();
    function.walk([](Operation *op) { op->removeAttr(kKeepFloatAttr); });
    return success();
  }

  static edge::HostTensor roundTo(const edge::HostTensor &numbers, Type narrow) {
    edge::HostTensor rounded(numbers.getType().clone(narrow));
    for (int64_t i = 0, e = numbers.getNumElements(); i < e; ++i)
      rounded.setFloat(i, numbers.getFloat(i));
    return rounded;
  }

  /// Numbers that 16 bits hold: constants are stored by their values.
  static void narrowWeights(const QuantizedLayer &layer, Type narrow) {
    edge::HostTensor weights = hostTensor(layer.weights.weights->get());
    if (weights.getNumElements() < kWorthIt)
      return;
    edge::HostTensor rounded = roundTo(weights, narrow), numbers(weights.getType());
    if (!quantize::areFinite(rounded)) // beyond what 16 bits can hold
      return;
    for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i)
      numbers.setFloat(i, rounded.getFloat(i));
    OpBuilder builder(layer.op);
    layer.weights.weights->set(
        edge::ConstantOp::create(builder, layer.op->getLoc(), numbers.toAttr()));
  }

  /// Rows of a table are widened once they have been gathered.
  static void narrowTable(edge::GatherOp gather, Type narrow) {
    auto type = cast<RankedTensorType>(gather.getX().getType());
    if (!matchPattern(gather.getX(), m_Constant()) || !type.getElementType().isF32() ||
        type.getNumElements() < kWorthIt || gather->hasAttr(kKeepFloatAttr))
      return;
    edge::HostTensor rounded = roundTo(hostTensor(gather.getX()), narrow);
    if (!quantize::areFinite(rounded))
      return;
    OpBuilder builder(gather);
    builder.setInsertionPointAfter(gather);
    Value constant = edge::ConstantOp::create(builder, gather.getLoc(), rounded.toAttr());
    Value rows = edge::GatherOp::create(builder, gather.getLoc(), constant, gather.getIndices(),
                                        gather.getAxis());
    gather.getResult().replaceAllUsesWith(
        castTo(builder, gather.getLoc(), rows, builder.getF32Type()));
    gather.erase();
  }

  /// Tensors that somebody reads from memory: layers and products, and ops that move elements. What
  /// goes from op to op in registers, and the inside of normalizations, isn't among them; sums that
  /// several read, as those of a residual, are.
  static llvm::SetVector<Value> storedValues(func::FuncOp function) {
    llvm::SetVector<Value> stored;
    auto want = [&](Value value) {
      if (getElementTypeOrSelf(value.getType()).isF32() && !matchPattern(value, m_Constant()))
        stored.insert(value);
    };
    for (Operation &op : function.getBody().front()) {
      if (op.hasAttr(kKeepFloatAttr))
        continue;
      QuantizationRole role = quantizationRole(&op);
      auto layer = dyn_cast<edge::QuantizableOpInterface>(op);
      if (role == QuantizationRole::moves || (layer && layer.getLayerWeights().weights))
        for (Value operand : op.getOperands())
          // A sum that will be divided may be larger than any number of 16 bits.
          if (role != QuantizationRole::moves ||
              quantizationRole(operand.getDefiningOp()) != QuantizationRole::total)
            want(operand);
      if (role == QuantizationRole::sum && !op.hasOneUse())
        want(op.getResult(0));
      if (role == QuantizationRole::total && isLayersResult(op.getOperand(0)))
        want(op.getOperand(0));
    }
    return stored;
  }

  /// Whether a layer computes the value, with ops on single elements of that behind it.
  static bool isLayersResult(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      auto layer = dyn_cast<edge::QuantizableOpInterface>(op);
      if (layer && layer.getLayerWeights().weights)
        return true;
      SmallVector<Value> computed = llvm::filter_to_vector(
          op->getOperands(), [](Value operand) { return !matchPattern(operand, m_Constant()); });
      if (!isa<edge::ElementwiseOpInterface>(op) || computed.size() != 1)
        return false;
      value = computed.front();
    }
    return false;
  }
};

} // namespace
