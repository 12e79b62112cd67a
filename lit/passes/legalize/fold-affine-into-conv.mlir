// RUN: edgec-opt %s --edgec-fold-affine-into-conv --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// A scale goes into the filter, a shift into the bias, and the new op is the work of three nodes.
// CHECK-LABEL: @scale_and_shift
// CHECK: %[[FILTER:.*]] = edge.constant dense<{{\[\[\[\[}}1.000000e+01, 2.000000e+02], [3.000000e+01, 4.000000e+02]]]]>
// CHECK: %[[BIAS:.*]] = edge.constant dense<[5.000000e-01, 2.500000e-01]>
// CHECK: edge.conv %arg0, %[[FILTER]] bias %[[BIAS]] {{.*}} loc(fused["conv", "scale", "shift"])
// CHECK-NEXT: return
func.func @scale_and_shift(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  %filter = edge.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>
  %scale = edge.constant dense<[10.0, 100.0]> : tensor<2xf32>
  %shift = edge.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %0 = edge.conv %x, %filter <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32> loc("conv")
  %1 = edge.mul %0, %scale : tensor<1x4x4x2xf32>, tensor<2xf32> loc("scale")
  %2 = edge.add %1, %shift : tensor<1x4x4x2xf32>, tensor<2xf32> loc("shift")
  return %2 : tensor<1x4x4x2xf32>
}

// The bias that is there is scaled as well.
// CHECK-LABEL: @bias
// CHECK-DAG: dense<{{\[\[\[}}2.000000e+00, 4.000000e+00], [6.000000e+00, 8.000000e+00]]]>
// CHECK-DAG: dense<[2.000000e+00, 4.000000e+00]>
// CHECK: edge.conv
// CHECK-NEXT: return
func.func @bias(%x: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  %filter = edge.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %bias = edge.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %scale = edge.constant dense<2.0> : tensor<f32>
  %0 = edge.conv %x, %filter bias %bias <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x4x2xf32>, tensor<1x2x2xf32>, tensor<2xf32>
  %1 = edge.mul %0, %scale : tensor<1x4x2xf32>, tensor<f32>
  return %1 : tensor<1x4x2xf32>
}

// What somebody else reads stays as it is.
// CHECK-LABEL: @two_uses
// CHECK: edge.conv
// CHECK: edge.mul
func.func @two_uses(%x: tensor<1x4x2xf32>) -> (tensor<1x4x2xf32>, tensor<1x4x2xf32>) {
  %filter = edge.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %scale = edge.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = edge.conv %x, %filter <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x4x2xf32>, tensor<1x2x2xf32>
  %1 = edge.mul %0, %scale : tensor<1x4x2xf32>, tensor<2xf32>
  return %0, %1 : tensor<1x4x2xf32>, tensor<1x4x2xf32>
}

// As many values as channels, but along the width.
// CHECK-LABEL: @along_width
// CHECK: edge.conv
// CHECK: edge.mul
func.func @along_width(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %filter = edge.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %scale = edge.constant dense<[[2.0], [3.0]]> : tensor<2x1xf32>
  %0 = edge.conv %x, %filter <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x2x2xf32>, tensor<1x2x2xf32>
  %1 = edge.mul %0, %scale : tensor<1x2x2xf32>, tensor<2x1xf32>
  return %1 : tensor<1x2x2xf32>
}
