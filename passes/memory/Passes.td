// From tensors to buffers in one arena.
#ifndef EDGEC_MEMORY_PASSES_TD
#define EDGEC_MEMORY_PASSES_TD

include "mlir/Pass/PassBase.td"

def OrderOps : Pass<"edgec-order-ops", "::mlir::func::FuncOp"> {
  let summary = "Put the ops in the order that needs the least memory";
  let description = "Any topological order computes the same; the planner (OrderPlanner.h) keeps the model's own where none is better.";
}

def ReuseOperands : Pass<"edgec-reuse-operands", "::mlir::func::FuncOp"> {
  let summary = "Let an elementwise op write over an operand that dies in it";
  let description = [{
    An all-parallel linalg.generic that writes a fresh tensor and reads a tensor of that type at the same index, for the last time, takes that tensor as its
    destination. One-shot bufferization then computes in place. So does a contraction whose epilogue reads such a tensor.
  }];
}

def BufferizeModel : Pass<"edgec-bufferize-model", "::mlir::ModuleOp"> {
  let summary = "Give the model its buffers: inputs and outputs become arguments, tensors become memrefs";
  let description = [{
    `@main(tensors) -> tensors` becomes `@main(inputs..., outputs...)` on memrefs; results are computed in the outputs' buffers where their producers allow it
    (empty-tensor elimination), then upstream one-shot bufferization places the rest. Arguments carry `edge.kind` = "input" or "output".
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect", "::mlir::linalg::LinalgDialect"];
}

def PlanArena : Pass<"edgec-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Place every buffer at an exact offset of one arena, the function's last argument";
  let description = [{
    Liveness is that of the linear op order; a buffer that a loop uses lives through the loop. Sets `edge.arena_bytes` and `edge.allocations`
    (name, offset, bytes, first and last step) on the function.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

#endif
