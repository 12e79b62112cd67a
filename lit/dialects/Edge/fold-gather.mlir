// RUN: edgec-opt %s --canonicalize | FileCheck %s

// Indices that are constant and evenly spaced are a slice, a scalar one without its dimension.
// CHECK-LABEL: @slices
// CHECK: edge.slice %{{.*}} offsets [0, 4, 0] sizes [2, 3, 3] strides [1, -2, 1]
// CHECK: %[[ROW:.*]] = edge.slice %{{.*}} offsets [0, 4, 0] sizes [2, 1, 3] strides [1, 1, 1]
// CHECK: edge.reshape %[[ROW]] to [2, 3]
// CHECK-NOT: edge.gather
func.func @slices(%x: tensor<2x5x3xf32>) -> (tensor<2x3x3xf32>, tensor<2x3xf32>) {
  %i = edge.constant dense<[4, -3, 0]> : tensor<3xi64>
  %last = edge.constant dense<-1> : tensor<i64>
  %0 = edge.gather %x at %i axis 1 : tensor<2x5x3xf32>, tensor<3xi64>
  %1 = edge.gather %x at %last axis 1 : tensor<2x5x3xf32>, tensor<i64>
  return %0, %1 : tensor<2x3x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @uneven
// CHECK: edge.gather
func.func @uneven(%x: tensor<5xf32>) -> tensor<3xf32> {
  %i = edge.constant dense<[0, 1, 3]> : tensor<3xi64>
  %0 = edge.gather %x at %i axis 0 : tensor<5xf32>, tensor<3xi64>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @constants
// CHECK-DAG: dense<[7, 5, 7]> : tensor<3xi64>
// CHECK-DAG: dense<{{\[}}[3, 2], [6, 5]]> : tensor<2x2xi32>
// CHECK-DAG: dense<{{\[}}[4, 5, 6]]> : tensor<1x3xi32>
// CHECK-DAG: dense<[5, 19, 7]> : tensor<3xi64>
// CHECK-DAG: dense<{{\[}}[9, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
// CHECK-DAG: dense<[7, 6]> : tensor<2xi64>
// CHECK-DAG: dense<[2, 1]> : tensor<2xi64>
func.func @constants() -> (tensor<3xi64>, tensor<2x2xi32>, tensor<1x3xi32>, tensor<3xi64>, tensor<2x3xi32>, tensor<2xi64>, tensor<2xi64>) {
  %x = edge.constant dense<[5, 6, 7]> : tensor<3xi64>
  %m = edge.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %i = edge.constant dense<[2, 0, -1]> : tensor<3xi64>
  %e = edge.constant dense<[[2, 1], [2, 1]]> : tensor<2x2xi64>
  %one = edge.constant dense<[[1]]> : tensor<1x1xi64>
  %ones = edge.constant dense<1> : tensor<2xi64>
  %u = edge.constant dense<[6, 7]> : tensor<2xi64>
  %zeros = edge.constant dense<[0, 0]> : tensor<2xi64>
  %nine = edge.constant dense<9> : tensor<i32>
  %0 = edge.gather %x at %i axis 0 : tensor<3xi64>, tensor<3xi64>
  %1 = edge.gather_elements %m at %e axis 1 : tensor<2x3xi32>, tensor<2x2xi64>
  %2 = edge.gather_nd %m at %one batch_dims 0 : tensor<2x3xi32>, tensor<1x1xi64>
  %3 = edge.scatter_elements add %x at %ones with %u axis 0 : tensor<3xi64>, tensor<2xi64>, tensor<2xi64>
  %4 = edge.scatter_nd none %m at %zeros with %nine : tensor<2x3xi32>, tensor<2xi64>, tensor<i32>
  %5, %6 = edge.topk 2 of %x axis 0 : tensor<3xi64>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<3xi64>, tensor<2x2xi32>, tensor<1x3xi32>, tensor<3xi64>, tensor<2x3xi32>, tensor<2xi64>, tensor<2xi64>
}
