// Ops that move elements without computing on them: constants, reshape, transpose, slice, concat, pad, broadcast.
#ifndef EDGE_SHAPE_TD
#define EDGE_SHAPE_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_ConstantOp : Op<Edge_Dialect, "constant", [Pure, ConstantLike, DeclareOpInterfaceMethods<InferTypeOpInterface>,
    DeclareOpInterfaceMethods<LowerableOpInterface>]> {
  let summary = "a tensor known at compile time";
  let description = "Large data are a resource that is shared, never copied or printed element by element. Source: ONNX Constant and initializers.";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def Edge_ReshapeOp : Edge_EvaluableOp<"reshape", [DeclareOpInterfaceMethods<TransposableOpInterface>, ElementMovingOpInterface]> {
  let summary = "the same elements, in the same row-major order, with another shape";
  let description = "Source: ONNX Reshape, Flatten, Squeeze, Unsqueeze.";
  let arguments = (ins Edge_Tensor:$x, DenseI64ArrayAttr:$shape);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `to` $shape attr-dict `:` type($x)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Edge_TransposeOp : Edge_EvaluableOp<"transpose", [ElementMovingOpInterface]> {
  let summary = "dimensions permuted: result dimension i is operand dimension permutation[i]";
  let description = "Source: ONNX Transpose.";
  let arguments = (ins Edge_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `by` $permutation attr-dict `:` type($x)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Edge_SliceOp : Edge_EvaluableOp<"slice", [DeclareOpInterfaceMethods<TransposableOpInterface>, ElementMovingOpInterface]> {
  let summary = "result[i] = x[offsets + i * strides]; a stride may be negative";
  let description = "One offset, size and stride a dimension; offsets are in range. Source: ONNX Slice, Split.";
  let arguments = (ins Edge_Tensor:$x, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `offsets` $offsets `sizes` $sizes `strides` $strides attr-dict `:` type($x)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Edge_ConcatOp : Edge_EvaluableOp<"concat", [DeclareOpInterfaceMethods<TransposableOpInterface>, ElementMovingOpInterface]> {
  let summary = "operands one after the other along `axis`";
  let description = "Source: ONNX Concat.";
  let arguments = (ins Variadic<Edge_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` type($inputs)";
  let hasFolder = 1;
}

def Edge_BroadcastOp : Edge_EvaluableOp<"broadcast", [ElementMovingOpInterface]> {
  let summary = "x repeated along dimensions of extent 1 (and new leading ones) to give `shape`";
  let description = "Source: ONNX Expand.";
  let arguments = (ins Edge_Tensor:$x, DenseI64ArrayAttr:$shape);
  let results = (outs Edge_Tensor:$result);
  let assemblyFormat = "$x `to` $shape attr-dict `:` type($x)";
  let hasFolder = 1;
}

#endif
