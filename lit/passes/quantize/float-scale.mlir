// RUN: edgec-opt %s --edgec-integer-arithmetic --canonicalize | FileCheck %s

module attributes {edge.rounding = #edge.rounding<float_scale>} {

// Unsigned integers, weights less their own zero points, a bias in floats; 6 is beyond the storage bound, 0 the zero point. The factors are
// 0.5 * 0.25 / 0.5 and 0.5 * 0.125 / 0.5.
// CHECK-LABEL: func @layer
// CHECK-DAG: edge.constant dense<{{\[\[}}-1, 1], [1, 3]]> : tensor<2x2xi32>
// CHECK-DAG: edge.constant dense<[4, -8]> : tensor<2xi32>
// CHECK: %[[WIDE:.*]] = edge.cast %arg0
// CHECK: %[[X:.*]] = edge.sub %[[WIDE]]
// CHECK: %[[SUM:.*]] = edge.matmul %[[X]], %{{.*}} : tensor<1x2xi32>, tensor<2x2xi32>
// CHECK: edge.add %[[SUM]]
// CHECK: edge.requantize_float {{.*}}high = 22{{.*}}low = 10{{.*}}scales = array<f32: 2.500000e-01, 1.250000e-01>{{.*}}zero_point = 10
func.func @layer(%x: tensor<1x2xui8>) -> tensor<1x2xui8> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xui8>
  %b = edge.constant dense<[0.5, -0.5]> : tensor<2xf32>
  %six = edge.constant dense<6.0> : tensor<f32>
  %zero = edge.constant dense<0.0> : tensor<f32>
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:3> : tensor<1x2xui8>
  %1 = edge.dequantize %w as !quant.uniform<u8:f32:1, {0.25:2, 0.125:1}> : tensor<2x2xui8>
  %3 = edge.matmul %0, %1 : tensor<1x2xf32>, tensor<2x2xf32>
  %4 = edge.add %b, %3 : tensor<2xf32>, tensor<1x2xf32>
  %5 = edge.max %4, %zero : tensor<1x2xf32>, tensor<f32>
  %6 = edge.min %5, %six : tensor<1x2xf32>, tensor<f32>
  %7 = edge.quantize %6 as !quant.uniform<u8:f32, 0.5:10> : tensor<1x2xf32>
  return %7 : tensor<1x2xui8>
}

// Both operands of a product may be activations.
// CHECK-LABEL: func @product
// CHECK-COUNT-2: edge.sub
// CHECK: edge.matmul %{{.*}}, %{{.*}} transpose_b : tensor<2x4x8xi32>, tensor<2x4x8xi32>
// CHECK: edge.requantize_float
func.func @product(%x: tensor<2x4x8xi8>, %y: tensor<2x4x8xi8>) -> tensor<2x4x4xi8> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<2x4x8xi8>
  %1 = edge.dequantize %y as !quant.uniform<i8:f32, 0.25:-3> : tensor<2x4x8xi8>
  %2 = edge.matmul %0, %1 transpose_b : tensor<2x4x8xf32>, tensor<2x4x8xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5> : tensor<2x4x4xf32>
  return %3 : tensor<2x4x4xi8>
}

// A bias at nearly the scale of the products is taken as it is, but for what leaves room for them: (127 + 3) * 2 less than 2^31 - 1.
// CHECK-LABEL: func @bias
// CHECK-DAG: edge.constant dense<[1000, -2147483385]> : tensor<2xi32>
// CHECK: edge.conv {{.*}} bias
// CHECK: edge.requantize_float
func.func @bias(%x: tensor<1x4x4x1xi8>) -> tensor<1x4x4x2xi8> {
  %w = edge.constant dense<[[[[1, 2]]]]> : tensor<1x1x1x2xi8>
  %b = edge.constant dense<[1000, -2147483640]> : tensor<2xi32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<1x4x4x1xi8>
  %1 = edge.dequantize %w as !quant.uniform<i8:f32, 0.25> : tensor<1x1x1x2xi8>
  %2 = edge.dequantize %b as !quant.uniform<i32:f32, 0.12500001> : tensor<2xi32>
  %3 = edge.conv %0, %1 bias %2 <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x1xf32>, tensor<1x1x1x2xf32>, tensor<2xf32>
  %4 = edge.quantize %3 as !quant.uniform<i8:f32, 1000.0> : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xi8>
}

// Room that is no small part of a bias isn't made.
// CHECK-LABEL: func @large_bias
// CHECK: edge.matmul {{.*}}f32>
func.func @large_bias(%x: tensor<1x1xi8>) -> tensor<1x1xi8> {
  %w = edge.constant dense<100> : tensor<1x1xi8>
  %b = edge.constant dense<1.0e9> : tensor<f32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5> : tensor<1x1xi8>
  %1 = edge.dequantize %w as !quant.uniform<i8:f32, 0.25> : tensor<1x1xi8>
  %2 = edge.matmul %0, %1 : tensor<1x1xf32>, tensor<1x1xf32>
  %3 = edge.add %2, %b : tensor<1x1xf32>, tensor<f32>
  %4 = edge.quantize %3 as !quant.uniform<i8:f32, 0.5> : tensor<1x1xf32>
  return %4 : tensor<1x1xi8>
}
}
