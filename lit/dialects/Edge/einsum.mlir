// RUN: edgec-opt %s | edgec-opt | FileCheck %s
// RUN: edgec-opt %s --edgec-edge-to-linalg | FileCheck %s --check-prefix=LOWER

// The loop over k goes along rows of the second operand and of the result, as a matmul's does.
// CHECK-LABEL: @matmul
// CHECK: edge.einsum "ij,jk->ik" %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<3x4xf32>
// LOWER-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// LOWER-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// LOWER-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// LOWER-LABEL: func @matmul
// LOWER: linalg.generic {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "reduction", "parallel"]}
func.func @matmul(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %0 = edge.einsum "ij,jk->ik" %a, %b : tensor<2x3xf32>, tensor<3x4xf32>
  return %0 : tensor<2x4xf32>
}

// LOWER-LABEL: func @trace
// LOWER: linalg.generic {{.*}}iterator_types = ["reduction"]
func.func @trace(%a: tensor<3x3xf32>) -> tensor<f32> {
  %0 = edge.einsum "ii->" %a : tensor<3x3xf32>
  return %0 : tensor<f32>
}
