// Ops that write elements at indices that a tensor holds.
#ifndef EDGE_SCATTER_TD
#define EDGE_SCATTER_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_ScatterReduction : I32EnumAttr<"ScatterReduction", "how an update meets the element that is there", [
    I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"add", 1>, I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"max", 3>,
    I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::edgec::edge";
}

def Edge_ScatterElementsOp : Edge_EvaluableOp<"scatter_elements", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "x, with each update written at its own place moved along `axis`";
  let description = [{
    `indices` and `updates` have one shape, of x's rank and with no larger extents but along `axis`; the result starts as x, then, in row-major order
    of the updates, `result[i, indices[i, j, k], k] = updates[i, j, k]` for axis 1, or that and the element there added, multiplied, their maximum or minimum
    (`reduction`). Of several updates without reduction the last stays. A negative index counts from the end; one outside is
    clamped. Source: ONNX ScatterElements, Scatter.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$indices, Edge_Tensor:$updates, I64Attr:$axis,
    Edge_ScatterReduction:$reduction);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$reduction $x `at` $indices `with` $updates `axis` $axis attr-dict `:` type($x) `,` type($indices) `,` type($updates)";
}

def Edge_ScatterNDOp : Edge_EvaluableOp<"scatter_nd"> {
  let summary = "x, with slices written at index tuples";
  let description = [{
    `x` is `[D1..DK, S...]`, `indices` is `[I..., K]`, `updates` is `[I..., S...]`; the result starts as x, then, in row-major order,
    `result[indices[i, 0], ..., indices[i, K - 1], s] = updates[i, s]`, reduced and clamped as in `edge.scatter_elements`.
    Source: ONNX ScatterND.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$indices, Edge_Tensor:$updates,
    Edge_ScatterReduction:$reduction);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$reduction $x `at` $indices `with` $updates attr-dict `:` type($x) `,` type($indices) `,` type($updates)";
}

#endif
