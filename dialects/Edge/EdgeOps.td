// The ops, family by family.
#ifndef EDGE_OPS_TD
#define EDGE_OPS_TD

include "dialects/Edge/EdgeDialect.td"
include "dialects/Edge/Elementwise.td"
include "dialects/Edge/Shape.td"
include "dialects/Edge/Conv.td"
include "dialects/Edge/ControlFlow.td"
include "dialects/Edge/MatMul.td"
include "dialects/Edge/Target.td"
include "dialects/Edge/Reduce.td"
include "dialects/Edge/Softmax.td"
include "dialects/Edge/Pool.td"
include "dialects/Edge/Gather.td"
include "dialects/Edge/Scatter.td"
include "dialects/Edge/TopK.td"
include "dialects/Edge/Pad.td"
include "dialects/Edge/Resize.td"
include "dialects/Edge/Recurrent.td"
include "dialects/Edge/FixedPoint.td"
include "dialects/Edge/Quantize.td"

#endif
