// RUN: edgec-opt %s -verify-diagnostics -split-input-file

func.func @tables(%x: tensor<1x2x8xf32>, %i: tensor<4x1xi32>) {
  // expected-error @+1 {{'edge.resample' expects one table of indices, and one or none of weights, for each of 2 axes}}
  %0 = edge.resample %x axes [1, 2] at %i : tensor<1x2x8xf32> at tensor<4x1xi32>
  return
}

// -----

func.func @axes(%x: tensor<1x2x8xf32>, %i: tensor<4x1xi32>) {
  // expected-error @+1 {{'edge.resample' expects distinct axes of rank 3, but got 3}}
  %0 = edge.resample %x axes [3] at %i : tensor<1x2x8xf32> at tensor<4x1xi32>
  return
}

// -----

func.func @unweighted(%x: tensor<1x2x8xf32>, %i: tensor<4x2xi32>) {
  // expected-error @+1 {{'edge.resample' without weights expects one index an element}}
  %0 = edge.resample %x axes [1] at %i : tensor<1x2x8xf32> at tensor<4x2xi32>
  return
}

// -----

func.func @weights(%x: tensor<1x2x8xf32>, %i: tensor<4x2xi32>, %w: tensor<4x1xf32>) {
  // expected-error @+1 {{'edge.resample' expects weights of the indices' shape, of f32 or, beside integers of up to 32 bits, i32}}
  %0 = edge.resample %x axes [1] at %i weights %w : tensor<1x2x8xf32> at tensor<4x2xi32> weights tensor<4x1xf32>
  return
}
