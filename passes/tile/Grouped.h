// Weights of 4 or 8 bits with a scale for each few of them (docs/schedules.md).
#pragma once

#include "dialects/Edge/HostTensor.h"
#include "dialects/Kernel/Kernel.h"

namespace edgec::tile {

/// Weights of a matrix product that are few multiples of one scale for each group of neighbouring
/// products of a feature.
struct WeightGroups {
  int64_t size = 0;          ///< products in a group
  int64_t bits = 0;          ///< of an integer: 4 or 8
  edge::HostTensor integers; ///< [depth, features] of i8
  std::vector<float> scales; ///< [depth / size, features]
  bool shortScales = true;   ///< each is a bfloat16

  kernel::GroupedLayout layout() const { return {size, shortScales ? 2 : 4, bits}; }
};

/// Finds the fewest bits and the largest groups with which each number in `weights`, a constant of
/// `depth` rows of `features` f32, is the product of an integer and a scale, exactly; nothing where
/// there are none. Integers of 8 bits need no groups.
std::optional<WeightGroups> findGroups(const edge::HostTensor &weights, int64_t depth,
                                       int64_t features);

/// In the order in which tiles read them: for each block of features (`packing`), for each group,
/// the scales of the block, then a row of bytes for every two products, the first in the low bits.
edge::HostTensor packGroups(const WeightGroups &groups, kernel::PackingAttr packing);

} // namespace edgec::tile
