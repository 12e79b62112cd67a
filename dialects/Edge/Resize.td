// Resampling of images, signals and volumes.
#ifndef EDGE_RESIZE_TD
#define EDGE_RESIZE_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_ResampleOp : Edge_Op<"resample", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<TransposableOpInterface, ["isLayoutOperand"]>,
    DeclareOpInterfaceMethods<ElementMovingOpInterface, ["movesElements", "isDataOperand"]>]> {
  let summary = "x resampled along some axes, by tables of indices and weights";
  let description = [{
    For each entry d of `axes` there are indices `[Od, Td]` (integers in range) and, unless the op only picks elements (`Td` = 1), weights
    `[Od, Td]`; the result has extent `Od` there. For axes 1 and 2:
    `result[n, y, x, c] = sum over s, t of weights1[y, s] * weights2[x, t] * x[n, indices1[y, s], indices2[x, t], c]`.
    Every mode of ONNX's Resize (nearest, linear, cubic, antialiased, any coordinate transform) is such a table, computed when the
    model is imported. Narrow floats and integers are computed in f32, integers then truncate. Where the weights of integers are `i32`, so are the computation and
    the result. Source: ONNX Resize, Upsample.
  }];
  let arguments = (ins Edge_Tensor:$x, Variadic<Edge_Tensor>:$indices, Variadic<Edge_Tensor>:$weights, DenseI64ArrayAttr:$axes);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = [{
    $x `axes` $axes `at` $indices (`weights` $weights^)? attr-dict `:` type($x) `at` type($indices) (`weights` type($weights)^)?
  }];
  let hasFolder = 1;
}

#endif
