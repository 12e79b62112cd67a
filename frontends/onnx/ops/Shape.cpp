// Reshape, Transpose, Slice, Concat, Split, Pad and what else moves elements by rules known at
// compile time.
#include "frontends/onnx/ops/Row.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

FailureOr<Results> importShape(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  auto clamped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = clamped(ctx.intAttr("start", 0)), end = clamped(ctx.intAttr("end", rank));
  return one(
      ctx.constantInts(ctx.type(0).getShape().slice(start, std::max<int64_t>(end - start, 0))));
}

FailureOr<Results> importSize(NodeContext &ctx) {
  edge::HostTensor size(RankedTensorType::get({}, ctx.b.getI64Type()));
  size.setInt(0, ctx.type(0).getNumElements());
  return one(ctx.constantTensor(size));
}

FailureOr<Results> importReshape(NodeContext &ctx) {
  auto shape = ctx.constantInts(1, "the shape");
  if (failed(shape))
    return failure();
  auto x = ctx.type(0);
  bool allowZero = ctx.intAttr("allowzero", 0);
  int64_t known = 1, open = -1;
  for (auto [i, extent] : llvm::enumerate(*shape)) {
    if (extent == 0 && !allowZero) {
      if (static_cast<int64_t>(i) >= x.getRank())
        return ctx.error("the shape copies dimension ")
               << i << " of an input of rank " << x.getRank();
      extent = x.getDimSize(i);
    }
    if (extent == -1) {
      if (open >= 0)
        return ctx.error("the shape has more than one -1");
      open = i;
    } else if (extent < 0 || __builtin_mul_overflow(known, extent, &known)) {
      return ctx.error("the shape has an impossible extent of ") << extent;
    }
  }
  if (open >= 0) {
    if (known == 0 ? x.getNumElements() != 0 : x.getNumElements() % known != 0)
      return ctx.error("") << x.getNumElements()
                           << " elements can't be given a shape whose known extents make " << known;
    (*shape)[open] = known == 0 ? 0 : x.getNumElements() / known;
  }
  return one(ctx.reshape(ctx.input(0), *shape));
}

FailureOr<Results> importFlatten(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t axis = ctx.intAttr("axis", 1);
  if (axis < -x.getRank() || axis > x.getRank())
    return ctx.error("axis ") << axis << " is out of range for rank " << x.getRank();
  if (axis < 0)
    axis += x.getRank();
  int64_t outer = ShapedType::getNumElements(x.getShape().take_front(axis));
  int64_t inner = ShapedType::getNumElements(x.getShape().drop_front(axis));
  return one(ctx.reshape(ctx.input(0), {outer, inner}));
}

FailureOr<Results> importSqueeze(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto given = ctx.intsInputOrAttr(1, "axes");
  if (failed(given))
    return failure();
  bool all = !ctx.input(1) && !ctx.has("axes");
  auto axes = ctx.axes(*given, x.getRank());
  if (failed(axes))
    return failure();
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(x.getShape())) {
    bool squeezed = all ? extent == 1 : llvm::is_contained(*axes, static_cast<int64_t>(i));
    if (squeezed && extent != 1)
      return ctx.error("dimension ") << i << " of extent " << extent << " can't be squeezed";
    if (!squeezed)
      shape.push_back(extent);
  }
  return one(ctx.reshape(ctx.input(0), shape));
}

FailureOr<Results> importUnsqueeze(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto given = ctx.intsInputOrAttr(1, "axes");
  if (failed(given))
    return failure();
  int64_t rank = x.getRank() + static_cast<int64_t>(given->size());
  auto axes = ctx.axes(*given, rank);
  if (failed(axes))
    return failure();
  SmallVector<int64_t> shape;
  const int64_t *next = x.getShape().begin();
  for (int64_t i = 0; i < rank; ++i)
    shape.push_back(llvm::is_contained(*axes, i) ? 1 : *next++);
  return one(ctx.reshape(ctx.input(0), shape));
}

FailureOr<Results> importTranspose(NodeContext &ctx) {
  SmallVector<int64_t> reversed(ctx.type(0).getRank());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return one(ctx.transpose(ctx.input(0), ctx.intsAttr("perm", reversed)));
}

FailureOr<Results> importConcat(NodeContext &ctx) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < ctx.numInputs(); ++i)
    if (Value input = ctx.input(i))
      inputs.push_back(input);
  if (inputs.empty())
    return ctx.error("has no inputs");
  auto axis = ctx.axis(ctx.intAttr("axis", 1), typeOf(inputs[0]).getRank());
  if (failed(axis))
    return failure();
  return one(ctx.create<edge::ConcatOp>(ValueRange(inputs), *axis));
}

FailureOr<Results> importSplit(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto axis = ctx.axis(ctx.intAttr("axis", 0), x.getRank());
  auto split = ctx.intsInputOrAttr(1, "split");
  if (failed(axis) || failed(split))
    return failure();
  int64_t extent = x.getDimSize(*axis), count = ctx.numOutputs();
  if (!ctx.input(1) && !ctx.has("split")) {
    int64_t parts = ctx.intAttr("num_outputs", count);
    if (parts < count || parts > INT32_MAX)
      return ctx.error("'num_outputs' is ") << parts << ", but there are " << count << " outputs";
    int64_t chunk = parts ? (extent + parts - 1) / parts : 0;
    for (int64_t i = 0; i < count; ++i) // the last one takes what is left
      split->push_back(std::clamp<int64_t>(extent - i * chunk, 0, chunk));
  } else if (static_cast<int64_t>(split->size()) < count) {
    return ctx.error("splits into ")
           << split->size() << " parts, but there are " << count << " outputs";
  }
  Results results;
  SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
  for (int64_t i = 0; i < count; ++i) {
    sizes[*axis] = (*split)[i];
    if (sizes[*axis] < 0 || sizes[*axis] > extent - offsets[*axis])
      return ctx.error("splits off ")
             << sizes[*axis] << " elements where " << extent - offsets[*axis] << " are left";
    results.push_back(ctx.create<edge::SliceOp>(ctx.input(0), offsets, sizes, strides));
    if (!results.back())
      return failure();
    offsets[*axis] += sizes[*axis];
  }
  return results;
}

FailureOr<Results> importSlice(NodeContext &ctx) {
  auto x = ctx.type(0);
  bool asInputs = ctx.opset >= 10;
  auto list = [&](unsigned index, StringRef name, StringRef what) {
    return asInputs ? ctx.constantInts(index, what)
                    : FailureOr<SmallVector<int64_t>>(ctx.intsAttr(name));
  };
  auto starts = list(1, "starts", "the start of a slice");
  auto ends = list(2, "ends", "the end of a slice");
  if (failed(starts) || failed(ends))
    return failure();
  SmallVector<int64_t> all(starts->size());
  std::iota(all.begin(), all.end(), 0);
  FailureOr<SmallVector<int64_t>> given = all;
  FailureOr<SmallVector<int64_t>> steps = SmallVector<int64_t>(starts->size(), 1);
  if (asInputs ? static_cast<bool>(ctx.input(3)) : ctx.has("axes"))
    given = list(3, "axes", "the axes of a slice");
  if (asInputs && ctx.input(4))
    steps = ctx.constantInts(4, "the step of a slice");
  if (failed(given) || failed(steps))
    return failure();
  auto axes = ctx.axes(*given, x.getRank());
  if (failed(axes))
    return failure();
  if (ends->size() != starts->size() || axes->size() != starts->size() ||
      steps->size() != starts->size())
    return ctx.error("has ") << starts->size() << " starts, " << ends->size() << " ends, "
                             << axes->size() << " axes and " << steps->size() << " steps";
  SmallVector<int64_t> offsets(x.getRank(), 0), sizes(x.getShape()), strides(x.getRank(), 1);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    int64_t extent = x.getDimSize(axis), start = (*starts)[i], end = (*ends)[i], step = (*steps)[i];
    if (step == 0)
      return ctx.error("has a step of zero");
    // A step beyond the extent selects as one of the extent does.
    step = std::clamp(step, -std::max<int64_t>(extent, 1), std::max<int64_t>(extent, 1));
    // As a far end the largest numbers mean "all that follows", backward too: exporters rely on it.
    bool toBorder = end == INT32_MAX || end == INT64_MAX;
    start = start < 0 ? start + extent : start;
    end = toBorder && step < 0 ? -1 : end < 0 ? end + extent : end;
    if (step > 0) {
      start = std::clamp<int64_t>(start, 0, extent);
      end = std::clamp<int64_t>(end, 0, extent);
      sizes[axis] = std::max<int64_t>((end - start + step - 1) / step, 0);
    } else {
      start = std::min(std::max<int64_t>(start, 0), extent - 1);
      end = std::min(std::max<int64_t>(end, -1), extent - 1);
      sizes[axis] = std::max<int64_t>((start - end - step - 1) / -step, 0);
    }
    offsets[axis] = sizes[axis] ? start : 0;
    strides[axis] = sizes[axis] ? step : 1;
  }
  return one(ctx.create<edge::SliceOp>(ctx.input(0), offsets, sizes, strides));
}

FailureOr<Results> importPad(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank();
  auto pads = ctx.intsInputOrAttr(1, "pads");
  if (failed(pads))
    return failure();
  SmallVector<int64_t> given(rank);
  std::iota(given.begin(), given.end(), 0);
  if (ctx.input(3)) {
    auto list = ctx.constantInts(3, "the axes of a pad");
    if (failed(list))
      return failure();
    given = *list;
  }
  auto axes = ctx.axes(given, rank);
  if (failed(axes))
    return failure();
  if (pads->size() != 2 * axes->size())
    return ctx.error("has ") << pads->size() << " pads for " << axes->size() << " axes";
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[axes->size() + i];
  }
  std::string name = ctx.stringAttr("mode", "constant");
  auto mode = edge::symbolizePadMode(name);
  if (!mode)
    return ctx.error("mode '") << name << "' is not one that Pad has";
  Value value = ctx.input(2);
  if (value && typeOf(value).getNumElements() != 1)
    return ctx.error("the padding value has ")
           << typeOf(value).getNumElements() << " elements, not 1";
  if (value)
    value = ctx.reshape(value, {});
  else if (double constant = ctx.floatAttr("value", 0))
    value = ctx.scalar(x.getElementType(), constant);
  if (*mode != edge::PadMode::constant)
    value = Value();
  return one(value ? ctx.create<edge::PadOp>(ctx.input(0), value, low, high, *mode)
                   : ctx.create<edge::PadOp>(ctx.input(0), Value(), low, high, *mode));
}

FailureOr<Results> importExpand(NodeContext &ctx) {
  auto shape = ctx.constantInts(1, "the shape");
  if (failed(shape) || failed(checkShape(ctx, *shape)))
    return failure();
  auto result = edge::broadcastShapes({ctx.type(0).getShape(), *shape});
  if (failed(result))
    return ctx.error("an input of type ") << ctx.type(0) << " can't be broadcast to the shape";
  if (failed(checkShape(ctx, *result)))
    return failure();
  return one(ctx.create<edge::BroadcastOp>(ctx.input(0), *result));
}

FailureOr<Results> importTile(NodeContext &ctx) {
  auto repeats = ctx.constantInts(1, "the number of repeats");
  if (failed(repeats))
    return failure();
  return one(ctx.create<edge::TileOp>(ctx.input(0), *repeats));
}

/// DepthToSpace and SpaceToDepth: [N, C, H, W] as six dimensions, those permuted, and back to four.
FailureOr<Results> importBlocks(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t block = ctx.intAttr("blocksize", 0);
  if (x.getRank() != 4)
    return ctx.error("expects an input of rank 4, but got rank ") << x.getRank();
  if (block < 1 || block > INT16_MAX)
    return ctx.error("has a block size of ") << block;
  // Whether a block's row and column count before the depth in a channel's number, or after it.
  std::string mode = ctx.stringAttr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return ctx.error("mode '") << mode << "' is neither 'DCR' nor 'CRD'";
  bool blockFirst = mode == "DCR";
  int64_t n = x.getDimSize(0), c = x.getDimSize(1), h = x.getDimSize(2), w = x.getDimSize(3);
  if (ctx.node.op_type() == "SpaceToDepth") {
    if (h % block || w % block)
      return ctx.error("has blocks of ")
             << block << " that don't divide an image of " << h << " by " << w;
    Value split = ctx.reshape(ctx.input(0), {n, c, h / block, block, w / block, block});
    Value moved = blockFirst ? ctx.transpose(split, {0, 3, 5, 1, 2, 4})
                             : ctx.transpose(split, {0, 1, 3, 5, 2, 4});
    return one(ctx.reshape(moved, {n, c * block * block, h / block, w / block}));
  }
  if (c % (block * block))
    return ctx.error("has blocks of ")
           << block << " by " << block << " that don't divide " << c << " channels";
  int64_t depth = c / (block * block);
  Value split = blockFirst ? ctx.reshape(ctx.input(0), {n, block, block, depth, h, w})
                           : ctx.reshape(ctx.input(0), {n, depth, block, block, h, w});
  Value moved = blockFirst ? ctx.transpose(split, {0, 3, 4, 1, 5, 2})
                           : ctx.transpose(split, {0, 1, 4, 2, 5, 3});
  return one(ctx.reshape(moved, {n, depth, h * block, w * block}));
}

const OperatorRow kRows[] = {
    {"Shape", needs<importShape, 1>},
    {"Size", needs<importSize, 1>},
    {"Reshape", needs<importReshape, 1>},
    {"Flatten", needs<importFlatten, 1>},
    {"Squeeze", needs<importSqueeze, 1>},
    {"Unsqueeze", needs<importUnsqueeze, 1>},
    {"Transpose", needs<importTranspose, 1>},
    {"Concat", importConcat},
    {"Split", needs<importSplit, 1>},
    {"Slice", needs<importSlice, 1>},
    {"Pad", needs<importPad, 1>},
    {"Expand", needs<importExpand, 1>},
    {"Tile", needs<importTile, 1>},
    {"DepthToSpace", needs<importBlocks, 1>},
    {"SpaceToDepth", needs<importBlocks, 1>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getShapeRows() { return kRows; }
