// The loops and the tile in registers that convolutions and matrix products are computed with.
#pragma once

#include "passes/tile/Blocks.h"
#include "passes/tile/Schedule.h"

namespace edgec::tile {

/// A convolution over `dims` (none of them transposed), of which the last one is tiled; a matrix
/// product is one over its rows with a kernel of one position. The recipe is in docs/schedules.md.
class Contraction {
public:
  /// With `byRows`, what is computed are rows of the first dimension, from the one to the other
  /// that emitRows() names.
  Contraction(mlir::OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows = false);
  Contraction(mlir::OpBuilder &b, kernel::MatMulOp op, const Machine &machine);

  /// Of a matrix product, computes only `count` rows, from row `first` of matrix `matrix` on.
  void restrictTo(mlir::OpBuilder &b, mlir::Value matrix, mlir::Value first, int64_t count);

  /// Lets input and destination begin so many elements further on.
  void shift(mlir::Value input, mlir::Value destination) {
    x.origin = input;
    epilogue.init.origin = destination;
  }

  void emit(mlir::OpBuilder &b);
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  struct WeightBlock : FeatureBlock {
    mlir::Value weights; ///< where its weights begin
    int64_t step;        ///< from one product's weights to the next one's
  };
  /// Where a tile stands.
  struct Tile : RowTile {
    mlir::Value batch, group;
    WeightBlock block;
    llvm::SmallVector<Reach> outer; ///< of all dims but the last, which RowTile is about
    bool unroll = true;             ///< of a tile whose place is known
  };
  using BlockBody = llvm::function_ref<void(mlir::OpBuilder &, const WeightBlock &)>;

  void choose(std::optional<kernel::PackingAttr> packing);
  void simplify();
  void planParts();
  void emitAll(mlir::OpBuilder &b);
  void emitGroup(mlir::OpBuilder &b, mlir::Value batch, mlir::Value group);
  void emitBlocks(mlir::OpBuilder &b, mlir::Value batch, mlir::Value group, BlockBody body);
  void emitOuter(mlir::OpBuilder &b, Tile tile,
                 llvm::function_ref<void(mlir::OpBuilder &, const Tile &)> body);
  void emitRow(mlir::OpBuilder &b, Tile tile);
  void emitTile(mlir::OpBuilder &b, const Tile &tile);
  llvm::SmallVector<mlir::Value> emitTaps(mlir::OpBuilder &b, const Tile &tile, size_t dim,
                                          mlir::Value input, mlir::Value tap,
                                          mlir::ValueRange sums);
  llvm::SmallVector<mlir::Value> emitLastDim(mlir::OpBuilder &b, const Tile &tile,
                                             mlir::Value input, mlir::Value tap,
                                             mlir::ValueRange sums);
  llvm::SmallVector<mlir::Value> emitSum(mlir::OpBuilder &b, const Tile &tile, int64_t depth,
                                         mlir::Value input, mlir::Value weight, int64_t low,
                                         int64_t high, mlir::ValueRange sums);
  int64_t countLiveSets(int64_t from, int64_t to, int64_t rows) const;
  std::pair<int64_t, int64_t> liveRows(int64_t first, int64_t rows, int64_t k) const;
  bool joinsTaps() const;

  // With vectors along the sum (Dot.cpp).
  llvm::SmallVector<mlir::Value> emitDot(mlir::OpBuilder &b, const Tile &tile, mlir::Value input,
                                         mlir::Value tap, mlir::ValueRange sums);
  llvm::SmallVector<mlir::Value> emitDotSum(mlir::OpBuilder &b, const Tile &tile, int64_t depth,
                                            mlir::Value input, mlir::Value weight,
                                            mlir::ValueRange sums);
  llvm::SmallVector<mlir::Value> emitDotBorder(mlir::OpBuilder &b, const Tile &tile,
                                               mlir::Value depth, mlir::Value input,
                                               mlir::Value weight, mlir::ValueRange sums);

  // With weights of 4 bits (Grouped.cpp).
  llvm::SmallVector<mlir::Value> emitGrouped(mlir::OpBuilder &b, const Tile &tile,
                                             mlir::Value input, mlir::ValueRange sums);
  mlir::Value loadScales(mlir::OpBuilder &b, mlir::Value at);

  int64_t kernelPositions() const;

  mlir::Location loc;
  Machine machine;
  Epilogue epilogue;
  FlatBuffer x, weights, bias;
  llvm::SmallVector<WindowDim> dims;
  mlir::Type compute;
  int64_t batch, groups, channels, features, lanes, vectors;
  int64_t weightsPerBatch = 0;
  bool packed;
  bool byRows = false;
  bool streams = false;         ///< weights come from memory, each once
  int64_t parts = 1;            ///< of the positions, or
  bool partsOfFeatures = false; ///< of the blocks of features
  Share positionShare, blockShare;
  std::optional<kernel::GroupedLayout> grouped; ///< weights in groups with a scale
  int64_t dotLanes = 0;                         ///< where vectors run along the sum, their lanes
};

} // namespace edgec::tile
