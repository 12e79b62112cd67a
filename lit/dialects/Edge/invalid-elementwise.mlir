// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @types(%x: tensor<2xf32>, %y: tensor<2xi64>) {
  // expected-error @+1 {{'edge.add' expects operands of one element type, but got f32, i64}}
  %0 = edge.add %x, %y : tensor<2xf32>, tensor<2xi64>
  return
}

// -----

func.func @floats(%x: tensor<2xi32>) {
  // expected-error @+1 {{'edge.exp' expects floats, but got i32}}
  %0 = edge.exp %x : tensor<2xi32>
  return
}

// -----

func.func @condition(%c: tensor<2xi8>, %x: tensor<2xf32>) {
  // expected-error @+1 {{'edge.select' expects a boolean condition, but got i8, f32, f32}}
  %0 = edge.select %c, %x, %x : tensor<2xi8>, tensor<2xf32>, tensor<2xf32>
  return
}

// -----

func.func @einsum(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error @+1 {{'edge.einsum' has extents 3 and 4 of one label 'j'}}
  %0 = edge.einsum "ij,jk->ik" %a, %b : tensor<2x3xf32>, tensor<4x5xf32>
  return
}

// -----

func.func @einsum_result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{'edge.einsum' has no operand with the result's label 'k'}}
  %0 = edge.einsum "ij->ik" %a : tensor<2x3xf32>
  return
}
