// x86-64: this host, and the levels of the psABI.
#include "targets/emit/ObjectTarget.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include <unistd.h>

using namespace edgec;

static constexpr char kTriple[] = "x86_64-unknown-linux-gnu";

#if defined(__x86_64__)
/// Of the second level, as the C library knows it; the usual size where it doesn't.
static unsigned cacheBytes() {
  long bytes = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
  bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return bytes > 0 && bytes < (64 << 20) ? static_cast<unsigned>(bytes) : 512u << 10;
}
#endif

/// The processor that runs this very program. On another architecture `host` is that family's
/// business.
static std::vector<TargetEntry> devices() {
  std::vector<TargetEntry> result;
#if defined(__x86_64__)
  llvm::SubtargetFeatures features;
  // In a fixed order: the same machine gives the same bytes.
  auto found = llvm::sys::getHostCPUFeatures();
  std::map<std::string, bool> sorted;
  for (auto &feature : found)
    sorted[feature.getKey().str()] = feature.getValue();
  for (auto &[name, enabled] : sorted)
    features.AddFeature(name, enabled);
  result.push_back({"host", "this machine", kTriple, llvm::sys::getHostCPUName().str(),
                    features.getString(), "", 64, 128, 64, 16, cacheBytes()});
#endif
  result.push_back(
      {"x86-64", "any x86-64 processor (SSE2)", kTriple, "x86-64", "", "", 64, 128, 64, 16});
  result.push_back({"x86-64-v2", "SSE4.2", kTriple, "x86-64-v2", "", "", 64, 128, 64, 16});
  result.push_back({"x86-64-v3", "AVX2 and FMA", kTriple, "x86-64-v3", "", "", 64, 128, 64, 16});
  result.push_back({"x86-64-v4", "AVX-512", kTriple, "x86-64-v4", "", "", 64, 128, 64, 16});
  return result;
}

namespace edgec {
const Target &getTarget_x86() {
  static const ObjectTarget target("x86", devices());
  return target;
}
} // namespace edgec
