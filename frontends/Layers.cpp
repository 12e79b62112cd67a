#include "frontends/Layers.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace edgec;

//===- Products -------------------------------------------------------------------------------===//

FailureOr<Results> edgec::createMatMul(const OpContext &ctx, Value a, Value b) {
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

bool edgec::isConstantWeight(Value value) {
  if (auto read = value.getDefiningOp<edge::DequantizeOp>())
    value = read.getX();
  return matchPattern(value, m_Constant());
}

namespace {

/// The dimensions that `...` stands for are labelled by digits, the last by the last of these, so
/// that they align at the right.
constexpr StringLiteral kEllipsisLabels = "0123456789";

struct EinsumTerms {
  SmallVector<std::string> inputs;
  std::string result;
};

/// Labels every dimension of the operands and of the result: `...` and an implicit result spelled
/// out.
FailureOr<EinsumTerms> parseEinsum(const OpContext &ctx, StringRef equation, ValueRange operands) {
  std::string text;
  for (char c : equation)
    if (!llvm::isSpace(c))
      text += c;
  auto [left, right] = StringRef(text).split("->");
  bool isExplicit = StringRef(text).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != operands.size())
    return ctx.error("") << "equation '" << text << "' is of " << terms.size()
                         << " operands, but there are " << operands.size();
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
    if (!operands[i])
      return ctx.error("") << "input " << i << " is missing";
    size_t rank = typeOf(operands[i]).getRank(), ellipsis = 0;
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

} // namespace

/// Operands are contracted two at a time, from the left: one loop nest over all labels would cost
/// their product.
FailureOr<Results> edgec::createEinsum(const OpContext &ctx, StringRef equation,
                                       ValueRange operands) {
  auto terms = parseEinsum(ctx, equation, operands);
  if (failed(terms))
    return failure();
  auto create = [&](ValueRange of, const Twine &labels) {
    return ctx.create<edge::EinsumOp>(of, ctx.b.getStringAttr(labels));
  };
  if (operands.size() == 1)
    return one(create(operands[0], terms->inputs[0] + "->" + terms->result));
  Value value = operands[0];
  std::string labels = terms->inputs[0];
  for (unsigned i = 1; i < operands.size(); ++i) {
    // What the rest or the result still needs stays.
    std::string both = labels + terms->inputs[i], kept;
    std::string needed = terms->result;
    for (unsigned j = i + 1; j < operands.size(); ++j)
      needed += terms->inputs[j];
    if (i + 1 == operands.size())
      kept = terms->result;
    else
      for (char label : both)
        if (StringRef(needed).contains(label) && !StringRef(kept).contains(label))
          kept += label;
    value = create({value, operands[i]}, labels + "," + terms->inputs[i] + "->" + kept);
    if (!value)
      return failure();
    labels = kept;
  }
  return one(value);
}

//===- Convolutions ---------------------------------------------------------------------------===//

Value edgec::convFilter(const OpContext &ctx, Value filter) {
  int64_t rank = cast<RankedTensorType>(filter.getType()).getRank();
  SmallVector<int64_t> permutation;
  for (int64_t i = 2; i < rank; ++i)
    permutation.push_back(i);
  permutation.append({1, 0});
  return ctx.transpose(filter, permutation);
}

Value edgec::transposedFilter(const OpContext &ctx, Value filter, int64_t groups) {
  auto type = cast<RankedTensorType>(filter.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> split{groups, type.getDimSize(0) / groups}, permutation, joined;
  split.append(type.getShape().begin() + 1, type.getShape().end());
  for (int64_t i = 2; i < rank; ++i) {
    permutation.push_back(i + 1);
    joined.push_back(type.getDimSize(i));
  }
  permutation.append({1, 0, 2});
  joined.append({type.getDimSize(0) / groups, type.getDimSize(1) * groups});
  return ctx.reshape(ctx.transpose(ctx.reshape(filter, split), permutation), joined);
}

//===- Normalisations -------------------------------------------------------------------------===//

Value edgec::perChannel(const OpContext &ctx, Value x, int64_t rank) {
  if (!x)
    return {};
  SmallVector<int64_t> shape(std::max<int64_t>(rank - 1, 1), 1);
  shape.front() = mlir::cast<RankedTensorType>(x.getType()).getNumElements();
  return ctx.reshape(x, shape);
}

Moments edgec::createMoments(const OpContext &ctx, Value x, ArrayRef<int64_t> axes,
                             double epsilon) {
  Formula f(ctx);
  Value mean = f.mean(x, axes);
  Value centered = f.sub(x, mean);
  Value variance = f.mean(f.mul(centered, centered), axes);
  return {centered, mean, f.unary<edge::ReciprocalOp>(f.sqrt(f.add(variance, epsilon)))};
}

Value edgec::createBatchNorm(const OpContext &ctx, Value x, Value scale, Value bias, Value mean,
                             Value variance, double epsilon) {
  Formula f(ctx);
  Type compute = Formula::wideType(elementOf(x));
  int64_t rank = typeOf(x).getRank();
  // The vectors may have types of their own.
  Value deviation = f.sqrt(f.add(ctx.cast(variance, compute), epsilon));
  Value factor =
      scale ? f.div(ctx.cast(scale, compute), deviation) : f.unary<edge::ReciprocalOp>(deviation);
  Value shift = f.mul(ctx.cast(mean, compute), factor);
  Value offset = bias ? f.sub(ctx.cast(bias, compute), shift) : f.unary<edge::NegOp>(shift);
  return f.inSingle(x, [&](Value x) {
    return f.add(f.mul(x, perChannel(ctx, factor, rank)), perChannel(ctx, offset, rank));
  });
}
