// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// An index is wrapped and clamped where the program runs, so that nothing is read out of bounds.
// CHECK-LABEL: @gather
// CHECK: edge.gather %{{.*}} at %{{.*}} axis 1 : tensor<2x5x3xf32>, tensor<4xi64>
// LOWER-LABEL: func @gather(
// LOWER: linalg.generic
// LOWER-DAG: arith.index_cast
// LOWER-DAG: arith.minsi
// LOWER-DAG: arith.maxsi
// LOWER: tensor.extract %{{.*}} : tensor<2x5x3xf32>
func.func @gather(%x: tensor<2x5x3xf32>, %i: tensor<4xi64>) -> tensor<2x4x3xf32> {
  %0 = edge.gather %x at %i axis 1 : tensor<2x5x3xf32>, tensor<4xi64>
  return %0 : tensor<2x4x3xf32>
}

// CHECK-LABEL: @gather_elements
// CHECK: edge.gather_elements %{{.*}} at %{{.*}} axis 0 : tensor<4x3xui8>, tensor<2x3xi32>
func.func @gather_elements(%x: tensor<4x3xui8>, %i: tensor<2x3xi32>) -> tensor<2x3xui8> {
  %0 = edge.gather_elements %x at %i axis 0 : tensor<4x3xui8>, tensor<2x3xi32>
  return %0 : tensor<2x3xui8>
}

// CHECK-LABEL: @gather_nd
// CHECK: edge.gather_nd %{{.*}} at %{{.*}} batch_dims 1 : tensor<2x4x3xf32>, tensor<2x5x1xi64>
func.func @gather_nd(%x: tensor<2x4x3xf32>, %i: tensor<2x5x1xi64>) -> tensor<2x5x3xf32> {
  %0 = edge.gather_nd %x at %i batch_dims 1 : tensor<2x4x3xf32>, tensor<2x5x1xi64>
  return %0 : tensor<2x5x3xf32>
}

// One update after the other, each into the tensor that the one before has left: one buffer.
// CHECK-LABEL: @scatter_elements
// CHECK: edge.scatter_elements add %{{.*}} at %{{.*}} with %{{.*}} axis 1
// LOWER-LABEL: func @scatter_elements
// LOWER: scf.for {{.*}} iter_args
// LOWER: scf.for {{.*}} iter_args
// LOWER: arith.addf
// LOWER: tensor.insert
func.func @scatter_elements(%x: tensor<2x5xf32>, %i: tensor<2x3xi64>, %u: tensor<2x3xf32>) -> tensor<2x5xf32> {
  %0 = edge.scatter_elements add %x at %i with %u axis 1 : tensor<2x5xf32>, tensor<2x3xi64>, tensor<2x3xf32>
  return %0 : tensor<2x5xf32>
}

// Whole slices at once.
// CHECK-LABEL: @scatter_nd
// CHECK: edge.scatter_nd none %{{.*}} at %{{.*}} with %{{.*}}
// LOWER-LABEL: func @scatter_nd
// LOWER: scf.for
// LOWER-NOT: scf.for
// LOWER: tensor.insert_slice
func.func @scatter_nd(%x: tensor<4x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x8xf32>) -> tensor<4x8xf32> {
  %0 = edge.scatter_nd none %x at %i with %u : tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @topk
// CHECK: edge.topk 2 of %{{.*}} axis 1 smallest : tensor<3x7xf32>
func.func @topk(%x: tensor<3x7xf32>) -> (tensor<3x2xf32>, tensor<3x2xi64>) {
  %0, %1 = edge.topk 2 of %x axis 1 smallest : tensor<3x7xf32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x2xi64>
}
