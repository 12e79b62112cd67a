// RUN: edgec-opt %s --edgec-lower-steps --split-input-file | FileCheck %s

// Two products a lane are one instruction, where there is one.
module attributes {edge.target = #edge.target<name = "x86-64-v3", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3", features = "", abi = "", dot = "pmaddwd">} {
// CHECK-LABEL: func @pairs
// CHECK: %[[PAIRS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%arg1, %arg0) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// CHECK: arith.addi %arg2, %[[PAIRS]] : vector<8xi32>
func.func @pairs(%x: vector<16xi16>, %w: vector<16xi16>, %s: vector<8xi32>) -> vector<8xi32> {
  %r = kernel.dot %x, %w, %s : vector<16xi16>, vector<16xi16>, vector<8xi32>
  return %r : vector<8xi32>
}
// CHECK-LABEL: func @half
// CHECK: llvm.x86.sse2.pmadd.wd
func.func @half(%x: vector<8xi16>, %w: vector<8xi16>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.dot %x, %w, %s : vector<8xi16>, vector<8xi16>, vector<4xi32>
  return %r : vector<4xi32>
}
// Converting rounds.
// CHECK-LABEL: func @round
// CHECK: llvm.intr.lrint(%arg0) : (vector<8xf32>) -> vector<8xi32>
func.func @round(%x: vector<8xf32>) -> vector<8xi32> {
  %0 = math.roundeven %x : vector<8xf32>
  %1 = arith.fptosi %0 : vector<8xf32> to vector<8xi32>
  return %1 : vector<8xi32>
}
// Not of bytes.
// CHECK-LABEL: func @bytes
// CHECK-NOT: llvm.call_intrinsic
func.func @bytes(%x: vector<8xi8>, %w: vector<8xi16>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.dot %x, %w, %s : vector<8xi8>, vector<8xi16>, vector<4xi32>
  return %r : vector<4xi32>
}
}

// -----

module attributes {edge.target = #edge.target<name = "v", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "+avx512vnni", abi = "", dot = "vpdpbusd">} {
// Four products a lane, the first factors unsigned.
// CHECK-LABEL: func @fours
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%arg2, %arg0, %arg1) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
func.func @fours(%x: vector<64xi8>, %w: vector<64xi8>, %s: vector<16xi32>) -> vector<16xi32> {
  %r = kernel.dot %x, %w, %s {unsigned_x} : vector<64xi8>, vector<64xi8>, vector<16xi32>
  return %r : vector<16xi32>
}
// CHECK-LABEL: func @signed
// CHECK-NOT: vpdpbusd
func.func @signed(%x: vector<64xi8>, %w: vector<64xi8>, %s: vector<16xi32>) -> vector<16xi32> {
  %r = kernel.dot %x, %w, %s : vector<64xi8>, vector<64xi8>, vector<16xi32>
  return %r : vector<16xi32>
}
// CHECK-LABEL: func @two
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%arg2, %arg1, %arg0)
func.func @two(%x: vector<16xi16>, %w: vector<16xi16>, %s: vector<8xi32>) -> vector<8xi32> {
  %r = kernel.dot %x, %w, %s : vector<16xi16>, vector<16xi16>, vector<8xi32>
  return %r : vector<8xi32>
}
// Even and odd lanes are multiplied where they are.
// CHECK-LABEL: func @interleaved
// CHECK-COUNT-2: arith.muli {{.*}} : vector<4xi64>
// CHECK: %[[BOTH:.*]] = arith.ori {{.*}} : vector<4xi64>
// CHECK: %[[WORDS:.*]] = vector.bitcast %[[BOTH]] : vector<4xi64> to vector<8xi32>
// CHECK: arith.shrsi %[[WORDS]], {{.*}} : vector<8xi32>
func.func @interleaved(%x: vector<8xi32>, %m: vector<8xi32>, %s: vector<8xi32>) -> vector<8xi32> {
  %r = kernel.rescale %x by %m shift %s {most_shift = -1 : i32} : vector<8xi32>
  return %r : vector<8xi32>
}
}

// -----

module attributes {edge.target = #edge.target<name = "cortex-a76", triple = "aarch64-unknown-linux-gnu", cpu = "cortex-a76", features = "", abi = "", dot = "sdot">} {
// CHECK-LABEL: func @fours
// CHECK: llvm.call_intrinsic "llvm.aarch64.neon.sdot"(%arg2, %arg1, %arg0) : (vector<4xi32>, vector<16xi8>, vector<16xi8>) -> vector<4xi32>
func.func @fours(%x: vector<16xi8>, %w: vector<16xi8>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.dot %x, %w, %s : vector<16xi8>, vector<16xi8>, vector<4xi32>
  return %r : vector<4xi32>
}
}

// -----

module attributes {edge.target = #edge.target<name = "cortex-a72", triple = "aarch64-unknown-linux-gnu", cpu = "cortex-a72", features = "", abi = "", dot = "sadalp">} {
// Products of bytes are 16 bits wide, and two of them fit where no weight is -128.
// CHECK-LABEL: func @together
// CHECK: arith.muli {{.*}} : vector<8xi16>
// CHECK: arith.muli {{.*}} : vector<8xi16>
// CHECK: %[[BOTH:.*]] = arith.addi {{.*}} : vector<8xi16>
// CHECK: %[[PAIRS:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.saddlp"(%[[BOTH]]) : (vector<8xi16>) -> vector<4xi32>
// CHECK: %[[TWO:.*]] = arith.addi %arg2, %[[PAIRS]] : vector<4xi32>
// The third has no partner.
// CHECK: %[[THIRD:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.saddlp"
// CHECK: arith.addi %[[TWO]], %[[THIRD]]
// CHECK-NOT: kernel.dot
func.func @together(%x: vector<8xi8>, %w: vector<8xi8>, %s: vector<4xi32>) -> vector<4xi32> {
  %0 = kernel.dot %x, %w, %s {symmetric} : vector<8xi8>, vector<8xi8>, vector<4xi32>
  %1 = kernel.dot %w, %x, %0 {symmetric} : vector<8xi8>, vector<8xi8>, vector<4xi32>
  %2 = kernel.dot %x, %x, %1 {symmetric} : vector<8xi8>, vector<8xi8>, vector<4xi32>
  return %2 : vector<4xi32>
}
// The processor rounds twice itself; a negative number becomes one less before the second time.
// CHECK-LABEL: func @rescale
// CHECK: %[[HIGH:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.sqrdmulh"(%arg0, %arg1)
// CHECK: %[[BOTH:.*]] = arith.andi %[[HIGH]], %arg2
// CHECK: %[[LESS:.*]] = arith.shrsi %[[BOTH]]
// CHECK: %[[SUM:.*]] = llvm.intr.sadd.sat(%[[HIGH]], %[[LESS]])
// CHECK: llvm.call_intrinsic "llvm.aarch64.neon.srshl"(%[[SUM]], %arg2)
func.func @rescale(%x: vector<4xi32>, %m: vector<4xi32>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.rescale %x by %m shift %s {most_shift = 0 : i32} : vector<4xi32>
  return %r : vector<4xi32>
}
// To the left, it may overflow; rounded once, it is another number.
// CHECK-LABEL: func @otherwise
// CHECK-NOT: sqrdmulh
func.func @otherwise(%x: vector<4xi32>, %m: vector<4xi32>, %s: vector<4xi32>) -> vector<4xi32> {
  %0 = kernel.rescale %x by %m shift %s {most_shift = 1 : i32} : vector<4xi32>
  %1 = kernel.rescale %0 by %m shift %s {most_shift = -1 : i32, rounds_once} : vector<4xi32>
  return %1 : vector<4xi32>
}
// CHECK-LABEL: func @apart
// CHECK: saddlp
// CHECK: saddlp
func.func @apart(%x: vector<8xi8>, %w: vector<8xi8>, %s: vector<4xi32>) -> vector<4xi32> {
  %0 = kernel.dot %x, %w, %s : vector<8xi8>, vector<8xi8>, vector<4xi32>
  %1 = kernel.dot %w, %x, %0 : vector<8xi8>, vector<8xi8>, vector<4xi32>
  return %1 : vector<4xi32>
}
}

// -----

module attributes {edge.target = #edge.target<name = "cortex-m4", triple = "thumbv7em-none-eabihf", cpu = "cortex-m4", features = "", abi = "", index_bits = 32, vector_bits = 0, dot = "smlad">} {
// Pairs in a register each.
// CHECK-LABEL: func @pair
// CHECK-DAG: %[[X:.*]] = vector.bitcast %arg0 : vector<2xi16> to vector<1xi32>
// CHECK-DAG: %[[W:.*]] = vector.bitcast %arg1 : vector<2xi16> to vector<1xi32>
// CHECK: llvm.call_intrinsic "llvm.arm.smlad"({{.*}}) : (i32, i32, i32) -> i32
func.func @pair(%x: vector<2xi16>, %w: vector<2xi16>, %s: vector<1xi32>) -> vector<1xi32> {
  %r = kernel.dot %x, %w, %s : vector<2xi16>, vector<2xi16>, vector<1xi32>
  return %r : vector<1xi32>
}
// The odd bytes of a word, which the instruction rotates itself.
// CHECK-LABEL: func @odd
// CHECK: %[[ROTATED:.*]] = llvm.intr.fshr
// CHECK: llvm.call_intrinsic "llvm.arm.sxtb16"(%[[ROTATED]])
func.func @odd(%x: vector<4xi8>) -> vector<2xi16> {
  %0 = vector.shuffle %x, %x [1, 3] : vector<4xi8>, vector<4xi8>
  %1 = arith.extsi %0 : vector<2xi8> to vector<2xi16>
  return %1 : vector<2xi16>
}
// All four.
// CHECK-LABEL: func @four
// CHECK: llvm.call_intrinsic "llvm.arm.uxtb16"
// CHECK: llvm.call_intrinsic "llvm.arm.uxtb16"
// CHECK: vector.bitcast {{.*}} : vector<2xi32> to vector<4xi16>
func.func @four(%x: vector<4xi8>) -> vector<4xi16> {
  %0 = arith.extui %x : vector<4xi8> to vector<4xi16>
  return %0 : vector<4xi16>
}
}

// -----

module attributes {edge.target = #edge.target<name = "cortex-m55", triple = "thumbv8.1m.main-none-eabihf", cpu = "cortex-m55", features = "", abi = "", index_bits = 32, dot = "vmladava">} {
// Sixteen products of one sum.
// CHECK-LABEL: func @sixteen
// CHECK: %[[SUM:.*]] = vector.extract %arg2[0]
// CHECK: %[[NO:.*]] = arith.constant 0 : i32
// CHECK: llvm.call_intrinsic "llvm.arm.mve.vmldava"(%[[NO]], %[[NO]], %[[NO]], %[[SUM]], %arg0, %arg1) : (i32, i32, i32, i32, vector<16xi8>, vector<16xi8>) -> i32
func.func @sixteen(%x: vector<16xi8>, %w: vector<16xi8>, %s: vector<1xi32>) -> vector<1xi32> {
  %r = kernel.dot %x, %w, %s : vector<16xi8>, vector<16xi8>, vector<1xi32>
  return %r : vector<1xi32>
}
// CHECK-LABEL: func @clamped
// CHECK: %[[HIGH:.*]] = llvm.call_intrinsic "llvm.arm.mve.vqrdmulh"(%arg0, %arg1)
// CHECK: llvm.call_intrinsic "llvm.arm.mve.vshl.vector"(%[[HIGH]], %arg2,
func.func @clamped(%x: vector<4xi32>, %m: vector<4xi32>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.rescale %x by %m shift %s {most_shift = -3 : i32, clamped} : vector<4xi32>
  return %r : vector<4xi32>
}
}

// -----

// Small integers that were shifted up by 20 bits: the 11 lowest bits of their products are dropped, 1623821475 = 792881 * 2^11 + 1187; then two more.
// CHECK-LABEL: func @small
// CHECK-NOT: i64
// CHECK: %[[Y:.*]] = arith.subi
// CHECK: arith.muli %[[Y]]
// CHECK: arith.constant dense<792881> : vector<8xi32>
// CHECK: %[[HIGH:.*]] = arith.muli %[[Y]], %{{.*}} : vector<8xi32>
// CHECK: arith.constant dense<1187> : vector<8xi32>
// CHECK: %[[LOW:.*]] = arith.muli %[[Y]], %{{.*}} : vector<8xi32>
// CHECK: %[[HALF:.*]] = arith.addi %[[LOW]], %{{.*}}
// CHECK: %[[REST:.*]] = arith.shrsi %[[HALF]], %{{.*}}
// CHECK: %[[ONCE:.*]] = arith.addi %[[HIGH]], %[[REST]]
// CHECK: %[[SIGN:.*]] = arith.shrsi %[[ONCE]], %{{.*}}
// CHECK-NOT: kernel.rescale
func.func @small(%x: vector<8xi8>) -> vector<8xi32> {
  %z = arith.constant dense<-128> : vector<8xi32>
  %u = arith.constant 1048576 : i32
  %up = vector.broadcast %u : i32 to vector<8xi32>
  %m = arith.constant dense<1623821475> : vector<8xi32>
  %s = arith.constant dense<-2> : vector<8xi32>
  %w = arith.extsi %x : vector<8xi8> to vector<8xi32>
  %c = arith.subi %w, %z : vector<8xi32>
  %p = arith.muli %c, %up : vector<8xi32>
  %r = kernel.rescale %p by %m shift %s {most_shift = -2 : i32} : vector<8xi32>
  return %r : vector<8xi32>
}
// Not those of 16 bits and more, whose products wouldn't fit.
// CHECK-LABEL: func @wide
// CHECK: arith.muli {{.*}} : vector<8xi64>
func.func @wide(%x: vector<8xi16>) -> vector<8xi32> {
  %up = arith.constant dense<1048576> : vector<8xi32>
  %m = arith.constant dense<1623821475> : vector<8xi32>
  %s = arith.constant dense<-2> : vector<8xi32>
  %w = arith.extsi %x : vector<8xi16> to vector<8xi32>
  %p = arith.muli %w, %up : vector<8xi32>
  %r = kernel.rescale %p by %m shift %s {most_shift = -2 : i32} : vector<8xi32>
  return %r : vector<8xi32>
}

// An unsigned factor, where there is no instruction.
// CHECK-LABEL: func @unsigned
// CHECK: arith.extui {{.*}} : vector<2xi8> to vector<2xi32>
// CHECK: arith.extsi {{.*}} : vector<2xi8> to vector<2xi32>
func.func @unsigned(%x: vector<4xi8>, %w: vector<4xi8>, %s: vector<2xi32>) -> vector<2xi32> {
  %r = kernel.dot %x, %w, %s {unsigned_x} : vector<4xi8>, vector<4xi8>, vector<2xi32>
  return %r : vector<2xi32>
}

// Elsewhere it is arithmetic on lanes.
// CHECK-LABEL: func @lanes
// CHECK: %[[X0:.*]] = vector.shuffle %arg0, %arg0 [0, 2]
// CHECK: %[[W0:.*]] = vector.shuffle %arg1, %arg1 [0, 2]
// CHECK: vector.shuffle %arg0, %arg0 [1, 3]
// CHECK-NOT: kernel.dot
func.func @lanes(%x: vector<4xi8>, %w: vector<4xi8>, %s: vector<2xi32>) -> vector<2xi32> {
  %r = kernel.dot %x, %w, %s : vector<4xi8>, vector<4xi8>, vector<2xi32>
  return %r : vector<2xi32>
}

// Where no shift is to the left, the high half of the product is all that is needed.
// CHECK-LABEL: func @right
// CHECK: arith.muli {{.*}} : i64
// CHECK: %[[HIGH:.*]] = arith.shrui {{.*}} : i64
// CHECK: %[[WORD:.*]] = arith.trunci %[[HIGH]] : i64 to i32
// CHECK: arith.shrsi %[[WORD]], {{.*}} : i32
func.func @right(%x: i32, %m: i32, %s: i32) -> i32 {
  %r = kernel.rescale %x by %m shift %s {most_shift = -1 : i32, clamped} : i32
  return %r : i32
}
// CHECK-LABEL: func @left
// CHECK: arith.shrsi {{.*}} : vector<4xi64>
func.func @left(%x: vector<4xi32>, %m: vector<4xi32>, %s: vector<4xi32>) -> vector<4xi32> {
  %r = kernel.rescale %x by %m shift %s {most_shift = 3 : i32} : vector<4xi32>
  return %r : vector<4xi32>
}
