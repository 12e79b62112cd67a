// Which tile a contraction is computed in: the cost model of docs/schedules.md.
#pragma once

#include "passes/tile/Machine.h"

namespace edgec::tile {

/// What the choice depends on.
struct ContractionShape {
  int64_t positions; ///< output positions along the dimension that is tiled
  int64_t features;  ///< output channels, in each group
  int64_t lanes;     ///< features in a register
};

/// What a panel (PanelContraction.h) may take of a microcontroller's stack.
constexpr int64_t kCompactPanelBytes = 4 << 10;

/// Vectors of features in a block of packed weights; the last block may have fewer.
int64_t chooseVectors(const Machine &machine, const ContractionShape &shape);

/// Whether features are so few that vectors had better run along what is summed up, of which
/// `depth` products lie in a row.
bool prefersDot(const Machine &machine, mlir::Type element, int64_t features, int64_t depth);

/// Output positions in a tile that is `vectors` vectors wide.
int64_t chooseRows(const Machine &machine, int64_t positions, int64_t vectors);

/// Cycles for one product of each of `positions` positions and `vectors` vectors of features, in
/// tiles of `rows` positions.
double rowsCost(const Machine &machine, int64_t positions, int64_t rows, int64_t vectors);

/// Positions and vectors of channels in a tile of a depthwise convolution with `taps` kernel
/// positions, `stride` apart from row to row. `lineVectors` are the vectors in a line of a cache
/// that the input doesn't stay in; 1 where it does.
struct DepthwiseTile {
  int64_t rows, vectors;
};
DepthwiseTile chooseDepthwise(const Machine &machine, int64_t positions, int64_t channels,
                              int64_t lanes, int64_t taps, int64_t stride, int64_t lineVectors);

} // namespace edgec::tile
