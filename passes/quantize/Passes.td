// Passes on quantized tensors.
#ifndef EDGEC_QUANTIZE_PASSES_TD
#define EDGEC_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def LimitsBeforeMoves : Pass<"edgec-limits-before-moves", "::mlir::func::FuncOp"> {
  let summary = "limit elements where they are computed, before they are moved";
  let description = [{
    A ReLU behind a reshape or a transpose comes to stand right behind the layer, whose rounding it is then part of.
  }];
}

def EqualizeChannels : Pass<"edgec-equalize-channels", "::mlir::func::FuncOp"> {
  let summary = "scale the channels between two layers so that one scale suits them all";
  let description = [{
    What layers read is divided by a factor for each channel, in the weights that compute it, and their own weights are multiplied: the network stays the same, as a ReLU, a
    maximum and the scale of a normalization commute with that. The factor is the root of the channel's largest magnitude, `edge.input_max` on the layer, by that of its
    weights (Nagel et al., arXiv:1906.04721; Xiao et al., arXiv:2211.10438).
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def InsertQuantization : Pass<"edgec-insert-quantization", "::mlir::ModuleOp"> {
  let summary = "make a float module one of integers, by the ranges that were seen";
  let description = [{
    Acts on a module with `edge.quantize` = "int8" or "int16x8". What layers and sums read (`QuantizableOpInterface`) becomes `edge.quantize` and `edge.dequantize`: one scale
    for tensors that move into one another, from their `edge.range`, which is widened to hold zero. int8 has a zero point, int16 none. Weights are rounded to
    [-127, 127] with a scale for each output feature, biases to 32 bits; where a layer has `edge.input_mean`, the mean of each input channel, its bias takes up what rounding
    the weights moves the mean result by. What only floats read stays floats, and so do ops with `edge.keep_float`.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect", "::mlir::quant::QuantDialect"];
}

def QuantizeWeights : Pass<"edgec-quantize-weights", "::mlir::ModuleOp"> {
  let summary = "make the weights of a float module integers, and leave all else floats";
  let description = [{
    Acts on a module with `edge.quantize` = "weights-int8" or "weights-int4". Weights of layers become `edge.dequantize` of integers in [-127, 127], with a scale for each output
    feature. With 4 bits, those of matrix products become floats that are multiples, -7 to 7, of a scale for each `edge.group_size` neighbouring ones of a feature, a bfloat16. Of tables
    that rows are gathered from, the integers are gathered, and scaled then. Small constants stay, and ops with `edge.keep_float`.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect", "::mlir::quant::QuantDialect"];
}

def NarrowFloats : Pass<"edgec-narrow-floats", "::mlir::ModuleOp"> {
  let summary = "store tensors and weights of a float module as f16 or bf16";
  let description = [{
    Acts on a module with `edge.quantize` = "fp16" or "bf16". What layers and products read, what is moved, and sums that have several readers are `edge.cast` to 16 bits and back:
    the casts go into the loops of those who write and read it. Ops compute in f32. Weights and tables of layers are rounded. Inputs, outputs, and ops with `edge.keep_float` stay.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def ScaleSums : Pass<"edgec-scale-sums", "::mlir::ModuleOp"> {
  let summary = "scale the sums of float layers, not their integer weights";
  let description = [{
    A layer that reads floats and an `edge.dequantize` of constants with one scale for each of its output features becomes one with the integers as weights, and a multiplication of its
    results. `edge.narrow_constants` then stands on the module, by which they are stored in as few bits as they need.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def SetInterface : Pass<"edgec-set-interface", "::mlir::func::FuncOp"> {
  let summary = "give inputs and outputs the element types that the caller asks for";
  let description = [{
    An argument or a result with `edge.type` gets that element type. Integers are those that the model rounds its numbers to there anyway; of the other signedness,
    they are by half a range further on. Floats become other floats, and integers that are read as numbers become the numbers. `edge.quantized`
    says of an argument or result of integers what they stand for.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def MoveIntegers : Pass<"edgec-move-integers", "::mlir::func::FuncOp"> {
  let summary = "Let ops that only move elements move integers instead of the numbers that they stand for";
  let description = [{
    Ops say that they are of this kind (`ElementMovingOpInterface`). An `edge.dequantize` before one goes behind it, where all its data have the same scale and zero point; an
    `edge.quantize` behind one goes before it. Two of the same type that meet disappear. A transposition of constants moves to them, and folds.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def IntegerArithmetic : Pass<"edgec-integer-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "compute quantized layers on integers";
  let description = [{
    A convolution, a matrix product, a sum or an average between `edge.dequantize`s and one `edge.quantize`, with a bias and a clamp, becomes sums of integers. How these are
    brought to the result's scale says the module's `edge.rounding`: by an `edge.requantize`, bit by bit as TFLite's reference kernels compute it, with constant weights;
    or by an `edge.requantize_float`, as ONNX's quantized operators. A remark names each op that goes on computing quantized tensors in floating point.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def SumBeforeScale : Pass<"edgec-sum-before-scale", "::mlir::func::FuncOp"> {
  let summary = "scale the sums of integers, where their scale is found at run time";
  let description = [{
    A matrix product of constant integers and of `(x - zero point) * scale`, where `x` is an `edge.dequantize` and the others are computed, one for all of it or one a row, multiplies `x` itself. Zero point and
    scale work on the sums: with the sums of the weights' columns, which are constants.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def IntegerSums : Pass<"edgec-integer-sums", "::mlir::func::FuncOp"> {
  let summary = "sum integers where the result is read as numbers";
  let description = [{
    A layer of 8-bit operands with constant weights, or a sum over dimensions, that no `edge.quantize` follows, becomes a sum of integers and an `edge.dequantize` of that: its
    weights stay small, and nothing is rounded.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def RemoveConstantChannels : Pass<"edgec-remove-constant-channels", "::mlir::func::FuncOp"> {
  let summary = "Leave out channels whose value is known, and what is computed for them only";
  let description = [{
    From the integers that a model's inputs can hold follow bounds for each channel of every tensor: sums over weights and biases, rescaled exactly and limited. A
    channel whose bounds meet is a constant: what a layer adds of it goes into its bias. Channels that nobody has weights for aren't needed either. Both go, with
    the filters that compute them, where every reader allows it; results stay the same, bit by bit.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def QuantizeByFormula : Pass<"edgec-quantize-by-formula", "::mlir::func::FuncOp"> {
  let summary = "Read and write quantized tensors by their formulas, in floating point";
  let description = [{
    `edge.dequantize` becomes scale * (x - zero_point), `edge.quantize` min(max(round(x / scale) + zero_point, low), high). What can be computed with
    integers exactly has been taken away before.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

#endif
