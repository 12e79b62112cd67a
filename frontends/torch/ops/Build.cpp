#include "frontends/torch/ops/Build.h"
#include "dialects/Edge/Lowering.h"
#include <numeric>

using namespace mlir;
using namespace edgec;

using P = edge::ComparePredicate;

namespace edgec::torch {

/// Constants up to this many elements are written out: they fold with what reads them.
static constexpr int64_t kWrittenElements = 1 << 14;

bool takes(const NodeContext &ctx, StringRef name) {
  return llvm::any_of(ctx.schema.parameters, [&](const Parameter &p) { return p.name == name; });
}

bool isUsed(const NodeContext &ctx, size_t index) {
  return index < ctx.node.outputs.size() &&
         !StringRef(ctx.node.outputs[index].name).contains("_unused_");
}

Promoted promoted(const NodeContext &ctx, unsigned i, unsigned j, bool toFloat) {
  Type element = promote({ctx.operand(i), ctx.operand(j)});
  if (toFloat)
    element = floatFor(element);
  return {ctx.operandAs(i, element), ctx.operandAs(j, element), element};
}

Value floats(const NodeContext &ctx, unsigned index) {
  return ctx.operandAs(index, floatFor(ctx.operand(index).element));
}

Value logicalNot(const NodeContext &ctx, Value x) {
  return Formula(ctx).unary<edge::NotOp>(isNonzero(ctx, x));
}

Value truncated(const NodeContext &ctx, Value x) {
  if (!x || !isa<FloatType>(elementOf(x)))
    return x;
  Formula f(ctx);
  Value isNegative = f.compare(x, ctx.scalar(elementOf(x), 0), edge::ComparePredicate::less);
  return f.select(isNegative, f.unary<edge::CeilOp>(x), f.unary<edge::FloorOp>(x));
}

Value isNonzero(const NodeContext &ctx, Value x) {
  if (!x || elementOf(x).isInteger(1))
    return x;
  Formula f(ctx);
  Value isZero = f.compare(x, ctx.scalar(elementOf(x), 0), edge::ComparePredicate::equal);
  return f.unary<edge::NotOp>(isZero);
}

FailureOr<Results> differs(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  Formula f(ctx);
  return one(f.unary<edge::NotOp>(f.compare(p.x, p.y, P::equal)));
}

/// x / y rounded down. For floats by way of the remainder, as torch computes it: 1 // 0.1 is 9.
static Value flooredQuotient(const NodeContext &ctx, Value x, Value y) {
  Formula f(ctx);
  if (!x || !y)
    return {};
  Value zero = ctx.scalar(elementOf(x), 0);
  Value rest = f.binary<edge::FmodOp>(x, y);
  Value isInexact = f.unary<edge::NotOp>(f.compare(rest, zero, P::equal));
  Value signsDiffer =
      f.binary<edge::XorOp>(f.compare(rest, zero, P::less), f.compare(y, zero, P::less));
  Value isTooLarge = f.binary<edge::AndOp>(isInexact, signsDiffer);
  if (!isa<FloatType>(elementOf(x))) {
    Value quotient = f.div(x, y);
    return f.sub(quotient, ctx.cast(isTooLarge, elementOf(x)));
  }
  Value quotient = f.div(f.sub(x, rest), y);
  quotient = f.select(isTooLarge, f.sub(quotient, 1.0), quotient);
  // What is above a whole number by more than a half has been rounded down to it.
  Value floor = f.unary<edge::FloorOp>(quotient);
  Value isFar = f.compare(f.sub(quotient, floor), ctx.scalar(elementOf(x), 0.5), P::greater);
  return f.select(isFar, f.add(floor, 1.0), floor);
}

FailureOr<Results> floorDivided(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  return one(flooredQuotient(ctx, p.x, p.y));
}

Value createFull(const NodeContext &ctx, const Number &number, Type element,
                 ArrayRef<int64_t> shape) {
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return {};
  Value one = ctx.constant(number, element);
  if (ShapedType::getNumElements(shape) > kWrittenElements)
    return ctx.create<edge::BroadcastOp>(one, shape);
  edge::HostTensor tensor(RankedTensorType::get(shape, element));
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i) {
    if (tensor.isFloat())
      tensor.setFloat(i, number.asReal());
    else if (element.isInteger(1))
      tensor.setInt(i, number.asReal() != 0);
    else if (number.kind == Number::Kind::real)
      tensor.setFloat(i, number.real);
    else
      tensor.setInt(i, number.integer);
  }
  return ctx.constantTensor(tensor);
}

LogicalResult checkWritten(const NodeContext &ctx, int64_t rows, int64_t columns) {
  if (rows >= 0 && columns >= 0 && rows <= kMostWritten / std::max<int64_t>(columns, 1))
    return success();
  return ctx.error("would write out ")
         << rows << " times " << columns << " numbers, more than " << kMostWritten;
}

Value createRamp(const NodeContext &ctx, int64_t extent, int64_t dim, int64_t rank) {
  SmallVector<int64_t> shape(rank, 1), values(extent);
  shape[dim] = extent;
  std::iota(values.begin(), values.end(), 0);
  return ctx.reshape(ctx.constantInts(values), shape);
}

Value sliceAlong(const NodeContext &ctx, Value x, int64_t axis, int64_t from, int64_t to,
                 int64_t step) {
  if (!x)
    return {};
  SmallVector<int64_t> sizes(shapeOf(x)), offsets(sizes.size(), 0), strides(sizes.size(), 1);
  sizes[axis] = std::max<int64_t>((to - from + step - 1) / step, 0);
  offsets[axis] = sizes[axis] ? from : 0;
  strides[axis] = step;
  return ctx.create<edge::SliceOp>(x, offsets, sizes, strides);
}

Value dropUnits(const NodeContext &ctx, Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(shapeOf(x)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(extent);
  return ctx.reshape(x, shape);
}

} // namespace edgec::torch
