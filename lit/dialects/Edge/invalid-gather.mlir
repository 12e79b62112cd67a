// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @axis(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'edge.gather' has axis 2 for rank 2}}
  %0 = edge.gather %x at %i axis 2 : tensor<2x3xf32>, tensor<2xi64>
  return
}

// -----

func.func @float_indices(%x: tensor<2x3xf32>, %i: tensor<2xf32>) {
  // expected-error @+1 {{'edge.gather' expects integer indices}}
  %0 = edge.gather %x at %i axis 0 : tensor<2x3xf32>, tensor<2xf32>
  return
}

// -----

func.func @empty(%x: tensor<0x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'edge.gather' reads from dimension 0, which is empty}}
  %0 = edge.gather %x at %i axis 0 : tensor<0x3xf32>, tensor<2xi64>
  return
}

// -----

func.func @elements(%x: tensor<2x3xf32>, %i: tensor<3x3xi64>) {
  // expected-error @+1 {{'edge.gather_elements' has 3 indices in dimension 0 of extent 2}}
  %0 = edge.gather_elements %x at %i axis 1 : tensor<2x3xf32>, tensor<3x3xi64>
  return
}

// -----

func.func @tuple(%x: tensor<2x3xf32>, %i: tensor<4x3xi64>) {
  // expected-error @+1 {{'edge.gather_nd' has index tuples of 3 entries and 0 batch dimensions for rank 2}}
  %0 = edge.gather_nd %x at %i batch_dims 0 : tensor<2x3xf32>, tensor<4x3xi64>
  return
}

// -----

func.func @updates(%x: tensor<4x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x7xf32>) {
  // expected-error @+1 {{'edge.scatter_nd' expects updates of shape '2x8'}}
  %0 = edge.scatter_nd none %x at %i with %u : tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x7xf32>
  return
}

// -----

func.func @scatter_types(%x: tensor<4xf32>, %i: tensor<2xi64>, %u: tensor<2xf16>) {
  // expected-error @+1 {{'edge.scatter_elements' expects updates of the operand's element type}}
  %0 = edge.scatter_elements none %x at %i with %u axis 0 : tensor<4xf32>, tensor<2xi64>, tensor<2xf16>
  return
}

// -----

func.func @too_many(%x: tensor<4xf32>) {
  // expected-error @+1 {{'edge.topk' selects 5 of 4 elements}}
  %0, %1 = edge.topk 5 of %x axis 0 : tensor<4xf32>
  return
}
