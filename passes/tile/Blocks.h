// What the emitters of contractions have in common: how their work is cut up, what sums start from
// and where they go.
#pragma once

#include "passes/tile/Epilogue.h"

namespace edgec::tile {

/// Neighbouring features or channels that are computed together, `lanes` in a register; the last
/// register may have fewer.
struct FeatureBlock {
  mlir::Value first; ///< within the group
  int64_t vectors, valid;
  int64_t lanes;
  bool masks; ///< see LaneAccess

  LaneAccess access(int64_t vector) const {
    return {lanes, std::min(lanes, valid - vector * lanes), masks};
  }
};

/// The spatial dimensions of an op.
llvm::SmallVector<WindowDim> windowDims(kernel::WindowOpInterface op);

/// The input of a contraction, less its zero point or with what its weights' instruction wants.
template <typename Contraction>
FlatBuffer inputBuffer(mlir::OpBuilder &b, Contraction op, mlir::Value input) {
  FlatBuffer buffer(b, op.getLoc(), input);
  buffer.zeroPoint = op.getOffset() ? -*op.getOffset() : static_cast<int64_t>(op.getZeroPoint());
  buffer.isUnsigned = op.getUnsignedX();
  return buffer;
}

/// Calls `body` once, or for each of `parts` parts of what `share` is about.
void emitParts(mlir::OpBuilder &b, mlir::Location loc, int64_t parts, Share &share,
               llvm::function_ref<void(mlir::OpBuilder &)> body);

/// A loop over the batch around one over the groups.
void emitGroups(
    mlir::OpBuilder &b, mlir::Location loc, int64_t batch, int64_t groups,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value batch, mlir::Value group)> body);

/// The blocks that `share` has of `count` features: whole ones, of as many vectors as `block`, in a
/// loop, and what is left.
void emitBlocks(mlir::OpBuilder &b, mlir::Location loc, const Share &share, int64_t count,
                FeatureBlock block,
                llvm::function_ref<void(mlir::OpBuilder &, const FeatureBlock &)> body);

/// What the sums of `rows` rows start from: the bias of the block's features, which begin at
/// `feature`, or zeros. Row-major.
llvm::SmallVector<mlir::Value> startSums(mlir::OpBuilder &b, mlir::Location loc,
                                         const FlatBuffer &bias, mlir::Type element,
                                         mlir::Value feature, const FeatureBlock &block,
                                         int64_t rows);

/// Stores the sums of a tile, row-major, of which `place` is the first.
void storeTile(mlir::OpBuilder &b, mlir::Location loc, const Epilogue &epilogue,
               mlir::ValueRange sums, OutputPlace place, const FeatureBlock &block);

} // namespace edgec::tile
