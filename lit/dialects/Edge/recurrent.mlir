// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg --canonicalize | FileCheck %s --check-prefix=LOWER
// RUN: edgec-opt %s --edgec-edge-to-linalg --canonicalize --edgec-bufferize-model | FileCheck %s --check-prefix=BUFFER

// The inputs of all steps are one product outside the loop; the loop allocates nothing but its scratch and copies only the row of y.
// CHECK-LABEL: @lstm
// CHECK: edge.lstm %{{.*}}, %{{.*}}, %{{.*}} bias %{{.*}} <{activations = ["sigmoid", "tanh", "tanh"]
// LOWER-LABEL: func @lstm
// LOWER: linalg.generic {{.*}}"reduction"{{.*}} ins(%{{.*}}, %{{.*}} : tensor<10x3xf32>, tensor<3x16xf32>)
// LOWER: scf.for {{.*}} iter_args({{.*}}) -> (tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
// LOWER: linalg.generic {{.*}}"reduction"{{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x4xf32>, tensor<4x16xf32>)
// LOWER: tensor.insert_slice
// BUFFER-LABEL: func @lstm
// BUFFER: scf.for
// BUFFER-COUNT-1: memref.alloc() {{.*}}memref<2x16xf32>
// BUFFER-NOT: memref.alloc
// BUFFER-COUNT-1: linalg.copy
// BUFFER-NOT: linalg.copy
// BUFFER: }
func.func @lstm(%x: tensor<5x2x3xf32>, %w: tensor<3x16xf32>, %r: tensor<4x16xf32>, %b: tensor<16xf32>) -> tensor<5x2x4xf32> {
  %y, %h, %c = edge.lstm %x, %w, %r bias %b <{activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>}> : tensor<5x2x3xf32>, tensor<3x16xf32>, tensor<4x16xf32>, tensor<16xf32>
  return %y : tensor<5x2x4xf32>
}

// Where nobody reads y, it isn't carried; a state is kept in f32 beside h, which is stored narrow.
// CHECK-LABEL: @last_state
// CHECK: edge.lstm {{.*}} lens %{{.*}} h %{{.*}} c %{{.*}} peephole %{{.*}} {{.*}}clip = 3.{{.*}} : f64{{.*}}input_forget, reverse
// LOWER-LABEL: func @last_state
// LOWER: scf.for {{.*}} iter_args({{.*}}) -> (tensor<2x4xf16>, tensor<2x4xf32>)
func.func @last_state(%x: tensor<5x2x3xf16>, %w: tensor<3x16xf16>, %r: tensor<4x16xf16>, %l: tensor<2xi32>, %h0: tensor<2x4xf16>, %c0: tensor<2x4xf16>, %p: tensor<12xf16>) -> tensor<2x4xf16> {
  %y, %h, %c = edge.lstm %x, %w, %r lens %l h %h0 c %c0 peephole %p <{activations = ["hard_sigmoid", "softsign", "elu"], alphas = array<f64: 0.2, 0.0, 1.0>, betas = array<f64: 0.5, 0.0, 0.0>, clip = 3.0 : f64, input_forget, reverse}> : tensor<5x2x3xf16>, tensor<3x16xf16>, tensor<4x16xf16>, tensor<2xi32>, tensor<2x4xf16>, tensor<2x4xf16>, tensor<12xf16>
  return %c : tensor<2x4xf16>
}

// One step has no loop, and without a state before it nothing to multiply it with.
// LOWER-LABEL: func @one_step
// LOWER-NOT: scf.for
// LOWER-COUNT-1: "reduction"
// LOWER-NOT: "reduction"
// LOWER: return
func.func @one_step(%x: tensor<1x2x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %y, %h = edge.rnn %x, %w, %r <{activations = ["relu"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>}> : tensor<1x2x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>
  return %h : tensor<2x4xf32>
}

// A state that is reset before the product takes two products a step; one that is reset after it takes one.
// LOWER-LABEL: func @gru
// LOWER: scf.for
// LOWER-COUNT-2: "reduction"
// LOWER: scf.yield
func.func @gru(%x: tensor<5x2x3xf32>, %w: tensor<3x12xf32>, %r: tensor<4x12xf32>) -> tensor<2x4xf32> {
  %y, %h = edge.gru %x, %w, %r <{activations = ["sigmoid", "tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>}> : tensor<5x2x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>
  return %h : tensor<2x4xf32>
}

// LOWER-LABEL: func @gru_late
// LOWER: scf.for
// LOWER-COUNT-1: "reduction"
// LOWER-NOT: "reduction"
// LOWER: scf.yield
func.func @gru_late(%x: tensor<5x2x3xf32>, %w: tensor<3x12xf32>, %r: tensor<4x12xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %y, %h = edge.gru %x, %w, %r reset_bias %b <{activations = ["sigmoid", "tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>, linear_before_reset}> : tensor<5x2x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<4xf32>
  return %h : tensor<2x4xf32>
}
