#include "frontends/torch/Views.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/Formula.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

template <typename... Fns> struct Overloaded : Fns... {
  using Fns::operator()...;
};

Value ViewStep::Moving::indices(const OpContext &ctx) const {
  SmallVector<int64_t> places(count);
  for (int64_t i = 0; i < count; ++i)
    places[i] = i * stride;
  return Formula(ctx).add(ctx.constantInts(places), start);
}

Value ViewStep::apply(const OpContext &ctx, Value base) const {
  if (!base)
    return {};
  return std::visit(
      Overloaded{
          [&](const Reshape &s) -> Value { return ctx.reshape(base, s.shape); },
          [&](const Transpose &s) -> Value { return ctx.transpose(base, s.permutation); },
          [&](const Slice &s) -> Value {
            return ctx.create<edge::SliceOp>(base, s.offsets, s.sizes, s.strides);
          },
          [&](const Broadcast &s) -> Value { return ctx.create<edge::BroadcastOp>(base, s.shape); },
          [&](const Pick &s) -> Value {
            Value flat = ctx.reshape(base, typeOf(base).getNumElements());
            Value picked = ctx.create<edge::GatherOp>(flat, ctx.constantInts(s.places), 0);
            return ctx.reshape(picked, s.shape);
          },
          [&](const Moving &s) -> Value {
            return ctx.create<edge::GatherOp>(base, s.indices(ctx), s.axis);
          }},
      step);
}

/// `base` with `part` at places offset, offset + stride... along `axis`; all of it elsewhere.
static Value insertAlong(const OpContext &ctx, Value base, Value part, int64_t axis, int64_t offset,
                         int64_t stride) {
  if (!base || !part)
    return {};
  ArrayRef<int64_t> shape = shapeOf(base);
  int64_t rank = static_cast<int64_t>(shape.size()), count = shapeOf(part)[axis];
  if (count == 0)
    return base;
  if (stride == 1) {
    SmallVector<Value> pieces;
    auto piece = [&](int64_t from, int64_t to) {
      SmallVector<int64_t> offsets(rank, 0), sizes(shape), strides(rank, 1);
      offsets[axis] = from;
      sizes[axis] = to - from;
      if (to > from)
        pieces.push_back(ctx.create<edge::SliceOp>(base, offsets, sizes, strides));
    };
    piece(0, offset);
    pieces.push_back(part);
    piece(offset + count, shape[axis]);
    return pieces.size() == 1 ? part : ctx.create<edge::ConcatOp>(ValueRange(pieces), axis);
  }
  SmallVector<int64_t> toFront{axis}, places(count);
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      toFront.push_back(i);
  for (int64_t i = 0; i < count; ++i)
    places[i] = offset + i * stride;
  Value indices = ctx.reshape(ctx.constantInts(places), {count, 1});
  Value written =
      ctx.create<edge::ScatterNDOp>(ctx.transpose(base, toFront), indices,
                                    ctx.transpose(part, toFront), edge::ScatterReduction::none);
  return ctx.transpose(written, edge::inversePermutation(toFront));
}

/// Dimension by dimension: the slice along the first one is taken out, written, and put back.
static Value insertSlice(const OpContext &ctx, Value base, Value part, const ViewStep::Slice &slice,
                         int64_t from) {
  int64_t rank = typeOf(base).getRank(), axis = from;
  ArrayRef<int64_t> shape = shapeOf(base);
  while (axis < rank && slice.sizes[axis] == shape[axis] && slice.strides[axis] == 1)
    ++axis;
  if (axis == rank)
    return part;
  SmallVector<int64_t> offsets(rank, 0), sizes(shape), strides(rank, 1);
  offsets[axis] = slice.offsets[axis];
  sizes[axis] = slice.sizes[axis];
  strides[axis] = slice.strides[axis];
  Value inner = ctx.create<edge::SliceOp>(base, offsets, sizes, strides);
  inner = inner ? insertSlice(ctx, inner, part, slice, axis + 1) : Value();
  return insertAlong(ctx, base, inner, axis, slice.offsets[axis], slice.strides[axis]);
}

Value edgec::torch::writeSlices(const OpContext &ctx, Value base, Value part, Value indices,
                                int64_t axis, edge::ScatterReduction reduction) {
  if (!base || !part || !indices)
    return {};
  // Rows of what lies behind the axis, at places (before, index): nothing has to be transposed.
  ArrayRef<int64_t> shape = shapeOf(base);
  int64_t before = ShapedType::getNumElements(shape.take_front(axis)),
          behind = ShapedType::getNumElements(shape.drop_front(axis + 1)),
          count = typeOf(indices).getNumElements();
  Value places = ctx.reshape(indices, {count, 1});
  SmallVector<int64_t> rows{shape[axis], behind}, written{count, behind};
  if (before != 1) {
    SmallVector<int64_t> outer(before);
    std::iota(outer.begin(), outer.end(), 0);
    SmallVector<int64_t> all{before, count, 1};
    Value first = ctx.reshape(ctx.constantInts(outer), {before, 1, 1});
    Value pair[] = {ctx.create<edge::BroadcastOp>(first, all),
                    ctx.create<edge::BroadcastOp>(ctx.cast(places, ctx.b.getI64Type()), all)};
    places = ctx.create<edge::ConcatOp>(ValueRange(pair), 2);
    rows.insert(rows.begin(), before);
    written.insert(written.begin(), before);
  }
  Value result = ctx.create<edge::ScatterNDOp>(ctx.reshape(base, rows), places,
                                               ctx.reshape(part, written), reduction);
  return ctx.reshape(result, shape);
}

Value ViewStep::scatter(const OpContext &ctx, Value base, Value view) const {
  if (!base || !view)
    return {};
  return std::visit(
      Overloaded{[&](const Reshape &) -> Value { return ctx.reshape(view, shapeOf(base)); },
                 [&](const Transpose &s) -> Value {
                   return ctx.transpose(view, edge::inversePermutation(s.permutation));
                 },
                 [&](const Slice &s) -> Value { return insertSlice(ctx, base, view, s, 0); },
                 [&](const Broadcast &s) -> Value {
                   if (shapeOf(base) == ArrayRef<int64_t>(s.shape))
                     return view;
                   ctx.error("writes to an expanded tensor, of which several elements are one");
                   return {};
                 },
                 [&](const Pick &s) -> Value {
                   auto count = static_cast<int64_t>(s.places.size());
                   Value flat = ctx.reshape(base, typeOf(base).getNumElements());
                   Value places = ctx.reshape(ctx.constantInts(s.places), {count, 1});
                   Value written = ctx.create<edge::ScatterNDOp>(
                       flat, places, ctx.reshape(view, count), edge::ScatterReduction::none);
                   return ctx.reshape(written, shapeOf(base));
                 },
                 [&](const Moving &s) -> Value {
                   return writeSlices(ctx, base, view, s.indices(ctx), s.axis,
                                      edge::ScatterReduction::none);
                 }},
      step);
}

TensorView::TensorView(Value value) : storage(std::make_shared<Storage>()), known(value) {
  storage->value = value;
}

Value TensorView::read(const OpContext &ctx) {
  if (!storage)
    return {};
  if (known && version == storage->version)
    return known;
  Value value = storage->value;
  for (const ViewStep &step : steps)
    value = step.apply(ctx, value);
  version = storage->version;
  return known = value;
}

TensorView TensorView::view(const OpContext &ctx, const ViewSteps &more) {
  TensorView result;
  result.storage = storage;
  result.steps = steps;
  result.steps.append(more);
  result.known = read(ctx);
  for (const ViewStep &step : more)
    result.known = step.apply(ctx, result.known);
  result.version = version;
  return result;
}

LogicalResult TensorView::write(const OpContext &ctx, Value value) {
  SmallVector<Value> chain{storage->value};
  for (const ViewStep &step : steps)
    chain.push_back(step.apply(ctx, chain.back()));
  Value updated = value;
  for (size_t i = steps.size(); i-- > 0;)
    updated = steps[i].scatter(ctx, chain[i], updated);
  if (!updated)
    return failure();
  storage->value = updated;
  version = ++storage->version;
  known = value;
  return success();
}

bool edgec::torch::canReshapeInPlace(ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
                                     ArrayRef<int64_t> shape) {
  if (llvm::is_contained(sizes, 0))
    return true;
  SmallVector<std::pair<int64_t, int64_t>> dims; // extents and strides, without those of extent 1
  for (auto [size, stride] : llvm::zip_equal(sizes, strides))
    if (size != 1)
      dims.emplace_back(size, stride);
  // Each run of dimensions whose elements lie at one distance has to become whole new dimensions.
  int64_t next = static_cast<int64_t>(shape.size()) - 1, run = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    run *= dims[i].first;
    if (i > 0 && dims[i - 1].second == dims[i].first * dims[i].second)
      continue;
    int64_t covered = 1;
    while (next >= 0 && covered < run)
      covered *= shape[next--];
    if (covered != run)
      return false;
    run = 1;
  }
  return llvm::all_of(shape.take_front(next + 1), [](int64_t extent) { return extent == 1; });
}
