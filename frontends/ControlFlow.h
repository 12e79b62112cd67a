// Branches and loops that importers of several formats have: graphs are imported by callbacks.
#pragma once

#include "frontends/OpContext.h"

namespace edgec {

/// The one element of a tensor of one element.
mlir::Value extractScalar(const OpContext &ctx, mlir::Value tensor);

/// Stacks values along a new dimension `axis`.
mlir::Value stack(const OpContext &ctx, llvm::ArrayRef<mlir::Value> values, int64_t axis);

/// An `scf.if` on a boolean of one element; `branch(0)` imports what runs where it is true, and
/// `branch(1)` the other one. `note` is the hint where their types differ.
llvm::FailureOr<Results>
createIf(const OpContext &ctx, mlir::Value flag,
         llvm::function_ref<llvm::FailureOr<Results>(int, mlir::OpBuilder &)> branch,
         llvm::StringRef note = {});

/// An `scf.while` over carried tensors: `condition` gives a boolean of one element, `body` the next
/// values.
llvm::FailureOr<Results> createWhile(
    const OpContext &ctx, llvm::ArrayRef<mlir::Value> carried,
    llvm::function_ref<llvm::FailureOr<Results>(mlir::OpBuilder &, mlir::ValueRange)> condition,
    llvm::function_ref<llvm::FailureOr<Results>(mlir::OpBuilder &, mlir::ValueRange)> body);

} // namespace edgec
