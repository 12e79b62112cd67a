// Rows of matrix products.
#include "frontends/onnx/ops/Quantize.h"
#include "frontends/onnx/ops/Row.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

/// Vectors are matrices of one row (left) or one column (right), whose dimension the result lacks.
FailureOr<Results> createMatMul(const NodeContext &ctx, Value a, Value b) {
  if (!a || !b)
    return failure();
  ArrayRef<int64_t> left = shapeOf(a), right = shapeOf(b);
  if (left.empty() || right.empty())
    return ctx.error("") << "operands have to have rank 1 or more";
  if (left.size() == 1)
    a = ctx.reshape(a, {1, left[0]});
  if (right.size() == 1)
    b = ctx.reshape(b, {right[0], 1});
  Value product = ctx.create<edge::MatMulOp>(a, b, false);
  if (!product || (left.size() > 1 && right.size() > 1))
    return one(product);
  SmallVector<int64_t> shape(shapeOf(product));
  if (left.size() == 1)
    shape.erase(shape.end() - 2);
  if (right.size() == 1)
    shape.pop_back();
  return one(ctx.reshape(product, shape));
}

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

//===- Einsum ---------------------------------------------------------------------------------===//

/// The dimensions that `...` stands for are labelled by digits, the last by the last of these, so
/// that they align at the right.
constexpr StringLiteral kEllipsisLabels = "0123456789";

struct EinsumTerms {
  SmallVector<std::string> inputs;
  std::string result;
};

/// Labels every dimension of the operands and of the result: `...` and an implicit result spelled
/// out.
FailureOr<EinsumTerms> parseEinsum(NodeContext &ctx) {
  std::string text;
  for (char c : ctx.stringAttr("equation", ""))
    if (!llvm::isSpace(c))
      text += c;
  auto [left, right] = StringRef(text).split("->");
  bool isExplicit = StringRef(text).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != ctx.numInputs())
    return ctx.error("") << "equation '" << text << "' is of " << terms.size()
                         << " operands, but there are " << ctx.numInputs();
  auto expand = [&](StringRef term, size_t ellipsis) -> FailureOr<std::string> {
    std::string labels;
    for (size_t i = 0; i < term.size(); ++i) {
      if (llvm::isAlpha(term[i])) {
        labels += term[i];
      } else if (term.substr(i).starts_with("...")) {
        labels += kEllipsisLabels.take_back(ellipsis);
        i += 2;
      } else {
        return ctx.error("") << "equation '" << text << "' has an unexpected '" << term.substr(i, 1)
                             << "'";
      }
    }
    return labels;
  };
  EinsumTerms result;
  size_t widest = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    if (!ctx.input(i))
      return ctx.error("") << "input " << i << " is missing";
    size_t rank = ctx.type(i).getRank(), ellipsis = 0;
    if (size_t letters = llvm::count_if(term, llvm::isAlpha);
        term.contains("...") && rank >= letters)
      ellipsis = rank - letters;
    if (ellipsis > kEllipsisLabels.size())
      return ctx.error("") << "'...' stands for more than " << kEllipsisLabels.size()
                           << " dimensions";
    widest = std::max(widest, ellipsis);
    auto labels = expand(term, ellipsis);
    if (failed(labels))
      return failure();
    result.inputs.push_back(*labels);
  }
  if (isExplicit) {
    auto labels = expand(right, widest);
    if (failed(labels))
      return failure();
    result.result = *labels;
    return result;
  }
  // Implicit: `...`, then the labels that occur once, in alphabetical order.
  std::string all = llvm::join(result.inputs, ""), once;
  for (char label : all)
    if (llvm::isAlpha(label) && llvm::count(all, label) == 1)
      once += label;
  llvm::sort(once);
  result.result = kEllipsisLabels.take_back(widest).str() + once;
  return result;
}

/// Operands are contracted two at a time, from the left: one loop nest over all labels would cost
/// their product.
FailureOr<Results> importEinsum(NodeContext &ctx) {
  auto terms = parseEinsum(ctx);
  if (failed(terms))
    return failure();
  auto create = [&](ValueRange operands, const Twine &equation) {
    return ctx.create<edge::EinsumOp>(operands, ctx.b.getStringAttr(equation));
  };
  if (ctx.numInputs() == 1)
    return one(create(ctx.input(0), terms->inputs[0] + "->" + terms->result));
  Value value = ctx.input(0);
  std::string labels = terms->inputs[0];
  for (unsigned i = 1; i < ctx.numInputs(); ++i) {
    // What the rest or the result still needs stays.
    std::string both = labels + terms->inputs[i], kept;
    std::string needed = terms->result;
    for (unsigned j = i + 1; j < ctx.numInputs(); ++j)
      needed += terms->inputs[j];
    if (i + 1 == ctx.numInputs())
      kept = terms->result;
    else
      for (char label : both)
        if (StringRef(needed).contains(label) && !StringRef(kept).contains(label))
          kept += label;
    value = create({value, ctx.input(i)}, labels + "," + terms->inputs[i] + "->" + kept);
    if (!value)
      return failure();
    labels = kept;
  }
  return one(value);
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
