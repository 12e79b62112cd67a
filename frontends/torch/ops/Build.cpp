#include "frontends/torch/ops/Build.h"
#include "dialects/Edge/Lowering.h"
#include <numeric>

using namespace mlir;
using namespace edgec;

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

FailureOr<Span> spanOf(const NodeContext &ctx, int64_t extent) {
  int64_t step = ctx.integer("step", 1), start = ctx.integer("start", 0),
          end = ctx.integer("end", INT64_MAX);
  if (step < 1)
    return ctx.error("has a step of ") << step << ", which is not positive";
  auto clipped = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? std::max<int64_t>(at, -extent) + extent : at, 0, extent);
  };
  start = clipped(start);
  end = clipped(end);
  step = std::min(step, std::max<int64_t>(extent, 1));
  int64_t count = end > start ? (end - start + step - 1) / step : 0;
  return Span{count ? start : 0, count, count ? step : 1};
}

FailureOr<ViewStep> diagonalStep(const NodeContext &ctx) {
  auto x = ctx.type(0);
  auto row = ctx.dimension("dim1", x.getRank()), column = ctx.dimension("dim2", x.getRank());
  if (failed(row) || failed(column))
    return failure();
  if (*row == *column || x.getRank() < 2)
    return ctx.error("expects two dimensions, but got ") << x;
  int64_t offset = ctx.integer("offset"), down = std::max<int64_t>(-offset, 0),
          right = std::max<int64_t>(offset, 0);
  int64_t length =
      std::max<int64_t>(std::min(x.getDimSize(*row) - down, x.getDimSize(*column) - right), 0);
  SmallVector<int64_t> strides = edge::rowMajorStrides(x.getShape());
  ViewStep::Pick pick;
  SmallVector<int64_t> steps;
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (i != *row && i != *column) {
      pick.shape.push_back(x.getDimSize(i));
      steps.push_back(strides[i]);
    }
  pick.shape.push_back(length);
  if (failed(checkWritten(ctx, ShapedType::getNumElements(pick.shape))))
    return failure();
  steps.push_back(strides[*row] + strides[*column]);
  edge::forEachIndex(pick.shape, [&](ArrayRef<int64_t> index, int64_t) {
    int64_t place = down * strides[*row] + right * strides[*column];
    for (auto [i, step] : llvm::zip_equal(index, steps))
      place += i * step;
    pick.places.push_back(place);
  });
  return ViewStep{pick};
}

FailureOr<Results> dropped(NodeContext &) { return Results(); }

} // namespace edgec::torch
