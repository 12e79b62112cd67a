// Rows of numbers: sizes, Python's arithmetic on them, tensors of one element as numbers, and what
// programs assert of all these.
#include "frontends/torch/ops/Build.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

using P = edge::ComparePredicate;

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

FailureOr<Number> importIfThenElse(NodeContext &ctx) {
  auto condition = ctx.scalar("b"), a = ctx.scalar("t"), b = ctx.scalar("f");
  if (failed(condition) || failed(a) || failed(b))
    return failure();
  return condition->asReal() != 0 ? *a : *b;
}

//===- The same, of numbers that only a run knows ---------------------------------------------===//

FailureOr<Results> computeNeg(NodeContext &ctx) {
  return one(ctx.create<edge::NegOp>(ctx.operandAs(0, ctx.operand(0).element)));
}
FailureOr<Results> computeNot(NodeContext &ctx) {
  return one(logicalNot(ctx, ctx.operandAs(0, ctx.operand(0).element)));
}
FailureOr<Results> computeFloat(NodeContext &ctx) { return one(floats(ctx)); }

/// An integer; of one, itself.
template <typename Op> FailureOr<Results> computeRounding(NodeContext &ctx) {
  Value x = ctx.operandAs(0, ctx.operand(0).element);
  if (x && isa<FloatType>(elementOf(x)))
    x = ctx.cast(ctx.create<Op>(x), ctx.b.getI64Type());
  return one(x);
}
FailureOr<Results> computeTrunc(NodeContext &ctx) {
  Value x = truncated(ctx, ctx.operandAs(0, ctx.operand(0).element));
  return one(x ? ctx.cast(x, ctx.b.getI64Type()) : x);
}
FailureOr<Results> computeIfThenElse(NodeContext &ctx) {
  Promoted p = promoted(ctx, 1, 2);
  Value condition = isNonzero(ctx, ctx.operandAs(0, ctx.operand(0).element));
  return one(Formula(ctx).select(condition, p.x, p.y));
}

//===- Asserts --------------------------------------------------------------------------------===//

FailureOr<Results> importAssert(NodeContext &ctx) {
  StringRef message = ctx.schema.parameters.size() > 1 ? ctx.text("assert_msg") : "";
  Value condition = isNonzero(ctx, ctx.operandAs(0, ctx.operand(0).element));
  if (failed(ctx.require(condition, message.empty() ? "the condition" : message)))
    return failure();
  // What follows depends on the token.
  return ctx.schema.parameters.size() > 2 ? one(ctx.tensor("dep_token")) : Results();
}

FailureOr<Results> importToken(NodeContext &ctx) {
  return one(createFull(ctx, Number::ofInteger(0), ctx.b.getF32Type(), {0}));
}

/// Bounds of an integer.
FailureOr<Results> importRange(NodeContext &ctx) {
  Formula f(ctx);
  Type integer = ctx.b.getI64Type();
  Value size = ctx.operandAs(0, integer);
  for (StringRef name : {"min", "max"}) {
    if (!ctx.has(name))
      continue;
    int64_t bound = ctx.integer(name);
    Value inside = f.compare(size, ctx.constant(Number::ofInteger(bound), integer),
                             name == "min" ? P::greater_equal : P::less_equal);
    if (failed(ctx.require(inside, "the number is " +
                                       Twine(name == "min" ? "at least " : "at most ") +
                                       Twine(bound))))
      return failure();
  }
  return Results();
}

/// Shapes and types are compared with those of the program anyway.
FailureOr<Results> importNothing(NodeContext &) { return Results(); }

} // namespace

ArrayRef<OperatorRow> edgec::torch::getSymbolRows() {
  // Python's functions have no signatures in torch: these name their arguments as the files do.
  static const OperatorRow rows[] = {
      {"aten::sym_size.int(Tensor self, int dim) -> SymInt", importSize},
      {"aten::sym_numel(Tensor self) -> SymInt", importNumel},
      {"aten::item(Tensor self) -> Scalar", importItem},
      {"aten::_local_scalar_dense(Tensor self) -> Scalar", importItem},
      {"_operator::add(Scalar a, Scalar b) -> Scalar", importAdd, OnComplex::refuse, "",
       binary<edge::AddOp>},
      {"_operator::sub(Scalar a, Scalar b) -> Scalar", importSub, OnComplex::refuse, "",
       binary<edge::SubOp>},
      {"_operator::mul(Scalar a, Scalar b) -> Scalar", importMul, OnComplex::refuse, "",
       binary<edge::MulOp>},
      {"_operator::floordiv(Scalar a, Scalar b) -> Scalar", importFloorDiv, OnComplex::refuse, "",
       floorDivided},
      {"_operator::truediv(Scalar a, Scalar b) -> Scalar", importTrueDiv, OnComplex::refuse, "",
       binary<edge::DivOp, true>},
      {"_operator::mod(Scalar a, Scalar b) -> Scalar", importMod, OnComplex::refuse, "",
       binary<edge::ModOp>},
      {"_operator::pow(Scalar a, Scalar b) -> Scalar", importPow, OnComplex::refuse, "",
       binary<edge::PowOp>},
      {"_operator::neg(Scalar a) -> Scalar", importNeg, OnComplex::refuse, "", computeNeg},
      {"_operator::pos(Scalar a) -> Scalar", rounding<std::trunc>, OnComplex::refuse, "",
       computeTrunc},
      {"_operator::eq(Scalar a, Scalar b) -> Scalar", comparison<equal>, OnComplex::refuse, "",
       compare<P::equal>},
      {"_operator::ne(Scalar a, Scalar b) -> Scalar", comparison<unequal>, OnComplex::refuse, "",
       differs},
      {"_operator::lt(Scalar a, Scalar b) -> Scalar", comparison<less>, OnComplex::refuse, "",
       compare<P::less>},
      {"_operator::le(Scalar a, Scalar b) -> Scalar", comparison<lessEqual>, OnComplex::refuse, "",
       compare<P::less_equal>},
      {"_operator::gt(Scalar a, Scalar b) -> Scalar", comparison<greater>, OnComplex::refuse, "",
       compare<P::greater>},
      {"_operator::ge(Scalar a, Scalar b) -> Scalar", comparison<greaterEqual>, OnComplex::refuse,
       "", compare<P::greater_equal>},
      {"_operator::and_(Scalar a, Scalar b) -> Scalar", comparison<both>, OnComplex::refuse, "",
       binary<edge::AndOp>},
      {"_operator::or_(Scalar a, Scalar b) -> Scalar", comparison<either>, OnComplex::refuse, "",
       binary<edge::OrOp>},
      {"math::ceil(Scalar a) -> Scalar", rounding<std::ceil>, OnComplex::refuse, "",
       computeRounding<edge::CeilOp>},
      {"math::floor(Scalar a) -> Scalar", rounding<std::floor>, OnComplex::refuse, "",
       computeRounding<edge::FloorOp>},
      {"math::trunc(Scalar a) -> Scalar", rounding<std::trunc>, OnComplex::refuse, "",
       computeTrunc},
      {"torch::sym_int(Scalar a) -> Scalar", rounding<std::trunc>, OnComplex::refuse, "",
       computeTrunc},
      {"torch::sym_float(Scalar a) -> Scalar", importFloat, OnComplex::refuse, "", computeFloat},
      {"torch::sym_max(Scalar a, Scalar b) -> Scalar", importMax, OnComplex::refuse, "",
       binary<edge::MaxOp>},
      {"torch::sym_min(Scalar a, Scalar b) -> Scalar", importMin, OnComplex::refuse, "",
       binary<edge::MinOp>},
      {"torch::sym_not(Scalar a) -> Scalar", importNot, OnComplex::refuse, "", computeNot},
      {"torch::sym_ite(Scalar b, Scalar t, Scalar f) -> Scalar", importIfThenElse,
       OnComplex::refuse, "", computeIfThenElse},
      {"aten::_assert_scalar(Scalar self, str assert_msg) -> ()", importAssert},
      {"aten::_assert_async.msg(Tensor self, str assert_msg) -> ()", importAssert},
      {"aten::_assert_async(Tensor self) -> ()", importAssert},
      {"aten::_functional_assert_async.msg(Tensor self, str assert_msg, Tensor dep_token) -> "
       "Tensor",
       importAssert},
      {"aten::_make_dep_token(*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
       "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       importToken},
      {"aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()",
       importRange},
      {"aten::sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()",
       importRange},
      {"aten::_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, "
       "ScalarType? dtype=None, *, Device? device=None, Layout? layout=None) -> ()",
       importNothing},
  };
  return rows;
}
