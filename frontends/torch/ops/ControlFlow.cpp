// Operators that hold graphs: cond and while_loop become scf, scan and map are unrolled; the rest
// is inlined.
#include "frontends/ControlFlow.h"
#include "frontends/torch/GraphImporter.h"
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// Loops of a known length are unrolled up to this many copies of a node.
constexpr int64_t kUnrolledNodes = 4096;

FailureOr<Results> importGraph(NodeContext &ctx, const Bound &graph, ValueRange inputs,
                               OpBuilder &b) {
  if (!graph.graph)
    return ctx.error("holds no graph");
  return ctx.getImporter().importSubgraph(*graph.graph, inputs, b, ctx.loc);
}

FailureOr<Results> importCond(NodeContext &ctx) {
  const Bound *graphs[] = {&ctx.arguments[1], &ctx.arguments[2]};
  ArrayRef<Value> operands = ctx.arguments[3].tensors;
  auto branch = [&](int i, OpBuilder &b) { return importGraph(ctx, *graphs[i], operands, b); };
  if (!ctx.arguments[0].numbers.empty())
    return branch(ctx.arguments[0].numbers[0].integer ? 0 : 1, ctx.b);
  if (auto known = ctx.tryConstant(0); succeeded(known) && known->getNumElements() == 1)
    return branch(known->getInt(0) ? 0 : 1, ctx.b);
  if (!ctx.input(0) || ctx.type(0).getNumElements() != 1)
    return ctx.error("the condition must be a boolean of one element");
  return createIf(ctx, isNonzero(ctx, ctx.input(0)), branch);
}

/// The condition and the body see the carried tensors, then the others.
FailureOr<Results> importWhile(NodeContext &ctx) {
  ArrayRef<Value> carried = ctx.arguments[2].tensors, others = ctx.arguments[3].tensors;
  auto all = [&](ValueRange values) {
    SmallVector<Value> inputs(values);
    inputs.append(others.begin(), others.end());
    return inputs;
  };
  return createWhile(
      ctx, carried,
      [&](OpBuilder &b, ValueRange values) {
        return importGraph(ctx, ctx.arguments[0], all(values), b);
      },
      [&](OpBuilder &b, ValueRange values) {
        return importGraph(ctx, ctx.arguments[1], all(values), b);
      });
}

/// Item `index` of the first dimension of each.
SmallVector<Value> items(const NodeContext &ctx, ArrayRef<Value> values, int64_t index) {
  SmallVector<Value> result;
  for (Value value : values)
    result.push_back(dropUnits(ctx, sliceAlong(ctx, value, 0, index, index + 1), {0}));
  return result;
}

/// Runs a graph on carried tensors, items of `sequences` and `others`, for each item; results after
/// the carried ones are stacked.
FailureOr<Results> unrolled(NodeContext &ctx, const Bound &graph, ArrayRef<Value> initial,
                            ArrayRef<Value> sequences, ArrayRef<Value> others) {
  int64_t length = -1;
  for (Value sequence : sequences) {
    if (typeOf(sequence).getRank() == 0 || (length >= 0 && shapeOf(sequence)[0] != length))
      return ctx.error("runs over tensors of different lengths");
    length = shapeOf(sequence)[0];
  }
  if (length < 1 || !graph.graph ||
      length * static_cast<int64_t>(graph.graph->nodes.size()) > kUnrolledNodes)
    return ctx.error("has ") << length << " steps, which is too long to unroll";
  SmallVector<Value> carried(initial);
  SmallVector<SmallVector<Value>> stacked;
  for (int64_t i = 0; i < length; ++i) {
    SmallVector<Value> inputs(carried);
    inputs.append(items(ctx, sequences, i));
    inputs.append(others.begin(), others.end());
    auto results = importGraph(ctx, graph, inputs, ctx.b);
    if (failed(results))
      return failure();
    if (results->size() < carried.size())
      return ctx.error("gives ") << results->size() << " results for " << carried.size()
                                 << " carried tensors";
    stacked.resize(results->size() - carried.size());
    for (auto [c, value] : llvm::enumerate(carried))
      value = (*results)[c];
    for (size_t s = 0; s < stacked.size(); ++s)
      stacked[s].push_back((*results)[carried.size() + s]);
  }
  Results results(carried);
  for (ArrayRef<Value> parts : stacked)
    results.push_back(stack(ctx, parts, 0));
  return results;
}

FailureOr<Results> importScan(NodeContext &ctx) {
  return unrolled(ctx, ctx.arguments[0], ctx.arguments[1].tensors, ctx.arguments[2].tensors,
                  ctx.arguments[3].tensors);
}
FailureOr<Results> importMap(NodeContext &ctx) {
  return unrolled(ctx, ctx.arguments[0], {}, ctx.arguments[1].tensors, ctx.arguments[2].tensors);
}

/// A region in which gradients are off: a graph and its operands.
FailureOr<Results> importInlined(NodeContext &ctx) {
  size_t count = ctx.arguments.size();
  return importGraph(ctx, ctx.arguments[count - 2], ctx.arguments[count - 1].tensors, ctx.b);
}

/// A region in which torch chooses types, or, as many models have it, is told not to. Its graph
/// says nothing of the casts that it would take.
FailureOr<Results> importAutocast(NodeContext &ctx) {
  if (!ctx.flag("enabled"))
    return importInlined(ctx);
  auto diagnostic = ctx.error("is a region of torch.autocast, which chooses types when it runs");
  diagnostic.attachNote() << "save run_decompositions() of the exported program, which has its "
                             "casts, or export the model without autocast";
  return diagnostic;
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getControlFlowRows() {
  // Their arguments have no names in files: these are for messages.
  static const OperatorRow rows[] = {
      {"higher_order::cond(Scalar condition, Graph true_graph, Graph false_graph, Tensor[] "
       "operands=[]) -> Tensor[]",
       importCond},
      {"higher_order::while_loop(Graph condition, Graph body, Tensor[] carried, Tensor[] "
       "others=[]) -> Tensor[]",
       importWhile},
      {"higher_order::scan(Graph body, Tensor[] initial, Tensor[] sequences, Tensor[] others=[]) "
       "-> Tensor[]",
       importScan},
      {"higher_order::map_impl(Graph body, Tensor[] sequences, Tensor[] others=[]) -> Tensor[]",
       importMap},
      {"higher_order::wrap_with_set_grad_enabled(bool enabled, Graph body, Tensor[] *operands=[]) "
       "-> Tensor[]",
       importInlined},
      {"higher_order::wrap_with_autocast(str device_type, ScalarType? dtype, bool enabled, bool? "
       "cache_enabled, Graph body, Tensor[] *operands=[]) -> Tensor[]",
       importAutocast},
  };
  return rows;
}
