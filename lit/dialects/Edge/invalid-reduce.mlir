// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.reduce' has axis 2 for an operand of rank 2}}
  %0 = edge.reduce sum %x over [2] : tensor<2x3xf32>
  return
}

// -----

func.func @twice(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.reduce' names axis 1 twice}}
  %0 = edge.reduce sum %x over [1, 1] : tensor<2x3xf32>
  return
}

// -----

func.func @arg_sum(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.arg_reduce' looks for 'max' or 'min', but got 'sum'}}
  %0 = edge.arg_reduce sum %x over 0 : tensor<2x3xf32>
  return
}

// -----

func.func @arg_of_nothing(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{'edge.arg_reduce' has no element to choose along axis 1}}
  %0 = edge.arg_reduce max %x over 1 : tensor<2x0xf32>
  return
}

// -----

func.func @cumulate(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.cumulate' has axis -1 for an operand of rank 2}}
  %0 = edge.cumulate sum %x along -1 : tensor<2x3xf32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.softmax' has axis 2 for an operand of rank 2}}
  %0 = edge.softmax %x along 2 : tensor<2x3xf32>
  return
}

// -----

func.func @softmax_of_both(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.softmax' is either 'log' or 'safe'}}
  %0 = edge.softmax log safe %x along 1 : tensor<2x3xf32>
  return
}

// -----

func.func @softmax_of_integers(%x: tensor<2x3xi32>) {
  // expected-error @+1 {{'edge.softmax' expects floats}}
  %0 = edge.softmax %x along 1 : tensor<2x3xi32>
  return
}
