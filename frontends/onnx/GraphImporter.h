// Walks an ONNX graph node by node and builds the edge module.
#pragma once

#include "frontends/onnx/Importer.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <memory>

namespace edgec::onnx_frontend {

/// A model file in memory. Initializers stay where protobuf has put them; attributes refer to them
/// and share its ownership.
struct LoadedModel {
  std::shared_ptr<const onnx::ModelProto> proto;
  std::string path;
  std::string directory; ///< where external data lie
  std::string fileName;  ///< for messages
};

/// Reads and checks a file; errors are emitted at the file's name.
llvm::FailureOr<LoadedModel> loadModel(llvm::StringRef path, mlir::MLIRContext *context);

/// Names in scope: a graph's own, then those of the graphs around it.
struct Scope {
  const Scope *outer = nullptr;
  std::map<std::string, mlir::Value> values;
  /// Initializers that have not been needed so far.
  std::map<std::string, const onnx::TensorProto *> initializers;
  /// Outputs of nodes that failed: what depends on them is skipped in silence.
  llvm::StringSet<> poisoned;
};

class GraphImporter {
public:
  GraphImporter(const LoadedModel &model, const ImportOptions &options, mlir::MLIRContext *context);

  /// Builds the module; null after errors.
  mlir::OwningOpRef<mlir::ModuleOp> import();

  /// Imports the nodes of a subgraph (of If, Loop, Scan) at `builder`; `inputs` are bound to its
  /// inputs in order. Returns its outputs.
  llvm::FailureOr<Results> importSubgraph(const onnx::GraphProto &graph, mlir::ValueRange inputs,
                                          mlir::OpBuilder &builder, mlir::Location loc);

  mlir::MLIRContext *getContext() { return context; }
  const LoadedModel &getModel() const { return model; }
  /// Who keeps the node that is being imported alive: the model, or the body of the function that
  /// is being inlined.
  std::shared_ptr<const void> getOwner() const { return currentBody ? currentBody : model.proto; }

private:
  /// Version of each operator set that the model, or the function being inlined, imports.
  using Opsets = std::map<std::string, int64_t>;

  /// Compares the shapes of the main graph's values with ONNX's own inference.
  llvm::LogicalResult crossCheck(const Scope &scope, mlir::func::FuncOp function);
  bool reportUnsupported(const onnx::GraphProto &graph, const Opsets &opsets);
  llvm::LogicalResult bindInputs(mlir::func::FuncOp function, Scope &scope);
  llvm::FailureOr<llvm::SmallVector<mlir::RankedTensorType>>
  inputTypes(llvm::ArrayRef<const onnx::ValueInfoProto *> inputs);
  llvm::LogicalResult importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                                  Scope &scope, const Opsets &opsets, mlir::OpBuilder &builder,
                                  llvm::StringRef prefix);
  llvm::LogicalResult importNode(const onnx::NodeProto &node, Scope &scope, const Opsets &opsets,
                                 mlir::OpBuilder &builder, mlir::Location loc);
  /// Inlines a model-local function or the function body of a schema; nullopt where there is none.
  std::optional<llvm::FailureOr<Results>> importFunction(NodeContext &node, const Opsets &opsets);
  llvm::FailureOr<Results> inlineBody(const onnx::FunctionProto &body, NodeContext &node);
  /// The value of a name, materializing an initializer on first use; null where it is unknown.
  mlir::Value lookup(const std::string &name, Scope &scope, mlir::OpBuilder &builder);
  mlir::Location location(const onnx::NodeProto &node, llvm::StringRef prefix, size_t index);

  LoadedModel model;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  Opsets modelOpsets;
  std::map<std::string, const onnx::FunctionProto *> functions;
  /// Keeps bodies that schemas built for one node alive while their tensors are referred to.
  std::vector<std::shared_ptr<const void>> keepAlive;
  std::shared_ptr<const void> currentBody;
  Scope *currentScope = nullptr;
  const Opsets *currentOpsets = nullptr;
  std::string currentPrefix;
  unsigned depth = 0;
};

} // namespace edgec::onnx_frontend
