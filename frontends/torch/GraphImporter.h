// Walks the nodes of an exported program and builds the edge module.
#pragma once

#include "frontends/States.h"
#include "frontends/torch/Importer.h"
#include "frontends/torch/Symbols.h"
#include "frontends/torch/Weights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

namespace edgec::torch {

/// A weight that has not been needed so far, or one that is a state.
struct LazyWeight {
  const Payload *payload = nullptr;
  std::string name;
  bool isState = false;
  std::string whole; ///< the weight of which it is a view, if it is
  ViewSteps part;    ///< which one
};

/// The names of one graph.
struct Scope {
  const Graph &graph;
  std::map<std::string, TensorView> tensors;
  std::map<std::string, Number> numbers;
  std::map<std::string, LazyWeight> weights;
  /// Results of nodes that failed: what depends on them is skipped in silence.
  llvm::StringSet<> poisoned;
  /// Results that rows don't compute, by name, with what to say where they are used.
  llvm::StringMap<std::string> missing;
};

class GraphImporter {
public:
  GraphImporter(const LoadedProgram &loaded, const ImportOptions &options,
                mlir::MLIRContext *context);

  /// Builds the module; null after errors.
  mlir::OwningOpRef<mlir::ModuleOp> import();

  /// Imports a graph that a node holds at `builder`; `inputs` are bound to its inputs in order.
  /// Returns its outputs.
  llvm::FailureOr<Results> importSubgraph(const Graph &graph, mlir::ValueRange inputs,
                                          mlir::OpBuilder &builder, mlir::Location loc);

  /// The value that a node's argument stands for, a tensor or a number (as a 0-d tensor); null
  /// after an error.
  mlir::Value lookup(const Argument &argument, const OpContext &ctx);
  /// The same for a name of the current graph.
  mlir::Value lookup(llvm::StringRef name, const OpContext &ctx);

  /// What the file says of a tensor of the current graph, or null.
  const TensorMeta *metaOf(llvm::StringRef name) const;
  /// Numbers with the values of symbols and of nodes so far; nothing where one isn't known.
  std::optional<llvm::SmallVector<int64_t>> evaluate(llvm::ArrayRef<Number> numbers) const;
  std::optional<Number> evaluate(const Number &number) const;
  const ImportOptions &getOptions() const { return options; }

private:
  bool reportUnsupported(const Graph &graph);
  mlir::Location location(const Node &node) const;

  // Inputs and outputs (Interface.cpp).
  llvm::LogicalResult solveSymbols();
  llvm::LogicalResult checkConstraints();
  llvm::LogicalResult checkGuards();
  std::optional<int64_t> extentOf(llvm::StringRef text) const;
  llvm::LogicalResult reportOpen(const InputSpec &input, const TensorMeta &meta);
  llvm::FailureOr<llvm::SmallVector<mlir::RankedTensorType>> inputTypes();
  llvm::LogicalResult bindInputs(llvm::ArrayRef<mlir::RankedTensorType> types,
                                 mlir::OpBuilder &builder);
  llvm::LogicalResult bindOutputs(mlir::OpBuilder &builder);

  // Weights that are written (Written.cpp).
  void findStates();
  llvm::LogicalResult shareStates();

  llvm::LogicalResult importNodes(mlir::OpBuilder &builder);
  llvm::LogicalResult importNode(const Node &node, mlir::OpBuilder &builder);
  llvm::LogicalResult bindArguments(NodeContext &ctx);
  llvm::FailureOr<Bound> bindArgument(NodeContext &ctx, const Parameter &parameter,
                                      const Argument &argument, mlir::Value &input);
  llvm::LogicalResult bindNumber(NodeContext &ctx, const Parameter &parameter, const Number &number,
                                 Bound &bound, mlir::Value *input);
  llvm::LogicalResult define(NodeContext &ctx, const std::string &name, TensorView view);
  llvm::LogicalResult defineNumber(NodeContext &ctx, const Number &number);
  llvm::LogicalResult defineViews(NodeContext &ctx, llvm::ArrayRef<View> views);
  llvm::LogicalResult defineWritten(NodeContext &ctx, int parameter, mlir::Value value);
  llvm::LogicalResult defineResults(NodeContext &ctx, const Results &results);
  TensorView *find(llvm::StringRef name, const OpContext &ctx);
  mlir::Value readWeight(const LazyWeight &weight);

  LoadedProgram loaded;
  const Program &program;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  mlir::Location file;
  Weights weights;
  SymbolValues symbols;
  llvm::StringMap<mlir::Value> constants; ///< of weights, by their place in the archive
  mlir::func::FuncOp function;
  llvm::SmallVector<std::string> inputNames; ///< of the function's first arguments
  States states;
  Scope *scope = nullptr; ///< of the graph that is being imported
  unsigned depth = 0;
  int64_t imported = 0; ///< nodes so far
};

} // namespace edgec::torch
