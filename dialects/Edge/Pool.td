// Pooling over windows, channels last.
#ifndef EDGE_POOL_TD
#define EDGE_POOL_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_PoolKind : I32EnumAttr<"PoolKind", "how a window becomes one element", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"sum", 1>, I32EnumAttrCase<"average", 2>]> {
  let cppNamespace = "::edgec::edge";
}

def Edge_PoolOp : Edge_Op<"pool", [DeclareOpInterfaceMethods<QuantizableOpInterface>,
    DeclareOpInterfaceMethods<ElementMovingOpInterface, ["movesElements"]>]> {
  let summary = "max, sum or average over windows of any spatial rank";
  let description = [{
    `x` is `[N, D1..Dn, C]`, the result `[N, O1..On, C]` with `Oi` given by `output_shape`: `result[o] = kind of x[o * stride + k * dilation - padBefore]` over all `k` in
    `kernel`; positions outside `x` are skipped. `pads` holds all befores, then all afters. An average divides by the number of positions inside `x`, or, with
    `count_include_pad`, by those inside the padded extent. Every window starts before the end of the padded extent (rounding the number of windows up or down is the
    frontend's choice). Integers have a largest one, or an i32 sum, but no average. Source: ONNX MaxPool, AveragePool, LpPool.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_PoolKind:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$output_shape, UnitAttr:$count_include_pad);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = [{
    $kind $x `window` $kernel `strides` $strides `dilations` $dilations `pads` $pads `to` $output_shape
    (`count_include_pad` $count_include_pad^)? attr-dict `:` type($x)
  }];
}

#endif
