// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: @softmax
// CHECK: edge.softmax %{{.*}} along 1 : tensor<2x3xf32>
// LOWER-LABEL: func @softmax
// LOWER: arith.maximumf
// LOWER: arith.subf
// LOWER: math.exp
// LOWER: arith.addf
// One division a line; the elements are multiplied.
// LOWER: arith.divf {{.*}} : f32
// LOWER: linalg.yield {{.*}} : f32
// LOWER: arith.mulf
func.func @softmax(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = edge.softmax %x along 1 : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: @log_softmax
// CHECK: edge.softmax log %{{.*}} along 0 : tensor<2x3xf16>
// LOWER-LABEL: func @log_softmax
// LOWER: math.log {{.*}} : f32
// LOWER: arith.truncf {{.*}} : f32 to f16
func.func @log_softmax(%x: tensor<2x3xf16>) -> tensor<2x3xf16> {
  %0 = edge.softmax log %x along 0 : tensor<2x3xf16>
  return %0 : tensor<2x3xf16>
}

// FOLD-LABEL: @constant
// FOLD: dense<5.000000e-01> : tensor<2xf32>
func.func @constant() -> tensor<2xf32> {
  %x = edge.constant dense<1000.0> : tensor<2xf32>
  %0 = edge.softmax %x along 0 : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// Rows of -inf: 0 instead of -inf is subtracted, and the sum 0 isn't divided by.
// CHECK-LABEL: @safe
// CHECK: edge.softmax safe %{{.*}} along 1 : tensor<2x3xf32>
// LOWER-LABEL: func @safe
// LOWER: arith.cmpf oeq
// LOWER: arith.select
// LOWER: math.exp
// LOWER: arith.cmpf oeq
// LOWER: arith.select
// LOWER: arith.divf
func.func @safe(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = edge.softmax safe %x along 1 : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// FOLD-LABEL: @constant_safe
// FOLD: dense<{{\[\[}}0.000000e+00, 0.000000e+00], [5.000000e-01, 5.000000e-01]]> : tensor<2x2xf32>
func.func @constant_safe() -> tensor<2x2xf32> {
  %x = edge.constant dense<[[0xFF800000, 0xFF800000], [1.0, 1.0]]> : tensor<2x2xf32>
  %0 = edge.softmax safe %x along 1 : tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// What torch's decompositions write.
// FOLD-LABEL: @decomposed
// FOLD-NEXT: %[[Y:.*]] = edge.softmax safe %arg0 along 1
// FOLD-NEXT: return %[[Y]]
func.func @decomposed(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %inf = edge.constant dense<0xFF800000> : tensor<f32>
  %zero = edge.constant dense<0.0> : tensor<2x3xf32>
  %0 = edge.softmax %x along 1 : tensor<2x3xf32>
  %1 = edge.compare equal %x, %inf : tensor<2x3xf32>, tensor<f32>
  %2 = edge.not %1 : tensor<2x3xi1>
  %3 = edge.reduce max %2 over [1] keepdims : tensor<2x3xi1>
  %4 = edge.not %3 : tensor<2x1xi1>
  %5 = edge.select %4, %zero, %0 : tensor<2x1xi1>, tensor<2x3xf32>, tensor<2x3xf32>
  return %5 : tensor<2x3xf32>
}

// Another axis, or another number: left as it is.
// FOLD-LABEL: @other_axis
// FOLD: edge.select
func.func @other_axis(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %inf = edge.constant dense<0xFF800000> : tensor<f32>
  %zero = edge.constant dense<0.0> : tensor<f32>
  %0 = edge.softmax %x along 1 : tensor<3x3xf32>
  %1 = edge.compare equal %x, %inf : tensor<3x3xf32>, tensor<f32>
  %2 = edge.not %1 : tensor<3x3xi1>
  %3 = edge.reduce max %2 over [0] keepdims : tensor<3x3xi1>
  %4 = edge.not %3 : tensor<1x3xi1>
  %5 = edge.select %4, %zero, %0 : tensor<1x3xi1>, tensor<f32>, tensor<3x3xf32>
  return %5 : tensor<3x3xf32>
}

// FOLD-LABEL: @other_number
// FOLD: edge.select
func.func @other_number(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %inf = edge.constant dense<0xFF800000> : tensor<f32>
  %one = edge.constant dense<1.0> : tensor<f32>
  %0 = edge.softmax %x along 1 : tensor<2x3xf32>
  %1 = edge.compare equal %x, %inf : tensor<2x3xf32>, tensor<f32>
  %2 = edge.not %1 : tensor<2x3xi1>
  %3 = edge.reduce max %2 over [1] keepdims : tensor<2x3xi1>
  %4 = edge.not %3 : tensor<2x1xi1>
  %5 = edge.select %4, %one, %0 : tensor<2x1xi1>, tensor<f32>, tensor<2x3xf32>
  return %5 : tensor<2x3xf32>
}
