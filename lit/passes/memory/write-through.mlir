// RUN: edgec-opt %s --edgec-bufferize-model --canonicalize --cse -split-input-file | FileCheck %s

#id = affine_map<(a, b, c) -> (a, b, c)>

// The detection heads of all levels are reshaped and joined: each is computed where it goes, in the order of the ops.
// CHECK-LABEL: func.func @heads
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<1x20x2xf32> {edge.kind = "output"})
// CHECK-NOT: alloc
// CHECK: %[[SECOND:.*]] = memref.subview %[[OUT]][0, 16, 0]
// CHECK: %[[PLACE:.*]] = memref.expand_shape
// CHECK: kernel.pool max {{.*}} outs(%[[PLACE]] : memref<1x2x2x2xf32, strided<{{.*}}, offset: 32>>)
// CHECK: kernel.pool max {{.*}} outs({{.*}} : memref<1x4x4x2xf32, strided<{{.*}}>>)
// CHECK-NOT: alloc
// CHECK-NOT: linalg.copy
// CHECK: return
func.func @heads(%x: tensor<1x8x8x2xf32>) -> tensor<1x20x2xf32> {
  %e2 = tensor.empty() : tensor<1x2x2x2xf32>
  %p2 = kernel.pool max ins(%x : tensor<1x8x8x2xf32>) outs(%e2 : tensor<1x2x2x2xf32>) {dilations = array<i64: 1, 1>, kernel = array<i64: 4, 4>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 4, 4>} -> tensor<1x2x2x2xf32>
  %e1 = tensor.empty() : tensor<1x4x4x2xf32>
  %p1 = kernel.pool max ins(%x : tensor<1x8x8x2xf32>) outs(%e1 : tensor<1x4x4x2xf32>) {dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>} -> tensor<1x4x4x2xf32>
  %r1 = tensor.collapse_shape %p1 [[0], [1, 2], [3]] : tensor<1x4x4x2xf32> into tensor<1x16x2xf32>
  %r2 = tensor.collapse_shape %p2 [[0], [1, 2], [3]] : tensor<1x2x2x2xf32> into tensor<1x4x2xf32>
  %e = tensor.empty() : tensor<1x20x2xf32>
  %0 = tensor.insert_slice %r1 into %e[0, 0, 0] [1, 16, 2] [1, 1, 1] : tensor<1x16x2xf32> into tensor<1x20x2xf32>
  %1 = tensor.insert_slice %r2 into %0[0, 16, 0] [1, 4, 2] [1, 1, 1] : tensor<1x4x2xf32> into tensor<1x20x2xf32>
  return %1 : tensor<1x20x2xf32>
}

// -----

#id = affine_map<(a, b, c) -> (a, b, c)>

// What is read elsewhere, too, keeps a buffer of its own and is copied.
// CHECK-LABEL: func.func @shared
// CHECK: %[[X:.*]] = memref.alloc() : memref<1x4x4xf32>
// CHECK: linalg.generic {{.*}} outs(%[[X]] :
// CHECK: linalg.copy ins(%[[X]]
// CHECK: return
func.func @shared(%x: tensor<1x4x4xf32>) -> (tensor<1x8x4xf32>, tensor<1x4x4xf32>) {
  %e = tensor.empty() : tensor<1x4x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<1x4x4xf32>) outs(%e : tensor<1x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<1x4x4xf32>
  %f = tensor.empty() : tensor<1x8x4xf32>
  %1 = tensor.insert_slice %0 into %f[0, 0, 0] [1, 4, 4] [1, 1, 1] : tensor<1x4x4xf32> into tensor<1x8x4xf32>
  %2 = tensor.insert_slice %0 into %1[0, 4, 0] [1, 4, 4] [1, 1, 1] : tensor<1x4x4xf32> into tensor<1x8x4xf32>
  %g = tensor.empty() : tensor<1x4x4xf32>
  %3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<1x4x4xf32>) outs(%g : tensor<1x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = math.sqrt %a : f32
    linalg.yield %n : f32
  } -> tensor<1x4x4xf32>
  return %2, %3 : tensor<1x8x4xf32>, tensor<1x4x4xf32>
}

// -----

#id = affine_map<(a, b, c, d) -> (a, b, c, d)>

// A constant border: what it surrounds is computed inside. And two that start from zeros have zeros of their own.
// CHECK-LABEL: func.func @pad
// CHECK: linalg.fill
// CHECK: %[[INSIDE:.*]] = memref.subview %{{.*}}[0, 1, 1, 0]
// CHECK: linalg.generic {{.*}} outs(%[[INSIDE]] :
// CHECK-NOT: linalg.copy
// CHECK: linalg.fill
// CHECK-NOT: linalg.{{copy|fill}}
// CHECK: return
func.func @pad(%x: tensor<1x4x4x2xf32>) -> (tensor<1x6x6x2xf32>, tensor<1x6x6x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x4x2xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x : tensor<1x4x4x2xf32>) outs(%e : tensor<1x4x4x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<1x4x4x2xf32>
  %f = tensor.empty() : tensor<1x6x6x2xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%f : tensor<1x6x6x2xf32>) -> tensor<1x6x6x2xf32>
  %1 = tensor.insert_slice %0 into %filled[0, 1, 1, 0] [1, 4, 4, 2] [1, 1, 1, 1] : tensor<1x4x4x2xf32> into tensor<1x6x6x2xf32>
  return %1, %filled : tensor<1x6x6x2xf32>, tensor<1x6x6x2xf32>
}
