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
