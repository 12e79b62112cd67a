// What a caller embeds: a model file in, files or a loaded function out.
#pragma once

#include "compiler/InterfaceTypes.h"
#include "compiler/Quantization.h"
#include "frontends/Frontend.h"
#include "mlir/IR/MLIRContext.h"
#include "targets/Target.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

struct edgec_model;

namespace edgec {

struct CompileOptions {
  ImportOptions import;
  std::string target = "host";
  std::string triple, cpu, features; ///< override the target's
  std::string name;                  ///< prefix; by default the file's, made C-safe
  std::set<std::string> emit;        ///< `library` by default
  std::string linker;                ///< for shared libraries; by default lld, or ld
  int threads = 1;
  QuantizeOptions quantize;
  InterfaceOptions interface;
  bool fastConv = false;     ///< convolutions through transforms: faster, and less exact
  bool profile = false;      ///< call edgec_profile_hook around each op
  std::string stopAfter;     ///< phase to stop after; the module goes to stdout
  std::string dumpDirectory; ///< where to write the module after each phase
  bool timing = false;       ///< report each phase's time on stderr
};

/// Compiles the model at `path` and writes the artifact's files into `directory`, all or none.
/// Diagnostics go to stderr.
llvm::LogicalResult compile(llvm::StringRef path, llvm::StringRef directory,
                            const CompileOptions &options);

/// What a model compiled with `profile` calls: edgec_profile_hook of edgec/profile.h.
using ProfileHook = void (*)(const edgec_model *model, int32_t op, int32_t begin);

/// A model compiled for this host, ready to run in this process.
class LoadedModule {
public:
  ~LoadedModule();
  const edgec_model &model() const;
  const std::string &manifest() const;

private:
  friend std::unique_ptr<LoadedModule> loadObject(Output &, mlir::Location, ProfileHook);
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

/// Compiles the same object as `compile` and loads it; null after errors. With `options.profile`
/// it calls `hook`.
std::unique_ptr<LoadedModule> load(llvm::StringRef path, const CompileOptions &options,
                                   ProfileHook hook = nullptr);

/// The frontend that recognises the file, or null after an error.
const Frontend *findFrontend(llvm::StringRef path, mlir::MLIRContext *context);

/// A context with every dialect and extension that the pipeline needs.
std::unique_ptr<mlir::MLIRContext> createContext();
void registerDialects(mlir::DialectRegistry &registry);

} // namespace edgec
