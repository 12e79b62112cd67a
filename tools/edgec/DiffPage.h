// What `edgec diff` found, as one page that needs nothing beside it.
#pragma once

#include "compiler/Comparison.h"

namespace edgec::cli {

/// A page with a table of all tensors and histograms of the ten worst; `advice` stands above them.
std::string writeDiffPage(llvm::StringRef model, llvm::ArrayRef<ComparedTensor> tensors,
                          llvm::ArrayRef<size_t> worst, llvm::StringRef advice);

} // namespace edgec::cli
