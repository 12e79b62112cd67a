#include "passes/tile/Schedule.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

namespace edgec::tile {

/// Cycles that one product of a tile takes at least: two multiply-adds and two loads a cycle, four
/// for the latency of the sum; and a little for each instruction, which breaks ties in favour of
/// fewer of them. Where sums lie in general registers, instructions count.
static double stepCost(const Machine &machine, int64_t rows, int64_t vectors) {
  double products = rows * vectors;
  if (const kernel::DotUnit::Scalar &scalar = machine.scalar; scalar.registers)
    return scalar.perSum * products + scalar.perRow * rows + scalar.perFeature * vectors;
  return std::max({products / 2, (rows + vectors) / 2.0, 4.0}) + 0.02 * products;
}

/// Sums, the weights of one step and one element of the input, or a vector of them for each row,
/// have to fit into the registers.
static bool fits(const Machine &machine, int64_t rows, int64_t vectors) {
  int64_t input = machine.byElement ? rows : 1;
  return rows * vectors + vectors + input <= machine.registers || rows * vectors == 1;
}

static int64_t rowLimit(const Machine &machine) { return machine.compact ? 4 : 16; }
/// One row has as many independent sums as it has vectors; with more rows, four vectors are enough.
static int64_t vectorLimit(int64_t rows) { return rows == 1 ? 12 : 4; }

double rowsCost(const Machine &machine, int64_t positions, int64_t rows, int64_t vectors) {
  double cost = positions / rows * stepCost(machine, rows, vectors);
  if (positions % rows)
    cost += stepCost(machine, positions % rows, vectors);
  return cost;
}

int64_t chooseRows(const Machine &machine, int64_t positions, int64_t vectors) {
  int64_t best = 1;
  for (int64_t rows = 2; rows <= std::min(positions, rowLimit(machine)); ++rows)
    if (fits(machine, rows, vectors) && vectors <= vectorLimit(rows) &&
        rowsCost(machine, positions, rows, vectors) < rowsCost(machine, positions, best, vectors))
      best = rows;
  return best;
}

bool prefersDot(const Machine &machine, mlir::Type element, int64_t features, int64_t depth) {
  // A dot product loads two vectors for each product, so it runs at half the speed at best: as fast
  // as half of a vector of features.
  int64_t lanes = machine.lanes(element);
  return lanes > 1 && (features == 1 || features * 4 <= lanes) && depth >= lanes;
}

int64_t chooseVectors(const Machine &machine, const ContractionShape &shape) {
  int64_t all = llvm::divideCeilSigned(shape.features, shape.lanes), best = 1;
  double bestCost = 0;
  int64_t limit = std::min(all, vectorLimit(shape.positions == 1 ? 1 : 2));
  for (int64_t vectors = 1; vectors <= limit; ++vectors) {
    if (!fits(machine, 1, vectors))
      break;
    auto blockCost = [&](int64_t count) {
      return rowsCost(machine, shape.positions, chooseRows(machine, shape.positions, count), count);
    };
    double cost = all / vectors * blockCost(vectors);
    if (all % vectors)
      cost += blockCost(all % vectors);
    if (vectors == 1 || cost < bestCost) {
      best = vectors;
      bestCost = cost;
    }
  }
  return best;
}

DepthwiseTile chooseDepthwise(const Machine &machine, int64_t positions, int64_t channels,
                              int64_t lanes, int64_t taps, int64_t stride, int64_t lineVectors) {
  int64_t all = llvm::divideCeilSigned(channels, lanes);
  DepthwiseTile best{1, 1};
  double bestCost = 0;
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(all, 2); ++vectors)
    for (int64_t rows = 1; rows <= std::min(positions, rowLimit(machine)); ++rows) {
      // Sums, one row of the kernel, and the column of the input that is being met.
      if (rows * vectors + std::min<int64_t>(taps, 5) * vectors + 1 > machine.registers &&
          rows * vectors > 1)
        break;
      auto tileCost = [&](int64_t count) {
        double products = count * taps * vectors;
        double columns = (count - 1) * stride + taps, loads = (columns + taps) * vectors;
        // Lines that a tile doesn't take whole come again from further away.
        double again = vectors < lineVectors ? columns : 0;
        return std::max({products / 2, loads / 2, 4.0 * taps}) + 2 + again;
      };
      double cost = positions / rows * tileCost(rows);
      if (positions % rows)
        cost += tileCost(positions % rows);
      cost *= llvm::divideCeilSigned(all, vectors);
      if (bestCost == 0 || cost < bestCost) {
        best = {rows, vectors};
        bestCost = cost;
      }
    }
  return best;
}

} // namespace edgec::tile
