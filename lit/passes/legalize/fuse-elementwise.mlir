// RUN: edgec-opt %s --edgec-edge-to-linalg --edgec-fuse-elementwise | FileCheck %s

// A chain is one loop nest.
// CHECK-LABEL: @chain
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: arith.select
// CHECK: arith.mulf
// CHECK: linalg.yield
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @chain(%x: tensor<4x8xf32>, %y: tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = edge.add %x, %y : tensor<4x8xf32>, tensor<8xf32>
  %1 = edge.relu %0 : tensor<4x8xf32>
  %2 = edge.mul %1, %1 : tensor<4x8xf32>, tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// A reduction computes what it reads.
// CHECK-LABEL: @into_reduction
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: math.exp
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @into_reduction(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %0 = edge.exp %x : tensor<4x8xf32>
  %1 = edge.reduce sum %0 over [1] : tensor<4x8xf32>
  return %1 : tensor<4xf32>
}

// No work is repeated: with two readers, the exponential is computed once.
// CHECK-LABEL: @two_readers
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @two_readers(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = edge.exp %x : tensor<4x8xf32>
  %1 = edge.relu %0 : tensor<4x8xf32>
  %2 = edge.sqrt %0 : tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// A reduction reads what a transpose moves where it was.
// CHECK-LABEL: @transposed
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%arg0 : tensor<8x4xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @transposed(%x: tensor<8x4xf32>) -> tensor<4xf32> {
  %0 = edge.transpose %x by [1, 0] : tensor<8x4xf32>
  %1 = edge.reduce max %0 over [1] : tensor<4x8xf32>
  return %1 : tensor<4xf32>
}

// The centring of a normalization is computed by both of its readers: there is no centred tensor.
// CHECK-LABEL: @centred
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}}["parallel", "parallel"]}
// CHECK: arith.subf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @centred(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %mean = edge.reduce sum %x over [1] keepdims : tensor<4x8xf32>
  %0 = edge.sub %x, %mean : tensor<4x8xf32>, tensor<4x1xf32>
  %1 = edge.mul %0, %0 : tensor<4x8xf32>, tensor<4x8xf32>
  %variance = edge.reduce sum %1 over [1] keepdims : tensor<4x8xf32>
  %2 = edge.mul %0, %variance : tensor<4x8xf32>, tensor<4x1xf32>
  return %2 : tensor<4x8xf32>
}

// What a contraction sums and an op narrows is written narrow: the reduction behind it widens what is there.
// CHECK-LABEL: @narrowed_sums
// CHECK: %[[SUM:.*]] = kernel.matmul
// CHECK: %[[STORED:.*]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<1x4x8xf32>) outs(%{{.*}} : tensor<1x4x8xf16>)
// CHECK: linalg.generic {{.*}} ins(%[[STORED]] : tensor<1x4x8xf16>) outs(%{{.*}} : tensor<1x4xf32>)
// CHECK: arith.extf
// CHECK: arith.addf
func.func @narrowed_sums(%a: tensor<1x4x2xf32>, %b: tensor<1x2x8xf32>, %init: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %h = tensor.empty() : tensor<1x4x8xf16>
  %0 = kernel.matmul ins(%a, %b : tensor<1x4x2xf32>, tensor<1x2x8xf32>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(b, r, c) -> (b, r, c)>, affine_map<(b, r, c) -> (b, r, c)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<1x4x8xf32>) outs(%h : tensor<1x4x8xf16>) {
  ^bb0(%x: f32, %o: f16):
    %t = arith.truncf %x : f32 to f16
    linalg.yield %t : f16
  } -> tensor<1x4x8xf16>
  %2 = linalg.generic {indexing_maps = [affine_map<(b, r, c) -> (b, r, c)>, affine_map<(b, r, c) -> (b, r, c)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x4x8xf16>) outs(%e : tensor<1x4x8xf32>) {
  ^bb0(%x: f16, %o: f32):
    %t = arith.extf %x : f16 to f32
    linalg.yield %t : f32
  } -> tensor<1x4x8xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(b, r, c) -> (b, r, c)>, affine_map<(b, r, c) -> (b, r)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%2 : tensor<1x4x8xf32>) outs(%init : tensor<1x4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %t = arith.addf %o, %x : f32
    linalg.yield %t : f32
  } -> tensor<1x4xf32>
  return %3 : tensor<1x4xf32>
}
