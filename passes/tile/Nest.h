// A structured op on buffers as a nest of loops with one linear address an operand.
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace edgec::tile {

/// Where an operand lies: element `first + sum of strides[i] * position[i]` of a contiguous buffer
/// of one dimension. A scalar operand has no strides.
struct Access {
  mlir::Value buffer;
  llvm::SmallVector<int64_t> strides;
  mlir::Type element;
  int64_t first = 0;
  mlir::Value origin; ///< what else is to be added to the address; null: nothing
  bool isScalar = false;
};

/// The loops of a structured op, freed of what its tensors' ranks were: unit loops are gone,
/// parallel loops come before reductions, each kind from the largest stride to the smallest, and
/// loops that go on where the next one ends are one.
struct Nest {
  mutable mlir::linalg::LinalgOp op; // whose interface has no const methods
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<bool> reduces;
  llvm::SmallVector<Access> accesses; ///< by operand
  llvm::SmallVector<int64_t> loopOf;  ///< by the op's own dimension; -1 where that has extent 1
  llvm::SmallVector<bool> needsIndex; ///< the body asks for this loop's position
  mlir::Value row;                    ///< where it is set, loop 0 exists already, and stands here

  /// Fails where shapes, strides or maps aren't static and linear, or nothing is computed.
  static llvm::FailureOr<Nest> get(mlir::linalg::LinalgOp op);

  size_t size() const { return extents.size(); }
  /// The access of the only init, which is written.
  const Access &out() const { return accesses.back(); }
  llvm::ArrayRef<Access> inputs() const {
    return llvm::ArrayRef<Access>(accesses).take_front(op.getNumDpsInputs());
  }
  /// Puts loop `order[i]` at place i.
  void reorder(llvm::ArrayRef<unsigned> order);
  /// Makes the outermost loop one of `rows` iterations, with what is left of it inside. Fails where
  /// it isn't a parallel one of a multiple of that.
  llvm::LogicalResult splitRows(int64_t rows);
  /// Of the rows that the outermost loop goes over, takes `count`, from row `first` on. What is a
  /// `kernel.block` begins there.
  void takeRows(mlir::OpBuilder &b, mlir::Value first, int64_t count);
  /// The first loop that is still to be written.
  size_t firstLoop() const { return row ? 1 : 0; }
  /// Makes the buffers flat, before `op`. Nothing else may be emitted before that.
  void flatten(mlir::OpBuilder &b);

private:
  void dropUnits();
  void sort();
  void merge();
};

/// What emitters share: loops, addresses, and the op's body for one or many lanes.
struct NestEmitter {
  Nest &nest;
  mlir::Location loc;
  llvm::SmallVector<mlir::Value> at; ///< the position in each loop, as far as it is known

  explicit NestEmitter(Nest &nest)
      : nest(nest), loc(nest.op.getLoc()), at(nest.size(), mlir::Value()) {
    if (nest.row)
      at.front() = nest.row;
  }

  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &,
                                                                 mlir::ValueRange values)>;
  /// A loop over positions first, first + step ... below `end` of loop `index`, which carries
  /// `values`; a loop of one iteration is its body.
  llvm::SmallVector<mlir::Value> loop(mlir::OpBuilder &b, size_t index, int64_t first, int64_t end,
                                      int64_t step, mlir::ValueRange values, Body body);
  /// Loops over all of `indices`, one in the other.
  llvm::SmallVector<mlir::Value> loops(mlir::OpBuilder &b, llvm::ArrayRef<size_t> indices,
                                       mlir::ValueRange values, Body body);

  mlir::Value constant(mlir::OpBuilder &b, int64_t value);
  mlir::Value add(mlir::OpBuilder &b, mlir::Value x, int64_t y);
  /// The address of an operand at the current position, `shift` elements on.
  mlir::Value address(mlir::OpBuilder &b, const Access &access, int64_t shift = 0);
  mlir::Value load(mlir::OpBuilder &b, const Access &access, int64_t width, int64_t shift = 0);
  void store(mlir::OpBuilder &b, const Access &access, mlir::Value value, int64_t shift = 0);
  /// An operand along loop `lanes`, whose stride is 0 or 1: a scalar, or a vector of `width`.
  mlir::Value loadAlong(mlir::OpBuilder &b, const Access &access, size_t lanes, int64_t width,
                        int64_t shift = 0);
  /// The body's ops but for `except`, on these arguments. Vectors and scalars may be mixed; returns
  /// what `value` of the body has become.
  mlir::Value emitBody(mlir::OpBuilder &b, llvm::ArrayRef<mlir::Value> arguments, mlir::Value value,
                       mlir::Operation *except = nullptr);
};

/// `value` as a vector of `width` lanes; a vector stays.
mlir::Value broadcast(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, int64_t width);
/// Writes `op` with loops in the way that suits it.
void emitNest(mlir::OpBuilder &b, Nest &nest, unsigned bits);
/// Whether the body is elementwise on integers and floats of whole bytes: it can be computed in
/// vectors.
bool hasVectorBody(const Nest &nest);
/// Lanes of a register that all of the operands fit into, at least 1.
int64_t lanesOf(const Nest &nest, unsigned bits);

/// The loops as they stand, one element at a time: LLVM makes vectors of the innermost ones.
void emitScalars(mlir::OpBuilder &b, Nest &nest);
/// A reduction with its accumulators in vector registers. Fails where the body is no reduction, or
/// nothing is contiguous.
llvm::LogicalResult emitReduction(mlir::OpBuilder &b, Nest &nest, unsigned bits);
/// What reads along one loop and writes along another, in blocks that are turned in registers.
/// Fails where that isn't what the op does.
llvm::LogicalResult emitTransposition(mlir::OpBuilder &b, Nest &nest, unsigned bits);

} // namespace edgec::tile
