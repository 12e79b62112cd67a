// Diagnostics as a person reads them: file, node, message, hint.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace edgec {

/// The model's names of the nodes at a location: one, or those that a rewrite has merged.
llvm::SetVector<llvm::StringRef> nodeNames(mlir::Location loc);

/// Prints diagnostics while it lives: `kws.onnx: node '/layer1/Conv': error: message`, notes below.
/// MLIR's default printer hides the names. Remarks, which say how something was compiled, are for
/// those who ask (`--timing`).
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, llvm::StringRef file, llvm::raw_ostream &os,
                    bool remarks = false);
  unsigned errors() const { return errorCount; }

private:
  llvm::LogicalResult print(mlir::Diagnostic &diagnostic);

  std::string file;
  llvm::raw_ostream &os;
  bool remarks;
  unsigned errorCount = 0;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace edgec
