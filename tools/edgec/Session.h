// What `run` and `bench` share: memory, random inputs, reading elements.
#pragma once

#include "edgec/model.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace edgec::cli {

/// Memory with the alignment that the model asks for.
struct AlignedBytes {
  AlignedBytes(size_t size, size_t align) {
    size_t bytes = (std::max<size_t>(size, 1) + align - 1) / align * align;
    data = static_cast<char *>(std::aligned_alloc(align, bytes));
    if (!data)
      throw std::runtime_error("there is not enough memory for " + std::to_string(size) + " bytes");
    std::memset(data, 0, bytes);
  }
  ~AlignedBytes() { std::free(data); }
  AlignedBytes(const AlignedBytes &) = delete;
  char *data = nullptr;
};

/// Prints `edgec: error: message` and returns false.
bool complain(const llvm::Twine &message);

/// `[1,3,224,224]`.
std::string shapeText(llvm::ArrayRef<int64_t> shape);
std::vector<int64_t> shapeOf(const edgec_tensor &tensor);

/// Element `i` of a tensor's data as a double.
double elementAt(const edgec_tensor &tensor, const char *data, size_t i);

/// Uniform in [0, 1) for floats, small non-negative numbers for integers: the same for a seed on
/// every machine.
void fillRandom(const edgec_tensor &tensor, char *data, std::mt19937_64 &random);

} // namespace edgec::cli
