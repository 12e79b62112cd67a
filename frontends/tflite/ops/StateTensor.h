// A state that an operator reads as one of its inputs, and writes: a variable tensor, kept between
// calls.
#pragma once

#include "frontends/tflite/Importer.h"

namespace edgec::tflite {

class StateTensor {
public:
  static llvm::FailureOr<StateTensor> read(NodeContext &ctx, unsigned index);
  /// The state after this operator, in its own type.
  llvm::LogicalResult write(const NodeContext &ctx, mlir::Value next) const;
  mlir::Value numbers(const NodeContext &ctx, mlir::Value integers) const;
  mlir::Value integers(const NodeContext &ctx, mlir::Value numbers) const;

  mlir::Value value;

private:
  unsigned index = 0;
  std::string key;
};

/// SVDF (ops/Svdf.cpp).
llvm::FailureOr<Results> importSvdf(NodeContext &ctx);

} // namespace edgec::tflite
