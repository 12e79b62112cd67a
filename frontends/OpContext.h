// What importers of all formats build edge ops with: one operator of a model file, its inputs as
// values, and ways to create ops that are folded at once.
#pragma once

#include "dialects/Edge/Edge.h"
#include "dialects/Edge/HostTensor.h"
#include "mlir/IR/Builders.h"
#include <memory>

namespace edgec {

using Results = llvm::SmallVector<mlir::Value>;

/// One operator of a model file. All ops that it creates are folded afterwards, so that shape
/// arithmetic is constant by the time that a later operator asks for it with `constant()`.
class OpContext {
public:
  OpContext(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  mlir::OpBuilder &b;
  mlir::Location loc;

  unsigned numInputs() const { return inputs.size(); }
  /// The input, or null where it is absent or empty.
  mlir::Value input(unsigned index) const {
    return index < inputs.size() ? inputs[index] : mlir::Value();
  }
  mlir::RankedTensorType type(unsigned index) const {
    return mlir::cast<mlir::RankedTensorType>(inputs[index].getType());
  }
  void addInput(mlir::Value value) { inputs.push_back(value); }

  /// The value of an input that is known at compile time, or an error that says that it has to be.
  llvm::FailureOr<edge::HostTensor> constant(unsigned index, llvm::StringRef what) const;
  /// The same, without an error.
  llvm::FailureOr<edge::HostTensor> tryConstant(unsigned index) const;
  llvm::FailureOr<llvm::SmallVector<int64_t>> constantInts(unsigned index,
                                                           llvm::StringRef what) const;
  /// `axis` in [-rank, rank) made non-negative, or an error.
  llvm::FailureOr<int64_t> axis(int64_t axis, int64_t rank) const;
  llvm::FailureOr<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes,
                                                   int64_t rank) const;

  /// Emits an error at the operator.
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
  /// [N, C, D...] to [N, D..., C] and back; null for null.
  mlir::Value toChannelsLast(mlir::Value x) const;
  mlir::Value toChannelsFirst(mlir::Value x) const;

protected:
  llvm::SmallVector<mlir::Value> inputs;

private:
  llvm::SmallVector<mlir::Value> finish(mlir::OperationState &state) const;
};

/// An attribute over bytes that `owner` keeps alive: a small or uniform tensor is copied, any other
/// is referred to.
mlir::ElementsAttr makeWeights(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                               std::shared_ptr<const void> owner);

} // namespace edgec
