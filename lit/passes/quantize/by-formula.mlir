// RUN: edgec-opt %s --pass-pipeline='builtin.module(func.func(edgec-quantize-by-formula))' | FileCheck %s

// CHECK-LABEL: func @dequantize
// CHECK-SAME: %[[X:.*]]: tensor<2x4xi8>
func.func @dequantize(%x: tensor<2x4xi8>) -> tensor<2x4xf32> {
  // CHECK: %[[WIDE:.*]] = edge.cast %[[X]] {{.*}}i32
  // CHECK: %[[SHIFTED:.*]] = edge.sub %[[WIDE]], %{{.*}} : tensor<2x4xi32>, tensor<2x1xi32>
  // CHECK: %[[REAL:.*]] = edge.cast %[[SHIFTED]] {{.*}}f32
  // CHECK: edge.mul %[[REAL]], %{{.*}} : tensor<2x4xf32>, tensor<2x1xf32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32:0, {0.5:1, 0.25}> : tensor<2x4xi8>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func @quantize
func.func @quantize(%x: tensor<4xf32>) -> tensor<4xui8> {
  // CHECK: edge.div
  // CHECK: edge.max
  // CHECK: edge.min
  // CHECK: edge.round
  // CHECK: edge.cast {{.*}}i32
  // CHECK: edge.add
  // CHECK: edge.cast {{.*}}ui8
  %0 = edge.quantize %x as !quant.uniform<u8<1:255>:f32, 0.5:128> : tensor<4xf32>
  return %0 : tensor<4xui8>
}
