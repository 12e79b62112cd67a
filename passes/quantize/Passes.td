// Passes on quantized tensors.
#ifndef EDGEC_QUANTIZE_PASSES_TD
#define EDGEC_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantizeByFormula : Pass<"edgec-quantize-by-formula", "::mlir::func::FuncOp"> {
  let summary = "Read and write quantized tensors by their formulas, in floating point";
  let description = [{
    `edge.dequantize` becomes scale * (x - zero_point), `edge.quantize` min(max(round(x / scale) + zero_point, low), high), halves rounded to even. What can be computed with
    integers exactly has been taken away before.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

#endif
