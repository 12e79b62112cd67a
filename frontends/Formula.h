// Arithmetic on values whose errors have been emitted where they are null: what the rows of several
// families, of all formats, build with.
#pragma once

#include "frontends/OpContext.h"

namespace edgec {

/// The result of a row with one output. A null value fails: its error has been emitted.
inline llvm::FailureOr<Results> one(mlir::Value value) {
  if (!value)
    return mlir::failure();
  return Results{value};
}

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::getElementTypeOrSelf(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

/// Builds formulas. Each function takes null values and returns null; a number takes the element
/// type of the value beside it.
class Formula {
public:
  explicit Formula(const OpContext &ctx) : ctx(ctx) {}

  template <typename Op> mlir::Value unary(mlir::Value x) const { return ctx.create<Op>(x); }
  template <typename Op> mlir::Value binary(mlir::Value x, mlir::Value y) const {
    return ctx.create<Op>(x, y);
  }
  template <typename Op> mlir::Value binary(mlir::Value x, double y) const {
    return x ? ctx.create<Op>(x, ctx.scalar(elementOf(x), y)) : mlir::Value();
  }
  template <typename Op> mlir::Value binary(double x, mlir::Value y) const {
    return y ? ctx.create<Op>(ctx.scalar(elementOf(y), x), y) : mlir::Value();
  }
  template <typename X, typename Y> mlir::Value add(X x, Y y) const {
    return binary<edge::AddOp>(x, y);
  }
  template <typename X, typename Y> mlir::Value sub(X x, Y y) const {
    return binary<edge::SubOp>(x, y);
  }
  template <typename X, typename Y> mlir::Value mul(X x, Y y) const {
    return binary<edge::MulOp>(x, y);
  }
  template <typename X, typename Y> mlir::Value div(X x, Y y) const {
    return binary<edge::DivOp>(x, y);
  }
  mlir::Value compare(mlir::Value x, mlir::Value y, edge::ComparePredicate predicate) const {
    return ctx.create<edge::CompareOp>(x, y, predicate);
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) const {
    return ctx.create<edge::SelectOp>(condition, x, y);
  }
  mlir::Value sqrt(mlir::Value x) const { return unary<edge::SqrtOp>(x); }
  mlir::Value reduce(mlir::Value x, edge::ReduceKind kind, llvm::ArrayRef<int64_t> axes,
                     bool keepdims = true) const {
    return ctx.create<edge::ReduceOp>(x, kind, axes, keepdims);
  }
  /// The sum over `axes`, kept with extent 1, divided by the number of elements.
  mlir::Value mean(mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepdims = true) const {
    if (!x)
      return {};
    int64_t count = 1;
    for (int64_t axis : axes)
      count *= shapeOf(x)[axis];
    return div(reduce(x, edge::ReduceKind::sum, axes, keepdims), static_cast<double>(count));
  }

  /// An integer divided to nearest, halves away from zero.
  mlir::Value dividedRounded(mlir::Value x, int64_t by) const {
    if (!x)
      return {};
    mlir::Value zero = ctx.scalar(elementOf(x), 0);
    auto half = static_cast<double>(by / 2);
    mlir::Value up = select(compare(x, zero, edge::ComparePredicate::less),
                            ctx.scalar(elementOf(x), -half), ctx.scalar(elementOf(x), half));
    return div(add(x, up), static_cast<double>(by));
  }
  /// A float as `element`, an integer: to nearest, halves away from zero.
  mlir::Value roundedTo(mlir::Value x, mlir::Type element) const {
    if (!x)
      return {};
    // The float below 1/2 and a half are a half; with the whole half, the number below it would be.
    constexpr double kHalf = 0.5 - 1.0 / (1 << 25);
    mlir::Value zero = ctx.scalar(elementOf(x), 0);
    mlir::Value up = select(compare(x, zero, edge::ComparePredicate::less),
                            ctx.scalar(elementOf(x), -kHalf), ctx.scalar(elementOf(x), kHalf));
    mlir::Value sum = add(x, up);
    return sum ? ctx.cast(sum, element) : mlir::Value();
  }

  /// `fn(x)` computed in f32 where x is a narrower float, and narrowed once at the end.
  template <typename Fn> mlir::Value inSingle(mlir::Value x, Fn fn) const {
    if (!x)
      return {};
    mlir::Type element = elementOf(x), wide = wideType(element);
    mlir::Value result = fn(wide == element ? x : ctx.cast(x, wide));
    return wide == element || !result ? result : ctx.cast(result, element);
  }
  /// f32 for narrower floats, else the type itself.
  static mlir::Type wideType(mlir::Type element) {
    auto floatType = mlir::dyn_cast<mlir::FloatType>(element);
    return floatType && floatType.getWidth() < 32 ? mlir::Float32Type::get(element.getContext())
                                                  : element;
  }

private:
  const OpContext &ctx;
};

} // namespace edgec
