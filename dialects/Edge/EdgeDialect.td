// The edge dialect and the base classes of its ops.
#ifndef EDGE_DIALECT_TD
#define EDGE_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/Edge/EdgeInterfaces.td"

def Edge_Dialect : Dialect {
  let name = "edge";
  let cppNamespace = "::edgec::edge";
  let summary = "What a model computes: tensors, one op for one idea";
  let description = [{
    Every frontend normalises into this dialect. Values are ranked tensors, static after import; convolution, pooling,
    normalisation and resizing are channels-last (`N spatial... C`). Integers are signed when signless (`i8`) and
    unsigned when said so (`ui8`); `i1` is the boolean. Elementwise ops broadcast as NumPy does.

    Each op infers its result types, knows how to become linalg (`LowerableOpInterface`), and, where constants can
    feed it, how to compute itself on the host (`EvaluableOpInterface`); the dialect folds through the latter.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect"];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
}

// A tensor of any supported element type.
def Edge_Tensor : RankedTensorOf<[AnyFloat, I1, AnySignlessInteger, AnyUnsignedInteger]>;

// An op whose result types follow from its operands and attributes.
class Edge_Op<string mnemonic, list<Trait> traits = []>
    : Op<Edge_Dialect, mnemonic, !listconcat(traits, [
        Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<LowerableOpInterface>])>;

// The same, and it can be computed on the host.
class Edge_EvaluableOp<string mnemonic, list<Trait> traits = []>
    : Edge_Op<mnemonic, !listconcat(traits, [DeclareOpInterfaceMethods<EvaluableOpInterface>])>;

#endif
