// The edge dialect: what a model computes.
#pragma once

#include "dialects/Edge/HostTensor.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace edgec::edge {

/// Where a module says how its integer layers are rounded: a `RoundingAttr`.
inline constexpr llvm::StringLiteral kRoundingAttr = "edge.rounding";

/// What an op is to quantized tensors.
enum class QuantizationRole {
  none,  ///< computed on floats
  moves, ///< the result's elements are those of its operands: integers do as well
  clamp, ///< limits what it reads; goes into the rounding of what it reads
  layer, ///< sums products of its operand and constant weights
  sum,   ///< adds two tensors
  total, ///< makes few elements of many: reads integers where there are some
};

/// The weights of a layer, and where to find them.
struct LayerWeights {
  mlir::OpOperand *weights = nullptr, *bias = nullptr; ///< null: none
  int64_t featureAxis = 0;                             ///< of the weights: output features
  int64_t inputAxis = 0; ///< of the weights: input channels of one group
  int64_t groups = 1;    ///< output features of group g read input channels of group g
};

/// Clones `op` on other operands and, where given, other attributes, with its result types inferred
/// anew. Fails where inference does.
llvm::FailureOr<llvm::SmallVector<mlir::Value>>
rebuild(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands,
        llvm::ArrayRef<mlir::NamedAttribute> attributes = {});

} // namespace edgec::edge

#include "dialects/Edge/EdgeInterfaces.h.inc"

#include "dialects/Edge/EdgeDialect.h.inc"

#include "dialects/Edge/EdgeEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Edge/EdgeAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Edge/EdgeOps.h.inc"
