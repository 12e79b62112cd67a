// Rows of rearrangements that torch has names for beside those they consist of: joins, splits,
// turns.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// All tensors of a list in one type; empty after an error.
SmallVector<Value> listed(const NodeContext &ctx) {
  SmallVector<Operand> operands;
  for (Value value : ctx.arguments[0].tensors)
    operands.push_back({elementOf(value), typeOf(value).getRank() == 0 ? Operand::Rank::zero
                                                                       : Operand::Rank::tensor});
  SmallVector<Value> values;
  for (Value value : ctx.arguments[0].tensors)
    values.push_back(ctx.cast(value, promote(operands)));
  if (values.empty())
    ctx.error("has no tensors to join");
  return values;
}

FailureOr<Results> concatenated(const NodeContext &ctx, ArrayRef<Value> values, int64_t dim) {
  return one(values.size() == 1 ? values[0] : ctx.create<edge::ConcatOp>(ValueRange(values), dim));
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
  return values.empty() ? FailureOr<Results>(failure()) : concatenated(ctx, values, 2);
}

/// Vectors are columns.
FailureOr<Results> importColumnStack(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  for (Value &value : values)
    if (typeOf(value).getRank() <= 1)
      value = ctx.reshape(value, {typeOf(value).getNumElements(), 1});
  return values.empty() ? FailureOr<Results>(failure()) : concatenated(ctx, values, 1);
}

/// Matrices along the diagonal, and zeros around them.
FailureOr<Results> importBlockDiagonal(NodeContext &ctx) {
  SmallVector<Value> values = listed(ctx);
  if (values.empty())
    return failure();
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
    return values.empty() ? FailureOr<Results>(failure()) : one(values[0]);
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

//===- Splits ---------------------------------------------------------------------------------===//

/// Parts along dimension `dim`, of a vector along its only one: so many equal ones, or those that
/// end at `indices`.
template <int64_t dim> FailureOr<Views> importSplitAlong(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t axis = dim == 1 && x.getRank() == 1 ? 0 : dim;
  if (x.getRank() <= axis)
    return ctx.error("can't split dimension ") << axis << " of " << x;
  int64_t extent = x.getDimSize(axis);
  SmallVector<int64_t> ends;
  if (takes(ctx, "indices")) {
    ends = ctx.integers("indices");
  } else {
    int64_t sections = ctx.integer("sections");
    if (sections < 1 || sections > (1 << 16) || extent % sections)
      return ctx.error("can't split ") << extent << " into " << sections << " equal parts";
    for (int64_t i = 1; i < sections; ++i)
      ends.push_back(i * (extent / sections));
  }
  ends.push_back(extent);
  Views views;
  int64_t start = 0;
  for (int64_t end : ends) {
    end = std::clamp<int64_t>(end < 0 ? end + extent : end, 0, extent);
    ViewStep::Slice slice{SmallVector<int64_t>(x.getRank(), 0), SmallVector<int64_t>(x.getShape()),
                          SmallVector<int64_t>(x.getRank(), 1)};
    slice.sizes[axis] = std::max<int64_t>(end - start, 0);
    slice.offsets[axis] = slice.sizes[axis] ? start : 0;
    views.push_back(View{{ViewStep{slice}}, {}});
    start = end;
  }
  return views;
}

//===- Turns ----------------------------------------------------------------------------------===//

Value reversed(const NodeContext &ctx, Value x, int64_t dim) {
  if (!x || shapeOf(x)[dim] == 0)
    return x;
  SmallVector<int64_t> offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(sizes.size(), 1);
  offsets[dim] = sizes[dim] - 1;
  strides[dim] = -1;
  return ctx.create<edge::SliceOp>(x, offsets, sizes, strides);
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
      {"aten::atleast_1d(Tensor self) -> Tensor", importAtLeast<1>},
      {"aten::atleast_2d(Tensor self) -> Tensor", importAtLeast<2>},
      {"aten::atleast_3d(Tensor self) -> Tensor", importAtLeast<3>},
      {"aten::dstack(Tensor[] tensors) -> Tensor", importDepthStack},
      {"aten::column_stack(Tensor[] tensors) -> Tensor", importColumnStack},
      {"aten::block_diag(Tensor[] tensors) -> Tensor", importBlockDiagonal},
      {"aten::cartesian_prod(Tensor[] tensors) -> Tensor", importCartesianProduct},
      {"aten::vsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<0>},
      {"aten::vsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<0>},
      {"aten::hsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<1>},
      {"aten::hsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<1>},
      {"aten::dsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<2>},
      {"aten::dsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<2>},
      {"aten::flipud(Tensor self) -> Tensor", importReversed<0>},
      {"aten::fliplr(Tensor self) -> Tensor", importReversed<1>},
      {"aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor", importRot90},
  };
  return rows;
}
