// Rows that join tensors, and that turn them around.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// All tensors of a list in one type. Empty vectors, which `cat` leaves out, are left out.
SmallVector<Value> listed(const NodeContext &ctx, bool skipEmpty = false) {
  SmallVector<Operand> operands;
  for (Value value : ctx.arguments[0].tensors)
    operands.push_back({elementOf(value), typeOf(value).getRank() == 0 ? Operand::Rank::zero
                                                                       : Operand::Rank::tensor});
  Type element = promote(operands);
  SmallVector<Value> values;
  for (Value value : ctx.arguments[0].tensors)
    if (!skipEmpty || typeOf(value).getRank() != 1 || typeOf(value).getNumElements() > 0)
      values.push_back(ctx.cast(value, element));
  return values;
}

FailureOr<Results> concatenated(const NodeContext &ctx, ArrayRef<Value> values, int64_t dim) {
  if (values.empty())
    return ctx.error("has no tensors to join");
  auto axis = ctx.axis(dim, typeOf(values[0]).getRank());
  if (failed(axis))
    return failure();
  return one(values.size() == 1 ? values[0]
                                : ctx.create<edge::ConcatOp>(ValueRange(values), *axis));
}

FailureOr<Results> importCat(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx, /*skipEmpty=*/true);
  if (values.empty() && !ctx.arguments[0].tensors.empty())
    return one(ctx.arguments[0].tensors[0]);
  return concatenated(ctx, values, ctx.integer("dim"));
}

FailureOr<Results> importStack(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  if (values.empty())
    return ctx.error("has no tensors to stack");
  auto dim = ctx.axis(ctx.integer("dim"), typeOf(values[0]).getRank() + 1);
  if (failed(dim))
    return failure();
  for (Value &value : values) {
    SmallVector<int64_t> shape(shapeOf(value));
    if (static_cast<int64_t>(shape.size()) < *dim)
      return ctx.error("has tensors of different ranks");
    shape.insert(shape.begin() + *dim, 1);
    value = ctx.reshape(value, shape);
  }
  return concatenated(ctx, values, *dim);
}

/// Joined along `dim`, after each has been given `least` dimensions.
template <int64_t least, int64_t dim> FailureOr<Results> importStackAlong(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  bool vectors = false;
  for (Value &value : values) {
    SmallVector<int64_t> shape(shapeOf(value));
    while (static_cast<int64_t>(shape.size()) < least)
      shape.insert(shape.begin(), 1);
    value = ctx.reshape(value, shape);
    vectors = shape.size() == 1;
  }
  return concatenated(ctx, values, vectors ? 0 : dim);
}

/// The shape with as many dimensions at least as `atleast_1d`, `_2d`, `_3d` give.
SmallVector<int64_t> atLeast(int64_t rank, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> result(shape);
  if (rank == 3 && result.size() == 2)
    result.push_back(1);
  else if (rank == 3 && result.size() == 1)
    result = {1, result[0], 1};
  while (static_cast<int64_t>(result.size()) < rank)
    result.insert(result.begin(), 1);
  return result;
}

template <int64_t rank> FailureOr<Views> importAtLeast(NodeContext &ctx) {
  return Views{View{{ViewStep{ViewStep::Reshape{atLeast(rank, shapeOf(ctx.input(0)))}}}, {}}};
}

FailureOr<Results> importDepthStack(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  for (Value &value : values)
    value = ctx.reshape(value, atLeast(3, shapeOf(value)));
  return concatenated(ctx, values, 2);
}

/// Vectors are columns.
FailureOr<Results> importColumnStack(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  for (Value &value : values)
    if (typeOf(value).getRank() <= 1)
      value = ctx.reshape(value, {typeOf(value).getNumElements(), 1});
  return concatenated(ctx, values, 1);
}

/// Matrices along the diagonal, and zeros around them.
FailureOr<Results> importBlockDiagonal(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  int64_t width = 0, before = 0;
  for (Value &value : values) {
    if (typeOf(value).getRank() > 2)
      return ctx.error("expects matrices, but got ") << value.getType();
    value = ctx.reshape(value, atLeast(2, shapeOf(value)));
    width += shapeOf(value)[1];
  }
  for (Value &value : values) {
    int64_t own = shapeOf(value)[1];
    SmallVector<int64_t> low{0, before}, high{0, width - before - own};
    value = ctx.create<edge::PadOp>(value, Value(), low, high, edge::PadMode::constant);
    before += own;
  }
  return concatenated(ctx, values, 0);
}

/// All choices of one element of each vector, a row each.
FailureOr<Results> importCartesianProduct(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  auto count = static_cast<int64_t>(values.size());
  if (count <= 1)
    return concatenated(ctx, values, 0);
  SmallVector<int64_t> shape;
  for (Value value : values) {
    if (typeOf(value).getRank() != 1)
      return ctx.error("expects vectors, but got ") << value.getType();
    shape.push_back(shapeOf(value)[0]);
  }
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  for (auto [i, value] : llvm::enumerate(values)) {
    SmallVector<int64_t> along(count, 1);
    along[i] = shape[i];
    value = ctx.create<edge::BroadcastOp>(ctx.reshape(value, along), shape);
    value = ctx.reshape(value, {ShapedType::getNumElements(shape), 1});
  }
  return concatenated(ctx, values, 1);
}

//===- Turns ----------------------------------------------------------------------------------===//

Value reversed(const NodeContext &ctx, Value x, ArrayRef<int64_t> dims) {
  if (!x)
    return {};
  SmallVector<int64_t> offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(sizes.size(), 1);
  for (int64_t dim : dims)
    if (sizes[dim] > 0) {
      offsets[dim] = sizes[dim] - 1;
      strides[dim] = -1;
    }
  return ctx.create<edge::SliceOp>(x, offsets, sizes, strides);
}

FailureOr<Results> importFlip(NodeContext &ctx) {
  auto dims = ctx.axes(ctx.integers("dims"), ctx.type(0).getRank());
  if (failed(dims))
    return failure();
  return one(reversed(ctx, ctx.input(0), *dims));
}

template <int64_t dim> FailureOr<Results> importReversed(NodeContext &ctx) {
  if (ctx.type(0).getRank() <= dim)
    return ctx.error("has no dimension ") << dim << " in " << ctx.type(0);
  return one(reversed(ctx, ctx.input(0), dim));
}

/// By quarters, from the first dimension to the second.
FailureOr<Results> importRot90(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dims = ctx.axes(ctx.integers("dims"), x.getRank());
  if (failed(dims))
    return failure();
  if (dims->size() != 2 || (*dims)[0] == (*dims)[1])
    return ctx.error("turns from one dimension to another, but has ") << dims->size();
  int64_t from = (*dims)[0], to = (*dims)[1], quarters = ((ctx.integer("k") % 4) + 4) % 4;
  Value y = ctx.input(0);
  if (quarters == 1 || quarters == 2)
    y = reversed(ctx, y, to);
  if (quarters == 2 || quarters == 3)
    y = reversed(ctx, y, from);
  if (quarters % 2) {
    auto swapped = llvm::to_vector(llvm::seq<int64_t>(0, x.getRank()));
    std::swap(swapped[from], swapped[to]);
    y = ctx.transpose(y, swapped);
  }
  return one(y);
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getComposeRows() {
  static const OperatorRow rows[] = {
      {"aten::cat(Tensor[] tensors, int dim=0) -> Tensor", importCat, OnComplex::parts},
      {"aten::concat(Tensor[] tensors, int dim=0) -> Tensor", importCat, OnComplex::parts},
      {"aten::concatenate(Tensor[] tensors, int dim=0) -> Tensor", importCat},
      {"aten::stack(Tensor[] tensors, int dim=0) -> Tensor", importStack, OnComplex::parts},
      {"aten::hstack(Tensor[] tensors) -> Tensor", importStackAlong<1, 1>},
      {"aten::vstack(Tensor[] tensors) -> Tensor", importStackAlong<2, 0>},
      {"aten::atleast_1d(Tensor self) -> Tensor", importAtLeast<1>},
      {"aten::atleast_2d(Tensor self) -> Tensor", importAtLeast<2>},
      {"aten::atleast_3d(Tensor self) -> Tensor", importAtLeast<3>},
      {"aten::dstack(Tensor[] tensors) -> Tensor", importDepthStack},
      {"aten::column_stack(Tensor[] tensors) -> Tensor", importColumnStack},
      {"aten::block_diag(Tensor[] tensors) -> Tensor", importBlockDiagonal},
      {"aten::cartesian_prod(Tensor[] tensors) -> Tensor", importCartesianProduct},
      {"aten::flip(Tensor self, int[] dims) -> Tensor", importFlip, OnComplex::parts},
      {"aten::flipud(Tensor self) -> Tensor", importReversed<0>},
      {"aten::fliplr(Tensor self) -> Tensor", importReversed<1>},
      {"aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor", importRot90},
  };
  return rows;
}
