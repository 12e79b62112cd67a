// The kernel ops.
#ifndef KERNEL_OPS_TD
#define KERNEL_OPS_TD

include "dialects/Kernel/KernelDialect.td"
include "dialects/Kernel/KernelSteps.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/ViewLikeInterface.td"

def Kernel_PackingAttr : AttrDef<Kernel_Dialect, "Packing"> {
  let mnemonic = "packing";
  let summary = "how weights are laid out";
  let description = [{
    In blocks of `vectors` vectors of `lanes` features, each with `products` neighbouring weights. Where `bits` isn't 0 they are for `kernel.dot`s of integers of
    so many bits; `symmetric`: none of them is the lowest integer of its type. The weights of `steps` neighbouring `kernel.dot`s lie in turns: the first of each,
    then the second of each.
  }];
  let parameters = (ins "int64_t":$vectors, "int64_t":$lanes, DefaultValuedParameter<"int64_t", "1">:$products,
    DefaultValuedParameter<"unsigned", "0">:$bits, DefaultValuedParameter<"int64_t", "1">:$steps, DefaultValuedParameter<"bool", "false">:$symmetric);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    int64_t getBlock() const { return getVectors() * getLanes(); }
    /// Neighbouring weights of one feature.
    int64_t getRun() const { return getProducts() * getSteps(); }
    /// Products of each sum, filled up to whole runs.
    int64_t packedDepth(int64_t depth) const { return (depth + getRun() - 1) / getRun() * getRun(); }
    /// Elements of `groups` groups of `depth` products for each of `features` features, filled up to whole steps and vectors.
    int64_t packedElements(int64_t groups, int64_t depth, int64_t features) const {
      return groups * packedDepth(depth) * ((features + getLanes() - 1) / getLanes() * getLanes());
    }
  }];
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator]> {
  let summary = "what an epilogue gives";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value `:` type($value) attr-dict";
}

def Kernel_ConvOp : Kernel_ContractionOp<"conv", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<WindowOpInterface>]> {
  let summary = "convolution, or its transpose, over an unpadded channels-last input";
  let description = [{
    Shapes as in `edge.conv`. One relation holds for both directions: `large = small * stride + k * dilation - padBefore`, where a
    convolution reads `large` and writes `small`, and a transposed one (`transposed`) reads `small` and writes `large`. Positions outside
    `large` are skipped, so no padded copy of the input is made. The accumulator starts at `bias`, or at zero.

    A packed filter (`packing`) is one dimension of `packedElements()` elements, in the order in which the tiles read it: for each group, for each block of
    `vectors * lanes` features, kernel positions, then channels, then the features of the block; the last block has as many vectors as it needs, filled up with
    zeros. `window` then has the kernel's extents. With `products` above one, each step has as many neighbouring products (kernel positions, then channels) of
    one feature after the other, and the last step is filled up with zeros. Depthwise weights for `kernel.dot` lie as ByteDepthwise.h says.

    Integers may be narrower than the sums: they are signed, but those of `x` with `unsigned_x`, of which the `zero_point` is taken off first. What lies outside
    counts as the zero point. With `offset` the elements of `x` plus `offset` are multiplied, what lies outside being `zero_point` plus `offset`: the bias has taken
    off what that is more. Only packed weights come with it: the processor's instruction wants integers in that range.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$filter, Optional<AnyShaped>:$bias, Variadic<AnyShaped>:$extras, AnyShaped:$init,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$groups, UnitAttr:$transposed,
    OptionalAttr<DenseI64ArrayAttr>:$window, OptionalAttr<Kernel_PackingAttr>:$packing, DefaultValuedOptionalAttr<I64Attr, "0">:$zero_point,
    UnitAttr:$unsigned_x, OptionalAttr<I64Attr>:$offset);
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

def Kernel_WinogradOp : Kernel_ContractionOp<"winograd", [AttrSizedOperandSegments]> {
  let summary = "a convolution of 3x3, 4x4 results at a time, through transforms";
  let description = [{
    F(4x4, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015): 36 multiplications instead of 144 for 16 results and a channel,
    between transforms that only add and scale. Results differ from the sum's in the last places, by some 1e-6 of the range.

    Shapes as in `kernel.conv` with stride and dilation 1 and one group. `filter` is `[36, C, F]`, already transformed. A strip of `rows` rows of tiles is
    computed at a time; `scratch` is `[P, S]`, with room for the transformed input and products of a strip for each of P threads.
  }];
  let arguments = (ins AnyShaped:$x, AnyShaped:$filter, Optional<AnyShaped>:$bias, Variadic<AnyShaped>:$extras, AnyMemRef:$scratch, AnyShaped:$init,
    DenseI64ArrayAttr:$pads, I64Attr:$rows);
  let assemblyFormat = [{
    `ins` `(` $x `,` $filter (`bias` $bias^)? `:` type($x) `,` type($filter) (`,` type($bias)^)? `)` `scratch` `(` $scratch `:` type($scratch) `)`
    `outs` `(` $init `:` type($init) `)` (`extras` `(` $extras^ `:` type($extras) `)`)? (`epilogue` $epilogue^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_MatMulOp : Kernel_ContractionOp<"matmul", [AttrSizedOperandSegments]> {
  let summary = "batched product of matrices";
  let description = [{
    `a` is `[B, M, K]`, `b` `[B, K, N]`, or `[1, K, N]` for all batches, `init` `[B, M, N]`. A packed `b` (`packing`) has one dimension, laid out as a filter of
    `kernel.conv` with kernel extent 1, K channels and N features. Sums start at the N elements of `bias`, or at zero. Narrow integers, `zero_point`,
    `unsigned_x` and `offset`, of `a`, as there.
  }];
  let arguments = (ins AnyShaped:$a, AnyShaped:$b, Optional<AnyShaped>:$bias, Variadic<AnyShaped>:$extras, AnyShaped:$init,
    OptionalAttr<Kernel_PackingAttr>:$packing, DefaultValuedOptionalAttr<I64Attr, "0">:$zero_point, UnitAttr:$unsigned_x, OptionalAttr<I64Attr>:$offset);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b (`bias` $bias^)? `:` type($a) `,` type($b) (`,` type($bias)^)? `)` `outs` `(` $init `:` type($init) `)`
    (`extras` `(` $extras^ `:` type($extras) `)`)? (`epilogue` $epilogue^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_PoolKind : I32EnumAttr<"PoolKind", "how a window becomes one element", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"sum", 1>, I32EnumAttrCase<"average", 2>]> {
  let cppNamespace = "::edgec::kernel";
}

def Kernel_PoolOp : Kernel_StructuredOp<"pool", [DeclareOpInterfaceMethods<WindowOpInterface>]> {
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

def Kernel_RingOp : Op<Kernel_Dialect, "ring", [Pure, DeclareOpInterfaceMethods<ViewLikeOpInterface>]> {
  let summary = "the rows of an image, of which a buffer holds the latest";
  let description = [{
    `source` is `[P, R, D2..Dn, C]`, the result looks like `[1, D1, D2..Dn, C]`: row r of it lies in row r modulo R of part number `part` (0 without). Whoever
    reads a row does so before R more have been written. R is a power of two. Only ops inside of a `kernel.stream` go through it.
  }];
  let arguments = (ins AnyMemRef:$source, Optional<Index>:$part);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$source (`[` $part^ `]`)? attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Rows that the source holds.
    int64_t getRows() { return getSource().getType().getDimSize(1); }
  }];
}

def Kernel_StreamOp : Op<Kernel_Dialect, "stream", [RecursiveMemoryEffects, SingleBlock, NoTerminator]> {
  let summary = "window ops that go through an image together, some rows after the other";
  let description = [{
    The body has `kernel.ring`s and window ops, each of which reads what the one before it writes. In each step the last op computes `rows` rows of its result,
    and every op before it as many as are needed for that and haven't been there yet; what lies between two of them is a ring of rows that
    stays in the cache, or, on a small device, spares the memory for the whole image. With `parts` above one, as many threads each do a part of the result's
    rows, and compute what they need of the others' themselves.
  }];
  let arguments = (ins I64Attr:$rows, I64Attr:$parts);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`rows` $rows `parts` $parts $body attr-dict";
  let hasVerifier = 1;
}

def Kernel_BlockOp : Op<Kernel_Dialect, "block", [Pure, DeclareOpInterfaceMethods<ViewLikeOpInterface>]> {
  let summary = "a buffer, of which only the rows that are being computed are there";
  let description = [{
    `source` is `[P, E]`, the result looks like the whole buffer: the rows of a `kernel.rows`' current block lie, from the first one on, in part number `part` (0
    without). Only ops inside of that `kernel.rows` go through it.
  }];
  let arguments = (ins AnyMemRef:$source, Optional<Index>:$part);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$source (`[` $part^ `]`)? attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_RowsOp : Op<Kernel_Dialect, "rows", [RecursiveMemoryEffects, SingleBlock, NoTerminator]> {
  let summary = "ops that go through `count` rows together, a block of them after the other";
  let description = [{
    The body has `kernel.block`s, linalg ops whose outermost loop runs over the rows, and `kernel.matmul`s whose results' rows they are: a softmax, a
    normalization, or an attention, of which only `block` rows of scores are there at a time. No block reaches over a multiple of `period` rows, where a matrix
    product goes on to the next pair of matrices; the last one before it may be shorter. With `parts` above one, as many threads share the blocks.
  }];
  let arguments = (ins I64Attr:$count, I64Attr:$block, I64Attr:$period, I64Attr:$parts);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$count `block` $block `period` $period `parts` $parts $body attr-dict";
  let hasVerifier = 1;
}

def Kernel_RequireOp : Op<Kernel_Dialect, "require"> {
  let summary = "the run ends with EDGEC_ERROR_SHAPE unless `condition` holds";
  let description = "Only at the top level of the model's function, where lowering ends the function.";
  let arguments = (ins I1:$condition);
  let assemblyFormat = "$condition attr-dict";
}

#endif
