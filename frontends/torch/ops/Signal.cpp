// Fourier transforms as products with constant matrices: of whole dimensions, and of frames.
#include "frontends/Fourier.h"
#include "frontends/torch/ops/Build.h"
#include "mlir/IR/Matchers.h"
#include <algorithm>
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

/// What a way to normalize, by its name, makes of a sum over `length` points, of which an inverse
/// transform is the mean.
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
/// The same by core ATen's number, which knows no inverse: nothing, a root or all of the length.
double normalization(int64_t kind, int64_t length, bool inverse) {
  auto points = static_cast<double>(length);
  double divisor = kind == 0 ? 1 : kind == 1 ? std::sqrt(points) : points;
  return (inverse ? points : 1) / divisor;
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

/// Transforms along some dimensions, one after the other. Where an end is real, it is so at the
/// last of them; half of its spectrum, `onesided`, says all then.
struct Transforms {
  SmallVector<int64_t> dims, lengths;
  SmallVector<double> scales;
  bool fromReal = false, toReal = false, inverse = false, onesided = false;
};

FailureOr<Results> transformedAlong(const NodeContext &ctx, Value x, const Transforms &all) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, all.dims.size()));
  if (all.fromReal)
    std::rotate(order.begin(), order.end() - 1, order.end());
  for (size_t i : order) {
    bool isLast = i + 1 == all.dims.size();
    int64_t length = all.lengths[i];
    if (length < 1 || length > (1 << 20))
      return ctx.error("has ") << length << " points";
    FourierTransform transform;
    transform.length = transform.in = transform.out = length;
    transform.inParts = all.fromReal && isLast ? 1 : 2;
    transform.outParts = all.toReal && isLast ? 1 : 2;
    transform.inverse = all.inverse;
    transform.onesided = all.onesided && isLast;
    if (transform.onesided)
      (all.toReal ? transform.in : transform.out) = length / 2 + 1;
    auto results = transformed(ctx, resized(ctx, x, all.dims[i], transform.in), all.dims[i],
                               transform, all.scales[i]);
    if (failed(results))
      return failure();
    x = results->front();
  }
  return one(x);
}

/// The dimensions that one of torch.fft's functions transforms, and to how many points each: `n` of
/// `dim`, or `s` of several.
FailureOr<Transforms> readTransforms(const NodeContext &ctx, ArrayRef<int64_t> shape) {
  auto rank = static_cast<int64_t>(shape.size());
  Transforms all;
  SmallVector<int64_t> points = ctx.integers(takes(ctx, "n") ? "n" : "s");
  SmallVector<int64_t> dims = ctx.integers("dim");
  if (dims.empty())
    dims = llvm::to_vector(llvm::seq<int64_t>(
        points.empty() ? 0 : -static_cast<int64_t>(points.size()), points.empty() ? rank : 0));
  auto axes = ctx.axes(dims, rank);
  if (failed(axes))
    return failure();
  if (axes->empty() || (!points.empty() && points.size() != axes->size()))
    return ctx.error("transforms ")
           << axes->size() << " dimensions, of " << points.size() << " numbers of points";
  for (auto [i, dim] : llvm::enumerate(*axes)) {
    all.dims.push_back(dim);
    all.lengths.push_back(points.empty() || points[i] == -1 ? shape[dim] : points[i]);
  }
  return all;
}

/// torch.fft's functions: from complex numbers (or real ones, whose spectrum is whole) to complex
/// ones, or from or to real ones by half a spectrum.
template <bool fromReal, bool toReal, bool inverse> FailureOr<Results> importFft(NodeContext &ctx) {
  bool isComplex = ctx.isComplex(0);
  if (toReal && !isComplex)
    return ctx.error("expects complex numbers");
  Value x = isComplex ? ctx.input(0) : floats(ctx);
  auto all = readTransforms(ctx, shapeOf(x).drop_back(isComplex));
  if (failed(all))
    return failure();
  all->fromReal = !isComplex;
  all->toReal = toReal;
  all->inverse = inverse;
  all->onesided = fromReal || toReal;
  SmallVector<int64_t> points = ctx.integers(takes(ctx, "n") ? "n" : "s");
  if (toReal && (points.empty() || points.back() == -1))
    all->lengths.back() = 2 * (all->lengths.back() - 1);
  for (int64_t length : all->lengths) {
    auto scale = normalization(ctx, ctx.text("norm"), length, inverse);
    if (failed(scale))
      return failure();
    all->scales.push_back(*scale);
  }
  return transformedAlong(ctx, x, *all);
}

/// The same in core ATen, which gives all lengths by extents, but for that of a real end.
template <bool fromReal, bool toReal> FailureOr<Results> importCoreFft(NodeContext &ctx) {
  if (!fromReal && !ctx.isComplex(0))
    return ctx.error("expects complex numbers");
  ArrayRef<int64_t> shape = ctx.type(0).getShape().drop_back(!fromReal);
  auto dims = ctx.dimensions("dim", static_cast<int64_t>(shape.size()));
  if (failed(dims) || dims->empty())
    return failed(dims) ? FailureOr<Results>(failure())
                        : ctx.error("has no dimension to transform");
  Transforms all;
  all.dims = *dims;
  all.fromReal = fromReal;
  all.toReal = toReal;
  all.inverse = toReal || (takes(ctx, "forward") && !ctx.flag("forward"));
  all.onesided = toReal || (fromReal && ctx.flag("onesided"));
  for (int64_t dim : *dims)
    all.lengths.push_back(shape[dim]);
  if (toReal)
    all.lengths.back() = ctx.integer("last_dim_size");
  for (int64_t length : all.lengths)
    all.scales.push_back(normalization(ctx.integer("normalization"), length, all.inverse));
  return transformedAlong(ctx, ctx.input(0), all);
}

//===- Of frames ------------------------------------------------------------------------------===//

/// The window of a frame of `points`, which is known; a narrower one stands in its middle, and none
/// is of ones.
FailureOr<SmallVector<double>> readWindow(const NodeContext &ctx, int64_t points, int64_t width) {
  SmallVector<double> factors(points, 0);
  Value window = ctx.tensor("window");
  Attribute attr;
  auto known = window && matchPattern(window, m_Constant(&attr))
                   ? edge::HostTensor::fromAttr(attr)
                   : FailureOr<edge::HostTensor>(failure());
  if (window && (failed(known) || known->getNumElements() != width))
    return ctx.error("its window must be known at compile time, with ") << width << " elements";
  for (int64_t i = 0; i < width; ++i)
    factors[(points - width) / 2 + i] = window ? known->getFloat(i) : 1;
  return factors;
}

/// A convolution whose filters are the transform's rows: no frame is ever copied.
FailureOr<Results> importStft(NodeContext &ctx) {
  Value x = floats(ctx);
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
  auto factors = readWindow(ctx, points, width);
  if (failed(factors))
    return failure();
  if (ctx.flag("normalized"))
    for (double &factor : *factors)
      factor /= std::sqrt(static_cast<double>(points));
  FourierTransform transform;
  transform.onesided = !ctx.has("onesided") || ctx.flag("onesided");
  transform.length = transform.in = points;
  transform.out = transform.onesided ? points / 2 + 1 : points;
  if (!transform.fits())
    return tooLong(ctx, points);
  Value filter = ctx.constantTensor(
      buildMatrix(transform, elementOf(x), {points, 1, 2 * transform.out}, *factors));
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

/// Its inverse: a transposed convolution by rows of the inverse transform, each times the window,
/// over the sum of the windows' squares that cover an element.
FailureOr<Results> importIstft(NodeContext &ctx) {
  Value x = ctx.input(0);
  int64_t points = ctx.integer("n_fft"), hop = ctx.integer("hop_length", points / 4);
  int64_t width = ctx.integer("win_length", points), rank = typeOf(x).getRank() - 1;
  if (!ctx.isComplex(0) || rank < 2 || rank > 3 || points < 1 || hop < 1 || width < 1 ||
      width > points || points > (1 << 20))
    return ctx.error("has frames of ")
           << points << " every " << hop << " elements of " << typeOf(x);
  if (ctx.flag("return_complex"))
    return ctx.error("gives complex numbers; use return_complex=False");
  if (rank == 2)
    x = ctx.reshape(x, {1, shapeOf(x)[0], shapeOf(x)[1], 2});
  int64_t batch = shapeOf(x)[0], bins = shapeOf(x)[1], frames = shapeOf(x)[2];
  FourierTransform transform;
  transform.inverse = true;
  transform.onesided = ctx.has("onesided") ? ctx.flag("onesided") : bins != points;
  transform.length = transform.out = points;
  transform.in = transform.onesided ? points / 2 + 1 : points;
  transform.inParts = 2;
  transform.outParts = 1;
  if (bins != transform.in || frames < 1)
    return ctx.error("has a spectrum of ") << bins << " numbers for " << points << " points";
  if (!transform.fits() || frames > INT32_MAX / hop)
    return tooLong(ctx, points);
  auto window = readWindow(ctx, points, width);
  if (failed(window))
    return failure();
  double scale = ctx.flag("normalized") ? std::sqrt(static_cast<double>(points)) : 1;
  edge::HostTensor filter(RankedTensorType::get({points, 2 * bins, 1}, elementOf(x)));
  for (int64_t k = 0; k < points; ++k)
    for (int64_t n = 0; n < 2 * bins; ++n)
      filter.setFloat(k * 2 * bins + n, transform.entry(n / 2, n % 2, k, 0) * (*window)[k] * scale);
  x = ctx.reshape(ctx.transpose(x, {0, 2, 1, 3}), {batch, frames, 2 * bins});
  int64_t total = points + hop * (frames - 1), margin = ctx.flag("center") ? points / 2 : 0;
  SmallVector<int64_t> strides{hop}, dilations{1}, pads{0, 0}, extent{total};
  Value signal = ctx.create<edge::ConvTransposeOp>(x, ctx.constantTensor(filter), Value(), strides,
                                                   dilations, pads, 1, extent);
  int64_t length = ctx.integer("length", total - 2 * margin);
  int64_t count = std::min(length, total - margin);
  if (!signal || count < 1 || failed(checkWritten(ctx, total)) || failed(checkWritten(ctx, length)))
    return !signal || count >= 1 ? FailureOr<Results>(failure())
                                 : ctx.error("gives ") << count << " elements";
  SmallVector<double> cover(total, 0);
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t i = 0; i < points; ++i)
      cover[frame * hop + i] += (*window)[i] * (*window)[i];
  edge::HostTensor inverse(RankedTensorType::get({1, count, 1}, elementOf(x)));
  for (int64_t i = 0; i < count; ++i) {
    if (!(cover[margin + i] > 1e-11))
      return ctx.error("its windows leave element ") << i << " uncovered";
    inverse.setFloat(i, 1 / cover[margin + i]);
  }
  Value y = Formula(ctx).mul(sliceAlong(ctx, signal, 1, margin, margin + count),
                             ctx.constantTensor(inverse));
  if (!y)
    return failure();
  y = resized(ctx, y, 1, length);
  return one(rank == 2 ? ctx.reshape(y, {length}) : ctx.reshape(y, {batch, length}));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSignalRows() {
  static const OperatorRow rows[] = {
      {"aten::fft_fft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importFft<false, false, false>, OnComplex::whole},
      {"aten::fft_ifft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importFft<false, false, true>, OnComplex::whole},
      {"aten::fft_rfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importFft<true, false, false>},
      {"aten::fft_irfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor",
       importFft<false, true, true>, OnComplex::whole},
      {"aten::fft_fft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> "
       "Tensor",
       importFft<false, false, false>, OnComplex::whole},
      {"aten::fft_ifft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> "
       "Tensor",
       importFft<false, false, true>, OnComplex::whole},
      {"aten::fft_rfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> "
       "Tensor",
       importFft<true, false, false>},
      {"aten::fft_irfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> "
       "Tensor",
       importFft<false, true, true>, OnComplex::whole},
      {"aten::fft_fftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor",
       importFft<false, false, false>, OnComplex::whole},
      {"aten::fft_ifftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> "
       "Tensor",
       importFft<false, false, true>, OnComplex::whole},
      {"aten::fft_rfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> "
       "Tensor",
       importFft<true, false, false>},
      {"aten::fft_irfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> "
       "Tensor",
       importFft<false, true, true>, OnComplex::whole},
      {"aten::_fft_c2c(Tensor self, SymInt[] dim, int normalization, bool forward) -> Tensor",
       importCoreFft<false, false>, OnComplex::whole},
      {"aten::_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor",
       importCoreFft<true, false>},
      {"aten::_fft_c2r(Tensor self, int[] dim, int normalization, SymInt last_dim_size) -> Tensor",
       importCoreFft<false, true>, OnComplex::whole},
      {"aten::stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? "
       "window=None, bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? "
       "align_to_window=None) -> Tensor",
       importStft},
      {"aten::stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, "
       "Tensor? window=None, bool center=True, str pad_mode=\"reflect\", bool normalized=False, "
       "bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor",
       importStft},
      {"aten::istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? "
       "window=None, bool center=True, bool normalized=False, bool? onesided=None, int? "
       "length=None, bool return_complex=False) -> Tensor",
       importIstft, OnComplex::whole},
  };
  return rows;
}
