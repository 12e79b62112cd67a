// RUN: edgec-opt %s --edgec-kernel-to-loops | FileCheck %s

#target = #edge.target<name = "v", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "+avx512vnni", abi = "", vector_bits = 512, vector_registers = 32, l2_bytes = 1048576, dot = "vpdpbusd">

// Columns of the image are interleaved byte by byte, then pair by pair, and multiplied with four taps a channel; the sums' blocks of four are put in order.
module attributes {edge.target = #target} {
// CHECK-LABEL: func @channels
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<{{.*}}xi8>
// CHECK: vector.shuffle {{.*}} [0, 64, 1, 65, 2, 66, 3, 67, 4, 68, 5, 69, 6, 70, 7, 71, 16, 80, {{.*}}] : vector<64xi8>, vector<64xi8>
// CHECK: vector.shuffle {{.*}} [0, 32, 1, 33, 2, 34, 3, 35, 8, 40, {{.*}}] : vector<32xi16>, vector<32xi16>
// CHECK: kernel.dot {{.*}} {unsigned_x} : vector<64xi8>, vector<64xi8>, vector<16xi32>
// CHECK: vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] : vector<16xi32>, vector<16xi32>
func.func @channels(%x: memref<1x9x64xi8>, %w: memref<256xi8>, %b: memref<64xi32>, %o: memref<1x9x64xi32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x9x64xi8>, memref<256xi8>, memref<64xi32>) outs(%o : memref<1x9x64xi32>) {groups = 64 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 4, lanes = 16, products = 4, bits = 8>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
// Of 16 channels, four neighbouring positions are in a register: 8 of 9 are a whole tile of two, the last one is alone.
// CHECK-LABEL: func @positions
// CHECK-COUNT-12: kernel.dot {{.*}} : vector<64xi8>, vector<64xi8>, vector<16xi32>
// CHECK-NOT: kernel.dot
func.func @positions(%x: memref<1x9x16xi8>, %w: memref<256xi8>, %b: memref<16xi32>, %o: memref<1x9x16xi32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x9x16xi8>, memref<256xi8>, memref<16xi32>) outs(%o : memref<1x9x16xi32>) {groups = 16 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 4, lanes = 16, products = 4, bits = 8>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
}
