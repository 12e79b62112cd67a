// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// Picking needs no arithmetic: one read an element, along the channels from place to place.
// CHECK-LABEL: @nearest
// CHECK: edge.resample %{{.*}} axes [1] at %{{.*}} : tensor<1x2x8xui8> at tensor<4x1xi32>
// LOWER-LABEL: func @nearest
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel"]
// LOWER-NOT: arith.{{mul|add}}f
// LOWER: tensor.extract %{{.*}} : tensor<1x2x8xi8>
func.func @nearest(%x: tensor<1x2x8xui8>) -> tensor<1x4x8xui8> {
  %i = edge.constant dense<[[0], [0], [1], [1]]> : tensor<4x1xi32>
  %0 = edge.resample %x axes [1] at %i : tensor<1x2x8xui8> at tensor<4x1xi32>
  return %0 : tensor<1x4x8xui8>
}

// Two axes of two taps each: four reads an element, in one loop nest.
// CHECK-LABEL: @linear
// CHECK: edge.resample %{{.*}} axes [1, 2] at %{{.*}}, %{{.*}} weights %{{.*}}, %{{.*}} :
// LOWER-LABEL: func @linear
// LOWER: linalg.generic
// LOWER-COUNT-4: tensor.extract %{{.*}} : tensor<1x2x2x8xf32>
// LOWER-NOT: linalg.generic
func.func @linear(%x: tensor<1x2x2x8xf32>, %i: tensor<4x2xi32>, %w: tensor<4x2xf32>) -> tensor<1x4x4x8xf32> {
  %0 = edge.resample %x axes [1, 2] at %i, %i weights %w, %w : tensor<1x2x2x8xf32> at tensor<4x2xi32>, tensor<4x2xi32> weights tensor<4x2xf32>, tensor<4x2xf32>
  return %0 : tensor<1x4x4x8xf32>
}

// Many taps are a loop, outside of that over the channels.
// LOWER-LABEL: func @antialias
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction", "parallel"]
func.func @antialias(%x: tensor<1x40x8xf32>, %i: tensor<4x20xi32>, %w: tensor<4x20xf32>) -> tensor<1x4x8xf32> {
  %0 = edge.resample %x axes [1] at %i weights %w : tensor<1x40x8xf32> at tensor<4x20xi32> weights tensor<4x20xf32>
  return %0 : tensor<1x4x8xf32>
}
