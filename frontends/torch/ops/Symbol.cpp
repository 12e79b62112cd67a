// Rows of numbers: sizes, Python's arithmetic on them, and tensors of one element as numbers.
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

FailureOr<Number> importSize(NodeContext &ctx) {
  auto dim = ctx.dimension("dim", ctx.type(0).getRank());
  if (failed(dim) || ctx.type(0).getRank() == 0)
    return failed(dim) ? FailureOr<Number>(failure()) : ctx.error("has no dimensions");
  return Number::ofInteger(ctx.type(0).getDimSize(*dim));
}

FailureOr<Number> importNumel(NodeContext &ctx) {
  return Number::ofInteger(ctx.type(0).getNumElements());
}

FailureOr<Results> importItem(NodeContext &ctx) {
  if (ctx.type(0).getNumElements() != 1)
    return ctx.error("makes a number of ") << ctx.type(0);
  return one(ctx.reshape(ctx.input(0), {}));
}

//===- Python's arithmetic --------------------------------------------------------------------===//

struct Pair {
  Number a, b;
  bool isReal;
};

FailureOr<Pair> operands(const NodeContext &ctx) {
  auto a = ctx.scalar("a"), b = ctx.scalar("b");
  if (failed(a) || failed(b))
    return failure();
  return Pair{*a, *b, a->kind == Number::Kind::real || b->kind == Number::Kind::real};
}

/// Of integers where both are; an error where that overflows.
template <typename Real> FailureOr<Number> arithmetic(const NodeContext &ctx, Real real) {
  auto p = operands(ctx);
  if (failed(p))
    return failure();
  double value = real(p->a.asReal(), p->b.asReal());
  if (p->isReal)
    return Number::ofReal(value);
  constexpr double kExact = 9007199254740992.0; // 2^53
  if (!(std::fabs(value) <= kExact))
    return ctx.error("computes a size that is too large, or divides by zero");
  return Number::ofInteger(static_cast<int64_t>(value));
}

FailureOr<Number> importAdd(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return a + b; });
}
FailureOr<Number> importSub(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return a - b; });
}
FailureOr<Number> importMul(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return a * b; });
}
FailureOr<Number> importFloorDiv(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return std::floor(a / b); });
}
FailureOr<Number> importMod(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return a - b * std::floor(a / b); });
}
FailureOr<Number> importPow(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return std::pow(a, b); });
}
FailureOr<Number> importMax(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return std::max(a, b); });
}
FailureOr<Number> importMin(NodeContext &ctx) {
  return arithmetic(ctx, [](double a, double b) { return std::min(a, b); });
}
FailureOr<Number> importTrueDiv(NodeContext &ctx) {
  auto p = operands(ctx);
  if (failed(p))
    return failure();
  if (p->b.asReal() == 0)
    return ctx.error("divides by zero");
  return Number::ofReal(p->a.asReal() / p->b.asReal());
}

template <bool (*holds)(double, double)> FailureOr<Number> comparison(NodeContext &ctx) {
  auto p = operands(ctx);
  return failed(p) ? FailureOr<Number>(failure())
                   : Number::ofBoolean(holds(p->a.asReal(), p->b.asReal()));
}
bool equal(double a, double b) { return a == b; }
bool unequal(double a, double b) { return a != b; }
bool less(double a, double b) { return a < b; }
bool lessEqual(double a, double b) { return a <= b; }
bool greater(double a, double b) { return a > b; }
bool greaterEqual(double a, double b) { return a >= b; }
bool both(double a, double b) { return a != 0 && b != 0; }
bool either(double a, double b) { return a != 0 || b != 0; }

/// `fn(a)`, of an integer.
template <double (*function)(double)> FailureOr<Number> rounding(NodeContext &ctx) {
  auto a = ctx.scalar("a");
  if (failed(a))
    return failure();
  double value = function(a->asReal());
  if (!(std::fabs(value) < 1e15))
    return ctx.error("computes a size that is too large");
  return Number::ofInteger(static_cast<int64_t>(value));
}

FailureOr<Number> importNeg(NodeContext &ctx) {
  auto a = ctx.scalar("a");
  if (failed(a))
    return failure();
  return a->kind == Number::Kind::real
             ? Number::ofReal(-a->real)
             : Number::ofInteger(static_cast<int64_t>(0 - static_cast<uint64_t>(a->integer)));
}
FailureOr<Number> importNot(NodeContext &ctx) {
  auto a = ctx.scalar("a");
  return failed(a) ? FailureOr<Number>(failure()) : Number::ofBoolean(a->asReal() == 0);
}
FailureOr<Number> importFloat(NodeContext &ctx) {
  auto a = ctx.scalar("a");
  return failed(a) ? FailureOr<Number>(failure()) : Number::ofReal(a->asReal());
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSymbolRows() {
  // Python's functions have no signatures in torch: these name their arguments as the files do.
  static const OperatorRow rows[] = {
      {"aten::sym_size.int(Tensor self, int dim) -> SymInt", importSize},
      {"aten::sym_numel(Tensor self) -> SymInt", importNumel},
      {"aten::item(Tensor self) -> Scalar", importItem},
      {"aten::_local_scalar_dense(Tensor self) -> Scalar", importItem},
      {"_operator::add(Scalar a, Scalar b) -> Scalar", importAdd},
      {"_operator::sub(Scalar a, Scalar b) -> Scalar", importSub},
      {"_operator::mul(Scalar a, Scalar b) -> Scalar", importMul},
      {"_operator::floordiv(Scalar a, Scalar b) -> Scalar", importFloorDiv},
      {"_operator::truediv(Scalar a, Scalar b) -> Scalar", importTrueDiv},
      {"_operator::mod(Scalar a, Scalar b) -> Scalar", importMod},
      {"_operator::pow(Scalar a, Scalar b) -> Scalar", importPow},
      {"_operator::neg(Scalar a) -> Scalar", importNeg},
      {"_operator::pos(Scalar a) -> Scalar", rounding<std::trunc>},
      {"_operator::eq(Scalar a, Scalar b) -> Scalar", comparison<equal>},
      {"_operator::ne(Scalar a, Scalar b) -> Scalar", comparison<unequal>},
      {"_operator::lt(Scalar a, Scalar b) -> Scalar", comparison<less>},
      {"_operator::le(Scalar a, Scalar b) -> Scalar", comparison<lessEqual>},
      {"_operator::gt(Scalar a, Scalar b) -> Scalar", comparison<greater>},
      {"_operator::ge(Scalar a, Scalar b) -> Scalar", comparison<greaterEqual>},
      {"_operator::and_(Scalar a, Scalar b) -> Scalar", comparison<both>},
      {"_operator::or_(Scalar a, Scalar b) -> Scalar", comparison<either>},
      {"math::ceil(Scalar a) -> Scalar", rounding<std::ceil>},
      {"math::floor(Scalar a) -> Scalar", rounding<std::floor>},
      {"math::trunc(Scalar a) -> Scalar", rounding<std::trunc>},
      {"torch::sym_int(Scalar a) -> Scalar", rounding<std::trunc>},
      {"torch::sym_float(Scalar a) -> Scalar", importFloat},
      {"torch::sym_max(Scalar a, Scalar b) -> Scalar", importMax},
      {"torch::sym_min(Scalar a, Scalar b) -> Scalar", importMin},
      {"torch::sym_not(Scalar a) -> Scalar", importNot},
  };
  return rows;
}
