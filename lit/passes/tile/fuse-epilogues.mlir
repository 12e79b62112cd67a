// RUN: edgec-opt %s --split-input-file --edgec-fuse-epilogues | FileCheck %s

#full = affine_map<(m, n) -> (m, n)>
#column = affine_map<(m, n) -> (n)>

// A bias and a residual sum, seen through the reshape of the product.
// CHECK-LABEL: @bias_and_residual
// CHECK-SAME: %[[A:.*]]: tensor<1x6x8xf32>, %[[B:.*]]: tensor<1x8x5xf32>, %[[BIAS:.*]]: tensor<5xf32>, %[[OLD:.*]]: tensor<6x5xf32>
// CHECK-DAG: %[[BIAS3:.*]] = tensor.expand_shape %[[BIAS]] {{.*}} into tensor<1x1x5xf32>
// CHECK-DAG: %[[OLD3:.*]] = tensor.expand_shape %[[OLD]] {{.*}} into tensor<1x6x5xf32>
// CHECK: kernel.matmul ins(%[[A]], %[[B]] : {{.*}}) outs(%{{.*}}) extras(%[[BIAS3]], %[[OLD3]] : {{.*}}) epilogue {
// CHECK: ^bb0(%[[SUM:.*]]: f32, %[[X:.*]]: f32, %[[Y:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[FIRST:.*]] = arith.addf %[[SUM]], %[[X]]
// CHECK: %[[SECOND:.*]] = arith.addf %[[FIRST]], %[[Y]]
// CHECK: kernel.yield %[[SECOND]]
// CHECK-NOT: linalg.generic
func.func @bias_and_residual(%a: tensor<1x6x8xf32>, %b: tensor<1x8x5xf32>, %bias: tensor<5xf32>, %old: tensor<6x5xf32>) -> tensor<6x5xf32> {
  %empty3 = tensor.empty() : tensor<1x6x5xf32>
  %empty = tensor.empty() : tensor<6x5xf32>
  %product = kernel.matmul ins(%a, %b : tensor<1x6x8xf32>, tensor<1x8x5xf32>) outs(%empty3 : tensor<1x6x5xf32>) -> tensor<1x6x5xf32>
  %flat = tensor.collapse_shape %product [[0, 1], [2]] : tensor<1x6x5xf32> into tensor<6x5xf32>
  %r = linalg.generic {indexing_maps = [#full, #column, #full], iterator_types = ["parallel", "parallel"]}
      ins(%flat, %bias : tensor<6x5xf32>, tensor<5xf32>) outs(%empty : tensor<6x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<6x5xf32>
  %t = linalg.generic {indexing_maps = [#full, #full, #full], iterator_types = ["parallel", "parallel"]}
      ins(%r, %old : tensor<6x5xf32>, tensor<6x5xf32>) outs(%empty : tensor<6x5xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<6x5xf32>
  return %t : tensor<6x5xf32>
}

// -----

#full = affine_map<(m, n) -> (m, n)>
#turned = affine_map<(m, n) -> (n, m)>

// Somebody else reads the product, or it is read the other way round: nothing is fused.
// CHECK-LABEL: @kept
// CHECK-NOT: epilogue
// CHECK: return
func.func @kept(%a: tensor<1x6x8xf32>, %b: tensor<1x8x6xf32>) -> (tensor<6x6xf32>, tensor<1x6x6xf32>, tensor<6x6xf32>) {
  %empty3 = tensor.empty() : tensor<1x6x6xf32>
  %empty = tensor.empty() : tensor<6x6xf32>
  %product = kernel.matmul ins(%a, %b : tensor<1x6x8xf32>, tensor<1x8x6xf32>) outs(%empty3 : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %flat = tensor.collapse_shape %product [[0, 1], [2]] : tensor<1x6x6xf32> into tensor<6x6xf32>
  %r = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]} ins(%flat : tensor<6x6xf32>) outs(%empty : tensor<6x6xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.negf %x : f32
    linalg.yield %s : f32
  } -> tensor<6x6xf32>
  %other = kernel.matmul ins(%a, %b : tensor<1x6x8xf32>, tensor<1x8x6xf32>) outs(%empty3 : tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  %flatter = tensor.collapse_shape %other [[0, 1], [2]] : tensor<1x6x6xf32> into tensor<6x6xf32>
  %u = linalg.generic {indexing_maps = [#turned, #full], iterator_types = ["parallel", "parallel"]} ins(%flatter : tensor<6x6xf32>) outs(%empty : tensor<6x6xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.negf %x : f32
    linalg.yield %s : f32
  } -> tensor<6x6xf32>
  return %r, %product, %u : tensor<6x6xf32>, tensor<1x6x6xf32>, tensor<6x6xf32>
}
