// Ops that make a tensor larger by what is in it, or around it.
#ifndef EDGE_PAD_TD
#define EDGE_PAD_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_PadMode : I32EnumAttr<"PadMode", "what is found outside of a tensor", [
    I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"edge", 1>, I32EnumAttrCase<"reflect", 2>, I32EnumAttrCase<"wrap", 3>]> {
  let cppNamespace = "::edgec::edge";
}

def Edge_PadOp : Edge_EvaluableOp<"pad", [
    DeclareOpInterfaceMethods<TransposableOpInterface, ["isLayoutOperand"]>,
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand"]>,
    DeclareOpInterfaceMethods<ElementMovingOpInterface, ["buildMoving"]>]> {
  let summary = "x with `low` elements before it and `high` after it in each dimension; negative ones crop";
  let description = [{
    `result[i] = x[i - low]` inside x. Outside it is `value`, a 0-d tensor (zero where absent), in mode `constant`; the nearest element in mode `edge`; x mirrored at
    its border elements, which do not repeat, in mode `reflect`; x repeated in mode `wrap`. Source: ONNX Pad.
  }];
  let arguments = (ins Edge_Tensor:$x, Optional<Edge_Tensor>:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
    Edge_PadMode:$mode);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$mode $x (`value` $value^)? `low` $low `high` $high attr-dict `:` type($x) (`,` type($value)^)?";
  let hasFolder = 1;
}

def Edge_TileOp : Edge_EvaluableOp<"tile", [DeclareOpInterfaceMethods<TransposableOpInterface>, ElementMovingOpInterface]> {
  let summary = "x repeated `repeats` times along each dimension";
  let description = "`result[i] = x[i mod extent]`. Source: ONNX Tile.";
  let arguments = (ins Edge_Tensor:$x, DenseI64ArrayAttr:$repeats);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `by` $repeats attr-dict `:` type($x)";
  let hasFolder = 1;
}

#endif
