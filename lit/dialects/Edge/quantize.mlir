// RUN: edgec-opt %s --canonicalize | FileCheck %s

// Rounding and saturation between two layers stay.
// CHECK-LABEL: func @kept
func.func @kept(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: edge.quantize %{{.*}} as !quant.uniform<i8:f32, 1.000000e-01:3> : tensor<4xf32>
  %0 = edge.quantize %x as !quant.uniform<i8:f32, 0.1:3> : tensor<4xf32>
  // CHECK: edge.dequantize %{{.*}} as !quant.uniform<i8:f32, 1.000000e-01:3> : tensor<4xi8>
  %1 = edge.dequantize %0 as !quant.uniform<i8:f32, 0.1:3> : tensor<4xi8>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @unsigned
func.func @unsigned(%x: tensor<4xui8>) -> tensor<4xf32> {
  // CHECK: edge.dequantize %{{.*}} as !quant.uniform<u8:f32, 5.000000e-01:128> : tensor<4xui8>
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:128> : tensor<4xui8>
  return %0 : tensor<4xf32>
}
