// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @rank(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>) {
  // expected-error @+1 {{'edge.conv' expects an input of rank 3 or more and a filter of the same rank, but got rank 2 and 2}}
  %0 = edge.conv %x, %w <{strides = array<i64>, dilations = array<i64>, pads = array<i64>, groups = 1 : i64}> : tensor<8x4xf32>, tensor<4x4xf32>
  return
}

// -----

func.func @elements(%x: tensor<1x8x4xf32>, %w: tensor<3x4x4xf16>) {
  // expected-error @+1 {{'edge.conv' expects one element type of input, filter and bias}}
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x4x4xf16>
  return
}

// -----

func.func @entries(%x: tensor<1x8x4xf32>, %w: tensor<3x4x4xf32>) {
  // expected-error @+1 {{'edge.conv' expects one stride, one dilation and two pads for each of 1 spatial dimensions}}
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x4x4xf32>
  return
}

// -----

func.func @stride(%x: tensor<1x8x4xf32>, %w: tensor<3x4x4xf32>) {
  // expected-error @+1 {{'edge.conv' expects strides and dilations of 1 or more}}
  %0 = edge.conv %x, %w <{strides = array<i64: 0>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x4x4xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x8x4xf32>, %w: tensor<3x2x5xf32>) {
  // expected-error @+1 {{'edge.conv' has 4 input and 5 output channels, which 2 groups don't divide}}
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 2 : i64}> : tensor<1x8x4xf32>, tensor<3x2x5xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x8x4xf32>, %w: tensor<3x3x6xf32>) {
  // expected-error @+1 {{'edge.conv' has a filter over 3 channels a group, but the input has 4 in 1 groups}}
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x3x6xf32>
  return
}

// -----

func.func @bias(%x: tensor<1x8x4xf32>, %w: tensor<3x4x6xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'edge.conv' expects a bias of 6 elements}}
  %0 = edge.conv %x, %w bias %b <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x4x6xf32>, tensor<4xf32>
  return
}

// -----

func.func @window(%x: tensor<1x8x4xf32>, %w: tensor<3x4x6xf32>) {
  // expected-error @+1 {{'edge.conv' has a window of 11 over a padded extent of only 10 in spatial dimension 0}}
  %0 = edge.conv %x, %w <{strides = array<i64: 1>, dilations = array<i64: 5>, pads = array<i64: 1, 1>, groups = 1 : i64}> : tensor<1x8x4xf32>, tensor<3x4x6xf32>
  return
}

// -----

func.func @extent(%x: tensor<1x8x4xf32>, %w: tensor<3x4x6xf32>) {
  // expected-error @+1 {{'edge.conv_transpose' has an output extent of 0}}
  %0 = edge.conv_transpose %x, %w <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 5, 5>, groups = 1 : i64, output_shape = array<i64: 0>}> : tensor<1x8x4xf32>, tensor<3x4x6xf32>
  return
}
