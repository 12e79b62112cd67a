// What a layer between `edge.dequantize`s and one `edge.quantize` reads and writes, as integers.
#pragma once

#include "dialects/Edge/Edge.h"
#include "mlir/IR/Builders.h"

namespace edgec::quantize {

/// A tensor's integers, and one scale and zero point for all of them.
struct Quantized {
  mlir::Value integers;
  double scale = 0;
  int64_t zeroPoint = 0, low = 0, high = 0;
  mlir::Type storage;
};

/// The integers as a type of one scale says; nothing for scales per axis or more than 8 bits.
std::optional<Quantized> uniform(mlir::Value integers, mlir::Type quantized);
/// Where the numbers come from; nothing where that isn't an `edge.dequantize`, or a transpose of
/// one, which is brought before it.
std::optional<Quantized> readFrom(mlir::Value numbers);

/// Whether equal integers stand for equal numbers.
inline bool sameNumbers(const Quantized &x, const Quantized &y) {
  return x.scale == y.scale && x.zeroPoint == y.zeroPoint && x.storage == y.storage;
}

/// Constant weights less their zero points, and their scales: one, or one an output feature.
/// Their zero points may differ too.
struct Weights {
  mlir::Value integers; ///< i32
  llvm::SmallVector<double> scales;
  llvm::SmallVector<int64_t> magnitudes; ///< of each output feature: the sum of absolute values
};
/// `axis` is where output features lie.
std::optional<Weights> weightsOf(mlir::OpBuilder &b, mlir::Value numbers, int64_t axis);

/// The integers of a bias, whose scale is that of the products.
std::optional<mlir::Value> biasOf(mlir::Value numbers);
/// The integers of a constant bias of any kind at the scales of the products: one, or one for each
/// index in its last dimension. Sums of products are no larger than `reach`, one for each index or
/// for all; with the bias they stay within 32 bits. For that, up to `dispensable` (a number) is
/// taken off the bias.
std::optional<mlir::Value> biasOf(mlir::OpBuilder &b, mlir::Value numbers,
                                  llvm::ArrayRef<double> scales, llvm::ArrayRef<int64_t> reach,
                                  double dispensable);

/// What a layer of products and constant weights reads (`QuantizableOpInterface::getLayerWeights`).
struct Layer {
  edge::QuantizableOpInterface op;
  Quantized x;
  Weights weights;
  mlir::Value bias; ///< the numbers; null where there is none

  /// The layer's sums of integers, with a bias of integers or none.
  mlir::Value sums(mlir::OpBuilder &b, mlir::Value bias);
};
/// Nothing where the op isn't one, or doesn't read integers.
std::optional<Layer> layerOf(mlir::OpBuilder &b, mlir::Operation *op);

/// A constant's elements; nothing where it isn't one.
std::optional<edge::HostTensor> constantOf(mlir::Value value);

/// A tensor less its zero point, as i32.
mlir::Value centred(mlir::OpBuilder &b, mlir::Location loc, const Quantized &x);
/// An i32 constant.
mlir::Value scalar(mlir::OpBuilder &b, mlir::Location loc, int64_t value);

/// What the numbers go through before they are rounded, and how far that limits the integers.
struct Result {
  mlir::Value numbers; ///< before activations
  Quantized to;
};
Result resultOf(edge::QuantizeOp op, edge::Rounding rounding);

} // namespace edgec::quantize
