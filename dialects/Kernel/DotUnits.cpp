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

// An architecture's lie together: who has one of them has those behind it.
static const DotUnit kX86[] = {
    {"vpdpbusd", 4, 8, /*unsignedX=*/true, /*accumulates=*/true, kVpdpbusd},
    {"vpdpwssd", 2, 16, false, /*accumulates=*/true, kVpdpwssd},
    {"pmaddwd", 2, 16, false, /*accumulates=*/false, kPmaddwd}};

llvm::ArrayRef<DotUnit> edgec::kernel::getDotUnits(llvm::StringRef name) {
  llvm::ArrayRef<DotUnit> units(kX86);
  return units.drop_while([&](const DotUnit &unit) { return unit.name != name; });
}

llvm::StringRef DotUnit::intrinsicFor(unsigned vectorBits) const {
  const Form *form =
      llvm::find_if(forms, [&](const Form &form) { return form.vectorBits == vectorBits; });
  return form == forms.end() ? llvm::StringRef() : form->intrinsic;
}
