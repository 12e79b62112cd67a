// What passes ask of a kernel op, so that none of them has to know its name.
#ifndef KERNEL_INTERFACES_TD
#define KERNEL_INTERFACES_TD

include "mlir/IR/OpBase.td"

def ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::edgec::kernel";
  let description = "A sum of products for each element of the destination, and an epilogue on it.";
  let methods = [
    InterfaceMethod<"Multiply-accumulates in one run.", "int64_t", "countMacs">,
    InterfaceMethod<"What the epilogue reads beside the sum.", "::mlir::MutableOperandRange", "getEpilogueOperands",
      (ins), "return $_op.getExtrasMutable();">,
    InterfaceMethod<"The epilogue; without a block where there is none.", "::mlir::Region &", "getEpilogueRegion",
      (ins), "return $_op.getEpilogue();">
  ];
}

#endif
