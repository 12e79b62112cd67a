#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/memory/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_BUFFERIZEMODEL
#include "passes/memory/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

MemRefType bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Inputs and outputs become buffer arguments.
void makeArguments(func::FuncOp function) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments()) {
    Type tensor = argument.getType();
    argument.setType(bufferType(tensor));
    auto toTensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), tensor, argument,
                                                      /*restrict=*/true, /*writable=*/false);
    argument.replaceAllUsesExcept(toTensor, toTensor);
    function.setArgAttr(argument.getArgNumber(), "edge.kind", builder.getStringAttr("input"));
  }
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  SmallVector<DictionaryAttr> resultAttrs;
  function.getAllResultAttrs(resultAttrs);
  // Views of output buffers come first, so that the producers can write through them.
  OpBuilder views = OpBuilder::atBlockBegin(&body);
  builder.setInsertionPoint(terminator);
  for (auto [i, value] : llvm::enumerate(terminator.getOperands())) {
    Location loc = value.getLoc();
    Value destination = body.addArgument(bufferType(value.getType()), loc);
    // A reshape of the result is a reshape of its buffer: the producer then writes there itself.
    while (Operation *producer = value.getDefiningOp()) {
      if (!value.hasOneUse())
        break;
      if (auto expand = dyn_cast<tensor::ExpandShapeOp>(producer)) {
        destination = memref::CollapseShapeOp::create(views, loc, destination,
                                                      expand.getReassociationIndices());
        value = expand.getSrc();
      } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(producer)) {
        destination = memref::ExpandShapeOp::create(
            views, loc, bufferType(collapse.getSrc().getType()).getShape(), destination,
            collapse.getReassociationIndices());
        value = collapse.getSrc();
      } else {
        break;
      }
    }
    auto materialize =
        bufferization::MaterializeInDestinationOp::create(builder, loc, value, destination);
    materialize.setRestrict(true);
    materialize.setWritable(true);
  }
  terminator.getOperandsMutable().clear();
  function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
  SmallVector<DictionaryAttr> argAttrs;
  function.getAllArgAttrs(argAttrs);
  size_t inputs = argAttrs.size() - resultAttrs.size();
  function.setAllResultAttrs(ArrayRef<DictionaryAttr>());
  for (size_t i = 0; i < resultAttrs.size(); ++i) {
    function.setArgAttrs(inputs + i, resultAttrs[i]);
    function.setArgAttr(inputs + i, "edge.kind", builder.getStringAttr("output"));
  }
}

struct BufferizeModel : public edgec::impl::BufferizeModelBase<BufferizeModel> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    IRRewriter rewriter(&getContext());
    for (auto function : module.getOps<func::FuncOp>()) {
      makeArguments(function);
      if (failed(bufferization::eliminateEmptyTensors(rewriter, function)))
        return signalPassFailure();
    }
    bufferization::OneShotBufferizationOptions options;
    options.bufferAlignment = 0;
    options.allocationFn = [](OpBuilder &builder, Location loc, MemRefType type, ValueRange sizes,
                              unsigned) -> FailureOr<Value> {
      return memref::AllocOp::create(builder, loc, type, sizes).getResult();
    };
    options.memCpyFn = [](OpBuilder &builder, Location loc, Value from, Value to) -> LogicalResult {
      linalg::CopyOp::create(builder, loc, from, to);
      return success();
    };
    options.unknownTypeConverterFn = [](TensorType type, Attribute memorySpace,
                                        const bufferization::BufferizationOptions &) {
      return bufferization::getMemRefTypeWithStaticIdentityLayout(type, memorySpace);
    };
    bufferization::BufferizationState state;
    if (failed(bufferization::runOneShotBufferize(module, options, state)))
      return signalPassFailure();
    bool leftovers = false;
    module.walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        if (isa<TensorType>(type) && !op->use_empty()) {
          op->emitError("'") << op->getName() << "' could not be given a buffer";
          leftovers = true;
          return;
        }
    });
    if (leftovers)
      return signalPassFailure();
  }
};

} // namespace
