// How the weights of depthwise convolutions of bytes are packed.
#pragma once

#include "dialects/Kernel/Kernel.h"

namespace edgec::kernel {

/// Channels that are computed together: those of one register of bytes.
struct ByteBlock {
  int64_t first, channels; ///< within the image; the register's last ones may lie behind its last
  int64_t weights;         ///< where its weights begin
};

/// How the weights of a depthwise convolution are packed for an instruction that sums four products
/// of bytes a lane: for each block of channels, kernel row and four taps of it, four registers.
/// When four registers of neighbouring taps are interleaved, byte by byte and then pair by pair
/// within 128 bits, lane l of register v has channel 16 * (l / 4) + 4 * v + l % 4.
struct ByteDepthwise {
  static constexpr int64_t kTaps = 4, kSub = 16, kBits = 8;

  int64_t channels, lanes; ///< lanes of sums in a register
  int64_t outer, last;     ///< extents of the kernel
  int64_t joint;           ///< neighbouring positions that a register of bytes has all channels of

  int64_t tapGroups() const { return (last + kTaps - 1) / kTaps; }
  /// Of a depthwise convolution, in registers of so many sums.
  static ByteDepthwise of(ConvOp op, int64_t lanes);

  /// The blocks, widest ones first.
  llvm::SmallVector<ByteBlock> blocks() const;
  /// Elements of the packed weights.
  int64_t packedElements() const;
  /// The channel of a lane; those of the next position go on behind the last one.
  static int64_t channelOf(int64_t vector, int64_t lane) {
    return kSub * (lane / kTaps) + kTaps * vector + lane % kTaps;
  }
};

} // namespace edgec::kernel
