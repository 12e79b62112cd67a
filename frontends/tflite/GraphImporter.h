// Walks the operators of a TensorFlow Lite model and builds the edge module.
#pragma once

#include "frontends/States.h"
#include "frontends/tflite/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include <map>

namespace edgec::tflite {

/// The tensors of one subgraph that is being imported.
struct Scope {
  const SubGraph &graph;
  std::map<int32_t, mlir::Value> values;
  /// Of tensors that are handles of resources, the key of the state.
  std::map<int32_t, std::string> resources;
  /// Outputs of operators that failed: what depends on them is skipped in silence.
  llvm::DenseSet<int32_t> poisoned;
};

class GraphImporter {
public:
  GraphImporter(const LoadedModel &model, const ImportOptions &options, mlir::MLIRContext *context);

  /// Builds the module; null after errors.
  mlir::OwningOpRef<mlir::ModuleOp> import();

  /// Imports the operators of subgraph `index` at `builder`; `inputs` are bound to its inputs in
  /// order. Returns its outputs.
  llvm::FailureOr<Results> importSubgraph(int64_t index, mlir::ValueRange inputs,
                                          mlir::OpBuilder &builder, mlir::Location loc);

  // States. `key` tells variable tensors and resources apart.
  Scope &getScope() { return *currentScope; }
  State &getState(const std::string &key) { return states.get(key); }
  /// The state's value after the operators so far; it becomes one of this type where it is new.
  mlir::Value readState(const std::string &key, mlir::RankedTensorType type, mlir::Location loc) {
    return states.read(function, key, type, loc);
  }
  /// Whether the operators of CALL_ONCE are being imported: what they assign is the initial value.
  bool initializing = false;

private:
  bool reportUnsupported();
  llvm::FailureOr<llvm::SmallVector<mlir::RankedTensorType>> inputTypes();
  llvm::LogicalResult importOperators(Scope &scope, mlir::OpBuilder &builder,
                                      llvm::StringRef prefix);
  llvm::LogicalResult importOperator(const Operator &node, Scope &scope, mlir::OpBuilder &builder,
                                     mlir::Location loc);
  /// The value of a tensor, reading a constant on first use; null after an error.
  mlir::Value lookup(int32_t tensor, Scope &scope, mlir::OpBuilder &builder, mlir::Location loc);
  mlir::Location location(const SubGraph &graph, const Operator &node, llvm::StringRef prefix,
                          size_t index);
  llvm::FailureOr<mlir::TypeAttr> quantization(const SubGraph &graph, int32_t tensor,
                                               mlir::Type type);
  llvm::LogicalResult noteQuantized(const SubGraph &graph);

  LoadedModel model;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  mlir::func::FuncOp function;
  States states; ///< variable tensors, and resources that VAR_HANDLE names
  Scope *currentScope = nullptr;
  /// The subgraphs that are being imported, the innermost last.
  llvm::SmallVector<int64_t> active{0};
  int64_t imported = 0; ///< operators so far
};

} // namespace edgec::tflite
