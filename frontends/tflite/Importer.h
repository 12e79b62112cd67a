// The TensorFlow Lite importer: a table with one row an operator, and what a row's function is
// given.
#pragma once

#include "frontends/Formula.h"
#include "frontends/Frontend.h"
#include "frontends/tflite/Tensors.h"

namespace edgec::tflite {

class GraphImporter;

/// One operator of a subgraph, as the function of its table row sees it. Values have the layout of
/// TensorFlow Lite, which is edge's (channels last), and the file's element types: a quantized
/// tensor is its integers. `real` reads one as numbers, `result` writes numbers as the output has
/// them.
class NodeContext : public OpContext {
public:
  NodeContext(GraphImporter &importer, const SubGraph &graph, const Operator &node,
              const OperatorCode &code, mlir::OpBuilder &b, mlir::Location loc)
      : OpContext(b, loc), graph(graph), node(node), code(code), importer(importer) {}

  const SubGraph &graph;
  const Operator &node;
  const OperatorCode &code;

  BuiltinOperator builtin() const { return builtinOf(code); }
  unsigned numOutputs() const { return sizeOf(node.outputs()); }
  /// The operator's options; all defaults where the file has none of this type.
  template <typename T> const T &options() const {
    // An empty table: FlatBuffers gives every field its default.
    alignas(8) static const struct {
      uint16_t vtable[2] = {4, 4};
      int32_t toVtable = 4;
    } empty;
    const T *found = node.builtin_options_as<T>();
    return found ? *found : *reinterpret_cast<const T *>(&empty.toVtable);
  }

  /// The tensor behind an input (null where absent) or output.
  const Tensor *inputTensor(unsigned index) const;
  const Tensor *outputTensor(unsigned index) const;
  bool isQuantizedInput(unsigned index) const {
    return inputTensor(index) && isQuantized(*inputTensor(index));
  }
  bool isQuantizedOutput(unsigned index) const {
    return outputTensor(index) && isQuantized(*outputTensor(index));
  }
  /// The parameters of a quantized input or output; an error names its tensor.
  llvm::FailureOr<mlir::quant::QuantizedType> inputQuantization(unsigned index) const;
  llvm::FailureOr<mlir::quant::QuantizedType> outputQuantization(unsigned index) const;
  /// The scales of a quantized input: one, or those along its axis.
  llvm::FailureOr<llvm::SmallVector<double>> inputScales(unsigned index) const;
  /// Whether input and output hold the same numbers as the same elements.
  bool sameQuantization(unsigned input, unsigned output = 0) const;

  /// The numbers of an input: dequantized where it is quantized. Null, after an error, where its
  /// parameters are wrong.
  mlir::Value real(unsigned index) const;
  /// An operand of an op that only moves elements: its integers, where output 0 has the same
  /// parameters, else its numbers.
  mlir::Value moved(unsigned index) const {
    return sameQuantization(index) ? input(index) : real(index);
  }
  /// Whether two inputs hold the same numbers as the same elements, so that those compare as they
  /// do.
  bool sameInputs(unsigned x, unsigned y) const;
  /// The bias of a layer with quantized inputs `x` and `filter`: it adds to products of theirs, so
  /// its scale is the product of theirs. Null where there is none.
  llvm::FailureOr<mlir::Value> bias(unsigned index, unsigned x, unsigned filter) const;
  /// Numbers as output `index` holds them: quantized where it is.
  mlir::Value result(mlir::Value value, unsigned index = 0) const;
  /// The same after the activation that is fused into the operator.
  mlir::Value result(mlir::Value value, Activation activation) const;
  llvm::FailureOr<mlir::Value> activate(mlir::Value value, Activation activation) const;
  mlir::Value dequantize(mlir::Value x, mlir::Type quantized) const;
  mlir::Value quantize(mlir::Value x, mlir::Type quantized) const;

  GraphImporter &getImporter() const { return importer; }

private:
  llvm::FailureOr<mlir::quant::QuantizedType> quantization(int32_t tensor) const;

  GraphImporter &importer;
};

/// A value, or the failure of what gave a null one.
inline llvm::FailureOr<mlir::Value> orFailure(mlir::Value value) {
  if (!value)
    return mlir::failure();
  return value;
}

using ImportFunction = llvm::FailureOr<Results> (*)(NodeContext &);

/// One operator. A node of a version above `maxVersion` is refused: its meaning isn't known.
struct OperatorRow {
  BuiltinOperator code;
  ImportFunction import;
  unsigned required = 1;  ///< inputs without which the function doesn't run
  int32_t maxVersion = 0; ///< 0: any version so far
};

// The tables, a family each (frontends/tflite/ops/*.cpp).
llvm::ArrayRef<OperatorRow> getConvRows();
llvm::ArrayRef<OperatorRow> getControlFlowRows();
llvm::ArrayRef<OperatorRow> getElementwiseRows();
llvm::ArrayRef<OperatorRow> getGatherRows();
llvm::ArrayRef<OperatorRow> getMatMulRows();
llvm::ArrayRef<OperatorRow> getPoolRows();
llvm::ArrayRef<OperatorRow> getRecurrentRows();
llvm::ArrayRef<OperatorRow> getReduceRows();
llvm::ArrayRef<OperatorRow> getResizeRows();
llvm::ArrayRef<OperatorRow> getShapeRows();
llvm::ArrayRef<OperatorRow> getSliceRows();
llvm::ArrayRef<OperatorRow> getVariableRows();

/// Why an operator is not supported, where there is more to say than that.
llvm::StringRef getRefusal(BuiltinOperator code);

/// The row of an operator, or null.
const OperatorRow *findRow(BuiltinOperator code);

} // namespace edgec::tflite
