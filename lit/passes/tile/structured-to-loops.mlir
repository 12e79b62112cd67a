// RUN: edgec-opt %s --edgec-structured-to-loops=vector-bits=256 --canonicalize --cse -split-input-file | FileCheck %s

// Dimensions that go on where the next one ends are one loop; a channel's operand keeps two.
// CHECK-LABEL: func @one_loop
// CHECK-DAG: %[[END:.*]] = arith.constant 480 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
// CHECK-NOT: scf.for
func.func @one_loop(%x: memref<2x4x6x10xf32>, %y: memref<2x4x6x10xf32>) {
  linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<2x4x6x10xf32>) outs(%y : memref<2x4x6x10xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// CHECK-LABEL: func @channels
// CHECK-DAG: %[[ROWS:.*]] = arith.constant 48 : index
// CHECK-DAG: %[[C:.*]] = arith.constant 10 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[ROWS]]
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[C]]
// CHECK: memref.load %{{.*}}[%[[I]]] : memref<10xf32>
// CHECK-NOT: scf.for
func.func @channels(%x: memref<2x4x6x10xf32>, %s: memref<10xf32>, %y: memref<2x4x6x10xf32>) {
  linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %s : memref<2x4x6x10xf32>, memref<10xf32>) outs(%y : memref<2x4x6x10xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// The sum of rows: lanes are partial sums, four registers of eight; what is left over is one more vector that ends with the row.
// CHECK-LABEL: func @row_sums
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-8: vector.load
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: vector.reduction <add>, %{{.*}} fastmath<reassoc>
// CHECK: memref.store
func.func @row_sums(%x: memref<4x131xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x131xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Without leave to change the order, the sum is one of scalars.
// CHECK-LABEL: func @ordered
// CHECK-NOT: vector
// CHECK: return
func.func @ordered(%x: memref<4x131xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r, c) -> (r, c)>, affine_map<(r, c) -> (r)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x131xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// The maximum of columns, as a global pool has them: lanes are columns, here eight and four; rows share the accumulators that are left.
// CHECK-LABEL: func @column_maxima
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load %{{.*}} : memref<{{.*}}>, vector<8xf32>
// CHECK: arith.maximumf %{{.*}} : vector<8xf32>
// CHECK: vector.store %{{.*}} vector<8xf32>
// CHECK: vector.store %{{.*}} vector<4xf32>
func.func @column_maxima(%x: memref<6x7x12xf32>, %y: memref<12xf32>) {
  linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (c)>], iterator_types = ["reduction", "reduction", "parallel"]}
      ins(%x : memref<6x7x12xf32>) outs(%y : memref<12xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maximumf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A transposition is made of square blocks. The last ones overlap those before.
// CHECK-LABEL: func @transpose
// CHECK: scf.for
// CHECK: arith.minsi
// CHECK: scf.for
// CHECK-COUNT-8: vector.load {{.*}} vector<8xf32>
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store
// CHECK-NOT: vector.store
func.func @transpose(%x: memref<24x50xf32>, %y: memref<50x24xf32>) {
  linalg.transpose ins(%x : memref<24x50xf32>) outs(%y : memref<50x24xf32>) permutation = [1, 0]
  return
}

// -----

// In place, no element may be computed twice: no blocks that overlap.
// CHECK-LABEL: func @turned_in_place
// CHECK-NOT: arith.minsi
// CHECK: return
func.func @turned_in_place(%x: memref<9x9xf32>, %y: memref<9x9xf32>) {
  linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b, a)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
      ins(%y, %x : memref<9x9xf32>, memref<9x9xf32>) outs(%y : memref<9x9xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A few planes become pixels; the elementwise op that was fused is done on the way.
// CHECK-LABEL: func @planes
// CHECK: scf.for
// CHECK-COUNT-6: arith.negf %{{.*}} : vector<8xf32>
// CHECK: vector.shuffle
// CHECK-COUNT-6: vector.store
func.func @planes(%x: memref<1x6x20x20xf32>, %y: memref<1x20x20x6xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, c, h, w)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<1x6x20x20xf32>) outs(%y : memref<1x20x20x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// And back.
// CHECK-LABEL: func @pixels
// CHECK-COUNT-6: vector.load
// CHECK: vector.shuffle
// CHECK-COUNT-6: vector.store
func.func @pixels(%x: memref<400x6xf32>, %y: memref<6x400xf32>) {
  linalg.transpose ins(%x : memref<400x6xf32>) outs(%y : memref<6x400xf32>) permutation = [1, 0]
  return
}

// -----

// Up to four are for LLVM, which makes interleaved accesses of such loops.
// CHECK-LABEL: func @picture
// CHECK-NOT: vector
// CHECK: memref.store
func.func @picture(%x: memref<3x400xf32>, %y: memref<400x3xf32>) {
  linalg.transpose ins(%x : memref<3x400xf32>) outs(%y : memref<400x3xf32>) permutation = [1, 0]
  return
}

// -----

// Rows that stay rows are copied as such.
// CHECK-LABEL: func @rows
// CHECK-NOT: vector
// CHECK: memref.store
func.func @rows(%x: memref<4x6x32xf32>, %y: memref<6x4x32xf32>) {
  linalg.transpose ins(%x : memref<4x6x32xf32>) outs(%y : memref<6x4x32xf32>) permutation = [1, 0, 2]
  return
}
