// Matrix products.
#ifndef EDGE_MATMUL_TD
#define EDGE_MATMUL_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_MatMulOp : Edge_Op<"matmul"> {
  let summary = "batched matrix product; batch dimensions broadcast";
  let description = [{
    `a` is `[..., M, K]`, `b` is `[..., K, N]`, or `[..., N, K]` where `transpose_b` is set; the result `[..., M, N]`. Both have rank 2 or more.
    Floats narrower than f32 accumulate in f32. Source: ONNX MatMul, Gemm, MatMulInteger.
  }];
  let arguments = (ins Edge_Tensor:$a, Edge_Tensor:$b, UnitAttr:$transpose_b);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a) `,` type($b)";
}

#endif
