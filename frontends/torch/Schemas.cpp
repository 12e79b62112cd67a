#include "frontends/torch/Schemas.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace edgec::torch {

/// Splits at commas outside of brackets and quotes.
static SmallVector<StringRef> splitArguments(StringRef text) {
  SmallVector<StringRef> parts;
  int depth = 0;
  char quote = 0;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '(' || c == '[')
      ++depth;
    else if (c == ')' || c == ']')
      --depth;
    else if (c == ',' && depth == 0) {
      parts.push_back(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  if (!text.substr(start).trim().empty())
    parts.push_back(text.substr(start).trim());
  return parts;
}

static Parameter::Type typeOf(StringRef name) {
  using Type = Parameter::Type;
  return StringSwitch<Type>(name)
      .Case("Tensor", Type::tensor)
      .Cases({"int", "SymInt"}, Type::integer)
      .Case("float", Type::real)
      .Case("Scalar", Type::scalar)
      .Case("bool", Type::boolean)
      .Case("str", Type::text)
      .Case("ScalarType", Type::elementType)
      .Case("Graph", Type::graph)
      .Default(Type::ignored);
}

/// `Tensor(a!)? self=None`.
static Parameter parseParameter(StringRef text) {
  Parameter parameter;
  auto [declaration, value] = text.split('=');
  parameter.hasDefault = text.contains('=');
  parameter.missing = value;
  auto [type, name] = declaration.trim().rsplit(' ');
  parameter.rest = name.consume_front("*");
  parameter.name = name;
  parameter.type = typeOf(type.take_while([](char c) { return isAlnum(c); }));
  if (size_t open = type.find('('); open != StringRef::npos)
    parameter.written = type.substr(open).take_until([](char c) { return c == ')'; }).contains('!');
  if (size_t open = type.find('['); open != StringRef::npos) {
    parameter.list = true;
    type.substr(open + 1).consumeInteger(10, parameter.length);
  }
  parameter.optional = type.contains('?');
  return parameter;
}

Schema Schema::parse(StringRef text) {
  Schema schema;
  size_t open = text.find('('), arrow = text.rfind(") ->");
  if (open == StringRef::npos || arrow == StringRef::npos || open > arrow)
    report_fatal_error("a signature in the table can't be read: " + text);
  schema.name = text.take_front(open);
  for (StringRef part : splitArguments(text.slice(open + 1, arrow)))
    if (part != "*")
      schema.parameters.push_back(parseParameter(part));
  return schema;
}

int Schema::written() const {
  for (auto [i, parameter] : enumerate(parameters))
    if (parameter.written)
      return static_cast<int>(i);
  return -1;
}

std::string schemaName(StringRef target) {
  if (target.consume_front("torch.ops.")) {
    auto [space, rest] = target.split('.');
    rest.consume_back(".default");
    return (space + "::" + rest).str();
  }
  auto [space, name] = target.rsplit('.');
  return (space + "::" + name).str();
}

std::string displayName(StringRef schemaName) {
  auto [space, name] = schemaName.split("::");
  return name.empty() ? schemaName.str() : (space + "." + name).str();
}

std::optional<Argument> defaultArgument(const Parameter &parameter) {
  using Kind = Argument::Kind;
  Argument argument;
  StringRef text = parameter.missing;
  if (!parameter.hasDefault)
    return std::nullopt;
  if (text == "None" || parameter.type == Parameter::Type::ignored)
    return argument;
  auto number = [](StringRef text) {
    int64_t integer;
    double real = 0;
    if (text == "True" || text == "False")
      return Number::ofBoolean(text == "True");
    if (!text.getAsInteger(10, integer))
      return Number::ofInteger(integer);
    // "0." isn't a number for getAsDouble.
    (void)StringRef(text.str() + (text.ends_with(".") ? "0" : "")).getAsDouble(real);
    return Number::ofReal(real);
  };
  if (parameter.type == Parameter::Type::text) {
    argument.kind = Kind::text;
    argument.name = text.trim("\"'").str();
  } else if (parameter.type == Parameter::Type::elementType) {
    // Signatures have torch's own enumeration, files one that begins at 1 (up to float64).
    argument.kind = Kind::code;
    argument.numbers.push_back(Number::ofInteger(number(text).integer + 1));
  } else if (text.consume_front("[")) {
    argument.kind = Kind::numbers;
    for (StringRef part : splitArguments(text.drop_back()))
      argument.numbers.push_back(number(part));
  } else {
    argument.kind = Kind::number;
    argument.numbers.push_back(number(text));
  }
  return argument;
}

} // namespace edgec::torch
