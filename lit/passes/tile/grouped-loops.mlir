// RUN: edgec-opt %s --pass-pipeline="builtin.module(func.func(edgec-kernel-to-loops{vector-bits=128}))" | FileCheck %s

// A group after the other: its scales, then bytes with two integers each.
// CHECK-LABEL: @loops
// CHECK: vector.load %{{.*}} : memref<40xi8{{.*}}>, vector<8xi8>
// CHECK: vector.bitcast %{{.*}} : vector<8xi8> to vector<4xbf16>
// CHECK: arith.extf
// CHECK: arith.shli
// CHECK: arith.shrsi
// CHECK: arith.sitofp %{{.*}} : vector<4xi32> to vector<4xf32>
// CHECK: arith.mulf
func.func @loops(%a: memref<1x4x16xf32>, %w: memref<40xi8>, %r: memref<1x4x3xf32>) {
  kernel.matmul ins(%a, %w : memref<1x4x16xf32>, memref<40xi8>) outs(%r : memref<1x4x3xf32>) {kernel.grouped = array<i64: 16, 2, 4>, packing = #kernel.packing<vectors = 1, lanes = 4>}
  return
}

// Of 8 bits, a row of bytes for each of two products.
// CHECK-LABEL: @bytes
// CHECK: vector.bitcast %{{.*}} : vector<8xi8> to vector<4xbf16>
// CHECK: vector.load %{{.*}} : memref<72xi8{{.*}}>, vector<4xi8>
// CHECK: arith.extsi %{{.*}} : vector<4xi8> to vector<4xi32>
// CHECK-NOT: arith.shrsi
// CHECK: vector.load %{{.*}} : memref<72xi8{{.*}}>, vector<4xi8>
func.func @bytes(%a: memref<1x4x16xf32>, %w: memref<72xi8>, %r: memref<1x4x3xf32>) {
  kernel.matmul ins(%a, %w : memref<1x4x16xf32>, memref<72xi8>) outs(%r : memref<1x4x3xf32>) {kernel.grouped = array<i64: 16, 2, 8>, packing = #kernel.packing<vectors = 1, lanes = 4>}
  return
}
