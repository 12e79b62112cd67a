// RUN: edgec-opt %s --edgec-integer-arithmetic --canonicalize | FileCheck %s

// A layer with a bias and a ReLU: the integers less their zero point, times the weights; then to the result's scale, a factor for each feature: 0.25 and 0.125 are
// half of 2^31 times 2^-1 and 2^-2. What lies below the zero point is cut off.
// CHECK-LABEL: func @layer
// CHECK-NOT: edge.dequantize
// CHECK: %[[WIDE:.*]] = edge.cast %arg0
// CHECK: %[[X:.*]] = edge.sub %[[WIDE]]
// CHECK: %[[SUM:.*]] = edge.matmul %[[X]], %{{.*}} : tensor<1x2xi32>, tensor<2x2xi32>
// CHECK: edge.add %[[SUM]]
// CHECK: edge.requantize {{.*}}high = 127{{.*}}low = 10{{.*}}multipliers = array<i32: 1073741824, 1073741824>{{.*}}rounds_once{{.*}}shifts = array<i32: -1, -2>{{.*}}zero_point = 10
func.func @layer(%x: tensor<1x2xi8>) -> tensor<1x2xi8> {
  %w = edge.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %b = edge.constant dense<[5, 6]> : tensor<2xi32>
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2xi8>
  %1 = edge.dequantize %w as !quant.uniform<i8:f32:1, {0.25, 0.125}> : tensor<2x2xi8>
  %2 = edge.dequantize %b as !quant.uniform<i32:f32:0, {0.125, 0.0625}> : tensor<2xi32>
  %3 = edge.matmul %0, %1 : tensor<1x2xf32>, tensor<2x2xf32>
  %4 = edge.add %3, %2 : tensor<1x2xf32>, tensor<2xf32>
  %5 = edge.relu %4 : tensor<1x2xf32>
  %6 = edge.quantize %5 as !quant.uniform<i8:f32, 0.5:10> : tensor<1x2xf32>
  return %6 : tensor<1x2xi8>
}

// Numbers that others read, too, stay numbers.
// CHECK-LABEL: func @shared
// CHECK: edge.quantize
func.func @shared(%x: tensor<1x2xi8>, %y: tensor<1x2xi8>) -> (tensor<1x2xi8>, tensor<1x2xf32>) {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2xi8>
  %1 = edge.dequantize %y as !quant.uniform<i8:f32, 0.5:10> : tensor<1x2xi8>
  %2 = edge.add %0, %1 : tensor<1x2xf32>, tensor<1x2xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:10> : tensor<1x2xf32>
  return %3, %2 : tensor<1x2xi8>, tensor<1x2xf32>
}

// A sum: both summands at twice the larger scale, 20 bits up.
// CHECK-LABEL: func @sum
// CHECK-COUNT-2: edge.mul
// CHECK: edge.add
// CHECK: edge.requantize {{.*}} tensor<1x2xi32>
func.func @sum(%x: tensor<1x2xi8>, %y: tensor<1x2xi8>) -> tensor<1x2xi8> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:-3> : tensor<1x2xi8>
  %1 = edge.dequantize %y as !quant.uniform<i8:f32, 0.5:10> : tensor<1x2xi8>
  %2 = edge.add %0, %1 : tensor<1x2xf32>, tensor<1x2xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.5:10> : tensor<1x2xf32>
  return %3 : tensor<1x2xi8>
}
