// RUN: edgec-opt %s --edgec-kernel-to-loops --split-input-file | FileCheck %s

#target = #edge.target<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", abi = "", vector_bits = 256, l2_bytes = 1048576, dot = "pmaddwd">

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
  kernel.conv ins(%x, %w : memref<1x9x8xi8>, memref<192xi16>) outs(%o : memref<1x9x8xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 1, lanes = 8, products = 2, bits = 16>, zero_point = 3 : i64}
  return
}
}

// -----

#target = #edge.target<name = "v", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "+avx512vnni", abi = "", vector_bits = 512, vector_registers = 32, l2_bytes = 1048576, dot = "vpdpbusd">

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
  kernel.conv ins(%x, %w bias %b : memref<1x9x3xi8>, memref<192xi8>, memref<8xi32>) outs(%o : memref<1x9x8xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 1, lanes = 16, products = 4, bits = 8>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
// Windows that overlap share rows of the image with their borders: 10 rows of 10 columns of 16 channels. The sums read a piece of 12 steps of each of
// three rows.
// CHECK-LABEL: func @image
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1664xi8>
// CHECK-COUNT-8: kernel.dot {{.*}} {unsigned_x} : vector<64xi8>, vector<64xi8>, vector<16xi32>
func.func @image(%x: memref<1x8x8x16xi8>, %w: memref<2304xi8>, %b: memref<16xi32>, %o: memref<1x8x8x16xi32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x8x8x16xi8>, memref<2304xi8>, memref<16xi32>) outs(%o : memref<1x8x8x16xi32>) {groups = 1 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, window = array<i64: 3, 3>, packing = #kernel.packing<vectors = 1, lanes = 16, products = 4, bits = 8>, zero_point = 3 : i64, offset = 128 : i64}
  return
}
}

// -----

#a76 = #edge.target<name = "cortex-a76", triple = "aarch64-unknown-linux-gnu", cpu = "cortex-a76", features = "", abi = "", vector_bits = 128, vector_registers = 32, l2_bytes = 1048576, dot = "sdot">

// One load of a row serves four steps, of which each takes a lane.
module attributes {edge.target = #a76} {
// CHECK-LABEL: func @lanes
// CHECK: scf.for
// CHECK: %[[ROW:.*]] = vector.bitcast %{{.*}} : vector<16xi8> to vector<4xi32>
// CHECK: vector.extract %[[ROW]][0]
// CHECK: kernel.dot
// CHECK: vector.extract %[[ROW]][1]
// CHECK: kernel.dot
// CHECK: vector.extract %[[ROW]][3]
func.func @lanes(%x: memref<1x1x32xi8>, %w: memref<128xi8>, %o: memref<1x1x4xi32>) {
  kernel.matmul ins(%x, %w : memref<1x1x32xi8>, memref<128xi8>) outs(%o : memref<1x1x4xi32>) {packing = #kernel.packing<vectors = 1, lanes = 4, products = 4, bits = 8>}
  return
}
}

// -----

#m4 = #edge.target<name = "cortex-m4", triple = "thumbv7em-none-eabihf", cpu = "cortex-m4", features = "", abi = "", index_bits = 32, vector_bits = 0, l2_bytes = 0, dot = "smlad">

// A microcontroller's panel is a tile's: two positions of eight.
module attributes {edge.target = #m4} {
// CHECK-LABEL: func @pairs
// CHECK: memref.alloca() {alignment = 8 : i64} : memref<16xi16>
// CHECK: arith.extsi {{.*}} : vector<4xi8> to vector<4xi16>
// CHECK: vector.load {{.*}} vector<4xi16>
// CHECK: vector.shuffle {{.*}} [0, 2] : vector<4xi8>
// CHECK: vector.shuffle {{.*}} [1, 3] : vector<4xi8>
// CHECK: kernel.dot {{.*}} : vector<2xi16>, vector<2xi16>, vector<1xi32>
func.func @pairs(%x: memref<1x8x8xi8>, %w: memref<16xi8>, %b: memref<2xi32>, %o: memref<1x8x2xi32>) {
  kernel.matmul ins(%x, %w bias %b : memref<1x8x8xi8>, memref<16xi8>, memref<2xi32>) outs(%o : memref<1x8x2xi32>) {packing = #kernel.packing<vectors = 2, lanes = 1, products = 2, bits = 16, steps = 2>, offset = 0}
  return
}
}

// -----

#m55 = #edge.target<name = "cortex-m55", triple = "thumbv8.1m.main-none-eabihf", cpu = "cortex-m55", features = "", abi = "", index_bits = 32, vector_registers = 8, dot = "vmladava">

// What lies as the instruction wants it is read where it is, and four sums are a vector for what follows.
module attributes {edge.target = #m55} {
// CHECK-LABEL: func @inPlace
// CHECK-NOT: memref.alloca
// CHECK: vector.load %{{.*}} : memref<256xi8>, vector<16xi8>
// CHECK: kernel.dot {{.*}} : vector<16xi8>, vector<16xi8>, vector<1xi32>
// CHECK: vector.from_elements {{.*}} : vector<4xi32>
// CHECK: vector.store {{.*}} vector<4xi32>
func.func @inPlace(%x: memref<1x8x32xi8>, %w: memref<128xi8>, %b: memref<4xi32>, %o: memref<1x8x4xi32>) {
  kernel.matmul ins(%x, %w bias %b : memref<1x8x32xi8>, memref<128xi8>, memref<4xi32>) outs(%o : memref<1x8x4xi32>) {packing = #kernel.packing<vectors = 4, lanes = 1, products = 16, bits = 8>, offset = 0}
  return
}
// CHECK-LABEL: func @centred
// CHECK: memref.alloca
func.func @centred(%x: memref<1x8x32xi8>, %w: memref<128xi8>, %b: memref<4xi32>, %o: memref<1x8x4xi32>) {
  kernel.matmul ins(%x, %w bias %b : memref<1x8x32xi8>, memref<128xi8>, memref<4xi32>) outs(%o : memref<1x8x4xi32>) {packing = #kernel.packing<vectors = 4, lanes = 1, products = 16, bits = 8>, offset = -128, unsigned_x}
  return
}
}

// -----

#rvv = #edge.target<name = "rv64gcv", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64", features = "+v", abi = "lp64d", vector_registers = 32, l2_bytes = 524288, dot = "vwmacc">

// A single element is a scalar, which the processor multiplies vectors by.
module attributes {edge.target = #rvv} {
// CHECK-LABEL: func @scalar
// CHECK: %[[PANEL:.*]] = memref.alloca() {{.*}}xi16>
// CHECK: %[[X:.*]] = memref.load %[[PANEL]]
// CHECK: vector.broadcast %[[X]] : i16 to vector<8xi16>
// CHECK: kernel.dot {{.*}} : vector<8xi16>, vector<8xi16>, vector<8xi32>
func.func @scalar(%x: memref<1x8x8xi8>, %w: memref<64xi16>, %o: memref<1x8x8xi32>) {
  kernel.matmul ins(%x, %w : memref<1x8x8xi8>, memref<64xi16>) outs(%o : memref<1x8x8xi32>) {packing = #kernel.packing<vectors = 1, lanes = 8, bits = 16>, zero_point = 3 : i64}
  return
}
}
