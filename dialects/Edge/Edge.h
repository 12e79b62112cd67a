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

#include "dialects/Edge/EdgeInterfaces.h.inc"

#include "dialects/Edge/EdgeDialect.h.inc"

#include "dialects/Edge/EdgeEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Edge/EdgeAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Edge/EdgeOps.h.inc"
