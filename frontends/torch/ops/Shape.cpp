// Rows that make a new tensor of other tensors' elements, by rules known at compile time.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

//===- Padding --------------------------------------------------------------------------------===//

/// Pads of the last dimensions first, in pairs.
FailureOr<Results> padded(const NodeContext &ctx, ArrayRef<int64_t> pads, edge::PadMode mode,
                          Value value) {
  auto x = ctx.type(0);
  auto pairs = static_cast<int64_t>(pads.size() / 2);
  if (pads.size() % 2 || pairs > x.getRank())
    return ctx.error("has ") << pads.size() << " pads for " << x;
  SmallVector<int64_t> low(x.getRank(), 0), high(x.getRank(), 0);
  for (int64_t i = 0; i < pairs; ++i) {
    low[x.getRank() - 1 - i] = pads[2 * i];
    high[x.getRank() - 1 - i] = pads[2 * i + 1];
  }
  return one(ctx.create<edge::PadOp>(ctx.input(0), value, low, high, mode));
}

FailureOr<Results> constantPad(const NodeContext &ctx, StringRef name, const Number &number) {
  Value value = number.asReal() == 0 ? Value() : ctx.constant(number, elementOf(ctx.input(0)));
  return padded(ctx, ctx.integers(name), edge::PadMode::constant, value);
}

FailureOr<Results> importConstantPad(NodeContext &ctx) {
  auto value = ctx.scalar("value");
  if (failed(value))
    return failure();
  return constantPad(ctx, "pad", *value);
}

FailureOr<Results> importPad(NodeContext &ctx) {
  StringRef name = ctx.text("mode");
  if (name == "constant")
    return constantPad(ctx, "pad", Number::ofReal(ctx.real("value", 0)));
  std::optional<edge::PadMode> mode;
  if (name == "reflect")
    mode = edge::PadMode::reflect;
  else if (name == "replicate")
    mode = edge::PadMode::edge;
  else if (name == "circular")
    mode = edge::PadMode::wrap;
  if (!mode)
    return ctx.error("padding mode '") << name << "' is not one that torch has";
  return padded(ctx, ctx.integers("pad"), *mode, {});
}

template <edge::PadMode mode> FailureOr<Results> importPadMode(NodeContext &ctx) {
  return padded(ctx, ctx.integers(ctx.schema.parameters[1].name), mode, {});
}

//===- Order ----------------------------------------------------------------------------------===//

Value rolled(const NodeContext &ctx, Value x, int64_t dim, int64_t shift) {
  int64_t extent = x ? shapeOf(x)[dim] : 0;
  if (extent == 0)
    return x;
  int64_t from = (extent - shift % extent) % extent;
  if (from == 0)
    return x;
  Value parts[] = {sliceAlong(ctx, x, dim, from, extent), sliceAlong(ctx, x, dim, 0, from)};
  return ctx.create<edge::ConcatOp>(ValueRange(parts), dim);
}

FailureOr<Results> importRoll(NodeContext &ctx) {
  auto x = ctx.type(0);
  SmallVector<int64_t> shifts = ctx.integers("shifts"), given = ctx.integers("dims");
  if (given.empty() && shifts.size() == 1)
    return one(ctx.reshape(rolled(ctx, ctx.reshape(ctx.input(0), x.getNumElements()), 0, shifts[0]),
                           x.getShape()));
  auto dims = ctx.axes(given, x.getRank());
  if (failed(dims))
    return failure();
  if (dims->size() != shifts.size())
    return ctx.error("has ") << shifts.size() << " shifts for " << dims->size() << " dimensions";
  Value value = ctx.input(0);
  for (auto [dim, shift] : llvm::zip_equal(*dims, shifts))
    value = rolled(ctx, value, dim, shift);
  return one(value);
}

/// Whole copies one after the other; a shorter list is for the last dimensions (tile), a longer one
/// adds dimensions.
FailureOr<Results> importRepeat(NodeContext &ctx) {
  SmallVector<int64_t> repeats = ctx.integers(ctx.schema.parameters[1].name),
                       shape(ctx.type(0).getShape());
  while (repeats.size() < shape.size())
    repeats.insert(repeats.begin(), 1);
  while (shape.size() < repeats.size())
    shape.insert(shape.begin(), 1);
  for (int64_t repeat : repeats)
    if (repeat < 0)
      return ctx.error("repeats a dimension ") << repeat << " times";
  return one(ctx.create<edge::TileOp>(ctx.reshape(ctx.input(0), shape), repeats));
}

/// Each element so many times in a row.
FailureOr<Results> importRepeatInterleave(NodeContext &ctx) {
  Value x = ctx.input(0);
  int64_t repeats = ctx.integer("repeats");
  if (!ctx.has("dim"))
    x = ctx.reshape(x, ctx.type(0).getNumElements());
  auto dim = ctx.has("dim") ? ctx.dimension("dim", typeOf(x).getRank()) : FailureOr<int64_t>(0);
  if (failed(dim))
    return failure();
  if (repeats < 0 || repeats > INT32_MAX || typeOf(x).getRank() == 0)
    return ctx.error("repeats elements ") << repeats << " times";
  SmallVector<int64_t> split(shapeOf(x)), wide, shape(shapeOf(x));
  split.insert(split.begin() + *dim + 1, 1);
  wide = split;
  wide[*dim + 1] = repeats;
  if (__builtin_mul_overflow(shape[*dim], repeats, &shape[*dim]))
    return ctx.error("repeats elements ") << repeats << " times";
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  return one(ctx.reshape(ctx.create<edge::BroadcastOp>(ctx.reshape(x, split), wide), shape));
}

//===- Blocks ---------------------------------------------------------------------------------===//

/// [..., C r r, H, W] to [..., C, H r, W r].
FailureOr<Results> importPixelShuffle(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t r = ctx.integer("upscale_factor"), rank = x.getRank();
  if (rank < 3 || r < 1 || r > INT16_MAX || x.getDimSize(rank - 3) % (r * r))
    return ctx.error("can't make blocks of ") << r << " by " << r << " of " << x;
  int64_t c = x.getDimSize(rank - 3) / (r * r), h = x.getDimSize(rank - 2),
          w = x.getDimSize(rank - 1);
  int64_t batch = ShapedType::getNumElements(x.getShape().drop_back(3));
  Value split = ctx.reshape(ctx.input(0), {batch, c, r, r, h, w});
  SmallVector<int64_t> shape(x.getShape().drop_back(3));
  shape.append({c, h * r, w * r});
  return one(ctx.reshape(ctx.transpose(split, {0, 1, 4, 2, 5, 3}), shape));
}

FailureOr<Results> importPixelUnshuffle(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t r = ctx.integer("downscale_factor"), rank = x.getRank();
  if (rank < 3 || r < 1 || x.getDimSize(rank - 2) % r || x.getDimSize(rank - 1) % r)
    return ctx.error("can't make blocks of ") << r << " by " << r << " of " << x;
  int64_t c = x.getDimSize(rank - 3), h = x.getDimSize(rank - 2) / r,
          w = x.getDimSize(rank - 1) / r;
  int64_t batch = ShapedType::getNumElements(x.getShape().drop_back(3));
  Value split = ctx.reshape(ctx.input(0), {batch, c, h, r, w, r});
  SmallVector<int64_t> shape(x.getShape().drop_back(3));
  shape.append({c * r * r, h, w});
  return one(ctx.reshape(ctx.transpose(split, {0, 1, 3, 5, 2, 4}), shape));
}

FailureOr<Results> importChannelShuffle(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t groups = ctx.integer("groups");
  if (x.getRank() < 3 || groups < 1 || x.getDimSize(1) % groups)
    return ctx.error("can't split the channels of ") << x << " into " << groups << " groups";
  int64_t inner = ShapedType::getNumElements(x.getShape().drop_front(2));
  Value split =
      ctx.reshape(ctx.input(0), {x.getDimSize(0), groups, x.getDimSize(1) / groups, inner});
  return one(ctx.reshape(ctx.transpose(split, {0, 2, 1, 3}), x.getShape()));
}

/// Windows along a dimension, whose elements lie along a new last one.
FailureOr<Results> importUnfold(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dimension", x.getRank());
  int64_t size = ctx.integer("size"), step = ctx.integer("step");
  if (failed(dim))
    return failure();
  if (x.getRank() == 0 || size < 0 || step < 1 || size > x.getDimSize(*dim))
    return ctx.error("has windows of ") << size << " every " << step << " elements of " << x;
  int64_t windows = (x.getDimSize(*dim) - size) / step + 1;
  if (failed(checkWritten(ctx, windows, size)))
    return failure();
  edge::HostTensor places(RankedTensorType::get({windows, size}, ctx.b.getI64Type()));
  for (int64_t w = 0; w < windows; ++w)
    for (int64_t i = 0; i < size; ++i)
      places.setInt(w * size + i, w * step + i);
  Value gathered = ctx.create<edge::GatherOp>(ctx.input(0), ctx.constantTensor(places), *dim);
  SmallVector<int64_t> permutation;
  for (int64_t i = 0; i <= x.getRank(); ++i)
    if (i != *dim + 1)
      permutation.push_back(i);
  permutation.push_back(*dim + 1);
  return one(ctx.transpose(gathered, permutation));
}

//===- Others ---------------------------------------------------------------------------------===//

/// Neighbours along a dimension, subtracted `n` times.
FailureOr<Results> importDiff(NodeContext &ctx) {
  Value x = ctx.input(0);
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  int64_t n = ctx.integer("n");
  if (failed(dim))
    return failure();
  if (ctx.type(0).getRank() == 0 || n < 0 || n > 64)
    return ctx.error("subtracts neighbours of ") << ctx.type(0) << " " << n << " times";
  SmallVector<Value> parts;
  for (Value part : {ctx.tensor("prepend"), x, ctx.tensor("append")})
    if (part)
      parts.push_back(part);
  if (parts.size() > 1)
    x = ctx.create<edge::ConcatOp>(ValueRange(parts), *dim);
  for (int64_t i = 0; i < n && x; ++i) {
    int64_t extent = shapeOf(x)[*dim];
    Value after = sliceAlong(ctx, x, *dim, 1, extent);
    Value before = sliceAlong(ctx, x, *dim, 0, std::max<int64_t>(extent - 1, 0));
    x = elementOf(x).isInteger(1) ? ctx.create<edge::XorOp>(after, before)
                                  : ctx.create<edge::SubOp>(after, before);
  }
  return one(x);
}

/// The last dimension as a diagonal of planes of two new ones.
FailureOr<Results> importDiagEmbed(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank() + 1, offset = ctx.integer("offset");
  auto row = ctx.axis(ctx.integer("dim1"), rank), column = ctx.axis(ctx.integer("dim2"), rank);
  if (failed(row) || failed(column))
    return failure();
  if (x.getRank() == 0 || *row == *column || std::abs(offset) > INT16_MAX)
    return ctx.error("can't put ") << x << " on a diagonal";
  int64_t extent = x.getShape().back() + std::abs(offset);
  // x along the columns (or the rows, below the diagonal), where they meet the other.
  SmallVector<int64_t> low(x.getRank(), 0), high(x.getRank(), 0), shape(x.getShape().drop_back());
  (offset > 0 ? low : high).back() = std::abs(offset);
  Formula f(ctx);
  Value line = ctx.create<edge::PadOp>(ctx.input(0), Value(), low, high, edge::PadMode::constant);
  shape.append({1, extent});
  Value across = createRamp(ctx, extent, 1, 2), down = createRamp(ctx, extent, 0, 2);
  Value meets = f.compare(f.sub(across, down), ctx.scalar(ctx.b.getI64Type(), double(offset)),
                          edge::ComparePredicate::equal);
  Value planes = f.select(meets, ctx.reshape(line, shape), ctx.scalar(x.getElementType(), 0));
  SmallVector<int64_t> permutation;
  int64_t next = 0;
  for (int64_t i = 0; i < rank; ++i)
    permutation.push_back(i == *row ? rank - 2 : i == *column ? rank - 1 : next++);
  return one(ctx.transpose(planes, permutation));
}

/// Windows of an image as columns: [N, C, H, W] to [N, C * taps, windows].
FailureOr<Results> importIm2Col(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto kernel = ctx.spatial("kernel_size", 2), dilation = ctx.spatial("dilation", 2),
       padding = ctx.spatial("padding", 2), stride = ctx.spatial("stride", 2);
  if (failed(kernel) || failed(dilation) || failed(padding) || failed(stride))
    return failure();
  if (x.getRank() != 4)
    return ctx.error("expects an input of rank 4, but got ") << x;
  Value value = ctx.create<edge::PadOp>(
      ctx.input(0), Value(), SmallVector<int64_t>{0, 0, (*padding)[0], (*padding)[1]},
      SmallVector<int64_t>{0, 0, (*padding)[0], (*padding)[1]}, edge::PadMode::constant);
  SmallVector<int64_t> windows;
  for (int64_t i = 0; i < 2 && value; ++i) {
    int64_t room = shapeOf(value)[2 + 2 * i] - (*dilation)[i] * ((*kernel)[i] - 1) - 1;
    if ((*kernel)[i] < 1 || (*dilation)[i] < 1 || (*stride)[i] < 1 || room < 0)
      return ctx.error("has windows that don't fit ") << x;
    windows.push_back(room / (*stride)[i] + 1);
    if (failed(checkWritten(ctx, windows[i], (*kernel)[i])))
      return failure();
    edge::HostTensor places(RankedTensorType::get({(*kernel)[i], windows[i]}, ctx.b.getI64Type()));
    for (int64_t k = 0; k < (*kernel)[i]; ++k)
      for (int64_t w = 0; w < windows[i]; ++w)
        places.setInt(k * windows[i] + w, k * (*dilation)[i] + w * (*stride)[i]);
    value = ctx.create<edge::GatherOp>(value, ctx.constantTensor(places), 2 + 2 * i);
  }
  // [N, C, KH, OH, KW, OW]
  value = ctx.transpose(value, {0, 1, 2, 4, 3, 5});
  return one(ctx.reshape(value, {x.getDimSize(0), x.getDimSize(1) * (*kernel)[0] * (*kernel)[1],
                                 windows[0] * windows[1]}));
}

//===- Several tensors ------------------------------------------------------------------------===//

FailureOr<Results> importMeshgrid(NodeContext &ctx) {
  ArrayRef<Value> axes = ctx.arguments[0].tensors;
  bool swaps = ctx.schema.parameters.size() > 1 && ctx.text("indexing") == "xy" && axes.size() > 1;
  auto rank = static_cast<int64_t>(axes.size());
  SmallVector<int64_t> shape, place(rank);
  std::iota(place.begin(), place.end(), 0);
  if (swaps)
    std::swap(place[0], place[1]);
  shape.resize(rank);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (typeOf(axis).getRank() > 1)
      return ctx.error("expects vectors, but got ") << axis.getType();
    shape[place[i]] = typeOf(axis).getNumElements();
  }
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  Results results;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    SmallVector<int64_t> own(rank, 1);
    own[place[i]] = typeOf(axis).getNumElements();
    results.push_back(ctx.create<edge::BroadcastOp>(ctx.reshape(axis, own), shape));
  }
  return results;
}

FailureOr<Results> importBroadcastTensors(NodeContext &ctx) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value value : ctx.arguments[0].tensors)
    shapes.push_back(shapeOf(value));
  auto shape = edge::broadcastShapes(shapes);
  if (failed(shape))
    return ctx.error("its tensors can't be broadcast together");
  Results results;
  for (Value value : ctx.arguments[0].tensors)
    results.push_back(ctx.create<edge::BroadcastOp>(value, *shape));
  return results;
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getShapeRows() {
  static const OperatorRow rows[] = {
      {"aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> "
       "Tensor",
       importDiff},
      {"aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
       importDiagEmbed},
      {"aten::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] "
       "stride) -> Tensor",
       importIm2Col},
      {"aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
       importConstantPad, OnComplex::parts},
      {"aten::pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor",
       importPad, OnComplex::parts},
      {"aten::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor",
       importPadMode<edge::PadMode::reflect>},
      {"aten::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor",
       importPadMode<edge::PadMode::reflect>},
      {"aten::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor",
       importPadMode<edge::PadMode::reflect>},
      {"aten::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor",
       importPadMode<edge::PadMode::edge>},
      {"aten::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor",
       importPadMode<edge::PadMode::edge>},
      {"aten::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor",
       importPadMode<edge::PadMode::edge>},
      {"aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor", importRoll,
       OnComplex::parts},
      {"aten::repeat(Tensor self, SymInt[] repeats) -> Tensor", importRepeat, OnComplex::parts},
      {"aten::tile(Tensor self, SymInt[] dims) -> Tensor", importRepeat},
      {"aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? "
       "output_size=None) -> Tensor",
       importRepeatInterleave},
      {"aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor", importPixelShuffle},
      {"aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor", importPixelUnshuffle},
      {"aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor", importChannelShuffle},
      {"aten::native_channel_shuffle(Tensor self, SymInt groups) -> Tensor", importChannelShuffle},
      {"aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)",
       importUnfold},
      {"aten::meshgrid(Tensor[] tensors) -> Tensor[]", importMeshgrid},
      {"aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]", importMeshgrid},
      {"aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]", importBroadcastTensors},
  };
  return rows;
}
