// Rows of complex numbers: a tensor of them is one of floats with a last dimension of two, the real
// and the imaginary part.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <numbers>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace edgec::torch {

/// Parameter `index` with a last dimension: of its two parts, or of one where it is real.
static Value withParts(const NodeContext &ctx, unsigned index, Type element) {
  Value x = ctx.operandAs(index, element);
  if (!x || ctx.isComplex(index))
    return x;
  SmallVector<int64_t> shape(shapeOf(x));
  shape.push_back(1);
  return ctx.reshape(x, shape);
}

/// Part 0 or 1, with an extent of one.
static Value partOf(const NodeContext &ctx, Value x, int64_t part) {
  return x ? sliceAlong(ctx, x, typeOf(x).getRank() - 1, part, part + 1) : x;
}

static Value joined(const NodeContext &ctx, Value real, Value imaginary) {
  if (!real || !imaginary)
    return {};
  Value parts[] = {real, imaginary};
  return ctx.create<edge::ConcatOp>(ValueRange(parts), typeOf(real).getRank() - 1);
}

/// A real number's imaginary part is zero.
static Value completed(const NodeContext &ctx, Value x) {
  if (!x || shapeOf(x).back() == 2)
    return x;
  return joined(ctx, x, createFull(ctx, Number::ofInteger(0), elementOf(x), shapeOf(x)));
}

static Value product(const NodeContext &ctx, Value x, Value y) {
  Formula f(ctx);
  if (!x || !y)
    return {};
  if (shapeOf(x).back() != 2 || shapeOf(y).back() != 2)
    return f.mul(x, y);
  Value a = partOf(ctx, x, 0), b = partOf(ctx, x, 1), c = partOf(ctx, y, 0), d = partOf(ctx, y, 1);
  return joined(ctx, f.sub(f.mul(a, c), f.mul(b, d)), f.add(f.mul(a, d), f.mul(b, c)));
}

static Value conjugate(const NodeContext &ctx, Value x) {
  return joined(ctx, partOf(ctx, x, 0), Formula(ctx).unary<edge::NegOp>(partOf(ctx, x, 1)));
}

FailureOr<Results> complexArithmetic(NodeContext &ctx, ComplexOp op) {
  Type element = promote({ctx.operand(0), ctx.operand(1)});
  Value x = withParts(ctx, 0, element), y = withParts(ctx, 1, element);
  Formula f(ctx);
  if (!x || !y)
    return failure();
  if (op == ComplexOp::mul)
    return one(product(ctx, x, y));
  if (op == ComplexOp::div) {
    if (shapeOf(y).back() != 2)
      return one(f.div(x, y));
    Value size = f.reduce(f.mul(y, y), edge::ReduceKind::sum, typeOf(y).getRank() - 1);
    return one(f.div(product(ctx, x, conjugate(ctx, y)), size));
  }
  if (takes(ctx, "alpha")) {
    auto alpha = ctx.scalar("alpha");
    if (failed(alpha))
      return failure();
    if (alpha->asReal() != 1)
      y = f.mul(y, ctx.constant(*alpha, element));
  }
  x = completed(ctx, x);
  y = completed(ctx, y);
  return one(op == ComplexOp::add ? f.add(x, y) : f.sub(x, y));
}

FailureOr<Results> createComplexFull(const NodeContext &ctx, const Number &number, Type part,
                                     ArrayRef<int64_t> shape) {
  SmallVector<int64_t> column(shape);
  column.push_back(1);
  return one(completed(ctx, createFull(ctx, number, part, column)));
}

FailureOr<Results> completedAs(NodeContext &ctx, ComplexType type) {
  return one(completed(ctx, withParts(ctx, 0, type.getElementType())));
}

namespace {

/// A tensor that a row is given: that of a parameter, or an item of its list.
struct Slot {
  unsigned parameter;
  std::optional<size_t> item;
  Value whole;
  bool isComplex;

  void set(NodeContext &ctx, Value value) const {
    if (item)
      ctx.arguments[parameter].tensors[*item] = value;
    else
      ctx.setInput(parameter, value);
  }
};

SmallVector<Slot> slotsOf(NodeContext &ctx) {
  SmallVector<Slot> slots;
  for (auto [i, bound] : llvm::enumerate(ctx.arguments)) {
    if (Value value = ctx.input(i))
      slots.push_back({static_cast<unsigned>(i), std::nullopt, value, ctx.isComplex(i)});
    for (const Node::Input &input : ctx.node.inputs)
      if (input.name == ctx.schema.parameters[i].name &&
          input.value.names.size() == bound.tensors.size())
        for (auto [k, name] : llvm::enumerate(input.value.names))
          if (bound.tensors[k])
            slots.push_back({static_cast<unsigned>(i), k, bound.tensors[k], ctx.isComplex(name)});
  }
  return slots;
}

/// The parts of a complex number; of a real one beside it in a list, itself and zero.
Value logicalPart(const NodeContext &ctx, const Slot &slot, int64_t part) {
  if (slot.isComplex)
    return dropUnits(ctx, partOf(ctx, slot.whole, part), {typeOf(slot.whole).getRank() - 1});
  if (part == 0 || !slot.item || !ctx.isComplex(slot.parameter))
    return slot.whole;
  return createFull(ctx, Number::ofInteger(0), elementOf(slot.whole), shapeOf(slot.whole));
}

} // namespace

FailureOr<Results> importByParts(NodeContext &ctx, OnComplex how, ImportFunction import) {
  if (how != OnComplex::parts && how != OnComplex::product)
    return import(ctx);
  SmallVector<Slot> slots = slotsOf(ctx);
  SmallVector<Slot> complex;
  for (const Slot &slot : slots)
    if (slot.isComplex)
      complex.push_back(slot);
  if (complex.empty())
    return import(ctx);
  for (const Slot &slot : slots)
    if (how == OnComplex::parts && !slot.isComplex && !slot.item &&
        isa<FloatType>(elementOf(slot.whole)))
      return ctx.error("takes real numbers beside complex ones, which is not supported");
  auto call = [&](ArrayRef<int64_t> parts) -> Value {
    auto part = parts.begin();
    for (const Slot &slot : slots) {
      bool chooses = slot.isComplex || how == OnComplex::parts;
      Value value = chooses ? logicalPart(ctx, slot, *part) : slot.whole;
      if (!value)
        return {};
      slot.set(ctx, value);
      if (slot.isComplex && parts.size() > 1)
        ++part;
    }
    auto results = import(ctx);
    if (failed(results) || results->size() != 1)
      return {};
    SmallVector<int64_t> shape(shapeOf(results->front()));
    shape.push_back(1);
    return ctx.reshape(results->front(), shape);
  };
  if (how == OnComplex::parts || complex.size() == 1)
    return one(joined(ctx, call({0}), call({1})));
  if (complex.size() != 2)
    return ctx.error("multiplies ") << complex.size() << " complex tensors; two are supported";
  Formula f(ctx);
  Value real = f.sub(call({0, 0}), call({1, 1})), imaginary = f.add(call({0, 1}), call({1, 0}));
  return one(joined(ctx, real, imaginary));
}

namespace {

/// e^x (cos y + i sin y)
FailureOr<Results> importComplexExp(NodeContext &ctx) {
  Formula f(ctx);
  if (!ctx.isComplex(0))
    return unary<edge::ExpOp, true>(ctx);
  Value size = f.unary<edge::ExpOp>(partOf(ctx, ctx.input(0), 0)),
        angle = partOf(ctx, ctx.input(0), 1);
  return one(joined(ctx, f.mul(size, f.unary<edge::CosOp>(angle)),
                    f.mul(size, f.unary<edge::SinOp>(angle))));
}

FailureOr<Results> importComplex(NodeContext &ctx) {
  Type element = promote({ctx.operand(0), ctx.operand(1)});
  Value real = withParts(ctx, 0, element), imaginary = withParts(ctx, 1, element);
  if (!real || !imaginary)
    return failure();
  auto shape = edge::broadcastShapes({shapeOf(real), shapeOf(imaginary)});
  if (failed(shape))
    return ctx.error("") << ctx.type(0) << " and " << ctx.type(1) << " can't be broadcast together";
  return one(joined(ctx, ctx.create<edge::BroadcastOp>(real, *shape),
                    ctx.create<edge::BroadcastOp>(imaginary, *shape)));
}

FailureOr<Results> importPolar(NodeContext &ctx) {
  Type element = promote({ctx.operand(0), ctx.operand(1)});
  Value size = withParts(ctx, 0, element), angle = withParts(ctx, 1, element);
  Formula f(ctx);
  return one(joined(ctx, f.mul(size, f.unary<edge::CosOp>(angle)),
                    f.mul(size, f.unary<edge::SinOp>(angle))));
}

/// atan2 of the parts; of real numbers, 0 or pi.
FailureOr<Results> importAngle(NodeContext &ctx) {
  Value x = ctx.isComplex(0) ? ctx.input(0) : floats(ctx);
  if (!x)
    return failure();
  if (ctx.isComplex(0)) {
    int64_t last = typeOf(x).getRank() - 1;
    return one(createAtan2(ctx, dropUnits(ctx, partOf(ctx, x, 1), {last}),
                           dropUnits(ctx, partOf(ctx, x, 0), {last})));
  }
  Formula f(ctx);
  Value zero = ctx.scalar(elementOf(x), 0);
  Value angle = f.select(f.compare(x, zero, edge::ComparePredicate::less),
                         ctx.scalar(elementOf(x), std::numbers::pi), zero);
  return one(f.select(f.unary<edge::IsNaNOp>(x), x, angle));
}

FailureOr<Results> importConjugate(NodeContext &ctx) {
  return one(ctx.isComplex(0) ? conjugate(ctx, ctx.input(0)) : ctx.input(0));
}
/// torch sees it through a mark on the tensor, which nobody writes through.
FailureOr<Views> importConjugateView(NodeContext &ctx) {
  if (!ctx.isComplex(0))
    return Views{View{}};
  Value y = conjugate(ctx, ctx.input(0));
  if (!y)
    return failure();
  return Views{View{{}, y}};
}

/// What core ATen makes of the imaginary part of a conjugate.
FailureOr<Views> importNegativeView(NodeContext &ctx) {
  Value y = Formula(ctx).unary<edge::NegOp>(ctx.input(0));
  if (!y)
    return failure();
  return Views{View{{}, y}};
}

/// The parts as a dimension, which is what they are.
FailureOr<Views> importParts(NodeContext &) { return Views{View{}}; }

} // namespace

ArrayRef<OperatorRow> getComplexRows() {
  static const OperatorRow rows[] = {
      {"aten::exp(Tensor self) -> Tensor", importComplexExp, OnComplex::whole},
      {"aten::complex(Tensor real, Tensor imag) -> Tensor", importComplex},
      {"aten::polar(Tensor abs, Tensor angle) -> Tensor", importPolar},
      {"aten::angle(Tensor self) -> Tensor", importAngle, OnComplex::whole},
      {"aten::conj(Tensor(a) self) -> Tensor(a)", importConjugateView, OnComplex::whole},
      {"aten::_conj(Tensor(a) self) -> Tensor(a)", importConjugateView, OnComplex::whole},
      {"aten::conj_physical(Tensor self) -> Tensor", importConjugate, OnComplex::whole},
      {"aten::_conj_physical(Tensor self) -> Tensor", importConjugate, OnComplex::whole},
      {"aten::_neg_view(Tensor(a) self) -> Tensor(a)", importNegativeView, OnComplex::whole},
      {"aten::view_as_real(Tensor(a) self) -> Tensor(a)", importParts, OnComplex::whole},
      {"aten::view_as_complex(Tensor(a) self) -> Tensor(a)", importParts, OnComplex::whole},
  };
  return rows;
}

} // namespace edgec::torch
