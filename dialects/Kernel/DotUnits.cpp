#include "dialects/Kernel/DotUnits.h"
#include "llvm/ADT/STLExtras.h"

using namespace edgec::kernel;

static const DotUnit::Form kVpdpbusd[] = {{128, "llvm.x86.avx512.vpdpbusd.128"},
                                          {256, "llvm.x86.avx512.vpdpbusd.256"},
                                          {512, "llvm.x86.avx512.vpdpbusd.512"}};
static const DotUnit::Form kVpdpwssd[] = {{128, "llvm.x86.avx512.vpdpwssd.128"},
                                          {256, "llvm.x86.avx512.vpdpwssd.256"},
                                          {512, "llvm.x86.avx512.vpdpwssd.512"}};
static const DotUnit::Form kPmaddwd[] = {{128, "llvm.x86.sse2.pmadd.wd"},
                                         {256, "llvm.x86.avx2.pmadd.wd"},
                                         {512, "llvm.x86.avx512.pmaddw.d.512"}};

static const DotUnit::Form kSdot[] = {{128, "llvm.aarch64.neon.sdot"}};
static const DotUnit::Form kSadalp[] = {{64, "llvm.aarch64.neon.saddlp"}};
static const DotUnit::Form kVmladava[] = {{128, "llvm.arm.mve.vmldava"}};
static const DotUnit::Form kSmlad[] = {{32, "llvm.arm.smlad"}};

// An architecture's lie together: who has one of them has those behind it.
using Takes = DotUnit::Takes;
static const DotUnit kX86[] = {
    {"vpdpbusd", 4, 8, /*unsignedX=*/true, Takes::SumAndFactors, kVpdpbusd},
    {"vpdpwssd", 2, 16, false, Takes::SumAndFactors, kVpdpwssd},
    {"pmaddwd", 2, 16, false, Takes::Factors, kPmaddwd}};
// SMULL, and SMLAL where two products fit 16 bits; SADALP adds neighbours to the sum.
static const DotUnit kAArch64[] = {{"sdot", 4, 8, false, Takes::SumAndFactors, kSdot},
                                   {"sadalp", 2, 8, false, Takes::Products, kSadalp}};
// Of fourteen registers, what addresses, counters and bytes on their way to pairs leave: vectors of
// factors are in others, and a tile of VMLADAVA is one for two rows of four features.
static const DotUnit kHelium[] = {{"vmladava",
                                   16,
                                   8,
                                   false,
                                   Takes::Vectors,
                                   kVmladava,
                                   /*sumRegisters=*/1,
                                   {/*registers=*/13, 1, 1, 1}}};
static const DotUnit kArm[] = {
    {"smlad", 2, 16, false, Takes::Words, kSmlad, /*sumRegisters=*/1, {/*registers=*/7, 2, 2, 3}}};
// Its vectors of factors fill a register, and with the scalar form there is one for the weights
// only.
static const DotUnit kRiscV[] = {
    {"vwmacc", 1, 16, false, Takes::SumAndFactors, {}, /*sumRegisters=*/2}};
static const llvm::ArrayRef<DotUnit> kArchitectures[] = {kX86, kAArch64, kHelium, kArm, kRiscV};

llvm::ArrayRef<DotUnit> edgec::kernel::getDotUnits(llvm::StringRef name) {
  for (llvm::ArrayRef<DotUnit> units : kArchitectures) {
    units = units.drop_while([&](const DotUnit &unit) { return unit.name != name; });
    if (!units.empty())
      return units;
  }
  return {};
}

llvm::StringRef DotUnit::intrinsicFor(unsigned vectorBits) const {
  const Form *form =
      llvm::find_if(forms, [&](const Form &form) { return form.vectorBits == vectorBits; });
  return form == forms.end() ? llvm::StringRef() : form->intrinsic;
}
