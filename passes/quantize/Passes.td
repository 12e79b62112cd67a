// Passes on quantized tensors.
#ifndef EDGEC_QUANTIZE_PASSES_TD
#define EDGEC_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

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

def QuantizeByFormula : Pass<"edgec-quantize-by-formula", "::mlir::func::FuncOp"> {
  let summary = "Read and write quantized tensors by their formulas, in floating point";
  let description = [{
    `edge.dequantize` becomes scale * (x - zero_point), `edge.quantize` min(max(round(x / scale) + zero_point, low), high), halves rounded to even. What can be computed with
    integers exactly has been taken away before.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

#endif
