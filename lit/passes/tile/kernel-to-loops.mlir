// RUN: edgec-opt %s --split-input-file --edgec-kernel-to-loops="vector-bits=128 registers=16" --canonicalize --cse | FileCheck %s
// RUN: edgec-opt %s --split-input-file --edgec-kernel-to-loops="vector-bits=0 registers=16" --canonicalize | FileCheck %s --check-prefix=SCALAR

// Inside, the bounds of the window are constants and a tile of pixels shares the loads of the filter; at the borders they are computed.
// CHECK-LABEL: @conv
// CHECK-SAME: %[[X:.*]]: memref<1x8x16x3xf32>, %[[W:.*]]: memref<3x3x3x8xf32>, %[[B:.*]]: memref<8xf32>, %[[O:.*]]: memref<1x8x16x8xf32>
// CHECK: scf.for %[[H:.*]] = %{{.*}} to %c8 step
// The left border, one pixel:
// CHECK: vector.load %[[B]]
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load %[[W]]
// CHECK: memref.load %[[X]]
// CHECK: vector.broadcast
// CHECK: arith.mulf {{.*}} fastmath<contract> : vector<4xf32>
// CHECK: arith.addf {{.*}} fastmath<contract> : vector<4xf32>
// CHECK: vector.store %{{.*}}, %[[O]]
// The tiles between, with several pixels:
// CHECK: scf.for %{{.*}} = %c1 to %c{{.*}} step %c{{[2-9]}} {
// CHECK: scf.for %{{.*}} = %c0 to %c3 step %c1 iter_args
// CHECK-COUNT-2: memref.load %[[X]]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[O]]
// SCALAR-LABEL: @conv
// SCALAR-NOT: vector
func.func @conv(%x: memref<1x8x16x3xf32>, %w: memref<3x3x3x8xf32>, %b: memref<8xf32>, %o: memref<1x8x16x8xf32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x8x16x3xf32>, memref<3x3x3x8xf32>, memref<8xf32>) outs(%o : memref<1x8x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1}
  return
}

// -----

// Channels that don't fill a vector take narrower ones: 7 = 4 + 2 + 1. Without padding there are no borders, and no comparison.
// CHECK-LABEL: @rest
// CHECK-NOT: arith.maxsi
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK: vector.store {{.*}} vector<2xf32>
// CHECK: memref.store
func.func @rest(%x: memref<1x4x3xf32>, %w: memref<2x3x7xf32>, %o: memref<1x3x7xf32>) {
  kernel.conv ins(%x, %w : memref<1x4x3xf32>, memref<2x3x7xf32>) outs(%o : memref<1x3x7xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1}
  return
}

// -----

// Depthwise: vectors of the input meet vectors of the filter.
// CHECK-LABEL: @depthwise
// CHECK-SAME: %[[X:.*]]: memref<1x6x8xf32>, %[[W:.*]]: memref<3x1x8xf32>
// CHECK: vector.load %[[W]]
// CHECK: vector.load %[[X]]
// CHECK-NOT: vector.broadcast
func.func @depthwise(%x: memref<1x6x8xf32>, %w: memref<3x1x8xf32>, %o: memref<1x4x8xf32>) {
  kernel.conv ins(%x, %w : memref<1x6x8xf32>, memref<3x1x8xf32>) outs(%o : memref<1x4x8xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 8}
  return
}

// -----

// A transposed convolution gathers: a loop over the phases of the stride, each of which meets every second kernel position.
// CHECK-LABEL: @transposed
// CHECK: scf.for %[[PHASE:.*]] = %c0 to %c2 step %c1
// CHECK: arith.remui
// CHECK: scf.for %[[J:.*]] = {{.*}} iter_args
// CHECK: arith.muli %[[J]], %c2
// CHECK-NOT: vector.load %{{.*}} : memref<1x9x8xf32>
// CHECK: vector.store
func.func @transposed(%x: memref<1x4x3xf32>, %w: memref<3x3x8xf32>, %o: memref<1x9x8xf32>) {
  kernel.conv ins(%x, %w : memref<1x4x3xf32>, memref<3x3x8xf32>) outs(%o : memref<1x9x8xf32>) {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1, transposed}
  return
}

// -----

// Narrow floats accumulate in f32, and are rounded once.
// CHECK-LABEL: @narrow
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> ({{.*}}vector<4xf32>
// CHECK: arith.extf {{.*}} : vector<4xf16> to vector<4xf32>
// CHECK: arith.truncf {{.*}} : vector<4xf32> to vector<4xf16>
func.func @narrow(%x: memref<1x6x3xf16>, %w: memref<3x3x4xf16>, %o: memref<1x4x4xf16>) {
  kernel.conv ins(%x, %w : memref<1x6x3xf16>, memref<3x3x4xf16>) outs(%o : memref<1x4x4xf16>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1}
  return
}

// -----

// Channels that aren't contiguous are scalars.
// CHECK-LABEL: @strided
// CHECK-NOT: vector
// CHECK: return
func.func @strided(%x: memref<1x6x4xf32, strided<[48, 8, 2]>>, %o: memref<1x3x4xf32>) {
  kernel.pool sum ins(%x : memref<1x6x4xf32, strided<[48, 8, 2]>>) outs(%o : memref<1x3x4xf32>) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
  return
}

// -----

// CHECK-LABEL: @max
// CHECK: arith.constant dense<0xFF800000> : vector<4xf32>
// CHECK: arith.maximumf {{.*}} : vector<4xf32>
func.func @max(%x: memref<1x6x4xf32>, %o: memref<1x3x4xf32>) {
  kernel.pool max ins(%x : memref<1x6x4xf32>) outs(%o : memref<1x3x4xf32>) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
  return
}

// -----

// CHECK-LABEL: @unsigned_max
// CHECK: arith.constant dense<0> : vector<16xi8>
// CHECK: arith.maxui {{.*}} : vector<16xi8>
func.func @unsigned_max(%x: memref<1x6x16xi8>, %o: memref<1x3x16xi8>) {
  kernel.pool max ins(%x : memref<1x6x16xi8>) outs(%o : memref<1x3x16xi8>) {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, is_unsigned}
  return
}

// -----

// The divisor is a constant where the window lies inside, and counted at the border.
// CHECK-LABEL: @average
// CHECK: %[[FIVE:.*]] = arith.constant dense<5.000000e+00>
// CHECK: arith.index_cast
// CHECK: arith.divf
// CHECK: arith.divf %{{.*}}, %[[FIVE]]
func.func @average(%x: memref<1x9x4xf32>, %o: memref<1x9x4xf32>) {
  kernel.pool average ins(%x : memref<1x9x4xf32>) outs(%o : memref<1x9x4xf32>) {kernel = array<i64: 5>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 2, 2>}
  return
}
