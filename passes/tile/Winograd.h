// Convolutions of 3x3 through Winograd's transforms.
#pragma once

#include "dialects/Edge/HostTensor.h"
#include "passes/tile/Epilogue.h"

namespace edgec::tile {

/// Rows of tiles in a strip, and elements of scratch memory for it.
struct WinogradStrip {
  int64_t rows, scratch;
};
/// How the convolution is cut into strips; none where transforms are not worth it: they need whole
/// vectors of channels and features, and enough of both.
std::optional<WinogradStrip> planWinograd(kernel::ConvOp op, const Machine &machine);

/// The filter `[3, 3, C, F]` as `[36, C, F]`.
edge::HostTensor transformFilter(const edge::HostTensor &filter);

void emitWinograd(mlir::OpBuilder &b, kernel::WinogradOp op, const Machine &machine);

} // namespace edgec::tile
