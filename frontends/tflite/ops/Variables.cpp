// What is kept between calls: resource variables, and the operators that read and write them.
#include "frontends/tflite/GraphImporter.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

FailureOr<Results> importHandle(NodeContext &ctx) {
  const auto &options = ctx.options<VarHandleOptions>();
  if (ctx.numOutputs() != 1 || ctx.outputTensor(0)->type() != tflite::TensorType::RESOURCE)
    return ctx.error("expects one output, a resource");
  std::string key = toString(options.shared_name()).str();
  if (StringRef container = toString(options.container()); !container.empty())
    key = (container + "/" + key).str();
  ctx.getImporter().getScope().resources[ctx.node.outputs()->Get(0)] = key;
  return Results();
}

FailureOr<std::string> resourceOf(NodeContext &ctx) {
  auto &resources = ctx.getImporter().getScope().resources;
  auto it = sizeOf(ctx.node.inputs()) ? resources.find(ctx.node.inputs()->Get(0)) : resources.end();
  if (it == resources.end())
    return ctx.error("input 0 is not a variable that VAR_HANDLE names");
  return it->second;
}

bool inFunction(const NodeContext &ctx) {
  return isa<func::FuncOp>(ctx.b.getInsertionBlock()->getParentOp());
}

FailureOr<Results> importRead(NodeContext &ctx) {
  auto key = resourceOf(ctx);
  if (failed(key))
    return failure();
  const Tensor *output = ctx.outputTensor(0);
  Type element = output ? convertElementType(output->type(), ctx.b.getContext()) : Type();
  if (!element)
    return ctx.error("reads a variable of an element type that is not supported");
  // A type in the file, until something has been assigned.
  SmallVector<int64_t> shape(toArray(output->shape()));
  auto type = RankedTensorType::get(shape, element);
  State &state = ctx.getImporter().getState(*key);
  if (state.value)
    type = typeOf(state.value);
  else if (state.initial)
    type = cast<RankedTensorType>(cast<ElementsAttr>(state.initial).getType());
  return one(ctx.getImporter().readState(*key, type, ctx.loc));
}

FailureOr<Results> importAssign(NodeContext &ctx) {
  auto key = resourceOf(ctx);
  if (failed(key))
    return failure();
  if (!ctx.input(1))
    return ctx.error("input 1 is missing");
  State &state = ctx.getImporter().getState(*key);
  if (ctx.getImporter().initializing) {
    Attribute value;
    if (!matchPattern(ctx.input(1), m_Constant(&value)))
      return ctx.error("variable '") << *key << "' begins with a value that isn't a constant";
    auto tensor = edge::HostTensor::fromAttr(value);
    if (failed(tensor))
      return ctx.error("variable '") << *key << "' begins with a value that can't be read";
    // The arena begins with zeros already.
    bool zeros = llvm::all_of(tensor->bytes(), [](char byte) { return byte == 0; });
    state.initial = zeros ? Attribute() : value;
    return Results();
  }
  if (!inFunction(ctx))
    return ctx.error("a variable that is assigned within IF or WHILE is not supported");
  // The state has a place even where this call has not read it: a later one may.
  if (!state.argument && !ctx.getImporter().readState(*key, ctx.type(1), ctx.loc))
    return failure();
  if (state.argument.getType() != ctx.input(1).getType())
    return ctx.error("assigns ") << ctx.type(1) << " to variable '" << *key << "', which is "
                                 << state.argument.getType();
  state.value = ctx.input(1);
  return Results();
}

/// Before the first call: what it assigns is what variables begin with.
FailureOr<Results> importCallOnce(NodeContext &ctx) {
  bool outer = std::exchange(ctx.getImporter().initializing, true);
  auto results = ctx.getImporter().importSubgraph(
      ctx.options<CallOnceOptions>().init_subgraph_index(), {}, ctx.b, ctx.loc);
  ctx.getImporter().initializing = outer;
  if (failed(results))
    return failure();
  return Results();
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getVariableRows() {
  static constexpr OperatorRow rows[] = {
      {BuiltinOperator::ASSIGN_VARIABLE, importAssign, 0},
      {BuiltinOperator::CALL_ONCE, importCallOnce, 0},
      {BuiltinOperator::READ_VARIABLE, importRead, 0},
      {BuiltinOperator::VAR_HANDLE, importHandle, 0},
  };
  return rows;
}
