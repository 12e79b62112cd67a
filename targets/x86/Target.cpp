// x86-64: this host, and the levels of the psABI.
#include "targets/emit/ObjectTarget.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace edgec;

static constexpr char kTriple[] = "x86_64-unknown-linux-gnu";

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
  bool wide = found.lookup("avx512f");
  result.push_back({"host", "this machine", kTriple, llvm::sys::getHostCPUName().str(),
                    features.getString(), "", 64, wide ? 512u : 256u, 64});
#endif
  result.push_back(
      {"x86-64", "any x86-64 processor (SSE2)", kTriple, "x86-64", "", "", 64, 128, 64});
  result.push_back({"x86-64-v2", "SSE4.2", kTriple, "x86-64-v2", "", "", 64, 128, 64});
  result.push_back({"x86-64-v3", "AVX2 and FMA", kTriple, "x86-64-v3", "", "", 64, 256, 64});
  result.push_back({"x86-64-v4", "AVX-512", kTriple, "x86-64-v4", "", "", 64, 512, 64});
  return result;
}

namespace edgec {
const Target &getTarget_x86() {
  static const ObjectTarget target("x86", devices());
  return target;
}
} // namespace edgec
