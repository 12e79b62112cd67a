// RUN: edgec-opt %s --edgec-quantize-weights --split-input-file -verify-diagnostics | FileCheck %s

// A scale for each feature; the activations stay what they are, and so do small constants.
// CHECK: module attributes {edge.narrow_constants}
// CHECK-LABEL: func @int8
// CHECK-DAG: %[[SMALL:.*]] = edge.constant dense<5.000000e-01> : tensor<2x2xf32>
// CHECK-DAG: %[[INTEGERS:.*]] = edge.constant dense<127> : tensor<128x2xi8>
// CHECK-DAG: %[[WEIGHTS:.*]] = edge.dequantize %[[INTEGERS]] as !quant.uniform<i8<-127:127>:f32:1, {0.0078740157{{[0-9]+}},0.0078740157{{[0-9]+}}}>
// CHECK: %[[SUM:.*]] = edge.matmul %arg0, %[[WEIGHTS]]
// CHECK: edge.matmul %[[SUM]], %[[SMALL]]
module attributes {edge.quantize = "weights-int8", edge.group_size = 32 : i64} {
  func.func @int8(%x: tensor<1x128xf32>) -> tensor<1x2xf32> {
    %w = edge.constant dense<1.0> : tensor<128x2xf32>
    %small = edge.constant dense<0.5> : tensor<2x2xf32>
    %0 = edge.matmul %x, %w : tensor<1x128xf32>, tensor<128x2xf32>
    %1 = edge.matmul %0, %small : tensor<1x2xf32>, tensor<2x2xf32>
    return %1 : tensor<1x2xf32>
  }
}

// -----

// Few multiples of a bfloat16: here 7 times 0.142578125. A convolution has 8 bits, and so have sums that aren't whole groups.
// CHECK-LABEL: func @int4
// CHECK-DAG: edge.constant dense<0.998046875> : tensor<128x2xf32>
// CHECK-DAG: edge.constant dense<127> : tensor<100x3xi8>
// CHECK-DAG: edge.constant dense<127> : tensor<3x3x8x4xi8>
module attributes {edge.quantize = "weights-int4", edge.group_size = 32 : i64} {
  func.func @int4(%x: tensor<1x128xf32>, %y: tensor<1x100xf32>, %z: tensor<1x8x8x8xf32>) -> (tensor<1x2xf32>, tensor<1x3xf32>, tensor<1x6x6x4xf32>) {
    %w = edge.constant dense<1.0> : tensor<128x2xf32>
    %v = edge.constant dense<1.0> : tensor<100x3xf32>
    %f = edge.constant dense<1.0> : tensor<3x3x8x4xf32>
    %0 = edge.matmul %x, %w : tensor<1x128xf32>, tensor<128x2xf32>
    %1 = edge.matmul %y, %v : tensor<1x100xf32>, tensor<100x3xf32>
    %2 = edge.conv %z, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}> : tensor<1x8x8x8xf32>, tensor<3x3x8x4xf32>
    return %0, %1, %2 : tensor<1x2xf32>, tensor<1x3xf32>, tensor<1x6x6x4xf32>
  }
}

// -----

// Rows of a table are gathered as integers, and so are their scales.
// CHECK-LABEL: func @table
// CHECK-DAG: %[[ROWS:.*]] = edge.gather %{{.*}} at %arg0 axis 0 : tensor<20x16xi8>
// CHECK-DAG: %[[NUMBERS:.*]] = edge.cast %[[ROWS]] <{to = f32}>
// CHECK-DAG: edge.gather %{{.*}} at %arg0 axis 0 : tensor<20x1xf32>
// CHECK: edge.mul
module attributes {edge.quantize = "weights-int8"} {
  func.func @table(%x: tensor<3xi64>) -> tensor<3x16xf32> {
    %w = edge.constant dense<1.0> : tensor<20x16xf32>
    %0 = edge.gather %w at %x axis 0 : tensor<20x16xf32>, tensor<3xi64>
    return %0 : tensor<3x16xf32>
  }
}

// -----

// Two integers in a byte, both with their sign; a scale for each group of a row.
// CHECK-LABEL: func @short_table
// CHECK-DAG: %[[BYTES:.*]] = edge.gather %{{.*}} at %arg0 axis 0 : tensor<20x32xi8>
// CHECK: edge.shift_left %[[BYTES]]
// CHECK: edge.shift_right
// CHECK: edge.shift_right %[[BYTES]]
// CHECK: edge.concat
// CHECK-DAG: edge.gather %{{.*}} at %arg0 axis 0 : tensor<20x2xbf16>
module attributes {edge.quantize = "weights-int4", edge.group_size = 32 : i64} {
  func.func @short_table(%x: tensor<3xi64>) -> tensor<3x64xf32> {
    %w = edge.constant dense<1.0> : tensor<20x64xf32>
    %0 = edge.gather %w at %x axis 0 : tensor<20x64xf32>, tensor<3xi64>
    return %0 : tensor<3x64xf32>
  }
}

// -----

// CHECK-LABEL: func @kept
// CHECK-NOT: i8
// expected-warning @+1 {{has no weights that could be quantized}}
module attributes {edge.quantize = "weights-int8"} {
  func.func @kept(%x: tensor<1x128xf32>) -> tensor<1x2xf32> {
    %w = edge.constant dense<1.0> : tensor<128x2xf32>
    %0 = edge.matmul %x, %w {edge.keep_float} : tensor<1x128xf32>, tensor<128x2xf32>
    return %0 : tensor<1x2xf32>
  }
}

// -----

// Nor has infinity a scale.
// CHECK-LABEL: func @infinite
// CHECK-NOT: i8
// expected-warning @+1 {{has no weights that could be quantized}}
module attributes {edge.quantize = "weights-int4"} {
  func.func @infinite(%x: tensor<1x128xf32>) -> tensor<1x2xf32> {
    %w = edge.constant dense<0x7F800000> : tensor<128x2xf32>
    %0 = edge.matmul %x, %w : tensor<1x128xf32>, tensor<128x2xf32>
    return %0 : tensor<1x2xf32>
  }
}
