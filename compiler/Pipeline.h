// The one table of phases.
#pragma once

#include "mlir/Pass/PassManager.h"
#include "targets/Target.h"

namespace edgec {

/// A phase of the compilation: what `--stop-after`, `--dump`, `--timing` and `edgec-opt
/// --edgec-pipeline` name.
struct Phase {
  llvm::StringRef name;
  llvm::StringRef description;
  void (*build)(mlir::OpPassManager &passes, const Target *target);
};

/// In order. `import` and `emit` are done by the driver and build no passes.
llvm::ArrayRef<Phase> getPhases();

/// Registers all passes, and the option that runs the pipeline up to a phase.
void registerPasses();

} // namespace edgec
