// RUN: edgec-opt %s --edgec-group-rows -split-input-file | FileCheck %s
// RUN: edgec-opt %s --edgec-group-rows --edgec-structured-to-loops=vector-bits=256 --canonicalize -split-input-file | FileCheck %s --check-prefix=LOOPS

#row = affine_map<(r, c) -> (r)>
#all = affine_map<(r, c) -> (r, c)>
#one = affine_map<(r) -> (r)>

// A softmax goes through 64 rows, 16 at a time: its temporaries have one value a row.
// CHECK-LABEL: func @softmax
// CHECK: memref.alloc
// CHECK: scf.execute_region
// CHECK-NEXT: linalg.fill
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: linalg.fill
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: scf.yield
// CHECK-NEXT: } {edge.rows = 4 : i64}
// LOOPS-LABEL: func @softmax
// LOOPS: scf.for
// LOOPS: arith.maximumf %{{.*}} : vector<8xf32>
// LOOPS: math.exp
// LOOPS: arith.divf
// LOOPS: } {edge.parallel}
// LOOPS-NEXT: } {edge.parallel}
// LOOPS-NEXT: } {edge.parallel}
// LOOPS-NEXT: return
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
// CHECK-NOT: execute_region
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
