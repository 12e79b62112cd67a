// What rows of several families share: checks of their inputs, and small ways to return and look.
#pragma once

#include "dialects/Edge/Lowering.h"
#include "frontends/onnx/ops/Build.h"

namespace edgec::onnx_frontend {

/// A row's function for nodes of `N` required inputs or more: it runs only where all of them are
/// there.
template <llvm::FailureOr<Results> (*Function)(NodeContext &), unsigned N>
llvm::FailureOr<Results> needs(NodeContext &ctx) {
  for (unsigned i = 0; i < N; ++i)
    if (!ctx.input(i))
      return ctx.error("input ") << i << " is missing";
  return Function(ctx);
}

/// Refuses a shape that no device could hold.
inline llvm::LogicalResult checkShape(const NodeContext &ctx, llvm::ArrayRef<int64_t> shape) {
  return edge::checkShape(ctx.loc, ctx.node.op_type(), shape);
}

/// Every element of `shape` has the value of `element`, a tensor of one element: a constant where
/// that is small, else a broadcast.
mlir::Value createUniform(const NodeContext &ctx, const edge::HostTensor &element,
                          llvm::ArrayRef<int64_t> shape);

/// The element type that attribute `name` gives as an ONNX data type, or `missing`.
llvm::FailureOr<mlir::Type> elementTypeAttr(const NodeContext &ctx, llvm::StringRef name,
                                            mlir::Type missing);

} // namespace edgec::onnx_frontend
