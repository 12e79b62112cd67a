// Shared by the ways to compile: to files, and into this process.
#pragma once

#include "compiler/Compiler.h"

namespace edgec {

/// Runs all phases; the artifact's files are then in `output`. Where `instead` is given, it gets
/// the module that has come through `check`, and the phases after that don't run.
llvm::LogicalResult
runPhases(llvm::StringRef path, const CompileOptions &options, Output &output,
          mlir::MLIRContext *context,
          llvm::function_ref<llvm::LogicalResult(mlir::ModuleOp)> instead = nullptr);

/// Compiles a module that has come through `check` for this host, whatever it was checked for. Its
/// resources stay, as other modules may have them too.
llvm::LogicalResult compileForHost(mlir::ModuleOp module, Output &output);

/// Loads the object in `output`; null after an error at `loc`.
std::unique_ptr<LoadedModule> loadObject(Output &output, mlir::Location loc,
                                         ProfileHook hook = nullptr);

/// The file's name as a C identifier.
std::string defaultName(llvm::StringRef path);

} // namespace edgec
