// IF, WHILE and CALL.
#include "frontends/tflite/GraphImporter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// The one boolean of a tensor, or null after an error.
Value extractFlag(const NodeContext &ctx, OpBuilder &b, Value tensor) {
  auto type = typeOf(tensor);
  if (!type.getElementType().isInteger(1) || type.getNumElements() != 1) {
    ctx.error("expects a condition of one boolean, but got ") << type;
    return {};
  }
  SmallVector<Value> index(type.getRank());
  for (Value &i : index)
    i = arith::ConstantIndexOp::create(b, ctx.loc, 0);
  return tensor::ExtractOp::create(b, ctx.loc, tensor, index);
}

SmallVector<Value> inputsFrom(const NodeContext &ctx, unsigned first) {
  SmallVector<Value> values;
  for (unsigned i = first; i < ctx.numInputs(); ++i)
    values.push_back(ctx.input(i));
  return values;
}

FailureOr<Results> importCall(NodeContext &ctx) {
  return ctx.getImporter().importSubgraph(ctx.options<CallOptions>().subgraph(), inputsFrom(ctx, 0),
                                          ctx.b, ctx.loc);
}

FailureOr<Results> importIf(NodeContext &ctx) {
  const auto &options = ctx.options<IfOptions>();
  int64_t graphs[2] = {options.then_subgraph_index(), options.else_subgraph_index()};
  SmallVector<Value> inputs = inputsFrom(ctx, 1);
  if (auto known = ctx.tryConstant(0); succeeded(known) && known->getNumElements() == 1)
    return ctx.getImporter().importSubgraph(graphs[known->getInt(0) ? 0 : 1], inputs, ctx.b,
                                            ctx.loc);
  Value condition = extractFlag(ctx, ctx.b, ctx.input(0));
  if (!condition)
    return failure();
  // The result types are known only when a branch has been imported: into regions first.
  Region regions[2];
  Results results[2];
  for (int i = 0; i < 2; ++i) {
    auto branch = scf::ExecuteRegionOp::create(ctx.b, ctx.loc, TypeRange());
    Block &block = branch.getRegion().emplaceBlock();
    OpBuilder inner = OpBuilder::atBlockBegin(&block);
    auto imported = ctx.getImporter().importSubgraph(graphs[i], inputs, inner, ctx.loc);
    if (failed(imported))
      return failure();
    results[i] = *imported;
    scf::YieldOp::create(inner, ctx.loc, results[i]);
    regions[i].takeBody(branch.getRegion());
    branch.erase();
  }
  if (TypeRange(ValueRange(results[0])) != TypeRange(ValueRange(results[1])))
    return ctx.error("the branches give results of different types");
  auto op = scf::IfOp::create(ctx.b, ctx.loc, ValueRange(results[0]).getTypes(), condition,
                              /*addThenBlock=*/false, /*addElseBlock=*/false);
  op.getThenRegion().takeBody(regions[0]);
  op.getElseRegion().takeBody(regions[1]);
  return Results(op.getResults());
}

FailureOr<Results> importWhile(NodeContext &ctx) {
  const auto &options = ctx.options<WhileOptions>();
  SmallVector<Value> inits = inputsFrom(ctx, 0);
  if (llvm::is_contained(inits, Value()))
    return ctx.error("an input is missing");
  OpBuilder &b = ctx.b;
  SmallVector<Type> types(ValueRange(inits).getTypes());
  SmallVector<Location> locations(types.size(), ctx.loc);
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::WhileOp::create(b, ctx.loc, types, inits);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
  OpBuilder inner = OpBuilder::atBlockEnd(before);
  auto condition = ctx.getImporter().importSubgraph(options.cond_subgraph_index(),
                                                    before->getArguments(), inner, ctx.loc);
  if (failed(condition))
    return failure();
  if (condition->size() != 1)
    return ctx.error("the condition's subgraph has ") << condition->size() << " outputs, not one";
  Value go = extractFlag(ctx, inner, condition->front());
  if (!go)
    return failure();
  scf::ConditionOp::create(inner, ctx.loc, go, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
  inner.setInsertionPointToEnd(after);
  auto results = ctx.getImporter().importSubgraph(options.body_subgraph_index(),
                                                  after->getArguments(), inner, ctx.loc);
  if (failed(results))
    return failure();
  if (TypeRange(ValueRange(*results)) != TypeRange(types))
    return ctx.error("the body's results don't have the types of the values that it is given");
  scf::YieldOp::create(inner, ctx.loc, *results);
  return Results(loop.getResults());
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getControlFlowRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::CALL, importCall, 0},
      {BuiltinOperator::IF, importIf},
      {BuiltinOperator::WHILE, importWhile, 0},
  };
  return rows;
}
