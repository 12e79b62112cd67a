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
