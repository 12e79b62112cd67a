// RUN: edgec-opt %s --canonicalize | FileCheck %s
// RUN: edgec-opt %s --canonicalize --edgec-integer-arithmetic --edgec-quantize-by-formula --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

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

// The integers of constant numbers are known: halves go to even, what is too large is limited, each slice has its scale.
// CHECK-LABEL: func @constant
func.func @constant() -> tensor<2x3xui8> {
  // CHECK: edge.constant dense<{{\[\[}}1, 3, 5], [255, 0, 5]]> : tensor<2x3xui8>
  %0 = edge.constant dense<[[-1.0, 0.25, 0.75], [100.0, -9.0, 1.0]]> : tensor<2x3xf32>
  %1 = edge.quantize %0 as !quant.uniform<u8:f32:0, {0.5:3, 0.25:1}> : tensor<2x3xf32>
  return %1 : tensor<2x3xui8>
}

// Limited as floats, so that the conversion can't overflow; then the zero point.
// LOWER-LABEL: func.func @requantize_float
// LOWER: arith.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
// LOWER: %[[FLOAT:.*]] = arith.sitofp %{{.*}} : i32 to f32
// LOWER: %[[SCALED:.*]] = arith.mulf %[[FLOAT]], %{{.*}} : f32
// LOWER: arith.cmpf ogt, %[[SCALED]], %cst
// LOWER: arith.cmpf olt
// LOWER: math.roundeven
// LOWER: arith.fptosi
// LOWER: arith.addi
// LOWER: arith.trunci %{{.*}} : i32 to i8
func.func @requantize_float(%x: tensor<1x2xi32>) -> tensor<1x2xui8> {
  %0 = edge.requantize_float %x <{scales = array<f32: 0.5, 0.25>, zero_point = 7 : i32, low = 7 : i32, high = 255 : i32, storage = ui8}> : tensor<1x2xi32>
  return %0 : tensor<1x2xui8>
}
