// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @rank(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.pad' expects one low and one high pad for each of 2 dimensions}}
  %0 = edge.pad constant %x low [1] high [1] : tensor<2x3xf32>
  return
}

// -----

func.func @value(%x: tensor<2xf32>, %v: tensor<1xf32>) {
  // expected-error @+1 {{'edge.pad' expects a 0-d value of the operand's element type}}
  %0 = edge.pad constant %x value %v low [1] high [1] : tensor<2xf32>, tensor<1xf32>
  return
}

// -----

func.func @crop(%x: tensor<2xf32>) {
  // expected-error @+1 {{'edge.pad' pads dimension 0 of extent 2 by -3 and 0}}
  %0 = edge.pad constant %x low [-3] high [0] : tensor<2xf32>
  return
}

// -----

func.func @empty(%x: tensor<0xf32>) {
  // expected-error @+1 {{'edge.pad' fills dimension 0 with elements of an empty tensor}}
  %0 = edge.pad edge %x low [1] high [0] : tensor<0xf32>
  return
}

// -----

func.func @huge(%x: tensor<2xf32>) {
  // expected-error @+1 {{'edge.tile' has a result of more than 2^40 elements}}
  %0 = edge.tile %x by [1099511627776] : tensor<2xf32>
  return
}
