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

def LowerSteps : Pass<"edgec-lower-steps", "::mlir::ModuleOp"> {
  let summary = "Turn kernel.dot and kernel.rescale into the processor's instructions";
  let description = [{
    What the processor has no instruction for becomes arithmetic on lanes, which is the reference for those that have one. `kernel.rescale` is one product of 64
    bits, one sum with all that rounding adds, and one shift; of the product's high half where no shift is to the left.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
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

def ApproximateMath : Pass<"edgec-approximate-math", "::mlir::ModuleOp"> {
  let summary = "Turn f32 math functions into arithmetic without branches or calls, which loops over them can be vectorized with";
  let description = [{
    Scalars and vectors of f32; f16 and bf16 are computed in f32, and f64 is left to libm. Zeros, infinities, NaN and denormal numbers are what C's Annex F
    says, but for payloads of NaN, and with these exceptions: the sine, cosine and tangent of a number beyond 2^20 are only promised to be numbers, in [-1, 1]
    for the first two; and 1 / (1 + exp(x)) may be zero where it is below the normal numbers. docs/math.md has each function's bound in ULP, with a fused
    multiply-add and without.

    Where `#edge.target` says that the processor has no single-precision floats, nothing changes: libm is smaller and no slower than arithmetic that calls a
    function for each step. Where it has no vectors, each function is written once, as a private function that the loops call.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::func::FuncDialect"];
}

def ConvertToLLVM : Pass<"edgec-convert-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert everything to the LLVM dialect, with the target's index width and bare pointers for buffers";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"];
}

#endif
