// RUN: edgec-opt %s --split-input-file --verify-diagnostics

func.func @wide(%x: tensor<4xi16>, %table: tensor<256xi8>) -> tensor<4xi8> {
  // expected-error @+1 {{'edge.lookup' expects integers of 8 bits}}
  %0 = edge.lookup %x in %table : tensor<4xi16>, tensor<256xi8>
  return %0 : tensor<4xi8>
}

// -----

func.func @short(%x: tensor<4xi8>, %table: tensor<255xi8>) -> tensor<4xi8> {
  // expected-error @+1 {{'edge.lookup' expects a table of 256 entries, but got one of shape [255]}}
  %0 = edge.lookup %x in %table : tensor<4xi8>, tensor<255xi8>
  return %0 : tensor<4xi8>
}

// -----

func.func @element(%x: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error @+1 {{'edge.fixed_tanh' expects an operand of i16}}
  %0 = edge.fixed_tanh %x whole 3 : tensor<4xi8>
  return %0 : tensor<4xi8>
}

// -----

func.func @bits(%x: tensor<4xi16>) -> tensor<4xi16> {
  // expected-error @+1 {{'edge.fixed_sigmoid' has 7 bits left of the point; 0 to 6 are known}}
  %0 = edge.fixed_sigmoid %x whole 7 : tensor<4xi16>
  return %0 : tensor<4xi16>
}

// -----

func.func @storage(%x: tensor<2x4xi8>) -> tensor<2x4xi32> {
  // expected-error @+1 {{'edge.fixed_softmax' expects integers of 8 bits, and gives such or i16}}
  %0 = edge.fixed_softmax %x times 1073741824 shift 24 to i32 : tensor<2x4xi8>
  return %0 : tensor<2x4xi32>
}
