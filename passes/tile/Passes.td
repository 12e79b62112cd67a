// The passes that choose tiles and write loops.
#ifndef EDGEC_PASSES_TILE_TD
#define EDGEC_PASSES_TILE_TD

include "mlir/Pass/PassBase.td"

def SelectKernels : Pass<"edgec-select-kernels", "::mlir::func::FuncOp"> {
  let summary = "turn linalg contractions into kernel.matmul";
  let description = [{
    A linalg.generic that sums products (a matrix product, an einsum, a recurrent layer's step) becomes one `kernel.matmul`: its dimensions are gathered
    into batch, rows, columns and depth, and operands that have them in another order are transposed, constants at once. What has a single
    column, or too few rows to pay for a transposed copy, stays linalg.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
}

def FuseEpilogues : Pass<"edgec-fuse-epilogues", "::mlir::func::FuncOp"> {
  let summary = "let contractions do the elementwise work on their results";
  let description = [{
    An elementwise linalg.generic that is the only reader of a contraction's result becomes part of its epilogue: bias, activation, residual sum, requantization.
    Reshapes between the two are seen through. Other operands become extras, repeated where their extent is 1.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
}

def NarrowOperands : Pass<"edgec-narrow-operands", "::mlir::func::FuncOp"> {
  let summary = "let contractions read integers as narrow as they are";
  let description = [{
    Where a contraction sums products of i32 that have only been widened, less a zero point, it reads the i8 and does that itself, element by element; constant weights
    become i8 or i16 where all of them fit. Nothing is kept in memory wider than it is.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def PackWeights : Pass<"edgec-pack-weights", "::mlir::func::FuncOp"> {
  let summary = "lay constant weights out in the order in which tiles read them";
  let description = [{
    Chooses, with the cost model of `Schedule.h`, how many vectors of features a tile has, and reorders the weights to match (`kernel.conv` describes the
    layout). The tile reads them as one stream; the last vector is filled up with zeros, so that no load is partial.

    In a module with `edge.fast_conv` (`--fast-conv`), convolutions of 3x3 with enough channels and features become `kernel.winograd`.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def KernelToLoops : Pass<"edgec-kernel-to-loops"> {
  let summary = "write the loops of kernel ops on buffers";
  let description = [{
    Each op becomes a loop nest over its output positions that keeps a tile of the result, a few pixels times a few vectors of channels, in
    registers while it walks what it sums over (docs/schedules.md). The part of a window that lies outside the input is never visited: tiles at the
    border leave it out, and no padded copy exists. The epilogue is applied to the tile before it is stored.

    Buffers have static shapes and any strides; where channels aren't contiguous, the tile is of scalars. Floats narrower than f32
    accumulate in f32, integers in the result's type.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int", /*default=*/"-1",
      "Width of a vector register; 0 for a processor without; negative for that of the module's edge.target">,
    Option<"registers", "registers", "int", /*default=*/"-1",
      "Vector registers (scalar ones where there are no vectors) that a tile may use; negative for the target's">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def StreamRows : Pass<"edgec-stream-rows", "::mlir::func::FuncOp"> {
  let summary = "let a convolution and those that read it go through an image together, some rows after the other";
  let description = [{
    Window ops on buffers, each the only reader of the one before, become one `kernel.stream` where what lies between them would leave the cache; where there
    is no cache, because the arena gets smaller: a ring of rows takes the place of the image. Nothing is computed twice, but for what threads need of each
    other's rows. Runs before the arena is planned.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::memref::MemRefDialect"];
}

def DrawTogether : Pass<"edgec-draw-together", "::mlir::func::FuncOp"> {
  let summary = "let nothing stand between scores and what is summed up with them";
  let description = [{
    Where one matrix product's result, changed element by element (a softmax), is the left operand of another one, and is larger than half of the cache,
    everything between the two that doesn't come from it moves in front: `edgec-group-rows` can then make one group of them. Runs on tensors, once their order
    is decided.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect"];
}

def GroupRows : Pass<"edgec-group-rows"> {
  let summary = "let the ops of a softmax or a normalization go through a tensor together, a block of rows after the other";
  let description = [{
    Consecutive linalg ops on buffers whose outermost loop runs over the same rows, around at least one reduction, and that meet in no other row become one
    `kernel.rows`: one function later, whose rows stay in the first-level cache from op to op. So do the matrix products on both sides of a softmax, where the
    scores between them would leave the cache or, without one, fill the arena. Of what only the group uses there is no more than a block of rows. The other
    buffers live at the same time then, so a group is formed only where that needs no more memory. Runs before the arena is planned.
  }];
  let dependentDialects = ["::edgec::kernel::KernelDialect", "::mlir::memref::MemRefDialect"];
}

def StructuredToLoops : Pass<"edgec-structured-to-loops"> {
  let summary = "write the loops of linalg ops on buffers";
  let description = [{
    Each op becomes a nest of loops with one linear address an operand: loops that go on where the next one ends are one, and the innermost one runs along
    the result's memory, or along the operand's where that is reduced. Reductions keep their accumulators in vector registers; what reads along one dimension
    and writes along another is turned in blocks. What isn't linear or static is left for `edgec-linalg-to-loops`.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int", /*default=*/"-1",
      "Width of a vector register; 0 for a processor without; negative for that of the module's edge.target">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif
