// The processor that a module is compiled for, as passes see it.
#ifndef EDGE_TARGET_TD
#define EDGE_TARGET_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_TargetAttr : AttrDef<Edge_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "what passes may know of the device; stands on the module as `edge.target`";
  let parameters = (ins
    StringRefParameter<"as the user named it">:$name,
    StringRefParameter<"LLVM triple">:$triple,
    StringRefParameter<"LLVM processor">:$cpu,
    StringRefParameter<"LLVM features">:$features,
    StringRefParameter<"ABI name, empty for the triple's own">:$abi,
    DefaultValuedParameter<"unsigned", "64">:$index_bits,
    DefaultValuedParameter<"unsigned", "128">:$vector_bits,
    DefaultValuedParameter<"unsigned", "16">:$arena_align,
    DefaultValuedParameter<"unsigned", "16">:$vector_registers,
    DefaultValuedParameter<"unsigned", "0">:$l2_bytes,
    // Of single-precision floats: whether instructions compute them, multiply and add with one rounding, and round to
    // integers.
    DefaultValuedParameter<"bool", "true">:$hardware_float,
    DefaultValuedParameter<"bool", "false">:$fused_multiply_add,
    DefaultValuedParameter<"bool", "true">:$rounds_to_integer,
    StringRefParameter<"the best instruction that sums products of neighbouring integers, as dialects/Kernel/DotUnits.cpp names it; none where empty", [{""}]>:$dot);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif
