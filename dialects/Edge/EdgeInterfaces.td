// What passes ask of an op, so that none of them has to know its name.
#ifndef EDGE_INTERFACES_TD
#define EDGE_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LowerableOpInterface : OpInterface<"LowerableOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op that can be written with linalg, tensor, arith, math, scf and kernel ops on tensors. `operands` stand for the op's own operands after type
    conversion: unsigned integers have become signless, so an implementation asks its *own* operand types for signedness. The results
    must have the converted types of the op's results.
  }];
  let methods = [
    InterfaceMethod<"Writes the op with lower-level ops; emits an error and fails where it can't.",
      "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "lower",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands)>
  ];
}

def EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op that can be computed on the host from constant operands. Constant folding and the reference evaluation both come from here.
  }];
  let methods = [
    InterfaceMethod<"Computes the results; fails, without a diagnostic, where this case isn't covered.",
      "::llvm::FailureOr<::llvm::SmallVector<::edgec::edge::HostTensor>>", "evaluate",
      (ins "::llvm::ArrayRef<::edgec::edge::HostTensor>":$operands)>
  ];
}

def ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op that computes each result element from the operands' elements at the same (broadcast) place.
  }];
  let methods = [
    InterfaceMethod<"Emits the scalar computation; `args` have signless element types.",
      "::mlir::Value", "emitScalar",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::ValueRange":$args)>,
    InterfaceMethod<"The same on the host, in floating point.", "double", "evaluateFloat",
      (ins "::llvm::ArrayRef<double>":$args)>,
    InterfaceMethod<"The same on the host, in integers; operands are sign- or zero-extended.", "int64_t", "evaluateInt",
      (ins "::llvm::ArrayRef<int64_t>":$args)>
  ];
}

def ElementMovingOpInterface : OpInterface<"ElementMovingOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op whose result consists of elements of its data operands, unchanged, or of the largest of several: it does the same to anything that is mapped
    to them in order, as integers to the numbers that they stand for.
  }];
  let methods = [
    InterfaceMethod<"Whether the op, with its attributes, is of that kind.", "bool", "movesElements", (ins), "", "return true;">,
    InterfaceMethod<"Whether this operand gives elements (false for indices).", "bool", "isDataOperand", (ins "unsigned":$index), "",
      "return true;">,
    InterfaceMethod<[{
        Builds the op on other data operands, whose 0 is `zero`, a 0-d tensor. Fails, building nothing, where that can't be.
      }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildMoving",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands, "::mlir::Value":$zero), "",
      "return ::edgec::edge::rebuild(builder, $_op, operands);">
  ];
}

def TransposableOpInterface : OpInterface<"TransposableOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op that a transpose can move through, from its operands to its results: `op(transpose(x, p))` = `transpose(op'(x), p)`.
    Channels-last propagation uses it to bring transposes together and cancel them.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds `op'` for operands whose transposition by `permutation` has been taken away, so that each result of the op equals
        the new result transposed by `permutation`. `operands` are the untransposed operands, rank preserved. Fails, building nothing, where that can't be.
      }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "buildUntransposed",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<int64_t>":$permutation, "::mlir::ValueRange":$operands)>,
    InterfaceMethod<"Whether this operand takes part in the layout (false for indices, scales, weights: they stay as they are).",
      "bool", "isLayoutOperand", (ins "unsigned":$index), "", "return true;">
  ];
}

def QuantizableOpInterface : OpInterface<"QuantizableOpInterface"> {
  let cppNamespace = "::edgec::edge";
  let description = [{
    An op that has something to gain from integers, or nothing to lose. Those that only move elements (`ElementMovingOpInterface`) need it where they don't
    always. Ops with neither are computed on floats, whatever their neighbours are.
  }];
  let methods = [
    InterfaceMethod<"What the op, as it stands there, is to integers; `none` where it is better left to floats.",
      "::edgec::edge::QuantizationRole", "getQuantizationRole">,
    InterfaceMethod<"Whether this operand is the one, or one of those, that may be integers (false for indices, weights, biases, padding values).",
      "bool", "isQuantizedOperand", (ins "unsigned":$index), "", "return true;">,
    InterfaceMethod<"Of a layer: its weights, and the dimension of them along which output features lie; each feature may have a scale of its own.",
      "::edgec::edge::LayerWeights", "getLayerWeights", (ins), "", "return {};">
  ];
}

#endif
