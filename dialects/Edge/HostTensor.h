// A constant tensor on the host: what constant folding and the reference evaluation compute with.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <memory>
#include <vector>

namespace edgec::edge {

/// A dense, row-major tensor. One element takes `elementBytes()`: booleans and sub-byte integers
/// one byte, other types their own width. Copies share the data; a tensor is written only by
/// whoever created it.
class HostTensor {
public:
  /// A new tensor, zeroed.
  explicit HostTensor(mlir::RankedTensorType type);
  /// A new tensor over `bytes`, which must outlive it.
  HostTensor(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);

  /// Reads a dense or resource attribute; resources are not copied. Fails on other attribute kinds
  /// and on resources whose size is wrong.
  static llvm::FailureOr<HostTensor> fromAttr(mlir::Attribute attr);
  /// A 1-D tensor of i64.
  static HostTensor fromInts(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> values);

  /// A `DenseElementsAttr` where the data is small or a splat, else a resource.
  mlir::ElementsAttr toAttr() const;

  mlir::RankedTensorType getType() const { return type; }
  mlir::Type getElementType() const { return type.getElementType(); }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t getRank() const { return type.getRank(); }
  int64_t getNumElements() const { return type.getNumElements(); }
  unsigned elementBytes() const { return width; }
  bool isFloat() const { return floating; }
  bool isUnsigned() const { return withoutSign; }

  llvm::ArrayRef<char> bytes() const { return {data, size}; }
  /// Only on a tensor made by the zeroing constructor.
  char *mutableBytes();

  /// Element access by flat index; integers are extended, floats widened or rounded as needed.
  double getFloat(int64_t index) const;
  int64_t getInt(int64_t index) const;
  void setFloat(int64_t index, double value);
  void setInt(int64_t index, int64_t value);

  /// All elements as integers (or floats).
  llvm::SmallVector<int64_t> getInts() const;
  llvm::SmallVector<double> getFloats() const;

  /// The same data with another shape of as many elements.
  HostTensor reshaped(mlir::RankedTensorType newType) const;

private:
  mlir::RankedTensorType type;
  std::shared_ptr<std::vector<char>> storage;
  const char *data = nullptr;
  size_t size = 0;
  unsigned width = 0;
  // Asked for each element, so not of the type each time.
  bool floating = false, withoutSign = false;
};

/// Bytes that one element of `type` takes in memory.
unsigned elementBytes(mlir::Type type);

/// Row-major strides of a shape, in elements.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// Calls `fn` with each multi-index of `shape`, in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t> index, int64_t flat)> fn);

} // namespace edgec::edge
