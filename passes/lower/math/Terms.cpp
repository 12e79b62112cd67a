#include "passes/lower/math/Terms.h"

using namespace mlir;

namespace edgec::approximate {

Float mulAdd(Float x, Float y, Float z) {
  auto contract = arith::FastMathFlags::contract;
  Float product = x.make<arith::MulFOp>(x.value, y.value, contract);
  return x.make<arith::AddFOp>(product.value, z.value, contract);
}

static Float fuse(Float x, Float y, Float z) {
  return x.make<mlir::math::FmaOp>(x.value, y.value, z.value);
}

/// Horner's rule with every `step`th coefficient, from `first` on.
static Float horner(Float x, llvm::ArrayRef<float> coefficients, size_t first, size_t step) {
  size_t next = first + (coefficients.size() - 1 - first) / step * step;
  Float sum = x.constant(coefficients[next]);
  while (next > first)
    sum = mulAdd(sum, x, coefficients[next -= step]);
  return sum;
}

Float polynomial(Float x, std::initializer_list<float> coefficients) {
  if (coefficients.size() < 6)
    return horner(x, coefficients, 0, 1);
  Float square = x * x;
  return mulAdd(horner(square, coefficients, 1, 2), x, horner(square, coefficients, 0, 2));
}

Pair addExactly(Float x, Float y) {
  Float sum = x + y;
  return {sum, y - (sum - x)};
}

Pair multiplyExactly(Float x, Float y) {
  Float high = x * y;
  if (x.site->fusesMultiplyAdd)
    return {high, fuse(x, y, -high)};
  // Dekker's product: halves of 12 bits, whose products are exact.
  auto upper = [](Float value) { return asFloat(value.bits() & 0xfffff000); };
  Float xHigh = upper(x), xLow = x - xHigh, yHigh = upper(y), yLow = y - yHigh;
  Float low = xHigh * yHigh - high;
  low = low + xHigh * yLow;
  low = low + xLow * yHigh;
  return {high, low + xLow * yLow};
}

Float subtractProduct(Float x, Float n, float c) {
  if (x.site->fusesMultiplyAdd)
    return fuse(n, n.constant(-c), x);
  Pair product = multiplyExactly(n, n.constant(c));
  return (x - product.high) - product.low;
}

} // namespace edgec::approximate
