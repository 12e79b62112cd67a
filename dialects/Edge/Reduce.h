// What reductions share with the ops that are built of them.
#pragma once

#include "dialects/Edge/Lowering.h"

namespace edgec::edge {

/// The value that leaves any other unchanged: where a reduction starts. `edgeElement` says the
/// signedness, the result has its storage type.
mlir::Value createNeutral(mlir::OpBuilder &builder, mlir::Location loc, ReduceKind kind,
                          mlir::Type edgeElement);
/// Two scalars combined.
mlir::Value createCombine(mlir::OpBuilder &builder, mlir::Location loc, ReduceKind kind,
                          mlir::Type edgeElement, mlir::Value x, mlir::Value y);
/// The same on the host.
double combineFloats(ReduceKind kind, double x, double y);
int64_t combineInts(ReduceKind kind, bool isUnsigned, int64_t x, int64_t y);
/// The neutral value on the host, as the one element of a tensor.
HostTensor neutralElement(ReduceKind kind, mlir::Type edgeElement);

/// `tensor` combined over `axes`, which are dropped. The result has element type `accumulator` (the
/// operand's own, or a wider float).
mlir::Value createReduction(mlir::OpBuilder &builder, mlir::Location loc, ReduceKind kind,
                            mlir::Type edgeElement, mlir::Type accumulator, mlir::Value tensor,
                            llvm::ArrayRef<int64_t> axes);

/// `shape` with the extents of `axes` made 1, or dropped.
llvm::SmallVector<int64_t> reducedShape(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes,
                                        bool keepdims);

} // namespace edgec::edge
