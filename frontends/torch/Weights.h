// Parameters, buffers and constants: strided views of the files of raw elements that an archive
// holds.
#pragma once

#include "frontends/torch/Program.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringMap.h"

namespace edgec::torch {

/// Reads weights when they are asked for; each file once.
class Weights {
public:
  explicit Weights(const LoadedProgram &loaded) : loaded(loaded) {}

  /// The payload of a weight, or null after an error.
  const Payload *find(llvm::StringRef name, mlir::Location loc) const;
  /// Its elements in row-major order. They aren't copied where they lie so in the file.
  llvm::FailureOr<mlir::ElementsAttr> read(const Payload &payload, llvm::StringRef name,
                                           mlir::Location loc);
  /// Element type and shape, or an error.
  static llvm::FailureOr<mlir::RankedTensorType> typeOf(const Payload &payload,
                                                        llvm::StringRef name, mlir::Location loc);

private:
  const LoadedProgram &loaded;
  llvm::StringMap<Bytes> files;
};

} // namespace edgec::torch
