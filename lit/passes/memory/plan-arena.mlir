// RUN: edgec-opt %s --edgec-plan-arena | FileCheck %s

// %a and %c never live at once and share their place; %b lives beside both. The arena is exact.
// CHECK: module attributes {edge.allocations = [
// CHECK-SAME: {bytes = 256 : i64, first = {{[0-9]+}} : i64, last = {{[0-9]+}} : i64, name = "first", offset = [[AT:[0-9]+]] : i64},
// CHECK-SAME: {bytes = 64 : i64, {{.*}}name = "second", offset = {{[0-9]+}} : i64},
// CHECK-SAME: {bytes = 256 : i64, {{.*}}name = "third", offset = [[AT]] : i64}]
// CHECK-SAME: edge.arena_bytes = 320 : i64, edge.arena_peak = 320 : i64
// CHECK: func @main
// CHECK-SAME: %[[ARENA:[a-z0-9]*]]: memref<320xi8> {edge.kind = "arena"})
// CHECK-NOT: memref.alloc
// CHECK-DAG: memref.view %[[ARENA]][%{{.*}}][] : memref<320xi8> to memref<64xf32>
// CHECK-DAG: memref.view %[[ARENA]][%{{.*}}][] : memref<320xi8> to memref<16xf32>
// CHECK: return
func.func @main(%x: memref<64xf32> {edge.kind = "input"}, %y: memref<64xf32> {edge.kind = "output"}) {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<64xf32> loc("first")
  memref.copy %x, %a : memref<64xf32> to memref<64xf32>
  %b = memref.alloc() : memref<16xf32> loc("second")
  %part = memref.subview %a[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  memref.copy %part, %b : memref<16xf32, strided<[1]>> to memref<16xf32>
  %c = memref.alloc() : memref<64xf32> loc("third")
  linalg.fill ins(%zero : f32) outs(%c : memref<64xf32>)
  %head = memref.subview %c[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  memref.copy %b, %head : memref<16xf32> to memref<16xf32, strided<[1]>>
  memref.copy %c, %y : memref<64xf32> to memref<64xf32>
  return
}
