#include "frontends/onnx/GraphImporter.h"
#include "dialects/Edge/Lowering.h"
#include "dialects/Edge/QuantizedSlices.h"
#include "frontends/onnx/Tensors.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "onnx/defs/schema.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

/// The newest operator set of the default domain whose schemas are built in and whose rows are
/// right.
static constexpr int64_t kNewestOpset = 28;
static constexpr int64_t kOldestOpset = 7;

static std::string normalizeDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

static std::string displayName(const onnx::NodeProto &node) {
  std::string domain = normalizeDomain(node.domain());
  return domain.empty() ? node.op_type() : domain + "." + node.op_type();
}

static std::string functionKey(StringRef domain, StringRef name) {
  return (domain + ":" + name).str();
}

GraphImporter::GraphImporter(const LoadedModel &model, const ImportOptions &options,
                             MLIRContext *context)
    : model(model), options(options), context(context) {
  for (const auto &import : model.proto->opset_import())
    modelOpsets[normalizeDomain(import.domain())] = import.version();
  for (const auto &function : model.proto->functions())
    functions[functionKey(normalizeDomain(function.domain()), function.name())] = &function;
}

Location GraphImporter::location(const onnx::NodeProto &node, StringRef prefix, size_t index) {
  std::string name =
      node.name().empty() ? node.op_type() + "#" + std::to_string(index) : node.name();
  if (!prefix.empty())
    name = (prefix + "/" + name).str();
  return NameLoc::get(StringAttr::get(context, name),
                      FileLineColLoc::get(context, model.fileName, 0, 0));
}

//===- Which operators there are
//-----------------------------------------------------------------===//

static const onnx::OpSchema *findSchema(const std::string &domain, const std::string &name,
                                        int64_t version) {
  return onnx::OpSchemaRegistry::Schema(name, static_cast<int>(version), domain);
}

/// Emits an error for each node, subgraphs included, that neither a row nor a function covers.
/// Returns whether there was one.
bool GraphImporter::reportUnsupported(const onnx::GraphProto &graph, const Opsets &opsets) {
  bool any = false;
  for (auto [index, node] : llvm::enumerate(graph.node())) {
    Location loc = location(node, "", index);
    std::string domain = normalizeDomain(node.domain());
    auto version = opsets.find(domain);
    bool local = functions.count(functionKey(domain, node.op_type()));
    const onnx::OpSchema *schema =
        version == opsets.end() ? nullptr : findSchema(domain, node.op_type(), version->second);
    if (version == opsets.end() && !local) {
      emitError(loc) << "operator '" << displayName(node)
                     << "' is of a domain that the model doesn't import";
      any = true;
    } else if (!local && !findRow(domain, node.op_type()) &&
               !(schema && (schema->HasFunction() || schema->HasContextDependentFunction()))) {
      auto diagnostic = emitError(loc) << "operator '" << displayName(node) << "' is not supported";
      if (!schema)
        diagnostic.attachNote() << "it is not an operator of "
                                << (domain.empty() ? std::string("ONNX") : "'" + domain + "'")
                                << " opset " << (version == opsets.end() ? 0 : version->second)
                                << " either; export the model without custom operators";
      else if (StringRef reason = domain.empty() ? getRefusal(node.op_type()) : StringRef();
               !reason.empty())
        diagnostic.attachNote() << reason;
      else
        diagnostic.attachNote() << "'edgec ops' lists those that are";
      any = true;
    }
    for (const auto &attribute : node.attribute())
      if (attribute.has_g())
        any |= reportUnsupported(attribute.g(), opsets);
  }
  return any;
}

//===- The function
//------------------------------------------------------------------------------===//

FailureOr<SmallVector<RankedTensorType>>
GraphImporter::inputTypes(ArrayRef<const onnx::ValueInfoProto *> inputs) {
  bool failedAny = false;
  Location file = FileLineColLoc::get(context, model.fileName, 0, 0);
  std::vector<std::string> names;
  for (const auto *input : inputs)
    names.push_back(input->name());
  if (failed(checkInputNames(options, names, file)))
    return failure();

  // A symbol bound through one input is bound for all.
  std::map<std::string, int64_t> symbols;
  for (const auto *input : inputs) {
    auto given = options.shapes.find(input->name());
    const auto &dims = input->type().tensor_type().shape().dim();
    if (given != options.shapes.end() && given->second.size() == static_cast<size_t>(dims.size()))
      for (auto [dim, extent] : llvm::zip_equal(dims, given->second))
        if (dim.has_dim_param() && !dim.dim_param().empty())
          symbols.emplace(dim.dim_param(), extent);
  }
  SmallVector<RankedTensorType> types;
  for (const auto *input : inputs) {
    Location loc = NameLoc::get(StringAttr::get(context, input->name()), file);
    if (!input->type().has_tensor_type()) {
      emitError(loc) << "input '" << input->name()
                     << "' is a sequence, map or optional; only tensors are supported";
      failedAny = true;
      types.emplace_back();
      continue;
    }
    const auto &tensor = input->type().tensor_type();
    Type element = convertElementType(tensor.elem_type(), context);
    if (!element) {
      emitError(loc) << "input '" << input->name() << "' has element type "
                     << dataTypeName(tensor.elem_type()) << ", which is not supported";
      failedAny = true;
      types.emplace_back();
      continue;
    }
    SmallVector<int64_t> shape;
    std::string text; // as the user would have to write it
    bool bound = true;
    auto given = options.shapes.find(input->name());
    if (given != options.shapes.end()) {
      shape.assign(given->second.begin(), given->second.end());
      bool fits =
          !tensor.has_shape() || tensor.shape().dim_size() == static_cast<int>(shape.size());
      if (fits && tensor.has_shape())
        for (auto [dim, extent] : llvm::zip_equal(tensor.shape().dim(), shape))
          fits &= !dim.has_dim_value() || dim.dim_value() == extent || dim.dim_value() < 0;
      if (!fits) {
        std::string declared;
        for (const auto &dim : tensor.shape().dim())
          declared +=
              (declared.empty() ? "" : "x") + (dim.has_dim_value() ? std::to_string(dim.dim_value())
                                               : dim.dim_param().empty() ? "?"
                                                                         : dim.dim_param());
        emitError(loc) << "--shape gives input '" << input->name()
                       << "' a shape that does not fit the model's " << declared;
        failedAny = true;
      }
    } else if (!tensor.has_shape()) {
      emitError(loc) << "input '" << input->name() << "' has no shape; give it with --shape "
                     << input->name() << "=...";
      failedAny = true;
    } else {
      for (const auto &dim : tensor.shape().dim()) {
        int64_t extent = -1;
        if (dim.has_dim_value())
          extent = dim.dim_value();
        else if (auto it = symbols.find(dim.dim_param()); it != symbols.end())
          extent = it->second;
        bound &= extent >= 0;
        text += (text.empty() ? "" : "x") + (extent >= 0               ? std::to_string(extent)
                                             : dim.dim_param().empty() ? std::string("?")
                                                                       : dim.dim_param());
        shape.push_back(extent);
      }
      if (!bound) {
        auto diagnostic = emitError(loc)
                          << "input '" << input->name() << "' has unbound dimensions: " << text;
        std::string example;
        for (int64_t extent : shape)
          example += (example.empty() ? "" : "x") + std::to_string(extent >= 0 ? extent : 1);
        diagnostic.attachNote() << "bind them with --shape " << input->name() << "=" << example
                                << " or other extents";
        failedAny = true;
      }
    }
    constexpr int64_t kLimit = int64_t(1) << 40;
    int64_t count = 1;
    bool fits = true;
    for (int64_t extent : shape) {
      fits &= extent <= 0 || count <= kLimit / extent;
      count *= fits && extent > 0 ? extent : 1;
    }
    if (!fits && bound) {
      emitError(loc) << "input '" << input->name() << "' has more than 2^40 elements";
      failedAny = true;
    }
    if (failedAny)
      types.emplace_back();
    else
      types.push_back(RankedTensorType::get(shape, element));
  }
  if (failedAny)
    return failure();
  return types;
}

/// ONNX doesn't say of inputs and outputs what their integers stand for, but the nodes at the
/// border do: `edge.quantized`, a quantized type, is for those who call the model.
static void describeQuantizations(func::FuncOp function) {
  auto describes = [](TypeAttr quantized) {
    auto type = dyn_cast<quant::UniformQuantizedType>(quantized.getValue());
    return type && type.getStorageTypeIntegralWidth() <= 16;
  };
  for (BlockArgument argument : function.getArguments()) {
    TypeAttr common;
    bool agree = !argument.use_empty();
    for (Operation *user : argument.getUsers()) {
      auto op = dyn_cast<edge::DequantizeOp>(user);
      agree &= op && (!common || common == op.getQuantizedAttr());
      if (op)
        common = op.getQuantizedAttr();
    }
    if (agree && describes(common))
      function.setArgAttr(argument.getArgNumber(), edge::kQuantizedAttr, common);
  }
  Operation *end = function.getBody().front().getTerminator();
  for (auto [i, result] : llvm::enumerate(end->getOperands()))
    if (auto op = result.getDefiningOp<edge::QuantizeOp>(); op && describes(op.getQuantizedAttr()))
      function.setResultAttr(i, edge::kQuantizedAttr, op.getQuantizedAttr());
}

OwningOpRef<ModuleOp> GraphImporter::import() {
  const onnx::GraphProto &graph = model.proto->graph();
  Location file = FileLineColLoc::get(context, model.fileName, 0, 0);
  if (auto it = modelOpsets.find("");
      it != modelOpsets.end() && (it->second > kNewestOpset || it->second < 1)) {
    auto diagnostic = emitError(file) << "uses ONNX opset " << it->second << "; known are "
                                      << kOldestOpset << " to " << kNewestOpset;
    diagnostic.attachNote()
        << "export it with an opset in that range, or convert it with onnx.version_converter";
    return {};
  }
  if (reportUnsupported(graph, modelOpsets))
    return {};

  llvm::StringSet<> initializerNames;
  for (const auto &tensor : graph.initializer())
    initializerNames.insert(tensor.name());
  SmallVector<const onnx::ValueInfoProto *> inputs;
  for (const auto &input : graph.input())
    if (!initializerNames.contains(input.name()))
      inputs.push_back(&input);
  if (graph.sparse_initializer_size()) {
    emitError(file) << "has sparse initializers, which are not supported; export dense ones";
    return {};
  }
  auto types = inputTypes(inputs);
  if (failed(types))
    return {};

  OwningOpRef<ModuleOp> module = ModuleOp::create(file);
  (*module)->setAttr(edge::kRoundingAttr,
                     edge::RoundingAttr::get(context, edge::Rounding::float_scale));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(module->getBody());
  SmallVector<Type> argumentTypes;
  SmallVector<const onnx::ValueInfoProto *> arguments;
  for (auto [input, type] : llvm::zip_equal(inputs, *types))
    if (!options.values.count(input->name())) {
      argumentTypes.push_back(type);
      arguments.push_back(input);
    }
  auto function =
      func::FuncOp::create(builder, file, "main", builder.getFunctionType(argumentTypes, {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  Scope scope;
  for (auto [i, input] : llvm::enumerate(arguments)) {
    function.setArgAttr(i, kNameAttr, builder.getStringAttr(input->name()));
    scope.values[input->name()] = body->getArgument(i);
  }
  for (auto [input, type] : llvm::zip_equal(inputs, *types)) {
    auto value = options.values.find(input->name());
    if (value == options.values.end())
      continue;
    double number;
    edge::HostTensor tensor(type);
    if (StringRef(value->second).getAsDouble(number)) {
      emitError(file) << "--set " << input->name() << "=" << value->second << " is not a number";
      return {};
    }
    for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
      tensor.setFloat(i, number);
    scope.values[input->name()] = edge::ConstantOp::create(builder, file, tensor.toAttr());
  }
  for (const auto &tensor : graph.initializer())
    scope.initializers[tensor.name()] = &tensor;

  if (failed(importNodes(graph.node(), scope, modelOpsets, builder, "")))
    return {};

  if (failed(crossCheck(scope, function)))
    return {};

  SmallVector<Value> results;
  SmallVector<Type> resultTypes;
  for (const auto &output : graph.output()) {
    Value value = lookup(output.name(), scope, builder);
    if (!value) {
      emitError(file) << "output '" << output.name() << "' is not produced by any node";
      return {};
    }
    results.push_back(value);
    resultTypes.push_back(value.getType());
  }
  if (results.empty()) {
    emitError(file) << "has no outputs";
    return {};
  }
  func::ReturnOp::create(builder, file, results);
  function.setType(builder.getFunctionType(argumentTypes, resultTypes));
  for (auto [i, output] : llvm::enumerate(graph.output()))
    function.setResultAttr(i, kNameAttr, builder.getStringAttr(output.name()));
  describeQuantizations(function);
  return module;
}

//===- Nodes
//-------------------------------------------------------------------------------------===//

Value GraphImporter::lookup(const std::string &name, Scope &scope, OpBuilder &builder) {
  for (Scope *s = &scope; s; s = const_cast<Scope *>(s->outer)) {
    if (auto it = s->values.find(name); it != s->values.end())
      return it->second;
    auto it = s->initializers.find(name);
    if (it == s->initializers.end())
      continue;
    Location loc = NameLoc::get(StringAttr::get(context, name),
                                FileLineColLoc::get(context, model.fileName, 0, 0));
    FailureOr<ElementsAttr> attr = readTensor(*it->second, model.proto, model.directory, loc);
    if (failed(attr)) {
      s->poisoned.insert(name);
      return {};
    }
    // At the start of the function, so that it dominates every subgraph that names it.
    OpBuilder::InsertionGuard guard(builder);
    Operation *parent = builder.getInsertionBlock()->getParentOp();
    auto function = isa<func::FuncOp>(parent) ? cast<func::FuncOp>(parent)
                                              : parent->getParentOfType<func::FuncOp>();
    builder.setInsertionPointToStart(&function.getBody().front());
    return s->values[name] = edge::ConstantOp::create(builder, loc, *attr);
  }
  return {};
}

static bool isPoisoned(const std::string &name, const Scope &scope) {
  for (const Scope *s = &scope; s; s = s->outer)
    if (s->poisoned.contains(name))
      return true;
  return false;
}

LogicalResult
GraphImporter::importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                           Scope &scope, const Opsets &opsets, OpBuilder &builder,
                           StringRef prefix) {
  bool failedAny = false;
  for (auto [index, node] : llvm::enumerate(nodes)) {
    bool skip = llvm::any_of(node.input(),
                             [&](const std::string &name) { return isPoisoned(name, scope); });
    std::string outerPrefix = currentPrefix;
    currentPrefix = prefix.str();
    if (skip || failed(importNode(node, scope, opsets, builder, location(node, prefix, index)))) {
      failedAny = true;
      for (const std::string &output : node.output())
        scope.poisoned.insert(output);
    }
    currentPrefix = outerPrefix;
  }
  return failure(failedAny);
}

/// Integers of 4 bits, which only constants are, as integers of 8.
static Value widenFourBits(const NodeContext &ctx, Value value) {
  auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(value.getType()));
  return type && type.getWidth() == 4
             ? ctx.cast(value, IntegerType::get(type.getContext(), 8, type.getSignedness()))
             : value;
}

LogicalResult GraphImporter::importNode(const onnx::NodeProto &node, Scope &scope,
                                        const Opsets &opsets, OpBuilder &builder, Location loc) {
  std::string domain = normalizeDomain(node.domain());
  auto version = opsets.find(domain);
  NodeContext nodeContext(*this, node, version == opsets.end() ? 1 : version->second, builder, loc);
  const OperatorRow *row = findRow(domain, node.op_type());
  for (const std::string &name : node.input()) {
    Value value;
    if (!name.empty() && !(value = lookup(name, scope, builder))) {
      if (isPoisoned(name, scope))
        return failure(); // its error has been emitted
      return emitError(loc) << "input '" << name << "' is not produced by any node before this one";
    }
    if (value && !(row && row->readsFourBits))
      value = widenFourBits(nodeContext, value);
    nodeContext.addInput(value);
  }
  Scope *outerScope = currentScope;
  const Opsets *outerOpsets = currentOpsets;
  currentScope = &scope;
  currentOpsets = &opsets;
  FailureOr<Results> results = failure();
  if (auto function = functions.find(functionKey(domain, node.op_type()));
      function != functions.end())
    results = inlineBody(*function->second, nodeContext);
  else if (row)
    results = row->import(nodeContext);
  else if (auto inlined = importFunction(nodeContext, opsets))
    results = *inlined;
  else
    emitError(loc) << "operator '" << displayName(node) << "' is not supported";
  currentScope = outerScope;
  currentOpsets = outerOpsets;
  if (failed(results))
    return failure();
  for (auto [i, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    if (i >= results->size() || !(*results)[i])
      return emitError(loc) << "output " << i << " of operator '" << displayName(node)
                            << "' is not supported";
    scope.values[name] = (*results)[i];
  }
  return success();
}

//===- Functions
//---------------------------------------------------------------------------------===//

/// Replaces references to the function's attributes by their values, in subgraphs too; what the
/// call doesn't give is dropped.
static void resolveAttributes(onnx::NodeProto &node, const NodeContext &call,
                              const onnx::FunctionProto &function) {
  auto *attributes = node.mutable_attribute();
  for (int i = 0; i < attributes->size();) {
    onnx::AttributeProto &attribute = *attributes->Mutable(i);
    if (attribute.has_g())
      for (auto &inner : *attribute.mutable_g()->mutable_node())
        resolveAttributes(inner, call, function);
    if (attribute.ref_attr_name().empty()) {
      ++i;
      continue;
    }
    std::string name = attribute.name(), reference = attribute.ref_attr_name();
    const onnx::AttributeProto *value = call.attribute(reference);
    if (!value)
      for (const auto &missing : function.attribute_proto())
        if (missing.name() == reference)
          value = &missing;
    if (!value) {
      attributes->DeleteSubrange(i, 1);
      continue;
    }
    attribute = *value;
    attribute.set_name(name);
    ++i;
  }
}

FailureOr<Results> GraphImporter::inlineBody(const onnx::FunctionProto &body, NodeContext &call) {
  if (depth > 32)
    return call.error("") << "function '" << body.name() << "' calls itself";
  Opsets opsets;
  for (const auto &import : body.opset_import())
    opsets[normalizeDomain(import.domain())] = import.version();
  for (const auto &[domain, version] : modelOpsets)
    opsets.emplace(domain, version);
  Scope scope;
  for (auto [i, name] : llvm::enumerate(body.input()))
    if (Value value = call.input(i))
      scope.values[name] = value;
  // Absent optional inputs are absent in the body too.
  auto nodes = std::make_shared<google::protobuf::RepeatedPtrField<onnx::NodeProto>>(body.node());
  keepAlive.push_back(nodes);
  for (onnx::NodeProto &node : *nodes) {
    resolveAttributes(node, call, body);
    for (std::string &name : *node.mutable_input())
      for (auto [i, parameter] : llvm::enumerate(body.input()))
        if (name == parameter && !call.input(i))
          name.clear();
  }
  std::string prefix = mlir::cast<NameLoc>(call.loc).getName().str();
  ++depth;
  std::shared_ptr<const void> outerBody = std::exchange(currentBody, nodes);
  LogicalResult imported = importNodes(*nodes, scope, opsets, call.b, prefix);
  currentBody = outerBody;
  --depth;
  if (failed(imported))
    return failure();
  Results results;
  for (const std::string &name : body.output()) {
    Value value = lookup(name, scope, call.b);
    if (!value && results.size() < call.numOutputs() && call.hasOutput(results.size()))
      return call.error("") << "function '" << body.name() << "' doesn't produce its output '"
                            << name << "'";
    results.push_back(value);
  }
  return results;
}

std::optional<FailureOr<Results>> GraphImporter::importFunction(NodeContext &node,
                                                                const Opsets &opsets) {
  std::string domain = normalizeDomain(node.node.domain());
  const onnx::OpSchema *schema = findSchema(domain, node.node.op_type(), node.opset);
  if (!schema)
    return std::nullopt;
  auto body = std::make_shared<onnx::FunctionProto>();
  try {
    if (schema->HasContextDependentFunction()) {
      std::vector<onnx::TypeProto> types;
      for (unsigned i = 0; i < node.numInputs(); ++i) {
        onnx::TypeProto type;
        if (node.input(i)) {
          auto tensor = node.type(i);
          type.mutable_tensor_type()->set_elem_type(toDataType(tensor.getElementType()));
          auto *shape = type.mutable_tensor_type()->mutable_shape();
          for (int64_t extent : tensor.getShape())
            shape->add_dim()->set_dim_value(extent);
        }
        types.push_back(type);
      }
      onnx::FunctionBodyBuildContextImpl buildContext(node.node, types);
      if (!schema->BuildContextDependentFunction(buildContext, *body, static_cast<int>(node.opset)))
        return std::nullopt;
    } else if (const onnx::FunctionProto *fixed =
                   schema->HasFunction() ? schema->GetFunction(static_cast<int>(node.opset))
                                         : nullptr) {
      *body = *fixed;
      // The schema's attribute defaults are part of its body.
      for (const auto &[name, attribute] : schema->attributes())
        if (attribute.default_value.has_type() && !node.attribute(name)) {
          auto *missing = body->add_attribute_proto();
          *missing = attribute.default_value;
          missing->set_name(name);
        }
    } else {
      return std::nullopt;
    }
  } catch (const std::exception &error) {
    return FailureOr<Results>(node.error("")
                              << "its function body can't be built: " << error.what());
  }
  keepAlive.push_back(body);
  return inlineBody(*body, node);
}

//===- Subgraphs
//---------------------------------------------------------------------------------===//

FailureOr<Results> GraphImporter::importSubgraph(const onnx::GraphProto &graph, ValueRange inputs,
                                                 OpBuilder &builder, Location loc) {
  Scope scope;
  scope.outer = currentScope;
  if (static_cast<size_t>(graph.input_size()) != inputs.size())
    return emitError(loc) << "the subgraph has " << graph.input_size() << " inputs, not "
                          << inputs.size();
  for (auto [input, value] : llvm::zip_equal(graph.input(), inputs))
    scope.values[input.name()] = value;
  for (const auto &tensor : graph.initializer())
    scope.initializers[tensor.name()] = &tensor;
  std::string prefix = mlir::cast<NameLoc>(loc).getName().str();
  if (depth > 32)
    return emitError(loc) << "subgraphs are nested too deeply";
  ++depth;
  LogicalResult imported = importNodes(graph.node(), scope, *currentOpsets, builder, prefix);
  --depth;
  if (failed(imported))
    return failure();
  Results results;
  for (const auto &output : graph.output()) {
    Value value = lookup(output.name(), scope, builder);
    if (!value)
      return emitError(loc) << "output '" << output.name()
                            << "' of the subgraph is not produced by any node";
    results.push_back(value);
  }
  return results;
}
