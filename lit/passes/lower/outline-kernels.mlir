// RUN: edgec-opt %s --split-input-file --edgec-outline-kernels | FileCheck %s

#map = affine_map<(d0) -> (d0)>

// One row an op, with the bytes of its operands: each is 8 floats.
// CHECK: edge.operators = [{bytes = 64 : i64, element = "f32", kernel = "[[KERNEL:op0[A-Za-z_]*]]", kind = "linalg.generic", macs = 0 : i64, name = "/layer/Neg"}
// CHECK-SAME: {bytes = 64 : i64, element = "f32", kernel = "[[KERNEL]]", {{.*}} name = "/layer/Neg_1"}

// Equal ops share a function. Buffers that lie apart may be declared so; two places of the arena that overlap may not.
// CHECK: func @main
// CHECK: call @[[KERNEL]](%arg0, %arg1)
// CHECK-NEXT: call @[[KERNEL]](%arg1, %arg2)
// CHECK: call @[[OVERLAP:op1[A-Za-z0-9_]*]](
// CHECK: return
// CHECK: func private @[[KERNEL]](%{{.*}}: memref<8xf32> {llvm.noalias}, %{{.*}}: memref<8xf32> {llvm.noalias})
// CHECK: linalg.generic
// CHECK: arith.negf
// CHECK: func private @[[OVERLAP]](%{{[a-z0-9]*}}: memref<8xf32>, %{{[a-z0-9]*}}: memref<8xf32>)
// CHECK-NOT: func private
func.func @main(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xf32>, %arena: memref<64xi8>) {
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } loc("/layer/Neg")
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%y : memref<8xf32>) outs(%z : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } loc("/layer/Neg_1")
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %from = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
  %to = memref.view %arena[%c16][] : memref<64xi8> to memref<8xf32>
  memref.copy %from, %to : memref<8xf32> to memref<8xf32>
  return
}

// -----

// A view that begins where only the run knows is taken inside: it is no address that an argument could be.
// CHECK-LABEL: func @places
// CHECK: call @[[COPY:op0[A-Za-z0-9_]*]](%arg0, %arg1, %arg2)
// CHECK: func private @[[COPY]](%[[ROW:.*]]: memref<4xf32>{{.*}}, %[[ALL:.*]]: memref<8x4xf32>{{.*}}, %[[AT:.*]]: index)
// CHECK: %[[LINE:.*]] = memref.subview %[[ALL]][%[[AT]], 0]
// CHECK: linalg.copy ins(%[[ROW]] : memref<4xf32>) outs(%[[LINE]]
func.func @places(%row: memref<4xf32>, %all: memref<8x4xf32>, %at: index) {
  %line = memref.subview %all[%at, 0] [1, 4] [1, 1] : memref<8x4xf32> to memref<4xf32, strided<[1], offset: ?>>
  linalg.copy ins(%row : memref<4xf32>) outs(%line : memref<4xf32, strided<[1], offset: ?>>)
  return
}
