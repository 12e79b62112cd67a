// What a target is: a device that a module can be compiled for, and how its artifact is written.
#pragma once

#include "dialects/Edge/Edge.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace edgec {

/// What to write and what is found out while writing. Files are kept in memory until the whole
/// compilation has succeeded.
struct Output {
  // Asked for.
  std::string name;            ///< prefix of files and C symbols
  std::set<std::string> kinds; ///< of --emit: library, shared, object, llvm, asm, mlir
  std::string modelFile;       ///< base name of the model, for the manifest
  std::string modelHash;       ///< sha256 of its content
  std::string linker;          ///< of --linker, for shared libraries
  int threads = 1;

  // Found out.
  std::map<std::string, std::unique_ptr<llvm::MemoryBuffer>> files; ///< by file name
  uint64_t textBytes = 0, constantBytes = 0, stackBytes = 0;
  std::vector<std::string> undefinedSymbols;
};

/// One device by name, as `edgec targets` lists it.
struct TargetEntry {
  std::string name;
  std::string description;
  std::string triple, cpu, features, abi;
  unsigned indexBits = 64;
  unsigned vectorBits = 128; ///< where features don't say it (x86, RISC-V); 0: no vectors
  unsigned arenaAlign = 64;
  unsigned vectorRegisters = 32; ///< those that sums are kept in; scalar ones without vectors
  unsigned l2Bytes = 512 << 10;  ///< 0: a microcontroller
};

class Target {
public:
  virtual ~Target() = default;
  /// The family: the folder's name.
  virtual llvm::StringRef name() const = 0;
  /// The devices that it knows.
  virtual std::vector<TargetEntry> entries() const = 0;
  /// The attribute that tells passes about `entry`.
  virtual edge::TargetAttr describe(const TargetEntry &entry, mlir::MLIRContext *context) const = 0;
  /// Why the op can't be compiled for this target, or nothing.
  virtual std::optional<std::string> unsupported(mlir::Operation *op) const = 0;
  /// Passes of its own, between planning and emission.
  virtual void addPasses(mlir::OpPassManager &passes) const = 0;
  /// Writes the artifact; errors have been emitted.
  virtual llvm::LogicalResult emit(mlir::ModuleOp module, Output &output) const = 0;
};

/// All targets that are built in.
llvm::ArrayRef<const Target *> getTargets();

/// A target by the user's name: `cortex-m4`, `cortex-a76+dotprod`, `host`. Fails with a message
/// that lists the known ones.
struct ResolvedTarget {
  const Target *target = nullptr;
  TargetEntry entry;
};
llvm::Expected<ResolvedTarget> resolveTarget(llvm::StringRef name, llvm::StringRef triple = "",
                                             llvm::StringRef cpu = "",
                                             llvm::StringRef features = "");

} // namespace edgec
