// Matrix products.
#ifndef EDGE_MATMUL_TD
#define EDGE_MATMUL_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_MatMulOp : Edge_Op<"matmul", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand", "getLayerWeights"]>]> {
  let summary = "batched matrix product; batch dimensions broadcast";
  let description = [{
    `a` is `[..., M, K]`, `b` is `[..., K, N]`, or `[..., N, K]` where `transpose_b` is set; the result `[..., M, N]`. Both have rank 2 or more.
    Floats narrower than f32 accumulate in f32. Source: ONNX MatMul, Gemm, MatMulInteger.
  }];
  let arguments = (ins Edge_Tensor:$a, Edge_Tensor:$b, UnitAttr:$transpose_b);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$a `,` $b (`transpose_b` $transpose_b^)? attr-dict `:` type($a) `,` type($b)";
}

def Edge_EinsumOp : Edge_Op<"einsum"> {
  let summary = "sum of products over labelled dimensions";
  let description = [{
    `equation` labels each dimension of each operand and of the result with one character, as in `"ij,jk->ik"`: dimensions of one label run together,
    labels that the result lacks are summed over, a label twice in one operand takes its diagonal. An extent of 1 broadcasts. The result's
    labels are explicit and distinct. Floats narrower than f32 accumulate in f32. Source: ONNX Einsum.
  }];
  let arguments = (ins Variadic<Edge_Tensor>:$inputs, StrAttr:$equation);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$equation $inputs attr-dict `:` type($inputs)";
}

#endif
