// Softmax and its logarithm.
#ifndef EDGE_SOFTMAX_TD
#define EDGE_SOFTMAX_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_SoftmaxOp : Edge_EvaluableOp<"softmax", [DeclareOpInterfaceMethods<TransposableOpInterface>]> {
  let summary = "e^x normalised to sum 1 along `axis`; with `log`, the logarithm of that; with `safe`, defined where x is -inf all along";
  let description = [{
    With `m = max(x)` and `s = sum(e^(x - m))` along `axis`: `result = e^(x - m) / s`, or `result = (x - m) - ln s` where `log` is set. The subtraction keeps
    large inputs from overflowing. Floats narrower than f32 compute in f32 and round once. A line of nothing but -inf gives NaN, or, with `safe`, zeros: that is what attention makes of a
    query whose keys are all masked. `log` and `safe` exclude each other. Source: ONNX Softmax, LogSoftmax (opset 13 meaning); aten::_safe_softmax.
  }];
  let arguments = (ins Edge_Tensor:$x, I64Attr:$axis, UnitAttr:$log, UnitAttr:$safe);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "(`log` $log^)? (`safe` $safe^)? $x `along` $axis attr-dict `:` type($x)";
  let hasCanonicalizer = 1;
}

#endif
