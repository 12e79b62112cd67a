// RUN: edgec-opt %s --edgec-fold-affine-into-next-layer --canonicalize --split-input-file | FileCheck %s --check-prefixes=CHECK,EXACT
// RUN: edgec-opt %s --edgec-fold-affine-into-next-layer=nearly --canonicalize --split-input-file | FileCheck %s --check-prefixes=CHECK,NEARLY

// (x + c) * s: factors go into the weights of their channel, summands, times the weights, into the bias.
// CHECK-LABEL: @normalized
// CHECK-DAG: %[[FILTER:.*]] = edge.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00], [9.000000e+00, 1.200000e+01]]]]>
// CHECK-DAG: %[[BIAS:.*]] = edge.constant dense<[1.410000e+02, 1.920000e+02]>
// CHECK: edge.conv %arg0, %[[FILTER]] bias %[[BIAS]]
// CHECK-NEXT: return
func.func @normalized(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  %c = edge.constant dense<[5.0, 15.0]> : tensor<2xf32>
  %s = edge.constant dense<[[[[1.0, 3.0]]]]> : tensor<1x1x1x2xf32>
  %filter = edge.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>
  %bias = edge.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = edge.add %x, %c : tensor<1x4x4x2xf32>, tensor<2xf32>
  %1 = edge.mul %0, %s : tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>
  %2 = edge.conv %1, %filter bias %bias <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>, tensor<2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// -----

// The channels of an input come first, those of a layer last. Around a padded input there are zeros: only the factor goes in.
// CHECK-LABEL: @padded
// CHECK-DAG: edge.constant dense<2.000000e+00> : tensor<3x3x2x1xf32>
// CHECK: %[[LAST:.*]] = edge.transpose %arg0 by [0, 2, 3, 1]
// CHECK: %[[SUM:.*]] = edge.add %[[LAST]], %{{.*}} : tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>
// CHECK: edge.conv %[[SUM]]
func.func @padded(%x: tensor<1x2x4x4xf32>) -> tensor<1x4x4x1xf32> {
  %c = edge.constant dense<[[[[5.0]], [[15.0]]]]> : tensor<1x2x1x1xf32>
  %s = edge.constant dense<2.0> : tensor<f32>
  %filter = edge.constant dense<1.0> : tensor<3x3x2x1xf32>
  %0 = edge.add %x, %c : tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>
  %1 = edge.mul %0, %s : tensor<1x2x4x4xf32>, tensor<f32>
  %2 = edge.transpose %1 by [0, 2, 3, 1] : tensor<1x2x4x4xf32>
  %3 = edge.conv %2, %filter <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64}> : tensor<1x4x4x2xf32>, tensor<3x3x2x1xf32>
  return %3 : tensor<1x4x4x1xf32>
}

// -----

// Half a step of integers is what rounding to them may cost.
// CHECK-LABEL: @half_a_step
// EXACT: edge.add
// NEARLY-NOT: edge.add
// NEARLY: edge.conv %{{.*}}, %{{.*}} bias
func.func @half_a_step(%x: tensor<1x4x4x1xui8>) -> tensor<1x4x4x1xf32> {
  %c = edge.constant dense<0.25> : tensor<f32>
  %filter = edge.constant dense<1.0> : tensor<3x3x1x1xf32>
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:127> : tensor<1x4x4x1xui8>
  %1 = edge.add %0, %c : tensor<1x4x4x1xf32>, tensor<f32>
  %2 = edge.conv %1, %filter <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64}> : tensor<1x4x4x1xf32>, tensor<3x3x1x1xf32>
  return %2 : tensor<1x4x4x1xf32>
}

// -----

// Others read the numbers, too.
// CHECK-LABEL: @shared
// CHECK: edge.mul
// CHECK: edge.matmul
func.func @shared(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %s = edge.constant dense<2.0> : tensor<f32>
  %w = edge.constant dense<1.0> : tensor<2x2xf32>
  %0 = edge.mul %x, %s : tensor<2x2xf32>, tensor<f32>
  %1 = edge.matmul %0, %w : tensor<2x2xf32>, tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// Queries and keys that are both scaled: one multiplication by both numbers.
// CHECK-LABEL: @both_scaled
// CHECK: %[[SCALE:.*]] = edge.constant dense<1.250000e-01> : tensor<f32>
// CHECK: %[[Q:.*]] = edge.mul %arg0, %[[SCALE]]
// CHECK: %[[K:.*]] = edge.transpose %arg1
// CHECK: edge.matmul %[[Q]], %[[K]]
func.func @both_scaled(%q: tensor<5x4xf32>, %k: tensor<5x4xf32>) -> tensor<5x5xf32> {
  %c = edge.constant dense<0.5> : tensor<f32>
  %d = edge.constant dense<0.25> : tensor<f32>
  %0 = edge.mul %q, %c : tensor<5x4xf32>, tensor<f32>
  %1 = edge.mul %k, %d : tensor<5x4xf32>, tensor<f32>
  %2 = edge.transpose %1 by [1, 0] : tensor<5x4xf32>
  %3 = edge.matmul %0, %2 : tensor<5x4xf32>, tensor<4x5xf32>
  return %3 : tensor<5x5xf32>
}

// -----

// Something else reads the keys; or a number is above 1.
// CHECK-LABEL: @kept
// CHECK-COUNT-4: edge.mul
func.func @kept(%q: tensor<5x4xf32>, %k: tensor<4x5xf32>) -> (tensor<5x5xf32>, tensor<4x5xf32>, tensor<5x5xf32>) {
  %c = edge.constant dense<0.5> : tensor<f32>
  %d = edge.constant dense<2.0> : tensor<f32>
  %0 = edge.mul %q, %c : tensor<5x4xf32>, tensor<f32>
  %1 = edge.mul %k, %c : tensor<4x5xf32>, tensor<f32>
  %2 = edge.matmul %0, %1 : tensor<5x4xf32>, tensor<4x5xf32>
  %3 = edge.mul %q, %c : tensor<5x4xf32>, tensor<f32>
  %4 = edge.mul %k, %d : tensor<4x5xf32>, tensor<f32>
  %5 = edge.matmul %3, %4 : tensor<5x4xf32>, tensor<4x5xf32>
  return %2, %1, %5 : tensor<5x5xf32>, tensor<4x5xf32>, tensor<5x5xf32>
}
