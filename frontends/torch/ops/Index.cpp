// Rows that read or write at indices held in a tensor.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using edge::ScatterReduction;

namespace {

/// A vector or a 0-d tensor of indices along `dim`.
FailureOr<Results> importIndexSelect(NodeContext &ctx) {
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  if (failed(dim))
    return failure();
  if (ctx.type(0).getRank() == 0)
    return one(ctx.input(0));
  Value index = ctx.tensor("index");
  return one(ctx.create<edge::GatherOp>(ctx.input(0),
                                        ctx.reshape(index, typeOf(index).getNumElements()), *dim));
}

FailureOr<Results> importGather(NodeContext &ctx) {
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  if (failed(dim))
    return failure();
  if (ctx.type(0).getRank() == 0)
    return one(ctx.input(0));
  return one(ctx.create<edge::GatherElementsOp>(ctx.input(0), ctx.tensor("index"), *dim));
}

/// The same with an index that broadcasts to the input but along `dim`.
FailureOr<Results> importTakeAlong(NodeContext &ctx) {
  Value x = ctx.input(0), index = ctx.input(1);
  if (!ctx.has("dim"))
    return one(ctx.create<edge::GatherOp>(ctx.reshape(x, ctx.type(0).getNumElements()),
                                          ctx.reshape(index, ctx.type(1).getNumElements()), 0));
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  if (failed(dim))
    return failure();
  SmallVector<int64_t> own(shapeOf(x)), at(shapeOf(index));
  if (own.size() != at.size() || own.empty())
    return ctx.error("expects an index of the input's rank, but got ") << ctx.type(1);
  int64_t count = at[*dim], extent = own[*dim];
  at[*dim] = own[*dim] = 1;
  auto shape = edge::broadcastShapes({own, at});
  if (failed(shape))
    return ctx.error("") << ctx.type(0) << " and " << ctx.type(1) << " can't be broadcast together";
  SmallVector<int64_t> wide(*shape);
  wide[*dim] = extent;
  (*shape)[*dim] = count;
  return one(ctx.create<edge::GatherElementsOp>(
      ctx.create<edge::BroadcastOp>(x, wide), ctx.create<edge::BroadcastOp>(index, *shape), *dim));
}

FailureOr<Results> importTake(NodeContext &ctx) {
  return one(ctx.create<edge::GatherOp>(ctx.reshape(ctx.input(0), ctx.type(0).getNumElements()),
                                        ctx.input(1), 0));
}

//===- Lists of indices -----------------------------------------------------------------------===//

/// Index tensors of some dimensions, broadcast to one shape.
struct Indices {
  SmallVector<int64_t> dims; ///< that are indexed
  SmallVector<int64_t> rest; ///< the others
  SmallVector<int64_t> shape;
  Value tuples;          ///< `[shape..., dims]`
  bool adjacent = false; ///< the indexed dimensions lie side by side: so do the new ones

  /// Indexed dimensions first.
  SmallVector<int64_t> toFront() const {
    SmallVector<int64_t> permutation(dims);
    permutation.append(rest);
    return permutation;
  }
  /// From `[shape..., rest...]` to where the new dimensions belong.
  SmallVector<int64_t> toPlace() const {
    auto count = static_cast<int64_t>(shape.size());
    int64_t before = adjacent ? llvm::count_if(rest, [&](int64_t d) { return d < dims[0]; }) : 0;
    SmallVector<int64_t> permutation;
    for (int64_t i = 0; i < before; ++i)
      permutation.push_back(count + i);
    for (int64_t i = 0; i < count; ++i)
      permutation.push_back(i);
    for (int64_t i = before; i < static_cast<int64_t>(rest.size()); ++i)
      permutation.push_back(count + i);
    return permutation;
  }
};

/// Masks that are known become the places of what is true.
FailureOr<SmallVector<Value>> spelledOut(NodeContext &ctx, ArrayRef<Value> given) {
  SmallVector<Value> result;
  for (Value index : given) {
    if (!index || !elementOf(index).isInteger(1)) {
      result.push_back(index);
      continue;
    }
    Attribute attr;
    auto mask = matchPattern(index, m_Constant(&attr)) ? edge::HostTensor::fromAttr(attr)
                                                       : FailureOr<edge::HostTensor>(failure());
    if (failed(mask)) {
      auto diagnostic = ctx.error("selects by a mask: the shape of the result depends on the data");
      diagnostic.attachNote() << "use torch.where or masked_fill instead";
      return diagnostic;
    }
    SmallVector<SmallVector<int64_t>> places(mask->getRank());
    edge::forEachIndex(mask->getShape(), [&](ArrayRef<int64_t> at, int64_t flat) {
      for (size_t d = 0; mask->getInt(flat) && d < places.size(); ++d)
        places[d].push_back(at[d]);
    });
    for (ArrayRef<int64_t> along : places)
      result.push_back(ctx.constantInts(along));
  }
  return result;
}

FailureOr<Indices> readIndices(NodeContext &ctx, StringRef name) {
  auto given = spelledOut(ctx, ctx.tensors(name));
  if (failed(given))
    return failure();
  int64_t rank = ctx.type(0).getRank();
  if (static_cast<int64_t>(given->size()) > rank)
    return ctx.error("has ") << given->size() << " indices for " << ctx.type(0);
  Indices indices;
  SmallVector<ArrayRef<int64_t>> shapes;
  for (int64_t i = 0; i < rank; ++i) {
    Value index = i < static_cast<int64_t>(given->size()) ? (*given)[i] : Value();
    (index ? indices.dims : indices.rest).push_back(i);
    if (index)
      shapes.push_back(shapeOf(index));
  }
  if (indices.dims.empty())
    return ctx.error("has no indices");
  auto shape = edge::broadcastShapes(shapes);
  if (failed(shape))
    return ctx.error("its indices can't be broadcast together");
  indices.shape = *shape;
  indices.adjacent =
      indices.dims.back() - indices.dims.front() + 1 == static_cast<int64_t>(indices.dims.size());
  SmallVector<int64_t> column(*shape);
  column.push_back(1);
  SmallVector<Value> parts;
  for (int64_t dim : indices.dims) {
    Value index =
        ctx.create<edge::BroadcastOp>(ctx.cast((*given)[dim], ctx.b.getI64Type()), *shape);
    parts.push_back(ctx.reshape(index, column));
    if (!parts.back())
      return failure();
  }
  indices.tuples = parts.size() == 1
                       ? parts[0]
                       : ctx.create<edge::ConcatOp>(ValueRange(parts), int64_t(shape->size()));
  return indices;
}

FailureOr<Results> importIndex(NodeContext &ctx) {
  auto indices = readIndices(ctx, "indices");
  if (failed(indices) || !indices->tuples)
    return failure();
  if (indices->dims.size() == 1) // is where it belongs
    return one(ctx.create<edge::GatherOp>(
        ctx.input(0), ctx.reshape(indices->tuples, indices->shape), indices->dims[0]));
  Value picked = ctx.create<edge::GatherNDOp>(ctx.transpose(ctx.input(0), indices->toFront()),
                                              indices->tuples, 0);
  return one(ctx.transpose(picked, indices->toPlace()));
}

FailureOr<Results> importIndexPut(NodeContext &ctx) {
  Value x = ctx.input(0), values = ctx.cast(ctx.tensor("values"), elementOf(x));
  ArrayRef<Value> given = ctx.tensors("indices");
  // One value where a mask is true is a choice.
  bool oneMask = given.size() == 1 && given[0] && elementOf(given[0]).isInteger(1) && values &&
                 typeOf(values).getNumElements() == 1;
  if (oneMask) {
    SmallVector<int64_t> shape(shapeOf(given[0]));
    shape.resize(std::max<size_t>(shapeOf(x).size(), shape.size()), 1);
    Value written = ctx.reshape(values, {});
    if (ctx.flag("accumulate"))
      written = Formula(ctx).add(x, written);
    return one(ctx.create<edge::SelectOp>(ctx.reshape(given[0], shape), written, x));
  }
  auto indices = readIndices(ctx, "indices");
  if (failed(indices) || !indices->tuples || !values)
    return failure();
  SmallVector<int64_t> toFront = indices->toFront(), toPlace = indices->toPlace();
  // What is written has the shape that reading there would give.
  SmallVector<int64_t> frontShape(indices->shape), shape;
  for (int64_t dim : indices->rest)
    frontShape.push_back(ctx.type(0).getDimSize(dim));
  for (int64_t place : toPlace)
    shape.push_back(frontShape[place]);
  values = ctx.transpose(ctx.create<edge::BroadcastOp>(values, shape),
                         edge::inversePermutation(toPlace));
  auto reduction = ctx.flag("accumulate") ? ScatterReduction::add : ScatterReduction::none;
  Value written =
      ctx.create<edge::ScatterNDOp>(ctx.transpose(x, toFront), indices->tuples, values, reduction);
  return one(ctx.transpose(written, edge::inversePermutation(toFront)));
}

//===- Whole slices ---------------------------------------------------------------------------===//

/// Writes or adds `source` at a vector of indices along `dim`.
FailureOr<Results> writeSlices(const NodeContext &ctx, Value source, ScatterReduction reduction) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  Value index = ctx.tensor("index");
  if (failed(dim) || !source)
    return failure();
  if (x.getRank() == 0)
    return ctx.error("writes to a tensor without dimensions");
  source = ctx.cast(source, x.getElementType());
  SmallVector<int64_t> shape(x.getShape());
  shape[*dim] = typeOf(index).getNumElements();
  if (typeOf(source).getRank() == 0)
    source = ctx.create<edge::BroadcastOp>(source, shape);
  if (!source || shapeOf(source) != ArrayRef<int64_t>(shape))
    return ctx.error("writes ") << typeOf(source) << " where "
                                << RankedTensorType::get(shape, x.getElementType())
                                << " is expected";
  return one(torch::writeSlices(ctx, ctx.input(0), source, index, *dim, reduction));
}

FailureOr<Results> importIndexCopy(NodeContext &ctx) {
  return writeSlices(ctx, ctx.tensor("source"), ScatterReduction::none);
}
FailureOr<Results> importIndexAdd(NodeContext &ctx) {
  auto alpha = ctx.scalar("alpha");
  if (failed(alpha))
    return failure();
  Value source = ctx.tensor("source");
  if (alpha->asReal() != 1)
    source = Formula(ctx).mul(source, ctx.constant(*alpha, elementOf(source)));
  return writeSlices(ctx, source, ScatterReduction::add);
}
FailureOr<Results> importIndexFill(NodeContext &ctx) {
  return writeSlices(ctx, ctx.operandAs(3, elementOf(ctx.input(0))), ScatterReduction::none);
}

//===- Elements -------------------------------------------------------------------------------===//

/// `updates` is a number or a tensor, of which as much is used as there are indices.
FailureOr<Results> scatter(const NodeContext &ctx, Value base, Value updates,
                           ScatterReduction reduction) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  Value index = ctx.tensor("index");
  if (failed(dim) || !base || !updates)
    return failure();
  if (typeOf(index).getNumElements() == 0)
    return one(base);
  if (x.getRank() == 0) {
    base = ctx.reshape(base, {1});
    index = ctx.reshape(index, {1});
    updates = ctx.reshape(updates, {1});
  }
  if (typeOf(updates).getRank() == 0) {
    updates = ctx.create<edge::BroadcastOp>(updates, shapeOf(index));
  } else if (shapeOf(updates) != shapeOf(index)) {
    SmallVector<int64_t> zeros(shapeOf(updates).size(), 0), ones(shapeOf(updates).size(), 1);
    updates = ctx.create<edge::SliceOp>(updates, zeros, shapeOf(index), ones);
  }
  Value y = ctx.create<edge::ScatterElementsOp>(base, index, updates, *dim, reduction);
  return one(x.getRank() == 0 ? ctx.reshape(y, {}) : y);
}

/// How torch calls reductions.
FailureOr<ScatterReduction> reductionNamed(const NodeContext &ctx, StringRef name) {
  if (name == "add" || name == "sum" || name == "mean")
    return ScatterReduction::add;
  if (name == "multiply" || name == "prod")
    return ScatterReduction::mul;
  if (name == "amax")
    return ScatterReduction::max;
  if (name == "amin")
    return ScatterReduction::min;
  return ctx.error("reduction '") << name << "' is not one that torch has";
}

FailureOr<Results> importScatter(NodeContext &ctx) {
  auto reduction = FailureOr<ScatterReduction>(ScatterReduction::none);
  if (ctx.schema.parameters.back().name == "reduce")
    reduction = reductionNamed(ctx, ctx.text("reduce"));
  if (failed(reduction))
    return failure();
  return scatter(ctx, ctx.input(0), ctx.operandAs(3, elementOf(ctx.input(0))), *reduction);
}

FailureOr<Results> importScatterAdd(NodeContext &ctx) {
  return scatter(ctx, ctx.input(0), ctx.tensor("src"), ScatterReduction::add);
}

/// Without the elements that are there, those that are written to begin with what changes nothing.
FailureOr<Results> importScatterReduce(NodeContext &ctx) {
  StringRef name = ctx.text("reduce");
  auto reduction = reductionNamed(ctx, name);
  if (failed(reduction))
    return failure();
  Value x = ctx.input(0);
  Type element = elementOf(x);
  bool includeSelf = ctx.flag("include_self");
  if (!includeSelf) {
    if (!isa<FloatType>(element) && *reduction != ScatterReduction::add &&
        *reduction != ScatterReduction::mul)
      return ctx.error("leaves out the elements that are there, in a reduction of integers");
    double neutral = *reduction == ScatterReduction::mul   ? 1
                     : *reduction == ScatterReduction::max ? -INFINITY
                     : *reduction == ScatterReduction::min ? INFINITY
                                                           : 0;
    auto cleared = scatter(ctx, x, ctx.scalar(element, neutral), ScatterReduction::none);
    if (failed(cleared))
      return failure();
    x = cleared->front();
  }
  auto total = scatter(ctx, x, ctx.tensor("src"), *reduction);
  if (failed(total) || name != "mean")
    return total;
  if (!isa<FloatType>(element))
    return ctx.error("has a mean of integers, which is not supported");
  auto count = scatter(ctx, createFull(ctx, Number::ofInteger(includeSelf), element, shapeOf(x)),
                       ctx.scalar(element, 1), ScatterReduction::add);
  if (failed(count))
    return failure();
  Formula f(ctx);
  return one(f.div(total->front(), f.binary<edge::MaxOp>(count->front(), 1.0)));
}

//===- Places ---------------------------------------------------------------------------------===//

FailureOr<Results> importOneHot(NodeContext &ctx) {
  int64_t classes = ctx.integer("num_classes"), rank = ctx.type(0).getRank();
  if (classes < 1)
    return ctx.error("the number of classes depends on the data; give it as num_classes");
  if (failed(checkWritten(ctx, classes)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(ctx.input(0)));
  shape.push_back(1);
  Value index = ctx.reshape(ctx.input(0), shape);
  Value hot = Formula(ctx).compare(index, createRamp(ctx, classes, rank, rank + 1),
                                   edge::ComparePredicate::equal);
  return one(ctx.cast(hot, ctx.b.getI64Type()));
}

/// What is true takes the elements of a source in their order, as many as there are.
FailureOr<Results> importMaskedScatter(NodeContext &ctx) {
  auto shape = edge::broadcastShapes({shapeOf(ctx.input(0)), shapeOf(ctx.input(1))});
  int64_t count = ctx.type(2).getNumElements();
  if (failed(shape))
    return ctx.error("") << ctx.type(0) << " and " << ctx.type(1) << " can't be broadcast together";
  if (count == 0)
    return one(ctx.create<edge::BroadcastOp>(ctx.input(0), *shape));
  int64_t all = ShapedType::getNumElements(*shape);
  Value mask = ctx.create<edge::BroadcastOp>(ctx.input(1), *shape);
  Value place = ctx.cast(ctx.reshape(mask, {all}), ctx.b.getI64Type());
  place = ctx.create<edge::CumulateOp>(place, edge::ReduceKind::sum, 0, /*exclusive=*/true, false);
  // What isn't written reads some element all the same.
  Formula f(ctx);
  place = f.binary<edge::MinOp>(place, static_cast<double>(count - 1));
  Value source = ctx.cast(ctx.reshape(ctx.input(2), {count}), elementOf(ctx.input(0)));
  Value written = ctx.reshape(ctx.create<edge::GatherOp>(source, place, 0), *shape);
  return one(f.select(mask, written, ctx.input(0)));
}

/// Whether each element is among some others.
FailureOr<Results> importIsIn(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  if (!p.x || !p.y)
    return failure();
  SmallVector<int64_t> column(shapeOf(p.x));
  column.push_back(1);
  Formula f(ctx);
  Value others = ctx.reshape(p.y, typeOf(p.y).getNumElements());
  Value same = f.compare(ctx.reshape(p.x, column), others, edge::ComparePredicate::equal);
  Value any = f.reduce(same, edge::ReduceKind::max, typeOf(p.x).getRank(), false);
  return one(ctx.flag("invert") ? f.unary<edge::NotOp>(any) : any);
}

/// How many boundaries lie before each value.
FailureOr<Results> places(const NodeContext &ctx, Value values, Value bounds) {
  if (!values || !bounds)
    return failure();
  if (typeOf(bounds).getRank() != 1)
    return ctx.error("expects a vector of boundaries, but got ") << bounds.getType();
  Type element = promote({{elementOf(values)}, {elementOf(bounds)}});
  SmallVector<int64_t> column(shapeOf(values));
  column.push_back(1);
  Formula f(ctx);
  Value before = f.compare(
      ctx.cast(bounds, element), ctx.reshape(ctx.cast(values, element), column),
      ctx.flag("right") ? edge::ComparePredicate::less_equal : edge::ComparePredicate::less);
  Type integer = ctx.flag("out_int32") ? ctx.b.getI32Type() : ctx.b.getI64Type();
  return one(
      f.reduce(ctx.cast(before, integer), edge::ReduceKind::sum, typeOf(values).getRank(), false));
}
FailureOr<Results> importBucketize(NodeContext &ctx) {
  return places(ctx, ctx.operandAs(0, ctx.operand(0).element), ctx.input(1));
}
FailureOr<Results> importSearchsorted(NodeContext &ctx) {
  if (ctx.has("sorter") || ctx.text("side") == "right")
    return ctx.error("a sorter or a side as text is not supported; use right=True");
  return places(ctx, ctx.operandAs(1, ctx.operand(1).element), ctx.input(0));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getIndexRows() {
  static const OperatorRow rows[] = {
      {"aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool "
       "assume_unique=False, bool invert=False) -> Tensor",
       importIsIn},
      {"aten::isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool "
       "assume_unique=False, bool invert=False) -> Tensor",
       importIsIn},
      {"aten::index_select(Tensor self, int dim, Tensor index) -> Tensor", importIndexSelect,
       OnComplex::parts},
      {"aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
       importGather, OnComplex::parts},
      {"aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor",
       importTakeAlong},
      {"aten::take(Tensor self, Tensor index) -> Tensor", importTake},
      {"aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", importIndex,
       OnComplex::parts},
      {"aten::_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", importIndex},
      {"aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> "
       "Tensor",
       importIndexPut, OnComplex::parts},
      {"aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) "
       "-> Tensor(a!)",
       importIndexPut, OnComplex::parts},
      {"aten::_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool "
       "accumulate=False) -> Tensor",
       importIndexPut},
      {"aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
       importIndexCopy},
      {"aten::index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)",
       importIndexCopy},
      {"aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> "
       "Tensor",
       importIndexAdd},
      {"aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) "
       "-> Tensor(a!)",
       importIndexAdd},
      {"aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
       importIndexFill},
      {"aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
       importIndexFill},
      {"aten::index_fill_.int_Scalar(Tensor(a!) self, int dim, Tensor index, Scalar value) -> "
       "Tensor(a!)",
       importIndexFill},
      {"aten::index_fill_.int_Tensor(Tensor(a!) self, int dim, Tensor index, Tensor value) -> "
       "Tensor(a!)",
       importIndexFill},
      {"aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
       importScatter},
      {"aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
       importScatter},
      {"aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> "
       "Tensor",
       importScatter},
      {"aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str "
       "reduce) -> Tensor",
       importScatter},
      {"aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)",
       importScatter},
      {"aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)",
       importScatter},
      {"aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
       importScatterAdd},
      {"aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)",
       importScatterAdd},
      {"aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, "
       "bool include_self=True) -> Tensor",
       importScatterReduce},
      {"aten::scatter_reduce_.two(Tensor(a!) self, int dim, Tensor index, Tensor src, str reduce, "
       "*, bool include_self=True) -> Tensor(a!)",
       importScatterReduce},
      {"aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor",
       importMaskedScatter},
      {"aten::one_hot(Tensor self, int num_classes=-1) -> Tensor", importOneHot},
      {"aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool "
       "right=False) -> Tensor",
       importBucketize},
      {"aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool "
       "right=False) -> Tensor",
       importBucketize},
      {"aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, "
       "bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
       importSearchsorted},
      {"aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, "
       "bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
       importSearchsorted},
  };
  return rows;
}
