// The LSTM of 8-bit inputs and weights with a cell of 16 bits, on integers, as TensorFlow Lite's
// reference computes it.
#pragma once

#include "dialects/Edge/FixedPoint.h"
#include "frontends/tflite/Importer.h"

namespace edgec::tflite {

class IntegerLstm {
public:
  /// Where a layer's inputs are, from which their scales come too. Gates are i, f, c, o; a layer
  /// may lack the first.
  struct Inputs {
    unsigned weights[4], recurrent[4], biases[4], hidden, cell;
    bool coupled;
    float cellClip;
  };

  /// Nothing, and no error, where it can't be computed so: with scales that shifts don't express.
  static std::optional<IntegerLstm> plan(const NodeContext &ctx, const Inputs &inputs);
  /// One step: x [N, I], hidden [N, H] of i8, cell [N, H] of i16, the latter two become the next.
  llvm::LogicalResult step(const NodeContext &at, mlir::Value x, mlir::Value &hidden,
                           mlir::Value &cell) const;

private:
  /// Gates of this many rows each lie side by side in what follows: f, o, c, then i.
  int64_t rows = 0;
  bool coupled = false;
  mlir::Value weights, recurrent, bias; ///< i32
  edge::FixedPoint weightFactors, recurrentFactors, hiddenFactor;
  int64_t xZero = 0, hiddenZero = 0, shownZero = 0, clip = 0;
  int cellScale = 0; ///< of the cell, as a power of two
};

} // namespace edgec::tflite
