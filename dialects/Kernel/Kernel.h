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
} // namespace edgec::kernel
