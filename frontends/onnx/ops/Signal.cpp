// Fourier transforms as products with constant matrices, mel filters, and Col2Im.
#include "frontends/Fourier.h"
#include "frontends/onnx/Tensors.h"
#include "frontends/onnx/ops/Row.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

FailureOr<int64_t> constantInt(NodeContext &ctx, unsigned index, StringRef what) {
  auto values = ctx.constantInts(index, what);
  if (failed(values))
    return failure();
  if (values->size() != 1)
    return ctx.error("") << what << " must be one number";
  return values->front();
}

FailureOr<Results> importDFT(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank();
  if (rank < 2 || (x.getShape().back() != 1 && x.getShape().back() != 2) ||
      !isa<FloatType>(x.getElementType()))
    return ctx.error("expects floats whose last dimension is 1 (real) or 2 (complex), but got ")
           << x;
  FailureOr<int64_t> given = ctx.opset < 20 ? ctx.intAttr("axis", 1) : -2;
  if (ctx.opset >= 20 && ctx.input(2))
    given = constantInt(ctx, 2, "the axis");
  if (failed(given))
    return failure();
  auto axis = ctx.axis(*given, rank);
  if (failed(axis))
    return failure();
  if (*axis == rank - 1)
    return ctx.error("transforms along its last dimension, which holds the complex parts");
  FourierTransform transform;
  transform.inverse = ctx.intAttr("inverse", 0) != 0;
  transform.onesided = ctx.intAttr("onesided", 0) != 0;
  bool toReal = transform.inverse && transform.onesided;
  int64_t extent = x.getDimSize(*axis);
  FailureOr<int64_t> length = toReal ? 2 * (extent - 1) : extent;
  if (ctx.input(1))
    length = constantInt(ctx, 1, "the length of a DFT");
  if (failed(length))
    return failure();
  if (*length < 1 || *length > INT32_MAX)
    return ctx.error("has length ") << *length;
  int64_t half = *length / 2 + 1;
  transform.length = *length;
  transform.in = std::min(extent, toReal ? half : *length);
  transform.inParts = x.getShape().back();
  transform.out = transform.onesided && !transform.inverse ? half : *length;
  transform.outParts = toReal ? 1 : 2;
  if (!transform.fits())
    return ctx.error("of length ")
           << *length << " needs too large a matrix; up to about 2000 points are supported";

  // The axis comes just before the complex parts; one matrix takes both to the result's.
  SmallVector<int64_t> permutation;
  SmallVector<int64_t> offsets(rank, 0), sizes(x.getShape()), strides(rank, 1), outer;
  for (int64_t i = 0; i < rank - 1; ++i)
    if (i != *axis) {
      permutation.push_back(i);
      outer.push_back(x.getDimSize(i));
    }
  permutation.push_back(*axis);
  permutation.push_back(rank - 1);
  sizes[*axis] = transform.in;
  Value value = ctx.create<edge::SliceOp>(ctx.input(0), offsets, sizes, strides);
  value = ctx.transpose(value, permutation);
  int64_t rows = ShapedType::getNumElements(outer);
  int64_t from = transform.in * transform.inParts, to = transform.out * transform.outParts;
  value = ctx.reshape(value, {rows, from});
  Value matrix = ctx.constantTensor(buildMatrix(transform, x.getElementType(), {from, to}));
  value = ctx.create<edge::MatMulOp>(value, matrix, /*transpose_b=*/false);
  outer.append({transform.out, transform.outParts});
  value = ctx.reshape(value, outer);
  return one(ctx.transpose(value, edge::inversePermutation(permutation)));
}

/// A convolution whose filters are the transform's rows: no frame is ever copied.
FailureOr<Results> importSTFT(NodeContext &ctx) {
  auto x = ctx.type(0);
  if (x.getRank() < 2 || x.getRank() > 3 || !isa<FloatType>(x.getElementType()) ||
      (x.getRank() == 3 && x.getDimSize(2) != 1 && x.getDimSize(2) != 2))
    return ctx.error("expects a signal [batch, length, 1 or 2] of floats, but got ") << x;
  auto step = constantInt(ctx, 1, "the frame step");
  if (failed(step))
    return failure();
  Value window = ctx.input(2);
  if (window &&
      (typeOf(window).getRank() != 1 || typeOf(window).getElementType() != x.getElementType()))
    return ctx.error("expects a window of one dimension, of the signal's element type");
  FailureOr<int64_t> length = window ? typeOf(window).getDimSize(0) : x.getDimSize(1);
  if (ctx.input(3))
    length = constantInt(ctx, 3, "the frame length");
  if (failed(length))
    return failure();
  if (*step < 1 || *length < 1 || *length > x.getDimSize(1))
    return ctx.error("has frames of ")
           << *length << " every " << *step << " elements over a signal of " << x.getDimSize(1);
  if (window && typeOf(window).getDimSize(0) != *length)
    return ctx.error("has a window of ")
           << typeOf(window).getDimSize(0) << " elements for frames of " << *length;
  FourierTransform transform;
  transform.inverse = false;
  transform.inParts = x.getRank() == 3 ? x.getDimSize(2) : 1;
  transform.onesided = ctx.intAttr("onesided", 1) != 0;
  transform.length = transform.in = *length;
  transform.out = transform.onesided ? *length / 2 + 1 : *length;
  transform.outParts = 2;
  if (!transform.fits())
    return ctx.error("with frames of ")
           << *length << " needs too large a matrix; up to about 2000 are supported";
  auto constantWindow = ctx.tryConstant(2);
  SmallVector<double> factors;
  if (succeeded(constantWindow))
    factors = constantWindow->getFloats();
  SmallVector<int64_t> shape{*length, transform.inParts, 2 * transform.out};
  Value filter = ctx.constantTensor(buildMatrix(transform, x.getElementType(), shape, factors));
  if (window && failed(constantWindow))
    filter = ctx.create<edge::MulOp>(filter, ctx.reshape(window, {*length, 1, 1}));
  int64_t batch = x.getDimSize(0);
  Value signal = ctx.reshape(ctx.input(0), {batch, x.getDimSize(1), transform.inParts});
  SmallVector<int64_t> strides{*step}, dilations{1}, pads{0, 0};
  Value spectrum = ctx.create<edge::ConvOp>(signal, filter, Value(), strides, dilations, pads, 1);
  if (!spectrum)
    return failure();
  return one(ctx.reshape(spectrum, {batch, typeOf(spectrum).getDimSize(1), transform.out, 2}));
}

FailureOr<Results> importMelWeightMatrix(NodeContext &ctx) {
  auto bins = constantInt(ctx, 0, "the number of mel bins"),
       length = constantInt(ctx, 1, "the DFT length"),
       rate = constantInt(ctx, 2, "the sample rate");
  auto low = ctx.constant(3, "the lower edge"), high = ctx.constant(4, "the upper edge");
  if (failed(bins) || failed(length) || failed(rate) || failed(low) || failed(high))
    return failure();
  auto element = elementTypeAttr(ctx, "output_datatype", ctx.b.getF32Type());
  if (failed(element))
    return failure();
  if (*bins < 0 || *bins > INT16_MAX || *length < 1 || *length > (1 << 24) || *rate < 1 ||
      low->getNumElements() != 1 || high->getNumElements() != 1)
    return ctx.error("has ") << *bins << " mel bins over a DFT of " << *length << " at a rate of "
                             << *rate;
  auto mel = [](double hertz) { return 2595 * std::log1p(hertz / 700) / std::log(10.0); };
  double lowest = mel(low->getFloat(0));
  double step = (mel(high->getFloat(0)) - lowest) / static_cast<double>(*bins + 2);
  int64_t rows = *length / 2 + 1;
  auto binOf = [&](int64_t i) {
    double hertz =
        700 * std::expm1((static_cast<double>(i) * step + lowest) / 2595 * std::log(10.0));
    double bin = std::floor(static_cast<double>(*length + 1) * hertz / static_cast<double>(*rate));
    return static_cast<int64_t>(std::clamp(bin, -1.0, static_cast<double>(rows)));
  };
  edge::HostTensor matrix(RankedTensorType::get({rows, *bins}, *element));
  auto set = [&](int64_t row, int64_t column, double value) {
    if (row >= 0 && row < rows)
      matrix.setFloat(row * *bins + column, value);
  };
  for (int64_t i = 0; i < *bins; ++i) {
    int64_t left = binOf(i), centre = binOf(i + 1), right = binOf(i + 2);
    if (left == centre)
      set(centre, i, 1);
    for (int64_t j = left; j <= centre && left != centre; ++j)
      set(j, i, static_cast<double>(j - left) / static_cast<double>(centre - left));
    for (int64_t j = centre; j < right; ++j)
      set(j, i, static_cast<double>(right - j) / static_cast<double>(right - centre));
  }
  return one(ctx.constantTensor(matrix));
}

/// Overlapping blocks added up to an image: a transposed convolution whose filters put each element
/// of a block at its place.
FailureOr<Results> importCol2Im(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto image = ctx.constantInts(1, "the shape of the image"),
       block = ctx.constantInts(2, "the shape of a block");
  if (failed(image) || failed(block))
    return failure();
  size_t rank = image->size();
  SmallVector<int64_t> strides = ctx.intsAttr("strides", SmallVector<int64_t>(rank, 1));
  SmallVector<int64_t> dilations = ctx.intsAttr("dilations", SmallVector<int64_t>(rank, 1));
  SmallVector<int64_t> pads = ctx.intsAttr("pads", SmallVector<int64_t>(2 * rank, 0));
  if (x.getRank() != 3 || rank == 0 || block->size() != rank || strides.size() != rank ||
      dilations.size() != rank || pads.size() != 2 * rank)
    return ctx.error("expects an input of rank 3, and a block's extent, a stride, a dilation and "
                     "two pads for each of the image's dimensions");
  int64_t taps = 1;
  SmallVector<int64_t> blocks{x.getDimSize(0), x.getDimSize(1)};
  for (size_t i = 0; i < rank; ++i) {
    for (int64_t value : {(*image)[i], (*block)[i], strides[i], dilations[i]})
      if (value < 1 || value > INT16_MAX)
        return ctx.error("has an extent, stride or dilation of ") << value;
    taps *= (*block)[i];
    int64_t span = (*image)[i] + pads[i] + pads[rank + i] - dilations[i] * ((*block)[i] - 1) - 1;
    blocks.push_back(span < 0 ? 0 : span / strides[i] + 1);
    if (taps > 4096 || pads[i] < 0 || pads[i] > INT16_MAX || pads[rank + i] < 0 ||
        pads[rank + i] > INT16_MAX)
      return ctx.error("has blocks or pads too large for it");
  }
  if (x.getDimSize(1) % taps || ShapedType::getNumElements(blocks) != x.getNumElements())
    return ctx.error("can't make blocks of ") << taps << " elements out of " << x;
  int64_t channels = x.getDimSize(1) / taps;
  if (taps * taps > (int64_t(1) << 26) / std::max<int64_t>(channels, 1))
    return ctx.error("has blocks too large for it");
  SmallVector<int64_t> shape(*block);
  shape.append({taps, channels});
  edge::HostTensor filter(RankedTensorType::get(shape, x.getElementType()));
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t c = 0; c < channels; ++c)
      filter.setFloat((tap * taps + tap) * channels + c, 1);
  Value columns = ctx.toChannelsLast(ctx.reshape(ctx.input(0), blocks));
  return one(ctx.toChannelsFirst(ctx.create<edge::ConvTransposeOp>(
      columns, ctx.constantTensor(filter), Value(), strides, dilations, pads, channels, *image)));
}

const OperatorRow kRows[] = {
    {"DFT", needs<importDFT, 1>},
    {"STFT", needs<importSTFT, 2>},
    {"MelWeightMatrix", needs<importMelWeightMatrix, 5>},
    {"Col2Im", needs<importCol2Im, 3>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getSignalRows() { return kRows; }
