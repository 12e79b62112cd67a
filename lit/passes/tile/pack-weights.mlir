// RUN: edgec-opt %s --split-input-file --edgec-pack-weights | FileCheck %s

// Three features in blocks of four lanes: each product's row is filled up with a zero.
// CHECK-LABEL: @matmul
// CHECK: %[[W:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 0.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00, 0.000000e+00]> : tensor<8xf32>
// CHECK: kernel.matmul ins(%{{.*}}, %[[W]] : tensor<1x4x2xf32>, tensor<8xf32>) {{.*}}packing = #kernel.packing<vectors = 1, lanes = 4>
func.func @matmul(%a: tensor<1x4x2xf32>) -> tensor<1x4x3xf32> {
  %w = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]> : tensor<1x2x3xf32>
  %empty = tensor.empty() : tensor<1x4x3xf32>
  %r = kernel.matmul ins(%a, %w : tensor<1x4x2xf32>, tensor<1x2x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
  return %r : tensor<1x4x3xf32>
}

// -----

// What isn't constant stays as it is, and so does a depthwise filter, which is a stream already.
// CHECK-LABEL: @left
// CHECK-NOT: packing
func.func @left(%x: tensor<1x6x8xf32>, %w: tensor<3x8x4xf32>) -> (tensor<1x4x4xf32>, tensor<1x4x8xf32>) {
  %d = arith.constant dense<1.0> : tensor<3x1x8xf32>
  %empty = tensor.empty() : tensor<1x4x4xf32>
  %empty8 = tensor.empty() : tensor<1x4x8xf32>
  %r = kernel.conv ins(%x, %w : tensor<1x6x8xf32>, tensor<3x8x4xf32>) outs(%empty : tensor<1x4x4xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1} -> tensor<1x4x4xf32>
  %s = kernel.conv ins(%x, %d : tensor<1x6x8xf32>, tensor<3x1x8xf32>) outs(%empty8 : tensor<1x4x8xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 8} -> tensor<1x4x8xf32>
  return %r, %s : tensor<1x4x4xf32>, tensor<1x4x8xf32>
}
