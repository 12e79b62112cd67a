// Matrix products of integers whose scale is found when the model runs.
#include "dialects/Edge/QuantizedSlices.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Quantized.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_SUMBEFORESCALE
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using namespace edgec::quantize;

namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Whether `value` has one number a row of `rows`, or one at all.
bool isOneARow(Value value, Value rows) {
  return shapeOf(value).empty() ||
         (shapeOf(value).size() <= shapeOf(rows).size() && shapeOf(value).back() == 1);
}

/// (integers - zero point) * scale, each of the two one number a row, or one at all.
struct DynamicNumbers {
  edge::DequantizeOp integers; ///< with the scale that it has itself
  Value zeroPoint;             ///< null where there is none
  Value scale;
};

std::optional<DynamicNumbers> dynamicNumbersOf(Value value) {
  auto scaled = value.getDefiningOp<edge::MulOp>();
  if (!scaled || scaled.getX().getType() != value.getType() || !isOneARow(scaled.getY(), value))
    return std::nullopt;
  DynamicNumbers numbers{{}, {}, scaled.getY()};
  Value centred = scaled.getX();
  if (auto sub = centred.getDefiningOp<edge::SubOp>()) {
    if (sub.getX().getType() != value.getType() || !isOneARow(sub.getY(), value))
      return std::nullopt;
    numbers.zeroPoint = sub.getY();
    centred = sub.getX();
  }
  numbers.integers = centred.getDefiningOp<edge::DequantizeOp>();
  if (!numbers.integers)
    return std::nullopt;
  return numbers;
}

/// What each column of constant weights, [K, N] or [N, K], adds up to.
std::optional<edge::HostTensor> columnSums(edge::DequantizeOp weights, bool transposed) {
  std::optional<edge::HostTensor> integers = constantOf(weights.getX());
  if (!integers || integers->getRank() != 2)
    return std::nullopt;
  edge::QuantizedSlices slices(weights.getQuantized(), integers->getShape());
  int64_t columns = integers->getShape()[transposed ? 0 : 1], last = integers->getShape()[1];
  SmallVector<double> sums(columns, 0);
  for (int64_t i = 0, e = integers->getNumElements(); i < e; ++i) {
    size_t slice = slices.of(i);
    sums[transposed ? i / last : i % last] +=
        slices.scales[slice] * static_cast<double>(integers->getInt(i) - slices.zeroPoints[slice]);
  }
  edge::HostTensor result(RankedTensorType::get({columns}, Float32Type::get(weights.getContext())));
  for (auto [i, sum] : llvm::enumerate(sums))
    result.setFloat(static_cast<int64_t>(i), sum);
  return result;
}

/// ((q - z) s) W = (q W - z (columns of W, summed)) s
struct SumFirst : OpRewritePattern<edge::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::MatMulOp op, PatternRewriter &rewriter) const override {
    std::optional<DynamicNumbers> numbers = dynamicNumbersOf(op.getA());
    auto weights = op.getB().getDefiningOp<edge::DequantizeOp>();
    if (!numbers || !weights)
      return failure();
    auto columns = columnSums(weights, op.getTransposeB());
    if (!columns)
      return failure();
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value result = edge::MatMulOp::create(rewriter, loc, type, numbers->integers.getResult(),
                                          op.getB(), op.getTransposeB());
    if (numbers->zeroPoint) {
      Value sums = edge::ConstantOp::create(rewriter, loc, columns->toAttr());
      // One number a row, and one a column, make a matrix, beside what else the zero point has.
      SmallVector<int64_t> shape(shapeOf(numbers->zeroPoint));
      (shape.empty() ? shape.emplace_back() : shape.back()) = shapeOf(sums).front();
      Value offset =
          edge::MulOp::create(rewriter, loc, type.clone(shape), numbers->zeroPoint, sums);
      result = edge::SubOp::create(rewriter, loc, type, result, offset);
    }
    rewriter.replaceOpWithNewOp<edge::MulOp>(op, type, result, numbers->scale);
    return success();
  }
};

struct SumBeforeScale : public edgec::impl::SumBeforeScaleBase<SumBeforeScale> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SumFirst>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
