// Elementwise ops: each result element comes from the operands' elements at the same, broadcast, place.
#ifndef EDGE_ELEMENTWISE_TD
#define EDGE_ELEMENTWISE_TD

include "dialects/Edge/EdgeDialect.td"

// The scalar computation is the op's own (Elementwise.cpp, a row each); inference, lowering, evaluation and transposition are shared.
class Edge_Elementwise<string mnemonic, list<Trait> traits = []>
    : Edge_EvaluableOp<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<ElementwiseOpInterface>,
        DeclareOpInterfaceMethods<TransposableOpInterface>])> {
  let results = (outs Edge_Tensor:$result);
  // What the operands' element types have to be (Lowering.h).
  string elements = "any";
  // The element type of the result, from the operand types: by default that of the last.
  code resultElement = "return ::mlir::getElementTypeOrSelf(operands.back().getType());";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes, ::mlir::OpaqueProperties properties,
        ::mlir::RegionRange regions, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      Adaptor adaptor(operands, attributes, properties, regions);
      (void)adaptor;
      if (failed(::edgec::edge::checkElements(location, getOperationName(), operands, ::edgec::edge::ElementRule::}] # elements # [{)))
        return ::llvm::failure();
      auto element = [&]() -> ::mlir::Type { }] # resultElement # [{ }();
      return ::edgec::edge::inferElementwise(location, operands, element, types);
    }
    ::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>> $cppClass::lower(::mlir::OpBuilder &builder, ::mlir::ValueRange operands) {
      return ::edgec::edge::lowerElementwise(*this, builder, operands);
    }
    ::llvm::FailureOr<::llvm::SmallVector<::edgec::edge::HostTensor>> $cppClass::evaluate(::llvm::ArrayRef<::edgec::edge::HostTensor> operands) {
      return ::edgec::edge::evaluateElementwise(*this, operands);
    }
    ::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>> $cppClass::buildUntransposed(
        ::mlir::OpBuilder &builder, ::llvm::ArrayRef<int64_t> permutation, ::mlir::ValueRange operands) {
      return ::edgec::edge::rebuild(builder, *this, operands);
    }
  }];
}

class Edge_Unary<string mnemonic, string formula, string source, list<Trait> traits = []> : Edge_Elementwise<mnemonic, traits> {
  let summary = formula;
  let description = "`result = " # formula # "`, element by element. Source: " # source # ".";
  let arguments = (ins Edge_Tensor:$x);
  let assemblyFormat = "$x prop-dict attr-dict `:` type($x)";
}
class Edge_FloatUnary<string mnemonic, string formula, string source> : Edge_Unary<mnemonic, formula, source> {
  let elements = "floats";
}
class Edge_Binary<string mnemonic, string formula, string source, list<Trait> traits = []> : Edge_Elementwise<mnemonic, traits> {
  let elements = "same";
  let summary = formula;
  let description = "`result = " # formula # "`, element by element, broadcast as NumPy does. Source: " # source # ".";
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$y);
  let assemblyFormat = "$x `,` $y attr-dict `:` type($x) `,` type($y)";
}

class Edge_IntBinary<string mnemonic, string formula, string source> : Edge_Binary<mnemonic, formula, source> {
  let elements = "integers";
}

def Edge_AbsOp : Edge_Unary<"abs", "|x|", "ONNX Abs">;
def Edge_NegOp : Edge_Unary<"neg", "-x", "ONNX Neg">;
def Edge_SignOp : Edge_Unary<"sign", "-1, 0 or 1 by the sign of x", "ONNX Sign">;
def Edge_ExpOp : Edge_FloatUnary<"exp", "e^x", "ONNX Exp">;
def Edge_LogOp : Edge_FloatUnary<"log", "ln x", "ONNX Log">;
def Edge_SqrtOp : Edge_FloatUnary<"sqrt", "sqrt(x)", "ONNX Sqrt">;
def Edge_ReciprocalOp : Edge_FloatUnary<"reciprocal", "1 / x", "ONNX Reciprocal">;
def Edge_SinOp : Edge_FloatUnary<"sin", "sin x", "ONNX Sin">;
def Edge_CosOp : Edge_FloatUnary<"cos", "cos x", "ONNX Cos">;
def Edge_TanOp : Edge_FloatUnary<"tan", "tan x", "ONNX Tan">;
def Edge_AsinOp : Edge_FloatUnary<"asin", "arcsin x", "ONNX Asin">;
def Edge_AcosOp : Edge_FloatUnary<"acos", "arccos x", "ONNX Acos">;
def Edge_AtanOp : Edge_FloatUnary<"atan", "arctan x", "ONNX Atan">;
def Edge_SinhOp : Edge_FloatUnary<"sinh", "sinh x", "ONNX Sinh">;
def Edge_CoshOp : Edge_FloatUnary<"cosh", "cosh x", "ONNX Cosh">;
def Edge_TanhOp : Edge_FloatUnary<"tanh", "tanh x", "ONNX Tanh">;
def Edge_AsinhOp : Edge_FloatUnary<"asinh", "arsinh x", "ONNX Asinh">;
def Edge_AcoshOp : Edge_FloatUnary<"acosh", "arcosh x", "ONNX Acosh">;
def Edge_AtanhOp : Edge_FloatUnary<"atanh", "artanh x", "ONNX Atanh">;
def Edge_ErfOp : Edge_FloatUnary<"erf", "erf x", "ONNX Erf">;
def Edge_FloorOp : Edge_FloatUnary<"floor", "x rounded down", "ONNX Floor">;
def Edge_CeilOp : Edge_FloatUnary<"ceil", "x rounded up", "ONNX Ceil">;
def Edge_RoundOp : Edge_FloatUnary<"round", "x rounded to nearest, halves to even", "ONNX Round">;
def Edge_ReluOp : Edge_Unary<"relu", "max(x, 0)", "ONNX Relu", [
    DeclareOpInterfaceMethods<QuantizableOpInterface>]>;
def Edge_SigmoidOp : Edge_FloatUnary<"sigmoid", "1 / (1 + e^-x)", "ONNX Sigmoid">;
def Edge_NotOp : Edge_Unary<"not", "not x (bitwise on integers)", "ONNX Not, BitwiseNot"> {
  let elements = "integers";
}
def Edge_IsNaNOp : Edge_FloatUnary<"is_nan", "x is not a number", "ONNX IsNaN"> {
  let resultElement = "return ::mlir::IntegerType::get(context, 1);";
}
def Edge_IsInfOp : Edge_FloatUnary<"is_inf", "x is infinite", "ONNX IsInf"> {
  let arguments = (ins Edge_Tensor:$x, DefaultValuedAttr<BoolAttr, "true">:$negative,
                       DefaultValuedAttr<BoolAttr, "true">:$positive);
  let resultElement = "return ::mlir::IntegerType::get(context, 1);";
}
def Edge_LeakyReluOp : Edge_FloatUnary<"leaky_relu", "x < 0 ? alpha * x : x", "ONNX LeakyRelu"> {
  let arguments = (ins Edge_Tensor:$x, F64Attr:$alpha);
}
def Edge_EluOp : Edge_FloatUnary<"elu", "x < 0 ? alpha * (e^x - 1) : x", "ONNX Elu"> {
  let arguments = (ins Edge_Tensor:$x, F64Attr:$alpha);
}
def Edge_HardSigmoidOp : Edge_FloatUnary<"hard_sigmoid", "max(0, min(1, alpha * x + beta))", "ONNX HardSigmoid"> {
  let arguments = (ins Edge_Tensor:$x, F64Attr:$alpha, F64Attr:$beta);
}
def Edge_CastOp : Edge_Unary<"cast", "x as element type `to`; floats truncate toward zero, integers wrap", "ONNX Cast"> {
  let arguments = (ins Edge_Tensor:$x, TypeAttr:$to);
  let resultElement = "return adaptor.getTo();";
  let hasFolder = 1;
}

def Edge_AddOp : Edge_Binary<"add", "x + y", "ONNX Add", [
    DeclareOpInterfaceMethods<QuantizableOpInterface>]>;
def Edge_SubOp : Edge_Binary<"sub", "x - y", "ONNX Sub">;
def Edge_MulOp : Edge_Binary<"mul", "x * y", "ONNX Mul">;
def Edge_DivOp : Edge_Binary<"div", "x / y, toward zero on integers; an integer divided by zero gives zero", "ONNX Div">;
def Edge_PowOp : Edge_Binary<"pow", "x ^ y; the result has x's element type, y may have another", "ONNX Pow"> {
  let elements = "any";
  let resultElement = "return ::mlir::getElementTypeOrSelf(operands.front().getType());";
}
def Edge_MinOp : Edge_Binary<"min", "the smaller of x and y; NaN wins", "ONNX Min", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand"]>]>;
def Edge_MaxOp : Edge_Binary<"max", "the larger of x and y; NaN wins", "ONNX Max", [
    DeclareOpInterfaceMethods<QuantizableOpInterface, ["isQuantizedOperand"]>]>;
def Edge_ModOp : Edge_Binary<"mod", "x - floor(x / y) * y: the sign is y's", "ONNX Mod with fmod = 0">;
def Edge_FmodOp : Edge_Binary<"fmod", "x - trunc(x / y) * y: the sign is x's", "ONNX Mod with fmod = 1">;
def Edge_AndOp : Edge_IntBinary<"and", "x and y (bitwise on integers)", "ONNX And, BitwiseAnd">;
def Edge_OrOp : Edge_IntBinary<"or", "x or y (bitwise on integers)", "ONNX Or, BitwiseOr">;
def Edge_XorOp : Edge_IntBinary<"xor", "x xor y (bitwise on integers)", "ONNX Xor, BitwiseXor">;
def Edge_ShiftLeftOp : Edge_IntBinary<"shift_left", "x shifted left by y bits; 0 where y is outside [0, width)", "ONNX BitShift">;
def Edge_ShiftRightOp : Edge_IntBinary<"shift_right", "x shifted right by y bits, copies of the sign in (zeros if unsigned); by all bits where y is outside [0, width)", "ONNX BitShift">;
def Edge_PreluOp : Edge_Binary<"prelu", "x < 0 ? y * x : x", "ONNX PRelu">;

def Edge_ComparePredicate : I32EnumAttr<"ComparePredicate", "how two elements are compared", [
    I32EnumAttrCase<"equal", 0>, I32EnumAttrCase<"less", 1>, I32EnumAttrCase<"less_equal", 2>,
    I32EnumAttrCase<"greater", 3>, I32EnumAttrCase<"greater_equal", 4>]> {
  let cppNamespace = "::edgec::edge";
}
def Edge_CompareOp : Edge_Elementwise<"compare"> {
  let summary = "x compared with y, as a boolean";
  let description = "`result = x predicate y`, broadcast; comparisons with NaN are false. Source: ONNX Equal, Less, LessOrEqual, Greater, GreaterOrEqual.";
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$y, Edge_ComparePredicate:$predicate);
  let assemblyFormat = "$predicate $x `,` $y attr-dict `:` type($x) `,` type($y)";
  let elements = "same";
  let resultElement = "return ::mlir::IntegerType::get(context, 1);";
}
def Edge_SelectOp : Edge_Elementwise<"select"> {
  let summary = "condition ? x : y";
  let description = "`result = condition ? x : y`, element by element, all three broadcast. Source: ONNX Where.";
  let elements = "condition";
  let arguments = (ins Edge_Tensor:$condition, Edge_Tensor:$x, Edge_Tensor:$y);
  let assemblyFormat = "$condition `,` $x `,` $y attr-dict `:` type($condition) `,` type($x) `,` type($y)";
}

#endif
