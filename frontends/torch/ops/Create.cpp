// Rows that make tensors of numbers that are known at compile time, and those of asserts.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// A shape that an argument gives.
FailureOr<SmallVector<int64_t>> sizes(const NodeContext &ctx, StringRef name) {
  SmallVector<int64_t> shape = ctx.integers(name);
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  return shape;
}

FailureOr<Results> full(const NodeContext &ctx, const Number &number, Type element,
                        ArrayRef<int64_t> shape) {
  element = ctx.element("dtype", element);
  if (auto complex = dyn_cast<ComplexType>(element))
    return createComplexFull(ctx, number, complex.getElementType(), shape);
  return one(createFull(ctx, number, element, shape));
}

/// `zeros`, `ones`: f32 where nothing is said. `empty` is zeros: what is there isn't said either.
template <int number> FailureOr<Results> importConstant(NodeContext &ctx) {
  auto shape = sizes(ctx, "size");
  if (failed(shape))
    return failure();
  return full(ctx, Number::ofInteger(number), ctx.b.getF32Type(), *shape);
}
template <int number> FailureOr<Results> importConstantLike(NodeContext &ctx) {
  return full(ctx, Number::ofInteger(number), elementOf(ctx.input(0)), shapeOf(ctx.input(0)));
}
template <int number> FailureOr<Results> importNewConstant(NodeContext &ctx) {
  auto shape = sizes(ctx, "size");
  if (failed(shape))
    return failure();
  return full(ctx, Number::ofInteger(number), elementOf(ctx.input(0)), *shape);
}

/// One value everywhere, which may be known at run time only.
FailureOr<Results> filled(NodeContext &ctx, StringRef name, Type element, ArrayRef<int64_t> shape) {
  auto complex = dyn_cast<ComplexType>(element);
  Value value = ctx.tensor(name);
  if (value && !complex)
    return one(ctx.create<edge::BroadcastOp>(ctx.cast(value, element), shape));
  FailureOr<Number> number = ctx.scalar(name);
  if (failed(number))
    return failure();
  if (complex)
    return createComplexFull(ctx, *number, complex.getElementType(), shape);
  return one(createFull(ctx, *number, element, shape));
}

/// The type of the value, where none is given.
FailureOr<Results> importFull(NodeContext &ctx) {
  auto shape = sizes(ctx, "size");
  if (failed(shape))
    return failure();
  return filled(ctx, "fill_value", ctx.element("dtype", ctx.operand(1).element), *shape);
}
FailureOr<Results> importFullLike(NodeContext &ctx) {
  ArrayRef<int64_t> shape = ctx.type(0).getShape();
  Type element = ctx.type(0).getElementType();
  if (ctx.isComplex(0)) {
    element = ComplexType::get(element);
    shape = shape.drop_back();
  }
  return filled(ctx, "fill_value", ctx.element("dtype", element), shape);
}
FailureOr<Results> importNewFull(NodeContext &ctx) {
  auto shape = sizes(ctx, "size");
  if (failed(shape))
    return failure();
  return filled(ctx, "fill_value", ctx.element("dtype", elementOf(ctx.input(0))), *shape);
}
FailureOr<Results> importScalarTensor(NodeContext &ctx) {
  return filled(ctx, "s", ctx.element("dtype", ctx.b.getF32Type()), {});
}

FailureOr<Results> arange(NodeContext &ctx, const Number &start, const Number &end,
                          const Number &step) {
  bool isReal = start.kind == Number::Kind::real || end.kind == Number::Kind::real ||
                step.kind == Number::Kind::real;
  Type element = ctx.element("dtype", isReal ? Type(ctx.b.getF32Type()) : Type(ctx.b.getI64Type()));
  double by = step.asReal(), count = std::ceil((end.asReal() - start.asReal()) / by);
  if (by == 0 || !(count >= 0) || count > static_cast<double>(kMostWritten))
    return ctx.error("has ") << count << " elements";
  edge::HostTensor range(RankedTensorType::get(static_cast<int64_t>(count), element));
  for (int64_t i = 0, e = range.getNumElements(); i < e; ++i) {
    if (isReal || range.isFloat())
      range.setFloat(i, start.asReal() + static_cast<double>(i) * by);
    else
      range.setInt(i, static_cast<int64_t>(static_cast<uint64_t>(start.integer) +
                                           static_cast<uint64_t>(i) * step.integer));
  }
  return one(ctx.constantTensor(range));
}

/// `end`; `start, end`; `start, end, step`.
FailureOr<Results> importArange(NodeContext &ctx) {
  Number start = Number::ofInteger(0), step = Number::ofInteger(1);
  auto end = ctx.scalar("end");
  if (failed(end))
    return failure();
  for (const Parameter &parameter : ctx.schema.parameters) {
    if (parameter.name != "start" && parameter.name != "step")
      continue;
    auto given = ctx.scalar(parameter.name);
    if (failed(given))
      return failure();
    (parameter.name == "start" ? start : step) = *given;
  }
  return arange(ctx, start, *end, step);
}

/// From both ends, as torch does: the middle has the least error.
FailureOr<Results> importLinspace(NodeContext &ctx) {
  auto start = ctx.scalar("start"), end = ctx.scalar("end");
  int64_t steps = ctx.integer("steps");
  if (failed(start) || failed(end))
    return failure();
  if (steps < 0 || steps > kMostWritten)
    return ctx.error("has ") << steps << " elements";
  edge::HostTensor line(RankedTensorType::get(steps, ctx.element("dtype", ctx.b.getF32Type())));
  double step = steps > 1 ? (end->asReal() - start->asReal()) / static_cast<double>(steps - 1) : 0;
  for (int64_t i = 0; i < steps; ++i)
    line.setFloat(i, i < steps / 2 || steps == 1
                         ? start->asReal() + step * static_cast<double>(i)
                         : end->asReal() - step * static_cast<double>(steps - 1 - i));
  return one(ctx.constantTensor(line));
}

FailureOr<Results> importEye(NodeContext &ctx) {
  int64_t rows = ctx.integer("n"), columns = rows;
  for (const Parameter &parameter : ctx.schema.parameters)
    if (parameter.name == "m")
      columns = ctx.integer("m");
  SmallVector<int64_t> shape{rows, columns};
  if (failed(checkWritten(ctx, rows, columns)))
    return failure();
  edge::HostTensor eye(RankedTensorType::get(shape, ctx.element("dtype", ctx.b.getF32Type())));
  for (int64_t i = 0; i < std::min(rows, columns); ++i)
    eye.setInt(i * columns + i, 1);
  return one(ctx.constantTensor(eye));
}

//===- Windows --------------------------------------------------------------------------------===//

/// The modified Bessel function of the first kind, of order zero.
double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > sum * 1e-17 && k < 500; ++k) {
    term *= (x / 2 / k) * (x / 2 / k);
    sum += term;
  }
  return sum;
}

double bartlett(const NodeContext &, double part) { return 1 - std::abs(2 * part - 1); }
double hann(const NodeContext &, double part) {
  return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * part);
}
double hamming(const NodeContext &, double part) {
  return 0.54 - 0.46 * std::cos(2 * std::numbers::pi * part);
}
double blackman(const NodeContext &, double part) {
  return 0.42 - 0.5 * std::cos(2 * std::numbers::pi * part) +
         0.08 * std::cos(4 * std::numbers::pi * part);
}
double kaiser(const NodeContext &ctx, double part) {
  double beta = takes(ctx, "beta") ? ctx.real("beta") : 12;
  return bessel(beta * std::sqrt(std::max(1 - (2 * part - 1) * (2 * part - 1), 0.0))) /
         bessel(beta);
}

/// A window's elements by how far into it they are; a periodic one lacks its end.
template <double (*shape)(const NodeContext &, double)>
FailureOr<Results> importWindow(NodeContext &ctx) {
  int64_t length = ctx.integer("window_length");
  if (length < 0 || length > kMostWritten)
    return ctx.error("has a window of ") << length << " elements";
  bool periodic = !takes(ctx, "periodic") || ctx.flag("periodic");
  edge::HostTensor window(RankedTensorType::get(length, ctx.element("dtype", ctx.b.getF32Type())));
  auto span = static_cast<double>(periodic ? length : length - 1);
  for (int64_t i = 0; i < length; ++i)
    window.setFloat(i, length == 1 ? 1 : shape(ctx, static_cast<double>(i) / span));
  return one(ctx.constantTensor(window));
}

/// The rows and the columns of a triangle's elements.
template <bool upper> FailureOr<Results> importTriangleIndices(NodeContext &ctx) {
  int64_t rows = ctx.integer("row"), columns = ctx.integer("col"), offset = ctx.integer("offset");
  if (failed(checkWritten(ctx, rows, columns)))
    return failure();
  SmallVector<int64_t> places[2];
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      if (upper ? column - row >= offset : column - row <= offset) {
        places[0].push_back(row);
        places[1].push_back(column);
      }
  auto count = static_cast<int64_t>(places[0].size());
  edge::HostTensor indices(
      RankedTensorType::get({2, count}, ctx.element("dtype", ctx.b.getI64Type())));
  for (int64_t i = 0; i < 2 * count; ++i)
    indices.setInt(i, places[i / count][i % count]);
  return one(ctx.constantTensor(indices));
}

/// What lies on one side of a diagonal, compared where it is read: no mask in memory.
template <bool upper> FailureOr<Results> importTriangle(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank();
  if (rank < 2)
    return ctx.error("expects a matrix, but got ") << x;
  int64_t rows = x.getDimSize(rank - 2), columns = x.getDimSize(rank - 1);
  int64_t diagonal = std::clamp<int64_t>(ctx.integer("diagonal"), -rows, columns);
  Formula f(ctx);
  Value row = f.add(ctx.cast(createRamp(ctx, rows, 0, 2), ctx.b.getI32Type()),
                    static_cast<double>(diagonal));
  Value column = ctx.cast(createRamp(ctx, columns, 0, 1), ctx.b.getI32Type());
  Value kept =
      f.compare(column, row,
                upper ? edge::ComparePredicate::greater_equal : edge::ComparePredicate::less_equal);
  if (x.getElementType().isInteger(1))
    return one(f.binary<edge::AndOp>(ctx.input(0), kept));
  return one(f.select(kept, ctx.input(0), ctx.scalar(x.getElementType(), 0)));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getCreateRows() {
  static const OperatorRow rows[] = {
      {"aten::empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, "
       "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importConstant<0>},
      {"aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       importConstant<0>, OnComplex::whole},
      {"aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       importConstant<0>, OnComplex::whole},
      {"aten::ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       importConstant<1>, OnComplex::whole},
      {"aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       importConstantLike<0>, OnComplex::whole},
      {"aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       importConstantLike<0>, OnComplex::whole},
      {"aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       importConstantLike<1>},
      {"aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importNewConstant<0>},
      {"aten::new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importNewConstant<0>},
      {"aten::new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importNewConstant<1>},
      {"aten::full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importFull, OnComplex::whole},
      {"aten::full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) "
       "-> Tensor",
       importFullLike, OnComplex::whole},
      {"aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, "
       "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importNewFull},
      {"aten::scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       importScalarTensor},
      {"aten::arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       importArange},
      {"aten::arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importArange},
      {"aten::arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? "
       "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importArange},
      {"aten::linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importLinspace},
      {"aten::eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
       "bool? pin_memory=None) -> Tensor",
       importEye},
      {"aten::eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       importEye},
      {"aten::hann_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<hann>},
      {"aten::hann_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, "
       "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<hann>},
      {"aten::hamming_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<hamming>},
      {"aten::hamming_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, "
       "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<hamming>},
      {"aten::bartlett_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<bartlett>},
      {"aten::bartlett_window.periodic(int window_length, bool periodic, *, ScalarType? "
       "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<bartlett>},
      {"aten::blackman_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<blackman>},
      {"aten::blackman_window.periodic(int window_length, bool periodic, *, ScalarType? "
       "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<blackman>},
      {"aten::kaiser_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<kaiser>},
      {"aten::kaiser_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, "
       "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<kaiser>},
      {"aten::kaiser_window.beta(int window_length, bool periodic, float beta, *, ScalarType? "
       "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importWindow<kaiser>},
      {"aten::tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importTriangleIndices<false>},
      {"aten::triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? "
       "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       importTriangleIndices<true>},
      {"aten::triu(Tensor self, SymInt diagonal=0) -> Tensor", importTriangle<true>},
      {"aten::triu_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)", importTriangle<true>},
      {"aten::tril(Tensor self, SymInt diagonal=0) -> Tensor", importTriangle<false>},
      {"aten::tril_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)", importTriangle<false>},
  };
  return rows;
}
