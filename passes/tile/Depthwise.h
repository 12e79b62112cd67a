// Convolutions with one channel and one feature a group.
#pragma once

#include "passes/tile/Blocks.h"
#include "passes/tile/Schedule.h"

namespace edgec::tile {

/// A depthwise convolution over `dims`, of which the last one is tiled: for each row of the kernel,
/// the input is walked once, and each of its columns feeds all output positions that it meets.
class Depthwise {
public:
  /// With `byRows`, as Contraction.
  Depthwise(mlir::OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows = false);
  void emit(mlir::OpBuilder &b);
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  /// A block of channels, and where it stands.
  struct Tile : RowTile {
    mlir::Value batch;
    FeatureBlock block;             ///< of channels
    llvm::SmallVector<Reach> outer; ///< of all dims but the last, which RowTile is about
  };
  void emitAll(mlir::OpBuilder &b);
  void emitOuter(mlir::OpBuilder &b, Tile tile,
                 llvm::function_ref<void(mlir::OpBuilder &, const Tile &)> body);
  void emitBlocks(mlir::OpBuilder &b, Tile tile,
                  llvm::function_ref<void(mlir::OpBuilder &, const Tile &)> body);
  void emitRow(mlir::OpBuilder &b, Tile tile);
  void emitTiles(mlir::OpBuilder &b, const Tile &tile);
  void emitTile(mlir::OpBuilder &b, const Tile &tile);
  llvm::SmallVector<mlir::Value> emitTaps(mlir::OpBuilder &b, const Tile &tile, size_t dim,
                                          mlir::Value input, mlir::Value weight,
                                          mlir::ValueRange sums);
  llvm::SmallVector<mlir::Value> emitColumns(mlir::OpBuilder &b, const Tile &tile,
                                             mlir::Value input, mlir::Value weight,
                                             mlir::ValueRange sums);

  mlir::Location loc;
  Machine machine;
  Epilogue epilogue;
  FlatBuffer x, weights, bias;
  llvm::SmallVector<WindowDim> dims;
  mlir::Type compute;
  int64_t batch, channels, lanes;
  DepthwiseTile tileShape;
  bool blocksInside;
  Share rowShare, blockShare;
};

} // namespace edgec::tile
