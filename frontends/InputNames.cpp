#include "frontends/Frontend.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

LogicalResult edgec::checkInputNames(const ImportOptions &options, ArrayRef<std::string> inputs,
                                     Location file) {
  bool failedAny = false;
  auto check = [&](StringRef name, StringRef option) {
    if (llvm::is_contained(inputs, name))
      return;
    auto diagnostic = emitError(file)
                      << option << " names '" << name << "', which is not an input of the model";
    diagnostic.attachNote() << "its inputs are "
                            << (inputs.empty() ? "none" : "'" + llvm::join(inputs, "', '") + "'");
    failedAny = true;
  };
  for (const auto &entry : options.shapes)
    check(entry.getKey(), "--shape");
  for (const auto &entry : options.values)
    check(entry.getKey(), "--set");
  return success(!failedAny);
}
