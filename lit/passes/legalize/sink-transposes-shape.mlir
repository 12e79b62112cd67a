// RUN: edgec-opt %s --edgec-sink-transposes | FileCheck %s

// The ops that move elements let a transpose through: their axes move with it.

// CHECK-LABEL: @pad
// CHECK: edge.pad reflect %{{.*}} low [0, 1, 2, 0] high [0, 1, 2, 0] : tensor<1x8x9x3xf32>
// CHECK: edge.transpose %{{.*}} by [0, 3, 1, 2]
func.func @pad(%x: tensor<1x8x9x3xf32>) -> tensor<1x3x10x13xf32> {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x8x9x3xf32>
  %1 = edge.pad reflect %0 low [0, 0, 1, 2] high [0, 0, 1, 2] : tensor<1x3x8x9xf32>
  return %1 : tensor<1x3x10x13xf32>
}

// CHECK-LABEL: @tile
// CHECK: edge.tile %{{.*}} by [1, 2, 3, 1] : tensor<1x8x9x3xf32>
func.func @tile(%x: tensor<1x8x9x3xf32>) -> tensor<1x3x16x27xf32> {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x8x9x3xf32>
  %1 = edge.tile %0 by [1, 1, 2, 3] : tensor<1x3x8x9xf32>
  return %1 : tensor<1x3x16x27xf32>
}

// CHECK-LABEL: @resample
// CHECK: edge.resample %{{.*}} axes [1] at %{{.*}} : tensor<1x2x9x3xf32> at tensor<4x1xi32>
func.func @resample(%x: tensor<1x2x9x3xf32>) -> tensor<1x3x4x9xf32> {
  %i = edge.constant dense<[[0], [0], [1], [1]]> : tensor<4x1xi32>
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x2x9x3xf32>
  %1 = edge.resample %0 axes [2] at %i : tensor<1x3x2x9xf32> at tensor<4x1xi32>
  return %1 : tensor<1x3x4x9xf32>
}

// CHECK-LABEL: @gather
// CHECK: edge.gather %{{.*}} at %{{.*}} axis 3 : tensor<1x8x9x3xf32>, tensor<2xi64>
func.func @gather(%x: tensor<1x8x9x3xf32>, %i: tensor<2xi64>) -> tensor<1x2x8x9xf32> {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x8x9x3xf32>
  %1 = edge.gather %0 at %i axis 1 : tensor<1x3x8x9xf32>, tensor<2xi64>
  return %1 : tensor<1x2x8x9xf32>
}

// Both results come out transposed.
// CHECK-LABEL: @topk
// CHECK: edge.topk 2 of %{{.*}} axis 3 : tensor<1x8x9x3xf32>
// CHECK-COUNT-2: edge.transpose
func.func @topk(%x: tensor<1x8x9x3xf32>) -> (tensor<1x2x8x9xf32>, tensor<1x2x8x9xi64>) {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x8x9x3xf32>
  %1, %2 = edge.topk 2 of %0 axis 1 : tensor<1x3x8x9xf32>
  return %1, %2 : tensor<1x2x8x9xf32>, tensor<1x2x8x9xi64>
}

// The rank changes: the transpose stays before it.
// CHECK-LABEL: @scalar_gather
// CHECK: edge.transpose
// CHECK-NEXT: edge.gather
func.func @scalar_gather(%x: tensor<1x8x9x3xf32>, %i: tensor<i64>) -> tensor<1x8x9xf32> {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x8x9x3xf32>
  %1 = edge.gather %0 at %i axis 1 : tensor<1x3x8x9xf32>, tensor<i64>
  return %1 : tensor<1x8x9xf32>
}

// A transpose that waits to be folded into a constant isn't one to sink: the two would change places for ever.
// CHECK-LABEL: func @constants_beside
// CHECK: %[[CHOSEN:.*]] = edge.select %{{.*}}, %{{.*}}, %arg0 : tensor<1x3xi1>, tensor<2x3xf32>, tensor<2x3xf32>
// CHECK: edge.transpose %[[CHOSEN]] by [1, 0]
func.func @constants_beside(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %mask = edge.constant dense<[[true], [false], [true]]> : tensor<3x1xi1>
  %other = edge.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %t = edge.transpose %x by [1, 0] : tensor<2x3xf32>
  %y = edge.select %mask, %other, %t : tensor<3x1xi1>, tensor<3x2xf32>, tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
