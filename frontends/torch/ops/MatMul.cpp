// Rows of matrix products.
#include "frontends/Layers.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

FailureOr<Results> importMatMul(NodeContext &ctx) {
  return createMatMul(ctx, ctx.input(0), ctx.input(1));
}

/// x W' + b. Constant weights are turned now; others are read as they lie.
FailureOr<Results> importLinear(NodeContext &ctx) {
  Value x = ctx.input(0), weight = ctx.input(1);
  if (ctx.type(0).getRank() < 1 || ctx.type(1).getRank() < 1 || ctx.type(1).getRank() > 2)
    return ctx.error("can't multiply ") << ctx.type(0) << " by weights " << ctx.type(1);
  bool isVector = ctx.type(0).getRank() == 1;
  if (isVector)
    x = ctx.reshape(x, {1, ctx.type(0).getNumElements()});
  bool isOne = ctx.type(1).getRank() == 1;
  if (isOne)
    weight = ctx.reshape(weight, {1, ctx.type(1).getNumElements()});
  bool turned = isConstantWeight(weight);
  Value y = ctx.create<edge::MatMulOp>(x, turned ? ctx.transpose(weight, {1, 0}) : weight, !turned);
  if (!y)
    return failure();
  SmallVector<int64_t> shape(shapeOf(y));
  if (isOne)
    shape.pop_back();
  if (isVector)
    shape.erase(shape.begin());
  y = ctx.reshape(y, shape);
  return one(ctx.input(2) ? Formula(ctx).add(y, ctx.input(2)) : y);
}

/// beta * self + alpha * product
FailureOr<Results> added(NodeContext &ctx, Value product) {
  auto alpha = ctx.scalar("alpha"), beta = ctx.scalar("beta");
  if (failed(alpha) || failed(beta) || !product)
    return failure();
  Formula f(ctx);
  Type element = elementOf(product);
  if (alpha->asReal() != 1)
    product = f.mul(product, ctx.constant(*alpha, element));
  if (beta->asReal() == 0)
    return one(product);
  Value self = ctx.cast(ctx.input(0), element);
  if (beta->asReal() != 1)
    self = f.mul(self, ctx.constant(*beta, element));
  return one(f.add(product, self));
}

FailureOr<Results> importAddmm(NodeContext &ctx) {
  auto product = createMatMul(ctx, ctx.input(1), ctx.input(2));
  if (failed(product))
    return failure();
  return added(ctx, product->front());
}

/// The same, with the products of a batch added up.
FailureOr<Results> importAddbmm(NodeContext &ctx) {
  auto product = createMatMul(ctx, ctx.input(1), ctx.input(2));
  if (failed(product))
    return failure();
  return added(ctx, Formula(ctx).reduce(product->front(), edge::ReduceKind::sum, {0}, false));
}

FailureOr<Results> importOuter(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  return one(ctx.create<edge::MulOp>(ctx.reshape(p.x, {typeOf(p.x).getNumElements(), 1}), p.y));
}

/// Products of integers add up in i32.
FailureOr<Results> importIntMM(NodeContext &ctx) {
  Type i32 = ctx.b.getI32Type();
  return createMatMul(ctx, ctx.cast(ctx.input(0), i32), ctx.cast(ctx.input(1), i32));
}

/// Rows of groups, each of which ends where `offs` says, times their group's matrix. Each row by a
/// copy of its matrix where there are few, else all rows by all matrices, of which one is kept.
FailureOr<Results> importGroupedMM(NodeContext &ctx) {
  Value x = ctx.input(0), matrices = ctx.input(1), ends = ctx.tensor("offs");
  if (ctx.type(0).getRank() != 2 || ctx.type(1).getRank() != 3 || !ends ||
      (takes(ctx, "bias") && ctx.has("bias")) ||
      shapeOf(ends) != ArrayRef<int64_t>(ctx.type(1).getDimSize(0)))
    return ctx.error("expects rows, matrices and the ends of groups, but got ")
           << ctx.type(0) << " and " << ctx.type(1);
  int64_t rows = shapeOf(x)[0], groups = shapeOf(matrices)[0], width = shapeOf(matrices)[2];
  if (failed(checkWritten(ctx, rows)))
    return failure();
  Formula f(ctx);
  Type integer = ctx.b.getI64Type();
  Value row = createRamp(ctx, rows, 0, 2);
  Value before = f.compare(ctx.cast(ends, integer), row, edge::ComparePredicate::less_equal);
  Value group = f.reduce(ctx.cast(before, integer), edge::ReduceKind::sum, 1, false);
  // What is behind the last group is in none: it may have any result.
  group = f.binary<edge::MinOp>(group, static_cast<double>(groups - 1));
  Value y;
  if (rows <= groups) {
    Value own = ctx.create<edge::GatherOp>(matrices, group, 0);
    y = ctx.create<edge::MatMulOp>(ctx.reshape(x, {rows, 1, shapeOf(x)[1]}), own,
                                   /*transpose_b=*/false);
  } else {
    Value all = ctx.create<edge::MatMulOp>(ctx.reshape(x, {1, rows, shapeOf(x)[1]}), matrices,
                                           /*transpose_b=*/false);
    Value index = ctx.create<edge::BroadcastOp>(ctx.reshape(group, {1, rows, 1}),
                                                ArrayRef<int64_t>{1, rows, width});
    y = all && index ? ctx.create<edge::GatherElementsOp>(all, index, 0) : Value();
  }
  Type element = elementOf(x);
  if (takes(ctx, "out_dtype"))
    element = ctx.element("out_dtype", element);
  return one(ctx.cast(ctx.reshape(y, {rows, width}), element));
}

FailureOr<Results> importEinsum(NodeContext &ctx) {
  return createEinsum(ctx, ctx.text("equation"), ctx.tensors("tensors"));
}

FailureOr<Results> importBilinear(NodeContext &ctx) {
  Value operands[] = {ctx.input(0), ctx.input(2), ctx.input(1)};
  auto y = createEinsum(ctx, "...i,oij,...j->...o", operands);
  if (failed(y) || !ctx.input(3))
    return y;
  return one(Formula(ctx).add(y->front(), ctx.input(3)));
}

/// The product of three tensors, each with new dimensions of extent 1, summed over some.
FailureOr<Results> importTrilinear(NodeContext &ctx) {
  Value product;
  int64_t rank = 0;
  for (unsigned i = 0; i < 3; ++i) {
    SmallVector<int64_t> added = ctx.integers(ctx.schema.parameters[3 + i].name);
    rank = ctx.type(i).getRank() + static_cast<int64_t>(added.size());
    auto at = ctx.axes(added, rank);
    if (failed(at))
      return failure();
    SmallVector<int64_t> shape;
    const int64_t *next = ctx.type(i).getShape().begin();
    for (int64_t d = 0; d < rank; ++d)
      shape.push_back(llvm::is_contained(*at, d) ? 1 : *next++);
    Value factor = ctx.reshape(ctx.input(i), shape);
    product = product ? Formula(ctx).mul(product, factor) : factor;
  }
  auto summed = ctx.axes(ctx.integers("sumdim"), rank);
  if (failed(summed))
    return failure();
  return one(Formula(ctx).reduce(product, edge::ReduceKind::sum, *summed, false));
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getMatMulRows() {
  static const OperatorRow rows[] = {
      {"aten::_grouped_mm(Tensor self, Tensor mat2, Tensor? offs=None, Tensor? bias=None, "
       "ScalarType? out_dtype=None) -> Tensor",
       importGroupedMM},
      // What transformers' experts are where torch's own takes no f32.
      {"transformers::grouped_mm_fallback(Tensor input, Tensor weight, Tensor offs) -> Tensor",
       importGroupedMM},
      {"aten::_trilinear(Tensor i1, Tensor i2, Tensor i3, int[] expand1, int[] expand2, int[] "
       "expand3, int[] sumdim, int unroll_dim=1) -> Tensor",
       importTrilinear},
      {"aten::matmul(Tensor self, Tensor other) -> Tensor", importMatMul, OnComplex::product},
      {"aten::mm(Tensor self, Tensor mat2) -> Tensor", importMatMul, OnComplex::product},
      {"aten::bmm(Tensor self, Tensor mat2) -> Tensor", importMatMul, OnComplex::product},
      {"aten::mv(Tensor self, Tensor vec) -> Tensor", importMatMul},
      {"aten::dot(Tensor self, Tensor tensor) -> Tensor", importMatMul},
      {"aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", importLinear},
      {"aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> "
       "Tensor",
       importAddmm},
      {"aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) "
       "-> Tensor",
       importAddmm},
      {"aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> "
       "Tensor",
       importAddmm},
      {"aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) "
       "-> Tensor(a!)",
       importAddmm},
      {"aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) "
       "-> Tensor",
       importAddbmm},
      {"aten::outer(Tensor self, Tensor vec2) -> Tensor", importOuter},
      {"aten::_int_mm(Tensor self, Tensor mat2) -> Tensor", importIntMM},
      {"aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor", importEinsum,
       OnComplex::product},
      {"aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor",
       importBilinear},
  };
  return rows;
}
