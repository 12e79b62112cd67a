// RUN: edgec-opt %s --edgec-narrow-operands | FileCheck %s

#id = affine_map<(b, r, c) -> (b, r, c)>

// What has only been widened, less a zero point, is read as it is; weights that fit are i8.
// CHECK-LABEL: func @product
// CHECK: %[[W:.*]] = arith.constant dense{{.*}} : tensor<1x2x2xi8>
// CHECK: kernel.matmul ins(%arg0, %[[W]] : tensor<1x4x2xi8>, tensor<1x2x2xi8>) {{.*}} {zero_point = -3 : i64}
func.func @product(%x: tensor<1x4x2xi8>) -> tensor<1x4x2xi32> {
  %zero = arith.constant -3 : i32
  %w = arith.constant dense<[[[1, -128], [3, 127]]]> : tensor<1x2x2xi32>
  %e = tensor.empty() : tensor<1x4x2xi32>
  %wide = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<1x4x2xi8>) outs(%e : tensor<1x4x2xi32>) {
  ^bb0(%a: i8, %o: i32):
    %0 = arith.extsi %a : i8 to i32
    linalg.yield %0 : i32
  } -> tensor<1x4x2xi32>
  %centred = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%wide : tensor<1x4x2xi32>) outs(%e : tensor<1x4x2xi32>) {
  ^bb0(%a: i32, %o: i32):
    %0 = arith.subi %a, %zero : i32
    linalg.yield %0 : i32
  } -> tensor<1x4x2xi32>
  %y = kernel.matmul ins(%centred, %w : tensor<1x4x2xi32>, tensor<1x2x2xi32>) outs(%e : tensor<1x4x2xi32>) -> tensor<1x4x2xi32>
  return %y : tensor<1x4x2xi32>
}

// One weight that doesn't fit keeps all of them wider.
// CHECK-LABEL: func @wider
// CHECK: kernel.matmul {{.*}} : tensor<1x4x2xi32>, tensor<1x2x2xi16>)
func.func @wider(%x: tensor<1x4x2xi32>) -> tensor<1x4x2xi32> {
  %w = arith.constant dense<[[[1, -128], [3, 128]]]> : tensor<1x2x2xi32>
  %e = tensor.empty() : tensor<1x4x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x4x2xi32>, tensor<1x2x2xi32>) outs(%e : tensor<1x4x2xi32>) -> tensor<1x4x2xi32>
  return %y : tensor<1x4x2xi32>
}

// CHECK-LABEL: func @wide(
// CHECK: kernel.matmul {{.*}} : tensor<1x4x2xi32>, tensor<1x2x2xi32>)
func.func @wide(%x: tensor<1x4x2xi32>) -> tensor<1x4x2xi32> {
  %w = arith.constant dense<[[[1, -128], [3, 32768]]]> : tensor<1x2x2xi32>
  %e = tensor.empty() : tensor<1x4x2xi32>
  %y = kernel.matmul ins(%x, %w : tensor<1x4x2xi32>, tensor<1x2x2xi32>) outs(%e : tensor<1x4x2xi32>) -> tensor<1x4x2xi32>
  return %y : tensor<1x4x2xi32>
}

// Unsigned integers say so; constants are seen through other shapes.
// CHECK-LABEL: func @unsigned
// CHECK: %[[W:.*]] = arith.constant {{.*}} : tensor<2x2xi8>
// CHECK: %[[SHAPED:.*]] = tensor.expand_shape %[[W]]
// CHECK: kernel.matmul ins(%arg0, %[[SHAPED]] : tensor<1x4x2xi8>, tensor<1x2x2xi8>) {{.*}} {unsigned_x, zero_point = 7 : i64}
func.func @unsigned(%x: tensor<1x4x2xi8>) -> tensor<1x4x2xi32> {
  %zero = arith.constant 7 : i32
  %c = arith.constant dense<[[1, -128], [3, 127]]> : tensor<2x2xi32>
  %w = tensor.expand_shape %c [[0, 1], [2]] output_shape [1, 2, 2] : tensor<2x2xi32> into tensor<1x2x2xi32>
  %e = tensor.empty() : tensor<1x4x2xi32>
  %centred = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<1x4x2xi8>) outs(%e : tensor<1x4x2xi32>) {
  ^bb0(%a: i8, %o: i32):
    %0 = arith.extui %a : i8 to i32
    %1 = arith.subi %0, %zero : i32
    linalg.yield %1 : i32
  } -> tensor<1x4x2xi32>
  %y = kernel.matmul ins(%centred, %w : tensor<1x4x2xi32>, tensor<1x2x2xi32>) outs(%e : tensor<1x4x2xi32>) -> tensor<1x4x2xi32>
  return %y : tensor<1x4x2xi32>
}
