//===- OrderPlanner.h - Op order of least peak memory -----------*- C++ -*-===//
//
// The order in which the ops of a graph run decides which tensors are alive
// together. Given the graph, the planner looks for a topological order of
// least peak memory.
//
// Model
//   * Ops are numbered in their original order, which must be topological.
//   * A tensor occupies its size from the op that produces it to its last
//     consumer, both included. One without a producer (a graph input) is alive
//     from the start, unless nothing consumes it; one with liveOut set stays
//     alive to the end; one that is neither consumed nor liveOut is alive
//     during its producer only. Constants in read-only memory are left out, or
//     given size 0.
//   * While an op runs, its inputs, its outputs, its scratch bytes and all
//     other live tensors are in memory.
//   * In place: an output may take over the storage of an input that dies at
//     the op and is at least as large. The output then costs nothing while the
//     op runs, and its own size afterwards. Each input is taken over once;
//     pairs are tried in the order given. (If the allocator does not release
//     the rest of a larger input, offer pairs of equal size only.)
//
// What is in memory thus depends on the set of ops already run, not on their
// order, so the problem is a path of least maximum over the downsets of the
// graph.
//
// Method
//   1. An op that is an ancestor or a descendant of every other op has the
//      same position in every order, with the same set of ops before it. The
//      graph is cut at these ops; the pieces are independent.
//   2. Pieces whose original peak does not exceed what the graph needs anyway
//      keep their order. Others are solved by a best-first search over
//      downsets that expands low peaks first: exact unless it runs out of
//      states.
//   3. Otherwise: beam searches of growing width, then exact search within
//      windows of the order around its peaks.
//   In all searches an op that can run within the peak reached so far, and
//   leaves no more bytes alive than before, is run at once: moving it forward
//   never raises the memory at any later point.
//
// The result is never worse than the original order, which is returned as it
// is if nothing better is found. Work is counted, never timed, so that results
// do not depend on the machine.
//
// Sources
//   * E. Liberis, N. D. Lane, "Neural networks on microcontrollers: saving
//     memory at inference via operator reordering", 2019 (arXiv:1910.05110).
//   * B. H. Ahn et al., "Ordering Chaos: Memory-Aware Scheduling of Irregularly
//     Wired Neural Networks for Edge Devices", MLSys 2020 (arXiv:2003.02369):
//     dynamic programming over downsets, divide and conquer at cut nodes.
//   * Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net
//     Inference", 2020 (arXiv:2001.03288): the tensor lifetimes that the arena
//     planner packs afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef EDGEC_PASSES_MEMORY_ORDERPLANNER_H
#define EDGEC_PASSES_MEMORY_ORDERPLANNER_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace edgec {

struct OrderTensor {
  int64_t size = 0;
  /// Alive to the end of the graph.
  bool liveOut = false;
};

/// Positions within an op's outputs and inputs.
struct InPlacePair {
  int32_t output = 0;
  int32_t input = 0;
};

struct OrderOp {
  /// Tensor ids; an id may occur more than once among the inputs.
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  /// Outputs that may take over an input's storage.
  std::vector<InPlacePair> inPlace;
  /// Bytes needed while the op runs only.
  int64_t scratch = 0;
  /// Ops that must run earlier for reasons other than tensors.
  std::vector<int32_t> after;
};

struct OrderGraph {
  std::vector<OrderTensor> tensors;
  std::vector<OrderOp> ops;
};

struct OrderOptions {
  /// Bound on the downsets of one exact search of a piece.
  int64_t maxStates = 60'000;
  /// Bound on the downsets of one exact search of a window.
  int64_t maxWindowStates = 4'000;
  /// Largest width of the beam searches.
  int32_t maxBeamWidth = 64;
  /// Bound on all searches together; about one unit for a move looked at.
  int64_t workBudget = 4'000'000;
};

struct OrderPlan {
  /// False when the graph is malformed; `error` then says why and there is no
  /// order.
  bool valid = false;
  std::string error;
  /// Op ids in the order in which they run.
  std::vector<int32_t> order;
  int64_t peak = 0;
  int64_t originalPeak = 0;
  /// No order has a lower peak than this.
  int64_t lowerBound = 0;
  /// Proven: peak is the least possible.
  bool optimal = false;
  /// The order differs from the original one (and then has a lower peak).
  bool changed = false;
};

/// Peak memory of an order under the model above; -1 if it is not a
/// topological order of all ops or the graph is malformed.
int64_t orderPeak(const OrderGraph &graph, llvm::ArrayRef<int32_t> order);

OrderPlan planOrder(const OrderGraph &graph, const OrderOptions &options = {});

} // namespace edgec

#endif // EDGEC_PASSES_MEMORY_ORDERPLANNER_H
