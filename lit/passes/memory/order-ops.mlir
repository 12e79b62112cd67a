// RUN: edgec-opt %s --edgec-order-ops | FileCheck %s

#id = affine_map<(d0) -> (d0)>
#zero = affine_map<(d0) -> ()>

// Two large tensors, each reduced to a scalar: reducing the first before making the second halves the memory.
// CHECK-LABEL: func.func @reduce_early
// CHECK: linalg.broadcast
// CHECK: iterator_types = ["reduction"]
// CHECK: linalg.broadcast
// CHECK: iterator_types = ["reduction"]
func.func @reduce_early(%a: tensor<f32>, %b: tensor<f32>, %init: tensor<f32>) -> tensor<f32> {
  %e0 = tensor.empty() : tensor<1000xf32>
  %big0 = linalg.broadcast ins(%a : tensor<f32>) outs(%e0 : tensor<1000xf32>) dimensions = [0]
  %e1 = tensor.empty() : tensor<1000xf32>
  %big1 = linalg.broadcast ins(%b : tensor<f32>) outs(%e1 : tensor<1000xf32>) dimensions = [0]
  %s0 = linalg.generic {indexing_maps = [#id, #zero], iterator_types = ["reduction"]}
      ins(%big0 : tensor<1000xf32>) outs(%init : tensor<f32>) {
  ^bb0(%x: f32, %acc: f32):
    %y = arith.addf %x, %acc : f32
    linalg.yield %y : f32
  } -> tensor<f32>
  %s1 = linalg.generic {indexing_maps = [#id, #zero], iterator_types = ["reduction"]}
      ins(%big1 : tensor<1000xf32>) outs(%s0 : tensor<f32>) {
  ^bb0(%x: f32, %acc: f32):
    %y = arith.addf %x, %acc : f32
    linalg.yield %y : f32
  } -> tensor<f32>
  return %s1 : tensor<f32>
}
