// Weights of 4 bits with a scale for each few of them (docs/schedules.md).
#pragma once

#include "dialects/Edge/HostTensor.h"
#include "dialects/Kernel/Kernel.h"

namespace edgec::tile {

/// Weights of a matrix product that are few multiples of one scale for each group of neighbouring
/// products of a feature.
struct WeightGroups {
  int64_t size = 0;          ///< products in a group
  edge::HostTensor integers; ///< [depth, features] of i8, from -8 to 7
  std::vector<float> scales; ///< [depth / size, features]
  bool shortScales = true;   ///< each is a bfloat16

  /// Bytes of a scale.
  int64_t scaleBytes() const { return shortScales ? 2 : 4; }
};

/// Finds the largest groups in `weights`, a constant of `depth` rows of `features` f32; nothing
/// where there are none: then each number is the product of an integer and a scale, exactly.
std::optional<WeightGroups> findGroups(const edge::HostTensor &weights, int64_t depth,
                                       int64_t features);

/// In the order in which tiles read them: for each block of features (`packing`), for each group,
/// the scales of the block, then a row of bytes for every two products, the first in the low bits.
edge::HostTensor packGroups(const WeightGroups &groups, kernel::PackingAttr packing);

} // namespace edgec::tile
