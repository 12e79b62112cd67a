#include "frontends/onnx/ops/Row.h"
using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;
ArrayRef<OperatorRow> edgec::onnx_frontend::getSignalRows() { return {}; }
