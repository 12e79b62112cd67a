// A .pt2 file as a zip archive: entries that are stored as they are, below one folder.
#pragma once

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

struct zip;

namespace edgec::torch {

using Bytes = std::shared_ptr<const std::vector<char>>;

/// The entries of an archive by their names below its folder. Nothing is unpacked to disk, and no
/// more is read than the file has bytes.
class Archive {
public:
  /// Opens a file and reads its directory; errors are emitted at `loc`.
  static llvm::FailureOr<std::unique_ptr<Archive>> open(llvm::StringRef path, mlir::Location loc);
  ~Archive();

  bool has(llvm::StringRef name) const { return entries.count(name.str()) != 0; }
  /// The whole entry, or an error that names it.
  llvm::FailureOr<Bytes> read(llvm::StringRef name, mlir::Location loc);

private:
  Archive() = default;

  struct Entry {
    uint64_t index, size;
  };
  zip *archive = nullptr;
  std::map<std::string, Entry> entries;
  uint64_t budget = 0; ///< bytes that may still be read
};

} // namespace edgec::torch
