// Depthwise convolutions of integers of a byte, four taps at a time.
#pragma once

#include "passes/tile/Blocks.h"
#include "passes/tile/Panel.h"
#include "passes/tile/Schedule.h"

namespace edgec::tile {

/// Channels that are computed together: those of one register of bytes.
struct ByteBlock {
  int64_t first, channels; ///< within the image; the register's last ones may lie behind its last
  int64_t weights;         ///< where its weights begin
};

/// How the weights of a depthwise convolution are packed for an instruction that sums four products
/// of bytes a lane: for each block of channels, kernel row and four taps of it, four registers.
/// When four registers of neighbouring taps are interleaved, byte by byte and then pair by pair
/// within 128 bits, lane l of register v has channel 16 * (l / 4) + 4 * v + l % 4.
struct ByteDepthwise {
  static constexpr int64_t kTaps = 4, kSub = 16, kBits = 8;

  int64_t channels, lanes; ///< lanes of sums in a register
  int64_t outer, last;     ///< extents of the kernel
  int64_t joint;           ///< neighbouring positions that a register of bytes has all channels of

  int64_t tapGroups() const { return (last + kTaps - 1) / kTaps; }
  /// The blocks, widest ones first.
  llvm::SmallVector<ByteBlock> blocks() const;
  /// Elements of the packed weights.
  int64_t packedElements() const;
  /// The channel of a lane; those of the next position go on behind the last one.
  static int64_t channelOf(int64_t vector, int64_t lane) {
    return kSub * (lane / kTaps) + kTaps * vector + lane % kTaps;
  }
};

/// A depthwise convolution over rows of the image with their borders (ImageRows): columns of the
/// input are interleaved as they are read, each once for all the positions of a tile.
class DepthwiseDots {
public:
  /// With `byRows`, as Contraction.
  DepthwiseDots(mlir::OpBuilder &b, kernel::ConvOp op, const Machine &machine, bool byRows = false);

  /// Whether an op is one for this class.
  static bool takes(kernel::ConvOp op) { return op.isDepthwise() && op.getPacking(); }
  /// How an op's weights would be packed; nothing where it isn't one for this class.
  static std::optional<ByteDepthwise> plan(kernel::ConvOp op, const Machine &machine);

  void emit(mlir::OpBuilder &b);
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  /// Some neighbouring positions of a row of results, and a block of channels.
  struct Tile {
    mlir::Value batch, row, column; ///< in the results
    mlir::Value panelAt;            ///< where what the first position reads begins
    ByteBlock block;
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
  ByteDepthwise shape;
  mlir::Type sumElement, element;
  int64_t batch, positions; ///< registers of positions in a tile
  Panel panel;
  ImageRows image;
  Share rowShare;
  int64_t parts = 1;
};

} // namespace edgec::tile
