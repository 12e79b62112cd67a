// What the rows of several families build with.
#pragma once

#include "frontends/Formula.h"
#include "frontends/torch/Importer.h"

namespace edgec::torch {

/// Whether the signature has a parameter of this name.
bool takes(const NodeContext &ctx, llvm::StringRef name);

/// Whether a node reads result `index`; torch names those that nobody does.
bool isUsed(const NodeContext &ctx, size_t index);

/// Two operands in the type that torch computes in.
struct Promoted {
  mlir::Value x, y;
  mlir::Type element;
};
/// Parameters `i` and `j`, tensors or numbers, promoted; integers to floats where `toFloat` says
/// so.
Promoted promoted(const NodeContext &ctx, unsigned i, unsigned j, bool toFloat = false);

/// Parameter 0 as a tensor of floats: integers and booleans become f32.
mlir::Value floats(const NodeContext &ctx, unsigned index = 0);

/// Rounded toward zero; integers as they are.
mlir::Value truncated(const NodeContext &ctx, mlir::Value x);
/// `x` not equal to zero.
mlir::Value isNonzero(const NodeContext &ctx, mlir::Value x);
mlir::Value logicalNot(const NodeContext &ctx, mlir::Value x);

/// A row that is one op on parameter 0; with `Float`, integers become floats first.
template <typename Op, bool Float = false> llvm::FailureOr<Results> unary(NodeContext &ctx) {
  return one(ctx.create<Op>(Float ? floats(ctx) : ctx.input(0)));
}

/// A row that is one op on parameters 0 and 1, promoted; with `Float`, integers become floats
/// first.
template <typename Op, bool Float = false> llvm::FailureOr<Results> binary(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1, Float);
  return one(ctx.create<Op>(p.x, p.y));
}
template <edge::ComparePredicate predicate> llvm::FailureOr<Results> compare(NodeContext &ctx) {
  Promoted p = promoted(ctx, 0, 1);
  return one(Formula(ctx).compare(p.x, p.y, predicate));
}
llvm::FailureOr<Results> differs(NodeContext &ctx);
/// Rounded down, as Python's `//`.
llvm::FailureOr<Results> floorDivided(NodeContext &ctx);

/// A row that is a formula of one float tensor, in f32 where that is narrower.
template <mlir::Value (*Function)(const NodeContext &, mlir::Value)>
llvm::FailureOr<Results> formula(NodeContext &ctx) {
  return one(Formula(ctx).inSingle(floats(ctx), [&](mlir::Value x) { return Function(ctx, x); }));
}

/// The angle of (x, y) in (-pi, pi].
mlir::Value createAtan2(const NodeContext &ctx, mlir::Value y, mlir::Value x);

/// Arithmetic on parameters 0 and 1, one of which at least is of complex numbers.
enum class ComplexOp { add, sub, mul, div };
llvm::FailureOr<Results> complexArithmetic(NodeContext &ctx, ComplexOp op);
/// A complex tensor in which every element is a real number.
llvm::FailureOr<Results> createComplexFull(const NodeContext &ctx, const Number &number,
                                           mlir::Type part, llvm::ArrayRef<int64_t> shape);
/// Parameter 0, real or complex, as a complex tensor.
llvm::FailureOr<Results> completedAs(NodeContext &ctx, mlir::ComplexType type);
/// `Real`, or else that.
template <ComplexOp op, llvm::FailureOr<Results> (*Real)(NodeContext &)>
llvm::FailureOr<Results> orComplex(NodeContext &ctx) {
  return ctx.isComplex(0) || ctx.isComplex(1) ? complexArithmetic(ctx, op) : Real(ctx);
}

/// A constant tensor in which every element is `number`; a broadcast where it is large.
mlir::Value createFull(const NodeContext &ctx, const Number &number, mlir::Type element,
                       llvm::ArrayRef<int64_t> shape);
/// 0, 1, 2... as i64, along dimension `dim` of a shape of `rank` dimensions that are 1 but for it.
mlir::Value createRamp(const NodeContext &ctx, int64_t extent, int64_t dim, int64_t rank);

/// What a row may write out at compile time: tables of places, ramps, ranges.
inline constexpr int64_t kMostWritten = 1 << 24;
/// Refuses more than that.
llvm::LogicalResult checkWritten(const NodeContext &ctx, int64_t rows, int64_t columns = 1);

/// The one result of a row: a view of parameter 0, the tensor itself under another name, a new
/// tensor.
inline Views view(ViewStep step) { return {View{{std::move(step)}, {}}}; }
inline Views alias() { return {View{}}; }
inline Views copy(mlir::Value value) { return {View{{}, value}}; }

/// A slice along one axis.
mlir::Value sliceAlong(const NodeContext &ctx, mlir::Value x, int64_t axis, int64_t from,
                       int64_t to, int64_t step = 1);
/// The reduced value with extents of 1 taken away along `axes`.
mlir::Value dropUnits(const NodeContext &ctx, mlir::Value x, llvm::ArrayRef<int64_t> axes);

} // namespace edgec::torch
