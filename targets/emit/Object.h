// From the LLVM dialect to an object file, and what the object file says of itself.
#pragma once

#include "dialects/Edge/Edge.h"
#include "targets/Target.h"
#include "targets/emit/Interface.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace edgec {

/// The LLVM target machine for a device. Fails with a message where LLVM doesn't know its triple,
/// processor or features.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(edge::TargetAttr target);

/// What instructions a device has for single-precision floats.
struct FloatUnit {
  bool present = false;
  bool fusesMultiplyAdd = false;
  bool roundsToInteger = false;
};
FloatUnit findFloatUnit(const TargetEntry &entry);

/// Its vector registers. Where processor and features don't say how wide they are, the table's.
/// `dot` as in edge::TargetAttr.
struct VectorUnit {
  unsigned bits, registers;
  llvm::StringRef dot = "";
};
VectorUnit findVectorUnit(const TargetEntry &entry);

/// Adds NAME_run, NAME_reset, NAME_invoke and NAME_model to a module whose `main` takes inputs,
/// outputs and the arena as pointers. Fails where a profile is wanted and `main` doesn't call what
/// the per-op table says.
llvm::Error addEntryPoints(llvm::Module &module, const ModelInterface &interface);

/// Runs LLVM's optimizer.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// What an ELF object contains.
struct ObjectReport {
  uint64_t textBytes = 0, constantBytes = 0;
  std::map<std::string, uint64_t>
      frames; ///< stack bytes of each function, from the stack-size section
  std::vector<std::string> undefinedSymbols;
};
llvm::Expected<ObjectReport> readObject(llvm::MemoryBufferRef object);

/// The deepest stack below `function`, from the frames and the module's own calls; each call costs
/// `callBytes` more. Functions without a frame (libm, memcpy) count as nothing.
uint64_t deepestStack(const llvm::Module &module, const ObjectReport &report,
                      llvm::StringRef function, unsigned callBytes);

/// Writes `value` into the descriptor's stack field, in the object file's bytes.
llvm::Error patchStackBytes(llvm::MutableArrayRef<char> object, llvm::StringRef symbol,
                            uint64_t offset, unsigned width, uint64_t value);
/// Where that field lies in an `edgec_model`, by pointer width (runtime/include/edgec/model.h).
inline constexpr uint64_t kStackFieldOffset32 = 44, kStackFieldOffset64 = 72;

/// Links an object file as libNAME.so, which names the libraries of a Linux system that it needs.
/// `linker` is a program that takes the options of ld; empty: lld, or ld, as found.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
linkShared(llvm::MemoryBufferRef object, llvm::StringRef name, llvm::StringRef linker);

std::string writeHeader(const ModelInterface &interface, const Output &output,
                        edge::TargetAttr target);
std::string writeManifest(const ModelInterface &interface, const Output &output,
                          edge::TargetAttr target);

} // namespace edgec
