// RUN: edgec-opt %s --edgec-kernel-to-loops -verify-diagnostics

func.func @tensors(%x: tensor<1x6x4xf32>, %o: tensor<1x3x4xf32>) -> tensor<1x3x4xf32> {
  // expected-error @+1 {{'kernel.pool' op has operands that aren't buffers of static shape}}
  %0 = kernel.pool sum ins(%x : tensor<1x6x4xf32>) outs(%o : tensor<1x3x4xf32>) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} -> tensor<1x3x4xf32>
  return %0 : tensor<1x3x4xf32>
}
