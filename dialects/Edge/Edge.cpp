// The dialect itself: registration and folding. The ops live in their family's file.
#include "dialects/Edge/Edge.h"
#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edgec::edge;

#include "dialects/Edge/EdgeDialect.cpp.inc"
#include "dialects/Edge/EdgeEnums.cpp.inc"
#include "dialects/Edge/EdgeInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Edge/EdgeAttrs.cpp.inc"

namespace {

/// Folds any op that can evaluate itself, once all its operands are constant.
struct EdgeFoldInterface : public DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;

  LogicalResult fold(Operation *op, ArrayRef<Attribute> operands,
                     SmallVectorImpl<OpFoldResult> &results) const override {
    // There is nothing to compute for a result without elements.
    auto isEmpty = [](Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; };
    if (op->getNumResults() && llvm::all_of(op->getResultTypes(), isEmpty)) {
      for (Type type : op->getResultTypes())
        results.push_back(HostTensor(cast<RankedTensorType>(type)).toAttr());
      return success();
    }
    auto evaluable = dyn_cast<EvaluableOpInterface>(op);
    if (!evaluable || operands.empty() || !llvm::all_of(operands, [](Attribute a) { return a; }))
      return failure();
    // Do not trade a small constant for a large one (a tile or an expand belongs in the loop that
    // reads it).
    int64_t in = 0, out = 0;
    for (Type type : op->getOperandTypes())
      in += cast<RankedTensorType>(type).getNumElements();
    for (Type type : op->getResultTypes())
      out += cast<RankedTensorType>(type).getNumElements();
    if (out > kFreeElements && out > 2 * in)
      return failure();
    SmallVector<HostTensor> tensors;
    for (Attribute operand : operands) {
      FailureOr<HostTensor> tensor = HostTensor::fromAttr(operand);
      if (failed(tensor))
        return failure();
      tensors.push_back(*tensor);
    }
    FailureOr<SmallVector<HostTensor>> values = evaluable.evaluate(tensors);
    if (failed(values))
      return failure();
    for (const HostTensor &value : *values)
      results.push_back(value.toAttr());
    return success();
  }

  /// Results up to this many elements are folded whatever their operands' size.
  static constexpr int64_t kFreeElements = 1 << 14;
};

} // namespace

void EdgeDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Edge/EdgeOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Edge/EdgeAttrs.cpp.inc"
      >();
  addInterfaces<EdgeFoldInterface>();
}

Operation *EdgeDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                            Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}
