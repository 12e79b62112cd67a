// Ops on integers that stand for numbers: tables, and functions in fixed point.
#ifndef EDGE_FIXED_POINT_TD
#define EDGE_FIXED_POINT_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_LookupOp : Edge_EvaluableOp<"lookup", [DeclareOpInterfaceMethods<TransposableOpInterface, ["isLayoutOperand"]>]> {
  let summary = "for each integer of 8 bits, what a table has for it";
  let description = [{
    `result = table[x - least]`, where `least` is the least integer of x's type: the table's 256 entries are in the order of the integers. Any function of one
    quantized operand is such a table. Source: TFLite's quantized LOGISTIC, TANH, EXP, ELU, GELU, LEAKY_RELU, HARD_SWISH, ...
  }];
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$table);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `in` $table attr-dict `:` type($x) `,` type($table)";
}

class Edge_FixedFunction<string mnemonic, string formula> : Edge_Op<mnemonic> {
  let summary = formula # " in 16 bits of fixed point";
  let description = [{
    `x` is `i16` with `whole` bits (0 to 6) left of the point; the result has none, so that 32768 would stand for 1. Computed as gemmlowp does, bit by bit: a
    series for e^x near 0, its powers for the bits of x, and Newton's method for the quotient. Source: the gates of TFLite's UNIDIRECTIONAL_SEQUENCE_LSTM.
  }];
  let arguments = (ins Edge_Tensor:$x, I32Attr:$whole);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `whole` $whole attr-dict `:` type($x)";
}
def Edge_FixedSigmoidOp : Edge_FixedFunction<"fixed_sigmoid", "1 / (1 + e^-x)">;
def Edge_FixedTanhOp : Edge_FixedFunction<"fixed_tanh", "tanh x">;

def Edge_FixedSoftmaxOp : Edge_Op<"fixed_softmax"> {
  let summary = "e^x normalised to sum 1 along the last dimension, in fixed point";
  let description = [{
    With m the largest x of a line, its elements are `e^((x - m) * multiplier * 2^(shift - 31))`, the exponent having 5 bits left of the point, divided by their
    sum, which has 12, and written with the least integer of `storage` for 0 and one step beyond its largest for 1. Bit by bit as gemmlowp computes it; exponents
    come from a table. `x` is of 8 bits, `storage` such or `i16`. Source: TFLite's quantized SOFTMAX.
  }];
  let arguments = (ins Edge_Tensor:$x, I32Attr:$multiplier, I32Attr:$shift, TypeAttr:$storage);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `times` $multiplier `shift` $shift `to` $storage attr-dict `:` type($x)";
}

#endif
