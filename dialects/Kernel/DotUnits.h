// The instructions that sum products of neighbouring integers.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace edgec::kernel {

/// One instruction: each 32-bit lane of its result sums `products` products of integers of `bits`
/// bits, which lie one behind the other in its operands, modulo 2^32.
struct DotUnit {
  /// LLVM's intrinsic for factors that have so many bits together.
  struct Form {
    unsigned vectorBits;
    llvm::StringRef intrinsic;
  };
  /// What the intrinsic takes.
  enum class Takes {
    SumAndFactors, ///< and gives the new sum
    Factors,       ///< and gives what is to be added to the sum
    Products,      ///< twice as wide as factors, whose neighbours it adds, for the sum
    Words,         ///< factors in a general register each, then the one sum
    Vectors,       ///< three flags, the one sum, then vectors of factors
  };
  /// What a tile costs whose sums lie in general registers. Instructions for a run of packed
  /// weights: for each sum, for each row's elements, and for each feature's weights.
  struct Scalar {
    int64_t registers; ///< that the sums and factors of a tile may take; 0: they are in vectors
    int64_t perSum, perRow, perFeature;
  };

  llvm::StringRef name;
  int64_t products;
  unsigned bits;
  /// Whether the input's integers are unsigned; weights are always signed.
  bool unsignedX;
  Takes takes;
  llvm::ArrayRef<Form> forms; ///< none where LLVM finds the instruction by itself
  int64_t sumRegisters = 1;   ///< vector registers that a sum takes
  Scalar scalar = {};

  /// Whether it adds to sums itself. Where not, products need a register before they are added.
  bool accumulates() const { return takes != Takes::Factors && takes != Takes::Products; }
  /// Whether it has one sum.
  bool isScalar() const { return scalar.registers > 0; }
  /// The intrinsic for operands of so many bits; empty where there is none.
  llvm::StringRef intrinsicFor(unsigned vectorBits) const;
};

/// The instructions of a processor whose best one is `name` (edge::TargetAttr's `dot`), best first.
llvm::ArrayRef<DotUnit> getDotUnits(llvm::StringRef name);

} // namespace edgec::kernel
