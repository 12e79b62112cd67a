// Integers through ops that only move them.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace edgec::quantize {

/// op(dequantize(x)) = dequantize(op(x)), where all of op's data have the same scale and zero
/// point.
void populateMovesOnIntegers(mlir::RewritePatternSet &patterns);

} // namespace edgec::quantize
