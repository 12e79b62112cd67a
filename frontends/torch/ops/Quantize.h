// What the rows of quantized numbers share: blocks of a tensor with a scale each.
#pragma once

#include "frontends/torch/Importer.h"

namespace edgec::torch {

/// A tensor cut into blocks of one size, each with a scale and a zero point of its own.
struct Blocks {
  llvm::SmallVector<int64_t> split; ///< its shape, with two dimensions where several blocks lie
  llvm::SmallVector<int64_t> axes;  ///< of these: the ones within a block
  llvm::SmallVector<int64_t>
      spread;                      ///< 1 for them: the shape in which one value a block broadcasts
  llvm::SmallVector<int64_t> grid; ///< how many blocks there are along each of its dimensions

  int64_t count() const;
  /// The dimension along which there is one block a slice, -1 for one block, or nothing.
  std::optional<int64_t> sliced() const;
};

/// Blocks of `size` in a tensor of `shape`, or an error.
llvm::FailureOr<Blocks> blocksOf(const NodeContext &ctx, llvm::ArrayRef<int64_t> shape,
                                 llvm::ArrayRef<int64_t> size);

/// The parameters `quant_min` and `quant_max`; where they are missing, all of `storage`. An error
/// where that can't hold them.
llvm::FailureOr<std::pair<int64_t, int64_t>> quantizedBounds(const NodeContext &ctx,
                                                             mlir::Type storage);

// Scales and zero points from the range of the input, found when the model runs.
llvm::FailureOr<Results> importChooseParameters(NodeContext &ctx);
llvm::FailureOr<Results> importChooseBlocks(NodeContext &ctx);
llvm::FailureOr<Results> importChooseToken(NodeContext &ctx);
llvm::FailureOr<Results> importChooseTokenSymmetric(NodeContext &ctx);

} // namespace edgec::torch
