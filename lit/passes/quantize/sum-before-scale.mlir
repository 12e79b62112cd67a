// RUN: edgec-opt %s --edgec-sum-before-scale --canonicalize | FileCheck %s

// Zero point and scale, of which there is one a row, work on the sums: with 4/4 and 6/8, what the weights' columns add up to.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[X:[^:]*]]: tensor<3x2xi8>, %[[Z:[^:]*]]: tensor<3x1xf32>, %[[S:[^:]*]]: tensor<3x1xf32>
// CHECK-DAG: %[[COLUMNS:.*]] = edge.constant dense<[1.000000e+00, 7.500000e-01]>
// CHECK-DAG: %[[NUMBERS:.*]] = edge.dequantize %[[X]] as !quant.uniform<i8:f32, 1.000000e+00>
// CHECK: %[[SUM:.*]] = edge.matmul %[[NUMBERS]], %{{.*}} : tensor<3x2xf32>, tensor<2x2xf32>
// CHECK: %[[OFFSET:.*]] = edge.mul %[[Z]], %[[COLUMNS]] : tensor<3x1xf32>, tensor<2xf32>
// CHECK: %[[CENTRED:.*]] = edge.sub %[[SUM]], %[[OFFSET]]
// CHECK: %[[Y:.*]] = edge.mul %[[CENTRED]], %[[S]]
// CHECK: return %[[Y]]
func.func @rows(%x: tensor<3x2xi8>, %z: tensor<3x1xf32>, %s: tensor<3x1xf32>) -> tensor<3x2xf32> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 1.0> : tensor<3x2xi8>
  %1 = edge.sub %0, %z : tensor<3x2xf32>, tensor<3x1xf32>
  %2 = edge.mul %1, %s : tensor<3x2xf32>, tensor<3x1xf32>
  %3 = edge.dequantize %w as !quant.uniform<i8:f32:1, {0.25, 0.125}> : tensor<2x2xi8>
  %4 = edge.matmul %2, %3 : tensor<3x2xf32>, tensor<2x2xf32>
  return %4 : tensor<3x2xf32>
}

// One of each, and weights that lie the other way.
// CHECK-LABEL: func @tensor
// CHECK-DAG: %[[COLUMNS:.*]] = edge.constant dense<[7.500000e-01, 8.750000e-01]>
// CHECK: edge.matmul %{{.*}}, %{{.*}} transpose_b : tensor<5x3x2xf32>, tensor<2x2xf32>
// CHECK: edge.mul %{{.*}}, %[[COLUMNS]] : tensor<f32>, tensor<2xf32>
func.func @tensor(%x: tensor<5x3x2xi8>, %z: tensor<f32>, %s: tensor<f32>) -> tensor<5x3x2xf32> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 1.0> : tensor<5x3x2xi8>
  %1 = edge.sub %0, %z : tensor<5x3x2xf32>, tensor<f32>
  %2 = edge.mul %1, %s : tensor<5x3x2xf32>, tensor<f32>
  %3 = edge.dequantize %w as !quant.uniform<i8:f32:0, {0.25, 0.125}> : tensor<2x2xi8>
  %4 = edge.matmul %2, %3 transpose_b : tensor<5x3x2xf32>, tensor<2x2xf32>
  return %4 : tensor<5x3x2xf32>
}

// A scale for each product can't wait for the sum.
// CHECK-LABEL: func @kept
// CHECK: %[[X:.*]] = edge.mul
// CHECK: edge.matmul %[[X]]
func.func @kept(%x: tensor<3x2xi8>, %s: tensor<2xf32>) -> tensor<3x2xf32> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 1.0> : tensor<3x2xi8>
  %1 = edge.mul %0, %s : tensor<3x2xf32>, tensor<2xf32>
  %2 = edge.dequantize %w as !quant.uniform<i8:f32:1, {0.25, 0.125}> : tensor<2x2xi8>
  %3 = edge.matmul %1, %2 : tensor<3x2xf32>, tensor<2x2xf32>
  return %3 : tensor<3x2xf32>
}
