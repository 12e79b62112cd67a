// Scales and zero points that are found from the range of a tensor when the model runs.
#include "frontends/Quantization.h"
#include "frontends/torch/ops/Build.h"
#include "frontends/torch/ops/Quantize.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

int64_t Blocks::count() const {
  return std::accumulate(grid.begin(), grid.end(), int64_t(1), std::multiplies<>());
}

std::optional<int64_t> Blocks::sliced() const {
  if (split.size() != grid.size())
    return std::nullopt;
  int64_t found = -1;
  for (auto [axis, blocks] : llvm::enumerate(grid)) {
    if (blocks == 1)
      continue;
    if (found >= 0)
      return std::nullopt;
    found = static_cast<int64_t>(axis);
  }
  return found;
}

FailureOr<Blocks> edgec::torch::blocksOf(const NodeContext &ctx, ArrayRef<int64_t> shape,
                                         ArrayRef<int64_t> size) {
  if (shape.size() != size.size())
    return ctx.error("has ") << size.size() << " block sizes for a tensor of " << shape.size()
                             << " dimensions";
  Blocks blocks;
  for (auto [axis, extent, own] : llvm::enumerate(shape, size)) {
    if (own != extent && (own < 1 || extent % own))
      return ctx.error("") << "blocks of " << own << " don't fit dimension " << axis
                           << ", which has " << extent << " elements";
    int64_t count = own == extent ? 1 : extent / own;
    blocks.grid.push_back(count);
    if (count > 1 || own == 1) { // blocks of one element aren't split any further
      blocks.split.push_back(count);
      blocks.spread.push_back(count);
    }
    if (own == 1)
      continue;
    blocks.axes.push_back(static_cast<int64_t>(blocks.split.size()));
    blocks.split.push_back(own);
    blocks.spread.push_back(1);
  }
  return blocks;
}

FailureOr<std::pair<int64_t, int64_t>> edgec::torch::quantizedBounds(const NodeContext &ctx,
                                                                     Type storage) {
  auto integers = mlir::dyn_cast<IntegerType>(storage);
  if (!integers || integers.getWidth() < 8 || integers.getWidth() > 32)
    return ctx.error("has ")
           << nameOfType(storage)
           << " as quantized type; int8, uint8, int16, uint16, int32 are supported";
  auto [least, largest] = integerBounds(integers);
  auto read = [&](StringRef name, int64_t missing) -> FailureOr<int64_t> {
    if (!ctx.has(name))
      return missing;
    FailureOr<Number> bound = ctx.scalar(name);
    if (failed(bound))
      return failure();
    double value = bound->asReal();
    if (!(value >= static_cast<double>(least) && value <= static_cast<double>(largest)) ||
        value != std::floor(value))
      return ctx.error("'") << name << "' is not an integer that " << nameOfType(storage)
                            << " can hold";
    return static_cast<int64_t>(value);
  };
  FailureOr<int64_t> low = read("quant_min", least), high = read("quant_max", largest);
  if (failed(low) || failed(high))
    return failure();
  if (*low >= *high)
    return ctx.error("has integers from ") << *low << " to " << *high;
  return std::pair(*low, *high);
}

namespace {

/// The least and the largest number, with zero between them, over `axes`.
std::pair<Value, Value> rangeOf(const Formula &f, Value x, ArrayRef<int64_t> axes, bool keepdims) {
  return {f.binary<edge::MinOp>(f.reduce(x, edge::ReduceKind::min, axes, keepdims), 0.0),
          f.binary<edge::MaxOp>(f.reduce(x, edge::ReduceKind::max, axes, keepdims), 0.0)};
}

Value limited(const Formula &f, Value x, double low, double high) {
  return f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, low), high);
}

/// The least number that a scale may be: `eps`, or the least normal one of the type.
double leastScale(const NodeContext &ctx, Type element) {
  if (ctx.has("eps"))
    return ctx.real("eps");
  return llvm::APFloat::getSmallestNormalized(mlir::cast<FloatType>(element).getFloatSemantics())
      .convertToDouble();
}

struct ScaleAndZero {
  Value scale, zeroPoint; ///< in the type of the input
};

/// As torchao's mapping types have them.
FailureOr<ScaleAndZero> mapRange(const NodeContext &ctx, StringRef mapping, Value least,
                                 Value largest, double low, double high) {
  Formula f(ctx);
  double eps = leastScale(ctx, elementOf(ctx.input(0)));
  Value scale;
  if (mapping == "ASYMMETRIC") {
    scale = f.binary<edge::MaxOp>(f.div(f.sub(largest, least), high - low), eps);
    Value zero = f.sub(low, f.unary<edge::RoundOp>(f.div(least, scale)));
    return ScaleAndZero{scale, limited(f, zero, low, high)};
  }
  if (mapping == "SYMMETRIC") {
    Value reach = f.binary<edge::MaxOp>(f.unary<edge::NegOp>(least), largest);
    scale = f.div(reach, (high - low) / 2);
  } else if (mapping == "SYMMETRIC_NO_CLIPPING_ERR" && low < 0 && high > 0) {
    scale = f.binary<edge::MaxOp>(f.div(least, low), f.div(largest, high));
  } else {
    return ctx.error("maps by '") << mapping << "' to " << static_cast<int64_t>(low) << " to "
                                  << static_cast<int64_t>(high)
                                  << "; ASYMMETRIC, SYMMETRIC, and, with zero between the bounds, "
                                     "SYMMETRIC_NO_CLIPPING_ERR are supported";
  }
  scale = f.binary<edge::MaxOp>(scale, eps);
  if (!scale)
    return failure();
  return ScaleAndZero{scale, createFull(ctx, Number::ofReal(std::trunc((high + low + 1) / 2)),
                                        elementOf(scale), shapeOf(scale))};
}

FailureOr<Results> asResults(const NodeContext &ctx, const ScaleAndZero &found, Type scaleType,
                             Type zeroType, ArrayRef<int64_t> shape) {
  if (!found.scale || !found.zeroPoint)
    return failure();
  return Results{ctx.reshape(ctx.cast(found.scale, scaleType), shape),
                 ctx.reshape(ctx.cast(found.zeroPoint, zeroType), shape)};
}

} // namespace

FailureOr<Results> edgec::torch::importChooseBlocks(NodeContext &ctx) {
  Value x = ctx.input(0);
  if (!x || !isa<FloatType>(elementOf(x)))
    return ctx.error("has no floats as input");
  auto blocks = blocksOf(ctx, shapeOf(x), ctx.integers("block_size"));
  auto bounds = quantizedBounds(ctx, ctx.element("target_dtype", ctx.b.getI8Type()));
  if (failed(blocks) || failed(bounds))
    return failure();
  if (blocks->axes.empty()) // to torch, no dimensions are all of them
    blocks->axes = llvm::to_vector(llvm::seq<int64_t>(0, ctx.type(0).getRank()));
  auto [least, largest] = rangeOf(Formula(ctx), ctx.reshape(x, blocks->split), blocks->axes, true);
  StringRef mapping = ctx.text("mapping_type");
  auto found = mapRange(ctx, mapping, least, largest, static_cast<double>(bounds->first),
                        static_cast<double>(bounds->second));
  if (failed(found))
    return failure();
  SmallVector<int64_t> shape(blocks->grid);
  if (!ctx.flag("keepdim")) {
    shape.clear();
    for (auto [axis, extent] : llvm::enumerate(blocks->spread))
      if (!llvm::is_contained(blocks->axes, static_cast<int64_t>(axis)))
        shape.push_back(extent);
  }
  Type zeroType = mapping == "ASYMMETRIC" ? ctx.b.getI32Type() : elementOf(x);
  return asResults(ctx, *found, ctx.element("scale_dtype", elementOf(x)),
                   ctx.element("zero_point_dtype", zeroType), shape);
}

FailureOr<Results> edgec::torch::importChooseParameters(NodeContext &ctx) {
  Formula f(ctx);
  double low = static_cast<double>(ctx.integer("quant_min")),
         high = static_cast<double>(ctx.integer("quant_max"));
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, ctx.type(0).getRank()));
  auto [least, largest] =
      rangeOf(f, ctx.cast(ctx.input(0), ctx.b.getF32Type()), axes, /*keepdims=*/false);
  bool symmetric = StringRef(ctx.schema.name).contains("symmetric");
  auto found = mapRange(ctx, symmetric ? "SYMMETRIC" : "ASYMMETRIC", least, largest, low, high);
  if (failed(found))
    return failure();
  return asResults(ctx, *found, ctx.b.getF64Type(), ctx.b.getI64Type(), {1});
}

/// The zero point for which the errors of both ends are least.
FailureOr<Results> edgec::torch::importChooseToken(NodeContext &ctx) {
  Formula f(ctx);
  constexpr double low = -128, high = 127;
  int64_t last = ctx.type(0).getRank() - 1;
  if (last < 0)
    return ctx.error("has an input without dimensions");
  auto [least, largest] = rangeOf(f, ctx.cast(ctx.input(0), ctx.b.getF32Type()), {last}, true);
  Value scale = f.binary<edge::MaxOp>(f.div(f.sub(largest, least), high - low),
                                      std::numeric_limits<float>::epsilon());
  Value from = f.div(least, scale), to = f.div(largest, scale);
  Value isLow = f.compare(f.add(f.add(low, from), f.add(high, to)),
                          ctx.scalar(ctx.b.getF32Type(), 0), edge::ComparePredicate::greater);
  Value zero = limited(f, f.select(isLow, f.sub(low, from), f.sub(high, to)), low, high);
  zero = f.unary<edge::RoundOp>(zero);
  if (!scale || !zero)
    return failure();
  return asResults(ctx, {scale, zero}, ctx.b.getF64Type(), ctx.b.getI64Type(), shapeOf(scale));
}

FailureOr<Results> edgec::torch::importChooseTokenSymmetric(NodeContext &ctx) {
  Formula f(ctx);
  int64_t last = ctx.type(0).getRank() - 1;
  if (last < 0)
    return ctx.error("has an input without dimensions");
  auto integers = mlir::dyn_cast_or_null<IntegerType>(ctx.element("dtype", {}));
  if (!integers || integers.isUnsigned() || integers.getWidth() != 8)
    return ctx.error("quantizes to something else than int8");
  Value x = f.unary<edge::AbsOp>(ctx.cast(ctx.input(0), ctx.b.getF32Type()));
  Value reach = f.reduce(x, edge::ReduceKind::max, {last}, true);
  Value scale = f.div(f.binary<edge::MaxOp>(reach, 1e-5), 127.0);
  if (!scale)
    return failure();
  Value zero = createFull(ctx, Number::ofReal(0), elementOf(scale), shapeOf(scale));
  // The program says so, as torch's shapes do; what torch computes has the input's type.
  return asResults(ctx, {scale, zero}, ctx.b.getF64Type(), ctx.b.getI64Type(), shapeOf(scale));
}
