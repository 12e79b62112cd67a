// What a model keeps between calls, as importers of all formats build it: an argument and a result
// of the function that share a place in the arena.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include <map>
#include <string>

namespace edgec {

/// One variable, buffer or resource.
struct State {
  mlir::Value argument;    ///< where it enters the function; null before it is first read
  mlir::Value value;       ///< what it holds after the operators so far
  mlir::Attribute initial; ///< what it holds before the first call; null for zeros
};

/// The states of a function that is being built, by their names.
class States {
public:
  State &get(const std::string &key) { return states[key]; }
  /// The state's value after the operators so far; it becomes one of this type, and an argument of
  /// the function, where it is new. Null, after an error, where it is of another type.
  mlir::Value read(mlir::func::FuncOp function, const std::string &key, mlir::RankedTensorType type,
                   mlir::Location loc);
  /// Appends what the states hold at the end to the function's results. The arena begins with
  /// zeros: where a state begins with something else, a flag, zero in the first call, selects that.
  void finish(mlir::func::FuncOp function, mlir::OpBuilder &builder,
              llvm::SmallVectorImpl<mlir::Value> &results);
  /// Marks and names the arguments and results of a finished function; pairs are numbered from
  /// `first`.
  void mark(mlir::func::FuncOp function, size_t first) const;

private:
  llvm::MapVector<std::string, State, std::map<std::string, unsigned>> states;
  llvm::SmallVector<std::pair<unsigned, unsigned>> pairs; ///< argument, result
};

} // namespace edgec
