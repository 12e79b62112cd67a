// Shared by the ways to compile: to files, and into this process.
#pragma once

#include "compiler/Compiler.h"

namespace edgec {

/// Runs all phases; the artifact's files are then in `output`.
llvm::LogicalResult runPhases(llvm::StringRef path, const CompileOptions &options, Output &output,
                              mlir::MLIRContext *context);

/// The file's name as a C identifier.
std::string defaultName(llvm::StringRef path);

} // namespace edgec
