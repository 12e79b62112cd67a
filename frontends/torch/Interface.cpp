// The program's inputs and outputs: shapes and the symbols in them, weights, states, results.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/GraphImporter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

/// Inputs that a caller gives: tensors of the user's. Python numbers have become part of the
/// program.
static SmallVector<const InputSpec *> userInputs(const Program &program) {
  SmallVector<const InputSpec *> result;
  for (const InputSpec &input : program.inputs)
    if (input.kind == InputSpec::Kind::user && input.argument.kind == Argument::Kind::tensor)
      result.push_back(&input);
  return result;
}

static std::string describe(const Number &number) {
  if (number.kind == Number::Kind::integer)
    return std::to_string(number.integer);
  auto expression = Expression::parseSympy(number.text);
  return expression ? expression->toString() : number.text;
}

//===- Symbols --------------------------------------------------------------------------------===//

/// Values of symbols from the shapes that the user gives.
LogicalResult GraphImporter::solveSymbols() {
  for (const InputSpec *input : userInputs(program)) {
    auto given = options.shapes.find(input->argument.name);
    auto meta = program.graph.tensors.find(input->argument.name);
    if (given == options.shapes.end() || meta == program.graph.tensors.end())
      continue;
    const auto &sizes = meta->second.sizes;
    bool fits = sizes.size() == given->second.size();
    std::string declared;
    for (auto [i, size] : llvm::enumerate(sizes)) {
      declared += (i ? "x" : "") + describe(size);
      if (!fits)
        continue;
      int64_t extent = given->second[i];
      if (size.kind == Number::Kind::integer) {
        fits &= size.integer == extent;
        continue;
      }
      auto expression = Expression::parseSympy(size.text);
      fits &= expression && expression->solve(static_cast<double>(extent), symbols);
    }
    if (!fits)
      return emitError(file) << "--shape gives input '" << input->argument.name
                             << "' a shape that does not fit the program's " << declared;
  }
  return success();
}

/// Bounds of symbols, and what else the export has taken for granted.
LogicalResult GraphImporter::checkConstraints() {
  for (const Range &range : program.ranges) {
    auto expression = Expression::parsePython(range.expression);
    auto value = expression ? expression->evaluate(symbols) : std::nullopt;
    if (!value || ((!range.low || *value >= static_cast<double>(*range.low)) &&
                   (!range.high || *value <= static_cast<double>(*range.high))))
      continue;
    auto diagnostic = emitError(file)
                      << "the input shapes make " << range.expression << " = "
                      << static_cast<int64_t>(*value) << ", but the program was exported for ";
    if (range.low && range.high)
      diagnostic << *range.low << " to " << *range.high;
    else if (range.low)
      diagnostic << *range.low << " or more";
    else
      diagnostic << *range.high << " or less";
    diagnostic.attachNote() << "give shapes in that range with --shape, or export the model with "
                               "other dynamic_shapes";
    return diagnostic;
  }
  return checkGuards();
}

/// Shapes that the export has taken for granted, beside the ranges of symbols.
LogicalResult GraphImporter::checkGuards() {
  for (const std::string &guard : program.guards) {
    auto expression = Expression::parsePython(guard);
    std::vector<std::string> names;
    if (expression)
      expression->collectSymbols(names);
    SymbolValues values = symbols;
    for (const std::string &name : names)
      if (auto extent = extentOf(name))
        values[name] = static_cast<double>(*extent);
    auto value = expression ? expression->evaluate(values) : std::nullopt;
    if (!value)
      emitWarning(file) << "the program's guard '" << guard
                        << "' is not checked: what it speaks of "
                        << "is no extent of an input";
    if (!value || *value != 0)
      continue;
    auto diagnostic = emitError(file)
                      << "the input shapes don't fulfil the program's guard '" << guard << "'";
    diagnostic.attachNote() << "give other shapes with --shape, or export the model with example "
                               "inputs of these";
    return diagnostic;
  }
  return success();
}

/// The extent that a guard calls `L['batch'][0]['pixels'].size()[2]`; nothing for anything else.
std::optional<int64_t> GraphImporter::extentOf(StringRef text) const {
  auto [path, index] = text.split(".size()[");
  unsigned dimension = 0;
  if (!path.consume_front("L[") || !index.consume_back("]") || index.getAsInteger(10, dimension))
    return std::nullopt;
  // torch joins the keys on the way to an input with underscores, and so it names the input.
  std::string name;
  SmallVector<StringRef> keys;
  path.split(keys, '[');
  for (StringRef key : keys) {
    key.consume_back("]");
    if (key.consume_front("'"))
      key.consume_back("'");
    name += name.empty() ? "" : "_";
    for (char c : key)
      name += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  }
  for (const InputSpec *input : userInputs(program)) {
    auto meta = program.graph.tensors.find(input->argument.name);
    if (StringRef(input->argument.name).lower() != name || meta == program.graph.tensors.end() ||
        dimension >= meta->second.sizes.size())
      continue;
    if (auto shape = evaluate(ArrayRef(meta->second.sizes)))
      return (*shape)[dimension];
  }
  return std::nullopt;
}

/// Says which shape an input needs, what is known of the symbols in it, and an example.
LogicalResult GraphImporter::reportOpen(const InputSpec &input, const TensorMeta &meta) {
  std::string text, ranges, example;
  std::vector<std::string> names;
  for (const Number &size : meta.sizes) {
    text += (text.empty() ? "" : "x") + describe(size);
    if (auto expression = Expression::parseSympy(size.text); !size.isKnown() && expression)
      expression->collectSymbols(names);
  }
  SymbolValues least = symbols;
  for (const std::string &name : names) {
    const auto range =
        llvm::find_if(program.ranges, [&](const Range &r) { return r.expression == name; });
    bool known = range != program.ranges.end();
    int64_t low = known && range->low ? *range->low : 1;
    least.emplace(name, static_cast<double>(low));
    ranges += (ranges.empty() ? "" : ", ") + name + " is " + std::to_string(low) +
              (known && range->high ? " to " + std::to_string(*range->high) : " or more");
  }
  for (const Number &size : meta.sizes) {
    auto expression = size.isKnown() ? std::nullopt : Expression::parseSympy(size.text);
    auto value = expression ? expression->evaluate(least) : std::nullopt;
    example += (example.empty() ? "" : "x") +
               std::to_string(value ? static_cast<int64_t>(*value) : size.integer);
  }
  const std::string &name = input.argument.name;
  auto diagnostic = emitError(NameLoc::get(StringAttr::get(context, name), file))
                    << "input '" << name << "' has open dimensions: " << text;
  diagnostic.attachNote() << ranges << "; give extents as in --shape " << name << "=" << example;
  return diagnostic;
}

//===- Inputs ---------------------------------------------------------------------------------===//

FailureOr<SmallVector<RankedTensorType>> GraphImporter::inputTypes() {
  std::vector<std::string> names;
  for (const InputSpec &input : program.inputs) {
    if (input.kind == InputSpec::Kind::other)
      return emitError(file) << "has an input of kind '" << input.target
                             << "', which is not supported";
    if (input.kind == InputSpec::Kind::user && input.argument.kind == Argument::Kind::number &&
        !input.argument.numbers[0].isKnown())
      names.push_back(input.argument.numbers[0].text);
  }
  for (const InputSpec *input : userInputs(program))
    names.push_back(input->argument.name);
  if (failed(checkInputNames(options, names, file)) || failed(solveSymbols()))
    return failure();

  bool failedAny = false;
  SmallVector<RankedTensorType> types;
  for (const InputSpec *input : userInputs(program)) {
    const std::string &name = input->argument.name;
    Location loc = NameLoc::get(StringAttr::get(context, name), file);
    auto meta = program.graph.tensors.find(name);
    if (meta == program.graph.tensors.end())
      return emitError(loc) << "input '" << name << "' has no type in the program";
    Type element = convertElementType(meta->second.dtype, context);
    if (!element)
      return emitError(loc) << "input '" << name << "' has element type "
                            << nameOfType(meta->second.dtype) << ", which is not supported";
    auto shape = evaluate(ArrayRef(meta->second.sizes));
    if (!shape) {
      failedAny = true;
      (void)reportOpen(*input, meta->second);
      continue;
    }
    if (failed(edge::checkShape(loc, "input", *shape)))
      return failure();
    types.push_back(RankedTensorType::get(*shape, element));
  }
  if (failedAny || failed(checkConstraints()))
    return failure();
  return types;
}

LogicalResult GraphImporter::bindInputs(ArrayRef<RankedTensorType> types, OpBuilder &builder) {
  const auto *type = types.begin();
  Block &body = function.getBody().front();
  for (const InputSpec &input : program.inputs) {
    const std::string &name = input.argument.name;
    switch (input.kind) {
    case InputSpec::Kind::parameter:
    case InputSpec::Kind::buffer:
    case InputSpec::Kind::constant: {
      // What is never read isn't missed.
      bool there = program.weights.count(input.target) || program.constants.count(input.target);
      Location loc = NameLoc::get(StringAttr::get(context, input.target), file);
      const Payload *payload = there ? weights.find(input.target, loc) : nullptr;
      if (there && !payload)
        return failure();
      scope->weights[name] = {payload, input.target, false};
      break;
    }
    case InputSpec::Kind::user: {
      bool isTensor = input.argument.kind == Argument::Kind::tensor;
      const std::string &key = isTensor                         ? name
                               : input.argument.numbers.empty() ? input.target
                                                                : input.argument.numbers[0].text;
      auto value = options.values.find(key);
      double number = 0;
      if (value != options.values.end() && StringRef(value->second).getAsDouble(number))
        return emitError(file) << "--set " << key << "=" << value->second << " is not a number";
      if (!isTensor) {
        bool isOpen =
            input.argument.kind == Argument::Kind::number && !input.argument.numbers[0].isKnown();
        if (isOpen && value == options.values.end())
          return emitError(file) << "input '" << key
                                 << "' is a number of Python's; give it with --set " << key
                                 << "=...";
        if (isOpen)
          scope->numbers[key] = Number::ofInteger(static_cast<int64_t>(number));
        break;
      }
      if (scope->tensors.count(name))
        return emitError(file) << "names input '" << name << "' twice";
      if (value == options.values.end()) {
        scope->tensors[name] = TensorView(body.addArgument(*type, file));
        inputNames.push_back(name);
      } else {
        edge::HostTensor tensor(*type);
        for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
          tensor.setFloat(i, number);
        scope->tensors[name] = TensorView(edge::ConstantOp::create(builder, file, tensor.toAttr()));
      }
      ++type;
      break;
    }
    default:
      break;
    }
  }
  findStates();
  return shareStates();
}

//===- Outputs --------------------------------------------------------------------------------===//

LogicalResult GraphImporter::bindOutputs(OpBuilder &builder) {
  SmallVector<Value> results;
  SmallVector<std::string> names;
  OpContext ctx(builder, file);
  // Names of C's: each once.
  llvm::StringSet<> taken;
  for (const std::string &name : inputNames)
    taken.insert(name);
  auto add = [&](const std::string &name, Value value) {
    std::string unique = name;
    for (int i = 2; !taken.insert(unique).second; ++i)
      unique = name + "_" + std::to_string(i);
    names.push_back(unique);
    results.push_back(value);
  };
  for (const OutputSpec &output : program.outputs) {
    const Argument &argument = output.argument;
    if (output.kind == OutputSpec::Kind::other)
      return emitError(file) << "has an output of kind '" << output.target
                             << "', which is not supported; export the model for inference";
    if (output.kind == OutputSpec::Kind::user && argument.kind == Argument::Kind::none)
      continue;
    Value value = lookup(argument, ctx);
    if (!value)
      return failure();
    if (const TensorMeta *meta = metaOf(argument.name); meta && complexPart(meta->dtype, context))
      return emitError(file) << "output '" << argument.name
                             << "' is of complex numbers; return torch.view_as_real of it";
    if (output.kind == OutputSpec::Kind::user) {
      bool isNumber = argument.kind == Argument::Kind::number;
      std::string name = isNumber ? argument.numbers[0].text : argument.name;
      add(name.empty() ? "number" : name, value);
      continue;
    }
    std::string target = output.target;
    for (auto &[name, weight] : scope->weights)
      if (output.kind == OutputSpec::Kind::bufferMutation && weight.name == target)
        target = name;
    TensorView *view = find(target, ctx);
    if (!view || failed(view->write(ctx, value)))
      return failure();
  }
  // What was written to an input that the caller gives is another output.
  for (const InputSpec *input : userInputs(program))
    if (TensorView &view = scope->tensors[input->argument.name]; view.getStorage()->version > 0)
      add(input->argument.name + "_out", view.read(ctx));
  if (results.empty())
    return emitError(file) << "has no outputs";
  for (auto &[name, weight] : scope->weights)
    if (auto view = scope->tensors.find(name); weight.isState && view != scope->tensors.end())
      states.get(weight.name).value = view->second.read(ctx);
  states.finish(function, builder, results);
  func::ReturnOp::create(builder, file, results);
  Block &body = function.getBody().front();
  function.setType(
      builder.getFunctionType(body.getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(inputNames))
    function.setArgAttr(i, kNameAttr, builder.getStringAttr(name));
  for (auto [i, name] : llvm::enumerate(names))
    function.setResultAttr(i, kNameAttr, builder.getStringAttr(name));
  states.mark(function, options.states.size());
  return success();
}
