// What calibration measures, and the file in which it may be kept.
#pragma once

#include "compiler/Quantization.h"
#include "passes/quantize/Plan.h"

namespace edgec {

/// What was measured, in the order of the plan's layers and groups. A value that is there was
/// either in the file, for the same model, samples and options, or has been measured since.
struct CalibrationCache {
  using Rows = std::vector<std::vector<double>>;
  std::optional<Rows> channelMost; ///< of each layer's input, before channels are equalized
  std::optional<Rows> ranges;      ///< low and high of each group
  std::optional<Rows> means;       ///< of each layer's input

  /// Reads the file, where there is one. One of another model, or one that is damaged, is left
  /// aside, and said so. Fails where samples can't be read.
  static llvm::FailureOr<CalibrationCache>
  open(mlir::ModuleOp module, const QuantizeOptions &options, llvm::StringRef modelHash);
  /// Whether everything is there for this plan.
  bool fits(const QuantizationPlan &plan) const;
  /// Writes the file where it would change.
  llvm::LogicalResult save(mlir::ModuleOp module) const;

private:
  std::string file, key, content;
};

} // namespace edgec
