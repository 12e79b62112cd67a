// RUN: edgec-opt %s --edgec-reuse-operands --split-input-file | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// The first operand dies here: it is the destination, and the body reads it there.
// CHECK-LABEL: @dies
// CHECK: %[[X:.*]] = linalg.fill
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<8xf32>) outs(%[[X]] : tensor<4x8xf32>)
// CHECK-NEXT: ^bb0(%[[Y:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT: arith.addf %[[OUT]], %[[Y]]
func.func @dies(%y: tensor<8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %x = linalg.fill ins(%c : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %e2 = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<4x8xf32>, tensor<8xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %1 = arith.addf %a, %b : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// The caller's input is not ours to write.
// CHECK-LABEL: @input
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<4x8xf32>) outs(%[[E]] : tensor<4x8xf32>)
func.func @input(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#swap = affine_map<(d0, d1) -> (d1, d0)>

// Read at another index, or read again later: neither is overwritten.
// CHECK-LABEL: @other_index_and_later_use
// CHECK: %[[X:.*]] = linalg.fill
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x4xf32>) outs(%[[E]] : tensor<4x4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x4xf32>) outs(%[[E]] : tensor<4x4xf32>)
func.func @other_index_and_later_use() -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %c = arith.constant 1.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %x = linalg.fill ins(%c : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %2 = arith.negf %a : f32
    linalg.yield %2 : f32
  } -> tensor<4x4xf32>
  %0 = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4x4xf32>
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Another op has read it before, and nobody does after: its place is free.
// CHECK-LABEL: @earlier_use
// CHECK: %[[X:.*]] = linalg.fill
// CHECK: arith.maximumf
// CHECK: linalg.generic {{.*}} outs(%[[X]] : tensor<4x8xf32>)
func.func @earlier_use(%m: tensor<4xf32>) -> (tensor<4xf32>, tensor<4x8xf32>) {
  %c = arith.constant 1.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %x = linalg.fill ins(%c : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  %most = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x8xf32>) outs(%m : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maximumf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%empty : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %most, %y : tensor<4xf32>, tensor<4x8xf32>
}
