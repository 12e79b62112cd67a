// RUN: edgec-opt %s --split-input-file --verify-diagnostics

func.func @element(%x: tensor<4xi8>) -> tensor<4xf32> {
  // expected-error @+1 {{expects an operand of the quantized type's own element type}}
  %0 = edge.dequantize %x as !quant.uniform<u8:f32, 0.5:128> : tensor<4xi8>
  return %0 : tensor<4xf32>
}

// -----

func.func @axis(%x: tensor<4xi8>) -> tensor<4xf32> {
  // expected-error @+1 {{has 2 scales along axis 0, which don't fit its operand}}
  %0 = edge.dequantize %x as !quant.uniform<i8:f32:0, {0.5, 0.25}> : tensor<4xi8>
  return %0 : tensor<4xf32>
}

// -----

func.func @type(%x: tensor<4xi8>) -> tensor<4xf32> {
  // expected-error @+1 {{expects a uniform quantized type}}
  %0 = edge.dequantize %x as i8 : tensor<4xi8>
  return %0 : tensor<4xf32>
}

// -----

func.func @multipliers(%x: tensor<1x3xi32>) -> tensor<1x3xi8> {
  // expected-error @+1 {{'edge.requantize' has 2 factors, which don't fit its operand}}
  %0 = edge.requantize %x <{multipliers = array<i32: 1, 2>, shifts = array<i32: 0, 0>, zero_point = 0 : i32, low = -128 : i32, high = 127 : i32, storage = i8}> : tensor<1x3xi32>
  return %0 : tensor<1x3xi8>
}

// -----

func.func @bounds(%x: tensor<1x3xi32>) -> tensor<1x3xi8> {
  // expected-error @+1 {{'edge.requantize' has bounds that leave nothing}}
  %0 = edge.requantize %x <{multipliers = array<i32: 1>, shifts = array<i32: 0>, zero_point = 0 : i32, low = 5 : i32, high = -5 : i32, storage = i8}> : tensor<1x3xi32>
  return %0 : tensor<1x3xi8>
}

// -----

func.func @shifts(%x: tensor<1x3xi32>) -> tensor<1x3xi8> {
  // expected-error @+1 {{'edge.requantize' has 1 multipliers and 2 shifts}}
  %0 = edge.requantize %x <{multipliers = array<i32: 1>, shifts = array<i32: 0, 0>, zero_point = 0 : i32, low = -128 : i32, high = 127 : i32, storage = i8}> : tensor<1x3xi32>
  return %0 : tensor<1x3xi8>
}

// -----

func.func @scales(%x: tensor<1x3xi32>) -> tensor<1x3xi8> {
  // expected-error @+1 {{'edge.requantize_float' has 2 factors, which don't fit its operand}}
  %0 = edge.requantize_float %x <{scales = array<f32: 0.5, 0.25>, zero_point = 0 : i32, low = -128 : i32, high = 127 : i32, storage = i8}> : tensor<1x3xi32>
  return %0 : tensor<1x3xi8>
}

// -----

func.func @sums(%x: tensor<1x3xf32>) -> tensor<1x3xi8> {
  // expected-error @+1 {{'edge.requantize_float' expects an operand of i32}}
  %0 = edge.requantize_float %x <{scales = array<f32: 0.5>, zero_point = 0 : i32, low = -128 : i32, high = 127 : i32, storage = i8}> : tensor<1x3xf32>
  return %0 : tensor<1x3xi8>
}
