// RUN: edgec-opt %s --edgec-equalize-channels --canonicalize | FileCheck %s

// Channels of magnitudes 4 and 1, which weights of 1 read: twice as much in the one as in the other evens them out, through the ReLU.
// CHECK-LABEL: func @layers
// CHECK-DAG: edge.constant dense<{{\[}}[1.41421{{[0-9]*}}, 0.707106{{[0-9]*}}], [0.707106{{[0-9]*}}, 1.41421{{[0-9]*}}]]>
// CHECK-DAG: edge.constant dense<1.41421{{[0-9]*}}> : tensor<2xf32>
// CHECK-DAG: edge.constant dense<{{\[}}[1.41421{{[0-9]*}}], [0.707106{{[0-9]*}}]]>
// CHECK-NOT: edge.input_max
func.func @layers(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = edge.constant dense<[[2.0, 0.5], [1.0, 1.0]]> : tensor<2x2xf32>
  %b = edge.constant dense<[2.0, 1.0]> : tensor<2xf32>
  %v = edge.constant dense<1.0> : tensor<2x1xf32>
  %0 = edge.matmul %x, %w : tensor<1x2xf32>, tensor<2x2xf32>
  %1 = edge.add %0, %b : tensor<1x2xf32>, tensor<2xf32>
  %2 = edge.relu %1 : tensor<1x2xf32>
  %3 = edge.matmul %2, %v {edge.input_max = array<f64: 4.0, 1.0>} : tensor<1x2xf32>, tensor<2x1xf32>
  return %3 : tensor<1x1xf32>
}

// What others read, or what something else than a ReLU limits, stays.
// CHECK-LABEL: func @seen
// CHECK-COUNT-2: edge.constant dense<1.000000e+00>
func.func @seen(%x: tensor<1x1xf32>) -> (tensor<1x1xf32>, tensor<1x2xf32>) {
  %w = edge.constant dense<1.0> : tensor<1x2xf32>
  %v = edge.constant dense<1.0> : tensor<2x1xf32>
  %0 = edge.matmul %x, %w : tensor<1x1xf32>, tensor<1x2xf32>
  %1 = edge.matmul %0, %v {edge.input_max = array<f64: 4.0, 1.0>} : tensor<1x2xf32>, tensor<2x1xf32>
  return %1, %0 : tensor<1x1xf32>, tensor<1x2xf32>
}
