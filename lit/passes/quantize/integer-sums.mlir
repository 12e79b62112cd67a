// RUN: edgec-opt %s --edgec-integer-sums --canonicalize | FileCheck %s

// A layer that numbers are wanted of: the sum is of integers, and its scales are those of the products.
// CHECK-LABEL: func @layer
// CHECK: %[[WIDE:.*]] = edge.cast %arg0
// CHECK: %[[X:.*]] = edge.sub %[[WIDE]]
// CHECK: %[[SUM:.*]] = edge.matmul %[[X]], %{{.*}} : tensor<1x2xi32>, tensor<2x2xi32>
// CHECK: edge.dequantize %[[SUM]] as !quant.uniform<i32:f32:1, {1.250000e-01,6.250000e-02}>
func.func @layer(%x: tensor<1x2xi8>) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2xi8>
  %1 = edge.dequantize %w as !quant.uniform<i8:f32:1, {0.25, 0.125}> : tensor<2x2xi8>
  %2 = edge.matmul %0, %1 : tensor<1x2xf32>, tensor<2x2xf32>
  return %2 : tensor<1x2xf32>
}

// CHECK-LABEL: func @total
// CHECK: %[[SUM:.*]] = edge.reduce sum %{{.*}} over [1] : tensor<1x2xi32>
// CHECK: edge.dequantize %[[SUM]] as !quant.uniform<i32:f32, 5.000000e-01>
func.func @total(%x: tensor<1x2xi8>) -> tensor<1xf32> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2xi8>
  %1 = edge.reduce sum %0 over [1] : tensor<1x2xf32>
  return %1 : tensor<1xf32>
}

// 16 bits by 8 may not fit into 32, and weights along another axis have no scale in common.
// CHECK-LABEL: func @kept
// CHECK-COUNT-2: edge.matmul {{.*}}xf32>
func.func @kept(%x: tensor<1x2xi16>, %y: tensor<1x2xi8>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %x as !quant.uniform<i16:f32, 0.5> : tensor<1x2xi16>
  %1 = edge.dequantize %y as !quant.uniform<i8:f32, 0.5> : tensor<1x2xi8>
  %2 = edge.dequantize %w as !quant.uniform<i8:f32:1, {0.25, 0.125}> : tensor<2x2xi8>
  %3 = edge.dequantize %w as !quant.uniform<i8:f32:0, {0.25, 0.125}> : tensor<2x2xi8>
  %4 = edge.matmul %0, %2 : tensor<1x2xf32>, tensor<2x2xf32>
  %5 = edge.matmul %1, %3 : tensor<1x2xf32>, tensor<2x2xf32>
  return %4, %5 : tensor<1x2xf32>, tensor<1x2xf32>
}
