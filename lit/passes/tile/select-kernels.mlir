// RUN: edgec-opt %s --split-input-file --edgec-select-kernels --canonicalize | FileCheck %s

// CHECK-LABEL: @matmul
// CHECK: kernel.matmul ins(%{{.*}}, %{{.*}} : tensor<1x6x8xf32>, tensor<1x8x5xf32>) outs(%{{.*}} : tensor<1x6x5xf32>)
// CHECK-NOT: linalg.generic
func.func @matmul(%a: tensor<6x8xf32>, %b: tensor<8x5xf32>) -> tensor<6x5xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<6x5xf32>) -> tensor<6x5xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, k, n) -> (m, k)>, affine_map<(m, k, n) -> (k, n)>, affine_map<(m, k, n) -> (m, n)>],
      iterator_types = ["parallel", "reduction", "parallel"]} ins(%a, %b : tensor<6x8xf32>, tensor<8x5xf32>) outs(%init : tensor<6x5xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<6x5xf32>
  return %r : tensor<6x5xf32>
}

// -----

// Constant weights that lie the other way round are transposed here and now; batches without a matrix of their own are rows.
// CHECK-LABEL: @constant
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[}}1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]]> : tensor<1x2x2xf32>
// CHECK: kernel.matmul ins(%{{.*}}, %[[W]] : tensor<1x12x2xf32>, tensor<1x2x2xf32>)
func.func @constant(%a: tensor<3x4x2xf32>) -> tensor<3x4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3x4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (n, k)>, affine_map<(b, m, n, k) -> (b, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%a, %w : tensor<3x4x2xf32>, tensor<2x2xf32>) outs(%init : tensor<3x4x2xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<3x4x2xf32>
  return %r : tensor<3x4x2xf32>
}

// -----

// Two rows don't pay for a transposed copy of what is computed at run time.
// CHECK-LABEL: @few_rows
// CHECK-NOT: kernel.matmul
// CHECK: linalg.generic
func.func @few_rows(%a: tensor<2x8xf32>, %b: tensor<5x8xf32>) -> tensor<2x5xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x5xf32>) -> tensor<2x5xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<2x8xf32>, tensor<5x8xf32>) outs(%init : tensor<2x5xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  } -> tensor<2x5xf32>
  return %r : tensor<2x5xf32>
}
