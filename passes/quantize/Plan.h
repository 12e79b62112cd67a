// Which tensors of a float module become integers, and which of them have one scale in common.
// The pass that quantizes asks this, and so does whoever has to know the ranges first.
#pragma once

#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace edgec {

/// On an op: it stays as it is (`--keep-float`).
inline constexpr llvm::StringLiteral kKeepFloatAttr = "edge.keep_float";
/// On an op, `array<f64: low, high>` for each result, and on an argument: what was seen there.
inline constexpr llvm::StringLiteral kRangeAttr = "edge.range";
/// On a layer, `array<f64: ...>`: the mean, and the largest magnitude, of each channel of its
/// input.
inline constexpr llvm::StringLiteral kInputMeanAttr = "edge.input_mean";
inline constexpr llvm::StringLiteral kInputMaxAttr = "edge.input_max";
/// On the module: the scheme, as `--quantize` has it. Without it nothing is quantized.
inline constexpr llvm::StringLiteral kQuantizeAttr = "edge.quantize";

/// On the module: how many weights of 4 bits have one scale.
inline constexpr llvm::StringLiteral kGroupSizeAttr = "edge.group_size";
/// On the module: constants of floats that are exact in fewer bits are to be stored in these.
inline constexpr llvm::StringLiteral kNarrowConstantsAttr = "edge.narrow_constants";

/// A layer whose products are sums of integers.
struct QuantizedLayer {
  edge::QuantizableOpInterface op;
  mlir::Value input;
  edge::LayerWeights weights;
  mlir::Operation *biasAdd = nullptr; ///< the addition of a constant that follows a product
  mlir::Value result;                 ///< with the bias

  /// The constant that is added to each output feature; null where there is none.
  mlir::Value bias() const;
};

/// The input channel that element `flat` of weights of this shape is multiplied with.
int64_t inputChannel(const edge::LayerWeights &weights, llvm::ArrayRef<int64_t> shape,
                     int64_t flat);

/// Tensors that move into one another and so have one scale. Each is computed, not moved.
struct ScaleGroup {
  llvm::SmallVector<mlir::Value> roots;
};

class QuantizationPlan {
public:
  explicit QuantizationPlan(mlir::func::FuncOp function);

  llvm::ArrayRef<QuantizedLayer> layers() const { return foundLayers; }
  llvm::ArrayRef<ScaleGroup> groups() const { return foundGroups; }

private:
  void wantInterface(mlir::func::FuncOp function);
  void visit(mlir::Operation *op);
  void want(mlir::Value value);
  bool isWantedBehindClamps(mlir::Value value) const;
  bool isProducible(mlir::Value value) const;
  void collectGroups();

  llvm::SetVector<mlir::Value> wanted;
  llvm::SmallVector<QuantizedLayer> foundLayers;
  llvm::SmallVector<ScaleGroup> foundGroups;
};

/// The elements of a constant.
edge::HostTensor hostTensor(mlir::Value constant);

/// The role of an op; `none` where it has no interface that says one, or has to stay as it is.
edge::QuantizationRole quantizationRole(mlir::Operation *op);

/// The bounds and the value that `edge.range` gives; none where it says nothing of this value.
std::optional<std::pair<double, double>> rangeOf(mlir::Value value);
void setRange(mlir::Value value, double low, double high);

} // namespace edgec
