// Calibration samples from files.
#pragma once

#include "compiler/Quantization.h"

namespace edgec::cli {

/// Samples from a folder, or from a list file with one path, or one path for each input in the
/// model's order, a line (relative ones are relative to the list): `.npy`, `.npz` with arrays named
/// as the inputs, or pictures. An array with one dimension more than its input is a stack of
/// samples.
std::shared_ptr<SampleSource> createSampleSource(const std::string &path);

} // namespace edgec::cli
