// Convolutions, channels last.
#ifndef EDGE_CONV_TD
#define EDGE_CONV_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_ConvOp : Edge_Op<"conv", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand", "getLayerWeights"]>]> {
  let summary = "convolution of any spatial rank, grouped, strided, dilated, padded";
  let description = [{
    `x` is `[N, D1..Dn, C]`, `filter` is `[K1..Kn, C / groups, F]`, `bias` is `[F]`, the result `[N, O1..On, F]` with
    `Oi = (Di + padBefore_i + padAfter_i - dilation_i * (Ki - 1) - 1) / stride_i + 1`. `pads` holds all befores, then all afters.
    A negative pad crops. Output feature f reads input channels of group `f / (F / groups)`. Source: ONNX Conv, ConvInteger.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$filter, Optional<Edge_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `,` $filter (`bias` $bias^)? prop-dict attr-dict `:` type($x) `,` type($filter) (`,` type($bias)^)?";
}

def Edge_ConvTransposeOp : Edge_Op<"conv_transpose", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand", "getLayerWeights"]>]> {
  let summary = "transposed convolution: the gradient of a convolution with respect to its input";
  let description = [{
    `x` is `[N, D1..Dn, C]`, `filter` is `[K1..Kn, C / groups, F]` with F all output features (group g writes features
    `[g * F / groups, (g + 1) * F / groups)`), `bias` is `[F]`; the result is `[N, O1..On, F]` with `Oi` given by `output_shape`:
    `result[i * stride + k * dilation - padBefore] += x[i] * filter[k]`; what falls outside is dropped. Source: ONNX ConvTranspose.
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$filter, Optional<Edge_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups,
    DenseI64ArrayAttr:$output_shape);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `,` $filter (`bias` $bias^)? prop-dict attr-dict `:` type($x) `,` type($filter) (`,` type($bias)^)?";
}

#endif
