// A quantized model beside the float form of itself, tensor by tensor.
#pragma once

#include "compiler/Compiler.h"
#include "passes/quantize/Observer.h"

namespace edgec {

class ObservedModule;

/// How far one tensor is from what it should be, over all runs.
struct Deviation {
  double signal = 0, noise = 0, product = 0, energy = 0; ///< sums of squares, and of products
  double most = 0;                                       ///< the largest difference

  void add(llvm::ArrayRef<float> wanted, llvm::ArrayRef<float> found);
  /// Signal to quantization noise; infinite where there is no noise.
  double decibels() const;
  double cosine() const;
};

/// A tensor that is there in both forms: what an op computes, with its bias and its limits.
struct ComparedTensor {
  std::string name; ///< the node's, or the input's
  std::string kind; ///< the op's, without its dialect; `input`
  std::string keep; ///< the node to keep in floats, so that this isn't rounded: one that reads it
  Deviation whole;  ///< with everything before it quantized
  Deviation alone;  ///< with this op quantized only
  bool isQuantized = false;
  double low = 0, high = 0; ///< what its integers reach
  uint64_t outside = 0, elements = 0;
  Observer wanted, found;

  double saturation() const {
    return elements ? static_cast<double>(outside) / static_cast<double>(elements) : 0;
  }
};

class Comparison {
public:
  ~Comparison();
  const edgec_model &model() const;
  llvm::ArrayRef<char *> inputs() const;
  /// Runs all forms on what is in the memory of the inputs. False after an error on stderr.
  bool run();
  /// In the order of the model.
  llvm::ArrayRef<ComparedTensor> tensors() const { return compared; }

private:
  friend std::unique_ptr<Comparison> compare(llvm::StringRef, const CompileOptions &);
  friend struct ComparisonBuilder;
  Comparison();
  std::unique_ptr<ObservedModule> floats, whole, alone;
  std::vector<ComparedTensor> compared;
};

/// Compiles the model quantized, and as floats: what it was before `options.quantize`, or, of a
/// model that is quantized already, the same without its roundings. Null after errors.
std::unique_ptr<Comparison> compare(llvm::StringRef path, const CompileOptions &options);

} // namespace edgec
