// A .tflite file in memory, and what its tables say once they have been checked.
#pragma once

#include "frontends/tflite/Schema.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace llvm {
class MemoryBuffer;
}

namespace edgec::tflite {

/// A file whose tables lie inside of it (FlatBuffers' verifier) and whose indices all point at
/// something (our own checks).
struct LoadedModel {
  std::shared_ptr<const llvm::MemoryBuffer> file;
  const Model *model = nullptr;
  std::string fileName; ///< for messages
};

/// Reads and checks a file; errors are emitted at the file's name.
llvm::FailureOr<LoadedModel> loadModel(llvm::StringRef path, mlir::MLIRContext *context);

/// A vector's elements; none where the file has no vector.
template <typename T> llvm::ArrayRef<T> toArray(const flatbuffers::Vector<T> *vector) {
  return vector ? llvm::ArrayRef<T>(vector->data(), vector->size()) : llvm::ArrayRef<T>();
}
inline llvm::StringRef toString(const flatbuffers::String *text) {
  return text ? llvm::StringRef(text->c_str(), text->size()) : llvm::StringRef();
}
template <typename T> size_t sizeOf(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

/// The operator that a code stands for: older files have it in a byte.
BuiltinOperator builtinOf(const OperatorCode &code);
/// `CONV_2D`; a custom operator's own name; a number where there is none.
std::string nameOf(const OperatorCode &code);
std::string nameOf(BuiltinOperator code);
std::string nameOf(TensorType type);
/// The tensor's name, or `#12` where it has none.
std::string nameOf(const SubGraph &graph, int32_t tensor);
/// The name that a caller knows an input or output of the model by: that of its one signature,
/// where there is one, else the tensor's.
std::string publicName(const Model &model, int32_t tensor, bool isInput);

} // namespace edgec::tflite
