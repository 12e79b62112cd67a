// What `run` and `bench` share: memory, random inputs, reading elements.
#pragma once

#include "compiler/Execution.h"
#include "edgec/model.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include <random>
#include <string>
#include <vector>

namespace edgec::cli {

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
