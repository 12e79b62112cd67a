// The kernel ops.
#ifndef KERNEL_OPS_TD
#define KERNEL_OPS_TD

include "dialects/Kernel/KernelDialect.td"

def Kernel_ConvOp : Kernel_StructuredOp<"conv"> {
  let summary = "convolution, or its transpose, over an unpadded channels-last input";
  let description = [{
    Shapes as in `edge.conv`. One relation holds for both directions: `large = small * stride + k * dilation - padBefore`, where a
    convolution reads `large` and writes `small`, and a transposed one (`transposed`) reads `small` and writes `large`. Positions outside
    `large` are skipped, so no padded copy of the input is made. The accumulator starts at `bias`, or at zero.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$filter, Optional<AnyShaped>:$bias, AnyShaped:$init,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups, UnitAttr:$transposed);
  let assemblyFormat = [{
    `ins` `(` $x `,` $filter (`bias` $bias^)? `:` type($x) `,` type($filter) (`,` type($bias)^)? `)` `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($results)^)?
  }];
}

def Kernel_PoolKind : I32EnumAttr<"PoolKind", "how a window becomes one element", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"sum", 1>, I32EnumAttrCase<"average", 2>]> {
  let cppNamespace = "::edgec::kernel";
}

def Kernel_PoolOp : Kernel_StructuredOp<"pool"> {
  let summary = "max, sum or average over windows of an unpadded channels-last input";
  let description = [{
    `x` is `[N, D1..Dn, C]`, `init` `[N, O1..On, C]`. Positions outside the input are skipped. An average divides by the number of positions inside it, or, with
    `count_include_pad`, by those inside the padded input.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$init, Kernel_PoolKind:$kind, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, UnitAttr:$count_include_pad, UnitAttr:$is_unsigned);
  let assemblyFormat = [{
    $kind `ins` `(` $x `:` type($x) `)` `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($results)^)?
  }];
}

def Kernel_RequireOp : Op<Kernel_Dialect, "require"> {
  let summary = "the run ends with EDGEC_ERROR_SHAPE unless `condition` holds";
  let description = "Only at the top level of the model's function, where lowering ends the function.";
  let arguments = (ins I1:$condition);
  let assemblyFormat = "$condition attr-dict";
}

#endif
