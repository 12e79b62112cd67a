//===- ArenaPlanner.h - Static placement of buffers in an arena -*- C++ -*-===//
//
// Offline dynamic storage allocation: every buffer has a size, an alignment
// and a lifetime that are known at compile time; the planner gives each one a
// byte offset in a single arena so that buffers alive at the same time do not
// share bytes, and keeps the arena small.
//
// Model
//   * Time is the position of an op in the schedule. An interval is alive at
//     every position in [first, last], both ends included.
//   * A buffer occupies its footprint, alignTo(size, align) bytes, so that
//     kernels may touch a whole last vector. Alignments are powers of two.
//   * Zero-sized buffers occupy nothing and conflict with nothing.
//   * peak = max over time of the sum of live footprints. No placement can be
//     smaller, so the search stops as soon as it is met.
//
// Method
//   1. Intervals are split into components that never overlap in time; they
//      are independent and the arena is the largest of them.
//   2. A portfolio of greedy placements: by size, area (size x lifetime),
//      lifetime, first use, last use and by breadth, each with first fit, best
//      fit and two-ended fit (long-lived from the bottom, short-lived from the
//      top); and a skyline best fit over time.
//   3. Exact branch and bound for small components. Any placement can be
//      normalised by lowering buffers until none can move; a normalised one is
//      found by placing buffers in order of offset, each directly on top of
//      what it conflicts with, so only such sequences are enumerated.
//   4. Local search over the order fed to the first-fit placer: the buffers
//      that hold up the top of the arena are reordered, and the placement is
//      turned over ("justified") now and then.
//
// The result depends on the input and the options only: the random generator
// is seeded with a constant and work is counted, never timed.
//
// Sources
//   * Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net
//     Inference", 2020 (arXiv:2001.03288): greedy by size and by breadth.
//   * T. Sekiyama, T. Imai, N. Tanaka, "Profile-guided memory optimization for
//     deep neural networks", 2018 (arXiv:1804.10001): skyline best fit.
//   * M. D. Moffitt, "MiniMalloc: A Lightweight Memory Allocator for
//     Hardware-Accelerated Machine Learning", ASPLOS 2023: canonical solutions
//     in branch and bound.
//
//===----------------------------------------------------------------------===//

#ifndef EDGEC_PASSES_MEMORY_ARENAPLANNER_H
#define EDGEC_PASSES_MEMORY_ARENAPLANNER_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace edgec {

/// A buffer: how much storage it needs and when.
struct Interval {
  int64_t size = 0;
  /// Power of two.
  int64_t align = 1;
  /// Inclusive op positions.
  int32_t first = 0;
  int32_t last = 0;
  /// A non-negative value pins the buffer to that offset.
  int64_t fixedOffset = -1;
};

struct ArenaOptions {
  uint64_t seed = 0x9e3779b97f4a7c15ULL;
  /// Bound on the search after the greedy portfolio, in buffer comparisons.
  int64_t workBudget = 60'000'000;
  /// Components with at most this many movable buffers are searched exactly.
  int32_t exactMaxIntervals = 24;
  /// Bound on the nodes of one exact search.
  int64_t exactMaxNodes = 100'000;
};

struct ArenaPlan {
  /// False when the input is malformed; `error` then says why and there are no
  /// offsets.
  bool valid = false;
  std::string error;
  /// One per interval, in input order.
  std::vector<int64_t> offsets;
  int64_t totalBytes = 0;
  /// Max over time of the sum of live footprints.
  int64_t peakBytes = 0;
  /// peakBytes, or the end of the highest pinned buffer if that is larger.
  int64_t lowerBound = 0;
  /// Proven: no placement of these intervals is smaller.
  bool optimal = false;
};

/// Bytes a buffer occupies: its size rounded up to its alignment.
inline int64_t footprint(const Interval &interval) {
  return (interval.size + interval.align - 1) & ~(interval.align - 1);
}

/// Max over time of the sum of live footprints.
int64_t arenaPeak(llvm::ArrayRef<Interval> intervals);

/// Places all intervals. Malformed input (negative size, alignment that is no
/// power of two, first > last, pinned buffers that are misaligned or collide,
/// sizes that sum up beyond 2^60) gives a plan with valid == false.
ArenaPlan planArena(llvm::ArrayRef<Interval> intervals, const ArenaOptions &options = {});

/// Checks a placement from first principles, sharing no placement code with the planner:
/// one aligned non-negative offset per interval, pins respected, everything
/// within totalBytes (not checked if negative), and no two intervals that
/// overlap both in time and in memory. Says what is wrong in `why`.
bool isValidPlacement(llvm::ArrayRef<Interval> intervals, llvm::ArrayRef<int64_t> offsets,
                      int64_t totalBytes = -1, std::string *why = nullptr);

} // namespace edgec

#endif // EDGEC_PASSES_MEMORY_ARENAPLANNER_H
