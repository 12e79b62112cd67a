// Ops that combine elements along dimensions: reductions, the place of an extreme, running totals.
#ifndef EDGE_REDUCE_TD
#define EDGE_REDUCE_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_ReduceKind : I32EnumAttr<"ReduceKind", "how two elements are combined", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"prod", 1>, I32EnumAttrCase<"max", 2>, I32EnumAttrCase<"min", 3>]> {
  let cppNamespace = "::edgec::edge";
}

def Edge_ReduceOp : Edge_EvaluableOp<"reduce", [DeclareOpInterfaceMethods<TransposableOpInterface>,
    DeclareOpInterfaceMethods<QuantizableOpInterface>]> {
  let summary = "all elements along `axes` combined into one";
  let description = [{
    `result[i] = x[i, a1] kind x[i, a2] kind ...` over all indices along `axes`, which stay with extent 1 where `keepdims` is set and are dropped
    otherwise. Over no elements the result is 0 for `sum`, 1 for `prod`, the least value (-inf) for `max` and the largest (inf) for `min`. NaN wins in `max` and
    `min`; on booleans these are *or* and *and*. Floats narrower than f32 accumulate in f32; the order of a float sum is free. What can be
    written with elementwise ops around (mean, norms, log-sum-exp) is. Source: ONNX ReduceSum, ReduceProd, ReduceMax, ReduceMin, global pools.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_ReduceKind:$kind, DenseI64ArrayAttr:$axes, UnitAttr:$keepdims);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$kind $x `over` $axes (`keepdims` $keepdims^)? attr-dict `:` type($x)";
  let hasFolder = 1;
}

def Edge_ArgReduceOp : Edge_EvaluableOp<"arg_reduce", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "the index of the largest or smallest element along `axis`, as i64";
  let description = [{
    `result[i] = a` such that `x[i, a]` is the maximum (`kind` = max) or minimum (min) along `axis`: the first such `a`, or, with `select_last`, the last.
    NaN is never chosen before a number. The axis stays with extent 1 where `keepdims` is set. Source: ONNX ArgMax, ArgMin.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_ReduceKind:$kind, I64Attr:$axis, UnitAttr:$keepdims, UnitAttr:$select_last);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$kind $x `over` $axis (`keepdims` $keepdims^)? (`select_last` $select_last^)? attr-dict `:` type($x)";
}

def Edge_CumulateOp : Edge_EvaluableOp<"cumulate", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "running total along `axis`";
  let description = [{
    `result[i, a] = x[i, 0] kind ... kind x[i, a]`; with `exclusive` up to `x[i, a - 1]` (so that the first is 0, 1 or the limit), with `reverse` from the
    end of the axis backwards. Floats narrower than f32 accumulate in f32. Source: ONNX CumSum, CumProd.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_ReduceKind:$kind, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$kind $x `along` $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)? attr-dict `:` type($x)";
}

#endif
