// Pictures as model inputs.
#pragma once

#include "edgec/model.h"
#include <string>

namespace edgec::cli {

/// Reads a picture (PNG, JPEG, BMP ...), resizes it to the tensor's height and width and writes it
/// there: `[N,C,H,W]` or `[N,H,W,C]` with 1 or 3 channels; floats get values in [0, 1], integers in
/// [0, 255] (int8 shifted by -128). False after a message.
bool fillFromImage(const std::string &path, const edgec_tensor &tensor, char *data);

} // namespace edgec::cli
