// What a model's inputs and outputs are to its caller: numbers, or integers that stand for them.
#pragma once

#include "dialects/Edge/QuantizedSlices.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"

namespace edgec {

/// On an argument or a result: the element type that the caller wants it to have.
inline constexpr llvm::StringLiteral kInterfaceTypeAttr = "edge.type";
using edge::kQuantizedAttr;

namespace interface {

/// The least and the largest integer of a type.
std::pair<int64_t, int64_t> boundsOf(mlir::IntegerType type);

/// f32 numbers as integers of an edge element type.
mlir::quant::UniformQuantizedType uniformType(mlir::IntegerType storage, double scale,
                                              int64_t zeroPoint);

/// The same numbers as integers of another signedness, whose zero point is as much further on.
mlir::quant::UniformQuantizedType withSignOf(mlir::quant::UniformQuantizedType type,
                                             mlir::IntegerType storage);

/// Writes `edge.quantized` on arguments and results where the model has it from no file: on an
/// argument that is only read as numbers, and a result that is rounded.
void noteQuantized(mlir::func::FuncOp function);

/// Lets an argument with `edge.quantized` be the numbers, rounded to them by the function itself.
/// Fails where it has none.
llvm::LogicalResult makeNumbers(mlir::OpBuilder &builder, mlir::BlockArgument argument);

} // namespace interface
} // namespace edgec
