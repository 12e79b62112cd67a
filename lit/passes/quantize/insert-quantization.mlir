// RUN: edgec-opt %s --edgec-insert-quantization --canonicalize --split-input-file | FileCheck %s

// A layer reads integers, and so does the next one: what is between them is rounded, behind its ReLU. What is last stays floats.
module attributes {edge.quantize = "int8"} {
// CHECK-LABEL: func @layers
// CHECK-SAME: (%[[X:.*]]: tensor<1x2xf32>) -> tensor<1x2xf32>
// Weights in 127 steps, a scale for each column; the bias at the product of the scales.
// CHECK-DAG: %[[W:.*]] = edge.constant dense<{{\[}}[64, -127], [127, 64]]> : tensor<2x2xi8>
// CHECK-DAG: %[[B:.*]] = edge.constant dense<[3175, -6350]> : tensor<2xi32>
// CHECK: %[[QX:.*]] = edge.quantize %[[X]] as !quant.uniform<i8:f32, [[SX:.*]]:-128>
// CHECK: %[[DX:.*]] = edge.dequantize %[[QX]] as !quant.uniform<i8:f32, [[SX]]:-128>
// CHECK: %[[DW:.*]] = edge.dequantize %[[W]] as !quant.uniform<i8<-127:127>:f32:1, {0.0078{{[0-9]*}},0.015{{[0-9]*}}}>
// CHECK: %[[DB:.*]] = edge.dequantize %[[B]] as !quant.uniform<i32<-2147483647:2147483647>:f32:0,
// CHECK: %[[P:.*]] = edge.matmul %[[DX]], %[[DW]]
// CHECK: %[[S:.*]] = edge.add %[[P]], %[[DB]]
// CHECK: %[[R:.*]] = edge.relu %[[S]]
// CHECK: %[[Q:.*]] = edge.quantize %[[R]] as !quant.uniform<i8:f32, [[SR:.*]]:-128>
// CHECK: %[[D:.*]] = edge.dequantize %[[Q]] as !quant.uniform<i8:f32, [[SR]]:-128>
// CHECK: %[[LAST:.*]] = edge.matmul %[[D]]
// CHECK-NOT: edge.quantize
// CHECK: return %[[LAST]]
func.func @layers(%x: tensor<1x2xf32> {edge.range = array<f64: 0.0, 2.55>}) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[0.5, -2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %b = edge.constant dense<[0.25, -1.0]> : tensor<2xf32>
  %0 = edge.matmul %x, %w : tensor<1x2xf32>, tensor<2x2xf32>
  %1 = edge.add %0, %b : tensor<1x2xf32>, tensor<2xf32>
  %2 = edge.relu %1 {edge.range = array<f64: 0.0, 3.0>} : tensor<1x2xf32>
  %3 = edge.matmul %2, %w : tensor<1x2xf32>, tensor<2x2xf32>
  return %3 : tensor<1x2xf32>
}
}

// -----

// Tensors that move into one another have one scale, that of the larger range, and their integers are moved.
module attributes {edge.quantize = "int8"} {
// CHECK-LABEL: func @moves
// CHECK-DAG: %[[QX:.*]] = edge.quantize %arg0 as !quant.uniform<i8:f32, [[S:[0-9.E-]*]]>
// CHECK-DAG: %[[QY:.*]] = edge.quantize %arg1 as !quant.uniform<i8:f32, [[S]]>
// CHECK: %[[C:.*]] = edge.concat %[[QX]], %[[QY]] axis 1 : tensor<1x1xi8>, tensor<1x1xi8>
// CHECK: edge.dequantize %[[C]] as !quant.uniform<i8:f32, [[S]]>
func.func @moves(%x: tensor<1x1xf32> {edge.range = array<f64: -1.28, 1.27>},
                 %y: tensor<1x1xf32> {edge.range = array<f64: 0.0, 1.0>}) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[0.5, -2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %0 = edge.concat %x, %y axis 1 : tensor<1x1xf32>, tensor<1x1xf32>
  %1 = edge.matmul %0, %w : tensor<1x2xf32>, tensor<2x2xf32>
  return %1 : tensor<1x2xf32>
}
}

// -----

// Zeros around integers are their zero point.
module attributes {edge.quantize = "int8"} {
// CHECK-LABEL: func @pad
// CHECK: %[[ZERO:.*]] = edge.constant dense<-128> : tensor<i8>
// CHECK: edge.pad constant %{{.*}} value %[[ZERO]] low [0, 1] high [0, 0] : tensor<1x1xi8>, tensor<i8>
func.func @pad(%x: tensor<1x1xf32> {edge.range = array<f64: 1.0, 2.0>}) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[0.5, -2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %0 = edge.pad constant %x low [0, 1] high [0, 0] : tensor<1x1xf32>
  %1 = edge.matmul %0, %w : tensor<1x2xf32>, tensor<2x2xf32>
  return %1 : tensor<1x2xf32>
}
}

// -----

// A sum between layers reads and writes integers; 16 bits have no zero point.
module attributes {edge.quantize = "int16x8"} {
// CHECK-LABEL: func @sum
// CHECK: edge.quantize %arg0 as !quant.uniform<i16:f32, [[S:.*]]>
// CHECK: %[[P:.*]] = edge.matmul
// CHECK: %[[Q:.*]] = edge.quantize %[[P]]
// CHECK: %[[D:.*]] = edge.dequantize %[[Q]]
// CHECK: %[[SUM:.*]] = edge.add %[[D]], %{{.*}}
// CHECK: edge.quantize %[[SUM]]
func.func @sum(%x: tensor<1x2xf32> {edge.range = array<f64: -1.0, 2.0>}) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[0.5, -2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %0 = edge.matmul %x, %w {edge.range = array<f64: -4.0, 4.0>} : tensor<1x2xf32>, tensor<2x2xf32>
  %1 = edge.add %0, %x {edge.range = array<f64: -5.0, 5.0>} : tensor<1x2xf32>, tensor<1x2xf32>
  %2 = edge.matmul %1, %w : tensor<1x2xf32>, tensor<2x2xf32>
  return %2 : tensor<1x2xf32>
}
}

// -----

// What has to stay floats does, and what nobody else wants as integers with it.
module attributes {edge.quantize = "int8"} {
// CHECK-LABEL: func @kept
// CHECK-NOT: quantize
func.func @kept(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = edge.constant dense<[[0.5, -2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %0 = edge.matmul %x, %w {edge.keep_float} : tensor<1x2xf32>, tensor<2x2xf32>
  return %0 : tensor<1x2xf32>
}
}
