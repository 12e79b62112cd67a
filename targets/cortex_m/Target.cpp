// Arm microcontrollers. Floats pass in registers where there is an FPU (the hard-float ABI), as
// their vendors' SDKs do.
#include "targets/emit/ObjectTarget.h"

using namespace edgec;

static std::vector<TargetEntry> devices() {
  constexpr unsigned index = 32, align = 16;
  return {
      {"cortex-m0", "Armv6-M, no FPU", "thumbv6m-none-eabi", "cortex-m0", "+soft-float", "", index,
       0, align, 8, 0},
      {"cortex-m0plus", "Armv6-M, no FPU", "thumbv6m-none-eabi", "cortex-m0plus", "+soft-float", "",
       index, 0, align, 8, 0},
      {"cortex-m3", "Armv7-M, no FPU", "thumbv7m-none-eabi", "cortex-m3", "+soft-float", "", index,
       0, align, 8, 0},
      {"cortex-m4", "Armv7E-M with DSP and single-precision FPU", "thumbv7em-none-eabihf",
       "cortex-m4", "", "", index, 0, align, 32, 0},
      {"cortex-m7", "Armv7E-M with DSP and FPU (single precision code)", "thumbv7em-none-eabihf",
       "cortex-m7", "-fp64", "", index, 0, align, 32, 0},
      {"cortex-m33", "Armv8-M with DSP and single-precision FPU", "thumbv8m.main-none-eabihf",
       "cortex-m33", "", "", index, 0, align, 32, 0},
      {"cortex-m55", "Armv8.1-M with Helium (MVE) integer and float", "thumbv8.1m.main-none-eabihf",
       "cortex-m55", "", "", index, 128, align, 8, 0},
      {"cortex-m85", "Armv8.1-M with Helium (MVE) integer and float", "thumbv8.1m.main-none-eabihf",
       "cortex-m85", "", "", index, 128, align, 8, 0},
  };
}

namespace edgec {
const Target &getTarget_cortex_m() {
  static const ObjectTarget target("cortex_m", devices());
  return target;
}
} // namespace edgec
