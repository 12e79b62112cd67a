// RUN: edgec-opt %s --split-input-file --edgec-narrow-operands --edgec-pack-weights | FileCheck %s

// Numbers that are few multiples of a scale: three features in four lanes, the scales as bfloat16 (0, 63), then two rows in a byte each.
// CHECK-LABEL: @multiples
// CHECK: %[[W:.*]] = arith.constant dense<[0, 63, 0, 63, 0, 63, 0, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0, 17, 17, 17, 0]> : tensor<40xi8>
// CHECK: kernel.matmul ins(%{{.*}}, %[[W]] : tensor<1x4x16xf32>, tensor<40xi8>) {{.*}}kernel.grouped = array<i64: 16, 2, 4>{{.*}}packing = #kernel.packing<vectors = 1, lanes = 4>
module attributes {edge.narrow_constants} {
  func.func @multiples(%a: tensor<1x4x16xf32>) -> tensor<1x4x3xf32> {
    %w = arith.constant dense<0.5> : tensor<1x16x3xf32>
    %empty = tensor.empty() : tensor<1x4x3xf32>
    %r = kernel.matmul ins(%a, %w : tensor<1x4x16xf32>, tensor<1x16x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    return %r : tensor<1x4x3xf32>
  }
}

// -----

// More multiples take a byte each: a row after the other.
// CHECK-LABEL: @bytes
// CHECK: %[[W:.*]] = arith.constant dense<[0, 63, 0, 63, 0, 63, 0, 0, 1, 1, 1, 0, 100, 100, 100, 0, 1, 1, 1, 0,{{.*}}]> : tensor<72xi8>
// CHECK: kernel.matmul ins(%{{.*}}, %[[W]] : tensor<1x4x16xf32>, tensor<72xi8>) {{.*}}kernel.grouped = array<i64: 16, 2, 8>
module attributes {edge.narrow_constants} {
  func.func @bytes(%a: tensor<1x4x16xf32>) -> tensor<1x4x3xf32> {
    %w = arith.constant dense<[[[0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0], [0.5, 0.5, 0.5], [50.0, 50.0, 50.0]]]> : tensor<1x16x3xf32>
    %empty = tensor.empty() : tensor<1x4x3xf32>
    %r = kernel.matmul ins(%a, %w : tensor<1x4x16xf32>, tensor<1x16x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    return %r : tensor<1x4x3xf32>
  }
}

// -----

// Others are as narrow as their values let them be: integers, f16, bf16.
// CHECK-LABEL: @others
// CHECK-DAG: arith.constant dense<[1, 2, 3, 0, 4, 5, 100, 0]> : tensor<8xi8>
// CHECK-DAG: arith.constant dense<{{.*}}> : tensor<8xf16>
// CHECK-DAG: arith.constant dense<{{.*}}> : tensor<8xbf16>
// CHECK-DAG: arith.constant dense<{{.*}}> : tensor<8xf32>
module attributes {edge.narrow_constants} {
  func.func @others(%a: tensor<1x4x2xf32>) -> (tensor<1x4x3xf32>, tensor<1x4x3xf32>, tensor<1x4x3xf32>, tensor<1x4x3xf32>) {
    %i = arith.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 100.0]]]> : tensor<1x2x3xf32>
    %h = arith.constant dense<[[[1.0009765625, 2.0, 3.0], [4.0, 5.0, 0x33800000]]]> : tensor<1x2x3xf32>
    %b = arith.constant dense<[[[1.0078125, 2.0, 3.0], [4.0, 5.0, 0x71800000]]]> : tensor<1x2x3xf32>
    %f = arith.constant dense<[[[0.1, 2.0, 3.0], [4.0, 5.0, 0x71800000]]]> : tensor<1x2x3xf32>
    %empty = tensor.empty() : tensor<1x4x3xf32>
    %0 = kernel.matmul ins(%a, %i : tensor<1x4x2xf32>, tensor<1x2x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    %1 = kernel.matmul ins(%a, %h : tensor<1x4x2xf32>, tensor<1x2x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    %2 = kernel.matmul ins(%a, %b : tensor<1x4x2xf32>, tensor<1x2x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    %3 = kernel.matmul ins(%a, %f : tensor<1x4x2xf32>, tensor<1x2x3xf32>) outs(%empty : tensor<1x4x3xf32>) -> tensor<1x4x3xf32>
    return %0, %1, %2, %3 : tensor<1x4x3xf32>, tensor<1x4x3xf32>, tensor<1x4x3xf32>, tensor<1x4x3xf32>
  }
}
