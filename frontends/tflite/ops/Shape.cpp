// What moves elements by rules known at compile time, or makes them. On quantized tensors these
// work on the integers, wherever input and output have the same parameters.
#include "dialects/Edge/Lowering.h"
#include "frontends/tflite/Importer.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;

namespace {

FailureOr<Value> reshaped(const NodeContext &ctx, ArrayRef<int64_t> shape) {
  Value value = ctx.result(ctx.reshape(ctx.moved(0), shape));
  return orFailure(value);
}

FailureOr<Results> importReshape(NodeContext &ctx) {
  SmallVector<int64_t> shape;
  // As the input, else as the option, else as the file says of the output.
  if (ctx.input(1) && ctx.type(1).getRank() == 1) {
    auto given = ctx.constantInts(1, "the shape");
    if (failed(given))
      return failure();
    shape = *given;
  } else if (const auto *given = ctx.options<ReshapeOptions>().new_shape()) {
    llvm::append_range(shape, toArray(given));
    if (shape.size() == 1 && shape[0] == 0)
      shape.clear(); // what old converters write for a scalar
  } else if (const Tensor *output = ctx.outputTensor(0)) {
    llvm::append_range(shape, toArray(output->shape()));
  }
  int64_t known = 1, open = -1, count = ctx.type(0).getNumElements();
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent == -1 && open < 0)
      open = static_cast<int64_t>(i);
    else if (extent < 0 || __builtin_mul_overflow(known, extent, &known))
      return ctx.error("the shape has an impossible extent of ") << extent;
  }
  if (open >= 0) {
    if (known == 0 ? count != 0 : count % known != 0)
      return ctx.error("") << count << " elements can't be given a shape whose known extents make "
                           << known;
    shape[open] = known == 0 ? 0 : count / known;
  }
  auto result = reshaped(ctx, shape);
  return failed(result) ? FailureOr<Results>(failure()) : one(*result);
}

FailureOr<Results> importSqueeze(NodeContext &ctx) {
  auto x = ctx.type(0);
  SmallVector<int64_t> given(toArray(ctx.options<SqueezeOptions>().squeeze_dims())), shape;
  auto axes = ctx.axes(given, x.getRank());
  if (failed(axes))
    return failure();
  for (auto [i, extent] : llvm::enumerate(x.getShape())) {
    bool squeezed =
        axes->empty() ? extent == 1 : llvm::is_contained(*axes, static_cast<int64_t>(i));
    if (squeezed && extent != 1)
      return ctx.error("dimension ") << i << " of extent " << extent << " can't be squeezed";
    if (!squeezed)
      shape.push_back(extent);
  }
  auto result = reshaped(ctx, shape);
  return failed(result) ? FailureOr<Results>(failure()) : one(*result);
}

FailureOr<Results> importExpandDims(NodeContext &ctx) {
  auto given = ctx.constantInts(1, "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return ctx.error("expects one axis, but got ") << given->size();
  auto axis = ctx.axis(given->front(), ctx.type(0).getRank() + 1);
  if (failed(axis))
    return failure();
  SmallVector<int64_t> shape(ctx.type(0).getShape());
  shape.insert(shape.begin() + *axis, 1);
  auto result = reshaped(ctx, shape);
  return failed(result) ? FailureOr<Results>(failure()) : one(*result);
}

FailureOr<Results> importTranspose(NodeContext &ctx) {
  auto permutation = ctx.constantInts(1, "the permutation");
  if (failed(permutation))
    return failure();
  int64_t rank = ctx.type(0).getRank();
  for (int64_t &axis : *permutation)
    axis = axis < 0 ? axis + rank : axis;
  return one(ctx.result(ctx.transpose(ctx.moved(0), *permutation)));
}

FailureOr<Results> importShape(NodeContext &ctx) {
  bool wide = ctx.options<ShapeOptions>().out_type() == tflite::TensorType::INT64;
  return one(ctx.cast(ctx.constantInts(ctx.type(0).getShape()),
                      wide ? ctx.b.getI64Type() : ctx.b.getI32Type()));
}

FailureOr<Results> importRank(NodeContext &ctx) {
  return one(ctx.scalar(ctx.b.getI32Type(), static_cast<double>(ctx.type(0).getRank())));
}

FailureOr<Results> importConcat(NodeContext &ctx) {
  const auto &options = ctx.options<ConcatenationOptions>();
  bool plain = options.fused_activation_function() == Activation::NONE;
  for (unsigned i = 0; i < ctx.numInputs(); ++i) {
    if (!ctx.input(i))
      return ctx.error("input ") << i << " is missing";
    plain &= ctx.sameQuantization(i);
  }
  auto axis = ctx.axis(options.axis(), ctx.type(0).getRank());
  if (failed(axis))
    return failure();
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < ctx.numInputs(); ++i) {
    Value x = plain ? ctx.input(i) : ctx.real(i);
    if (!x)
      return failure();
    inputs.push_back(x);
  }
  return one(ctx.result(ctx.create<edge::ConcatOp>(ValueRange(inputs), *axis),
                        options.fused_activation_function()));
}

FailureOr<Results> importPack(NodeContext &ctx) {
  const auto &options = ctx.options<PackOptions>();
  auto axis = ctx.axis(options.axis(), ctx.type(0).getRank() + 1);
  if (failed(axis))
    return failure();
  SmallVector<Value> parts;
  for (unsigned i = 0; i < ctx.numInputs(); ++i) {
    if (!ctx.input(i) || ctx.type(i) != ctx.type(0))
      return ctx.error("expects inputs of one type");
    SmallVector<int64_t> shape(ctx.type(i).getShape());
    shape.insert(shape.begin() + *axis, 1);
    parts.push_back(ctx.reshape(ctx.sameQuantization(0) ? ctx.input(i) : ctx.real(i), shape));
    if (!parts.back())
      return failure();
  }
  return one(ctx.result(ctx.create<edge::ConcatOp>(ValueRange(parts), *axis)));
}

FailureOr<Results> importTile(NodeContext &ctx) {
  auto repeats = ctx.constantInts(1, "the number of repeats");
  if (failed(repeats))
    return failure();
  return one(ctx.result(ctx.create<edge::TileOp>(ctx.moved(0), *repeats)));
}

FailureOr<Results> importBroadcastTo(NodeContext &ctx) {
  auto shape = ctx.constantInts(1, "the shape");
  if (failed(shape) || failed(edge::checkShape(ctx.loc, "BROADCAST_TO", *shape)))
    return failure();
  Value x = ctx.moved(0);
  return one(x ? ctx.result(ctx.create<edge::BroadcastOp>(x, *shape)) : Value());
}

FailureOr<Results> importBroadcastArgs(NodeContext &ctx) {
  auto a = ctx.constantInts(0, "the first shape"), b = ctx.constantInts(1, "the second shape");
  if (failed(a) || failed(b))
    return failure();
  auto shape = edge::broadcastShapes({*a, *b});
  if (failed(shape))
    return ctx.error("the shapes don't broadcast");
  return one(ctx.cast(ctx.constantInts(*shape), ctx.type(0).getElementType()));
}

FailureOr<Results> importFill(NodeContext &ctx) {
  auto shape = ctx.constantInts(0, "the shape");
  if (failed(shape) || failed(edge::checkShape(ctx.loc, "FILL", *shape)))
    return failure();
  if (ctx.type(1).getNumElements() != 1)
    return ctx.error("expects one value, but got ") << ctx.type(1);
  return one(ctx.create<edge::BroadcastOp>(ctx.reshape(ctx.input(1), {}), *shape));
}

FailureOr<Results> importZerosLike(NodeContext &ctx) {
  return one(ctx.create<edge::BroadcastOp>(ctx.scalar(ctx.type(0).getElementType(), 0),
                                           ctx.type(0).getShape()));
}

/// Its operand is sparse in the file only: constants are read dense.
FailureOr<Results> importDensify(NodeContext &ctx) { return one(ctx.input(0)); }

FailureOr<Results> importRange(NodeContext &ctx) {
  auto start = ctx.constant(0, "the start of a range"),
       limit = ctx.constant(1, "the limit of a range"),
       delta = ctx.constant(2, "the step of a range");
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  for (const edge::HostTensor *tensor : {&*start, &*limit, &*delta})
    if (tensor->getNumElements() != 1 || tensor->getElementType() != start->getElementType())
      return ctx.error("expects three scalars of one type");
  double from = start->getFloat(0), step = delta->getFloat(0);
  double count = std::ceil((limit->getFloat(0) - from) / step);
  if (!(count >= 0) || count > 1 << 24)
    return ctx.error("makes a range of ") << count << " elements";
  edge::HostTensor range(
      RankedTensorType::get({static_cast<int64_t>(count)}, start->getElementType()));
  for (int64_t i = 0, e = range.getNumElements(); i < e; ++i) {
    if (range.isFloat())
      range.setFloat(i, from + static_cast<double>(i) * step);
    else
      range.setInt(i, start->getInt(0) + i * delta->getInt(0));
  }
  return one(ctx.constantTensor(range));
}

//===- Padding --------------------------------------------------------------------------------===//

/// Rows of [before, after].
LogicalResult readPads(NodeContext &ctx, SmallVector<int64_t> &low, SmallVector<int64_t> &high) {
  auto pads = ctx.constantInts(1, "the padding");
  int64_t rank = ctx.type(0).getRank();
  if (failed(pads))
    return failure();
  if (static_cast<int64_t>(pads->size()) != 2 * rank)
    return ctx.error("has ") << pads->size() << " pads for rank " << rank;
  for (int64_t i = 0; i < rank; ++i) {
    low.push_back((*pads)[2 * i]);
    high.push_back((*pads)[2 * i + 1]);
    for (int64_t pad : {low.back(), high.back()})
      if (pad < 0 || pad > INT32_MAX)
        return ctx.error("has a pad of ") << pad;
  }
  return success();
}

/// Zero, or the value of PADV2, in the integers of the tensor where those are moved.
FailureOr<Results> importPad(NodeContext &ctx) {
  SmallVector<int64_t> low, high;
  if (failed(readPads(ctx, low, high)))
    return failure();
  bool integers = ctx.isQuantizedInput(0) && ctx.sameQuantization(0);
  Value x = ctx.moved(0), value;
  if (!x)
    return failure();
  if (ctx.input(2)) {
    if (ctx.type(2).getNumElements() != 1)
      return ctx.error("expects one value, but got ") << ctx.type(2);
    bool same = ctx.isQuantizedInput(2) ? ctx.sameQuantization(2) : !integers;
    if (integers && !same)
      x = ctx.real(0);
    value = ctx.reshape(integers && same ? ctx.input(2) : ctx.real(2), {});
    if (!value)
      return failure();
  } else if (integers) {
    auto quantized = ctx.inputQuantization(0);
    if (failed(quantized))
      return failure();
    if (auto perTensor = dyn_cast<quant::UniformQuantizedType>(*quantized))
      value = ctx.scalar(elementOf(x), static_cast<double>(perTensor.getZeroPoint()));
  }
  return one(ctx.result(ctx.create<edge::PadOp>(x, value, low, high, edge::PadMode::constant)));
}

/// SYMMETRIC repeats the border's element: an edge of its own, mirrored beyond it.
FailureOr<Results> importMirrorPad(NodeContext &ctx) {
  SmallVector<int64_t> low, high;
  if (failed(readPads(ctx, low, high)))
    return failure();
  Value x = ctx.moved(0);
  if (!x)
    return failure();
  auto type = typeOf(x);
  bool symmetric = ctx.options<MirrorPadOptions>().mode() == MirrorPadMode::SYMMETRIC;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    int64_t most = type.getDimSize(i) - (symmetric ? 0 : 1);
    if (low[i] > most || high[i] > most)
      return ctx.error("mirrors more than there is along dimension ") << i;
  }
  if (!symmetric)
    return one(ctx.result(ctx.create<edge::PadOp>(x, Value(), low, high, edge::PadMode::reflect)));
  // Dimension by dimension: the reversed beginning, the tensor, the reversed end.
  for (int64_t i = 0; i < type.getRank(); ++i) {
    SmallVector<int64_t> sizes(shapeOf(x)), offsets(sizes.size(), 0), strides(sizes.size(), 1);
    int64_t extent = sizes[i];
    SmallVector<Value> parts;
    auto reversed = [&](int64_t from, int64_t count) {
      offsets[i] = from;
      sizes[i] = count;
      strides[i] = -1;
      if (count)
        parts.push_back(ctx.create<edge::SliceOp>(x, offsets, sizes, strides));
    };
    reversed(low[i] - 1, low[i]);
    parts.push_back(x);
    reversed(extent - 1, high[i]);
    if (llvm::is_contained(parts, Value()))
      return failure();
    if (parts.size() > 1 && !(x = ctx.create<edge::ConcatOp>(ValueRange(parts), i)))
      return failure();
  }
  return one(ctx.result(x));
}

//===- Blocks ---------------------------------------------------------------------------------===//

FailureOr<Results> importSpaceToDepth(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t block = ctx.options<SpaceToDepthOptions>().block_size();
  if (x.getRank() != 4 || block < 1 || x.getDimSize(1) % block || x.getDimSize(2) % block)
    return ctx.error("can't cut ") << x << " into blocks of " << block;
  int64_t n = x.getDimSize(0), h = x.getDimSize(1) / block, w = x.getDimSize(2) / block,
          c = x.getDimSize(3);
  Value split = ctx.reshape(ctx.moved(0), {n, h, block, w, block, c});
  return one(ctx.result(
      ctx.reshape(ctx.transpose(split, {0, 1, 3, 2, 4, 5}), {n, h, w, block * block * c})));
}

FailureOr<Results> importDepthToSpace(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t block = ctx.options<DepthToSpaceOptions>().block_size();
  if (x.getRank() != 4 || block < 1 || block > INT16_MAX || x.getDimSize(3) % (block * block))
    return ctx.error("can't put the channels of ") << x << " into blocks of " << block;
  int64_t n = x.getDimSize(0), h = x.getDimSize(1), w = x.getDimSize(2),
          c = x.getDimSize(3) / (block * block);
  Value split = ctx.reshape(ctx.moved(0), {n, h, w, block, block, c});
  return one(ctx.result(
      ctx.reshape(ctx.transpose(split, {0, 1, 3, 2, 4, 5}), {n, h * block, w * block, c})));
}

/// The block's extents and the two columns of pads or crops, for the dimensions after the first.
LogicalResult readBlocks(NodeContext &ctx, SmallVector<int64_t> &block,
                         SmallVector<int64_t> &before, SmallVector<int64_t> &after) {
  auto extents = ctx.constantInts(1, "the block"), edges = ctx.constantInts(2, "the crops or pads");
  if (failed(extents) || failed(edges))
    return failure();
  block = *extents;
  if (edges->size() != 2 * block.size() ||
      static_cast<int64_t>(block.size()) >= ctx.type(0).getRank())
    return ctx.error("has blocks of ") << block.size() << " dimensions for " << ctx.type(0);
  for (size_t i = 0; i < block.size(); ++i) {
    before.push_back((*edges)[2 * i]);
    after.push_back((*edges)[2 * i + 1]);
    for (int64_t edge : {before[i], after[i]})
      if (edge < 0 || edge > INT32_MAX)
        return ctx.error("has a crop or pad of ") << edge;
    if (block[i] < 1 || block[i] > INT16_MAX)
      return ctx.error("has a block of ") << block[i];
  }
  return success();
}

FailureOr<Results> importSpaceToBatch(NodeContext &ctx) {
  SmallVector<int64_t> block, before, after;
  if (failed(readBlocks(ctx, block, before, after)))
    return failure();
  Value x = ctx.moved(0);
  if (!x)
    return failure();
  int64_t rank = typeOf(x).getRank();
  size_t m = block.size();
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  llvm::copy(before, low.begin() + 1);
  llvm::copy(after, high.begin() + 1);
  Value zero;
  if (ctx.isQuantizedInput(0) && x == ctx.input(0)) {
    auto quantized = ctx.inputQuantization(0);
    if (failed(quantized))
      return failure();
    if (auto perTensor = dyn_cast<quant::UniformQuantizedType>(*quantized))
      zero = ctx.scalar(elementOf(x), static_cast<double>(perTensor.getZeroPoint()));
  }
  x = ctx.create<edge::PadOp>(x, zero, low, high, edge::PadMode::constant);
  if (!x)
    return failure();
  auto shape = shapeOf(x);
  SmallVector<int64_t> split{shape[0]}, permutation, joined{shape[0]};
  for (size_t i = 0; i < m; ++i) {
    if (shape[i + 1] % block[i])
      return ctx.error("has blocks that don't divide ") << typeOf(x);
    split.append({shape[i + 1] / block[i], block[i]});
    permutation.push_back(static_cast<int64_t>(2 * i + 2));
    joined[0] *= block[i];
    joined.push_back(shape[i + 1] / block[i]);
  }
  permutation.push_back(0);
  for (size_t i = 0; i < m; ++i)
    permutation.push_back(static_cast<int64_t>(2 * i + 1));
  for (auto i = static_cast<int64_t>(m) + 1; i < rank; ++i) {
    permutation.push_back(static_cast<int64_t>(split.size()));
    split.push_back(shape[i]);
    joined.push_back(shape[i]);
  }
  return one(ctx.result(ctx.reshape(ctx.transpose(ctx.reshape(x, split), permutation), joined)));
}

FailureOr<Results> importBatchToSpace(NodeContext &ctx) {
  SmallVector<int64_t> block, before, after;
  if (failed(readBlocks(ctx, block, before, after)))
    return failure();
  Value x = ctx.moved(0);
  if (!x)
    return failure();
  auto shape = shapeOf(x);
  auto m = static_cast<int64_t>(block.size()), rank = static_cast<int64_t>(shape.size());
  int64_t product = 1;
  for (int64_t extent : block)
    if (__builtin_mul_overflow(product, extent, &product))
      return ctx.error("has blocks that are too large");
  if (shape[0] % product)
    return ctx.error("has blocks that don't divide a batch of ") << shape[0];
  SmallVector<int64_t> split(block), permutation{m}, joined{shape[0] / product};
  split.push_back(shape[0] / product);
  SmallVector<int64_t> offsets(rank, 0), sizes{joined[0]};
  for (int64_t i = 0; i < m; ++i) {
    split.push_back(shape[i + 1]);
    permutation.append({m + 1 + i, i});
    joined.push_back(shape[i + 1] * block[i]);
    offsets[i + 1] = before[i];
    sizes.push_back(joined.back() - before[i] - after[i]);
    if (sizes.back() < 0)
      return ctx.error("crops more than there is");
  }
  for (int64_t i = m + 1; i < rank; ++i) {
    permutation.push_back(static_cast<int64_t>(split.size()));
    split.push_back(shape[i]);
    joined.push_back(shape[i]);
    sizes.push_back(shape[i]);
  }
  x = ctx.reshape(ctx.transpose(ctx.reshape(x, split), permutation), joined);
  if (!x)
    return failure();
  return one(
      ctx.result(ctx.create<edge::SliceOp>(x, offsets, sizes, SmallVector<int64_t>(rank, 1))));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getShapeRows() {
  static constexpr OperatorRow rows[] = {
      {B::BATCH_TO_SPACE_ND, importBatchToSpace, 3},
      {B::BROADCAST_ARGS, importBroadcastArgs, 2},
      {B::BROADCAST_TO, importBroadcastTo, 2},
      {B::CONCATENATION, importConcat},
      {B::DENSIFY, importDensify},
      {B::DEPTH_TO_SPACE, importDepthToSpace},
      {B::EXPAND_DIMS, importExpandDims, 2},
      {B::FILL, importFill, 2},
      {B::MIRROR_PAD, importMirrorPad, 2},
      {B::PACK, importPack},
      {B::PAD, importPad, 2},
      {B::PADV2, importPad, 3},
      {B::RANGE, importRange, 3},
      {B::RANK, importRank},
      {B::RESHAPE, importReshape},
      {B::SHAPE, importShape},
      {B::SPACE_TO_BATCH_ND, importSpaceToBatch, 3},
      {B::SPACE_TO_DEPTH, importSpaceToDepth},
      {B::SQUEEZE, importSqueeze},
      {B::TILE, importTile, 2},
      {B::TRANSPOSE, importTranspose, 2},
      {B::ZEROS_LIKE, importZerosLike},
  };
  return rows;
}
