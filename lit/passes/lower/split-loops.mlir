// RUN: edgec-opt %s --edgec-split-loops | FileCheck %s

// Rows are independent: each of the four parts takes its own. The sum's loop is not, and the short one isn't worth it.
module attributes {edge.threads = 4 : i64} {
  // CHECK-LABEL: func.func @main
  // CHECK-SAME: memref<1xi8> {edge.kind = "parallel"}
  func.func @main(%a: memref<1024x1024xf32>, %s: memref<f32>) {
    // CHECK: %[[PART:.*]] = arith.constant 0 : index
    // CHECK: call @rows(%{{.*}}, %[[PART]]) : (memref<1024x1024xf32>, index) -> ()
    func.call @rows(%a) : (memref<1024x1024xf32>) -> ()
    // CHECK: call @sum(%{{.*}}, %{{.*}}) : (memref<1024x1024xf32>, memref<f32>) -> ()
    func.call @sum(%a, %s) : (memref<1024x1024xf32>, memref<f32>) -> ()
    return
  }
  // CHECK-LABEL: func.func private @rows
  // CHECK-SAME: memref<1024x1024xf32>, %[[I:.*]]: index)
  // CHECK: arith.muli %[[I]]
  // CHECK: scf.for %{{.*}} = %[[LOW:.*]] to %[[HIGH:.*]] step
  // CHECK: scf.for
  func.func private @rows(%a: memref<1024x1024xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c1024 = arith.constant 1024 : index
    %one = arith.constant 1.0 : f32
    scf.for %i = %c0 to %c1024 step %c1 {
      scf.for %j = %c0 to %c1024 step %c1 {
        memref.store %one, %a[%i, %j] : memref<1024x1024xf32>
      } {edge.parallel}
    } {edge.parallel}
    return
  }
  // CHECK-LABEL: func.func private @sum
  // CHECK-SAME: (%{{[^:]*}}: memref<1024x1024xf32>, %{{[^:]*}}: memref<f32>)
  func.func private @sum(%a: memref<1024x1024xf32>, %s: memref<f32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c1024 = arith.constant 1024 : index
    scf.for %i = %c0 to %c1024 step %c1 {
      scf.for %j = %c0 to %c1024 step %c1 {
        %x = memref.load %a[%i, %j] : memref<1024x1024xf32>
        %y = memref.load %s[] : memref<f32>
        %z = arith.addf %x, %y : f32
        memref.store %z, %s[] : memref<f32>
      }
    }
    return
  }
}
