#include "dialects/Edge/HostTensor.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/memory/OrderPlanner.h"
#include "passes/memory/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_ORDEROPS
#include "passes/memory/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Ops that only give another name to memory, or none at all.
bool isView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp,
             tensor::ExtractSliceOp>(op);
}
bool takesNoPart(Operation *op) {
  return isView(op) || isa<tensor::EmptyOp, memref::AllocOp>(op) || matchPattern(op, m_Constant());
}

/// The value whose memory a value lies in.
Value rootOf(Value value) {
  while (Operation *producer = value.getDefiningOp()) {
    if (!isView(producer))
      break;
    value = producer->getOperand(0);
  }
  return value;
}

int64_t bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape()
             ? type.getNumElements() * edge::elementBytes(type.getElementType())
             : 0;
}

/// All values that an op reads, in its regions too.
llvm::SetVector<Value> readsOf(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, values);
  return values;
}

struct OrderOps : public edgec::impl::OrderOpsBase<OrderOps> {
  void runOnOperation() override {
    Block &body = getOperation().getBody().front();
    OrderGraph graph;
    SmallVector<Operation *> nodes;
    llvm::DenseMap<Value, int32_t> tensors;
    for (Operation &op : body.without_terminator()) {
      if (takesNoPart(&op))
        continue;
      bool scalarOnly =
          llvm::none_of(op.getResultTypes(), [](Type type) { return isa<RankedTensorType>(type); });
      if (scalarOnly && !isMemoryEffectFree(&op))
        return; // a check stands between what comes before and after it
      OrderOp node;
      for (Value read : readsOf(&op)) {
        auto found = tensors.find(rootOf(read));
        if (found != tensors.end() && !llvm::is_contained(node.inputs, found->second))
          node.inputs.push_back(found->second);
      }
      for (OpResult result : op.getResults()) {
        int32_t id = static_cast<int32_t>(graph.tensors.size());
        tensors[result] = id;
        graph.tensors.push_back({bytesOf(result), false});
        node.outputs.push_back(id);
      }
      addInPlace(&op, tensors, graph, node);
      graph.ops.push_back(node);
      nodes.push_back(&op);
    }
    // What the model returns lies in the caller's buffers.
    for (Value result : body.getTerminator()->getOperands())
      if (auto found = tensors.find(rootOf(result)); found != tensors.end())
        graph.tensors[found->second] = {0, true};
    OrderPlan plan = planOrder(graph);
    if (!plan.valid || !plan.changed)
      return;

    llvm::SetVector<Operation *> order;
    std::function<void(Operation *)> emit = [&](Operation *op) {
      for (Value read : readsOf(op))
        if (Operation *producer = read.getDefiningOp();
            producer && producer->getBlock() == &body && takesNoPart(producer))
          emit(producer);
      order.insert(op);
    };
    for (int32_t index : plan.order)
      emit(nodes[index]);
    for (Operation &op : body.without_terminator())
      emit(&op);
    for (Operation *op : order)
      op->moveBefore(body.getTerminator());
  }

  /// A result may lie where an operand of its size ends: the destination, or what an elementwise op
  /// reads at the same index.
  static void addInPlace(Operation *op, const llvm::DenseMap<Value, int32_t> &tensors,
                         const OrderGraph &graph, OrderOp &node) {
    auto structured = dyn_cast<DestinationStyleOpInterface>(op);
    if (!structured || op->getNumResults() != 1)
      return;
    auto add = [&](Value operand) {
      auto found = tensors.find(rootOf(operand));
      if (found == tensors.end() ||
          graph.tensors[found->second].size != graph.tensors[node.outputs[0]].size)
        return;
      auto at = llvm::find(node.inputs, found->second);
      if (at != node.inputs.end())
        node.inPlace.push_back({0, static_cast<int32_t>(at - node.inputs.begin())});
    };
    add(structured.getDpsInitOperand(0)->get());
    if (auto contraction = dyn_cast<kernel::ContractionOpInterface>(op))
      for (Value extra : OperandRange(contraction.getEpilogueOperands()))
        if (extra.getType() == op->getResult(0).getType())
          add(extra);
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || generic.getNumReductionLoops())
      return;
    for (OpOperand *input : generic.getDpsInputOperands())
      if (generic.getMatchingIndexingMap(input).isIdentity())
        add(input->get());
  }
};

} // namespace
