// What a caller may choose of a model's inputs and outputs: their types, and how inputs are
// normalized.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace edgec {

/// What is said of one input or output; without a name, of the only one.
template <typename What> struct OfTensor {
  std::string name;
  What what;
};

struct InterfaceOptions {
  std::vector<OfTensor<std::string>> inputTypes, outputTypes; ///< NumPy's names of types
  /// The model's number is (given - mean) * scale: one of each, or one for each channel.
  std::vector<OfTensor<std::vector<double>>> means, scales;
};

/// The element type of a name; null where it is none that an input or output may be given.
mlir::Type parseInterfaceType(llvm::StringRef name, mlir::MLIRContext *context);
/// All of them, for messages.
llvm::ArrayRef<llvm::StringRef> getInterfaceTypeNames();

/// Normalizes inputs of an imported module, and notes on the others and on outputs what they are to
/// be once it is known which tensors are integers.
llvm::LogicalResult applyInterface(mlir::ModuleOp module, const InterfaceOptions &options);

} // namespace edgec
