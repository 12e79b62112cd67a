// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: @reduce
// CHECK: edge.reduce sum %{{.*}} over [0, 2] keepdims : tensor<2x3x4xf32>
// LOWER-DAG: #[[ROWS:.*]] = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
// LOWER-LABEL: func @reduce
// LOWER: linalg.fill {{.*}} -> tensor<3xf32>
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "reduction"]
// LOWER: arith.addf {{.*}} fastmath<reassoc>
// LOWER: tensor.expand_shape {{.*}} into tensor<1x3x1xf32>
func.func @reduce(%x: tensor<2x3x4xf32>) -> tensor<1x3x1xf32> {
  %0 = edge.reduce sum %x over [0, 2] keepdims : tensor<2x3x4xf32>
  return %0 : tensor<1x3x1xf32>
}

// The last dimension stays innermost: the loop goes along rows of the operand and of the result.
// CHECK-LABEL: @leading_axis
// LOWER-LABEL: func @leading_axis
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]
// LOWER: arith.maxui
func.func @leading_axis(%x: tensor<2x3x4xui8>) -> tensor<3x4xui8> {
  // CHECK: edge.reduce max
  %0 = edge.reduce max %x over [0] : tensor<2x3x4xui8>
  return %0 : tensor<3x4xui8>
}

// Sums of narrow floats have a wide accumulator, extremes need none.
// CHECK-LABEL: @narrow
// LOWER-LABEL: func @narrow
// LOWER: linalg.generic {{.*}} outs({{.*}} : tensor<2xf32>)
// LOWER: arith.extf
// LOWER: arith.truncf
// LOWER: linalg.generic {{.*}} outs({{.*}} : tensor<2xf16>)
// LOWER-NOT: arith.extf
// LOWER: arith.minimumf
func.func @narrow(%x: tensor<2x3xf16>) -> (tensor<2xf16>, tensor<2xf16>) {
  %0 = edge.reduce sum %x over [1] : tensor<2x3xf16>
  %1 = edge.reduce min %x over [1] : tensor<2x3xf16>
  return %0, %1 : tensor<2xf16>, tensor<2xf16>
}

// CHECK-LABEL: @arg
// CHECK: edge.arg_reduce max %{{.*}} over 1 keepdims select_last : tensor<2x3xi32>
// LOWER-LABEL: func @arg
// LOWER: linalg.generic {{.*}} outs({{.*}} : tensor<2xi32>, tensor<2xi64>)
// LOWER: arith.cmpi sge
// LOWER: linalg.index 1
func.func @arg(%x: tensor<2x3xi32>) -> tensor<2x1xi64> {
  %0 = edge.arg_reduce max %x over 1 keepdims select_last : tensor<2x3xi32>
  return %0 : tensor<2x1xi64>
}

// CHECK-LABEL: @cumulate
// CHECK: edge.cumulate prod %{{.*}} along 1 exclusive reverse : tensor<2x3xf32>
// LOWER-LABEL: func @cumulate
// LOWER: scf.for
// LOWER: tensor.extract_slice
// LOWER: tensor.insert_slice
// LOWER: arith.mulf
func.func @cumulate(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = edge.cumulate prod %x along 1 exclusive reverse : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
