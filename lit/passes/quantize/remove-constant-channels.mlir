// RUN: edgec-opt %s --edgec-remove-constant-channels --split-input-file | FileCheck %s

// The second feature of the first layer is -5 at most before it is limited to zero or more; the third has no weight that the second layer reads. The constant
// that is left, 2, goes into the bias of the layer behind.
// CHECK-LABEL: func @chain
// CHECK: %[[W1:.*]] = edge.constant dense<1> : tensor<1x1x2x1xi32>
// CHECK: %[[B1:.*]] = edge.constant dense<4> : tensor<1xi32>
// CHECK: %[[SUM:.*]] = edge.conv %{{.*}}, %[[W1]] bias %[[B1]]
// CHECK: edge.requantize %[[SUM]] <{high = 127 : i32, low = 0 : i32, multipliers = array<i32: 1073741824>
// CHECK: %[[W2:.*]] = edge.constant dense<{{.*}}1, 2{{.*}}> : tensor<1x1x1x2xi32>
// CHECK: %[[B2:.*]] = edge.constant dense<[21, 12]> : tensor<2xi32>
// CHECK: edge.conv %{{.*}}, %[[W2]] bias %[[B2]]
func.func @chain(%x: tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xi32> {
  %w = edge.constant dense<[[[[1, 0, 1, 0], [1, 0, 1, 0]]]]> : tensor<1x1x2x4xi32>
  %b = edge.constant dense<[4, -5, 4, 2]> : tensor<4xi32>
  %w2 = edge.constant dense<[[[[1, 2], [3, 4], [0, 0], [10, 5]]]]> : tensor<1x1x4x2xi32>
  %b2 = edge.constant dense<[1, 2]> : tensor<2xi32>
  %wide = edge.cast %x <{to = i32}> : tensor<1x4x4x2xi8>
  %sum = edge.conv %wide, %w bias %b <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x2xi32>, tensor<1x1x2x4xi32>, tensor<4xi32>
  %y = edge.requantize %sum <{multipliers = array<i32: 1073741824, 1073741824, 1073741824, 1073741824>, shifts = array<i32: 0, 0, 0, 1>, zero_point = 0 : i32, low = 0 : i32, high = 127 : i32, storage = i8}> : tensor<1x4x4x4xi32>
  %y32 = edge.cast %y <{to = i32}> : tensor<1x4x4x4xi8>
  %z = edge.conv %y32, %w2 bias %b2 <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x4xi32>, tensor<1x1x4x2xi32>, tensor<2xi32>
  return %z : tensor<1x4x4x2xi32>
}

// -----

// Behind a padded layer, what isn't zero isn't the same everywhere: it stays.
// CHECK-LABEL: func @padded
// CHECK: edge.conv {{.*}} : tensor<1x4x4x1xi32>, tensor<1x1x1x2xi32>, tensor<2xi32>
func.func @padded(%x: tensor<1x4x4x1xi8>) -> tensor<1x4x4x1xi32> {
  %w = edge.constant dense<[[[[1, 0]]]]> : tensor<1x1x1x2xi32>
  %b = edge.constant dense<[0, 2]> : tensor<2xi32>
  %w2 = edge.constant dense<1> : tensor<3x3x2x1xi32>
  %wide = edge.cast %x <{to = i32}> : tensor<1x4x4x1xi8>
  %sum = edge.conv %wide, %w bias %b <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x1xi32>, tensor<1x1x1x2xi32>, tensor<2xi32>
  %z = edge.conv %sum, %w2 <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64}> : tensor<1x4x4x2xi32>, tensor<3x3x2x1xi32>
  return %z : tensor<1x4x4x1xi32>
}

// -----

// A depthwise layer, a pool and another shape go with their channels; what is returned stays.
// CHECK-LABEL: func @through
// CHECK: edge.conv {{.*}}groups = 1 : i64{{.*}} : tensor<1x2x2x1xi32>, tensor<2x2x1x1xi32>
// CHECK: edge.pool {{.*}} : tensor<1x1x1x1xi32>
// CHECK: edge.matmul {{.*}} : tensor<1x1xi32>, tensor<1x2xi32>
func.func @through(%x: tensor<1x2x2x1xi8>) -> tensor<1x2xi32> {
  %w = edge.constant dense<[[[[1, 0]]]]> : tensor<1x1x1x2xi32>
  %d = edge.constant dense<1> : tensor<2x2x1x2xi32>
  %m = edge.constant dense<1> : tensor<2x2xi32>
  %wide = edge.cast %x <{to = i32}> : tensor<1x2x2x1xi8>
  %sum = edge.conv %wide, %w <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x2x2x1xi32>, tensor<1x1x1x2xi32>
  %dw = edge.conv %sum, %d <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64}> : tensor<1x2x2x2xi32>, tensor<2x2x1x2xi32>
  %pool = edge.pool sum %dw window [1, 1] strides [1, 1] dilations [1, 1] pads [0, 0, 0, 0] to [1, 1] : tensor<1x1x1x2xi32>
  %flat = edge.reshape %pool to [1, 2] : tensor<1x1x1x2xi32>
  %y = edge.matmul %flat, %m : tensor<1x2xi32>, tensor<2x2xi32>
  return %y : tensor<1x2xi32>
}
