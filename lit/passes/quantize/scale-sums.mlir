// RUN: edgec-opt %s --edgec-scale-sums --split-input-file | FileCheck %s

// Weights are the integers, less their zero points; sums are scaled, and the bias is added to that.
// CHECK: module attributes {edge.narrow_constants}
// CHECK-LABEL: func @conv
// CHECK-DAG: edge.constant dense<{{\[\[\[\[}}1.000000e+00, 1.000000e+00], [3.000000e+00, 3.000000e+00]]]]> : tensor<1x1x2x2xf32>
// CHECK-DAG: %[[BIAS:.*]] = edge.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: %[[SUM:.*]] = edge.conv %arg0, %{{.*}} <{
// CHECK: %[[SCALE:.*]] = edge.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
// CHECK: %[[SCALED:.*]] = edge.mul %[[SUM]], %[[SCALE]]
// CHECK: edge.add %[[SCALED]], %[[BIAS]]
module {
  func.func @conv(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
    %i = edge.constant dense<[[[[1, 2], [3, 4]]]]> : tensor<1x1x2x2xi8>
    %w = edge.dequantize %i as !quant.uniform<i8:f32:3, {0.5:0, 0.25:1}> : tensor<1x1x2x2xi8>
    %bias = edge.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %0 = edge.conv %x, %w bias %bias <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>, tensor<2xf32>
    return %0 : tensor<1x4x4x2xf32>
  }
}

// -----

// Scales along the summed dimension don't factor out.
// CHECK-NOT: edge.narrow_constants
// CHECK-LABEL: func @other_axis
// CHECK: edge.dequantize
// CHECK-NOT: edge.mul
module {
  func.func @other_axis(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %i = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
    %w = edge.dequantize %i as !quant.uniform<i8:f32:0, {0.5, 0.25}> : tensor<2x2xi8>
    %0 = edge.matmul %x, %w : tensor<1x2xf32>, tensor<2x2xf32>
    return %0 : tensor<1x2xf32>
  }
}
