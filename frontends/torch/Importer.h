// The torch importer: a table with one row an overload, and what a row's function is given.
#pragma once

#include "frontends/Formula.h"
#include "frontends/Frontend.h"
#include "frontends/torch/Schemas.h"
#include "frontends/torch/Types.h"
#include "frontends/torch/Views.h"

namespace edgec::torch {

class GraphImporter;
struct Operator;
struct OperatorRow;

/// What an argument is bound to, checked against its parameter's type.
struct Bound {
  bool given = false;                     ///< false for None
  llvm::SmallVector<mlir::Value> tensors; ///< of a list; null for a missing one
  llvm::SmallVector<Number> numbers;      ///< all known, but see NodeContext::input
  std::string text;
  mlir::Type element;
  std::shared_ptr<const Graph> graph;
};

/// One node of the graph, as the function of its table row sees it. `input(i)` is the tensor of
/// parameter i of the signature, in torch's layout (channels first) and element type: null where
/// the argument is None or no tensor. A `Scalar` that is only known at run time is a 0-d tensor
/// there, and so is an integer that the row takes then (OperatorRow::atRunTime).
class NodeContext : public OpContext {
public:
  NodeContext(GraphImporter &importer, const Node &node, const Operator &op, mlir::OpBuilder &b,
              mlir::Location loc);

  const Node &node;
  const OperatorRow &row;
  const Schema &schema;
  std::vector<Bound> arguments; ///< one a parameter

  // Arguments by their parameter's name, which the signature must have. Those that may be None give
  // `missing` then.
  const Bound &argument(llvm::StringRef name) const;
  bool has(llvm::StringRef name) const { return argument(name).given; }
  mlir::Value tensor(llvm::StringRef name) const;
  llvm::ArrayRef<mlir::Value> tensors(llvm::StringRef name) const { return argument(name).tensors; }
  int64_t integer(llvm::StringRef name, int64_t missing = 0) const;
  double real(llvm::StringRef name, double missing = 0) const;
  bool flag(llvm::StringRef name) const;
  llvm::StringRef text(llvm::StringRef name) const { return argument(name).text; }
  llvm::SmallVector<int64_t> integers(llvm::StringRef name) const;
  llvm::SmallVector<double> reals(llvm::StringRef name) const;
  mlir::Type element(llvm::StringRef name, mlir::Type missing) const;
  /// A `Scalar` that has to be known at compile time, or an error.
  llvm::FailureOr<Number> scalar(llvm::StringRef name) const;

  /// Parameter `index`, a tensor or a number, and what it counts as in promotion.
  Operand operand(unsigned index) const;
  /// It as a tensor of `element`; numbers have no dimensions.
  mlir::Value operandAs(unsigned index, mlir::Type element) const;
  /// A number as a 0-d constant; integers keep all 64 bits.
  mlir::Value constant(const Number &number, mlir::Type element) const;
  using OpContext::constant;
  using OpContext::scalar;
  /// What a number of Python becomes as a tensor: i1, i64 or f32.
  mlir::Type typeOfNumber(const Number &number) const;

  /// The dimension `dim` names of a tensor of `rank`, where 0-d tensors count as of rank 1.
  llvm::FailureOr<int64_t> dimension(llvm::StringRef name, int64_t rank) const;
  /// The same for a list; none, or None, means all of them.
  llvm::FailureOr<llvm::SmallVector<int64_t>> dimensions(llvm::StringRef name, int64_t rank) const;
  /// A list of one entry stands for `rank` equal ones; an empty one for `missing`.
  llvm::FailureOr<llvm::SmallVector<int64_t>> spatial(llvm::StringRef name, int64_t rank,
                                                      llvm::ArrayRef<int64_t> missing = {}) const;

  /// How the file says that an input or output lies in memory; null where it doesn't.
  const TensorMeta *metaOf(const Argument &argument) const;
  /// The strides that the file gives the tensor of parameter `index`; nothing where they aren't
  /// known.
  std::optional<llvm::SmallVector<int64_t>> stridesOf(unsigned index) const;

  /// The extent of the first result along `axis`, if the file says it.
  std::optional<int64_t> resultExtent(int64_t axis) const;

  /// Says that `condition`, one boolean, holds, because of `what`. It's an error where it is known
  /// not to; what only the run knows ends it with EDGEC_ERROR_SHAPE under --checked, and is
  /// taken for granted otherwise.
  llvm::LogicalResult require(mlir::Value condition, const llvm::Twine &what) const;

  /// Whether the tensor of parameter `index`, or one of its list, is of complex numbers.
  bool isComplex(unsigned index) const;
  /// The same of a name of the graph.
  bool isComplex(llvm::StringRef name) const;
  GraphImporter &getImporter() const { return importer; }
  /// Puts another value in the place of an input.
  void setInput(unsigned index, mlir::Value value) { inputs[index] = value; }

private:
  GraphImporter &importer;
};

/// A result of a row that may be a view: steps from parameter 0's tensor, or a copy.
struct View {
  ViewSteps steps;
  mlir::Value copy;
};
using Views = std::vector<View>;

using ImportFunction = llvm::FailureOr<Results> (*)(NodeContext &);
using ViewFunction = llvm::FailureOr<Views> (*)(NodeContext &);
using NumberFunction = llvm::FailureOr<Number> (*)(NodeContext &);

/// What a row does with complex numbers, which are floats with a last dimension of two.
enum class OnComplex {
  refuse, ///< nothing, unless it gives views: these do to them what they do to others
  whole,  ///< its function knows them
  parts,  ///< the same to the real and the imaginary parts
  product ///< it is linear in each of two tensors
};

/// One overload: its signature as torch has it, and how it becomes edge ops. What writes to an
/// argument (`Tensor(a!)`) has the function of the operation that doesn't: the importer writes the
/// first result.
struct OperatorRow {
  llvm::StringLiteral signature;
  std::variant<ImportFunction, ViewFunction, NumberFunction> import;
  OnComplex onComplex = OnComplex::refuse;
  /// Names of the integers among its parameters that may be known only when the model runs.
  llvm::StringLiteral atRunTime = "";
  /// Of a NumberFunction: the row where an argument is only known when the model runs.
  ImportFunction computed = nullptr;
};

// The tables, a family each (frontends/torch/ops/*.cpp).
llvm::ArrayRef<OperatorRow> getElementwiseRows();
llvm::ArrayRef<OperatorRow> getFunctionRows();
llvm::ArrayRef<OperatorRow> getComplexRows();
llvm::ArrayRef<OperatorRow> getSpecialRows();
llvm::ArrayRef<OperatorRow> getActivationRows();
llvm::ArrayRef<OperatorRow> getCreateRows();
llvm::ArrayRef<OperatorRow> getViewRows();
llvm::ArrayRef<OperatorRow> getSliceRows();
llvm::ArrayRef<OperatorRow> getShapeRows();
llvm::ArrayRef<OperatorRow> getComposeRows();
llvm::ArrayRef<OperatorRow> getConvRows();
llvm::ArrayRef<OperatorRow> getMatMulRows();
llvm::ArrayRef<OperatorRow> getAttentionRows();
llvm::ArrayRef<OperatorRow> getPoolRows();
llvm::ArrayRef<OperatorRow> getFoldRows();
llvm::ArrayRef<OperatorRow> getReduceRows();
llvm::ArrayRef<OperatorRow> getStatisticsRows();
llvm::ArrayRef<OperatorRow> getNormalizeRows();
llvm::ArrayRef<OperatorRow> getIndexRows();
llvm::ArrayRef<OperatorRow> getEmbeddingRows();
llvm::ArrayRef<OperatorRow> getResizeRows();
llvm::ArrayRef<OperatorRow> getRecurrentRows();
llvm::ArrayRef<OperatorRow> getQuantizeRows();
llvm::ArrayRef<OperatorRow> getSignalRows();
llvm::ArrayRef<OperatorRow> getSymbolRows();
llvm::ArrayRef<OperatorRow> getControlFlowRows();

/// Calls a row's function for the parts of complex numbers, or for each pair of them, and joins
/// what it gives.
llvm::FailureOr<Results> importByParts(NodeContext &ctx, OnComplex how, ImportFunction import);

/// A row and its signature, read.
struct Operator {
  Schema schema;
  const OperatorRow *row = nullptr;
  bool isTwin = false; ///< writes to its first argument what a row computes: `erf_` by `erf`
};
/// The operator of a signature's name (`aten::conv2d`), or null.
const Operator *findOperator(llvm::StringRef name);

/// Why an overload is not supported, where there is more to say than that; by its signature's name.
llvm::StringRef getRefusal(llvm::StringRef name);
/// The names that there are refusals for.
std::vector<llvm::StringRef> refusedNames();

} // namespace edgec::torch
