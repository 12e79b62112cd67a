// Passes on quantized tensors.
#ifndef EDGEC_QUANTIZE_PASSES_TD
#define EDGEC_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def IntegerArithmetic : Pass<"edgec-integer-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "compute quantized layers on integers";
  let description = [{
    A convolution, a matrix product, a sum or an average between `edge.dequantize`s and one `edge.quantize`, with a bias and a clamp, becomes sums of integers and an
    `edge.requantize`, bit by bit as TFLite's reference kernels compute it. Weights have to be constants.
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
