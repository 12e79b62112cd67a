// RUN: edgec-opt %s --edgec-integer-arithmetic --canonicalize | FileCheck %s

// None of these leaves a number behind.
// CHECK-NOT: edge.dequantize
// CHECK-NOT: edge.quantize

// The integers' sum, divided by as many as lie within the image: 4, and 2 at its border.
// CHECK-LABEL: func @average
// CHECK: %[[SUM:.*]] = edge.pool sum %arg0 {{.*}} : tensor<1x3x1xi8>
// CHECK: edge.div %{{.*}} : tensor<1x2x1xi32>, tensor<1x2x1xi32>
// CHECK: edge.cast {{.*}}i8
func.func @average(%x: tensor<1x3x1xi8>) -> tensor<1x2x1xi8> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x3x1xi8>
  %1 = edge.pool average %0 window [2] strides [2] dilations [1] pads [0, 1] to [2] : tensor<1x3x1xf32>
  %2 = edge.quantize %1 as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2x1xf32>
  return %2 : tensor<1x2x1xi8>
}

// 1/3 is 2^31 / 3, the multiplier's last bits cut.
// CHECK-LABEL: func @mean
// CHECK: %[[SUM:.*]] = edge.reduce sum %{{.*}} over [1] : tensor<2x3xi32>
// CHECK: edge.requantize %[[SUM]] {{.*}}multipliers = array<i32: 715827882>, shifts = array<i32: 0>
func.func @mean(%x: tensor<2x3xi8>) -> tensor<2xi8> {
  %n = edge.constant dense<3.0> : tensor<f32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<2x3xi8>
  %1 = edge.reduce sum %0 over [1] : tensor<2x3xf32>
  %2 = edge.div %1, %n : tensor<2xf32>, tensor<f32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:1> : tensor<2xf32>
  return %3 : tensor<2xi8>
}

// A transpose moves the integers.
// CHECK-LABEL: func @transposed
// CHECK: edge.transpose %arg0 by [1, 0] : tensor<2x3xi8>
func.func @transposed(%x: tensor<2x3xi8>) -> tensor<3xi8> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<2x3xi8>
  %1 = edge.transpose %0 by [1, 0] : tensor<2x3xf32>
  %2 = edge.reduce sum %1 over [1] : tensor<3x2xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:1> : tensor<3xf32>
  return %3 : tensor<3xi8>
}

// 0.5 * 0.25 / 0.5.
// CHECK-LABEL: func @product
// CHECK: edge.mul %{{.*}} : tensor<4xi32>, tensor<4xi32>
// CHECK: edge.requantize {{.*}}multipliers = array<i32: 1073741824>, shifts = array<i32: -1>
func.func @product(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:128> : tensor<4xui8>
  %1 = edge.dequantize %y as !quant.uniform<u8:f32, 0.25:3> : tensor<4xui8>
  %2 = edge.mul %0, %1 : tensor<4xf32>, tensor<4xf32>
  %3 = edge.quantize %2 as !quant.uniform<u8:f32, 0.5:7> : tensor<4xf32>
  return %3 : tensor<4xui8>
}

// One that others read from, too, still is one.
// CHECK-LABEL: func @activation
// CHECK: edge.requantize {{.*}}low = 1
// CHECK: edge.lookup %arg0
func.func @activation(%x: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi8>) {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<4xi8>
  %1 = edge.relu %0 : tensor<4xf32>
  %2 = edge.quantize %1 as !quant.uniform<i8:f32, 0.25:1> : tensor<4xf32>
  %3 = edge.tanh %0 : tensor<4xf32>
  %4 = edge.quantize %3 as !quant.uniform<i8:f32, 0.0078125:0> : tensor<4xf32>
  return %2, %4 : tensor<4xi8>, tensor<4xi8>
}

// Tables are of one tensor only, whatever the formula.
// CHECK-LABEL: func @formula
// CHECK: edge.lookup %arg0 in %{{.*}} : tensor<4xi8>, tensor<256xi8>
func.func @formula(%x: tensor<4xi8>) -> tensor<4xi8> {
  %half = edge.constant dense<0.5> : tensor<f32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<4xi8>
  %1 = edge.erf %0 : tensor<4xf32>
  %2 = edge.mul %0, %half : tensor<4xf32>, tensor<f32>
  %3 = edge.mul %1, %2 : tensor<4xf32>, tensor<4xf32>
  %4 = edge.quantize %3 as !quant.uniform<i8:f32, 0.25:1> : tensor<4xf32>
  return %4 : tensor<4xi8>
}

// A part at the result's scale stays as it is.
// CHECK-LABEL: func @parts
// CHECK: %[[OTHER:.*]] = edge.lookup %arg1
// CHECK: edge.concat %arg0, %[[OTHER]]
func.func @parts(%x: tensor<4xi8>, %y: tensor<4xi8>) -> tensor<8xi8> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<4xi8>
  %1 = edge.dequantize %y as !quant.uniform<i8:f32, 0.25:1> : tensor<4xi8>
  %2 = edge.concat %0, %1 axis 0 : tensor<4xf32>, tensor<4xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:-3> : tensor<8xf32>
  return %3 : tensor<8xi8>
}
