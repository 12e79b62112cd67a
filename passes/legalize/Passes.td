// Passes on the edge dialect and from it to linalg.
#ifndef EDGEC_LEGALIZE_PASSES_TD
#define EDGEC_LEGALIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def SinkTransposes : Pass<"edgec-sink-transposes", "::mlir::func::FuncOp"> {
  let summary = "Move transposes down through ops until they meet and cancel";
  let description = [{
    Frontends that come channels first wrap each channels-last op in a pair of transposes. Every op that says how it commutes with a permutation
    (`TransposableOpInterface`) lets the transposes of its operands pass to its results; two that meet merge, and what is left at the model's
    inputs and outputs stays. An operand that no transpose feeds is transposed back, which costs nothing for constants.
  }];
}

def FoldAffineIntoConv : Pass<"edgec-fold-affine-into-conv", "::mlir::func::FuncOp"> {
  let summary = "Fold a per-channel multiplication or addition of constants into the convolution or matmul before it";
  let description = "Batch normalization at inference is such a pair; so are the scales that exporters leave.";
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
}

def FoldAffineIntoNextLayer : Pass<"edgec-fold-affine-into-next-layer", "::mlir::func::FuncOp"> {
  let summary = "Fold a per-channel multiplication or addition of constants into the layer behind it";
  let description = [{
    So normalized inputs are: `(x - mean) * scale`. Factors go into the weights. Summands go into the bias of a convolution, whose border has to be inside of its input: padding is
    zeros behind the addition, not before it. With `nearly`, a padded one takes summands of up to half a step of the integers that are read.
    Of two factors of a product that are both multiplied by a number, one takes both numbers.
  }];
  let dependentDialects = ["::edgec::edge::EdgeDialect"];
  let options = [Option<"nearly", "nearly", "bool", /*default=*/"false", "padded convolutions take up to half a step of integers">];
}

def EdgeToLinalg : Pass<"edgec-edge-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower every edge op through its LowerableOpInterface";
  let description = "Unsigned element types become signless on the way, in function signatures and control flow too.";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::edgec::kernel::KernelDialect"];
}

def FuseElementwise : Pass<"edgec-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse chains of elementwise linalg ops, and elementwise ops into the reductions that read them";
  let description = "A producer is fused where it has one use and its work isn't repeated.";
}

#endif
