// The kernel dialect: structured ops whose loops the compiler writes itself.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "dialects/Kernel/KernelDialect.h.inc"

#include "dialects/Kernel/KernelEnums.h.inc"

#include "dialects/Kernel/KernelInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

namespace edgec::kernel {
/// Gives a contraction without one the epilogue that changes nothing, for others to add to.
mlir::Block &ensureEpilogue(ContractionOpInterface op);

/// On a packed `kernel.matmul` of floats, `array<i64: size, scaleBytes, bits>`: its weights are
/// integers of 4 or 8 bits, and each `size` neighbouring ones of a feature have a scale, of f32 or
/// (2 bytes) bf16. `b` is bytes then: for each block of features, for each group, the scales of all
/// features, then a byte of each feature for every row, or, of 4 bits, for every two, the first row
/// in the low bits.
inline constexpr llvm::StringLiteral kGroupedAttr = "kernel.grouped";
struct GroupedLayout {
  int64_t size, scaleBytes, bits;
  int64_t groupBytes() const { return scaleBytes + size * bits / 8; } ///< of a feature
  /// Bytes of features that have been filled up to whole vectors.
  int64_t packedBytes(int64_t depth, int64_t features) const {
    return depth / size * groupBytes() * features;
  }
};
std::optional<GroupedLayout> groupedLayout(MatMulOp op);
} // namespace edgec::kernel
