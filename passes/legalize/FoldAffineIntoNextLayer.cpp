// What inputs are normalized by goes into the layer that reads them.
#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/legalize/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_FOLDAFFINEINTONEXTLAYER
#include "passes/legalize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

std::optional<edge::HostTensor> constantOf(Value value) {
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto host = edge::HostTensor::fromAttr(attr);
  return succeeded(host) && host->isFloat() ? std::optional(*host) : std::nullopt;
}

/// A layer that nothing else reads what it reads, and the constants of an op before it: one for
/// each channel, or one for all.
struct Pair {
  edge::QuantizableOpInterface layer;
  edge::LayerWeights places;
  edge::HostTensor weights;
  Value x;
  SmallVector<double> constants;

  /// The constant that the weight with a flat index meets.
  double constantAt(int64_t flat) const {
    if (constants.size() == 1)
      return constants.front();
    SmallVector<int64_t> strides = edge::rowMajorStrides(weights.getShape());
    int64_t channels = weights.getShape()[places.inputAxis];
    int64_t group = featureOf(flat) / (weights.getShape()[places.featureAxis] / places.groups);
    return constants[group * channels + flat / strides[places.inputAxis] % channels];
  }
  int64_t featureOf(int64_t flat) const {
    ArrayRef<int64_t> shape = weights.getShape();
    return flat / edge::rowMajorStrides(shape)[places.featureAxis] % shape[places.featureAxis];
  }
};

/// The constants of an operand along the last dimension of `type`; none where it has others.
std::optional<SmallVector<double>> channelsOf(Value value, RankedTensorType type) {
  std::optional<edge::HostTensor> host = constantOf(value);
  if (!host || host->getRank() > type.getRank())
    return std::nullopt;
  if (host->getNumElements() != 1 && (host->getShape().back() != type.getShape().back() ||
                                      host->getNumElements() != host->getShape().back()))
    return std::nullopt; // other than one value for each channel
  return host->getFloats();
}

template <typename Op> std::optional<Pair> pairOf(edge::QuantizableOpInterface layer) {
  edge::LayerWeights places = layer.getLayerWeights();
  auto op = places.weights ? layer->getOperand(0).getDefiningOp<Op>() : Op();
  std::optional<edge::HostTensor> weights =
      op && op->hasOneUse() ? constantOf(places.weights->get()) : std::nullopt;
  if (!weights)
    return std::nullopt;
  auto type = cast<RankedTensorType>(op.getResult().getType());
  for (auto [x, other] : {std::pair(op.getX(), op.getY()), std::pair(op.getY(), op.getX())})
    if (auto constants = channelsOf(other, type); constants && x.getType() == type)
      return Pair{layer, places, *weights, x, *constants};
  return std::nullopt;
}

/// The layer on other operands.
LogicalResult rebuildLayer(PatternRewriter &rewriter, const Pair &pair, Value weights, Value bias) {
  SmallVector<Value> operands(pair.layer->getOperands());
  operands[0] = pair.x;
  operands[pair.places.weights->getOperandNumber()] = weights;
  if (bias && pair.places.bias)
    operands[pair.places.bias->getOperandNumber()] = bias;
  else if (bias)
    operands.push_back(bias);
  FailureOr<SmallVector<Value>> results = edge::rebuild(rewriter, pair.layer, operands);
  if (failed(results))
    return failure();
  rewriter.replaceOp(pair.layer, *results);
  return success();
}

/// layer(transpose(x + c)) = layer(transpose(x) + transpose(c)): a layer that counts channels
/// otherwise than the model's input does.
template <typename Op> struct TransposeFirst : OpRewritePattern<edge::TransposeOp> {
  using OpRewritePattern<edge::TransposeOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(edge::TransposeOp transpose,
                                PatternRewriter &rewriter) const override {
    auto op = transpose.getX().template getDefiningOp<Op>();
    if (!op || !op->hasOneUse() || !transpose->hasOneUse() ||
        !isa<edge::QuantizableOpInterface>(*transpose->user_begin()) ||
        op.getX().getType() != op.getResult().getType())
      return failure();
    std::optional<edge::HostTensor> constant = constantOf(op.getY());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    if (!constant || (constant->getNumElements() != 1 && constant->getRank() != type.getRank()))
      return failure();
    auto transposed = [&](Value value) -> Value {
      return edge::TransposeOp::create(rewriter, transpose.getLoc(), value,
                                       transpose.getPermutation());
    };
    Value other = constant->getNumElements() == 1 ? op.getY() : transposed(op.getY());
    rewriter.replaceOpWithNewOp<Op>(transpose, transpose.getResult().getType(),
                                    transposed(op.getX()), other);
    return success();
  }
};

/// layer(x * c, w) = layer(x, c * w). What lies outside of x is zero, scaled or not.
struct FoldFactor : OpInterfaceRewritePattern<edge::QuantizableOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(edge::QuantizableOpInterface layer,
                                PatternRewriter &rewriter) const override {
    std::optional<Pair> pair = pairOf<edge::MulOp>(layer);
    if (!pair)
      return failure();
    edge::HostTensor scaled(pair->weights.getType());
    for (int64_t i = 0, e = scaled.getNumElements(); i < e; ++i)
      scaled.setFloat(i, pair->weights.getFloat(i) * pair->constantAt(i));
    Value weights = edge::ConstantOp::create(rewriter, layer.getLoc(), scaled.toAttr());
    return rebuildLayer(rewriter, *pair, weights, {});
  }
};

/// conv(x + c, w) = conv(x, w) + sum(c * w), where all of a window always lies inside.
struct FoldSummand : OpInterfaceRewritePattern<edge::QuantizableOpInterface> {
  bool nearly;
  FoldSummand(MLIRContext *context, bool nearly)
      : OpInterfaceRewritePattern(context), nearly(nearly) {}

  LogicalResult matchAndRewrite(edge::QuantizableOpInterface layer,
                                PatternRewriter &rewriter) const override {
    std::optional<Pair> pair = pairOf<edge::AddOp>(layer);
    auto conv = dyn_cast<edge::ConvOp>(layer.getOperation());
    if (!pair || !conv || !(isUnpadded(conv) || isHalfAStep(*pair)))
      return failure();
    SmallVector<double> sums(pair->weights.getShape()[pair->places.featureAxis], 0);
    if (conv.getBias()) {
      std::optional<edge::HostTensor> bias = constantOf(conv.getBias());
      if (!bias)
        return failure();
      sums = bias->getFloats();
    }
    for (int64_t i = 0, e = pair->weights.getNumElements(); i < e; ++i)
      sums[pair->featureOf(i)] += pair->weights.getFloat(i) * pair->constantAt(i);
    edge::HostTensor bias(
        RankedTensorType::get({static_cast<int64_t>(sums.size())}, pair->weights.getElementType()));
    for (auto [i, sum] : llvm::enumerate(sums))
      bias.setFloat(static_cast<int64_t>(i), sum);
    return rebuildLayer(rewriter, *pair, conv.getFilter(),
                        edge::ConstantOp::create(rewriter, layer.getLoc(), bias.toAttr()));
  }

  static bool isUnpadded(edge::ConvOp conv) {
    return llvm::all_of(conv.getPads(), [](int64_t pad) { return pad == 0; });
  }
  /// Whether integers that are read are off by no more than rounding to them would be.
  bool isHalfAStep(const Pair &pair) const {
    Value x = pair.x;
    while (isa_and_nonnull<edge::TransposeOp, edge::ReshapeOp>(x.getDefiningOp()))
      x = x.getDefiningOp()->getOperand(0);
    auto read = x.getDefiningOp<edge::DequantizeOp>();
    auto type = read ? dyn_cast<quant::UniformQuantizedType>(read.getQuantized()) : nullptr;
    return nearly && type && llvm::all_of(pair.constants, [&](double constant) {
             return std::abs(constant) <= type.getScale() / 2;
           });
  }
};

/// (x * c) (y * d) = (x * cd) y, for numbers c and d: attention's queries and keys, each of which
/// torch scales by the root of what the scores are scaled by. Neither is above 1, so that nothing
/// overflows that didn't.
struct JoinScales : OpRewritePattern<edge::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  /// A multiplication by a number in [-1, 1], which nothing but one factor reads.
  struct Scaling {
    edge::MulOp op;
    unsigned place; ///< of the number among the operands
    double number;
  };
  static std::optional<Scaling> scalingOf(Value factor) {
    while (factor.hasOneUse() &&
           isa_and_nonnull<edge::TransposeOp, edge::ReshapeOp>(factor.getDefiningOp()))
      factor = factor.getDefiningOp()->getOperand(0);
    auto mul = factor.getDefiningOp<edge::MulOp>();
    if (!mul || !mul->hasOneUse())
      return std::nullopt;
    for (unsigned place : {0, 1}) {
      std::optional<edge::HostTensor> number = constantOf(mul->getOperand(place));
      if (number && number->getNumElements() == 1 && std::abs(number->getFloat(0)) <= 1 &&
          mul->getOperand(1 - place).getType() == mul.getType())
        return Scaling{mul, place, number->getFloat(0)};
    }
    return std::nullopt;
  }

  LogicalResult matchAndRewrite(edge::MatMulOp op, PatternRewriter &rewriter) const override {
    std::optional<Scaling> a = scalingOf(op.getA()), b = scalingOf(op.getB());
    if (!a || !b || a->op == b->op)
      return failure();
    edge::HostTensor number(cast<RankedTensorType>(a->op->getOperand(a->place).getType()));
    number.setFloat(0, a->number * b->number);
    rewriter.setInsertionPoint(a->op);
    Value joined = edge::ConstantOp::create(rewriter, a->op.getLoc(), number.toAttr());
    rewriter.modifyOpInPlace(a->op, [&] { a->op->setOperand(a->place, joined); });
    rewriter.replaceOp(b->op, b->op->getOperand(1 - b->place));
    return success();
  }
};

struct FoldAffineIntoNextLayer
    : public edgec::impl::FoldAffineIntoNextLayerBase<FoldAffineIntoNextLayer> {
  using FoldAffineIntoNextLayerBase::FoldAffineIntoNextLayerBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<TransposeFirst<edge::AddOp>, TransposeFirst<edge::MulOp>, FoldFactor, JoinScales>(
        &getContext());
    patterns.add<FoldSummand>(&getContext(), nearly);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
