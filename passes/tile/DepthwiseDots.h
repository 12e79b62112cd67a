// Depthwise convolutions of integers of a byte, four taps at a time.
#pragma once

#include "dialects/Kernel/ByteDepthwise.h"
#include "passes/tile/Blocks.h"
#include "passes/tile/Panel.h"
#include "passes/tile/Schedule.h"

namespace edgec::tile {

/// A depthwise convolution over rows of the image with their borders (ImageRows): columns of the
/// input are interleaved as they are read, each once for all the positions of a tile.
class DepthwiseDots {
public:
  /// With `byRows`, as Contraction.
  DepthwiseDots(mlir::OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows = false);

  /// Whether an op is one for this class.
  static bool takes(kernel::ConvOp op) { return op.isDepthwise() && op.getPacking(); }
  /// How an op's weights would be packed; nothing where it isn't one for this class.
  static std::optional<kernel::ByteDepthwise> plan(kernel::ConvOp op, const Machine &machine);

  void emit(mlir::OpBuilder &b);
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  /// Some neighbouring positions of a row of results, and a block of channels.
  struct Tile {
    mlir::Value batch, row, column; ///< in the results
    mlir::Value panelAt;            ///< where what the first position reads begins
    kernel::ByteBlock block;
    int64_t positions;
    mlir::Value weightsAt = {}; ///< from the block's first weights on; null: there
  };
  void emitAll(mlir::OpBuilder &b);
  void emitBand(mlir::OpBuilder &b, mlir::Value batch, mlir::Value first, mlir::Value count);
  /// Registers of `joint` positions each, of which the last one may have fewer.
  int64_t registersOf(const Tile &tile) const;
  void emitTile(mlir::OpBuilder &b, const Tile &tile);
  void addTaps(mlir::OpBuilder &b, const Tile &tile, int64_t outer, int64_t group,
               llvm::MutableArrayRef<mlir::Value> sums);

  mlir::Location loc;
  Machine machine;
  Epilogue epilogue;
  FlatBuffer x, weights, bias;
  llvm::SmallVector<WindowDim> dims;
  kernel::DotUnit unit;
  kernel::ByteDepthwise shape;
  mlir::Type sumElement, element;
  int64_t batch, positions; ///< registers of positions in a tile
  Panel panel;
  ImageRows image;
  Share rowShare;
  int64_t parts = 1;
};

} // namespace edgec::tile
