// Rows of matrix products.
#include "frontends/Layers.h"
#include "frontends/onnx/ops/Quantize.h"
#include "frontends/onnx/ops/Row.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

FailureOr<Results> importMatMul(NodeContext &ctx) {
  return createMatMul(ctx, ctx.input(0), ctx.input(1));
}

/// Zero points may be one a row of the left operand, and one a column of the right one.
FailureOr<Results> importMatMulInteger(NodeContext &ctx) {
  int64_t left = ctx.type(0).getRank(), right = ctx.type(1).getRank();
  return createMatMul(ctx, centred(ctx, ctx.input(0), ctx.input(2), left - 2),
                      centred(ctx, ctx.input(1), ctx.input(3), right - 1));
}

/// alpha * A' * B' + beta * C
FailureOr<Results> importGemm(NodeContext &ctx) {
  Formula f(ctx);
  Value a = ctx.input(0), b = ctx.input(1), c = ctx.input(2);
  if (ctx.type(0).getRank() != 2 || ctx.type(1).getRank() != 2)
    return ctx.error("") << "operands A and B have to be matrices";
  double alpha = ctx.floatAttr("alpha", 1), beta = ctx.floatAttr("beta", 1);
  auto whole = [](double x) { return std::trunc(x) == x; };
  if (!isa<FloatType>(elementOf(a)) && !(whole(alpha) && whole(beta)))
    return ctx.error("") << "alpha " << alpha << " and beta " << beta
                         << " are not whole, but the operands are integers";
  if (ctx.intAttr("transA", 0))
    a = ctx.transpose(a, {1, 0});
  // A constant B is turned now; another one is read as it lies.
  bool transposeB = ctx.intAttr("transB", 0) != 0;
  bool constantB = succeeded(ctx.tryConstant(1));
  if (transposeB && isConstantWeight(b)) {
    b = ctx.transpose(b, {1, 0});
    transposeB = false;
  }
  if (alpha != 1 && constantB)
    b = f.mul(b, alpha);
  Value y = ctx.create<edge::MatMulOp>(a, b, transposeB);
  if (alpha != 1 && !constantB)
    y = f.mul(y, alpha);
  if (!c || beta == 0)
    return one(y);
  Value sum = f.add(y, beta == 1 ? c : f.mul(c, beta));
  if (!sum)
    return failure();
  if (shapeOf(sum) != shapeOf(y))
    return ctx.error("") << "operand C doesn't broadcast to the product";
  return one(sum);
}

FailureOr<Results> importEinsum(NodeContext &ctx) {
  SmallVector<Value> operands;
  for (unsigned i = 0; i < ctx.numInputs(); ++i)
    operands.push_back(ctx.input(i));
  return createEinsum(ctx, ctx.stringAttr("equation", ""), operands);
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getMatMulRows() {
  static const OperatorRow rows[] = {
      {"Einsum", importEinsum},
      {"Gemm", importGemm},
      {"MatMul", importMatMul},
      {"MatMulInteger", needs<importMatMulInteger, 2>},
  };
  return rows;
}
