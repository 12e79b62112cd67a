// RUN: edgec-opt %s --edgec-draw-together | FileCheck %s

#id = affine_map<(h, r, c) -> (h, r, c)>

// The values are computed between the scores and what is summed up with them, from something else: they move in front.
// CHECK-LABEL: func @values
// CHECK: linalg.generic
// CHECK: math.absf
// CHECK: %[[SCORES:.*]] = kernel.matmul ins(%arg0, %arg1
// CHECK-NEXT: linalg.generic
// CHECK: math.exp
// CHECK: kernel.matmul
func.func @values(%q: tensor<2x10x8xf32>, %k: tensor<2x8x10xf32>, %x: tensor<2x10x8xf32>) -> tensor<2x10x8xf32> {
  %se = tensor.empty() : tensor<2x10x10xf32>
  %ve = tensor.empty() : tensor<2x10x8xf32>
  %scores = kernel.matmul ins(%q, %k : tensor<2x10x8xf32>, tensor<2x8x10xf32>) outs(%se : tensor<2x10x10xf32>) -> tensor<2x10x10xf32>
  %v = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x10x8xf32>) outs(%ve : tensor<2x10x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x10x8xf32>
  %p = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores : tensor<2x10x10xf32>) outs(%se : tensor<2x10x10xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x10x10xf32>
  %y = kernel.matmul ins(%p, %v : tensor<2x10x10xf32>, tensor<2x10x8xf32>) outs(%ve : tensor<2x10x8xf32>) -> tensor<2x10x8xf32>
  return %y : tensor<2x10x8xf32>
}
