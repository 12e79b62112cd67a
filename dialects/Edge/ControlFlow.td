// Checks that a model makes while it runs.
#ifndef EDGE_CONTROL_FLOW_TD
#define EDGE_CONTROL_FLOW_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_RequireOp : Op<Edge_Dialect, "require", [DeclareOpInterfaceMethods<LowerableOpInterface>]> {
  let summary = "the run ends with EDGEC_ERROR_SHAPE unless `condition` has the expected value";
  let description = [{
    `condition` is a boolean of one element. Stands where the other branch of an `If` can't run with the shapes that the model was compiled for.
  }];
  let arguments = (ins Edge_Tensor:$condition, BoolAttr:$expected);
  let assemblyFormat = "$condition `is` $expected attr-dict `:` type($condition)";
}

#endif
