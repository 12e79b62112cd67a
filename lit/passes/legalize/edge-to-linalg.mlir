// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s

// What the caller sees is kept on the module, before unsigned types lose their sign.
// CHECK: module attributes {edge.inputs = [{name = "x", type = tensor<4x8xf32>}, {name = "y", type = tensor<8xf32>}], edge.outputs = [{name = "z", type = tensor<4x8xf32>}]}

// Broadcasting is a map that leaves a dimension out.
// CHECK-LABEL: func @main
// CHECK-NOT: edge.{{add|relu}}
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ins(%[[SUM]] : tensor<4x8xf32>)
func.func @main(%x: tensor<4x8xf32> {edge.name = "x"}, %y: tensor<8xf32> {edge.name = "y"}) -> (tensor<4x8xf32> {edge.name = "z"}) {
  %0 = edge.add %x, %y : tensor<4x8xf32>, tensor<8xf32>
  %1 = edge.relu %0 : tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Unsigned types become signless; the op keeps the sign.
// CHECK-LABEL: func private @unsigned
// CHECK-SAME: (%{{.*}}: tensor<4xi8>, %{{.*}}: tensor<4xi8>) -> tensor<4xi8>
// CHECK: arith.maxui
func.func private @unsigned(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %0 = edge.max %x, %y : tensor<4xui8>, tensor<4xui8>
  return %0 : tensor<4xui8>
}

// A window is a kernel op with a destination: there is no padded copy.
// CHECK-LABEL: func private @conv
// CHECK-NOT: tensor.pad
// CHECK: kernel.conv ins({{.*}}) outs(
func.func private @conv(%x: tensor<1x8x8x2xf32>, %filter: tensor<3x3x2x4xf32>) -> tensor<1x8x8x4xf32> {
  %0 = edge.conv %x, %filter <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64}> : tensor<1x8x8x2xf32>, tensor<3x3x2x4xf32>
  return %0 : tensor<1x8x8x4xf32>
}
