#include "passes/quantize/MoveIntegers.h"
#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Quantized.h"
#include <cmath>

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_MOVEINTEGERS
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

/// A 0-d constant of integers' element type.
Value integer(OpBuilder &b, Location loc, Type element, int64_t value) {
  edge::HostTensor host(RankedTensorType::get({}, element));
  host.setInt(0, value);
  return edge::ConstantOp::create(b, loc, host.toAttr());
}

/// The integers that constant numbers are in `type`; null where they are no such integers.
Value exactIntegers(OpBuilder &b, Value numbers, quant::UniformQuantizedType type, Type element) {
  std::optional<edge::HostTensor> host = constantOf(numbers);
  if (!host || !host->isFloat())
    return {};
  edge::HostTensor integers(host->getType().clone(element));
  for (int64_t i = 0; i < host->getNumElements(); ++i) {
    double steps = host->getFloat(i) / type.getScale() + static_cast<double>(type.getZeroPoint());
    if (steps != std::trunc(steps) || steps < static_cast<double>(type.getStorageTypeMin()) ||
        steps > static_cast<double>(type.getStorageTypeMax()))
      return {};
    integers.setInt(i, static_cast<int64_t>(steps));
  }
  return edge::ConstantOp::create(b, numbers.getLoc(), integers.toAttr());
}

struct MoveIntegersFirst : OpInterfaceRewritePattern<edge::ElementMovingOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(edge::ElementMovingOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!op.movesElements() || op->getNumResults() != 1)
      return failure();
    quant::UniformQuantizedType type;
    Type element;
    for (OpOperand &operand : op->getOpOperands()) {
      auto read = operand.get().getDefiningOp<edge::DequantizeOp>();
      if (!op.isDataOperand(operand.getOperandNumber()) || !read)
        continue;
      auto own = dyn_cast<quant::UniformQuantizedType>(read.getQuantized());
      if (!own || (type && own != type))
        return failure();
      type = own;
      element = getElementTypeOrSelf(read.getX().getType());
    }
    if (!type)
      return failure();
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (op.isDataOperand(operand.getOperandNumber())) {
        auto read = value.getDefiningOp<edge::DequantizeOp>();
        value = read ? read.getX() : exactIntegers(rewriter, value, type, element);
      }
      if (!value)
        return failure();
      operands.push_back(value);
    }
    Value zero = integer(rewriter, op.getLoc(), element, type.getZeroPoint());
    FailureOr<SmallVector<Value>> moved = op.buildMoving(rewriter, operands, zero);
    if (failed(moved))
      return failure();
    rewriter.replaceOpWithNewOp<edge::DequantizeOp>(op, op->getResult(0).getType(), moved->front(),
                                                    TypeAttr::get(type));
    return success();
  }
};

/// quantize(op(x)) = op(quantize(x)): the layer that gives x has a quantized result then.
struct RoundFirst : OpRewritePattern<edge::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<quant::UniformQuantizedType>(op.getQuantized());
    auto moving = op.getX().getDefiningOp<edge::ElementMovingOpInterface>();
    if (!type || !moving || !moving.movesElements() || !op.getX().hasOneUse())
      return failure();
    // What comes from integers of another scale is the op's to bring to this one: TFLite's
    // concatenation does so in another way than a requantization of its own.
    for (Value operand : moving->getOperands())
      if (auto read = operand.getDefiningOp<edge::DequantizeOp>();
          read && read.getQuantized() != op.getQuantized())
        return failure();
    rewriter.setInsertionPoint(moving);
    SmallVector<Value> operands;
    for (OpOperand &operand : moving->getOpOperands()) {
      Value value = operand.get();
      if (moving.isDataOperand(operand.getOperandNumber()))
        value = edge::QuantizeOp::create(rewriter, op.getLoc(), value, op.getQuantizedAttr(),
                                         op.getHalvesAwayAttr());
      operands.push_back(value);
    }
    Value zero = integer(rewriter, op.getLoc(), getElementTypeOrSelf(op.getResult().getType()),
                         type.getZeroPoint());
    FailureOr<SmallVector<Value>> moved = moving.buildMoving(rewriter, operands, zero);
    if (failed(moved))
      return failure();
    rewriter.replaceOp(op, *moved);
    return success();
  }
};

/// transpose(dequantize(x)) = dequantize(transpose(x)) for what has a scale a slice: weights.
struct TransposeSlices : OpRewritePattern<edge::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::TransposeOp op, PatternRewriter &rewriter) const override {
    auto read = op.getX().getDefiningOp<edge::DequantizeOp>();
    if (!read || !isa<quant::UniformQuantizedPerAxisType>(read.getQuantized()))
      return failure();
    Value x = edge::TransposeOp::create(rewriter, op.getLoc(), read.getX(), op.getPermutation());
    FailureOr<SmallVector<Value>> moved = read.buildUntransposed(
        rewriter, edge::inversePermutation(op.getPermutation()), ValueRange(x));
    if (failed(moved))
      return failure();
    rewriter.replaceOp(op, *moved);
    return success();
  }
};

/// Integers that are read and written at the same scale stay what they are.
struct DropPair : OpRewritePattern<edge::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    auto read = op.getX().getDefiningOp<edge::DequantizeOp>();
    // Wider integers aren't exact as floats.
    if (!read || read.getQuantized() != op.getQuantized() ||
        cast<quant::QuantizedType>(op.getQuantized()).getStorageTypeIntegralWidth() > 16)
      return failure();
    rewriter.replaceOp(op, read.getX());
    return success();
  }
};

struct MoveIntegers : public edgec::impl::MoveIntegersBase<MoveIntegers> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMovesOnIntegers(patterns);
    patterns.add<RoundFirst, TransposeSlices, DropPair>(&getContext());
    edge::TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    edge::ReshapeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void quantize::populateMovesOnIntegers(RewritePatternSet &patterns) {
  patterns.add<MoveIntegersFirst>(patterns.getContext());
}
