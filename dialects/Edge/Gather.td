// Ops that read elements at indices that a tensor holds.
#ifndef EDGE_GATHER_TD
#define EDGE_GATHER_TD

include "dialects/Edge/EdgeDialect.td"

// What the gathers and scatters share: a negative index counts from the end of its dimension, and one that is outside is clamped into it.
def Edge_GatherOp : Edge_EvaluableOp<"gather", [
    DeclareOpInterfaceMethods<TransposableOpInterface, ["isLayoutOperand"]>,
    DeclareOpInterfaceMethods<ElementMovingOpInterface, ["isDataOperand"]>]> {
  let summary = "slices of x along `axis`, at indices";
  let description = [{
    `x` is `[A..., D, B...]` with D at `axis`, `indices` has any shape `[I...]`, the result is `[A..., I..., B...]`:
    `result[a, i, b] = x[a, indices[i], b]`. A negative index counts from the end; one outside `[-D, D)` is clamped. Indices that are constant and
    evenly spaced make it an `edge.slice`. Source: ONNX Gather.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$indices, I64Attr:$axis);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `at` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices)";
  let hasCanonicalizer = 1;
}

def Edge_GatherElementsOp : Edge_EvaluableOp<"gather_elements", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "for each index, the element of x at its place, but moved along `axis`";
  let description = [{
    `indices` has x's rank and no larger extents but along `axis`; the result has its shape:
    `result[i, j, k] = x[i, indices[i, j, k], k]` for axis 1. Indices count and clamp as in `edge.gather`. Source: ONNX GatherElements.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$indices, I64Attr:$axis);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `at` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices)";
}

def Edge_GatherNDOp : Edge_EvaluableOp<"gather_nd"> {
  let summary = "slices of x at index tuples";
  let description = [{
    `x` is `[B..., D1..DK, S...]`, `indices` is `[B..., I..., K]` with `batch_dims` dimensions B in common, the result `[B..., I..., S...]`:
    `result[b, i, s] = x[b, indices[b, i, 0], ..., indices[b, i, K - 1], s]`. Indices count and clamp as in `edge.gather`.
    Source: ONNX GatherND.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$indices, I64Attr:$batch_dims);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `at` $indices `batch_dims` $batch_dims attr-dict `:` type($x) `,` type($indices)";
}

#endif
