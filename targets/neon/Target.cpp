// 64-bit Arm with NEON.
#include "targets/emit/ObjectTarget.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace edgec;

static constexpr char kTriple[] = "aarch64-unknown-linux-gnu";

static std::vector<TargetEntry> devices() {
  std::vector<TargetEntry> result;
#if defined(__aarch64__)
  result.push_back(
      {"host", "this machine", kTriple, llvm::sys::getHostCPUName().str(), "", "", 64, 128, 64});
#endif
  for (const char *cpu : {"cortex-a53", "cortex-a55", "cortex-a57", "cortex-a72", "cortex-a73",
                          "cortex-a75", "cortex-a76", "cortex-a78", "cortex-a78ae"})
    result.push_back({cpu, "AArch64 with NEON", kTriple, cpu, "", "", 64, 128, 64});
  return result;
}

namespace edgec {
const Target &getTarget_neon() {
  static const ObjectTarget target("neon", devices());
  return target;
}
} // namespace edgec
