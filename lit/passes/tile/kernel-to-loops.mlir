// RUN: edgec-opt %s --split-input-file --edgec-kernel-to-loops="vector-bits=128 registers=16" --canonicalize --cse | FileCheck %s
// RUN: edgec-opt %s --split-input-file --edgec-kernel-to-loops="vector-bits=0 registers=16" --canonicalize | FileCheck %s --check-prefix=SCALAR

// A tile of pixels times two vectors of features; the loop over neighbouring kernel positions and channels is one. The tiles at the left and the right
// border are written out without the products that lie outside; those between are a loop.
// CHECK-LABEL: @conv
// CHECK: scf.for %[[H:.*]] = %{{.*}} to %c8 step
// The rows of the window that lie inside, then the left border's tile: its first pixel misses the first kernel position.
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: scf.for %{{.*}} iter_args
// CHECK: vector.load {{.*}} : memref<216xf32>, vector<4xf32>
// CHECK: memref.load {{.*}} : memref<384xf32>
// CHECK: vector.broadcast
// CHECK: arith.mulf {{.*}} fastmath<contract> : vector<4xf32>
// CHECK: arith.addf {{.*}} fastmath<contract> : vector<4xf32>
// CHECK: vector.store %{{.*}} : memref<1024xf32>, vector<4xf32>
// SCALAR-LABEL: @conv
// SCALAR-NOT: vector
func.func @conv(%x: memref<1x8x16x3xf32>, %w: memref<3x3x3x8xf32>, %b: memref<8xf32>, %o: memref<1x8x16x8xf32>) {
  kernel.conv ins(%x, %w bias %b : memref<1x8x16x3xf32>, memref<3x3x3x8xf32>, memref<8xf32>) outs(%o : memref<1x8x16x8xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1}
  return
}

// -----

// Features that don't fill a vector are stored in pieces: 7 = 4 + 2 + 1. Without padding there are no borders, and no comparison.
// SCALAR-LABEL: @rest
// CHECK-LABEL: @rest
// CHECK-NOT: arith.maxsi
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK: vector.shuffle {{.*}} [0, 1]
// CHECK: vector.store {{.*}} vector<2xf32>
// CHECK: vector.extract
// CHECK: memref.store
func.func @rest(%x: memref<1x4x3xf32>, %w: memref<2x3x7xf32>, %o: memref<1x3x7xf32>) {
  kernel.conv ins(%x, %w : memref<1x4x3xf32>, memref<2x3x7xf32>) outs(%o : memref<1x3x7xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1}
  return
}

// -----

// Packed weights are one stream, filled up with zeros: no load of them is partial. Pointwise dimensions are one.
// CHECK-LABEL: @packed
// CHECK-NOT: vector.shuffle
// CHECK: scf.for %{{.*}} = %c0 to %c{{[0-9]+}} step %c{{[0-9]+}} {
// CHECK: vector.load %arg1[%{{.*}}] : memref<32xf32>, vector<4xf32>
// CHECK: vector.load %arg1[%{{.*}}] : memref<32xf32>, vector<4xf32>
// CHECK: vector.shuffle {{.*}} [0, 1]
func.func @packed(%x: memref<1x5x6x4xf32>, %w: memref<32xf32>, %o: memref<1x5x6x6xf32>) {
  kernel.conv ins(%x, %w : memref<1x5x6x4xf32>, memref<32xf32>) outs(%o : memref<1x5x6x6xf32>) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1, window = array<i64: 1, 1>, packing = #kernel.packing<vectors = 2, lanes = 4>}
  return
}

// -----

// The epilogue, in vectors: a residual sum in place, an extra that is one element a channel, and one for all.
// CHECK-LABEL: @epilogue
// CHECK: %[[SCALE:.*]] = vector.load %{{.*}} : memref<4xf32>, vector<4xf32>
// CHECK: %[[OLD:.*]] = vector.load %{{.*}} : memref<12xf32>, vector<4xf32>
// CHECK: %[[PRODUCT:.*]] = arith.mulf %{{.*}}, %[[SCALE]] : vector<4xf32>
// CHECK: arith.addf %[[PRODUCT]], %[[OLD]] : vector<4xf32>
// CHECK: arith.maximumf {{.*}} : vector<4xf32>
// SCALAR-LABEL: @epilogue
// SCALAR: arith.maximumf {{.*}} : f32
func.func @epilogue(%a: memref<1x3x5xf32>, %b: memref<1x5x4xf32>, %scale: memref<1x1x4xf32>, %o: memref<1x3x4xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.matmul ins(%a, %b : memref<1x3x5xf32>, memref<1x5x4xf32>) outs(%o : memref<1x3x4xf32>) extras(%scale : memref<1x1x4xf32>) epilogue {
  ^bb0(%sum: f32, %s: f32, %old: f32):
    %p = arith.mulf %sum, %s : f32
    %q = arith.addf %p, %old : f32
    %r = arith.maximumf %q, %zero : f32
    kernel.yield %r : f32
  }
  return
}

// -----

// Booleans lie in bytes: a vector of them is loaded one by one.
// CHECK-LABEL: @mask
// CHECK-NOT: vector.load {{.*}}xi1
// CHECK-COUNT-4: memref.load {{.*}} : memref<12xi1>
// CHECK: arith.select {{.*}} : vector<4xi1>, vector<4xf32>
func.func @mask(%a: memref<1x3x5xf32>, %b: memref<1x5x4xf32>, %m: memref<1x3x4xi1>, %o: memref<1x3x4xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.matmul ins(%a, %b : memref<1x3x5xf32>, memref<1x5x4xf32>) outs(%o : memref<1x3x4xf32>) extras(%m : memref<1x3x4xi1>) epilogue {
  ^bb0(%sum: f32, %mask: i1, %old: f32):
    %r = arith.select %mask, %sum, %zero : f32
    kernel.yield %r : f32
  }
  return
}

// -----

// One feature: vectors along the sum, added up at the end.
// CHECK-LABEL: @dot
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load {{.*}} : memref<18xf32>, vector<4xf32>
// CHECK: vector.load {{.*}} : memref<{{.*}}xf32>, vector<4xf32>
// CHECK: vector.reduction <add>
func.func @dot(%x: memref<1x9x6xf32>, %w: memref<3x6x1xf32>, %o: memref<1x7x1xf32>) {
  kernel.conv ins(%x, %w : memref<1x9x6xf32>, memref<3x6x1xf32>) outs(%o : memref<1x7x1xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1}
  return
}

// -----

// Depthwise: vectors of the input meet vectors of the filter.
// CHECK-LABEL: @depthwise
// CHECK: vector.load {{.*}} : memref<48xf32>, vector<4xf32>
// CHECK: vector.load {{.*}} : memref<24xf32>, vector<4xf32>
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
