// RUN: edgec-opt %s --edgec-group-rows -split-input-file | FileCheck %s
// RUN: edgec-opt %s --edgec-group-rows --edgec-kernel-to-loops=vector-bits=256 --canonicalize -split-input-file | FileCheck %s --check-prefix=LOOPS

#row = affine_map<(r, c) -> (r)>
#all = affine_map<(r, c) -> (r, c)>
#one = affine_map<(r) -> (r)>

// A softmax goes through 64 rows, 16 at a time: its temporaries have one value a row.
// CHECK-LABEL: func @softmax
// CHECK: memref.alloc() : memref<1x16xf32>
// CHECK: kernel.rows 64 block 16 period 64 parts 1 {
// CHECK: kernel.block {{.*}} : memref<1x16xf32> to memref<64xf32>
// CHECK: linalg.fill
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: linalg.fill
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: return
// LOOPS-LABEL: func @softmax
// LOOPS: scf.for %{{.*}} = %c0 to %c4
// LOOPS: arith.maximumf %{{.*}} : vector<8xf32>
// LOOPS: math.exp
// LOOPS: arith.divf
// LOOPS: return
func.func @softmax(%x: memref<64x200xf32>) {
  %least = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %m = memref.alloc() : memref<64xf32>
  linalg.fill ins(%least : f32) outs(%m : memref<64xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<64x200xf32>) outs(%m : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maximumf %o, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%m : memref<64xf32>) outs(%x : memref<64x200xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.subf %o, %a : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  %s = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%s : memref<64xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<64x200xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%s : memref<64xf32>) outs(%x : memref<64x200xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#row = affine_map<(r, c) -> (r)>
#all = affine_map<(r, c) -> (r, c)>
#column = affine_map<(r, c) -> (c)>

// Columns are no rows, and what needs the sum of other rows comes after all of them.
// CHECK-LABEL: func @others
// CHECK-NOT: kernel.rows
// CHECK: return
func.func @others(%x: memref<64x64xf32>, %s: memref<64xf32>, %y: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<64x64xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#column, #all], iterator_types = ["parallel", "parallel"]} ins(%s : memref<64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]} ins(%y : memref<64x64xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#column, #all], iterator_types = ["parallel", "parallel"]} ins(%s : memref<64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %o : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#row = affine_map<(h, r, c) -> (h, r)>
#all = affine_map<(h, r, c) -> (h, r, c)>
#one = affine_map<(h, r) -> (h, r)>

// An attention: of the scores there are four rows at a time, and no block reaches from one head to the next. What has
// nothing to do with them is drawn in front.
// CHECK-LABEL: func @attention
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%arg4 : memref<3xf32>)
// CHECK: kernel.rows 20 block 4 period 10 parts 1 {
// CHECK: kernel.block {{.*}} : memref<1x40xf32> to memref<2x10x10xf32>
// CHECK: kernel.matmul
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: kernel.matmul
// LOOPS-LABEL: func @attention
// Two whole blocks a head, and then, once a head, the two rows that are left.
// LOOPS: scf.for %[[BLOCK:.*]] = %c0 to %c4
// LOOPS: arith.divui %[[BLOCK]], %c2
// LOOPS: arith.remui %[[BLOCK]], %c2
// LOOPS: scf.for %{{.*}} = %c0 to %c2
func.func @attention(%q: memref<2x10x8xf32>, %k: memref<2x8x10xf32>, %v: memref<2x10x8xf32>, %o: memref<2x10x8xf32>, %other: memref<3xf32>) {
  %zero = arith.constant 0.0 : f32
  %scores = memref.alloc() : memref<2x10x10xf32>
  kernel.matmul ins(%q, %k : memref<2x10x8xf32>, memref<2x8x10xf32>) outs(%scores : memref<2x10x10xf32>)
  %sum = memref.alloc() : memref<2x10xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<2x10xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x10x10xf32>) outs(%sum : memref<2x10xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%sum : memref<2x10xf32>) outs(%scores : memref<2x10x10xf32>) {
  ^bb0(%s: f32, %a: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%zero : f32) outs(%other : memref<3xf32>)
  kernel.matmul ins(%scores, %v : memref<2x10x10xf32>, memref<2x10x8xf32>) outs(%o : memref<2x10x8xf32>)
  return
}

// -----

#row = affine_map<(r, c) -> (r)>
#all = affine_map<(r, c) -> (r, c)>

// What is drawn in front takes its buffers along.
// CHECK-LABEL: func @passed_over
// CHECK: %[[Y:.*]] = memref.alloc() : memref<5xf32>
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%[[Y]] : memref<5xf32>)
// CHECK: kernel.rows 64
func.func @passed_over(%x: memref<64x200xf32>, %s: memref<64xf32>) -> memref<5xf32> {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%s : memref<64xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<64x200xf32>) outs(%s : memref<64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  %y = memref.alloc() : memref<5xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<5xf32>)
  linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%s : memref<64xf32>) outs(%x : memref<64x200xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.subf %o, %a : f32
    linalg.yield %0 : f32
  }
  return %y : memref<5xf32>
}
