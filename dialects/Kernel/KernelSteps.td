// Steps inside of loops, for which processors have instructions of their own.
#ifndef KERNEL_STEPS_TD
#define KERNEL_STEPS_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_DotOp : Op<Kernel_Dialect, "dot", [Pure, AllTypesMatch<["sum", "result"]>]> {
  let summary = "adds the products of neighbouring narrow integers to each lane of sums";
  let description = [{
    Lane l of the result is `sum[l]` plus the products of elements [l * q, (l + 1) * q) of `x` and `weights`, modulo 2^32, where q is how many times more
    elements those have. They are signed, those of `x` with `unsigned_x` unsigned, of 16 bits or fewer. With `symmetric`, no weight is the lowest integer of its
    type: two products of bytes then fit 16 bits. `edgec-lower-steps` chooses the processor's instruction (dialects/Kernel/DotUnits.h).
  }];
  let arguments = (ins VectorOfRankAndType<[1], [AnySignlessInteger]>:$x, VectorOfRankAndType<[1], [AnySignlessInteger]>:$weights,
    VectorOfRankAndType<[1], [I32]>:$sum, UnitAttr:$unsigned_x, UnitAttr:$symmetric);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$result);
  let assemblyFormat = "$x `,` $weights `,` $sum attr-dict `:` type($x) `,` type($weights) `,` type($sum)";
  let hasVerifier = 1;
}

def Kernel_RescaleOp : Op<Kernel_Dialect, "rescale", !listconcat([Pure, SameOperandsAndResultType], ElementwiseMappable.traits)> {
  let summary = "x * multiplier * 2^(shift - 31), rounded as gemmlowp does";
  let description = [{
    All are `i32`; multipliers aren't negative. Rounded is twice: the high half of the doubled product to nearest, halves up, and what a negative shift drops to
    nearest, halves away from zero. With `rounds_once` the whole product is rounded to nearest, halves up. `most_shift` is a bound on all shifts. With `clamped`,
    results below zero need only be at most zero, because what follows makes them one.
    Source: gemmlowp's fixedpoint.h; tensorflow/lite/kernels/internal/common.h, MultiplyByQuantizedMultiplier.
  }];
  let arguments = (ins SignlessIntegerLike:$x, SignlessIntegerLike:$multiplier, SignlessIntegerLike:$shift, I32Attr:$most_shift, UnitAttr:$rounds_once,
    UnitAttr:$clamped);
  let results = (outs SignlessIntegerLike:$result);
  let assemblyFormat = "$x `by` $multiplier `shift` $shift attr-dict `:` type($x)";
}

#endif
