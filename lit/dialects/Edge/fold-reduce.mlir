// RUN: edgec-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @sums
// CHECK-DAG: dense<[3.000000e+00, 1.200000e+01]> : tensor<2xf32>
// CHECK-DAG: dense<{{\[}}[0, 20, 60]]> : tensor<1x3xi32>
// CHECK-NOT: edge.reduce
func.func @sums() -> (tensor<2xf32>, tensor<1x3xi32>) {
  %x = edge.constant dense<[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]> : tensor<2x3xf32>
  %i = edge.constant dense<[[0, 4, 6], [9, 5, 10]]> : tensor<2x3xi32>
  %0 = edge.reduce sum %x over [1] : tensor<2x3xf32>
  %1 = edge.reduce prod %i over [0] keepdims : tensor<2x3xi32>
  return %0, %1 : tensor<2xf32>, tensor<1x3xi32>
}

// Signedness decides which is larger; NaN wins.
// CHECK-LABEL: @extremes
// CHECK-DAG: dense<255> : tensor<ui8>
// CHECK-DAG: dense<-1> : tensor<i8>
// CHECK-DAG: dense<0x7FC00000> : tensor<f32>
func.func @extremes() -> (tensor<ui8>, tensor<i8>, tensor<f32>) {
  %u = edge.constant dense<[1, 255]> : tensor<2xui8>
  %i = edge.constant dense<[1, -1]> : tensor<2xi8>
  %f = edge.constant dense<[1.0, 0x7FC00000]> : tensor<2xf32>
  %0 = edge.reduce max %u over [0] : tensor<2xui8>
  %1 = edge.reduce min %i over [0] : tensor<2xi8>
  %2 = edge.reduce min %f over [0] : tensor<2xf32>
  return %0, %1, %2 : tensor<ui8>, tensor<i8>, tensor<f32>
}

// Over nothing, each kind has its neutral element.
// CHECK-LABEL: @empty
// CHECK-DAG: dense<1.000000e+00> : tensor<2xf32>
// CHECK-DAG: dense<0xFF800000> : tensor<2xf32>
func.func @empty() -> (tensor<2xf32>, tensor<2xf32>) {
  %x = edge.constant dense<> : tensor<2x0xf32>
  %0 = edge.reduce prod %x over [1] : tensor<2x0xf32>
  %1 = edge.reduce max %x over [1] : tensor<2x0xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @arg
// CHECK-DAG: dense<[1, 2]> : tensor<2xi64>
// CHECK-DAG: dense<2> : tensor<2xi64>
func.func @arg() -> (tensor<2xi64>, tensor<2xi64>) {
  %x = edge.constant dense<[[0, 7, 7], [0, 1, 2]]> : tensor<2x3xi32>
  %0 = edge.arg_reduce max %x over 1 : tensor<2x3xi32>
  %1 = edge.arg_reduce max %x over 1 select_last : tensor<2x3xi32>
  return %0, %1 : tensor<2xi64>, tensor<2xi64>
}

// CHECK-LABEL: @cumulate
// CHECK-DAG: dense<[1, 3, 6]> : tensor<3xi64>
// CHECK-DAG: dense<[5, 3, 0]> : tensor<3xi64>
func.func @cumulate() -> (tensor<3xi64>, tensor<3xi64>) {
  %x = edge.constant dense<[1, 2, 3]> : tensor<3xi64>
  %0 = edge.cumulate sum %x along 0 : tensor<3xi64>
  %1 = edge.cumulate sum %x along 0 exclusive reverse : tensor<3xi64>
  return %0, %1 : tensor<3xi64>, tensor<3xi64>
}

// CHECK-LABEL: @nothing_to_reduce
// CHECK-NEXT: return %arg0
func.func @nothing_to_reduce(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = edge.reduce sum %x over [] : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: @negative
// CHECK-DAG: dense<-1> : tensor<i32>
// CHECK-DAG: dense<1> : tensor<i64>
func.func @negative() -> (tensor<i32>, tensor<i64>) {
  %x = edge.constant dense<[-3, -1, -2]> : tensor<3xi32>
  %0 = edge.reduce max %x over [0] : tensor<3xi32>
  %1 = edge.arg_reduce max %x over 0 : tensor<3xi32>
  return %0, %1 : tensor<i32>, tensor<i64>
}
