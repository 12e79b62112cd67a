// Fourier transforms as products with constant matrices, and what becomes of their complex results:
// a complex tensor is one of floats with a last dimension of two, the real and the imaginary part.
#include "frontends/Fourier.h"
#include "frontends/torch/ops/Build.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

InFlightDiagnostic tooLong(const NodeContext &ctx, int64_t length) {
  return ctx.error("with ") << length
                            << " points needs too large a matrix; up to about 2000 are supported";
}

/// Transforms along dimension `dim` of x, whose last dimension holds the parts where `inParts` is
/// 2; the result's last one holds them where `outParts` is.
FailureOr<Results> transformed(const NodeContext &ctx, Value x, int64_t dim,
                               const FourierTransform &transform, double scale) {
  if (!transform.fits())
    return tooLong(ctx, transform.length);
  auto element = elementOf(x);
  SmallVector<int64_t> toLast, outer;
  int64_t rank = typeOf(x).getRank() - (transform.inParts == 2);
  for (int64_t i = 0; i < rank; ++i)
    if (i != dim) {
      toLast.push_back(i);
      outer.push_back(shapeOf(x)[i]);
    }
  toLast.push_back(dim);
  if (transform.inParts == 2)
    toLast.push_back(rank);
  x = sliceAlong(ctx, x, dim, 0, transform.in);
  int64_t from = transform.in * transform.inParts, to = transform.out * transform.outParts;
  x = ctx.reshape(ctx.transpose(x, toLast), {ShapedType::getNumElements(outer), from});
  edge::HostTensor matrix =
      buildMatrix(transform, element, {from, to}, SmallVector<double>(transform.in, scale));
  Value y = ctx.create<edge::MatMulOp>(x, ctx.constantTensor(matrix), /*transpose_b=*/false);
  SmallVector<int64_t> shape(outer), back;
  shape.push_back(transform.out);
  if (transform.outParts == 2)
    shape.push_back(2);
  for (int64_t i = 0; i < rank; ++i)
    back.push_back(i < dim ? i : i == dim ? rank - 1 : i - 1);
  if (transform.outParts == 2)
    back.push_back(rank);
  return one(ctx.transpose(ctx.reshape(y, shape), back));
}

/// What a way to normalize, by its name, makes of a sum over `length` points.
FailureOr<double> normalization(const NodeContext &ctx, StringRef name, int64_t length,
                                bool inverse) {
  auto points = static_cast<double>(length);
  if (name == "ortho")
    return inverse ? std::sqrt(points) : 1 / std::sqrt(points);
  if (name.empty() || name == "backward")
    return 1.0;
  if (name == "forward")
    return inverse ? points : 1 / points;
  return ctx.error("normalization '") << name << "' is not one that torch has";
}

/// x cut or filled with zeros to `length` along a dimension.
Value resized(const NodeContext &ctx, Value x, int64_t dim, int64_t length) {
  int64_t extent = shapeOf(x)[dim];
  if (extent >= length)
    return sliceAlong(ctx, x, dim, 0, length);
  SmallVector<int64_t> low(shapeOf(x).size(), 0), high(low);
  high[dim] = length - extent;
  return ctx.create<edge::PadOp>(x, Value(), low, high, edge::PadMode::constant);
}

/// The length of a transform: `n`, or the dimension's own.
FailureOr<int64_t> lengthOf(const NodeContext &ctx, int64_t own) {
  int64_t length = ctx.integer("n", own);
  if (length < 1 || length > (1 << 20))
    return ctx.error("has ") << length << " points";
  return length;
}

FailureOr<Results> importRfft(NodeContext &ctx) {
  Value x = floats(ctx);
  auto dim = ctx.dimension("dim", typeOf(x).getRank());
  if (failed(dim) || typeOf(x).getRank() == 0)
    return failed(dim) ? FailureOr<Results>(failure()) : ctx.error("has no dimension to transform");
  auto length = lengthOf(ctx, shapeOf(x)[*dim]);
  auto scale = failed(length) ? FailureOr<double>(failure())
                              : normalization(ctx, ctx.text("norm"), *length, false);
  if (failed(scale))
    return failure();
  FourierTransform transform;
  transform.length = transform.in = *length;
  transform.onesided = true;
  transform.out = *length / 2 + 1;
  return transformed(ctx, resized(ctx, x, *dim, *length), *dim, transform, *scale);
}

/// Half a spectrum back to the signal.
FailureOr<Results> importIrfft(NodeContext &ctx) {
  Value x = ctx.input(0);
  int64_t rank = typeOf(x).getRank() - 1;
  if (!ctx.isComplex(0) || rank < 1)
    return ctx.error("expects complex numbers");
  auto dim = ctx.axis(ctx.integer("dim"), rank);
  auto length =
      failed(dim) ? FailureOr<int64_t>(failure()) : lengthOf(ctx, 2 * (shapeOf(x)[*dim] - 1));
  auto scale = failed(length) ? FailureOr<double>(failure())
                              : normalization(ctx, ctx.text("norm"), *length, true);
  if (failed(scale))
    return failure();
  FourierTransform transform;
  transform.length = transform.out = *length;
  transform.in = *length / 2 + 1;
  transform.inParts = 2;
  transform.outParts = 1;
  transform.onesided = transform.inverse = true;
  return transformed(ctx, resized(ctx, x, *dim, transform.in), *dim, transform, *scale);
}

/// The same in core ATen: the length is an argument, and a number says how to normalize.
FailureOr<Results> importC2R(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank() - 1, length = ctx.integer("last_dim_size");
  auto dims = ctx.dimensions("dim", rank);
  if (failed(dims))
    return failure();
  if (!ctx.isComplex(0) || dims->size() != 1 || length < 1 || length > (1 << 20))
    return ctx.error("transforms ") << ctx.type(0) << " to " << length << " points";
  FourierTransform transform;
  transform.length = transform.out = length;
  transform.in = length / 2 + 1;
  transform.inParts = 2;
  transform.outParts = 1;
  transform.onesided = transform.inverse = true;
  auto points = static_cast<double>(length);
  int64_t kind = ctx.integer("normalization");
  double scale = kind == 2 ? 1 : kind == 1 ? std::sqrt(points) : points;
  Value x = resized(ctx, ctx.input(0), dims->front(), transform.in);
  return transformed(ctx, x, dims->front(), transform, scale);
}

/// The form of core ATen: one dimension, and a number for the normalization.
FailureOr<Results> importR2C(NodeContext &ctx) {
  auto dims = ctx.dimensions("dim", ctx.type(0).getRank());
  if (failed(dims))
    return failure();
  if (dims->size() != 1)
    return ctx.error("transforms ") << dims->size() << " dimensions at once; one is supported";
  FourierTransform transform;
  transform.length = transform.in = ctx.type(0).getDimSize(dims->front());
  transform.onesided = ctx.flag("onesided");
  transform.out = transform.onesided ? transform.length / 2 + 1 : transform.length;
  auto points = static_cast<double>(transform.length);
  int64_t kind = ctx.integer("normalization");
  double scale = kind == 1 ? 1 / std::sqrt(points) : kind == 2 ? 1 / points : 1;
  return transformed(ctx, ctx.input(0), dims->front(), transform, scale);
}

/// A convolution whose filters are the transform's rows: no frame is ever copied.
FailureOr<Results> importStft(NodeContext &ctx) {
  Value x = floats(ctx), window = ctx.tensor("window");
  int64_t points = ctx.integer("n_fft"), hop = ctx.integer("hop_length", points / 4);
  int64_t width = ctx.integer("win_length", points);
  int64_t rank = typeOf(x).getRank();
  bool complex = !ctx.has("return_complex") || ctx.flag("return_complex");
  if (rank < 1 || rank > 2 || points < 1 || hop < 1 || width < 1 || width > points ||
      points > (1 << 20))
    return ctx.error("has frames of ")
           << points << " every " << hop << " elements of " << typeOf(x);
  if (rank == 1)
    x = ctx.reshape(x, {1, shapeOf(x)[0]});
  for (const Parameter &parameter : ctx.schema.parameters)
    if (parameter.name == "center" && ctx.flag("center")) {
      SmallVector<int64_t> pads{0, points / 2};
      auto mode =
          ctx.text("pad_mode") == "reflect" ? edge::PadMode::reflect : edge::PadMode::constant;
      x = ctx.create<edge::PadOp>(x, Value(), pads, pads, mode);
    }
  if (!x || points > shapeOf(x)[1])
    return ctx.error("has frames of ") << points << " elements, which is longer than the signal";
  // A narrower window stands in the middle of the frame.
  SmallVector<double> factors(points, 0);
  Attribute attr;
  auto known = window && matchPattern(window, m_Constant(&attr))
                   ? edge::HostTensor::fromAttr(attr)
                   : FailureOr<edge::HostTensor>(failure());
  if (window && (failed(known) || known->getNumElements() != width))
    return ctx.error("its window must be known at compile time, with ") << width << " elements";
  double scale = ctx.flag("normalized") ? 1 / std::sqrt(static_cast<double>(points)) : 1;
  for (int64_t i = 0; i < width; ++i)
    factors[(points - width) / 2 + i] = scale * (window ? known->getFloat(i) : 1);
  FourierTransform transform;
  transform.onesided = !ctx.has("onesided") || ctx.flag("onesided");
  transform.length = transform.in = points;
  transform.out = transform.onesided ? points / 2 + 1 : points;
  if (!transform.fits())
    return tooLong(ctx, points);
  Value filter = ctx.constantTensor(
      buildMatrix(transform, elementOf(x), {points, 1, 2 * transform.out}, factors));
  SmallVector<int64_t> strides{hop}, dilations{1}, pads{0, 0};
  int64_t batch = shapeOf(x)[0];
  Value signal = ctx.reshape(x, {batch, shapeOf(x)[1], 1});
  Value spectrum = ctx.create<edge::ConvOp>(signal, filter, Value(), strides, dilations, pads, 1);
  if (!spectrum || !complex)
    return complex ? FailureOr<Results>(failure())
                   : ctx.error("gives no complex numbers; use return_complex=True");
  int64_t frames = shapeOf(spectrum)[1];
  Value y = ctx.transpose(ctx.reshape(spectrum, {batch, frames, transform.out, 2}), {0, 2, 1, 3});
  return one(rank == 1 ? ctx.reshape(y, {transform.out, frames, 2}) : y);
}

/// The parts as a dimension, which is what they are.
FailureOr<Views> importParts(NodeContext &) { return Views{View{}}; }

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSignalRows() {
  static const OperatorRow rows[] = {
      {"aten::_fft_c2r(Tensor self, int[] dim, int normalization, SymInt last_dim_size) -> Tensor",
       importC2R, /*takesComplex=*/true},
      {"aten::fft_rfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importRfft},
      {"aten::fft_irfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importIrfft, /*takesComplex=*/true},
      {"aten::_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor",
       importR2C},
      {"aten::stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? "
       "window=None, bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? "
       "align_to_window=None) -> Tensor",
       importStft},
      {"aten::stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, "
       "Tensor? window=None, bool center=True, str pad_mode=\"reflect\", bool normalized=False, "
       "bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor",
       importStft},
      {"aten::view_as_real(Tensor(a) self) -> Tensor(a)", importParts, /*takesComplex=*/true},
      {"aten::view_as_complex(Tensor(a) self) -> Tensor(a)", importParts, /*takesComplex=*/true},
  };
  return rows;
}
