// Selection of the largest or smallest elements.
#ifndef EDGE_TOPK_TD
#define EDGE_TOPK_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_TopKOp : Edge_EvaluableOp<"topk", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "the k largest (or, with `smallest`, smallest) elements along `axis`, in order, and their indices";
  let description = [{
    Both results have x's shape with extent `k` along `axis`; the indices are `i64`. The best element comes first, and of equal ones that with the
    smaller index. NaNs come last. Time is that of one pass, and of one pass over the k kept for each element
    that enters them. Source: ONNX TopK.
  }];
  let arguments = (ins Edge_Tensor:$x, I64Attr:$k, I64Attr:$axis, UnitAttr:$smallest);
  let results = (outs Edge_Tensor:$values, Edge_Tensor:$indices);
  let assemblyFormat = "$k `of` $x `axis` $axis (`smallest` $smallest^)? attr-dict `:` type($x)";
}

#endif
