// Element types: codes of the file, names of torch, types of edge, and how torch promotes them.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace edgec::torch {

/// The element type that the schema's code stands for, or null where edge has none (complex
/// numbers, floats of 8 bits).
mlir::Type convertElementType(int64_t code, mlir::MLIRContext *context);
/// The type of the real and the imaginary part of complex numbers of this code; null for others.
mlir::Type complexPart(int64_t code, mlir::MLIRContext *context);
/// `float16`; the number where there is no name.
std::string nameOfType(int64_t code);
std::string nameOfType(mlir::Type element);
/// Bytes that an element takes in a file; 0 where the code is unknown.
unsigned bytesOfType(int64_t code);

/// What a value counts as where types are promoted.
struct Operand {
  mlir::Type element;
  enum class Rank {
    tensor,
    zero,
    number
  } rank = Rank::tensor; ///< zero: a tensor without dimensions
};

/// The type in which torch computes an operation of these operands: the highest category (boolean,
/// integer, float) decides, and within it tensors over tensors without dimensions over numbers.
mlir::Type promote(llvm::ArrayRef<Operand> operands);

/// f32 for integers and booleans, else the type itself: what division, exponentials and their like
/// compute in.
mlir::Type floatFor(mlir::Type element);

} // namespace edgec::torch
