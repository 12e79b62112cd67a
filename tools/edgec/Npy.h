// NumPy's .npy files, version 1 to 3, little-endian, C order, and .npz archives of them.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace edgec::cli {

struct NpyArray {
  int32_t dtype = 0; ///< an edgec_dtype
  std::vector<int64_t> shape;
  std::vector<char> data;
};

llvm::Expected<NpyArray> readNpy(llvm::StringRef path);
/// The same from memory; messages call it `name`.
llvm::Expected<NpyArray> parseNpy(llvm::StringRef bytes, const llvm::Twine &name);
/// All arrays of an archive by name, as numpy.savez and numpy.savez_compressed write it.
llvm::Expected<std::map<std::string, NpyArray>> readNpz(llvm::StringRef path);
llvm::Error writeNpy(llvm::StringRef path, int32_t dtype, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<char> data);

/// NumPy's name of an edgec_dtype (`float32`), and the bytes of one element.
llvm::StringRef dtypeName(int32_t dtype);
unsigned dtypeBytes(int32_t dtype);

} // namespace edgec::cli
