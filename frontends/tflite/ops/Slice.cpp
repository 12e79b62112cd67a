// Parts of a tensor.
#include "frontends/tflite/Importer.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;

namespace {

FailureOr<Results> importSlice(NodeContext &ctx) {
  auto offsets = ctx.constantInts(1, "the begin of a slice"),
       sizes = ctx.constantInts(2, "the size of a slice");
  if (failed(offsets) || failed(sizes))
    return failure();
  auto x = ctx.type(0);
  auto rank = static_cast<size_t>(x.getRank());
  if (offsets->size() != rank || sizes->size() != rank)
    return ctx.error("has ") << offsets->size() << " begins and " << sizes->size()
                             << " sizes for rank " << rank;
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent = x.getDimSize(static_cast<unsigned>(i)), &size = (*sizes)[i];
    int64_t offset = (*offsets)[i];
    if (offset < 0 || offset > extent || size < -1)
      return ctx.error("begins at ") << offset << " of " << extent << " with a size of " << size;
    if (size == -1)
      size = extent - offset;
    if (size > extent - offset)
      return ctx.error("takes ") << size << " elements where " << extent - offset << " are left";
  }
  return one(ctx.result(
      ctx.create<edge::SliceOp>(ctx.moved(0), *offsets, *sizes, SmallVector<int64_t>(rank, 1))));
}

bool bit(int32_t mask, size_t i) { return i < 32 && (static_cast<uint32_t>(mask) >> i & 1); }

/// As NumPy's x[begin:end:step, ..., newaxis, index], with a bit of a mask for each of its forms.
FailureOr<Results> importStridedSlice(NodeContext &ctx) {
  const auto &options = ctx.options<StridedSliceOptions>();
  auto begin = ctx.constantInts(1, "the begin of a slice"),
       end = ctx.constantInts(2, "the end of a slice"),
       steps = ctx.constantInts(3, "the step of a slice");
  if (failed(begin) || failed(end) || failed(steps))
    return failure();
  auto x = ctx.type(0);
  size_t entries = begin->size(), rank = x.getRank(), used = 0;
  if (end->size() != entries || steps->size() != entries)
    return ctx.error("has ") << entries << " begins, " << end->size() << " ends and "
                             << steps->size() << " steps";
  for (size_t i = 0; i < entries; ++i)
    used += !bit(options.new_axis_mask(), i) && !bit(options.ellipsis_mask(), i);
  if (used > rank)
    return ctx.error("slices ") << used << " dimensions of rank " << rank;
  SmallVector<int64_t> offsets(rank, 0), sizes(x.getShape()), strides(rank, 1), shape;
  size_t dimension = 0;
  bool ellipsis = false;
  auto keepRest = [&](size_t count) {
    for (size_t i = 0; i < count; ++i)
      shape.push_back(sizes[dimension++]);
  };
  for (size_t i = 0; i < entries; ++i) {
    if (bit(options.ellipsis_mask(), i)) {
      if (std::exchange(ellipsis, true))
        return ctx.error("has more than one ellipsis");
      keepRest(rank - used);
      continue;
    }
    if (bit(options.new_axis_mask(), i)) {
      shape.push_back(1);
      continue;
    }
    int64_t extent = x.getDimSize(dimension), step = (*steps)[i], from = (*begin)[i],
            to = (*end)[i];
    if (options.offset())
      to += from;
    if (step == 0)
      return ctx.error("has a step of zero");
    step = std::clamp(step, -std::max<int64_t>(extent, 1), std::max<int64_t>(extent, 1));
    if (bit(options.shrink_axis_mask(), i)) {
      int64_t at = from < 0 ? from + extent : from;
      if (at < 0 || at >= extent)
        return ctx.error("takes element ") << from << " of " << extent;
      offsets[dimension] = at;
      sizes[dimension] = 1;
      ++dimension;
      continue;
    }
    int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? extent : extent - 1;
    auto clamp = [&](int64_t at) {
      return std::clamp(at < 0 ? at + extent : at, lowest, std::max(highest, lowest));
    };
    from = bit(options.begin_mask(), i) ? (step > 0 ? lowest : highest) : clamp(from);
    to = bit(options.end_mask(), i) ? (step > 0 ? highest : lowest) : clamp(to);
    int64_t count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
    sizes[dimension] = std::max<int64_t>(count, 0);
    offsets[dimension] = sizes[dimension] ? from : 0;
    strides[dimension] = sizes[dimension] ? step : 1;
    shape.push_back(sizes[dimension]);
    ++dimension;
  }
  keepRest(rank - dimension);
  return one(ctx.result(
      ctx.reshape(ctx.create<edge::SliceOp>(ctx.moved(0), offsets, sizes, strides), shape)));
}

/// Parts of given extents along an axis.
FailureOr<Results> split(NodeContext &ctx, unsigned index, int64_t axis,
                         ArrayRef<int64_t> extents) {
  auto x = ctx.type(index);
  SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
  Results results;
  for (auto [i, extent] : llvm::enumerate(extents)) {
    auto output = static_cast<unsigned>(i);
    if (extent < 0 || extent > x.getDimSize(axis) - offsets[axis])
      return ctx.error("splits off ")
             << extent << " elements where " << x.getDimSize(axis) - offsets[axis] << " are left";
    sizes[axis] = extent;
    Value whole = ctx.sameQuantization(index, output) ? ctx.input(index) : ctx.real(index);
    results.push_back(
        ctx.result(ctx.create<edge::SliceOp>(whole, offsets, sizes, strides), output));
    if (!results.back())
      return failure();
    offsets[axis] += extent;
  }
  return results;
}

FailureOr<Results> importSplit(NodeContext &ctx) {
  auto given = ctx.constantInts(0, "the axis");
  if (failed(given))
    return failure();
  int64_t count = ctx.numOutputs();
  if (given->size() != 1 || count == 0)
    return ctx.error("expects one axis, and outputs");
  auto axis = ctx.axis(given->front(), ctx.type(1).getRank());
  if (failed(axis))
    return failure();
  int64_t extent = ctx.type(1).getDimSize(*axis);
  if (extent % count)
    return ctx.error("can't split ") << extent << " elements into " << count << " parts";
  return split(ctx, 1, *axis, SmallVector<int64_t>(count, extent / count));
}

FailureOr<Results> importSplitV(NodeContext &ctx) {
  auto extents = ctx.constantInts(1, "the sizes of a split"),
       given = ctx.constantInts(2, "the axis");
  if (failed(extents) || failed(given))
    return failure();
  if (given->size() != 1 || extents->size() != ctx.numOutputs())
    return ctx.error("expects one axis, and a size for each of ") << ctx.numOutputs() << " outputs";
  auto axis = ctx.axis(given->front(), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  int64_t rest = ctx.type(0).getDimSize(*axis), *open = nullptr;
  for (int64_t &extent : *extents) {
    if (extent == -1 && !open)
      open = &extent;
    else
      rest -= std::clamp<int64_t>(extent, 0, INT32_MAX);
  }
  if (open)
    *open = rest;
  return split(ctx, 0, *axis, *extents);
}

FailureOr<Results> importUnpack(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto axis = ctx.axis(ctx.options<UnpackOptions>().axis(), x.getRank());
  if (failed(axis))
    return failure();
  if (x.getDimSize(*axis) != static_cast<int64_t>(ctx.numOutputs()))
    return ctx.error("unpacks ") << x.getDimSize(*axis) << " slices to " << ctx.numOutputs()
                                 << " outputs";
  auto parts = split(ctx, 0, *axis, SmallVector<int64_t>(ctx.numOutputs(), 1));
  if (failed(parts))
    return failure();
  SmallVector<int64_t> shape(x.getShape());
  shape.erase(shape.begin() + *axis);
  for (Value &part : *parts)
    if (!(part = ctx.reshape(part, shape)))
      return failure();
  return parts;
}

FailureOr<Results> importReverse(NodeContext &ctx) {
  auto given = ctx.constantInts(1, "the axes");
  if (failed(given))
    return failure();
  auto x = ctx.type(0);
  auto axes = ctx.axes(*given, x.getRank());
  if (failed(axes))
    return failure();
  SmallVector<int64_t> offsets(x.getRank(), 0), strides(x.getRank(), 1);
  for (int64_t axis : *axes)
    if (x.getDimSize(axis) > 0) {
      offsets[axis] = x.getDimSize(axis) - 1;
      strides[axis] = -1;
    }
  return one(ctx.result(ctx.create<edge::SliceOp>(ctx.moved(0), offsets, x.getShape(), strides)));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getSliceRows() {
  static constexpr OperatorRow rows[] = {
      {B::REVERSE_V2, importReverse, 2},
      {B::SLICE, importSlice, 3},
      {B::SPLIT, importSplit, 2},
      {B::SPLIT_V, importSplitV, 3},
      {B::STRIDED_SLICE, importStridedSlice, 4},
      {B::UNPACK, importUnpack},
  };
  return rows;
}
