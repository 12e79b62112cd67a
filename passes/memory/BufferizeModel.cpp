#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/memory/Passes.h"
#include "passes/memory/WriteThrough.h"

namespace edgec {
#define GEN_PASS_DEF_BUFFERIZEMODEL
#include "passes/memory/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

bool isEmpty(Type tensor) { return cast<RankedTensorType>(tensor).getNumElements() == 0; }

MemRefType bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  if (isEmpty(type)) // what is never read or written needs no shape, and has no strides
    return MemRefType::get(0, type.getElementType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Inputs and outputs become buffer arguments.
void makeArguments(func::FuncOp function) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments()) {
    Type tensor = argument.getType();
    argument.setType(bufferType(tensor));
    function.setArgAttr(argument.getArgNumber(), "edge.kind", builder.getStringAttr("input"));
    if (isEmpty(tensor)) {
      argument.replaceAllUsesWith(tensor::EmptyOp::create(
          builder, argument.getLoc(), cast<RankedTensorType>(tensor).getShape(),
          cast<RankedTensorType>(tensor).getElementType()));
      continue;
    }
    auto toTensor = bufferization::ToTensorOp::create(builder, argument.getLoc(), tensor, argument,
                                                      /*restrict=*/true, /*writable=*/false);
    argument.replaceAllUsesExcept(toTensor, toTensor);
  }
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  SmallVector<DictionaryAttr> resultAttrs;
  function.getAllResultAttrs(resultAttrs);
  unsigned resultStart = body.getNumArguments();
  SmallVector<std::pair<Value, Value>> stateCopies;
  SmallVector<DictionaryAttr> outputAttrs;
  // Views of output buffers come first, so that the producers can write through them.
  OpBuilder views = OpBuilder::atBlockBegin(&body);
  builder.setInsertionPoint(terminator);
  for (auto [i, value] : llvm::enumerate(terminator.getOperands())) {
    Location loc = value.getLoc();
    if (auto state =
            resultAttrs[i] ? resultAttrs[i].getAs<IntegerAttr>("edge.state") : IntegerAttr()) {
      // The new state is computed beside the old one, which the model may still be reading, and
      // replaces it at the end.
      for (unsigned a = 0; a < resultStart; ++a)
        if (function.getArgAttr(a, "edge.state") == state) {
          Value fresh = memref::AllocOp::create(views, loc, bufferType(value.getType()));
          auto materialize =
              bufferization::MaterializeInDestinationOp::create(builder, loc, value, fresh);
          materialize.setRestrict(true);
          materialize.setWritable(true);
          stateCopies.emplace_back(fresh, body.getArgument(a));
        }
      continue;
    }
    outputAttrs.push_back(resultAttrs[i]);
    Value destination = body.addArgument(bufferType(value.getType()), loc);
    if (isEmpty(value.getType()))
      continue;
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
  for (auto [fresh, state] : stateCopies)
    linalg::CopyOp::create(builder, terminator.getLoc(), fresh, state);
  terminator.getOperandsMutable().clear();
  function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
  function.setAllResultAttrs(ArrayRef<DictionaryAttr>());
  for (auto [i, attributes] : llvm::enumerate(outputAttrs)) {
    if (attributes)
      function.setArgAttrs(resultStart + i, attributes);
    function.setArgAttr(resultStart + i, "edge.kind", builder.getStringAttr("output"));
  }
}

/// Whether a value is written where `destination` lies, as far as destination-passing ops tell.
bool endsIn(Value value, Value destination) {
  while (value != destination) {
    Operation *producer = value.getDefiningOp();
    if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(producer))
      value = insert.getDest();
    else if (auto insert = dyn_cast_or_null<tensor::InsertOp>(producer))
      value = insert.getDest();
    else if (auto structured = dyn_cast_or_null<DestinationStyleOpInterface>(producer))
      value = structured.getTiedOpOperand(cast<OpResult>(value))->get();
    else if (auto loop = dyn_cast_or_null<scf::ForOp>(producer))
      value = loop.getInitArgs()[cast<OpResult>(value).getResultNumber()];
    else
      return false;
  }
  return true;
}

/// A loop's buffers are the same in each iteration: what the body yields elsewhere is copied to
/// where the next iteration looks for it.
void copyYields(Operation *terminator, MutableOperandRange yielded, ValueRange destinations) {
  OpBuilder builder(terminator);
  for (auto [operand, destination] : llvm::zip_equal(yielded, destinations)) {
    Value value = operand.get();
    if (isa<RankedTensorType>(value.getType()) && !endsIn(value, destination))
      operand.set(
          linalg::CopyOp::create(builder, terminator->getLoc(), value, destination).getResult(0));
  }
}

void copyYields(Operation *root) {
  root->walk([](scf::ForOp op) {
    auto yield = cast<scf::YieldOp>(op.getBody()->getTerminator());
    copyYields(yield, yield.getResultsMutable(), op.getRegionIterArgs());
  });
  root->walk([](scf::WhileOp op) {
    MutableOperandRange passed = op.getConditionOp().getArgsMutable(),
                        yielded = op.getYieldOp().getResultsMutable();
    if (passed.size() != op.getBeforeArguments().size() ||
        yielded.size() != op.getAfterArguments().size())
      return; // bufferization will say so
    copyYields(op.getConditionOp(), passed, op.getBeforeArguments());
    copyYields(op.getYieldOp(), yielded, op.getAfterArguments());
  });
}

/// Whether two buffers are one: views of one buffer, from the same element on, that step alike.
bool isSamePlace(Value a, Value b) {
  auto rootOf = [](Value buffer) {
    while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
      buffer = view.getViewSource();
    return buffer;
  };
  auto from = cast<MemRefType>(a.getType()), to = cast<MemRefType>(b.getType());
  SmallVector<int64_t> steps, others;
  int64_t offset, other;
  if (from.getShape() != to.getShape() || rootOf(a) != rootOf(b) ||
      failed(from.getStridesAndOffset(steps, offset)) ||
      failed(to.getStridesAndOffset(others, other)) || ShapedType::isDynamic(offset) ||
      offset != other)
    return false;
  for (auto [extent, step, otherStep] : llvm::zip_equal(from.getShape(), steps, others))
    if (extent != 1 && (step != otherStep || ShapedType::isDynamic(step)))
      return false;
  return true;
}

struct BufferizeModel : public edgec::impl::BufferizeModelBase<BufferizeModel> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    IRRewriter rewriter(&getContext());
    for (auto function : module.getOps<func::FuncOp>()) {
      makeArguments(function);
      copyYields(function);
      writeThrough(function);
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
    // What was computed in its place is still "copied" there.
    module.walk([](linalg::CopyOp op) {
      if (isSamePlace(op.getInputs()[0], op.getOutputs()[0]))
        op.erase();
    });
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
