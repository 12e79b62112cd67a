// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @rank(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @+1 {{'edge.rnn' expects a float input of rank 3 and recurrent weights of rank 2}}
  %y, %h = edge.rnn %x, %w, %r <{activations = ["relu"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>}> : tensor<5x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>
  return
}

// -----

func.func @steps(%x: tensor<0x2x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @+1 {{'edge.rnn' has no time steps}}
  %y, %h = edge.rnn %x, %w, %r <{activations = ["relu"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>}> : tensor<0x2x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>
  return
}

// -----

func.func @weights(%x: tensor<5x2x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x16xf32>) {
  // expected-error @+1 {{'edge.lstm' expects w to be tensor<3x16xf32>, but got tensor<3x4xf32>}}
  %y, %h, %c = edge.lstm %x, %w, %r <{activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>}> : tensor<5x2x3xf32>, tensor<3x4xf32>, tensor<4x16xf32>
  return
}

// -----

func.func @lengths(%x: tensor<5x2x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x4xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{'edge.rnn' expects 2 integer sequence lengths}}
  %y, %h = edge.rnn %x, %w, %r lens %l <{activations = ["relu"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>}> : tensor<5x2x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>, tensor<3xi32>
  return
}

// -----

func.func @functions(%x: tensor<5x2x3xf32>, %w: tensor<3x12xf32>, %r: tensor<4x12xf32>) {
  // expected-error @+1 {{'edge.gru' expects 2 activations, alphas and betas}}
  %y, %h = edge.gru %x, %w, %r <{activations = ["sigmoid"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>}> : tensor<5x2x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>
  return
}

// -----

func.func @unknown(%x: tensor<5x2x3xf32>, %w: tensor<3x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @+1 {{'edge.rnn' has an unknown activation 'gelu'}}
  %y, %h = edge.rnn %x, %w, %r <{activations = ["gelu"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>}> : tensor<5x2x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>
  return
}

// -----

func.func @reset_bias(%x: tensor<5x2x3xf32>, %w: tensor<3x12xf32>, %r: tensor<4x12xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'edge.gru' has a reset bias without linear_before_reset}}
  %y, %h = edge.gru %x, %w, %r reset_bias %b <{activations = ["sigmoid", "tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>}> : tensor<5x2x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<4xf32>
  return
}
