#include "frontends/Frontend.h"

namespace edgec {

#define EDGEC_FRONTEND(name) const Frontend &getFrontend_##name();
#include "frontends/Frontends.inc"
#undef EDGEC_FRONTEND

llvm::ArrayRef<const Frontend *> getFrontends() {
  static const Frontend *const table[] = {
#define EDGEC_FRONTEND(name) &getFrontend_##name(),
#include "frontends/Frontends.inc"
#undef EDGEC_FRONTEND
  };
  return table;
}

} // namespace edgec
