// RUN: edgec-opt %s --edgec-pack-weights --split-input-file | FileCheck %s

#target = #edge.target<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", abi = "", vector_bits = 256, l2_bytes = 1048576, dot = "pmaddwd">

// Products of neighbouring channels lie side by side, as wide as the instruction takes them; an odd channel is filled up.
module attributes {edge.target = #target} {
// CHECK-LABEL: func @odd
// CHECK: arith.constant dense<[1, 5, 2, 6, 3, 7, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 10, 0, 11, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0]> : tensor<32xi16>
// CHECK: kernel.matmul {{.*}}packing = #kernel.packing<vectors = 1, lanes = 8, products = 2, bits = 16>
func.func @odd(%x: tensor<1x4x3xi8>) -> tensor<1x4x4xi32> {
  %w = arith.constant dense<[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]]> : tensor<1x3x4xi8>
  %e = tensor.empty() : tensor<1x4x4xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x4x3xi8>, tensor<1x3x4xi8>) outs(%e : tensor<1x4x4xi32>) {zero_point = 3 : i64} -> tensor<1x4x4xi32>
  return %y : tensor<1x4x4xi32>
}
}

// -----

#target = #edge.target<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", abi = "", vector_bits = 256, l2_bytes = 1048576, dot = "pmaddwd">

// Read for one row only, weights stay narrow.
module attributes {edge.target = #target} {
// CHECK-LABEL: func @vector
// CHECK: arith.constant {{.*}} : tensor<32xi8>
func.func @vector(%x: tensor<1x1x4xi8>) -> tensor<1x1x4xi32> {
  %w = arith.constant dense<[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]]> : tensor<1x4x4xi8>
  %e = tensor.empty() : tensor<1x1x4xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x1x4xi8>, tensor<1x4x4xi8>) outs(%e : tensor<1x1x4xi32>) -> tensor<1x1x4xi32>
  return %y : tensor<1x1x4xi32>
}
}
