#include "targets/Target.h"

using namespace edgec;

#define EDGEC_TARGET(name)                                                                         \
  namespace edgec {                                                                                \
  const Target &getTarget_##name();                                                                \
  }
#include "targets/Targets.inc"
#undef EDGEC_TARGET

llvm::ArrayRef<const Target *> edgec::getTargets() {
  static const Target *const table[] = {
#define EDGEC_TARGET(name) &getTarget_##name(),
#include "targets/Targets.inc"
#undef EDGEC_TARGET
  };
  return table;
}

llvm::Expected<ResolvedTarget> edgec::resolveTarget(llvm::StringRef name, llvm::StringRef triple,
                                                    llvm::StringRef cpu, llvm::StringRef features) {
  auto [base, extra] = name.split('+');
  std::string known;
  for (const Target *target : getTargets())
    for (TargetEntry &entry : target->entries()) {
      known += (known.empty() ? "" : ", ") + entry.name;
      bool matches = entry.name == base;
      if (!triple.empty()) // a full description: the family is the one that shares the architecture
        matches = llvm::StringRef(entry.triple).split('-').first == triple.split('-').first;
      if (!matches)
        continue;
      entry.name = name.str();
      if (!triple.empty())
        entry.triple = triple.str();
      if (!cpu.empty())
        entry.cpu = cpu.str();
      if (!features.empty())
        entry.features = features.str();
      llvm::SmallVector<llvm::StringRef> added;
      extra.split(added, '+', -1, /*KeepEmpty=*/false);
      for (llvm::StringRef feature : added)
        entry.features += (entry.features.empty() ? "+" : ",+") + feature.str();
      return ResolvedTarget{target, entry};
    }
  return llvm::createStringError("unknown target '" + name + "'; known are " + known);
}
