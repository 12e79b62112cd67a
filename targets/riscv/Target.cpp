// RISC-V, from microcontrollers to application processors with vectors.
#include "targets/emit/ObjectTarget.h"

using namespace edgec;

static std::vector<TargetEntry> devices() {
  return {
      {"rv32imc", "RV32 microcontroller, no FPU", "riscv32-unknown-elf", "generic-rv32", "+m,+c",
       "ilp32", 32, 0, 16, 16, 0},
      {"rv32imac", "RV32 microcontroller with atomics, no FPU", "riscv32-unknown-elf",
       "generic-rv32", "+m,+a,+c", "ilp32", 32, 0, 16, 16, 0},
      {"rv32imafc", "RV32 microcontroller with single-precision FPU", "riscv32-unknown-elf",
       "generic-rv32", "+m,+a,+f,+c", "ilp32f", 32, 0, 16, 32, 0},
      {"rv64gc", "RV64 application processor", "riscv64-unknown-linux-gnu", "generic-rv64",
       "+m,+a,+f,+d,+c", "lp64d", 64, 0, 64},
      {"rv64gcv", "RV64 with the vector extension", "riscv64-unknown-linux-gnu", "generic-rv64",
       "+m,+a,+f,+d,+c,+v", "lp64d", 64, 128, 64},
  };
}

namespace edgec {
const Target &getTarget_riscv() {
  static const ObjectTarget target("riscv", devices());
  return target;
}
} // namespace edgec
