// Between a quantized tensor's integers and the numbers that they stand for.
#ifndef EDGE_QUANTIZE_TD
#define EDGE_QUANTIZE_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_Rounding : I32EnumAttr<"Rounding", "how a model's format rounds the results of integer layers", [
    I32EnumAttrCase<"fixed_point", 0>, I32EnumAttrCase<"float_scale", 1>]> {
  let cppNamespace = "::edgec::edge";
  let genSpecializedAttr = 0;
}
def Edge_RoundingAttr : EnumAttr<Edge_Dialect, Edge_Rounding, "rounding"> {
  let description = [{
    Stands on the module as `edge.rounding`; frontends write it. `fixed_point`: scales are integers and shifts, as in TFLite's reference kernels (`edge.requantize`), which
    is also what is meant where there is none. `float_scale`: scales are floats, halves are rounded to even, as ONNX says (`edge.requantize_float`).
  }];
  let assemblyFormat = "`<` $value `>`";
}

// The pair doesn't fold, and neither do the numbers of constants: the integers of a constant, and the rounding between two layers, are what
// integer arithmetic is found by. (The casts of upstream's `quant` dialect have folders that take `quantize` and `dequantize` for inverses of
// each other and drop both.) The integers of constant numbers are computed at once.
class Edge_Quantizing<string mnemonic, list<Trait> traits = []>
    : Op<Edge_Dialect, mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<TransposableOpInterface>])> {
  let arguments = (ins Edge_Tensor:$x, TypeAttr:$quantized);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `as` $quantized attr-dict `:` type($x)";
}

def Edge_DequantizeOp : Edge_Quantizing<"dequantize"> {
  let summary = "the numbers that integers stand for: scale * (x - zero_point)";
  let description = [{
    `quantized` is a `!quant.uniform` type, per tensor or per axis: the scales, the zero points, the storage type with its bounds. `x` has the storage type as
    its element type (`i8`, `ui8`, ...), the result the expressed type. Source: ONNX DequantizeLinear,
    TFLite DEQUANTIZE, and what quantized operators read.
  }];
}

def Edge_QuantizeOp : Edge_Quantizing<"quantize", [DeclareOpInterfaceMethods<EvaluableOpInterface>]> {
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

def Edge_RequantizeFloatOp : Edge_Op<"requantize_float"> {
  let summary = "sums at one scale as integers at another one, by float factors";
  let description = [{
    `x` is `i32`. Its element with index f in the last dimension becomes `round(min(max(float(x) * scales[f], low - zero_point), high - zero_point)) + zero_point`, halves
    rounded to even; one scale is for all. `storage` is the result's element type. Source: ONNX QLinearConv, QLinearMatMul, as onnxruntime computes them.
  }];
  let arguments = (ins Edge_Tensor:$x, DenseF32ArrayAttr:$scales, I32Attr:$zero_point, I32Attr:$low, I32Attr:$high, TypeAttr:$storage);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x prop-dict attr-dict `:` type($x)";
}

#endif
