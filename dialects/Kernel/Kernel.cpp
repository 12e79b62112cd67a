#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace edgec::kernel;

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

//===- What every structured op shares
//-----------------------------------------------------------===//

static LogicalResult bufferizeStructured(DestinationStyleOpInterface op, RewriterBase &rewriter,
                                         const BufferizationOptions &options,
                                         BufferizationState &state) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  SmallVector<Value> buffers;
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType())) {
      buffers.push_back(operand);
      continue;
    }
    FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
  }
  OperationState copy(op.getLoc(), op->getName(), buffers, TypeRange(), op->getAttrs());
  copy.propertiesAttr = op->getPropertiesAsAttribute();
  rewriter.create(copy);
  replaceOpWithBufferizedValues(
      rewriter, op, buffers.back() /* the init is the last operand of every structured op */);
  return success();
}

static void
getStructuredEffects(DestinationStyleOpInterface op,
                     SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

#define STRUCTURED_OP(Op)                                                                          \
  void Op::getEffects(                                                                             \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {              \
    getStructuredEffects(*this, effects);                                                          \
  }                                                                                                \
  bool Op::bufferizesToMemoryRead(OpOperand &operand, const AnalysisState &) {                     \
    return !isDpsInit(&operand);                                                                   \
  }                                                                                                \
  bool Op::bufferizesToMemoryWrite(OpOperand &operand, const AnalysisState &) {                    \
    return isDpsInit(&operand);                                                                    \
  }                                                                                                \
  AliasingValueList Op::getAliasingValues(OpOperand &operand, const AnalysisState &) {             \
    if (isDpsInit(&operand))                                                                       \
      return {{getTiedOpResult(&operand), BufferRelation::Equivalent}};                            \
    return {};                                                                                     \
  }                                                                                                \
  LogicalResult Op::bufferize(RewriterBase &rewriter, const BufferizationOptions &options,         \
                              BufferizationState &state) {                                         \
    return bufferizeStructured(*this, rewriter, options, state);                                   \
  }

STRUCTURED_OP(ConvOp)
STRUCTURED_OP(PoolOp)

/// Checks the parts that convolutions and pools share: ranks, and one entry a spatial dimension.
static LogicalResult verifyWindow(Operation *op, ShapedType x, ShapedType init,
                                  ArrayRef<ArrayRef<int64_t>> perDim, ArrayRef<int64_t> pads) {
  int64_t rank = x.getRank();
  if (rank < 3 || init.getRank() != rank)
    return op->emitOpError("expects an input and an init of one rank, 3 or more, but got ")
           << rank << " and " << init.getRank();
  for (ArrayRef<int64_t> list : perDim)
    if (static_cast<int64_t>(list.size()) != rank - 2)
      return op->emitOpError("expects one stride, dilation and kernel extent a spatial dimension");
  if (static_cast<int64_t>(pads.size()) != 2 * (rank - 2))
    return op->emitOpError("expects two pads a spatial dimension");
  return success();
}

LogicalResult ConvOp::verify() {
  auto x = cast<ShapedType>(getX().getType()), filter = cast<ShapedType>(getFilter().getType());
  auto init = cast<ShapedType>(getInit().getType());
  if (failed(verifyWindow(*this, x, init, {getStrides(), getDilations()}, getPads())))
    return failure();
  int64_t rank = x.getRank();
  if (filter.getRank() != rank)
    return emitOpError("expects a filter of the input's rank ") << rank;
  if (filter.getDimSize(rank - 2) * static_cast<int64_t>(getGroups()) != x.getDimSize(rank - 1))
    return emitOpError("expects a filter over ")
           << x.getDimSize(rank - 1) << " / " << getGroups() << " channels, but it has "
           << filter.getDimSize(rank - 2);
  if (filter.getDimSize(rank - 1) != init.getDimSize(rank - 1))
    return emitOpError("expects as many output channels as the filter has features");
  return success();
}

LogicalResult PoolOp::verify() {
  return verifyWindow(*this, cast<ShapedType>(getX().getType()),
                      cast<ShapedType>(getInit().getType()),
                      {getKernel(), getStrides(), getDilations()}, getPads());
}
