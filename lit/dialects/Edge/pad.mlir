// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// A filled tensor that x is put into; a negative pad cuts x first.
// CHECK-LABEL: @constant
// CHECK: edge.pad constant %{{.*}} value %{{.*}} low [1, -1] high [0, 2] : tensor<2x3xf32>, tensor<f32>
// LOWER-LABEL: func @constant
// LOWER-DAG: tensor.extract_slice %{{.*}}[0, 1] [2, 2] [1, 1]
// LOWER-DAG: linalg.fill
// LOWER: tensor.insert_slice %{{.*}} into %{{.*}}[1, 0] [2, 2] [1, 1]
func.func @constant(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<3x4xf32> {
  %0 = edge.pad constant %x value %v low [1, -1] high [0, 2] : tensor<2x3xf32>, tensor<f32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: @reflect
// CHECK: edge.pad reflect %{{.*}} low [0, 2] high [0, 1] : tensor<2x3xui8>
func.func @reflect(%x: tensor<2x3xui8>) -> tensor<2x6xui8> {
  %0 = edge.pad reflect %x low [0, 2] high [0, 1] : tensor<2x3xui8>
  return %0 : tensor<2x6xui8>
}

// CHECK-LABEL: @tile
// CHECK: edge.tile %{{.*}} by [2, 1, 3] : tensor<2x3x4xf32>
// LOWER-LABEL: func @tile
// LOWER: linalg.generic
// LOWER: tensor.collapse_shape
func.func @tile(%x: tensor<2x3x4xf32>) -> tensor<4x3x12xf32> {
  %0 = edge.tile %x by [2, 1, 3] : tensor<2x3x4xf32>
  return %0 : tensor<4x3x12xf32>
}

// FOLD-LABEL: @nothing
// FOLD-SAME: (%[[X:.*]]: tensor<2xf32>)
// FOLD-NEXT: return %[[X]], %[[X]]
func.func @nothing(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = edge.pad wrap %x low [0] high [0] : tensor<2xf32>
  %1 = edge.tile %x by [1] : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// FOLD-LABEL: @constants
// FOLD-DAG: dense<[0, 0, 1, 2, 3, 0]> : tensor<6xi64>
// FOLD-DAG: dense<[1, 1, 1, 2, 3, 3]> : tensor<6xi64>
// FOLD-DAG: dense<[2, 1, 2, 3, 2, 1, 2, 3]> : tensor<8xi64>
// FOLD-DAG: dense<[2, 3, 1, 2, 3, 1, 2]> : tensor<7xi64>
// FOLD-DAG: dense<[1, 2, 3, 1, 2, 3]> : tensor<6xi64>
func.func @constants() -> (tensor<6xi64>, tensor<6xi64>, tensor<8xi64>, tensor<7xi64>, tensor<6xi64>) {
  %x = edge.constant dense<[1, 2, 3]> : tensor<3xi64>
  %0 = edge.pad constant %x low [2] high [1] : tensor<3xi64>
  %1 = edge.pad edge %x low [2] high [1] : tensor<3xi64>
  %2 = edge.pad reflect %x low [1] high [4] : tensor<3xi64>
  %3 = edge.pad wrap %x low [2] high [2] : tensor<3xi64>
  %4 = edge.tile %x by [2] : tensor<3xi64>
  return %0, %1, %2, %3, %4 : tensor<6xi64>, tensor<6xi64>, tensor<8xi64>, tensor<7xi64>, tensor<6xi64>
}
