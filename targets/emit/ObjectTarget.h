// What all targets with an LLVM backend share: one table of devices, one way to the object file.
#pragma once

#include "targets/Target.h"

namespace edgec {

/// A family of processors that LLVM compiles for.
class ObjectTarget : public Target {
public:
  ObjectTarget(llvm::StringRef family, std::vector<TargetEntry> devices)
      : family(family), devices(std::move(devices)) {}

  llvm::StringRef name() const override { return family; }
  std::vector<TargetEntry> entries() const override { return devices; }
  edge::TargetAttr describe(const TargetEntry &entry, mlir::MLIRContext *context) const override;
  std::optional<std::string> unsupported(mlir::Operation *op) const override;
  void addPasses(mlir::OpPassManager &passes) const override {}
  llvm::LogicalResult emit(mlir::ModuleOp module, Output &output) const override;

private:
  llvm::StringRef family;
  std::vector<TargetEntry> devices;
};

} // namespace edgec
