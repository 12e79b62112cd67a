// What `edgec inspect` prints of a model file, whatever its format.
#pragma once

#include "llvm/Support/raw_ostream.h"
#include <nlohmann/json.hpp>

namespace edgec {

/// Writes into `out` how often each operator is there, the most frequent ones first.
void setOperators(nlohmann::ordered_json &out, std::vector<std::pair<std::string, int64_t>> counts);

/// Prints `out` as JSON, or for people under the line `head`. It has `inputs` and `outputs` of
/// `{name, type}`, `parameters`, `parameter_bytes`, and how often each of `operators` is there.
void printInspection(const nlohmann::ordered_json &out, llvm::StringRef head, bool json,
                     llvm::raw_ostream &os);

} // namespace edgec
