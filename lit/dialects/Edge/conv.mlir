// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: @conv
// CHECK: edge.conv %{{.*}}, %{{.*}} bias %{{.*}} <{dilations = array<i64: 1, 2>, groups = 2 : i64, pads = array<i64: 1, 0, 1, 0>, strides = array<i64: 2, 1>}> : tensor<1x8x9x4xf32>, tensor<3x3x2x6xf32>, tensor<6xf32>
// LOWER-LABEL: func @conv
// LOWER: %[[INIT:.*]] = tensor.empty() : tensor<1x4x5x6xf32>
// LOWER: kernel.conv ins(%{{.*}}, %{{.*}} bias %{{.*}} : tensor<1x8x9x4xf32>, tensor<3x3x2x6xf32>, tensor<6xf32>) outs(%[[INIT]] : tensor<1x4x5x6xf32>)
// LOWER-NOT: transposed
// LOWER: return
func.func @conv(%x: tensor<1x8x9x4xf32>, %w: tensor<3x3x2x6xf32>, %b: tensor<6xf32>) -> tensor<1x4x5x6xf32> {
  %0 = edge.conv %x, %w bias %b <{strides = array<i64: 2, 1>, dilations = array<i64: 1, 2>, pads = array<i64: 1, 0, 1, 0>, groups = 2 : i64}> : tensor<1x8x9x4xf32>, tensor<3x3x2x6xf32>, tensor<6xf32>
  return %0 : tensor<1x4x5x6xf32>
}

// A negative pad crops.
// CHECK-LABEL: @crop
// CHECK: return %{{.*}} : tensor<2x5x1xi32>
func.func @crop(%x: tensor<2x8x3xi32>, %w: tensor<3x3x1xi32>) -> tensor<2x5x1xi32> {
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: -1, 0>, groups = 1 : i64}> : tensor<2x8x3xi32>, tensor<3x3x1xi32>
  return %0 : tensor<2x5x1xi32>
}

// CHECK-LABEL: @transposed
// CHECK: edge.conv_transpose
// LOWER-LABEL: func @transposed
// LOWER: kernel.conv {{.*}}transposed
func.func @transposed(%x: tensor<1x4x8xf16>, %w: tensor<3x8x5xf16>) -> tensor<1x9x5xf16> {
  %0 = edge.conv_transpose %x, %w <{strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64, output_shape = array<i64: 9>}> : tensor<1x4x8xf16>, tensor<3x8x5xf16>
  return %0 : tensor<1x9x5xf16>
}
