// The ONNX importer: a table with one row an operator, and what a row's function is given.
#pragma once

#include "dialects/Edge/Edge.h"
#include "dialects/Edge/HostTensor.h"
#include "frontends/Frontend.h"
#include "mlir/IR/Builders.h"
#include "onnx/onnx_pb.h"
#include <map>

namespace edgec::onnx_frontend {

class GraphImporter;

/// One node of the graph, as the function of its table row sees it. Values have the layout and the
/// types of ONNX (channels first).
///
/// A row's function reads inputs and attributes, creates edge ops through `b`, and returns one
/// value for each output (null values for trailing outputs that it doesn't compute). It fails only
/// after `error()`. All ops it creates are folded afterwards, so that shape arithmetic is constant
/// by the time that a later node asks for it with `constant()`.
class NodeContext {
public:
  NodeContext(GraphImporter &importer, const onnx::NodeProto &node, int64_t opset,
              mlir::OpBuilder &b, mlir::Location loc)
      : b(b), loc(loc), node(node), opset(opset), importer(importer) {}

  mlir::OpBuilder &b;
  mlir::Location loc;
  const onnx::NodeProto &node;
  /// The model's (or function's) version of the node's domain.
  int64_t opset;

  unsigned numInputs() const { return inputs.size(); }
  /// The input, or null where it is absent or empty.
  mlir::Value input(unsigned index) const {
    return index < inputs.size() ? inputs[index] : mlir::Value();
  }
  mlir::RankedTensorType type(unsigned index) const {
    return mlir::cast<mlir::RankedTensorType>(inputs[index].getType());
  }
  unsigned numOutputs() const { return node.output_size(); }
  /// Whether output `index` has a name, so that somebody may read it.
  bool hasOutput(unsigned index) const {
    return index < numOutputs() && !node.output(index).empty();
  }

  // Attributes, with the default for an absent one.
  const onnx::AttributeProto *attribute(llvm::StringRef name) const;
  bool has(llvm::StringRef name) const { return attribute(name); }
  int64_t intAttr(llvm::StringRef name, int64_t missing) const;
  double floatAttr(llvm::StringRef name, double missing) const;
  std::string stringAttr(llvm::StringRef name, llvm::StringRef missing) const;
  llvm::SmallVector<int64_t> intsAttr(llvm::StringRef name,
                                      llvm::ArrayRef<int64_t> missing = {}) const;
  llvm::SmallVector<double> floatsAttr(llvm::StringRef name) const;
  llvm::SmallVector<std::string> stringsAttr(llvm::StringRef name) const;

  /// The value of an input that is known at compile time, or an error that says that it has to be.
  llvm::FailureOr<edge::HostTensor> constant(unsigned index, llvm::StringRef what) const;
  /// The same, without an error.
  llvm::FailureOr<edge::HostTensor> tryConstant(unsigned index) const;
  llvm::FailureOr<llvm::SmallVector<int64_t>> constantInts(unsigned index,
                                                           llvm::StringRef what) const;
  /// What older opsets have as attribute and newer ones as input: ints from input `index` if
  /// present, else from the attribute, else `missing`.
  llvm::FailureOr<llvm::SmallVector<int64_t>>
  intsInputOrAttr(unsigned index, llvm::StringRef name, llvm::ArrayRef<int64_t> missing = {}) const;
  /// `axis` in [-rank, rank) made non-negative, or an error.
  llvm::FailureOr<int64_t> axis(int64_t axis, int64_t rank) const;
  llvm::FailureOr<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes,
                                                   int64_t rank) const;

  /// Emits an error at the node.
  mlir::InFlightDiagnostic error(const llvm::Twine &message) const {
    return mlir::emitError(loc) << message;
  }

  /// Creates an op of one result whose type is inferred, and folds it. A null value, and an error
  /// at the node, where inference fails: the generated builders would abort there.
  template <typename Op, typename... Args> mlir::Value create(Args &&...args) const {
    mlir::OperationState state(loc, Op::getOperationName());
    Op::build(b, state, mlir::Type(), std::forward<Args>(args)...);
    llvm::SmallVector<mlir::Value> results = finish(state);
    return results.empty() ? mlir::Value() : results.front();
  }
  /// The same for an op of several results; empty where inference fails.
  template <typename Op, unsigned N, typename... Args>
  llvm::SmallVector<mlir::Value> createResults(Args &&...args) const {
    mlir::OperationState state(loc, Op::getOperationName());
    [&]<size_t... I>(std::index_sequence<I...>) {
      Op::build(b, state, ((void)I, mlir::Type())..., std::forward<Args>(args)...);
    }(std::make_index_sequence<N>());
    return finish(state);
  }
  mlir::Value constantTensor(const edge::HostTensor &tensor) const;
  mlir::Value constantInts(llvm::ArrayRef<int64_t> values) const;
  /// A 0-d tensor of `element` type.
  mlir::Value scalar(mlir::Type element, double value) const;
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape) const;
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation) const;
  mlir::Value cast(mlir::Value x, mlir::Type element) const;
  /// [N, C, D...] to [N, D..., C] and back.
  mlir::Value toChannelsLast(mlir::Value x) const;
  mlir::Value toChannelsFirst(mlir::Value x) const;

  GraphImporter &getImporter() const { return importer; }
  void addInput(mlir::Value value) { inputs.push_back(value); }

private:
  llvm::SmallVector<mlir::Value> finish(mlir::OperationState &state) const;

  GraphImporter &importer;
  llvm::SmallVector<mlir::Value> inputs;
};

using Results = llvm::SmallVector<mlir::Value>;
using ImportFunction = llvm::FailureOr<Results> (*)(NodeContext &);

/// One operator: versions are those of the operator set in which the row's reading of the node is
/// right.
struct OperatorRow {
  llvm::StringRef name;
  ImportFunction import;
  llvm::StringRef domain = "";
};

// The tables, a family each (frontends/onnx/ops/*.cpp).
llvm::ArrayRef<OperatorRow> getElementwiseRows();
llvm::ArrayRef<OperatorRow> getConvRows();
llvm::ArrayRef<OperatorRow> getMatMulRows();
llvm::ArrayRef<OperatorRow> getPoolRows();
llvm::ArrayRef<OperatorRow> getReduceRows();
llvm::ArrayRef<OperatorRow> getNormalizeRows();
llvm::ArrayRef<OperatorRow> getConstantRows();
llvm::ArrayRef<OperatorRow> getShapeRows();
llvm::ArrayRef<OperatorRow> getGatherRows();
llvm::ArrayRef<OperatorRow> getResizeRows();
llvm::ArrayRef<OperatorRow> getSampleRows();
llvm::ArrayRef<OperatorRow> getSignalRows();
llvm::ArrayRef<OperatorRow> getQuantizeRows();
llvm::ArrayRef<OperatorRow> getRecurrentRows();
llvm::ArrayRef<OperatorRow> getControlFlowRows();

/// Why an operator of the default domain is not supported, where there is more to say than that.
llvm::StringRef getRefusal(llvm::StringRef name);

/// The row of an operator, or null.
const OperatorRow *findRow(llvm::StringRef domain, llvm::StringRef name);

} // namespace edgec::onnx_frontend
