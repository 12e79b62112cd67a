// From planned buffers to the LLVM dialect.
#ifndef EDGEC_LOWER_PASSES_TD
#define EDGEC_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineKernels : Pass<"edgec-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Give every compute op a private function of its own; equal ones share it";
  let description = [{
    A function's arguments can be declared not to alias, which lets LLVM vectorize without run-time checks; layers of the same shape share code; and the
    stack bound, the profile hook and the per-op table have something to name. Buffers whose places in the arena overlap are not declared so.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def LinalgToLoops : Pass<"edgec-linalg-to-loops", "::mlir::func::FuncOp"> {
  let summary = "Turn linalg ops on buffers into scf loops";
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect", "::mlir::affine::AffineDialect"];
}

def SplitLoops : Pass<"edgec-split-loops", "::mlir::ModuleOp"> {
  let summary = "Let each large kernel do one part of its outer loop, so that threads can share it";
  let description = [{
    Where the module says `edge.threads = N`, N > 1: a kernel whose outer loops have independent iterations and enough work takes one more argument, the index
    of its part in [0, N). Parts are the same whoever runs them, so results don't depend on the number of threads. Names the kernels in `edge.split`,
    whose calls the emitter turns into calls of the parallel-for hook; `@main` gets the hook as its last argument.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def ConvertToLLVM : Pass<"edgec-convert-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert everything to the LLVM dialect, with the target's index width and bare pointers for buffers";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"];
}

#endif
