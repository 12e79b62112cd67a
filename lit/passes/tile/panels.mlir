// RUN: edgec-opt %s --edgec-kernel-to-loops --split-input-file | FileCheck %s

#target = #edge.target<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", abi = "", vector_bits = 256, dot = "pmaddwd">

// The input is widened and centred into a panel, with zeros beside it; then it is multiplied without regard to borders.
module attributes {edge.target = #target} {
// CHECK-LABEL: func @window
// CHECK: %[[PANEL:.*]] = memref.alloca() {alignment = 64 : i64} : memref<{{.*}}xi16>
// CHECK: vector.store {{.*}}, %[[PANEL]]{{.*}} vector<8xi16>
// CHECK: arith.extsi {{.*}} to vector<{{.*}}xi16>
// CHECK: arith.subi
// CHECK: vector.store {{.*}}, %[[PANEL]]
// CHECK: vector.store {{.*}}, %[[PANEL]]{{.*}} vector<8xi16>
// CHECK: vector.load %[[PANEL]]{{.*}} vector<2xi16>
// CHECK: kernel.dot {{.*}} : vector<16xi16>, vector<16xi16>, vector<8xi32>
func.func @window(%x: memref<1x9x8xi8>, %w: memref<192xi16>, %o: memref<1x9x8xi32>) {
  kernel.conv ins(%x, %w : memref<1x9x8xi8>, memref<192xi16>) outs(%o : memref<1x9x8xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 1, lanes = 8, products = 2>, zero_point = 3 : i64}
  return
}
}

// -----

#target = #edge.target<name = "v", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "+avx512vnni", abi = "", vector_bits = 512, vector_registers = 32, dot = "vpdpbusd">

// Bytes are made unsigned on the way, and what lies outside is the zero point as it is then: 3 + 128. Pieces are read with a mask and written whole.
module attributes {edge.target = #target} {
// CHECK-LABEL: func @bytes
// CHECK: %[[PANEL:.*]] = memref.alloca() {alignment = 64 : i64} : memref<{{.*}}xi8>
// CHECK: %[[READ:.*]] = vector.maskedload {{.*}} : memref<27xi8>, vector<16xi1>, vector<16xi8> into vector<16xi8>
// CHECK: %[[OVER:.*]] = arith.constant dense<-128> : vector<16xi8>
// CHECK: %[[RAW:.*]] = arith.subi %[[READ]], %[[OVER]] : vector<16xi8>
// CHECK: vector.store %[[RAW]], %[[PANEL]]
// CHECK: %[[ZERO:.*]] = arith.constant dense<-125> : vector<2xi8>
// CHECK: vector.store %[[ZERO]], %[[PANEL]]
// CHECK: kernel.dot {{.*}} {unsigned_x} : vector<64xi8>, vector<64xi8>, vector<16xi32>
func.func @bytes(%x: memref<1x9x3xi8>, %w: memref<192xi8>, %b: memref<8xi32>, %o: memref<1x9x8xi32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x9x3xi8>, memref<192xi8>, memref<8xi32>) outs(%o : memref<1x9x8xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 1, lanes = 16, products = 4>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
// Windows that overlap share rows of the image with their borders: 10 rows of 10 columns of 16 channels. The sums read a piece of 12 steps of each of
// three rows.
// CHECK-LABEL: func @image
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1664xi8>
// CHECK-COUNT-8: kernel.dot {{.*}} {unsigned_x} : vector<64xi8>, vector<64xi8>, vector<16xi32>
func.func @image(%x: memref<1x8x8x16xi8>, %w: memref<2304xi8>, %b: memref<16xi32>, %o: memref<1x8x8x16xi32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x8x8x16xi8>, memref<2304xi8>, memref<16xi32>) outs(%o : memref<1x8x8x16xi32>) {groups = 1 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, window = array<i64: 3, 3>, packing = #kernel.packing<vectors = 1, lanes = 16, products = 4>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
}
