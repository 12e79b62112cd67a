// ONNX tensors and types as MLIR attributes and types.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "onnx/onnx_pb.h"
#include <memory>

namespace edgec::onnx_frontend {

/// The element type of an ONNX data type (`TensorProto::FLOAT` …), or null where edgec has none
/// (strings, complex numbers).
mlir::Type convertElementType(int32_t dataType, mlir::MLIRContext *context);
/// The ONNX data type of an element type.
int32_t toDataType(mlir::Type element);
/// `FLOAT16` for 10, and so on; the number itself where there is no name.
std::string dataTypeName(int32_t dataType);

/// Reads a tensor. Its data are not copied where their layout in the file is that in memory: the
/// attribute then refers to them and keeps `owner` alive. `directory` is where external data lie.
/// Errors are emitted at `loc`.
llvm::FailureOr<mlir::ElementsAttr> readTensor(const onnx::TensorProto &tensor,
                                               std::shared_ptr<const void> owner,
                                               llvm::StringRef directory, mlir::Location loc);

} // namespace edgec::onnx_frontend
