// RUN: edgec-opt %s --edgec-limits-before-moves | FileCheck %s

// CHECK-LABEL: func @reshape
// CHECK: %[[R:.*]] = edge.relu %arg0
// CHECK: %[[M:.*]] = edge.reshape %[[R]]
// CHECK: return %[[M]]
func.func @reshape(%x: tensor<2x3xf32>) -> tensor<6xf32> {
  %0 = edge.reshape %x to [6] : tensor<2x3xf32>
  %1 = edge.relu %0 : tensor<6xf32>
  return %1 : tensor<6xf32>
}

// Behind a slice there is less to limit.
// CHECK-LABEL: func @slice
// CHECK: edge.slice
// CHECK: edge.relu
func.func @slice(%x: tensor<6xf32>) -> tensor<3xf32> {
  %0 = edge.slice %x offsets [0] sizes [3] strides [1] : tensor<6xf32>
  %1 = edge.relu %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}
