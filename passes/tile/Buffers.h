// What passes ask of whole buffers.
#pragma once

#include "dialects/Edge/HostTensor.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace edgec::tile {

/// The buffer that views start from.
inline mlir::Value rootOf(mlir::Value buffer) {
  while (auto view = buffer.getDefiningOp<mlir::ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

/// Bytes that a buffer of static shape takes.
inline int64_t bytesOf(mlir::Value buffer) {
  auto type = mlir::cast<mlir::MemRefType>(buffer.getType());
  return type.getNumElements() * edge::elementBytes(type.getElementType());
}

} // namespace edgec::tile
