// RUN: sed 's/FLOATS/hardware_float = true, fused_multiply_add = true, vector_bits = 256/' %s | edgec-opt --edgec-approximate-math | FileCheck %s
// RUN: sed 's/FLOATS/hardware_float = true, rounds_to_integer = false, vector_bits = 128/' %s | edgec-opt --edgec-approximate-math | FileCheck %s --check-prefixes=CHECK,SEPARATE
// RUN: sed 's/FLOATS/hardware_float = true, fused_multiply_add = true, vector_bits = 32/' %s | edgec-opt --edgec-approximate-math | FileCheck %s --check-prefix=SHARED
// RUN: sed 's/FLOATS/hardware_float = false/' %s | edgec-opt --edgec-approximate-math | FileCheck %s --check-prefix=SOFT
// RUN: edgec-opt --help | FileCheck %s --check-prefix=HELP
// HELP: edgec-approximate-math

module attributes {edge.target = #edge.target<name = "t", triple = "", cpu = "", features = "", abi = "", FLOATS>} {
  // No calls and no branches are left, and products that may fuse say so.
  // CHECK-LABEL: func.func @exp
  // CHECK-NOT: math.exp
  // CHECK: arith.maximumf
  // CHECK: arith.mulf {{.*}} fastmath<contract>
  // CHECK: arith.addf {{.*}} fastmath<contract>
  // CHECK-NOT: call
  // CHECK: return
  // SOFT-LABEL: func.func @exp
  // SOFT-NEXT: math.exp
  func.func @exp(%x: f32) -> f32 {
    %0 = math.exp %x : f32
    return %0 : f32
  }

  // Without vectors, a function's uses share one copy of it.
  // SHARED-LABEL: func.func @exp
  // SHARED-NEXT: call @math_exp
  // SHARED-LABEL: func.func @twice
  // SHARED: call @math_exp
  // SHARED: call @math_exp
  // CHECK-LABEL: func.func @twice
  func.func @twice(%x: f32) -> f32 {
    %0 = math.exp %x : f32
    %1 = math.exp %0 : f32
    return %1 : f32
  }

  // CHECK-LABEL: func.func @vector
  // CHECK: arith.maximumf {{.*}} : vector<8xf32>
  // CHECK: arith.bitcast {{.*}} : vector<8xi32> to vector<8xf32>
  // SHARED-LABEL: func.func @vector
  // SHARED: arith.maximumf {{.*}} : vector<8xf32>
  func.func @vector(%x: vector<8xf32>) -> vector<8xf32> {
    %0 = math.exp %x : vector<8xf32>
    return %0 : vector<8xf32>
  }

  // Half floats are computed in f32.
  // CHECK-LABEL: func.func @half
  // CHECK: arith.extf %{{.*}} : f16 to f32
  // CHECK-NOT: math.tanh
  // CHECK: arith.truncf %{{.*}} : f32 to f16
  func.func @half(%x: f16) -> f16 {
    %0 = math.tanh %x : f16
    return %0 : f16
  }

  // Doubles are libm's.
  // CHECK-LABEL: func.func @double
  // CHECK-NEXT: math.exp
  func.func @double(%x: f64) -> f64 {
    %0 = math.exp %x : f64
    return %0 : f64
  }

  // x / (1 + e^-x) needs no exponentials below the normal numbers: one factor 2^n will do.
  // CHECK-LABEL: func.func @logistic
  // CHECK-NOT: arith.select
  // CHECK: return
  func.func @logistic(%x: f32) -> f32 {
    %one = arith.constant 1.0 : f32
    %n = arith.negf %x : f32
    %e = math.exp %n : f32
    %s = arith.addf %e, %one : f32
    %r = arith.divf %x, %s : f32
    return %r : f32
  }

  // Constant powers are products.
  // CHECK-LABEL: func.func @cube
  // CHECK-NEXT: arith.constant
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: arith.mulf
  // CHECK-NEXT: return
  func.func @cube(%x: f32) -> f32 {
    %three = arith.constant 3.0 : f32
    %0 = math.powf %x, %three : f32
    return %0 : f32
  }

  // Products whose error has to be known take the fused instruction where there is one, and Dekker's splitting elsewhere.
  // CHECK-LABEL: func.func @sin
  // SEPARATE-NOT: math.fma
  // SEPARATE: return
  func.func @sin(%x: f32) -> f32 {
    %0 = math.sin %x : f32
    return %0 : f32
  }

  // CHECK-LABEL: func.func @floor
  // SEPARATE-NOT: math.floor
  // SEPARATE: return
  // SHARED-LABEL: func.func @floor
  // SHARED-NEXT: math.floor
  func.func @floor(%x: f32) -> f32 {
    %0 = math.floor %x : f32
    return %0 : f32
  }

  // Instructions stay.
  // CHECK-LABEL: func.func @root
  // CHECK-NEXT: math.sqrt
  // SHARED: func.func private @math_exp
  // SHARED: func.func private @math_sin
  // SHARED: math.fma
  func.func @root(%x: f32) -> f32 {
    %0 = math.sqrt %x : f32
    return %0 : f32
  }
}
