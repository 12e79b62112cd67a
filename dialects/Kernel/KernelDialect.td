// The kernel dialect and the base class of its structured ops.
#ifndef KERNEL_DIALECT_TD
#define KERNEL_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::edgec::kernel";
  let summary = "Steps that the compiler turns into a processor's loops and instructions by itself";
  let description = [{
    Structured, destination-passing ops for what linalg can't say without a copy: windows that reach over the border of their input. They
    exist on tensors and, after bufferization, on memrefs, where `passes/tile` writes their loops.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
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

#endif
