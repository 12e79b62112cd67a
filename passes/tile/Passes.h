// The passes that choose tiles and write loops.
#pragma once

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

namespace edgec::tile {

#define GEN_PASS_DECL
#include "passes/tile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/tile/Passes.h.inc"

} // namespace edgec::tile
