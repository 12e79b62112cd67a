// RUN: edgec-opt %s --edgec-move-integers --canonicalize | FileCheck %s

// Integers of one scale move as they are; what is written at the same scale isn't computed at all. Padding is the zero point then.
// CHECK-LABEL: func @moved
// CHECK-SAME: %[[X:.*]]: tensor<1x4x4x2xui8>
// CHECK: %[[ZERO:.*]] = edge.constant dense<3> : tensor<ui8>
// CHECK: %[[PADDED:.*]] = edge.pad constant %[[X]] value %[[ZERO]]
// CHECK: %[[LARGEST:.*]] = edge.pool max %[[PADDED]] {{.*}} tensor<1x6x4x2xui8>
// CHECK: %[[JOINED:.*]] = edge.concat %[[LARGEST]], %[[LARGEST]]
// CHECK-NEXT: return %[[JOINED]]
func.func @moved(%x: tensor<1x4x4x2xui8>) -> tensor<1x3x2x4xui8> {
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:3> : tensor<1x4x4x2xui8>
  %1 = edge.pad constant %0 low [0, 1, 0, 0] high [0, 1, 0, 0] : tensor<1x4x4x2xf32>
  %2 = edge.pool max %1 window [2, 2] strides [2, 2] dilations [1, 1] pads [0, 0, 0, 0] to [3, 2] : tensor<1x6x4x2xf32>
  %3 = edge.concat %2, %2 axis 3 : tensor<1x3x2x2xf32>, tensor<1x3x2x2xf32>
  %4 = edge.quantize %3 as !quant.uniform<u8:f32, 0.5:3> : tensor<1x3x2x4xf32>
  return %4 : tensor<1x3x2x4xui8>
}

// Numbers are rounded before they move: the layer that gives them has a quantized result. Constants are rounded at once.
// CHECK-LABEL: func @rounded
// CHECK: %[[ONE:.*]] = edge.constant dense<5> : tensor<i8>
// CHECK: %[[SUM:.*]] = edge.add
// CHECK: %[[ROUNDED:.*]] = edge.quantize %[[SUM]]
// CHECK: %[[FLAT:.*]] = edge.reshape %[[ROUNDED]] to [4] : tensor<2x2xi8>
// CHECK: edge.pad constant %[[FLAT]] value %[[ONE]]
func.func @rounded(%x: tensor<2x2xf32>) -> tensor<6xi8> {
  %one = edge.constant dense<1.0> : tensor<f32>
  %0 = edge.add %x, %x : tensor<2x2xf32>, tensor<2x2xf32>
  %1 = edge.reshape %0 to [4] : tensor<2x2xf32>
  %2 = edge.pad constant %1 value %one low [1] high [1] : tensor<4xf32>, tensor<f32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:3> : tensor<6xf32>
  return %3 : tensor<6xi8>
}

// An average computes, and so does a concatenation of two scales.
// CHECK-LABEL: func @computed
// CHECK: edge.pool average {{.*}}xf32>
// CHECK-COUNT-2: edge.dequantize
// CHECK: edge.concat {{.*}}xf32>
func.func @computed(%x: tensor<1x4x4x2xi8>, %y: tensor<1x4xi8>, %z: tensor<1x4xi8>) -> (tensor<1x2x2x2xf32>, tensor<1x8xf32>) {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<1x4x4x2xi8>
  %1 = edge.pool average %0 window [2, 2] strides [2, 2] dilations [1, 1] pads [0, 0, 0, 0] to [2, 2] : tensor<1x4x4x2xf32>
  %2 = edge.dequantize %y as !quant.uniform<i8:f32, 0.5:3> : tensor<1x4xi8>
  %3 = edge.dequantize %z as !quant.uniform<i8:f32, 0.25:3> : tensor<1x4xi8>
  %4 = edge.concat %2, %3 axis 1 : tensor<1x4xf32>, tensor<1x4xf32>
  return %1, %4 : tensor<1x2x2x2xf32>, tensor<1x8xf32>
}

// Scales of slices follow a transposition of weights.
// CHECK-LABEL: func @weights
// CHECK: edge.constant dense<{{\[\[}}1, 3], [2, 4]]> : tensor<2x2xi8>
// CHECK: edge.dequantize %{{.*}} as !quant.uniform<i8:f32:1, {5.000000e-01,2.500000e-01}>
// CHECK-NOT: edge.transpose
func.func @weights() -> tensor<2x2xf32> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %0 = edge.dequantize %w as !quant.uniform<i8:f32:0, {0.5, 0.25}> : tensor<2x2xi8>
  %1 = edge.transpose %0 by [1, 0] : tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}
