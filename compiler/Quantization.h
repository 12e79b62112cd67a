// How a float model becomes one of integers: what a caller chooses, and what calibration needs.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "passes/quantize/Observer.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

struct edgec_model;

namespace edgec {

/// Inputs that are like those that the model will meet.
class SampleSource {
public:
  virtual ~SampleSource() = default;
  /// Looks at all samples for this model, and says how many there are.
  virtual llvm::Expected<size_t> open(const edgec_model &model) = 0;
  /// Where a sample comes from, for messages.
  virtual std::string describe(size_t index) const = 0;
  /// Writes the sample into the memory of the model's inputs.
  virtual llvm::Error read(size_t index, const edgec_model &model,
                           llvm::ArrayRef<char *> inputs) = 0;
  /// sha256 of all of them.
  virtual llvm::Expected<std::string> hash() = 0;
};

/// A way to quantize a float model, as `--quantize` names it.
struct QuantizeScheme {
  llvm::StringLiteral name, description;
  bool needsSamples; ///< to measure ranges on
};
llvm::ArrayRef<QuantizeScheme> getQuantizeSchemes();

struct QuantizeOptions {
  std::string scheme;     ///< name of one; empty: nothing is quantized
  int64_t groupSize = 32; ///< weights of 4 bits with one scale
  std::shared_ptr<SampleSource> samples;
  ObserverMethod method = ObserverMethod::mse;
  std::vector<std::string> keepFloat; ///< patterns of node names
  bool equalize = true;               ///< scale channels so that one scale suits them
  bool correctBias = true;            ///< let biases take up what rounding weights shifts
  std::string cache;                  ///< file to keep what was measured in; empty: none
};

/// Says on a checked float module what the quantize phase is to make of it: the scheme, what stays
/// floats, and the ranges that tensors have when the samples run on this host.
llvm::LogicalResult calibrate(mlir::ModuleOp module, const QuantizeOptions &options,
                              llvm::StringRef modelHash);

} // namespace edgec
