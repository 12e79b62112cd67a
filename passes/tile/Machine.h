// What the tile passes know of the processor: read from the module's `edge.target`.
#pragma once

#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/DotUnits.h"
#include "dialects/Kernel/Kernel.h"

namespace edgec::tile {

/// Bytes of a cache's line and of the first level, on the processors that have one worth planning
/// for.
constexpr int64_t kLineBytes = 64, kL1Bytes = 32 << 10;

/// Multiply-accumulates below which a kernel is quicker alone than shared among threads.
constexpr int64_t kWorthSharing = 1 << 20;

struct Machine {
  int64_t vectorBits = 128; ///< 0: no vectors
  int64_t registers = 16;   ///< vector registers, scalar ones where there are no vectors
  int64_t l2Bytes = 0;      ///< 0: no cache worth planning for
  bool masks = false;       ///< a store of part of a vector costs no more than one of all of it
  int64_t threads = 1;      ///< that a kernel's work may be shared among
  bool byElement = false;   ///< multiplies a vector with one lane of another
  llvm::ArrayRef<kernel::DotUnit> dots; ///< what `kernel.dot` can become, best first
  kernel::DotUnit::Scalar scalar = {};  ///< where a tile's sums lie in general registers
  bool compact = false;                 ///< code size counts as much as speed: a microcontroller

  /// Of the module around `op`; the defaults above where it names no target.
  static Machine of(mlir::Operation *op);

  /// As tiles of `kernel.dot` have it: products may need a register before they are added.
  Machine forDot(const kernel::DotUnit &unit) const {
    Machine machine = *this;
    machine.scalar = unit.scalar;
    machine.registers /= unit.sumRegisters;
    if (unit.isScalar())
      machine.registers = unit.scalar.registers;
    machine.registers -= unit.accumulates() ? 0 : 1;
    return machine;
  }

  /// The instruction that weights are packed for, or what does the same.
  kernel::DotUnit dotUnit(kernel::PackingAttr packing) const;

  /// Elements of `type` that a register holds; 1 where there are no vectors of it.
  int64_t lanes(mlir::Type type) const;
};

} // namespace edgec::tile
