// Tensors that share memory, without memory: a view is a chain of steps from the value of its
// storage, and a write through it makes a new value of the storage.
#pragma once

#include "frontends/OpContext.h"
#include <variant>

namespace edgec::torch {

/// One step from a tensor to a view of it.
struct ViewStep {
  struct Reshape {
    llvm::SmallVector<int64_t> shape;
  };
  struct Transpose {
    llvm::SmallVector<int64_t> permutation;
  };
  struct Slice {
    llvm::SmallVector<int64_t> offsets, sizes, strides;
  };
  struct Broadcast {
    llvm::SmallVector<int64_t> shape;
  };
  /// Elements at places in row-major order: diagonals, as_strided.
  struct Pick {
    llvm::SmallVector<int64_t> shape, places;
  };
  /// `count` slices along `axis`, from the one on that `start`, a 0-d i64, gives when the model
  /// runs; every `stride`-th. What lies outside is moved to the border.
  struct Moving {
    mlir::Value start;
    int64_t axis, count, stride;

    /// Indices of the slices.
    mlir::Value indices(const OpContext &ctx) const;
  };
  std::variant<Reshape, Transpose, Slice, Broadcast, Pick, Moving> step;

  /// The view of `base`; null after an error.
  mlir::Value apply(const OpContext &ctx, mlir::Value base) const;
  /// `base` with `view` where its view was; null after an error.
  mlir::Value scatter(const OpContext &ctx, mlir::Value base, mlir::Value view) const;
};

using ViewSteps = llvm::SmallVector<ViewStep, 2>;

/// What tensors that share memory have in common: the value of the memory after the nodes so far.
struct Storage {
  mlir::Value value;
  unsigned version = 0; ///< writes so far
};

/// A tensor of the program: a storage, seen through steps.
class TensorView {
public:
  TensorView() = default;
  /// The whole of a new storage.
  explicit TensorView(mlir::Value value);

  /// The value, computed again where the storage has been written since.
  mlir::Value read(const OpContext &ctx);
  /// Another tensor of the same storage.
  TensorView view(const OpContext &ctx, const ViewSteps &more);
  llvm::LogicalResult write(const OpContext &ctx, mlir::Value value);

  const std::shared_ptr<Storage> &getStorage() const { return storage; }
  bool isWhole() const { return steps.empty(); }

private:
  std::shared_ptr<Storage> storage;
  ViewSteps steps;
  mlir::Value known; ///< at `version`
  unsigned version = 0;
};

/// `base` with the slices of `part` written, or combined with what is there, at `indices` along
/// `axis`; null after an error.
mlir::Value writeSlices(const OpContext &ctx, mlir::Value base, mlir::Value part,
                        mlir::Value indices, int64_t axis, edge::ScatterReduction reduction);

/// Whether a tensor of these extents and strides can be seen with another shape without a copy.
bool canReshapeInPlace(llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides,
                       llvm::ArrayRef<int64_t> shape);

} // namespace edgec::torch
