// RUN: edgec-opt %s --edgec-convert-to-llvm | FileCheck %s
// RUN: sed 's/index_bits = 64/index_bits = 32/' %s | edgec-opt --edgec-convert-to-llvm | FileCheck %s --check-prefix=WIDTH32

// WIDTH32: llvm.getelementptr {{.*}} : (!llvm.ptr, i32) -> !llvm.ptr, f32
module attributes {edge.target = #edge.target<name = "t", triple = "", cpu = "", features = "", abi = "", index_bits = 64>} {
  // A constant buffer is one flat array of bytes, aligned, and never written.
  // CHECK: llvm.mlir.global internal constant @weights(dense<{{.*}}> : tensor<16xi8>) {{.*}}alignment = 16{{.*}}: !llvm.array<16 x i8>
  memref.global "private" constant @weights : memref<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]>

  // Buffers are bare pointers; the names and kinds of the arguments are gone.
  // CHECK: llvm.func @main(%{{[a-z0-9]+}}: !llvm.ptr {llvm.noalias}, %{{[a-z0-9]+}}: !llvm.ptr)
  // CHECK: llvm.mlir.addressof @weights
  // CHECK: llvm.getelementptr {{.*}} : (!llvm.ptr, i64) -> !llvm.ptr, f32
  // CHECK-NOT: memref
  func.func @main(%x: memref<2x2xf32> {edge.name = "x", edge.kind = "input", llvm.noalias}, %y: memref<2x2xf32> {edge.kind = "output"}) {
    %w = memref.get_global @weights : memref<2x2xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    scf.for %i = %c0 to %c2 step %c1 {
      scf.for %j = %c0 to %c2 step %c1 {
        %a = memref.load %x[%i, %j] : memref<2x2xf32>
        %b = memref.load %w[%i, %j] : memref<2x2xf32>
        %c = arith.mulf %a, %b : f32
        memref.store %c, %y[%i, %j] : memref<2x2xf32>
      }
    }
    return
  }

  // bf16 is computed in f32 and rounded by integer arithmetic, not by a compiler's library.
  // CHECK-LABEL: llvm.func @bfloat
  // CHECK: llvm.fadd {{.*}} : f32
  // CHECK-NOT: llvm.fptrunc
  // CHECK: llvm.trunc {{.*}} : i32 to i16
  func.func @bfloat(%x: memref<1xbf16>) {
    %c0 = arith.constant 0 : index
    %0 = memref.load %x[%c0] : memref<1xbf16>
    %1 = arith.addf %0, %0 : bf16
    memref.store %1, %x[%c0] : memref<1xbf16>
    return
  }

  // What may be an instruction is an intrinsic, of which LLVM knows whether it is; the rest is libm's. log1p isn't log(1 + x).
  // CHECK-LABEL: llvm.func @functions
  // CHECK: llvm.intr.sqrt
  // CHECK: llvm.intr.floor
  // CHECK-NOT: llvm.intr.log
  // CHECK: llvm.call @log1p(
  func.func @functions(%x: memref<1xf64>) {
    %c0 = arith.constant 0 : index
    %0 = memref.load %x[%c0] : memref<1xf64>
    %1 = math.sqrt %0 : f64
    %2 = math.floor %1 : f64
    %3 = math.log1p %2 : f64
    memref.store %3, %x[%c0] : memref<1xf64>
    return
  }
}
