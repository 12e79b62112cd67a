// The generated definitions of all edge ops, in a file of their own: they are the slowest part to
// compile and change least.
#include "dialects/Edge/Lowering.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/Edge/EdgeOps.cpp.inc"
