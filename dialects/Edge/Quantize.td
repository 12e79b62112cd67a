// Between a quantized tensor's integers and the numbers that they stand for.
#ifndef EDGE_QUANTIZE_TD
#define EDGE_QUANTIZE_TD

include "dialects/Edge/EdgeDialect.td"

// Neither op folds: the integers of a constant, and the rounding between two layers, are what integer arithmetic is found by. (The casts of
// upstream's `quant` dialect have folders that take `quantize` and `dequantize` for inverses of each other and drop both.)
class Edge_Quantizing<string mnemonic> : Op<Edge_Dialect, mnemonic, [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let arguments = (ins Edge_Tensor:$x, TypeAttr:$quantized);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `as` $quantized attr-dict `:` type($x)";
}

def Edge_DequantizeOp : Edge_Quantizing<"dequantize"> {
  let summary = "the numbers that integers stand for: scale * (x - zero_point)";
  let description = [{
    `quantized` is a `!quant.uniform` type, per tensor or per axis: the scales, the zero points, the storage type with its bounds. `x` has the storage type as
    its element type (`i8`, `ui8`, ...), the result the expressed type. Source: TFLite DEQUANTIZE, and what its quantized operators read.
  }];
}

def Edge_QuantizeOp : Edge_Quantizing<"quantize"> {
  let summary = "numbers as integers: x / scale + zero_point, rounded to nearest, halves to even, and limited to the storage bounds";
  let description = [{
    The inverse of `edge.dequantize`, with rounding: `x` has the expressed type, the result the storage type. With `halves_away`, halves are rounded away from
    zero. Source: TFLite QUANTIZE, and what its quantized operators write (halves away); ONNX QuantizeLinear (to even).
  }];
  let arguments = (ins Edge_Tensor:$x, TypeAttr:$quantized, UnitAttr:$halves_away);
}

def Edge_RequantizeOp : Edge_Op<"requantize"> {
  let summary = "sums at one scale as integers at another one, in fixed point";
  let description = [{
    `x` is `i32`. Its element with index f in the last dimension becomes `round(x * multipliers[f] * 2^(shifts[f] - 31)) + zero_point`, limited to [`low`, `high`]; one
    multiplier and shift is for all. Rounded is twice, as gemmlowp and most of TFLite's reference kernels do (`MultiplyByQuantizedMultiplier`): the high half
    of the doubled product to nearest, halves up; and what a negative shift drops to nearest, halves away from zero. With `rounds_once` (TFLite's
    FULLY_CONNECTED) the whole product is rounded to nearest, halves up. `storage` is the result's element type.
  }];
  let arguments = (ins Edge_Tensor:$x, DenseI32ArrayAttr:$multipliers, DenseI32ArrayAttr:$shifts, I32Attr:$zero_point, I32Attr:$low, I32Attr:$high,
    TypeAttr:$storage, UnitAttr:$rounds_once);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x prop-dict attr-dict `:` type($x)";
}

#endif
