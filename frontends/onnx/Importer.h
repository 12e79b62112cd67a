// The ONNX importer: a table with one row an operator, and what a row's function is given.
#pragma once

#include "frontends/Frontend.h"
#include "frontends/OpContext.h"
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
class NodeContext : public OpContext {
public:
  NodeContext(GraphImporter &importer, const onnx::NodeProto &node, int64_t opset,
              mlir::OpBuilder &b, mlir::Location loc)
      : OpContext(b, loc), node(node), opset(opset), importer(importer) {}

  const onnx::NodeProto &node;
  /// The model's (or function's) version of the node's domain.
  int64_t opset;

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

  /// What older opsets have as attribute and newer ones as input: ints from input `index` if
  /// present, else from the attribute, else `missing`.
  llvm::FailureOr<llvm::SmallVector<int64_t>>
  intsInputOrAttr(unsigned index, llvm::StringRef name, llvm::ArrayRef<int64_t> missing = {}) const;

  GraphImporter &getImporter() const { return importer; }

private:
  GraphImporter &importer;
};

using ImportFunction = llvm::FailureOr<Results> (*)(NodeContext &);

/// One operator: versions are those of the operator set in which the row's reading of the node is
/// right.
struct OperatorRow {
  llvm::StringRef name;
  ImportFunction import;
  llvm::StringRef domain = "";
  /// Whether constants of 4-bit integers arrive as they are, not as integers of a byte.
  bool readsFourBits = false;
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
llvm::ArrayRef<OperatorRow> getQLinearRows();
llvm::ArrayRef<OperatorRow> getNBitsRows();
llvm::ArrayRef<OperatorRow> getRecurrentRows();
llvm::ArrayRef<OperatorRow> getControlFlowRows();

/// Why an operator of the default domain is not supported, where there is more to say than that.
llvm::StringRef getRefusal(llvm::StringRef name);

/// The row of an operator, or null.
const OperatorRow *findRow(llvm::StringRef domain, llvm::StringRef name);

} // namespace edgec::onnx_frontend
