// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s

// The table's entries are in the order of the integers: the sign's bit is turned.
// CHECK-LABEL: func @lookup
// CHECK: linalg.generic
// CHECK: %[[ENTRY:.*]] = arith.xori %{{.*}}, %{{.*}} : i8
// CHECK: %[[INDEX:.*]] = arith.index_castui %[[ENTRY]]
// CHECK: tensor.extract %{{.*}}[%[[INDEX]]] : tensor<256xi8>
func.func @lookup(%x: tensor<4xi8>, %table: tensor<256xi8>) -> tensor<4xi8> {
  %0 = edge.lookup %x in %table : tensor<4xi8>, tensor<256xi8>
  return %0 : tensor<4xi8>
}

// CHECK-LABEL: func @unsigned
// CHECK-NOT: arith.xori
// CHECK: tensor.extract {{.*}} : tensor<256xi32>
func.func @unsigned(%x: tensor<4xui8>, %table: tensor<256xi32>) -> tensor<4xi32> {
  %0 = edge.lookup %x in %table : tensor<4xui8>, tensor<256xi32>
  return %0 : tensor<4xi32>
}

// No floats anywhere.
// CHECK-LABEL: func @functions
// CHECK-NOT: f32
// CHECK: return
func.func @functions(%x: tensor<4xi16>) -> (tensor<4xi16>, tensor<4xi16>) {
  %0 = edge.fixed_sigmoid %x whole 3 : tensor<4xi16>
  %1 = edge.fixed_tanh %x whole 4 : tensor<4xi16>
  return %0, %1 : tensor<4xi16>, tensor<4xi16>
}

// A table of exponentials, and one reciprocal a line.
// CHECK-LABEL: func @softmax
// CHECK-NOT: f32
// CHECK: tensor.extract {{.*}} : tensor<256xi32>
// CHECK: math.ctlz
// CHECK: return
func.func @softmax(%x: tensor<2x4xi8>) -> tensor<2x4xi8> {
  %0 = edge.fixed_softmax %x times 1073741824 shift 24 to i8 : tensor<2x4xi8>
  return %0 : tensor<2x4xi8>
}
