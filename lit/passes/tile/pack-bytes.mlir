// RUN: edgec-opt %s --edgec-pack-weights --split-input-file | FileCheck %s

#target = #edge.target<name = "v", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "+avx512vnni", abi = "", vector_bits = 512, vector_registers = 32, l2_bytes = 1048576, dot = "vpdpbusd">

// The instruction takes unsigned integers by signed weights: 128 is added to the input, and the bias is less what that and the zero point make of the weights
// of each column: 10 - (3 + 128) * (1 + 5 + 9), ...
module attributes {edge.target = #target} {
// CHECK-LABEL: func @signed
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[-1955, -2338]> : tensor<2xi32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<[1, 5, 9, 0, 2, 6, 10, 0, 0, {{.*}}]> : tensor<64xi8>
// CHECK: kernel.conv ins(%arg0, %[[W]] bias %[[BIAS]] : {{.*}}) {{.*}}offset = 128 : i64, packing = #kernel.packing<vectors = 1, lanes = 16, products = 4, bits = 8>{{.*}}zero_point = 3 : i64
func.func @signed(%x: tensor<1x8x3xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [5, 6], [9, 10]]]> : tensor<1x3x2xi8>
  %b = arith.constant dense<[10, 20]> : tensor<2xi32>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.conv ins(%x, %w bias %b : tensor<1x8x3xi8>, tensor<1x3x2xi8>, tensor<2xi32>) outs(%e : tensor<1x8x2xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, zero_point = 3 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
// As they are, with a bias for a product that had none.
// CHECK-LABEL: func @unsigned
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[-21, -28]> : tensor<2xi32>
// CHECK: kernel.matmul ins(%arg0, %{{.*}} bias %[[BIAS]] : {{.*}}) {{.*}}offset = 0 : i64
func.func @unsigned(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [2, 2]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) {unsigned_x, zero_point = 7 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
// Weights of more bits take the next instruction, less their zero point.
// CHECK-LABEL: func @words
// CHECK: kernel.matmul
// CHECK-NOT: offset
// CHECK-SAME: products = 2
func.func @words(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [2, 200]]]> : tensor<1x2x2xi16>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi16>) outs(%e : tensor<1x8x2xi32>) {zero_point = 7 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
// So do sums that start from what isn't known.
// CHECK-LABEL: func @start
// CHECK: kernel.conv
// CHECK-NOT: offset
// CHECK-SAME: products = 2
func.func @start(%x: tensor<1x8x3xi8>, %b: tensor<2xi32>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [5, 6], [9, 10]]]> : tensor<1x3x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.conv ins(%x, %w bias %b : tensor<1x8x3xi8>, tensor<1x3x2xi8>, tensor<2xi32>) outs(%e : tensor<1x8x2xi32>) {groups = 1 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}// A depthwise layer's: three taps of a row and one of zero lie side by side; the first register has those of channels 0 to 3, 16 to 19, 32 to 35 and 48 to 51.
// CHECK-LABEL: func @depthwise
// CHECK-DAG: arith.constant dense<-393> : tensor<64xi32>
// CHECK-DAG: arith.constant dense<"0x0101010001010100{{.*}}"> : tensor<256xi8>
// CHECK: kernel.conv {{.*}}offset = 128 : i64, packing = #kernel.packing<vectors = 4, lanes = 16, products = 4, bits = 8>
func.func @depthwise(%x: tensor<1x9x64xi8>) -> tensor<1x9x64xi32> {
  %w = arith.constant dense<1> : tensor<3x1x64xi8>
  %e = tensor.empty() : tensor<1x9x64xi32>
  %y = kernel.conv ins(%x, %w : tensor<1x9x64xi8>, tensor<3x1x64xi8>) outs(%e : tensor<1x9x64xi32>) {groups = 64 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, zero_point = 3 : i64} -> tensor<1x9x64xi32>
  return %y : tensor<1x9x64xi32>
}
}

// -----

#a76 = #edge.target<name = "cortex-a76", triple = "aarch64-unknown-linux-gnu", cpu = "cortex-a76", features = "", abi = "", vector_bits = 128, vector_registers = 32, l2_bytes = 1048576, dot = "sdot">

// Where it takes signed integers, unsigned ones become it: 128 is taken off, and the bias is less what that makes of the weights.
module attributes {edge.target = #a76} {
// CHECK-LABEL: func @unsigned
// CHECK-DAG: arith.constant dense<[363, 484]> : tensor<2xi32>
// CHECK: kernel.matmul {{.*}}offset = -128 : i64, packing = #kernel.packing<vectors = 1, lanes = 4, products = 4, bits = 8>
func.func @unsigned(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [2, 2]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) {unsigned_x, zero_point = 7 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
}

// -----

#a72 = #edge.target<name = "cortex-a72", triple = "aarch64-unknown-linux-gnu", cpu = "cortex-a72", features = "", abi = "", vector_bits = 128, vector_registers = 32, l2_bytes = 1048576, dot = "sadalp">

module attributes {edge.target = #a72} {
// CHECK-LABEL: func @symmetric
// CHECK: products = 2, bits = 8, symmetric = true>
func.func @symmetric(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, -127], [127, 2]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
// CHECK-LABEL: func @lowest
// CHECK: products = 2, bits = 8>
func.func @lowest(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, -128], [127, 2]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
}

// -----

#m4 = #edge.target<name = "cortex-m4", triple = "thumbv7em-none-eabihf", cpu = "cortex-m4", features = "", abi = "", index_bits = 32, vector_bits = 0, dot = "smlad">

module attributes {edge.target = #m4} {
// A position of more than 4 KiB has no room on a microcontroller's stack.
// CHECK-LABEL: func @deep
// CHECK: kernel.matmul
// CHECK-SAME: packing = #kernel.packing<
// CHECK-NOT: bits
func.func @deep(%x: tensor<1x2x2052xi8>) -> tensor<1x2x2xi32> {
  %w = arith.constant dense<1> : tensor<1x2052x2xi8>
  %e = tensor.empty() : tensor<1x2x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x2x2052xi8>, tensor<1x2052x2xi8>) outs(%e : tensor<1x2x2xi32>) -> tensor<1x2x2xi32>
  return %y : tensor<1x2x2xi32>
}
// There, weights stay bytes: those of two steps of a feature in turns, so that the even and the odd ones of a word are its pairs. The input
// isn't centred; the bias takes off what its zero point makes of the weights.
// CHECK-LABEL: func @turns
// CHECK-DAG: arith.constant dense<[-84, 84]> : tensor<2xi32>
// CHECK-DAG: arith.constant dense<[1, 3, 2, 4, -1, -3, -2, -4, 5, 0, 6, 0, -5, 0, -6, 0]> : tensor<16xi8>
// CHECK: kernel.matmul {{.*}}offset = 0 : i64, packing = #kernel.packing<vectors = 2, lanes = 1, products = 2, bits = 16, steps = 2>
func.func @turns(%x: tensor<1x8x6xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, -1], [2, -2], [3, -3], [4, -4], [5, -5], [6, -6]]]> : tensor<1x6x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x6xi8>, tensor<1x6x2xi8>) outs(%e : tensor<1x8x2xi32>) {zero_point = 4 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
}

// -----

#m55 = #edge.target<name = "cortex-m55", triple = "thumbv8.1m.main-none-eabihf", cpu = "cortex-m55", features = "", abi = "", index_bits = 32, vector_registers = 8, dot = "vmladava">

// Sixteen products of one feature lie side by side, and a block has as many features as a vector has lanes.
module attributes {edge.target = #m55} {
// CHECK-LABEL: func @sixteen
// CHECK-DAG: arith.constant dense<[1, 3, {{[0, ]+}}, 2, 4, {{[0, ]+}}]> : tensor<32xi8>
// CHECK: packing = #kernel.packing<vectors = 4, lanes = 1, products = 16, bits = 8>
func.func @sixteen(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) {zero_point = 4 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
}

// -----

#rvv = #edge.target<name = "rv64gcv", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64", features = "+v", abi = "lp64d", vector_registers = 32, l2_bytes = 524288, dot = "vwmacc">

// One product, of a vector that fills a register and a scalar: a sum takes two registers. Less its zero point, the input fits 16 bits.
module attributes {edge.target = #rvv} {
// CHECK-LABEL: func @one
// CHECK-DAG: arith.constant dense<[1, 2, {{[0, ]+}}, 3, 4, {{[0, ]+}}]> : tensor<16xi16>
// CHECK: kernel.matmul
// CHECK-NOT: offset
// CHECK-SAME: packing = #kernel.packing<vectors = 1, lanes = 8, bits = 16>
func.func @one(%x: tensor<1x8x2xi8>) -> tensor<1x8x2xi32> {
  %w = arith.constant dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x8x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x8x2xi8>, tensor<1x2x2xi8>) outs(%e : tensor<1x8x2xi32>) {zero_point = 4 : i64} -> tensor<1x8x2xi32>
  return %y : tensor<1x8x2xi32>
}
}
