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

def WindowOpInterface : OpInterface<"WindowOpInterface"> {
  let cppNamespace = "::edgec::kernel";
  let description = [{
    Each position of the destination comes from a window of a channels-last input: at position p of a spatial dimension, the input's positions
    `p * stride - padBefore + k * dilation` for each k of the window; those outside are skipped. A transposed one reads and writes the other way round.
  }];
  let methods = [
    InterfaceMethod<"The operand that windows go over.", "::mlir::OpOperand &", "getWindowInput",
      (ins), "return $_op.getXMutable();">,
    InterfaceMethod<"Extents of the window.", "::llvm::SmallVector<int64_t>", "getWindowShape">,
    InterfaceMethod<"Steps from one window to the next.", "::llvm::ArrayRef<int64_t>", "getWindowStrides",
      (ins), "return $_op.getStrides();">,
    InterfaceMethod<"Steps inside the window.", "::llvm::ArrayRef<int64_t>", "getWindowDilations",
      (ins), "return $_op.getDilations();">,
    InterfaceMethod<"Pads before each dimension, then pads behind.", "::llvm::ArrayRef<int64_t>", "getWindowPads",
      (ins), "return $_op.getPads();">,
    InterfaceMethod<"Whether it is transposed.", "bool", "isTransposedWindow">
  ];
}

#endif
