#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include <cmath>

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_QUANTIZEBYFORMULA
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;

namespace {

/// The scales and zero points of a quantized type, as constants that broadcast along a tensor.
struct Parameters {
  OpBuilder &builder;
  Location loc;
  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints, shape;

  Parameters(OpBuilder &builder, Location loc, Type quantized, int64_t rank)
      : builder(builder), loc(loc) {
    if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(quantized)) {
      llvm::append_range(scales, perAxis.getScales());
      llvm::append_range(zeroPoints, perAxis.getZeroPoints());
      shape.assign(rank, 1);
      shape[perAxis.getQuantizedDimension()] = static_cast<int64_t>(scales.size());
    } else {
      auto perTensor = cast<quant::UniformQuantizedType>(quantized);
      scales.push_back(perTensor.getScale());
      zeroPoints.push_back(perTensor.getZeroPoint());
    }
  }
  bool hasZeroPoint() const {
    return llvm::any_of(zeroPoints, [](int64_t zero) { return zero != 0; });
  }
  template <typename Values> Value constant(Type element, const Values &values) const {
    edge::HostTensor tensor(RankedTensorType::get(shape, element));
    for (auto [i, value] : llvm::enumerate(values))
      tensor.setFloat(static_cast<int64_t>(i), static_cast<double>(value));
    return edge::ConstantOp::create(builder, loc, tensor.toAttr());
  }
  Value scale(Type element) const { return constant(element, scales); }
  Value zeroPoint(Type element) const { return constant(element, zeroPoints); }
  Value scalar(Type element, double value) const {
    edge::HostTensor tensor(RankedTensorType::get({}, element));
    tensor.setFloat(0, value);
    return edge::ConstantOp::create(builder, loc, tensor.toAttr());
  }
  Value cast(Value x, Type element) const {
    Type type = cast_or_null<RankedTensorType>(x.getType()).clone(element);
    return edge::CastOp::create(builder, loc, type, x, TypeAttr::get(element));
  }
};

struct Dequantize : OpRewritePattern<edge::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::DequantizeOp op, PatternRewriter &rewriter) const override {
    Type numbers = getElementTypeOrSelf(op.getResult().getType());
    auto type = cast<RankedTensorType>(op.getX().getType());
    Parameters parameters(rewriter, op.getLoc(), op.getQuantized(), type.getRank());
    Value x = op.getX();
    if (parameters.hasZeroPoint()) { // a difference of integers is exact
      Type wide = rewriter.getI32Type();
      x = edge::SubOp::create(rewriter, op.getLoc(), type.clone(wide), parameters.cast(x, wide),
                              parameters.zeroPoint(wide));
    }
    rewriter.replaceOpWithNewOp<edge::MulOp>(
        op, op.getResult().getType(), parameters.cast(x, numbers), parameters.scale(numbers));
    return success();
  }
};

/// Half more toward the sign of each number: cut toward zero then, halves go away from it.
Value awayFromZero(OpBuilder &b, Location loc, Value x, const Parameters &parameters) {
  auto type = cast<RankedTensorType>(x.getType());
  auto scalar = [&](double value) { return parameters.scalar(type.getElementType(), value); };
  // The float below 1/2 and a half are a half; with the whole half, the number below it would be.
  double half = 0.5 - std::ldexp(1.0, -25);
  Value negative = edge::CompareOp::create(b, loc, type.clone(b.getI1Type()), x, scalar(0),
                                           edge::ComparePredicate::less);
  Value more = edge::SelectOp::create(b, loc, type, negative, scalar(-half), scalar(half));
  return edge::AddOp::create(b, loc, type, x, more);
}

/// Numbers are limited first, so that what is converted is known to fit; the zero point is added to
/// integers.
struct Quantize : OpRewritePattern<edge::QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizeOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getX().getType());
    Type numbers = type.getElementType(), wide = rewriter.getI32Type();
    auto quantized = cast<quant::QuantizedType>(op.getQuantized());
    Location loc = op.getLoc();
    Parameters parameters(rewriter, loc, quantized, type.getRank());
    auto limit = [&](int64_t bound) {
      SmallVector<int64_t> bounds;
      for (int64_t zeroPoint : parameters.zeroPoints)
        bounds.push_back(bound - zeroPoint);
      return parameters.constant(numbers, bounds);
    };
    Value x = edge::DivOp::create(rewriter, loc, type, op.getX(), parameters.scale(numbers));
    if (op.getHalvesAway())
      x = awayFromZero(rewriter, loc, x, parameters);
    x = edge::MaxOp::create(rewriter, loc, type, x, limit(quantized.getStorageTypeMin()));
    x = edge::MinOp::create(rewriter, loc, type, x, limit(quantized.getStorageTypeMax()));
    if (!op.getHalvesAway())
      x = edge::RoundOp::create(rewriter, loc, type, x);
    x = parameters.cast(x, wide);
    if (parameters.hasZeroPoint())
      x = edge::AddOp::create(rewriter, loc, type.clone(wide), x, parameters.zeroPoint(wide));
    rewriter.replaceOp(op, parameters.cast(x, getElementTypeOrSelf(op.getResult().getType())));
    return success();
  }
};

struct QuantizeByFormula : public edgec::impl::QuantizeByFormulaBase<QuantizeByFormula> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Dequantize, Quantize>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
