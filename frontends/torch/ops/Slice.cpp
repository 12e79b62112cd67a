// Rows that cut parts out of their first argument, as views of it or with something else in their
// place.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

namespace {

//===- Slices ---------------------------------------------------------------------------------===//

/// Start, count and step of `start:end:step` on `extent` elements, as Python clips them.
struct Span {
  int64_t start, count, step;
};
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

ViewStep slice(RankedTensorType x, int64_t dim, Span span) {
  SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
  offsets[dim] = span.start;
  sizes[dim] = span.count;
  strides[dim] = span.step;
  return {ViewStep::Slice{offsets, sizes, strides}};
}

/// The dimension that an argument names of a tensor that has one.
FailureOr<int64_t> realDimension(const NodeContext &ctx, StringRef name = "dim") {
  if (ctx.type(0).getRank() == 0)
    return ctx.error("a tensor without dimensions can't be cut");
  return ctx.dimension(name, ctx.type(0).getRank());
}

/// `count` slices from one on that only the run knows.
FailureOr<ViewStep> moving(const NodeContext &ctx, Value start, int64_t dim,
                           std::optional<int64_t> count, int64_t stride) {
  if (!count) {
    auto diagnostic = ctx.error("gives as many elements as are known only when the model runs");
    diagnostic.attachNote() << "shapes have to be known; use bounds that differ by a constant";
    return diagnostic;
  }
  Formula f(ctx);
  int64_t extent = ctx.type(0).getDimSize(dim);
  if (stride < 1 || *count < 0 || *count > extent || (*count > 0 && stride > extent))
    return ctx.error("takes ") << *count << " elements, each " << stride << "th, of " << extent;
  Type integer = ctx.b.getI64Type();
  start = ctx.cast(start, integer);
  if (*count > 0) {
    auto last = static_cast<double>(extent - 1 - (*count - 1) * stride);
    Value zero = ctx.scalar(integer, 0);
    Value at =
        f.select(f.compare(start, zero, P::less), f.add(start, static_cast<double>(extent)), start);
    Value isInside = f.binary<edge::AndOp>(f.compare(at, zero, P::greater_equal),
                                           f.compare(at, ctx.scalar(integer, last), P::less_equal));
    if (failed(ctx.require(isInside, "the slice lies inside of the tensor")))
      return failure();
  }
  return ViewStep{ViewStep::Moving{start, dim, *count, stride}};
}

/// The part that `start`, `end` and `step` name; `declared` is its extent where only the run knows
/// the bounds.
FailureOr<ViewStep> rangeStep(const NodeContext &ctx, int64_t dim,
                              std::optional<int64_t> declared) {
  if (Value start = ctx.tensor("start"))
    return moving(ctx, start, dim, declared, ctx.integer("step", 1));
  if (ctx.tensor("end"))
    return moving(ctx, ctx.constant(Number::ofInteger(ctx.integer("start")), ctx.b.getI64Type()),
                  dim, declared, ctx.integer("step", 1));
  auto span = spanOf(ctx, ctx.type(0).getDimSize(dim));
  if (failed(span))
    return failure();
  return slice(ctx.type(0), dim, *span);
}

/// The part of extent 1 that `index` names.
FailureOr<ViewStep> indexStep(const NodeContext &ctx, int64_t dim) {
  if (Value index = ctx.tensor("index"))
    return moving(ctx, index, dim, 1, 1);
  int64_t extent = ctx.type(0).getDimSize(dim), index = ctx.integer("index");
  index = index < 0 ? index + extent : index;
  if (index < 0 || index >= extent)
    return ctx.error("index ") << ctx.integer("index") << " is out of range for an extent of "
                               << extent;
  return slice(ctx.type(0), dim, {index, 1, 1});
}

FailureOr<Views> importSlice(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  auto step =
      failed(dim) ? FailureOr<ViewStep>(failure()) : rangeStep(ctx, *dim, ctx.resultExtent(*dim));
  if (failed(step))
    return failure();
  return view(*step);
}

FailureOr<Views> importNarrow(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  int64_t extent = ctx.type(0).getDimSize(*dim), start = ctx.integer("start"),
          length = ctx.integer("length");
  if (Value at = ctx.tensor("start")) {
    auto step = moving(ctx, at, *dim, length, 1);
    return failed(step) ? FailureOr<Views>(failure()) : view(*step);
  }
  start = start < 0 ? start + extent : start;
  if (start < 0 || start > extent || length < 0 || length > extent - start)
    return ctx.error("takes ") << length << " elements from " << start << " on of " << extent;
  return view(slice(ctx.type(0), *dim, {start, length, 1}));
}

/// One index along a dimension, which the result lacks.
Views selected(RankedTensorType x, int64_t dim, const ViewStep &step) {
  SmallVector<int64_t> shape(x.getShape());
  shape.erase(shape.begin() + dim);
  return {View{{step, ViewStep{ViewStep::Reshape{shape}}}, {}}};
}
Views selected(RankedTensorType x, int64_t dim, int64_t index) {
  return selected(x, dim, slice(x, dim, {index, 1, 1}));
}

FailureOr<Views> importSelect(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  auto step = indexStep(ctx, *dim);
  if (failed(step))
    return failure();
  return selected(ctx.type(0), *dim, *step);
}

/// Refuses more parts than any node has results.
LogicalResult checkParts(const NodeContext &ctx, int64_t count) {
  if (count <= (1 << 16))
    return success();
  return ctx.error("splits into ") << count << " parts, which are too many";
}

FailureOr<Views> importUnbind(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  if (failed(checkParts(ctx, ctx.type(0).getDimSize(*dim))))
    return failure();
  Views views;
  for (int64_t i = 0; i < ctx.type(0).getDimSize(*dim); ++i)
    views.push_back(selected(ctx.type(0), *dim, i)[0]);
  return views;
}

FailureOr<Views> parts(const NodeContext &ctx, int64_t dim, ArrayRef<int64_t> sizes) {
  Views views;
  int64_t extent = ctx.type(0).getDimSize(dim), start = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > extent - start)
      return ctx.error("splits off ")
             << size << " elements where " << extent - start << " are left";
    views.push_back(View{{slice(ctx.type(0), dim, {start, size, 1})}, {}});
    start += size;
  }
  if (start != extent)
    return ctx.error("splits ") << extent << " elements into parts of " << start << " altogether";
  return views;
}

/// Parts of `size` of a dimension, of which the last one may be shorter.
FailureOr<Views> evenParts(NodeContext &ctx, int64_t dim, int64_t extent, int64_t size) {
  if (failed(checkParts(ctx, extent / size)))
    return failure();
  SmallVector<int64_t> each;
  for (int64_t start = 0; start < extent || start == 0; start += size)
    each.push_back(std::min(size, extent - start));
  return parts(ctx, dim, each);
}

/// Parts that end where `ends` say, and the rest.
Views partsUntil(const NodeContext &ctx, int64_t dim, SmallVector<int64_t> ends) {
  Views views;
  int64_t extent = ctx.type(0).getDimSize(dim), start = 0;
  ends.push_back(extent);
  for (int64_t end : ends) {
    end = std::clamp<int64_t>(end < 0 ? end + extent : end, 0, extent);
    int64_t count = std::max<int64_t>(end - start, 0);
    views.push_back(View{{slice(ctx.type(0), dim, {count ? start : 0, count, 1})}, {}});
    start = end;
  }
  return views;
}

FailureOr<Views> importSplit(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  const Parameter &sizes = ctx.schema.parameters[1];
  if (sizes.list)
    return parts(ctx, *dim, ctx.integers(sizes.name));
  int64_t extent = ctx.type(0).getDimSize(*dim), size = ctx.integer(sizes.name);
  if (size < 1)
    return ctx.error("splits into parts of ") << size;
  return evenParts(ctx, *dim, extent, size);
}

FailureOr<Views> importChunk(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  int64_t chunks = ctx.integer("chunks");
  if (failed(dim) || chunks < 1)
    return failed(dim) ? FailureOr<Views>(failure())
                       : ctx.error("splits into ") << chunks << " parts";
  int64_t extent = ctx.type(0).getDimSize(*dim);
  int64_t size = extent == 0 ? 1 : (extent - 1) / chunks + 1;
  return evenParts(ctx, *dim, extent, size);
}

FailureOr<Views> importTensorSplit(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  int64_t extent = ctx.type(0).getDimSize(*dim);
  SmallVector<int64_t> each;
  const Parameter &second = ctx.schema.parameters[1];
  if (!second.list) {
    int64_t count = ctx.integer(second.name);
    if (count < 1 || count > (1 << 16))
      return ctx.error("splits into ") << count << " parts";
    for (int64_t i = 0; i < count; ++i)
      each.push_back(extent / count + (i < extent % count));
    return parts(ctx, *dim, each);
  }
  return partsUntil(ctx, *dim, ctx.integers(second.name));
}

/// Parts along dimension `dim`, of a vector along its only one: so many equal ones, or those that
/// end at `indices`.
template <int64_t dim> FailureOr<Views> importSplitAlong(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t axis = dim == 1 && x.getRank() == 1 ? 0 : dim;
  if (x.getRank() <= axis)
    return ctx.error("can't split dimension ") << axis << " of " << x;
  if (takes(ctx, "indices"))
    return partsUntil(ctx, axis, ctx.integers("indices"));
  int64_t extent = x.getDimSize(axis), sections = ctx.integer("sections");
  if (sections < 1 || extent % sections)
    return ctx.error("can't split ") << extent << " into " << sections << " equal parts";
  return evenParts(ctx, axis, extent, std::max<int64_t>(extent / sections, 1));
}

//===- Places ---------------------------------------------------------------------------------===//

/// The view of diagonals, of the planes of two dimensions, along a new last one.
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

FailureOr<Views> importDiagonal(NodeContext &ctx) {
  auto step = diagonalStep(ctx);
  if (failed(step))
    return failure();
  return view(*step);
}

/// Places in memory, which are those of the elements where the tensor lies in order.
FailureOr<Views> importAsStrided(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto lies = ctx.stridesOf(0);
  SmallVector<int64_t> dense = edge::rowMajorStrides(x.getShape());
  bool inOrder = lies && lies->size() == dense.size();
  for (size_t i = 0; inOrder && i < dense.size(); ++i)
    inOrder = x.getDimSize(i) == 1 || (*lies)[i] == dense[i];
  ViewStep::Pick pick;
  pick.shape = ctx.integers("size");
  SmallVector<int64_t> strides = ctx.integers("stride");
  int64_t offset = ctx.integer("storage_offset");
  if (!inOrder || strides.size() != pick.shape.size())
    return ctx.error(
        "reads the memory of a tensor that doesn't lie in order, which is not supported");
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, pick.shape)))
    return failure();
  if (failed(checkWritten(ctx, ShapedType::getNumElements(pick.shape))))
    return failure();
  bool fits = offset >= 0 && offset <= x.getNumElements();
  for (int64_t stride : strides)
    fits &= stride >= 0 && stride <= INT32_MAX;
  if (!fits)
    return ctx.error("has wrong strides or a wrong offset");
  bool inside = true;
  edge::forEachIndex(pick.shape, [&](ArrayRef<int64_t> index, int64_t) {
    int64_t place = offset;
    for (auto [i, stride] : llvm::zip_equal(index, strides))
      place += i * stride;
    inside &= place < x.getNumElements();
    pick.places.push_back(place);
  });
  if (!inside)
    return ctx.error("reads outside of ") << x;
  return view({pick});
}

/// The real or the imaginary part.
template <int64_t index> FailureOr<Views> importPart(NodeContext &ctx) {
  if (!ctx.isComplex(0))
    return alias();
  return selected(ctx.type(0), ctx.type(0).getRank() - 1, index);
}

//===- Writes that are values -----------------------------------------------------------------===//

FailureOr<Results> scattered(const NodeContext &ctx, const ViewStep &step, Value part) {
  Value target = step.apply(ctx, ctx.input(0));
  if (!target || !part)
    return failure();
  part = ctx.cast(part, elementOf(target));
  if (part && shapeOf(part) != shapeOf(target)) {
    if (typeOf(part).getNumElements() == typeOf(target).getNumElements())
      part = ctx.reshape(part, shapeOf(target));
    else
      part = ctx.create<edge::BroadcastOp>(part, shapeOf(target));
  }
  return one(step.scatter(ctx, ctx.input(0), part));
}

FailureOr<Results> importSliceScatter(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  if (failed(dim))
    return failure();
  bool isSlice = typeOf(ctx.input(1)).getRank() == ctx.type(0).getRank();
  auto step = rangeStep(
      ctx, *dim, isSlice ? std::optional(typeOf(ctx.input(1)).getDimSize(*dim)) : std::nullopt);
  if (failed(step))
    return failure();
  return scattered(ctx, *step, ctx.input(1));
}

FailureOr<Results> importSelectScatter(NodeContext &ctx) {
  auto dim = realDimension(ctx);
  auto step = failed(dim) ? FailureOr<ViewStep>(failure()) : indexStep(ctx, *dim);
  if (failed(step))
    return failure();
  return scattered(ctx, *step, ctx.input(1));
}

FailureOr<Results> importDiagonalScatter(NodeContext &ctx) {
  auto step = diagonalStep(ctx);
  if (failed(step))
    return failure();
  return scattered(ctx, *step, ctx.input(1));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSliceRows() {
  static const OperatorRow rows[] = {
      {"aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt "
       "step=1) -> Tensor(a)",
       importSlice, OnComplex::refuse, /*atRunTime=*/"start end"},
      {"aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)",
       importNarrow, OnComplex::refuse, /*atRunTime=*/"start"},
      {"aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)", importSelect,
       OnComplex::refuse, /*atRunTime=*/"index"},
      {"aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]", importUnbind},
      {"aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]",
       importSplit},
      {"aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]",
       importSplit},
      {"aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> "
       "Tensor(a)[]",
       importSplit},
      {"aten::unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]",
       importSplit},
      {"aten::unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
       importSplit},
      {"aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]", importChunk},
      {"aten::unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]", importChunk},
      {"aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> "
       "Tensor(a)[]",
       importTensorSplit},
      {"aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> "
       "Tensor(a)[]",
       importTensorSplit},
      {"aten::vsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<0>},
      {"aten::vsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<0>},
      {"aten::hsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<1>},
      {"aten::hsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<1>},
      {"aten::dsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]", importSplitAlong<2>},
      {"aten::dsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
       importSplitAlong<2>},
      {"aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)",
       importDiagonal},
      {"aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? "
       "storage_offset=None) -> Tensor(a)",
       importAsStrided},
      {"aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? "
       "end=None, SymInt step=1) -> Tensor",
       importSliceScatter, OnComplex::parts, /*atRunTime=*/"start end"},
      {"aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor",
       importSelectScatter, OnComplex::parts, /*atRunTime=*/"index"},
      {"aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> "
       "Tensor",
       importDiagonalScatter},
      {"aten::real(Tensor(a) self) -> Tensor(a)", importPart<0>, OnComplex::whole},
      {"aten::imag(Tensor(a) self) -> Tensor(a)", importPart<1>, OnComplex::whole},
  };
  return rows;
}
