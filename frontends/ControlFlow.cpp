#include "frontends/ControlFlow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec;

Value edgec::extractScalar(const OpContext &ctx, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> index(type.getRank(), Value());
  for (Value &i : index)
    i = arith::ConstantIndexOp::create(ctx.b, ctx.loc, 0);
  return tensor::ExtractOp::create(ctx.b, ctx.loc, tensor, index);
}

Value edgec::stack(const OpContext &ctx, ArrayRef<Value> values, int64_t axis) {
  SmallVector<Value> parts;
  for (Value value : values) {
    if (!value)
      return {};
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + axis, 1);
    parts.push_back(ctx.reshape(value, shape));
  }
  return ctx.create<edge::ConcatOp>(parts, axis);
}

FailureOr<Results> edgec::createIf(const OpContext &ctx, Value flag,
                                   llvm::function_ref<FailureOr<Results>(int, OpBuilder &)> branch,
                                   StringRef note) {
  if (!flag)
    return failure();
  Value condition = extractScalar(ctx, flag);
  // The result types are known only when both branches have been imported: into an op without
  // results first.
  auto draft = scf::IfOp::create(ctx.b, ctx.loc, TypeRange(), condition, /*addThenBlock=*/true,
                                 /*addElseBlock=*/true);
  Results results[2];
  for (int i = 0; i < 2; ++i) {
    OpBuilder inner = OpBuilder::atBlockBegin(&draft->getRegion(i).front());
    auto imported = branch(i, inner);
    if (failed(imported))
      return failure();
    results[i] = *imported;
    if (Block &block = draft->getRegion(i).front(); block.mightHaveTerminator())
      block.getTerminator()->erase();
    inner.setInsertionPointToEnd(&draft->getRegion(i).front());
    scf::YieldOp::create(inner, ctx.loc, results[i]);
  }
  if (results[0].size() != results[1].size())
    return ctx.error("the branches have different numbers of outputs");
  for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(results[0], results[1])))
    if (auto [a, b] = pair; a.getType() != b.getType()) {
      auto diagnostic = ctx.error("output " + Twine(i) + " has type ")
                        << a.getType() << " on one way and " << b.getType() << " on the other";
      if (!note.empty())
        diagnostic.attachNote() << note;
      return diagnostic;
    }
  auto op = scf::IfOp::create(ctx.b, ctx.loc, ValueRange(results[0]).getTypes(), condition,
                              /*addThenBlock=*/false,
                              /*addElseBlock=*/false);
  op.getThenRegion().takeBody(draft.getThenRegion());
  op.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  return Results(op.getResults());
}

FailureOr<Results>
edgec::createWhile(const OpContext &ctx, ArrayRef<Value> carried,
                   llvm::function_ref<FailureOr<Results>(OpBuilder &, ValueRange)> condition,
                   llvm::function_ref<FailureOr<Results>(OpBuilder &, ValueRange)> body) {
  OpBuilder &b = ctx.b;
  SmallVector<Type> types(ValueRange(carried).getTypes());
  auto loop = scf::WhileOp::create(b, ctx.loc, types, carried);
  SmallVector<Location> locations(types.size(), ctx.loc);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
  OpBuilder inner = OpBuilder::atBlockEnd(before);
  auto go = condition(inner, before->getArguments());
  if (failed(go))
    return failure();
  auto type =
      go->size() == 1 ? dyn_cast<RankedTensorType>(go->front().getType()) : RankedTensorType();
  if (!type || type.getNumElements() != 1 || !type.getElementType().isInteger(1))
    return ctx.error("the condition must be a boolean of one element");
  OpContext at(inner, ctx.loc);
  scf::ConditionOp::create(inner, ctx.loc, extractScalar(at, go->front()), before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
  inner.setInsertionPointToEnd(after);
  auto next = body(inner, after->getArguments());
  if (failed(next))
    return failure();
  if (next->size() != types.size())
    return ctx.error("the loop's body has ")
           << next->size() << " outputs for " << types.size() << " carried values";
  for (auto [value, expected] : llvm::zip_equal(*next, types))
    if (value.getType() != expected)
      return ctx.error("") << "a loop-carried value changes its type from " << expected << " to "
                           << value.getType();
  scf::YieldOp::create(inner, ctx.loc, *next);
  return Results(loop.getResults());
}
