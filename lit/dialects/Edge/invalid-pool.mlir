// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @rank(%x: tensor<5x4xf32>) {
  // expected-error @+1 {{'edge.pool' expects an input of rank 3 or more, but got rank 2}}
  %0 = edge.pool max %x window [2] strides [1] dilations [1] pads [0, 0] to [4] : tensor<5x4xf32>
  return
}

// -----

func.func @too_many_windows(%x: tensor<1x5x4xf32>) {
  // expected-error @+1 {{'edge.pool' has 4 windows of stride 2 in a padded extent of 6 (spatial dimension 0)}}
  %0 = edge.pool max %x window [2] strides [2] dilations [1] pads [0, 1] to [4] : tensor<1x5x4xf32>
  return
}

// -----

func.func @strides(%x: tensor<1x5x4xf32>) {
  // expected-error @+1 {{'edge.pool' expects one kernel extent, stride, dilation and output extent for each of 1 spatial dimensions}}
  %0 = edge.pool max %x window [2] strides [1, 1] dilations [1] pads [0, 0] to [4] : tensor<1x5x4xf32>
  return
}

// -----

func.func @integers(%x: tensor<1x5x4xi32>) {
  // expected-error @+1 {{'edge.pool' averages floats only, and sums floats or integers of up to 32 bits}}
  %0 = edge.pool average %x window [2] strides [1] dilations [1] pads [0, 0] to [4] : tensor<1x5x4xi32>
  return
}
