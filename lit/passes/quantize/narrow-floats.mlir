// RUN: edgec-opt %s --edgec-narrow-floats --split-input-file | FileCheck %s

// What layers read is stored narrow, and what is moved, moves so; ops compute on f32, and the result stays it.
// CHECK: module attributes {edge.narrow_constants}
// CHECK-LABEL: func @layers
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x4xf32>) -> tensor<1x4x4x3xf32>
// CHECK: %[[GIVEN:.*]] = edge.cast %[[X]] <{to = f16}>
// CHECK: %[[MOVED:.*]] = edge.transpose %[[GIVEN]] by [0, 2, 3, 1] : tensor<1x2x4x4xf16>
// CHECK: %[[NUMBERS:.*]] = edge.cast %[[MOVED]] <{to = f32}>
// CHECK: %[[SUM:.*]] = edge.conv %[[NUMBERS]]
// CHECK: %[[LIMITED:.*]] = edge.relu %[[SUM]]  : tensor<1x4x4x3xf32>
// CHECK: %[[STORED:.*]] = edge.cast %[[LIMITED]] <{to = f16}>
// CHECK: %[[READ:.*]] = edge.cast %[[STORED]] <{to = f32}>
// CHECK: %[[LAST:.*]] = edge.conv %[[READ]]
// CHECK: return %[[LAST]]
module attributes {edge.quantize = "fp16"} {
  func.func @layers(%x: tensor<1x2x4x4xf32>) -> tensor<1x4x4x3xf32> {
    %f = edge.constant dense<0.1> : tensor<1x1x2x3xf32>
    %g = edge.constant dense<0.1> : tensor<1x1x3x3xf32>
    %0 = edge.transpose %x by [0, 2, 3, 1] : tensor<1x2x4x4xf32>
    %1 = edge.conv %0, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x2xf32>, tensor<1x1x2x3xf32>
    %2 = edge.relu %1 : tensor<1x4x4x3xf32>
    %3 = edge.conv %2, %g <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x4x4x3xf32>, tensor<1x1x3x3xf32>
    return %3 : tensor<1x4x4x3xf32>
  }
}

// -----

// Weights are rounded, tables stored and gathered as what they are rounded to. A kept layer reads and has what it had.
// CHECK-LABEL: func @weights
// CHECK-DAG: edge.constant dense<0.100097656> : tensor<64x8xf32>
// CHECK-DAG: edge.constant dense<1.000000e-01> : tensor<64x9xf32>
// CHECK: edge.gather %{{.*}} at %arg0 axis 0 : tensor<10x64xbf16>
module attributes {edge.quantize = "bf16"} {
  func.func @weights(%x: tensor<3xi64>) -> (tensor<3x8xf32>, tensor<3x9xf32>) {
    %t = edge.constant dense<0.1> : tensor<10x64xf32>
    %w = edge.constant dense<0.1> : tensor<64x8xf32>
    %v = edge.constant dense<0.1> : tensor<64x9xf32>
    %0 = edge.gather %t at %x axis 0 : tensor<10x64xf32>, tensor<3xi64>
    %1 = edge.matmul %0, %w : tensor<3x64xf32>, tensor<64x8xf32>
    %2 = edge.matmul %0, %v {edge.keep_float} : tensor<3x64xf32>, tensor<64x9xf32>
    return %1, %2 : tensor<3x8xf32>, tensor<3x9xf32>
  }
}

// -----

// A sum over positions may be larger than 16 bits can hold before it is divided; what it sums is stored narrow.
// CHECK-LABEL: func @average
// CHECK: %[[CONV:.*]] = edge.conv
// CHECK: %[[STORED:.*]] = edge.cast %[[CONV]] <{to = f16}>
// CHECK: %[[READ:.*]] = edge.cast %[[STORED]] <{to = f32}>
// CHECK: %[[SUM:.*]] = edge.reduce sum %[[READ]]
// CHECK: edge.reshape %[[SUM]] to [3] : tensor<1x3xf32>
// CHECK-NOT: f16
module attributes {edge.quantize = "fp16"} {
  func.func @average(%x: tensor<1x400x2xf32>) -> tensor<3xf32> {
    %f = edge.constant dense<0.1> : tensor<1x2x3xf32>
    %n = edge.constant dense<400.0> : tensor<f32>
    %0 = edge.conv %x, %f <{strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1 : i64}> : tensor<1x400x2xf32>, tensor<1x2x3xf32>
    %1 = edge.reduce sum %0 over [1] : tensor<1x400x3xf32>
    %2 = edge.reshape %1 to [3] : tensor<1x3xf32>
    %3 = edge.div %2, %n : tensor<3xf32>, tensor<f32>
    return %3 : tensor<3xf32>
  }
}

// -----

// What is beyond 16 bits stays.
// CHECK-LABEL: func @beyond
// CHECK: edge.constant dense<7.000000e+04> : tensor<64x8xf32>
module attributes {edge.quantize = "fp16"} {
  func.func @beyond(%x: tensor<3x64xf32>) -> tensor<3x8xf32> {
    %w = edge.constant dense<70000.0> : tensor<64x8xf32>
    %0 = edge.matmul %x, %w : tensor<3x64xf32>, tensor<64x8xf32>
    return %0 : tensor<3x8xf32>
  }
}
