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

// -----

// With --fast-conv a convolution of 3x3 is transformed, its weights at once.
// CHECK-LABEL: func @fast
// CHECK: %[[FILTER:.*]] = arith.constant dense{{.*}} : tensor<36x16x16xf32>
// CHECK: %[[SCRATCH:.*]] = memref.alloc() : memref<1x{{[0-9]+}}xf32>
// CHECK: kernel.winograd ins(%arg0, %[[FILTER]] : tensor<1x16x16x16xf32>, tensor<36x16x16xf32>) scratch(%[[SCRATCH]]
module attributes {edge.fast_conv, edge.target = #edge.target<name = "host", triple = "x86_64-linux-gnu", cpu = "haswell", features = "", abi = "", vector_bits = 256, vector_registers = 16, l2_bytes = 262144>} {
func.func @fast(%x: tensor<1x16x16x16xf32>) -> tensor<1x16x16x16xf32> {
  %w = arith.constant dense<1.0> : tensor<3x3x16x16xf32>
  %o = tensor.empty() : tensor<1x16x16x16xf32>
  %0 = kernel.conv ins(%x, %w : tensor<1x16x16x16xf32>, tensor<3x3x16x16xf32>) outs(%o : tensor<1x16x16x16xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1} -> tensor<1x16x16x16xf32>
  return %0 : tensor<1x16x16x16xf32>
}

// A stride, or too few channels: no.
// CHECK-LABEL: func @slow
// CHECK-NOT: winograd
func.func @slow(%x: tensor<1x16x16x8xf32>, %y: tensor<1x33x33x16xf32>) -> (tensor<1x16x16x16xf32>, tensor<1x16x16x16xf32>) {
  %w = arith.constant dense<1.0> : tensor<3x3x8x16xf32>
  %v = arith.constant dense<1.0> : tensor<3x3x16x16xf32>
  %o = tensor.empty() : tensor<1x16x16x16xf32>
  %0 = kernel.conv ins(%x, %w : tensor<1x16x16x8xf32>, tensor<3x3x8x16xf32>) outs(%o : tensor<1x16x16x16xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1} -> tensor<1x16x16x16xf32>
  %1 = kernel.conv ins(%y, %v : tensor<1x33x33x16xf32>, tensor<3x3x16x16xf32>) outs(%o : tensor<1x16x16x16xf32>) {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1} -> tensor<1x16x16x16xf32>
  return %0, %1 : tensor<1x16x16x16xf32>, tensor<1x16x16x16xf32>
}
}
