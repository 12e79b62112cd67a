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
