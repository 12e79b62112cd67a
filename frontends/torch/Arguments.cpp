// Arguments of nodes, checked against the parameters of their signatures: rows get what these say.
#include "frontends/torch/GraphImporter.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

/// A number of an argument, or an error. `input` becomes one that only the run knows, where it is
/// given.
LogicalResult GraphImporter::bindNumber(NodeContext &ctx, const Parameter &parameter,
                                        const Number &number, Bound &bound, Value *input) {
  using Type = Parameter::Type;
  auto value = evaluate(number);
  if (!value) {
    if (input && number.kind == Number::Kind::name) {
      *input = lookup(number.text, ctx);
      return success(static_cast<bool>(*input));
    }
    auto diagnostic = ctx.error("argument '")
                      << parameter.name << "' must be known at compile time, but '" << number.text
                      << "' is computed from the model's inputs";
    diagnostic.attachNote() << "where it is an input itself, give it with --set";
    return diagnostic;
  }
  bool isReal = value->kind == Number::Kind::real;
  if (isReal && (parameter.type == Type::integer || parameter.type == Type::boolean))
    return ctx.error("argument '")
           << parameter.name << "' is " << value->real << ", but has to be an integer";
  if (parameter.type == Type::real && !isReal)
    value = Number::ofReal(value->asReal());
  bound.numbers.push_back(*value);
  return success();
}

/// Whether `name` is one of the words in `names`.
static bool isAmong(StringRef name, StringRef names) {
  return llvm::is_contained(llvm::split(names, ' '), name);
}

FailureOr<Bound> GraphImporter::bindArgument(NodeContext &ctx, const Parameter &parameter,
                                             const Argument &argument, Value &input) {
  using Kind = Argument::Kind;
  using Type = Parameter::Type;
  Bound bound;
  if (parameter.type == Type::ignored || argument.kind == Kind::none) {
    bool mayBeNone = parameter.optional || parameter.type == Type::ignored ||
                     (parameter.hasDefault && parameter.missing == "None");
    if (argument.kind == Kind::none && !mayBeNone)
      return ctx.error("argument '") << parameter.name << "' is None, which is not supported";
    return bound;
  }
  bound.given = true;
  auto mismatch = [&]() -> FailureOr<Bound> {
    return ctx.error("argument '")
           << parameter.name << "' is of a kind that '" << displayName(ctx.schema.name)
           << "' doesn't take" << (argument.kind == Kind::other ? ": " + argument.name : "");
  };
  bool isTensor = parameter.type == Type::tensor;
  bool isNumber = parameter.type == Type::integer || parameter.type == Type::real ||
                  parameter.type == Type::scalar || parameter.type == Type::boolean;
  switch (argument.kind) {
  case Kind::tensor: {
    if (!isTensor && parameter.type != Type::scalar)
      return mismatch();
    Value value = lookup(argument.name, ctx);
    if (!value)
      return failure();
    if (parameter.list)
      bound.tensors.push_back(value);
    else
      input = value;
    return bound;
  }
  case Kind::tensors:
    if (!isTensor && !argument.names.empty())
      return mismatch();
    for (const std::string &name : argument.names) {
      bound.tensors.push_back(name.empty() ? Value() : lookup(name, ctx));
      if (!name.empty() && !bound.tensors.back())
        return failure();
      if (name.empty() && !parameter.optional)
        return mismatch();
    }
    return parameter.list ? FailureOr<Bound>(bound) : mismatch();
  case Kind::number:
  case Kind::numbers:
    if ((!isTensor && !isNumber) || (argument.kind == Kind::numbers && !parameter.list) ||
        (argument.kind == Kind::number && parameter.list && !parameter.length))
      return mismatch();
    for (const Number &number : argument.numbers) {
      bool mayRun = !parameter.list && (isTensor || parameter.type == Type::scalar ||
                                        isAmong(parameter.name, ctx.row.atRunTime));
      Value value;
      if (failed(bindNumber(ctx, parameter, number, bound, mayRun ? &value : nullptr)))
        return failure();
      if (value)
        input = value;
      // Python's numbers are taken for tensors, too.
      if (isTensor && !bound.numbers.empty()) {
        const Number &known = bound.numbers.back();
        Value constant = ctx.constant(known, ctx.typeOfNumber(known));
        (parameter.list ? bound.tensors.emplace_back() : input) = constant;
      }
    }
    return bound;
  case Kind::text:
    bound.text = argument.name;
    return parameter.type == Type::text ? FailureOr<Bound>(bound) : mismatch();
  case Kind::code:
    if (parameter.type != Type::elementType)
      return mismatch();
    bound.element = convertElementType(argument.numbers[0].integer, context);
    if (mlir::Type part = complexPart(argument.numbers[0].integer, context))
      bound.element = ComplexType::get(part);
    if (!bound.element)
      return ctx.error("element type ")
             << nameOfType(argument.numbers[0].integer) << " is not supported";
    return bound;
  case Kind::graph:
    bound.graph = argument.graph;
    return parameter.type == Type::graph ? FailureOr<Bound>(bound) : mismatch();
  default:
    return mismatch();
  }
}

/// Gives every parameter of the signature its argument, or its default.
LogicalResult GraphImporter::bindArguments(NodeContext &ctx) {
  const auto &parameters = ctx.schema.parameters;
  SmallVector<const Argument *> given(parameters.size());
  Argument rest;
  rest.kind = Argument::Kind::tensors;
  for (auto [position, input] : llvm::enumerate(ctx.node.inputs)) {
    size_t at = input.name.empty() ? position : llvm::find_if(parameters, [&](const Parameter &p) {
                                                  return p.name == input.name;
                                                }) - parameters.begin();
    if (!parameters.empty() && parameters.back().rest && at + 1 >= parameters.size() &&
        input.value.kind == Argument::Kind::tensor) {
      rest.names.push_back(input.value.name);
      given.back() = &rest;
      continue;
    }
    if (at >= parameters.size())
      return ctx.error("has an argument '")
             << input.name << "', which '" << displayName(ctx.schema.name) << "' has not";
    given[at] = &input.value;
  }
  for (auto [parameter, argument] : llvm::zip_equal(parameters, given)) {
    std::optional<Argument> missing;
    if (!argument) {
      missing = defaultArgument(parameter);
      if (!missing)
        return ctx.error("argument '") << parameter.name << "' is missing";
    }
    Value input;
    auto bound = bindArgument(ctx, parameter, argument ? *argument : *missing, input);
    if (failed(bound))
      return failure();
    ctx.arguments.push_back(std::move(*bound));
    ctx.addInput(input);
  }
  return success();
}
