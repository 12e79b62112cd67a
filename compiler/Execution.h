// A loaded model with memory of its own to run in, and modules that show what they compute.
#pragma once

#include "compiler/Compiler.h"
#include "edgec/model.h"
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace edgec {

/// Memory with the alignment that the model asks for.
struct AlignedBytes {
  AlignedBytes(size_t size, size_t align) {
    size_t bytes = (std::max<size_t>(size, 1) + align - 1) / align * align;
    data = static_cast<char *>(std::aligned_alloc(align, bytes));
    if (!data)
      throw std::runtime_error("there is not enough memory for " + std::to_string(size) + " bytes");
    std::memset(data, 0, bytes);
  }
  ~AlignedBytes() { std::free(data); }
  AlignedBytes(const AlignedBytes &) = delete;
  char *data = nullptr;
};

/// Inputs, outputs and an arena. States are cleared when it is made, and kept between runs.
class Execution {
public:
  explicit Execution(const edgec_model &model);
  const edgec_model &model() const { return compiled; }
  llvm::MutableArrayRef<char *> inputs() { return inputData; }
  llvm::MutableArrayRef<char *> outputs() { return outputData; }
  void reset();
  /// A status of edgec/status.h.
  int32_t run();

private:
  const edgec_model &compiled;
  std::vector<std::unique_ptr<AlignedBytes>> memory;
  std::vector<char *> inputData, outputData;
  AlignedBytes arena;
};

/// A module compiled for this host that has some of its values as outputs behind its own.
class ObservedModule {
public:
  /// Copies `module`, which has come through `check`; null after errors.
  static std::unique_ptr<ObservedModule> create(mlir::ModuleOp module,
                                                llvm::ArrayRef<mlir::Value> values);

  const edgec_model &model() const { return loaded->model(); }
  Execution &execution() { return *memory; }
  /// A value's elements after a run. It has to be of f32.
  llvm::ArrayRef<float> elements(size_t value);

private:
  std::unique_ptr<LoadedModule> loaded;
  std::unique_ptr<Execution> memory;
  size_t firstValue = 0; ///< among the outputs
};

} // namespace edgec
