// RUN: edgec-opt %s --edgec-stream-rows -split-input-file | FileCheck %s
// RUN: edgec-opt %s --edgec-stream-rows --edgec-kernel-to-loops="vector-bits=128 registers=16" --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=LOOPS

// On a device without a cache worth planning for, the image between a pointwise layer and a depthwise one is a ring of four rows: three that a window meets,
// rounded up. In each step the pointwise layer computes what the next row needs beyond what is there.
// CHECK-LABEL: func @pair
// CHECK: %[[RING:.*]] = memref.alloc() : memref<1x4x16x8xf32>
// CHECK-NOT: memref.alloc
// CHECK: kernel.stream rows 1 parts 1 {
// CHECK-NEXT: %[[IMAGE:.*]] = kernel.ring %[[RING]] : memref<1x4x16x8xf32> to memref<1x16x16x8xf32>
// CHECK-NEXT: kernel.conv {{.*}} outs(%[[IMAGE]] :
// CHECK-NEXT: kernel.conv ins(%[[IMAGE]], {{.*}}
// CHECK-NEXT: }
// LOOPS-LABEL: func @pair
// LOOPS: scf.for %[[ROW:.*]] = %c0 to %c16 step %c1 iter_args(%[[DONE:.*]] = %c0
// LOOPS: arith.minsi
// LOOPS: %[[NEEDED:.*]] = arith.minsi {{.*}}, %c16
// LOOPS: %[[END:.*]] = arith.maxsi %[[NEEDED]], %[[DONE]]
// LOOPS: scf.for %[[AT:.*]] = %[[DONE]] to %[[END]]
// LOOPS: arith.remui %[[AT]], %c4
// LOOPS: scf.yield %[[END]]
func.func @pair(%x: memref<1x16x16x4xf32>, %w: memref<1x1x4x8xf32>, %v: memref<3x3x1x8xf32>, %o: memref<1x16x16x8xf32>) {
  %image = memref.alloc() : memref<1x16x16x8xf32>
  kernel.conv ins(%x, %w : memref<1x16x16x4xf32>, memref<1x1x4x8xf32>) outs(%image : memref<1x16x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1}
  kernel.conv ins(%image, %v : memref<1x16x16x8xf32>, memref<3x3x1x8xf32>) outs(%o : memref<1x16x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 8}
  return
}

// -----

// A pool of 2x2 needs two rows and shares none with the next one.
// CHECK-LABEL: func @pool
// CHECK: memref.alloc() : memref<1x2x16x8xf32>
// CHECK: kernel.stream
// CHECK: kernel.pool max
func.func @pool(%x: memref<1x16x16x4xf32>, %w: memref<1x1x4x8xf32>, %o: memref<1x8x8x8xf32>) {
  %image = memref.alloc() : memref<1x16x16x8xf32>
  kernel.conv ins(%x, %w : memref<1x16x16x4xf32>, memref<1x1x4x8xf32>) outs(%image : memref<1x16x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1}
  kernel.pool max ins(%image : memref<1x16x16x8xf32>) outs(%o : memref<1x8x8x8xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
  return
}

// -----

// What a second op reads as well has to be there whole.
// CHECK-LABEL: func @two_readers
// CHECK-NOT: kernel.stream
func.func @two_readers(%x: memref<1x16x16x4xf32>, %w: memref<1x1x4x8xf32>, %o: memref<1x8x8x8xf32>, %p: memref<1x8x8x8xf32>) {
  %image = memref.alloc() : memref<1x16x16x8xf32>
  kernel.conv ins(%x, %w : memref<1x16x16x4xf32>, memref<1x1x4x8xf32>) outs(%image : memref<1x16x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1}
  kernel.pool max ins(%image : memref<1x16x16x8xf32>) outs(%o : memref<1x8x8x8xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
  kernel.pool max ins(%image : memref<1x16x16x8xf32>) outs(%p : memref<1x8x8x8xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
  return
}

// -----

// The result may take the input's place, as in a residual sum, only where no window reads a row again that has been written.
// CHECK-LABEL: func @over_itself
// CHECK-NOT: kernel.stream
func.func @over_itself(%w: memref<3x3x4x16xf32>, %v: memref<1x1x16x4xf32>) {
  %x = memref.alloc() : memref<1x16x16x4xf32>
  %image = memref.alloc() : memref<1x16x16x16xf32>
  kernel.conv ins(%x, %w : memref<1x16x16x4xf32>, memref<3x3x4x16xf32>) outs(%image : memref<1x16x16x16xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1}
  kernel.conv ins(%image, %v : memref<1x16x16x16xf32>, memref<1x1x16x4xf32>) outs(%x : memref<1x16x16x4xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1}
  return
}

// -----

// Threads have a ring each, and compute the rows at the other's border themselves.
// CHECK-LABEL: func @threads
// CHECK: memref.alloc() : memref<2x{{[0-9]+}}x64x32xf32>
// CHECK: kernel.stream rows 8 parts 2
// LOOPS-LABEL: func @threads
// LOOPS: scf.for %[[PART:.*]] = %c0 to %c2
// LOOPS: arith.muli %[[PART]], %c16
// LOOPS: } {edge.parallel}
module attributes {edge.threads = 2 : i64, edge.target = #edge.target<name = "host", triple = "x86_64-linux-gnu", cpu = "haswell", features = "", abi = "", vector_bits = 256, vector_registers = 16, l2_bytes = 262144>} {
func.func @threads(%x: memref<1x64x64x32xf32>, %w: memref<1x1x32x32xf32>, %v: memref<3x3x1x32xf32>, %o: memref<1x64x64x32xf32>) {
  %image = memref.alloc() : memref<1x64x64x32xf32>
  kernel.conv ins(%x, %w : memref<1x64x64x32xf32>, memref<1x1x32x32xf32>) outs(%image : memref<1x64x64x32xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1}
  kernel.conv ins(%image, %v : memref<1x64x64x32xf32>, memref<3x3x1x32xf32>) outs(%o : memref<1x64x64x32xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 32}
  return
}
}
