#include "dialects/Edge/Lowering.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/legalize/Passes.h"
#include <cmath>

namespace edgec {
#define GEN_PASS_DEF_FOLDAFFINEINTOCONV
#include "passes/legalize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

FailureOr<edge::HostTensor> constantOf(Value value) {
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return failure();
  return edge::HostTensor::fromAttr(attr);
}

/// The constant operand of a binary op as one value a channel (the result's last dimension); fails
/// where it varies along others.
FailureOr<SmallVector<double>> perChannel(Value value, RankedTensorType result) {
  FailureOr<edge::HostTensor> tensor = constantOf(value);
  if (failed(tensor) || !tensor->isFloat())
    return failure();
  int64_t channels = result.getShape().back(), count = tensor->getNumElements();
  if (tensor->getRank() > result.getRank())
    return failure();
  if (count == 1)
    return SmallVector<double>(channels, tensor->getFloat(0));
  if (count != channels || tensor->getShape().back() != channels)
    return failure();
  return tensor->getFloats();
}

/// Whether weights are stored in few bits, which scaled ones would not be.
bool isKeptNarrow(Operation *op, const edge::HostTensor &weights) {
  if (!op->getParentOfType<ModuleOp>()->hasAttr("edge.narrow_constants"))
    return false;
  for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i)
    if (double x = weights.getFloat(i); x != std::trunc(x))
      return false;
  return true;
}

/// The convolution whose only use is `op`, and the op's other operand as a value a channel.
template <typename BinaryOp>
FailureOr<std::pair<Operation *, SmallVector<double>>> matchAffine(BinaryOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  for (auto [conv, other] : {std::pair(op.getX(), op.getY()), std::pair(op.getY(), op.getX())}) {
    Operation *producer = conv.getDefiningOp();
    if (!isa_and_nonnull<edge::ConvOp, edge::ConvTransposeOp>(producer) || !conv.hasOneUse() ||
        conv.getType() != type)
      continue;
    FailureOr<SmallVector<double>> values = perChannel(other, type);
    if (succeeded(values))
      return std::pair(producer, *values);
  }
  return failure();
}

/// A 1-D constant of the channels' values.
Value makeChannels(OpBuilder &builder, Location loc, Type element, ArrayRef<double> values) {
  edge::HostTensor tensor(RankedTensorType::get({static_cast<int64_t>(values.size())}, element));
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setFloat(i, value);
  return edge::ConstantOp::create(builder, loc, tensor.toAttr());
}

/// Replaces the pair by one convolution. The filter is operand 1 and the bias operand 2 in both
/// directions.
void replace(PatternRewriter &rewriter, Operation *op, Operation *conv, Value filter, Value bias) {
  SmallVector<Value> operands{conv->getOperand(0), filter, bias};
  rewriter.setInsertionPoint(op);
  OperationState state(rewriter.getFusedLoc({conv->getLoc(), op->getLoc()}), conv->getName(),
                       operands, op->getResultTypes(),
                       conv->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = conv->getPropertiesAsAttribute();
  rewriter.replaceOp(op, rewriter.create(state)->getResults());
}

struct FoldMul : OpRewritePattern<edge::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::MulOp op, PatternRewriter &rewriter) const override {
    auto match = matchAffine(op);
    if (failed(match))
      return failure();
    auto [conv, scale] = *match;
    FailureOr<edge::HostTensor> filter = constantOf(conv->getOperand(1));
    if (failed(filter) || !filter->isFloat() || isKeptNarrow(op, *filter))
      return failure();
    SmallVector<double> bias(scale.size(), 0);
    if (conv->getNumOperands() > 2) {
      FailureOr<edge::HostTensor> old = constantOf(conv->getOperand(2));
      if (failed(old))
        return failure();
      bias = old->getFloats();
    }
    edge::HostTensor scaled(filter->getType());
    size_t channels = scale.size();
    for (int64_t i = 0, e = scaled.getNumElements(); i < e; ++i)
      scaled.setFloat(i, filter->getFloat(i) * scale[i % channels]);
    for (size_t i = 0; i < channels; ++i)
      bias[i] *= scale[i];
    rewriter.setInsertionPoint(op);
    Value newFilter = edge::ConstantOp::create(rewriter, conv->getLoc(), scaled.toAttr());
    Value newBias;
    if (conv->getNumOperands() > 2)
      newBias = makeChannels(rewriter, op.getLoc(), filter->getElementType(), bias);
    if (newBias) {
      replace(rewriter, op, conv, newFilter, newBias);
    } else {
      OperationState state(rewriter.getFusedLoc({conv->getLoc(), op.getLoc()}), conv->getName(),
                           {conv->getOperand(0), newFilter}, op->getResultTypes());
      state.propertiesAttr = conv->getPropertiesAsAttribute();
      rewriter.replaceOp(op, rewriter.create(state)->getResults());
    }
    return success();
  }
};

struct FoldAdd : OpRewritePattern<edge::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::AddOp op, PatternRewriter &rewriter) const override {
    auto match = matchAffine(op);
    if (failed(match))
      return failure();
    auto [conv, bias] = *match;
    if (conv->getNumOperands() > 2) {
      FailureOr<edge::HostTensor> old = constantOf(conv->getOperand(2));
      if (failed(old))
        return failure();
      for (auto [i, value] : llvm::enumerate(old->getFloats()))
        bias[i] += value;
    }
    Type element = cast<RankedTensorType>(op.getResult().getType()).getElementType();
    if (!isa<FloatType>(element))
      return failure();
    rewriter.setInsertionPoint(op);
    Value newBias = makeChannels(rewriter, op.getLoc(), element, bias);
    replace(rewriter, op, conv, conv->getOperand(1), newBias);
    return success();
  }
};

struct FoldAffineIntoConv : public edgec::impl::FoldAffineIntoConvBase<FoldAffineIntoConv> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldMul, FoldAdd>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
