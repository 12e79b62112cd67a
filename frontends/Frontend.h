// What a frontend is: a recogniser and an importer of one model format.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <string>
#include <vector>

namespace edgec {

/// What the user says about a model beside the file itself.
struct ImportOptions {
  /// Static shapes of inputs by name (`--shape x=1x3x224x224`).
  llvm::StringMap<std::vector<int64_t>> shapes;
  /// Inputs that become constants (`--set sr=16000`): every element takes the value.
  llvm::StringMap<std::string> values;
  /// Pairs `{input, output}` that are one state kept in the arena between calls (`--state h=hn`).
  std::vector<std::pair<std::string, std::string>> states;
  /// Keep what the model itself asserts of values that only a run knows (`--checked`).
  bool checked = false;
};

/// One operator of a model file, as `edgec inspect` and `edgec ops` list it.
struct OperatorInfo {
  std::string name;    ///< `Conv`, or `domain.Op` outside the default domain
  std::string support; ///< `op`, `function` (through its ONNX function body) or `no`
};

/// Names of attributes that frontends put on the module and on its one function `@main`.
/// Arguments and results carry `edge.name`; the element types are the model's own.
inline constexpr llvm::StringLiteral kNameAttr = "edge.name";

/// Each frontend defines these four in `frontends/<name>/Frontend.cpp`; CMake writes the table
/// (`frontends/Frontends.inc`).
///
/// `recognize`: whether the content (not the name) is this format.
/// `import`: reads the model at `path` into a module with one function `@main` of edge ops on
/// static tensors; every error has been emitted as a diagnostic, all unsupported operators in one
/// run. `inspect`: prints what is inside to `os`, as JSON where asked.
struct Frontend {
  llvm::StringRef name;
  bool (*recognize)(llvm::MemoryBufferRef content);
  mlir::OwningOpRef<mlir::ModuleOp> (*import)(llvm::StringRef path, const ImportOptions &options,
                                              mlir::MLIRContext *context);
  llvm::LogicalResult (*inspect)(llvm::StringRef path, bool json, llvm::raw_ostream &os,
                                 mlir::MLIRContext *context);
  std::vector<OperatorInfo> (*operators)();
};

/// Whether `--shape` and `--set` name inputs of the model, which are `inputs`; an error at `file`
/// for each name that isn't one.
llvm::LogicalResult checkInputNames(const ImportOptions &options,
                                    llvm::ArrayRef<std::string> inputs, mlir::Location file);

/// All frontends that are built in.
llvm::ArrayRef<const Frontend *> getFrontends();

} // namespace edgec
