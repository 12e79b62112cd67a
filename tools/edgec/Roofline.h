// What this machine can do at best, measured on the spot: the bounds that `bench --ops` holds ops
// against.
#pragma once

#include "edgec/parallel.h"
#include "llvm/Support/Error.h"
#include <utility>
#include <vector>

namespace edgec::cli {

struct Roofline {
  double macsPerSecond = 0;        ///< float32 multiply-adds, registers only
  double integerMacsPerSecond = 0; ///< of narrow integers, with the instruction that sums products
  /// Bytes of memory gone over again and again, and the bytes a second that reading or copying them
  /// reaches: the caches' levels show as steps.
  std::vector<std::pair<double, double>> bandwidth;

  /// Bytes a second for an op that touches `bytes`.
  double bytesPerSecond(double bytes) const;

  /// The least seconds for this much work: whichever of computing and moving takes longer.
  double seconds(double macs, double bytes, bool onIntegers) const;
};

/// Measures with loops that are compiled for this very processor; takes about a second. With a
/// `parallel`, `threads` tasks do it at once.
llvm::Expected<Roofline> measureRoofline(int threads, const edgec_parallel_for *parallel);

} // namespace edgec::cli
