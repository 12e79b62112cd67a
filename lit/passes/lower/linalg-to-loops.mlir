// RUN: edgec-opt %s --edgec-linalg-to-loops -verify-diagnostics | FileCheck %s

#half = affine_map<(i) -> (i floordiv 2)>
#id = affine_map<(i) -> (i)>

// What no pass could write vectors for is reported (edgec prints it with --timing).
// CHECK-LABEL: func @repeat
// CHECK: scf.for
// CHECK: } {edge.parallel}
func.func @repeat(%x: memref<2048xf32>, %y: memref<4096xf32>) {
  // expected-remark @+1 {{falls back to plain loops of 4096 iterations: its indices aren't linear}}
  linalg.generic {indexing_maps = [#half, #id], iterator_types = ["parallel"]} ins(%x : memref<2048xf32>) outs(%y : memref<4096xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// A few iterations aren't worth a word.
// CHECK-LABEL: func @few
// CHECK: scf.for
func.func @few(%x: memref<16xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [#half, #id], iterator_types = ["parallel"]} ins(%x : memref<16xf32>) outs(%y : memref<32xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}
