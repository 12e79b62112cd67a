#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::edge;

FailureOr<SmallVector<Value>> RequireOp::lower(OpBuilder &builder, ValueRange operands) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  if (type.getNumElements() != 1 || !type.getElementType().isInteger(1))
    return emitError("a required condition must be a boolean of one element");
  SmallVector<Value> index;
  for (int64_t i = 0; i < type.getRank(); ++i)
    index.push_back(arith::ConstantIndexOp::create(builder, getLoc(), 0));
  Value condition = tensor::ExtractOp::create(builder, getLoc(), operands[0], index);
  if (!getExpected())
    condition = arith::XOrIOp::create(builder, getLoc(), condition,
                                      createScalar(builder, getLoc(), builder.getI1Type(), 1));
  kernel::RequireOp::create(builder, getLoc(), condition);
  return SmallVector<Value>();
}
