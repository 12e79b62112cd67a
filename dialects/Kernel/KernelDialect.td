// The kernel dialect and the base class of its structured ops.
#ifndef KERNEL_DIALECT_TD
#define KERNEL_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"
include "dialects/Kernel/KernelInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::edgec::kernel";
  let summary = "Steps that the compiler turns into a processor's loops and instructions by itself";
  let description = [{
    Structured, destination-passing ops for what linalg can't say without a copy, and for what has loops of its own: windows that reach over the border of their
    input, and contractions. They exist on tensors and, after bufferization, on memrefs, where `passes/tile` writes their loops.

    **Epilogue.** A contraction may carry a region that is applied to each finished element before it is stored: bias, activation, residual sum, requantization.
    Its arguments are the element, in the element type that the contraction had before the epilogue joined it, one element of each of the `extras`, and the
    element of the destination that is about to be overwritten. An extra has the destination's rank; where its extent is 1, it is repeated. Reading the
    destination is what makes a residual sum in place possible.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect"];
  let useDefaultAttributePrinterParser = 1;
}

// An op that reads its inputs and overwrites its one init operand whole.
class Kernel_StructuredOp<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<BufferizableOpInterface,
          ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues", "bufferize"]>])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

class Kernel_ContractionOp<string mnemonic, list<Trait> traits = []>
    : Kernel_StructuredOp<mnemonic, !listconcat(traits, [DeclareOpInterfaceMethods<ContractionOpInterface>])> {
  let regions = (region AnyRegion:$epilogue);
}

#endif
