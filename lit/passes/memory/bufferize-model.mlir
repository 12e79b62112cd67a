// RUN: edgec-opt %s --edgec-bufferize-model --canonicalize --split-input-file | FileCheck %s

#map = affine_map<(d0) -> (d0)>

// Inputs and outputs are arguments, and the last op writes the output itself: no copy, and one buffer between the two ops.
// CHECK-LABEL: func @main
// CHECK-SAME: (%[[X:.*]]: memref<8xf32> {{{.*}}edge.kind = "input"{{.*}}}, %[[Y:.*]]: memref<8xf32> {{{.*}}edge.kind = "output"{{.*}}})
// CHECK: %[[B:.*]] = memref.alloc() {{.*}}: memref<8xf32>
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} ins(%[[X]] : memref<8xf32>) outs(%[[B]] : memref<8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[B]] : memref<8xf32>) outs(%[[Y]] : memref<8xf32>)
// CHECK-NOT: {{memref|linalg}}.copy
// CHECK: return
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e0 = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e0 : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %2 = math.exp %a : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  %e1 = tensor.empty() : tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%0 : tensor<8xf32>) outs(%e1 : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %2 = arith.negf %a : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

#map = affine_map<(d0) -> (d0)>

// A reshaped result is a reshaped view of the output.
// CHECK-LABEL: func @reshaped
// CHECK-SAME: %[[Y:[a-z0-9]*]]: memref<2x4xf32> {edge.kind = "output"}
// CHECK: %[[V:.*]] = memref.collapse_shape %[[Y]]
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[V]] : memref<8xf32>)
// CHECK-NOT: {{memref|linalg}}.copy
// CHECK: return
func.func @reshaped(%x: tensor<8xf32>) -> tensor<2x4xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %2 = arith.negf %a : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// An input that is an output too is copied.
// CHECK-LABEL: func @identity
// CHECK: linalg.copy ins(%arg0 : memref<8xf32>) outs(%arg1 : memref<8xf32>)
func.func @identity(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}
