// RUN: edgec-opt %s --edgec-set-interface --split-input-file -verify-diagnostics | FileCheck %s

// Integers are those that the numbers were rounded to.
// CHECK-LABEL: func @same(
// CHECK-SAME: %[[X:.*]]: tensor<4xi8> {edge.quantized = !quant.uniform<i8:f32, 5.000000e-01:3>}) -> (tensor<4xi8> {edge.quantized = !quant.uniform<i8:f32, 2.500000e-01>})
// CHECK: %[[NUMBERS:.*]] = edge.dequantize %[[X]] as !quant.uniform<i8:f32, 5.000000e-01:3>
// CHECK: %[[ROUNDED:.*]] = edge.quantize
// CHECK: return %[[ROUNDED]] : tensor<4xi8>
func.func @same(%x: tensor<4xf32> {edge.type = i8}) -> (tensor<4xf32> {edge.type = i8}) {
  %0 = edge.quantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<4xf32>
  %1 = edge.dequantize %0 as !quant.uniform<i8:f32, 0.5:3> : tensor<4xi8>
  %2 = edge.relu %1 : tensor<4xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.25> : tensor<4xf32>
  %4 = edge.dequantize %3 as !quant.uniform<i8:f32, 0.25> : tensor<4xi8>
  return %4 : tensor<4xf32>
}

// -----

// Unsigned ones are 128 more, and so is their zero point; whoever reads numbers reads those of them.
// CHECK-LABEL: func @unsigned(
// CHECK-SAME: tensor<4xui8> {edge.quantized = !quant.uniform<u8:f32, 5.000000e-01:131>}) -> (tensor<4xui8> {edge.quantized = !quant.uniform<u8:f32, 2.500000e-01:128>})
// CHECK: edge.dequantize %arg0 as !quant.uniform<u8:f32, 5.000000e-01:131> : tensor<4xui8>
// CHECK: %[[ROUNDED:.*]] = edge.quantize %{{.*}} as !quant.uniform<u8:f32, 2.500000e-01:128>
// CHECK: return %[[ROUNDED]] : tensor<4xui8>
func.func @unsigned(%x: tensor<4xi8> {edge.type = ui8, edge.quantized = !quant.uniform<i8:f32, 0.5:3>}) -> (tensor<4xi8> {edge.type = ui8, edge.quantized = !quant.uniform<i8:f32, 0.25>}) {
  %1 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<4xi8>
  %2 = edge.relu %1 : tensor<4xf32>
  %3 = edge.quantize %2 as !quant.uniform<i8:f32, 0.25> : tensor<4xf32>
  return %3 : tensor<4xi8>
}

// -----

// What reads the integers themselves gets those that it had.
// CHECK-LABEL: func @moved(
// CHECK-SAME: %[[X:.*]]: tensor<2x2xui8>
// CHECK: %[[NUMBERS:.*]] = edge.dequantize %[[X]] as !quant.uniform<u8:f32, 5.000000e-01:131>
// CHECK: %[[INTEGERS:.*]] = edge.quantize %[[NUMBERS]] as !quant.uniform<i8:f32, 5.000000e-01:3>
// CHECK: edge.transpose %[[INTEGERS]]
// CHECK: edge.dequantize %{{.*}} as !quant.uniform<i8:f32, 5.000000e-01:3>
func.func @moved(%x: tensor<2x2xi8> {edge.type = ui8, edge.quantized = !quant.uniform<i8:f32, 0.5:3>}) -> (tensor<2x2xi8> {edge.type = f32, edge.quantized = !quant.uniform<i8:f32, 0.5:3>}) {
  %0 = edge.transpose %x by [1, 0] : tensor<2x2xi8>
  return %0 : tensor<2x2xi8>
}

// -----

// Numbers in place of integers are rounded first; floats become other floats.
// CHECK-LABEL: func @numbers(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf16>) -> tensor<4xf32>
// CHECK-DAG: edge.quantize %[[X]] as !quant.uniform<i8:f32, 5.000000e-01:3>
// CHECK-DAG: edge.cast %[[Y]] <{to = f32}>
func.func @numbers(%x: tensor<4xi8> {edge.type = f32, edge.quantized = !quant.uniform<i8:f32, 0.5:3>}, %y: tensor<4xf32> {edge.type = f16}) -> tensor<4xf32> {
  %0 = edge.dequantize %x as !quant.uniform<i8:f32, 0.5:3> : tensor<4xi8>
  %1 = edge.add %0, %y : tensor<4xf32>, tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// expected-error @+2 {{input 'x' can't be int8: nothing says which integers stand for its numbers}}
// expected-note @+1 {{give --quantize=int8 and --calibration, or say by --mean and --scale what the integers stand for}}
module {
  func.func @floats(%x: tensor<4xf32> {edge.name = "x", edge.type = i8}) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @+2 {{input 'x' can't be int16: it is quantized to 8 bits}}
// expected-note @+1 {{integers of that many bits, signed or not, or float32 can be had}}
module {
  func.func @width(%x: tensor<4xf32> {edge.name = "x", edge.type = i16}) -> tensor<4xi8> {
    %0 = edge.quantize %x as !quant.uniform<i8:f32, 0.5> : tensor<4xf32>
    return %0 : tensor<4xi8>
  }
}

// -----

// expected-error @+1 {{output 'ids' can't be float32: its int64 stand for themselves}}
module {
  func.func @ids(%x: tensor<4xi64>) -> (tensor<4xi64> {edge.name = "ids", edge.type = f32}) {
    return %x : tensor<4xi64>
  }
}
