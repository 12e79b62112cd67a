// A compiled model as its caller sees it: what the header, the manifest and the descriptor are
// written from.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace edgec {

struct TensorInfo {
  std::string name;   ///< the model's own
  std::string symbol; ///< C-safe, unique among the model's tensors
  mlir::RankedTensorType type;
  int64_t bytes = 0;
  double scale = 0; ///< of integers that stand for scale * (stored - zeroPoint); else 0
  int64_t zeroPoint = 0;
};

struct AllocationInfo {
  std::string name;
  int64_t offset = 0, bytes = 0, first = 0, last = 0;
};

struct OperatorInfoRow {
  std::string name, kind, kernel;
  std::string element; ///< type of what it computes with: `f32`, `i8`
  int64_t macs = 0;
  int64_t bytes = 0; ///< of all operands: what has to move at least
};

struct ModelInterface {
  std::string name; ///< C-safe
  std::vector<TensorInfo> inputs, outputs;
  int64_t arenaBytes = 0, arenaPeak = 0, stateBytes = 0, arenaAlign = 16;
  std::vector<AllocationInfo> allocations;
  std::vector<OperatorInfoRow> operators;
  int64_t macs = 0;
  int64_t threads = 1;            ///< parts that a shared kernel has
  bool profile = false;           ///< whether each op calls the hook of edgec/profile.h
  std::vector<std::string> split; ///< kernels that take the index of their part
};

/// Reads the attributes that passes have left on the module (`edge.inputs`, `edge.arena_bytes`, …).
ModelInterface readInterface(mlir::ModuleOp module, llvm::StringRef name);

/// `text` as a C identifier: other characters become underscores, a leading digit gets one.
std::string makeIdentifier(llvm::StringRef text);

/// The C type of an element (`float`, `int8_t`, `uint16_t` for the 16-bit floats), and its
/// `edgec_dtype` number and NumPy name.
llvm::StringRef cTypeName(mlir::Type element);
int32_t dtypeNumber(mlir::Type element);
llvm::StringRef numpyName(mlir::Type element);

} // namespace edgec
