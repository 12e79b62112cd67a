// Resizing of images, as tables of indices and weights along each axis.
#include "frontends/tflite/Importer.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// The step in the input for one in the output; single precision, as the reference has it.
float stepOf(int64_t in, int64_t out, bool alignCorners) {
  return alignCorners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                 : static_cast<float>(in) / static_cast<float>(out);
}

FailureOr<SmallVector<int64_t>> sizes(NodeContext &ctx) {
  auto size = ctx.constantInts(1, "the size");
  if (failed(size))
    return failure();
  if (size->size() != 2 || ctx.type(0).getRank() != 4 || ctx.type(0).getNumElements() == 0)
    return ctx.error("expects two extents and an input of rank 4, but got ")
           << size->size() << " and " << ctx.type(0);
  for (int64_t extent : *size)
    if (extent < 1 || extent > INT16_MAX)
      return ctx.error("resizes to an extent of ") << extent;
  return size;
}

FailureOr<Results> importNearest(NodeContext &ctx) {
  const auto &options = ctx.options<ResizeNearestNeighborOptions>();
  auto size = sizes(ctx);
  if (failed(size))
    return failure();
  SmallVector<Value> indices;
  for (int axis = 0; axis < 2; ++axis) {
    int64_t in = ctx.type(0).getDimSize(axis + 1), out = (*size)[axis];
    float step = stepOf(in, out, options.align_corners());
    float offset = options.half_pixel_centers() ? 0.5F : 0.0F;
    edge::HostTensor index(RankedTensorType::get({out, 1}, ctx.b.getI32Type()));
    for (int64_t i = 0; i < out; ++i) {
      float at = (static_cast<float>(i) + offset) * step;
      at = options.align_corners() ? std::round(at) : std::floor(at);
      index.setInt(i, std::clamp<int64_t>(static_cast<int64_t>(at), 0, in - 1));
    }
    indices.push_back(ctx.constantTensor(index));
  }
  return one(ctx.result(ctx.create<edge::ResampleOp>(ctx.moved(0), ValueRange(indices),
                                                     ValueRange(), SmallVector<int64_t>{1, 2})));
}

/// Integers of 8 bits are resized with weights of 10 bits each way, and rounded once, halves away
/// from zero.
FailureOr<Results> bilinearIntegers(NodeContext &ctx, ArrayRef<int64_t> size) {
  constexpr int64_t kOne = 1 << 10;
  const auto &options = ctx.options<ResizeBilinearOptions>();
  Type i32 = ctx.b.getI32Type();
  SmallVector<Value> indices, weights;
  for (int axis = 0; axis < 2; ++axis) {
    int64_t in = ctx.type(0).getDimSize(axis + 1), out = size[axis];
    int64_t shrink = options.align_corners() && out > 1 ? 1 : 0;
    int64_t step = (kOne * (in - shrink) + (out - shrink) / 2) / (out - shrink);
    edge::HostTensor index(RankedTensorType::get({out, 2}, i32)), weight(index.getType());
    for (int64_t i = 0; i < out; ++i) {
      int64_t at = i * step + (options.half_pixel_centers() ? step / 2 - kOne / 2 : 0);
      int64_t low = std::max<int64_t>(at / kOne, 0), part = at - kOne * low;
      index.setInt(2 * i, std::min(low, in - 1));
      index.setInt(2 * i + 1, std::clamp<int64_t>((at + kOne - 1) / kOne, 0, in - 1));
      weight.setInt(2 * i, kOne - part);
      weight.setInt(2 * i + 1, part);
    }
    indices.push_back(ctx.constantTensor(index));
    weights.push_back(ctx.constantTensor(weight));
  }
  Formula f(ctx);
  Value sum = ctx.create<edge::ResampleOp>(ctx.input(0), ValueRange(indices), ValueRange(weights),
                                           SmallVector<int64_t>{1, 2});
  Value rounded = f.dividedRounded(sum, kOne * kOne);
  if (!rounded)
    return failure();
  return one(ctx.cast(rounded, elementOf(ctx.input(0))));
}

FailureOr<Results> importBilinear(NodeContext &ctx) {
  const auto &options = ctx.options<ResizeBilinearOptions>();
  auto size = sizes(ctx);
  if (failed(size))
    return failure();
  if (elementOf(ctx.input(0)).isSignlessInteger(8) && ctx.sameQuantization(0))
    return bilinearIntegers(ctx, *size);
  SmallVector<Value> indices, weights;
  for (int axis = 0; axis < 2; ++axis) {
    int64_t in = ctx.type(0).getDimSize(axis + 1), out = (*size)[axis];
    float step = stepOf(in, out, options.align_corners());
    edge::HostTensor index(RankedTensorType::get({out, 2}, ctx.b.getI32Type()));
    edge::HostTensor weight(RankedTensorType::get({out, 2}, ctx.b.getF32Type()));
    for (int64_t i = 0; i < out; ++i) {
      float at = options.half_pixel_centers() ? (static_cast<float>(i) + 0.5F) * step - 0.5F
                                              : static_cast<float>(i) * step;
      auto low = std::max<int64_t>(static_cast<int64_t>(std::floor(at)), 0);
      index.setInt(2 * i, std::min(low, in - 1));
      index.setInt(2 * i + 1, std::clamp<int64_t>(static_cast<int64_t>(std::ceil(at)), 0, in - 1));
      weight.setFloat(2 * i, 1.0F - (at - static_cast<float>(low)));
      weight.setFloat(2 * i + 1, at - static_cast<float>(low));
    }
    indices.push_back(ctx.constantTensor(index));
    weights.push_back(ctx.constantTensor(weight));
  }
  // The kernel of unsigned integers weighs them as they are.
  bool integers = elementOf(ctx.input(0)).isUnsignedInteger(8) && ctx.sameQuantization(0);
  Value x = integers ? ctx.cast(ctx.input(0), ctx.b.getF32Type()) : ctx.real(0);
  Value resized = ctx.create<edge::ResampleOp>(x, ValueRange(indices), ValueRange(weights),
                                               SmallVector<int64_t>{1, 2});
  if (!integers || !resized)
    return one(ctx.result(resized));
  return one(ctx.cast(Formula(ctx).add(resized, 0.5), elementOf(ctx.input(0))));
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getResizeRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::RESIZE_BILINEAR, importBilinear, 2},
      {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, importNearest, 2},
  };
  return rows;
}
