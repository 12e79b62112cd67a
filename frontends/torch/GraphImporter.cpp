#include "frontends/torch/GraphImporter.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/Quantization.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

static constexpr int64_t kMostNodes = 1 << 18;
static constexpr unsigned kDeepest = 32;

GraphImporter::GraphImporter(const LoadedProgram &loaded, const ImportOptions &options,
                             MLIRContext *context)
    : loaded(loaded), program(*loaded.program), options(options), context(context),
      file(FileLineColLoc::get(context, loaded.fileName, 0, 0)), weights(this->loaded) {}

/// The module's path and the node's name, at the line of the user's source where it is known.
Location GraphImporter::location(const Node &node) const {
  std::string name = node.name.empty() ? displayName(schemaName(node.target)) : node.name;
  if (!node.module.empty())
    name = node.module + "/" + name;
  Location at = node.source.empty()
                    ? file
                    : Location(FileLineColLoc::get(context, node.source, node.line, 0));
  return NameLoc::get(StringAttr::get(context, name), at);
}

//===- Which operators there are --------------------------------------------------------------===//

/// Emits an error for each node, of all graphs, that no row covers. Returns whether there was one.
bool GraphImporter::reportUnsupported(const Graph &graph) {
  bool any = false;
  for (const Node &node : graph.nodes) {
    std::string name = schemaName(node.target);
    if (!findOperator(name)) {
      any = true;
      auto diagnostic = emitError(location(node))
                        << "operator '" << displayName(name) << "' is not supported";
      if (StringRef reason = getRefusal(name); !reason.empty())
        diagnostic.attachNote() << reason;
      else if (program.dialect == "TRAINING")
        diagnostic.attachNote() << "'edgec ops' lists those that are; run_decompositions() on the "
                                   "exported program may write it with some of them";
      else
        diagnostic.attachNote() << "'edgec ops' lists those that are";
    }
    for (const Node::Input &input : node.inputs)
      if (input.value.graph)
        any |= reportUnsupported(*input.value.graph);
  }
  return any;
}

//===- The module -----------------------------------------------------------------------------===//

OwningOpRef<ModuleOp> GraphImporter::import() {
  if (reportUnsupported(program.graph))
    return {};
  auto types = inputTypes();
  if (failed(types))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(file);
  (*module)->setAttr(edge::kRoundingAttr,
                     edge::RoundingAttr::get(context, edge::Rounding::float_scale));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, file, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Scope top{program.graph, {}, {}, {}, {}, {}};
  scope = &top;
  if (failed(bindInputs(*types, builder)) || failed(importNodes(builder)) ||
      failed(bindOutputs(builder)))
    return {};
  return module;
}

//===- Values ---------------------------------------------------------------------------------===//

std::optional<Number> GraphImporter::evaluate(const Number &number) const {
  if (number.isKnown())
    return number;
  if (number.kind == Number::Kind::name) {
    if (!scope)
      return std::nullopt;
    auto it = scope->numbers.find(number.text);
    return it == scope->numbers.end() ? std::nullopt : std::optional(it->second);
  }
  auto expression = Expression::parseSympy(number.text);
  auto value = expression ? expression->evaluate(symbols) : std::nullopt;
  if (!value || *value != std::floor(*value) || std::fabs(*value) > 1e15)
    return std::nullopt;
  return Number::ofInteger(static_cast<int64_t>(*value));
}

std::optional<SmallVector<int64_t>> GraphImporter::evaluate(ArrayRef<Number> numbers) const {
  SmallVector<int64_t> result;
  for (const Number &number : numbers) {
    auto value = evaluate(number);
    if (!value || value->kind == Number::Kind::real)
      return std::nullopt;
    result.push_back(value->integer);
  }
  return result;
}

const TensorMeta *GraphImporter::metaOf(StringRef name) const {
  auto it = scope->graph.tensors.find(name.str());
  return it == scope->graph.tensors.end() ? nullptr : &it->second;
}

/// The tensor of a name; a weight is read on first use. Null after an error.
TensorView *GraphImporter::find(StringRef name, const OpContext &ctx) {
  if (auto it = scope->tensors.find(name.str()); it != scope->tensors.end())
    return &it->second;
  if (auto missing = scope->missing.find(name); missing != scope->missing.end()) {
    ctx.error(missing->second);
    return nullptr;
  }
  auto weight = scope->weights.find(name.str());
  if (weight == scope->weights.end()) {
    if (!scope->poisoned.contains(name))
      ctx.error("'") << name << "' is not computed by any node before this one";
    return nullptr;
  }
  if (!weight->second.whole.empty()) {
    TensorView *whole = find(weight->second.whole, ctx);
    if (!whole)
      return nullptr;
    return &(scope->tensors[name.str()] = whole->view(ctx, weight->second.part));
  }
  if (!weight->second.payload)
    (void)weights.find(weight->second.name, ctx.loc);
  Value value = weight->second.payload ? readWeight(weight->second) : Value();
  if (!value) {
    scope->poisoned.insert(name);
    return nullptr;
  }
  return &(scope->tensors[name.str()] = TensorView(value));
}

Value GraphImporter::readWeight(const LazyWeight &weight) {
  Location loc = NameLoc::get(StringAttr::get(context, weight.name), file);
  // Weights that are tied become one constant.
  std::string key = weight.payload->file;
  llvm::raw_string_ostream os(key);
  const TensorMeta &meta = weight.payload->meta;
  os << ":" << meta.dtype << ":" << meta.offset.integer;
  for (auto [size, stride] : llvm::zip_equal(meta.sizes, meta.strides))
    os << ":" << size.integer << "/" << stride.integer;
  if (Value known = weight.isState ? Value() : constants.lookup(key))
    return known;
  auto attr = weights.read(*weight.payload, weight.name, loc);
  if (failed(attr))
    return {};
  if (weight.isState) {
    auto host = edge::HostTensor::fromAttr(*attr);
    // The arena begins with zeros already.
    bool zeros =
        succeeded(host) && llvm::all_of(host->bytes(), [](char byte) { return byte == 0; });
    states.get(weight.name).initial = zeros ? Attribute() : Attribute(*attr);
    return states.read(function, weight.name, cast<RankedTensorType>(attr->getType()), loc);
  }
  if (attr->getElementType().isInteger(8)) // of any sign; what is narrower are booleans
    storeNarrow(function);
  // At the start of the function, so that it dominates every region of it.
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  return constants[key] = edge::ConstantOp::create(builder, loc, *attr);
}

Value GraphImporter::lookup(StringRef name, const OpContext &ctx) {
  TensorView *view = find(name, ctx);
  return view ? view->read(ctx) : Value();
}

//===- Results --------------------------------------------------------------------------------===//

/// Gives a name of the graph its tensor, if that is what the file says of it.
LogicalResult GraphImporter::define(NodeContext &ctx, const std::string &name, TensorView view) {
  Value value = view.read(ctx);
  if (!value)
    return failure();
  if (const TensorMeta *meta = metaOf(name)) {
    Type declared = convertElementType(meta->dtype, context);
    Type part = complexPart(meta->dtype, context);
    if (part)
      declared = part;
    if (declared != elementOf(value))
      return ctx.error("computes ") << nameOfType(elementOf(value)) << ", but its result '" << name
                                    << "' is " << nameOfType(meta->dtype);
    auto shape = evaluate(ArrayRef(meta->sizes));
    if (shape && part)
      shape->push_back(2);
    if (shape)
      if (ArrayRef<int64_t>(*shape) != shapeOf(value))
        return ctx.error("computes ") << value.getType() << ", but its result '" << name << "' is "
                                      << RankedTensorType::get(*shape, declared);
  }
  scope->tensors[name] = std::move(view);
  return success();
}

/// Names of a node's results in order; an empty one for a result that is none.
static SmallVector<std::string> resultNames(const Node &node) {
  SmallVector<std::string> names;
  for (const Argument &output : node.outputs) {
    if (output.kind == Argument::Kind::tensors)
      names.append(output.names.begin(), output.names.end());
    else if (output.kind == Argument::Kind::number || output.kind == Argument::Kind::numbers)
      for (const Number &number : output.numbers)
        names.push_back(number.text);
    else
      names.push_back(output.name);
  }
  return names;
}

LogicalResult GraphImporter::defineNumber(NodeContext &ctx, const Number &number) {
  SmallVector<std::string> names = resultNames(ctx.node);
  if (names.size() != 1)
    return ctx.error("gives one number, but has ") << names.size() << " results";
  scope->numbers[names[0]] = number;
  return success();
}

LogicalResult GraphImporter::defineViews(NodeContext &ctx, ArrayRef<View> views) {
  // A list of tensors shares its elements' memory, too.
  const Argument *base = nullptr;
  for (const Node::Input &input : ctx.node.inputs)
    if (input.name == ctx.schema.parameters[0].name)
      base = &input.value;
  SmallVector<std::string> names = resultNames(ctx.node);
  if (names.size() > views.size())
    return ctx.error("gives ") << views.size() << " tensors, but has " << names.size()
                               << " results";
  for (auto [name, view] : llvm::zip(names, views)) {
    if (name.empty())
      continue;
    TensorView *of = view.copy                                      ? nullptr
                     : base && base->kind == Argument::Kind::tensor ? find(base->name, ctx)
                                                                    : nullptr;
    if (!view.copy && !of)
      return failure();
    if (failed(define(ctx, name, view.copy ? TensorView(view.copy) : of->view(ctx, view.steps))))
      return failure();
  }
  return success();
}

/// Writes the first result to the argument that the signature marks; the node's result is that
/// argument.
LogicalResult GraphImporter::defineWritten(NodeContext &ctx, int parameter, Value value) {
  StringRef name = ctx.schema.parameters[parameter].name;
  const Argument *argument = nullptr;
  for (const Node::Input &input : ctx.node.inputs)
    if (input.name == name)
      argument = &input.value;
  if (!argument || argument->kind != Argument::Kind::tensor)
    return ctx.error("writes to '") << name << "', which is no tensor";
  TensorView *target = find(argument->name, ctx);
  Value old = target ? target->read(ctx) : Value();
  if (!old || !value)
    return failure();
  if (elementOf(value) != elementOf(old))
    value = ctx.cast(value, elementOf(old));
  if (value && shapeOf(value) != shapeOf(old)) {
    auto shape = edge::broadcastShapes({shapeOf(old), shapeOf(value)});
    if (failed(shape) || ArrayRef<int64_t>(*shape) != shapeOf(old))
      return ctx.error("writes ") << value.getType() << " to '" << argument->name << "', which is "
                                  << old.getType();
    value = ctx.create<edge::BroadcastOp>(value, shapeOf(old));
  }
  if (!value || failed(target->write(ctx, value)))
    return failure();
  for (const std::string &result : resultNames(ctx.node))
    if (!result.empty())
      scope->tensors[result] = *target;
  return success();
}

LogicalResult GraphImporter::defineResults(NodeContext &ctx, const Results &results) {
  SmallVector<std::string> names = resultNames(ctx.node);
  for (auto [i, name] : llvm::enumerate(names)) {
    if (i >= results.size() || !results[i]) {
      // It matters only where somebody reads it.
      scope->missing[name] =
          ("result " + Twine(i) + " of '" + displayName(ctx.schema.name) + "' is not supported")
              .str();
      continue;
    }
    if (name.empty())
      continue;
    if (failed(define(ctx, name, TensorView(results[i]))))
      return failure();
    // What `item` gives is a number as soon as it is known.
    Attribute attr;
    if (metaOf(name) || !matchPattern(results[i], m_Constant(&attr)))
      continue;
    auto host = edge::HostTensor::fromAttr(attr);
    if (succeeded(host) && host->getNumElements() == 1)
      scope->numbers[name] = host->isFloat() ? Number::ofReal(host->getFloat(0))
                             : host->getElementType().isInteger(1)
                                 ? Number::ofBoolean(host->getInt(0) != 0)
                                 : Number::ofInteger(host->getInt(0));
  }
  return success();
}

/// A view of complex numbers: the steps that it would take for real ones, which leave the last
/// dimension, that of the parts, as it is.
static FailureOr<Views> viewParts(NodeContext &ctx, ViewFunction view) {
  Value x = ctx.input(0);
  SmallVector<int64_t> logical(shapeOf(x).drop_back()), offsets(shapeOf(x).size(), 0),
      sizes(shapeOf(x)), ones(shapeOf(x).size(), 1);
  sizes.back() = 1;
  ctx.setInput(0, ctx.reshape(ctx.create<edge::SliceOp>(x, offsets, sizes, ones), logical));
  auto views = view(ctx);
  if (failed(views))
    return failure();
  for (View &one : *views) {
    bool picks = one.copy != Value();
    for (ViewStep &step : one.steps) {
      if (auto *reshape = std::get_if<ViewStep::Reshape>(&step.step))
        reshape->shape.push_back(2);
      else if (auto *transpose = std::get_if<ViewStep::Transpose>(&step.step))
        transpose->permutation.push_back(static_cast<int64_t>(transpose->permutation.size()));
      else if (auto *broadcast = std::get_if<ViewStep::Broadcast>(&step.step))
        broadcast->shape.push_back(2);
      else if (auto *slice = std::get_if<ViewStep::Slice>(&step.step)) {
        slice->offsets.push_back(0);
        slice->sizes.push_back(2);
        slice->strides.push_back(1);
      } else if (!std::holds_alternative<ViewStep::Moving>(step.step)) {
        picks = true;
      }
    }
    if (picks)
      return ctx.error("'") << displayName(ctx.schema.name)
                            << "' of complex numbers is not supported";
  }
  return views;
}

//===- Nodes ----------------------------------------------------------------------------------===//

LogicalResult GraphImporter::importNode(const Node &node, OpBuilder &builder) {
  Location loc = location(node);
  if (++imported > kMostNodes)
    return emitError(loc) << "is beyond the first " << kMostNodes
                          << " nodes that are imported; more are not supported";
  const Operator *op = findOperator(schemaName(node.target));
  if (!op)
    return emitError(loc) << "operator '" << displayName(schemaName(node.target))
                          << "' is not supported";
  NodeContext ctx(*this, node, *op, builder, loc);
  if (failed(bindArguments(ctx)))
    return failure();
  bool isView = std::holds_alternative<ViewFunction>(op->row->import);
  for (unsigned i = 0; i < ctx.numInputs() && op->row->onComplex == OnComplex::refuse; ++i)
    if ((ctx.isComplex(i) && !(isView && i == 0)) ||
        isa_and_nonnull<ComplexType>(ctx.arguments[i].element)) {
      auto diagnostic = ctx.error("operator '")
                        << displayName(op->schema.name) << "' of complex numbers is not supported";
      diagnostic.attachNote() << "take their real and imaginary parts, or their size, before it";
      return diagnostic;
    }
  const auto *number = std::get_if<NumberFunction>(&op->row->import);
  bool isComputed = op->row->computed && llvm::any_of(llvm::seq(ctx.numInputs()), [&](unsigned i) {
                      return static_cast<bool>(ctx.input(i));
                    });
  if (number && !isComputed) {
    auto result = (*number)(ctx);
    if (failed(result))
      return failure();
    return defineNumber(ctx, *result);
  }
  int written = op->schema.written();
  if (const auto *view = std::get_if<ViewFunction>(&op->row->import)) {
    bool isRefused = op->row->onComplex == OnComplex::refuse;
    auto result =
        isRefused && ctx.numInputs() && ctx.isComplex(0) ? viewParts(ctx, *view) : (*view)(ctx);
    if (failed(result))
      return failure();
    return defineViews(ctx, *result);
  }
  auto results = isComputed ? op->row->computed(ctx)
                            : importByParts(ctx, op->row->onComplex,
                                            std::get<ImportFunction>(op->row->import));
  if (failed(results))
    return failure();
  if (written >= 0)
    return results->empty() ? success() : defineWritten(ctx, written, results->front());
  return defineResults(ctx, *results);
}

/// Whether a node reads what a failed one should have computed.
static bool isPoisoned(const Node &node, const llvm::StringSet<> &poisoned) {
  return llvm::any_of(node.inputs, [&](const Node::Input &input) {
    const Argument &argument = input.value;
    return (argument.kind == Argument::Kind::tensor && poisoned.contains(argument.name)) ||
           llvm::any_of(argument.names,
                        [&](const std::string &n) { return poisoned.contains(n); }) ||
           llvm::any_of(argument.numbers,
                        [&](const Number &n) { return poisoned.contains(n.text); });
  });
}

LogicalResult GraphImporter::importNodes(OpBuilder &builder) {
  bool failedAny = false;
  for (const Node &node : scope->graph.nodes) {
    if (!isPoisoned(node, scope->poisoned) && succeeded(importNode(node, builder)))
      continue;
    failedAny = true;
    for (const std::string &name : resultNames(node))
      scope->poisoned.insert(name);
  }
  return failure(failedAny);
}

//===- Graphs that nodes hold -----------------------------------------------------------------===//

FailureOr<Results> GraphImporter::importSubgraph(const Graph &graph, ValueRange inputs,
                                                 OpBuilder &builder, Location loc) {
  if (depth > kDeepest)
    return emitError(loc) << "graphs are nested too deeply";
  if (graph.inputs.size() != inputs.size())
    return emitError(loc) << "its graph has " << graph.inputs.size() << " inputs, not "
                          << inputs.size();
  Scope inner{graph, {}, {}, {}, {}, {}};
  OpContext ctx(builder, loc);
  for (auto [input, value] : llvm::zip_equal(graph.inputs, inputs)) {
    bool isNumber = input.kind == Argument::Kind::number;
    std::string name = isNumber ? input.numbers[0].text : input.name;
    inner.tensors[name] = TensorView(value);
    ctx.addInput(value);
    auto known = ctx.tryConstant(ctx.numInputs() - 1);
    if (isNumber && succeeded(known) && known->getNumElements() == 1 && !known->isFloat())
      inner.numbers[name] = Number::ofInteger(known->getInt(0));
  }
  Scope *outer = std::exchange(scope, &inner);
  ++depth;
  FailureOr<Results> results = failure();
  if (succeeded(importNodes(builder))) {
    results = Results();
    for (const Argument &output : graph.outputs) {
      Value value = lookup(output, ctx);
      if (!value) {
        results = failure();
        break;
      }
      results->push_back(value);
    }
  }
  --depth;
  scope = outer;
  return results;
}

Value GraphImporter::lookup(const Argument &argument, const OpContext &ctx) {
  if (argument.kind == Argument::Kind::tensor)
    return lookup(argument.name, ctx);
  if (argument.kind != Argument::Kind::number) {
    ctx.error("has an output that is neither a tensor nor a number");
    return {};
  }
  const Number &number = argument.numbers[0];
  auto known = evaluate(number);
  if (!known)
    return lookup(number.text, ctx);
  edge::HostTensor tensor(RankedTensorType::get(
      {}, known->kind == Number::Kind::real      ? Type(Float32Type::get(context))
          : known->kind == Number::Kind::boolean ? Type(IntegerType::get(context, 1))
                                                 : Type(IntegerType::get(context, 64))));
  if (known->kind == Number::Kind::real)
    tensor.setFloat(0, known->real);
  else
    tensor.setInt(0, known->integer);
  return ctx.constantTensor(tensor);
}
