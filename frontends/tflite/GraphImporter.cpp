#include "frontends/tflite/GraphImporter.h"
#include "dialects/Edge/Lowering.h"
#include "dialects/Edge/QuantizedSlices.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

static constexpr int64_t kMostOperators = 1 << 18;

GraphImporter::GraphImporter(const LoadedModel &model, const ImportOptions &options,
                             MLIRContext *context)
    : model(model), options(options), context(context) {}

/// The name of the operator's first output, which is unique and what viewers show; `CONV_2D#12`
/// where it has none.
Location GraphImporter::location(const SubGraph &graph, const Operator &node, StringRef prefix,
                                 size_t index) {
  std::string name;
  if (sizeOf(node.outputs()))
    name = toString(graph.tensors()->Get(node.outputs()->Get(0))->name()).str();
  if (name.empty())
    name = nameOf(*model.model->operator_codes()->Get(node.opcode_index())) + "#" +
           std::to_string(index);
  if (!prefix.empty())
    name = (prefix + "/" + name).str();
  return NameLoc::get(StringAttr::get(context, name),
                      FileLineColLoc::get(context, model.fileName, 0, 0));
}

//===- Which operators there are --------------------------------------------------------------===//

/// Emits an error for each operator, of all subgraphs, that no row covers. Returns whether there
/// was one.
bool GraphImporter::reportUnsupported() {
  bool any = false;
  for (const SubGraph *graph : *model.model->subgraphs())
    for (size_t i = 0; i < sizeOf(graph->operators()); ++i) {
      const Operator *node = graph->operators()->Get(i);
      const OperatorCode &code = *model.model->operator_codes()->Get(node->opcode_index());
      const OperatorRow *row = findRow(builtinOf(code));
      if (row && (row->maxVersion == 0 || code.version() <= row->maxVersion))
        continue;
      any = true;
      Location loc = location(*graph, *node, "", i);
      if (row) {
        emitError(loc) << "operator '" << nameOf(code) << "' has version " << code.version()
                       << "; known are 1 to " << row->maxVersion;
        continue;
      }
      bool custom = builtinOf(code) == BuiltinOperator::CUSTOM;
      auto diagnostic = emitError(loc) << (custom ? "custom operator '" : "operator '")
                                       << nameOf(code) << "' is not supported";
      if (custom)
        diagnostic.attachNote() << "what a custom operator computes is known only to the program "
                                   "that it was made for; convert the model without it";
      else if (StringRef reason = getRefusal(builtinOf(code)); !reason.empty())
        diagnostic.attachNote() << reason;
      else
        diagnostic.attachNote() << "'edgec ops' lists those that are";
    }
  return any;
}

//===- Inputs ---------------------------------------------------------------------------------===//

FailureOr<SmallVector<RankedTensorType>> GraphImporter::inputTypes() {
  const SubGraph &graph = *model.model->subgraphs()->Get(0);
  Location file = FileLineColLoc::get(context, model.fileName, 0, 0);
  SmallVector<std::string> names;
  for (int32_t tensor : toArray(graph.inputs()))
    names.push_back(publicName(*model.model, tensor, /*isInput=*/true));
  if (failed(checkInputNames(options, names, file)))
    return failure();

  SmallVector<RankedTensorType> types;
  for (auto [name, index] : llvm::zip_equal(names, toArray(graph.inputs()))) {
    const Tensor *tensor = graph.tensors()->Get(index);
    Location loc = NameLoc::get(StringAttr::get(context, name), file);
    Type element = convertElementType(tensor->type(), context);
    if (!element)
      return emitError(loc) << "input '" << name << "' has element type " << nameOf(tensor->type())
                            << ", which is not supported";
    // Open extents have a size in the file that a runtime begins with, usually 1.
    SmallVector<int64_t> shape(toArray(tensor->shape()));
    if (auto given = options.shapes.find(name); given != options.shapes.end()) {
      auto signature =
          toArray(sizeOf(tensor->shape_signature()) ? tensor->shape_signature() : tensor->shape());
      if (given->second.size() != shape.size()) {
        std::string declared;
        for (int32_t extent : signature)
          declared += (declared.empty() ? "" : "x") +
                      (extent < 0 ? std::string("?") : std::to_string(extent));
        return emitError(loc) << "--shape gives input '" << name
                              << "' a shape that does not fit the model's " << declared;
      }
      shape.assign(given->second.begin(), given->second.end());
    }
    if (failed(edge::checkShape(loc, "input", shape)))
      return failure();
    types.push_back(RankedTensorType::get(shape, element));
  }
  return types;
}

//===- The module -----------------------------------------------------------------------------===//

OwningOpRef<ModuleOp> GraphImporter::import() {
  const SubGraph &graph = *model.model->subgraphs()->Get(0);
  Location file = FileLineColLoc::get(context, model.fileName, 0, 0);
  if (reportUnsupported())
    return {};
  auto types = inputTypes();
  if (failed(types))
    return {};

  OwningOpRef<ModuleOp> module = ModuleOp::create(file);
  (*module)->setAttr(edge::kRoundingAttr,
                     edge::RoundingAttr::get(context, edge::Rounding::fixed_point));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, file, "main", builder.getFunctionType({}, {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  Scope scope{graph, {}, {}, {}};
  SmallVector<std::string> argumentNames;
  for (auto [index, type] : llvm::zip_equal(toArray(graph.inputs()), *types)) {
    std::string name = publicName(*model.model, index, /*isInput=*/true);
    auto value = options.values.find(name);
    if (value == options.values.end()) {
      if (scope.values.count(index)) {
        emitError(file) << "names input '" << name << "' twice";
        return {};
      }
      scope.values[index] = body->addArgument(type, file);
      argumentNames.push_back(name);
      continue;
    }
    double number;
    edge::HostTensor tensor(type);
    if (StringRef(value->second).getAsDouble(number)) {
      emitError(file) << "--set " << name << "=" << value->second << " is not a number";
      return {};
    }
    for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
      tensor.setFloat(i, number);
    scope.values[index] = edge::ConstantOp::create(builder, file, tensor.toAttr());
  }

  if (failed(importOperators(scope, builder, "")))
    return {};

  SmallVector<Value> results;
  SmallVector<std::string> resultNames;
  for (int32_t index : toArray(graph.outputs())) {
    Value value = lookup(index, scope, builder, file);
    if (!value)
      return {};
    results.push_back(value);
    resultNames.push_back(publicName(*model.model, index, /*isInput=*/false));
  }
  if (results.empty()) {
    emitError(file) << "has no outputs";
    return {};
  }
  states.finish(function, builder, results);
  func::ReturnOp::create(builder, file, results);
  function.setType(
      builder.getFunctionType(body->getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(argumentNames))
    function.setArgAttr(i, kNameAttr, builder.getStringAttr(name));
  for (auto [i, name] : llvm::enumerate(resultNames))
    function.setResultAttr(i, kNameAttr, builder.getStringAttr(name));
  if (failed(noteQuantized(graph)))
    return {};
  // Numbers after those that `--state` gives.
  states.mark(function, options.states.size());
  return module;
}

/// What the integers of an input or output stand for: a null attribute where they are numbers
/// themselves.
FailureOr<TypeAttr> GraphImporter::quantization(const SubGraph &graph, int32_t index, Type type) {
  const Tensor &tensor = *graph.tensors()->Get(index);
  auto shaped = cast<RankedTensorType>(type);
  if (!isQuantized(tensor) || sizeOf(tensor.quantization()->scale()) != 1 ||
      shaped.getElementTypeBitWidth() > 32)
    return TypeAttr();
  FailureOr<quant::QuantizedType> found =
      quantizedType(tensor, toString(tensor.name()), shaped.getRank(), function.getLoc());
  if (failed(found))
    return failure();
  return TypeAttr::get(*found);
}

/// Notes that on arguments and results.
LogicalResult GraphImporter::noteQuantized(const SubGraph &graph) {
  unsigned argument = 0;
  for (int32_t index : toArray(graph.inputs())) {
    if (options.values.count(publicName(*model.model, index, /*isInput=*/true)))
      continue;
    FailureOr<TypeAttr> type = quantization(graph, index, function.getArgumentTypes()[argument]);
    if (failed(type))
      return failure();
    if (*type)
      function.setArgAttr(argument, edge::kQuantizedAttr, *type);
    ++argument;
  }
  for (auto [result, index] : llvm::enumerate(toArray(graph.outputs()))) {
    FailureOr<TypeAttr> type = quantization(graph, index, function.getResultTypes()[result]);
    if (failed(type))
      return failure();
    if (*type)
      function.setResultAttr(result, edge::kQuantizedAttr, *type);
  }
  return success();
}

//===- Operators ------------------------------------------------------------------------------===//

Value GraphImporter::lookup(int32_t index, Scope &scope, OpBuilder &builder, Location loc) {
  if (auto it = scope.values.find(index); it != scope.values.end())
    return it->second;
  if (scope.poisoned.contains(index))
    return {}; // its error has been emitted
  const Tensor *tensor = scope.graph.tensors()->Get(index);
  std::string name = nameOf(scope.graph, index);
  Location at = NameLoc::get(StringAttr::get(context, name),
                             FileLineColLoc::get(context, model.fileName, 0, 0));
  if (!sizeOf(model.model->buffers()->Get(tensor->buffer())->data())) {
    bool empty = llvm::is_contained(toArray(tensor->shape()), 0);
    if (!empty) {
      emitError(loc) << "tensor '" << name << "' is not produced by any operator before this one";
      return {};
    }
  }
  auto attr = readTensor(model, *tensor, name, at);
  if (failed(attr)) {
    scope.poisoned.insert(index);
    return {};
  }
  // At the start of the function, so that it dominates every region of it.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  return scope.values[index] = edge::ConstantOp::create(builder, at, *attr);
}

LogicalResult GraphImporter::importOperators(Scope &scope, OpBuilder &builder, StringRef prefix) {
  bool failedAny = false;
  Scope *outer = std::exchange(currentScope, &scope);
  for (size_t i = 0; i < sizeOf(scope.graph.operators()); ++i) {
    const Operator &node = *scope.graph.operators()->Get(i);
    bool skip = llvm::any_of(toArray(node.inputs()),
                             [&](int32_t input) { return scope.poisoned.contains(input); });
    if (skip ||
        failed(importOperator(node, scope, builder, location(scope.graph, node, prefix, i)))) {
      failedAny = true;
      for (int32_t output : toArray(node.outputs()))
        scope.poisoned.insert(output);
    }
  }
  currentScope = outer;
  return failure(failedAny);
}

LogicalResult GraphImporter::importOperator(const Operator &node, Scope &scope, OpBuilder &builder,
                                            Location loc) {
  // Subgraphs are inlined, and a few that call each other twice would be very many.
  if (++imported > kMostOperators)
    return emitError(loc) << "is beyond the first " << kMostOperators
                          << " operators that are imported; more are not supported";
  const OperatorCode &code = *model.model->operator_codes()->Get(node.opcode_index());
  NodeContext ctx(*this, scope.graph, node, code, builder, loc);
  for (int32_t index : toArray(node.inputs())) {
    Value value;
    if (index >= 0) {
      const Tensor *tensor = scope.graph.tensors()->Get(index);
      bool isState = tensor->is_variable() && !scope.values.count(index);
      // Handles and states are no values: the rows that know them ask for them.
      if (!isState && tensor->type() != TensorType::RESOURCE &&
          !(value = lookup(index, scope, builder, loc)))
        return failure();
    }
    ctx.addInput(value);
  }
  const OperatorRow *row = findRow(builtinOf(code));
  if (!row)
    return emitError(loc) << "operator '" << nameOf(code) << "' is not supported";
  for (unsigned i = 0; i < row->required; ++i)
    if (!ctx.input(i))
      return emitError(loc) << "input " << i << " of operator '" << nameOf(code) << "' is missing";
  auto results = row->import(ctx);
  if (failed(results))
    return failure();
  for (auto [i, index] : llvm::enumerate(toArray(node.outputs()))) {
    const Tensor *tensor = scope.graph.tensors()->Get(index);
    if (scope.resources.count(index))
      continue;
    if (i >= results->size() || !(*results)[i])
      return emitError(loc) << "output " << i << " of operator '" << nameOf(code)
                            << "' is not supported";
    Type element = elementOf((*results)[i]);
    if (element != convertElementType(tensor->type(), context))
      return emitError(loc) << "operator '" << nameOf(code) << "' computes "
                            << nameOf(toTensorType(element)) << ", but its output '"
                            << nameOf(scope.graph, index) << "' is " << nameOf(tensor->type());
    scope.values[index] = (*results)[i];
  }
  return success();
}

FailureOr<Results> GraphImporter::importSubgraph(int64_t index, ValueRange inputs,
                                                 OpBuilder &builder, Location loc) {
  if (index < 0 || index >= static_cast<int64_t>(sizeOf(model.model->subgraphs())))
    return emitError(loc) << "names subgraph " << index << " of "
                          << sizeOf(model.model->subgraphs());
  const SubGraph &graph = *model.model->subgraphs()->Get(index);
  if (llvm::is_contained(active, index))
    return emitError(loc) << "subgraph " << index << " calls itself";
  if (sizeOf(graph.inputs()) != inputs.size())
    return emitError(loc) << "subgraph " << index << " has " << sizeOf(graph.inputs())
                          << " inputs, not " << inputs.size();
  Scope scope{graph, {}, {}, {}};
  for (auto [tensor, value] : llvm::zip_equal(toArray(graph.inputs()), inputs)) {
    if (!value)
      return emitError(loc) << "hands a resource or a missing value to subgraph " << index
                            << ", which is not supported";
    Type element = convertElementType(graph.tensors()->Get(tensor)->type(), context);
    if (element != elementOf(value))
      return emitError(loc) << "hands a value of type " << value.getType() << " to input '"
                            << nameOf(graph, tensor) << "' of subgraph " << index;
    scope.values[tensor] = value;
  }
  active.push_back(index);
  LogicalResult imported = importOperators(scope, builder, cast<NameLoc>(loc).getName().getValue());
  active.pop_back();
  if (failed(imported))
    return failure();
  Results results;
  for (int32_t output : toArray(graph.outputs())) {
    results.push_back(lookup(output, scope, builder, loc));
    if (!results.back())
      return failure();
  }
  return results;
}
