// Convolutions and matrix products of narrow integers, whose input is laid out first.
#pragma once

#include "passes/tile/Blocks.h"
#include "passes/tile/Panel.h"
#include "passes/tile/Schedule.h"

namespace edgec::tile {

/// A contraction whose weights are packed for `kernel.dot`. Output positions are taken a panel
/// after the other: what the sums of a panel read is written into a scratch buffer, a row a
/// position, or rows of the image with its borders, of which windows that overlap share what they
/// read; as the instruction wants it, with the zero point for what lies outside.
/// Sums are then those of a plain matrix product: neither borders nor windows concern them
/// (docs/schedules.md).
class PanelContraction {
public:
  /// With `byRows`, what is computed are rows of the first dimension, those that emitRows() names.
  PanelContraction(mlir::OpBuilder &b, kernel::ConvOp op, const Machine &machine,
                   bool byRows = false);
  PanelContraction(mlir::OpBuilder &b, kernel::MatMulOp op, const Machine &machine);

  /// Whether an op is one for this class.
  static bool takes(std::optional<kernel::PackingAttr> packing) {
    return packing && packing->getBits() > 0;
  }

  void emit(mlir::OpBuilder &b);
  void emitRows(mlir::OpBuilder &b, mlir::Value first, mlir::Value end);

private:
  /// Where a panel stands: its place in each dimension but the flat ones.
  struct Place {
    mlir::Value batch, group;
    llvm::SmallVector<mlir::Value> outer;
  };
  struct WeightBlock : FeatureBlock {
    mlir::Value weights; ///< where its weights begin
  };
  using BlockBody = llvm::function_ref<void(mlir::OpBuilder &, const WeightBlock &)>;

  template <typename Contraction> void start(mlir::OpBuilder &b, Contraction op);
  void plan(kernel::PackingAttr packing);
  void planImage();
  void flatten();
  void planParts();
  int64_t kernelPositions() const;
  size_t outerDims() const { return dims.size() - flat; }

  void emitAll(mlir::OpBuilder &b);
  void emitOuter(mlir::OpBuilder &b, Place place);
  void emitPanels(mlir::OpBuilder &b, const Place &place);
  void emitImages(mlir::OpBuilder &b, const Place &place);
  void emitBlocks(mlir::OpBuilder &b, const Place &place, BlockBody body);
  void emitTile(mlir::OpBuilder &b, const Place &place, const WeightBlock &block,
                mlir::Value panelAt, mlir::Value position, int64_t rows);

  llvm::SmallVector<mlir::Value> loadPanel(mlir::OpBuilder &b, mlir::Value at, int64_t rows,
                                           int64_t runs);
  llvm::SmallVector<mlir::Value> loadWeights(mlir::OpBuilder &b, const WeightBlock &block,
                                             mlir::Value k);
  void emitRun(mlir::OpBuilder &b, const WeightBlock &block, mlir::Value k, mlir::ValueRange input,
               int64_t lane, llvm::MutableArrayRef<mlir::Value> sums);
  std::pair<llvm::SmallVector<mlir::Value>, FeatureBlock>
  joinSums(mlir::OpBuilder &b, mlir::ValueRange sums, const FeatureBlock &block, int64_t rows);

  bool readsInPlace() const;
  mlir::Value inputAt(mlir::OpBuilder &b, const Place &place);
  void layOut(mlir::OpBuilder &b, const Place &place, mlir::Value first, mlir::Value count);
  void layOutTaps(mlir::OpBuilder &b, llvm::ArrayRef<mlir::Value> position, size_t dim,
                  mlir::Value input, mlir::Value to);

  mlir::Location loc;
  Machine machine;
  Epilogue epilogue;
  FlatBuffer x, weights, bias;
  llvm::SmallVector<WindowDim> dims;
  size_t flat = 1; ///< how many dimensions, the last ones, are one in the destination
  int64_t batch, groups, channels, features;
  bool byRows = false;

  kernel::DotUnit unit;
  bool symmetric;     ///< of the weights, see kernel.dot
  int64_t steps, run; ///< dots, and elements of a row, whose weights lie in turns
  int64_t lanes, vectors;
  int64_t positions;        ///< along the flat dimensions
  int64_t rowElements;      ///< of the panel: a sum's products, filled up with what weights of
                            ///< zero take off again
  int64_t rows, panelTiles; ///< of a tile, and tiles in a panel
  mlir::Type sumElement, element;
  Panel panel{loc, machine, x, {}, 0, {}};
  std::optional<ImageRows> image;
  bool direct = false;          ///< the input serves as the panel
  int64_t rowStride;            ///< from position to position, of the panel or of what serves as it
  bool streams = false;         ///< weights come from memory, each once
  int64_t parts = 1;            ///< of the positions, or
  bool partsOfFeatures = false; ///< of the blocks of features
  Share positionShare, blockShare;
};

} // namespace edgec::tile
