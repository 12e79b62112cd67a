// RUN: edgec-opt %s --canonicalize --edgec-sink-transposes | FileCheck %s

// A pair around an op that doesn't care for the order of dimensions cancels.
// CHECK-LABEL: @pair
// CHECK-NOT: edge.transpose
// CHECK: edge.relu %{{.*}} : tensor<1x3x8x8xf32>
// CHECK-NOT: edge.transpose
func.func @pair(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %1 = edge.relu %0 : tensor<1x8x8x3xf32>
  %2 = edge.transpose %1 by [0, 3, 1, 2] : tensor<1x8x8x3xf32>
  return %2 : tensor<1x3x8x8xf32>
}

// Two that arrive become one that leaves.
// CHECK-LABEL: @two_operands
// CHECK-NEXT: %[[SUM:.*]] = edge.add %arg0, %arg1 : tensor<1x3x8x8xf32>
// CHECK-NEXT: edge.transpose %[[SUM]] by [0, 2, 3, 1]
// CHECK-NEXT: return
func.func @two_operands(%x: tensor<1x3x8x8xf32>, %y: tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32> {
  %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %1 = edge.transpose %y by [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %2 = edge.add %0, %1 : tensor<1x8x8x3xf32>, tensor<1x8x8x3xf32>
  return %2 : tensor<1x8x8x3xf32>
}

// A constant of lower rank is transposed where it stands.
// CHECK-LABEL: @constant
// CHECK-NOT: edge.transpose
// CHECK: edge.constant dense<{{\[\[\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]]]> : tensor<1x2x1x1xf32>
// CHECK: edge.mul {{.*}} : tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>
// CHECK-NOT: edge.transpose
func.func @constant(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %scale = edge.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x2x4x4xf32>
  %1 = edge.mul %0, %scale : tensor<1x4x4x2xf32>, tensor<2xf32>
  %2 = edge.transpose %1 by [0, 3, 1, 2] : tensor<1x4x4x2xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// The axis of a concat follows.
// CHECK-LABEL: @concat
// CHECK-NEXT: edge.concat %arg0, %arg1 axis 1
// CHECK-NEXT: return
func.func @concat(%x: tensor<1x3x8x8xf32>, %y: tensor<1x5x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %1 = edge.transpose %y by [0, 2, 3, 1] : tensor<1x5x8x8xf32>
  %2 = edge.concat %0, %1 axis 3 : tensor<1x8x8x3xf32>, tensor<1x8x8x5xf32>
  %3 = edge.transpose %2 by [0, 3, 1, 2] : tensor<1x8x8x8xf32>
  return %3 : tensor<1x8x8x8xf32>
}

// Two in a row are one.
// CHECK-LABEL: @merge
// CHECK-NEXT: edge.transpose %arg0 by [2, 1, 0]
// CHECK-NEXT: return
func.func @merge(%x: tensor<2x3x4xf32>) -> tensor<4x3x2xf32> {
  %0 = edge.transpose %x by [1, 2, 0] : tensor<2x3x4xf32>
  %1 = edge.transpose %0 by [1, 0, 2] : tensor<3x4x2xf32>
  return %1 : tensor<4x3x2xf32>
}

// Where the other operand would need one more transpose than is saved, all stays.
// CHECK-LABEL: @stays
// CHECK-NEXT: edge.transpose %arg0 by [0, 2, 3, 1]
// CHECK-NEXT: edge.add
// CHECK-NEXT: return
func.func @stays(%x: tensor<1x3x8x8xf32>, %y: tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32> {
  %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %1 = edge.add %0, %y : tensor<1x8x8x3xf32>, tensor<1x8x8x3xf32>
  return %1 : tensor<1x8x8x3xf32>
}

// A channel shuffle is an exchange of two dimensions, whatever the layout: the pair around it cancels.
// CHECK-LABEL: @shuffle
// CHECK-NEXT: %[[SPLIT:.*]] = edge.reshape %arg0 to [1, 4, 5, 2, 3]
// CHECK-NEXT: %[[TURNED:.*]] = edge.transpose %[[SPLIT]] by [0, 1, 2, 4, 3]
// CHECK-NEXT: %[[JOINED:.*]] = edge.reshape %[[TURNED]]
// CHECK-NEXT: return %[[JOINED]] : tensor<1x4x5x6xf32>
func.func @shuffle(%x: tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32> {
  %0 = edge.transpose %x by [0, 3, 1, 2] : tensor<1x4x5x6xf32>
  %1 = edge.reshape %0 to [1, 2, 3, 4, 5] : tensor<1x6x4x5xf32>
  %2 = edge.transpose %1 by [0, 2, 1, 3, 4] : tensor<1x2x3x4x5xf32>
  %3 = edge.reshape %2 to [1, 6, 4, 5] : tensor<1x3x2x4x5xf32>
  %4 = edge.transpose %3 by [0, 2, 3, 1] : tensor<1x6x4x5xf32>
  return %4 : tensor<1x4x5x6xf32>
}

// The halves of a shuffled tensor, as ShuffleNet splits it: each is shuffled by itself.
// CHECK-LABEL: @shuffled_halves
// CHECK-COUNT-2: edge.slice {{.*}} : tensor<1x4x5x2x4xf32>
// CHECK-NOT: tensor<1x4x5x4x2xf32>
// CHECK: return
func.func @shuffled_halves(%x: tensor<1x4x5x8xf32>) -> (tensor<1x4x5x4xf32>, tensor<1x4x5x4xf32>) {
  %0 = edge.reshape %x to [1, 4, 5, 2, 4] : tensor<1x4x5x8xf32>
  %1 = edge.transpose %0 by [0, 1, 2, 4, 3] : tensor<1x4x5x2x4xf32>
  %2 = edge.reshape %1 to [1, 4, 5, 8] : tensor<1x4x5x4x2xf32>
  %3 = edge.slice %2 offsets [0, 0, 0, 0] sizes [1, 4, 5, 4] strides [1, 1, 1, 1] : tensor<1x4x5x8xf32>
  %4 = edge.slice %2 offsets [0, 0, 0, 4] sizes [1, 4, 5, 4] strides [1, 1, 1, 1] : tensor<1x4x5x8xf32>
  return %3, %4 : tensor<1x4x5x4xf32>, tensor<1x4x5x4xf32>
}
