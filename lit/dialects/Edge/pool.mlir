// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: @max
// CHECK: edge.pool max %{{.*}} window [2, 2] strides [2, 2] dilations [1, 1] pads [0, 0, 1, 1] to [3, 3] : tensor<1x5x5x4xui8>
// LOWER-LABEL: func @max
// LOWER: kernel.pool max ins({{.*}} : tensor<1x5x5x4xi8>) outs({{.*}} : tensor<1x3x3x4xi8>) {{.*}}is_unsigned
func.func @max(%x: tensor<1x5x5x4xui8>) -> tensor<1x3x3x4xui8> {
  %0 = edge.pool max %x window [2, 2] strides [2, 2] dilations [1, 1] pads [0, 0, 1, 1] to [3, 3] : tensor<1x5x5x4xui8>
  return %0 : tensor<1x3x3x4xui8>
}

// CHECK-LABEL: @average
// LOWER-LABEL: func @average
// LOWER: kernel.pool average {{.*}}count_include_pad
func.func @average(%x: tensor<1x5x4xf32>) -> tensor<1x5x4xf32> {
  %0 = edge.pool average %x window [3] strides [1] dilations [1] pads [1, 1] to [5] count_include_pad : tensor<1x5x4xf32>
  return %0 : tensor<1x5x4xf32>
}

// Large windows that overlap: 13 + 13 elements a result instead of 169.
// LOWER-LABEL: func @separated
// LOWER: %[[ROWS:.*]] = kernel.pool max ins(%arg0 {{.*}} outs({{.*}} : tensor<1x20x20x8xf32>) {{.*}}kernel = array<i64: 1, 13>, pads = array<i64: 0, 6, 0, 6>
// LOWER: kernel.pool max ins(%[[ROWS]] {{.*}}kernel = array<i64: 13, 1>, pads = array<i64: 6, 0, 6, 0>
func.func @separated(%x: tensor<1x20x20x8xf32>) -> tensor<1x20x20x8xf32> {
  %0 = edge.pool max %x window [13, 13] strides [1, 1] dilations [1, 1] pads [6, 6, 6, 6] to [20, 20] : tensor<1x20x20x8xf32>
  return %0 : tensor<1x20x20x8xf32>
}
