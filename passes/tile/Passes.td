// The passes that choose tiles and write loops.
#ifndef EDGEC_PASSES_TILE_TD
#define EDGEC_PASSES_TILE_TD

include "mlir/Pass/PassBase.td"

def KernelToLoops : Pass<"edgec-kernel-to-loops"> {
  let summary = "write the loops of kernel.conv and kernel.pool on buffers";
  let description = [{
    Each op becomes a loop nest over its output positions that keeps a tile of the result, a few pixels times a few vectors of channels, in
    registers while it walks the window. The part of the window that lies outside the input is never visited: its bounds are computed
    for each position at the border, and are constant everywhere else. No padded copy exists.

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

def GroupRows : Pass<"edgec-group-rows"> {
  let summary = "let the ops of a softmax or a normalization go through a tensor together, a block of rows after the other";
  let description = [{
    Consecutive linalg ops on buffers whose outermost loop runs over the same rows, around at least one reduction, and that meet in no other row become one
    `scf.execute_region`: one function later, whose rows stay in the first-level cache from op to op. `edge.rows` says into how many blocks of rows they are
    divided. Their buffers live at the same time then, so a group is formed only where that needs no more memory. Runs before the arena is planned.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
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
