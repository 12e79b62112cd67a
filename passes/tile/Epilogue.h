// What happens to a finished sum before it is stored.
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "passes/tile/FlatBuffer.h"

namespace edgec::tile {

/// What a contraction's sums are computed in: what its epilogue takes, or what it stores; f32 for
/// narrower floats.
mlir::Type sumType(kernel::ContractionOpInterface op);

/// A place in the destination: the position of a tile, a value for each dimension but the channels,
/// of which the last is `row` further on; and the channel.
struct OutputPlace {
  llvm::SmallVector<mlir::Value> position;
  int64_t row = 0;
  mlir::Value channel;
  int64_t lane = 0; ///< further on along the channels
};

/// The destination of a contraction, its epilogue, and the buffers that this one reads. The
/// destination and the extras are changed alike when dimensions are collapsed or split.
class Epilogue {
public:
  Epilogue(mlir::OpBuilder &b, kernel::ContractionOpInterface op);

  FlatBuffer init;
  llvm::SmallVector<FlatBuffer> extras; ///< repeated to the destination's extents

  bool collapsible(int64_t d) const;
  void collapse(int64_t d);
  void split(int64_t d, int64_t inner);

  /// Applies the epilogue to a register of sums and stores the result.
  void store(mlir::OpBuilder &b, mlir::Location loc, mlir::Value sums, const OutputPlace &place,
             LaneAccess access) const;

  /// Whether an epilogue can be written with vectors: each op works on elements.
  static bool isVectorizable(mlir::Operation *op);

private:
  mlir::Value index(mlir::OpBuilder &b, mlir::Location loc, const FlatBuffer &buffer,
                    const OutputPlace &place) const;
  mlir::Value load(mlir::OpBuilder &b, mlir::Location loc, const FlatBuffer &buffer,
                   const OutputPlace &place, LaneAccess access) const;
  mlir::Region *region;
};

} // namespace edgec::tile
