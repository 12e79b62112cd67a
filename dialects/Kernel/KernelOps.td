// The kernel ops.
#ifndef KERNEL_OPS_TD
#define KERNEL_OPS_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Kernel_PackingAttr : AttrDef<Kernel_Dialect, "Packing"> {
  let mnemonic = "packing";
  let summary = "how weights are laid out: in blocks of `vectors` vectors of `lanes` features";
  let parameters = (ins "int64_t":$vectors, "int64_t":$lanes);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    int64_t getBlock() const { return getVectors() * getLanes(); }
    /// Elements of `groups` groups of `depth` products for each of `features` features, filled up to whole vectors.
    int64_t packedElements(int64_t groups, int64_t depth, int64_t features) const {
      return groups * depth * ((features + getLanes() - 1) / getLanes() * getLanes());
    }
  }];
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator]> {
  let summary = "what an epilogue gives";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value `:` type($value) attr-dict";
}

def Kernel_ConvOp : Kernel_ContractionOp<"conv", [AttrSizedOperandSegments]> {
  let summary = "convolution, or its transpose, over an unpadded channels-last input";
  let description = [{
    Shapes as in `edge.conv`. One relation holds for both directions: `large = small * stride + k * dilation - padBefore`, where a
    convolution reads `large` and writes `small`, and a transposed one (`transposed`) reads `small` and writes `large`. Positions outside
    `large` are skipped, so no padded copy of the input is made. The accumulator starts at `bias`, or at zero.

    A packed filter (`packing`) is one dimension of `packedElements()` elements, in the order in which the tiles read it: for each group, for each block of
    `vectors * lanes` features, kernel positions, then channels, then the features of the block; the last block has as many vectors as it needs, filled up with
    zeros. `window` then has the kernel's extents.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$filter, Optional<AnyShaped>:$bias, Variadic<AnyShaped>:$extras, AnyShaped:$init,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups, UnitAttr:$transposed,
    OptionalAttr<DenseI64ArrayAttr>:$window, OptionalAttr<Kernel_PackingAttr>:$packing);
  let assemblyFormat = [{
    `ins` `(` $x `,` $filter (`bias` $bias^)? `:` type($x) `,` type($filter) (`,` type($bias)^)? `)` `outs` `(` $init `:` type($init) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)? (`epilogue` $epilogue^)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// Extents of the kernel, packed or not.
    ::llvm::SmallVector<int64_t> getKernelShape();
    /// Channels and features in each group.
    int64_t getGroupChannels();
    int64_t getGroupFeatures();
    /// One channel and one feature a group.
    bool isDepthwise();
  }];
}

def Kernel_MatMulOp : Kernel_ContractionOp<"matmul"> {
  let summary = "batched product of matrices";
  let description = [{
    `a` is `[B, M, K]`, `b` `[B, K, N]`, or `[1, K, N]` for all batches, `init` `[B, M, N]`. A packed `b` (`packing`) has one dimension, laid out as a filter of
    `kernel.conv` with kernel extent 1, K channels and N features.
  }];
  let arguments = (ins AnyShaped:$a, AnyShaped:$b, Variadic<AnyShaped>:$extras, AnyShaped:$init, OptionalAttr<Kernel_PackingAttr>:$packing);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)` `outs` `(` $init `:` type($init) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)? (`epilogue` $epilogue^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_PoolKind : I32EnumAttr<"PoolKind", "how a window becomes one element", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"sum", 1>, I32EnumAttrCase<"average", 2>]> {
  let cppNamespace = "::edgec::kernel";
}

def Kernel_PoolOp : Kernel_StructuredOp<"pool"> {
  let summary = "max, sum or average over windows of an unpadded channels-last input";
  let description = [{
    `x` is `[N, D1..Dn, C]`, `init` `[N, O1..On, C]`. Positions outside the input are skipped. An average divides by the number of positions inside it, or, with
    `count_include_pad`, by those inside the padded input.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$init, Kernel_PoolKind:$kind, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, UnitAttr:$count_include_pad, UnitAttr:$is_unsigned);
  let assemblyFormat = [{
    $kind `ins` `(` $x `:` type($x) `)` `outs` `(` $init `:` type($init) `)` attr-dict (`->` type($results)^)?
  }];
}

def Kernel_RequireOp : Op<Kernel_Dialect, "require"> {
  let summary = "the run ends with EDGEC_ERROR_SHAPE unless `condition` holds";
  let description = "Only at the top level of the model's function, where lowering ends the function.";
  let arguments = (ins I1:$condition);
  let assemblyFormat = "$condition attr-dict";
}

#endif
