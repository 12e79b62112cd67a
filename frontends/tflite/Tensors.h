// Tensors of a .tflite file: element types, data, and what their integers stand for.
#pragma once

#include "frontends/Quantization.h"
#include "frontends/tflite/Model.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace edgec::tflite {

/// The element type that tensors of a type have in edge, or null where edgec has none. INT4 is
/// unpacked to i8.
mlir::Type convertElementType(TensorType type, mlir::MLIRContext *context);
TensorType toTensorType(mlir::Type element);

/// Whether a tensor's integers stand for other numbers: it has a scale.
bool isQuantized(const Tensor &tensor);

/// `!quant.uniform<...>` of a quantized tensor of the given shape. Errors name the tensor.
llvm::FailureOr<mlir::quant::QuantizedType>
quantizedType(const Tensor &tensor, llvm::StringRef name, int64_t rank, mlir::Location loc);

/// The data of a constant tensor, dense and unpacked. Data are not copied where their layout in the
/// file is that in memory. Errors name the tensor.
llvm::FailureOr<mlir::ElementsAttr> readTensor(const LoadedModel &model, const Tensor &tensor,
                                               llvm::StringRef name, mlir::Location loc);

} // namespace edgec::tflite
