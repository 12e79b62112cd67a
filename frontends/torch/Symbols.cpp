#include "frontends/torch/Symbols.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;

namespace edgec::torch {

/// Expressions nest a few levels for each operation on a size.
static constexpr int kDeepest = 200;
static constexpr StringLiteral kNumber = "#", kSymbol = "$";

//===- Reading --------------------------------------------------------------------------------===//

/// What both parsers do with text: a failure stays, so that it is asked for once at the end.
class TextCursor {
public:
  explicit TextCursor(StringRef text) : rest(text) {}

  bool accept(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  void expect(StringRef token) { broken |= !accept(token); }
  StringRef identifier() {
    rest = rest.ltrim();
    StringRef name = rest.take_while([](char c) { return isAlnum(c) || c == '_'; });
    rest = rest.drop_front(name.size());
    return name;
  }
  std::optional<double> number() {
    rest = rest.ltrim();
    StringRef digits = rest.take_while([](char c) { return isDigit(c) || c == '.' || c == 'e'; });
    double value;
    if (digits.empty() || !isDigit(digits[0]) || digits.getAsDouble(value))
      return std::nullopt;
    rest = rest.drop_front(digits.size());
    return value;
  }
  StringRef quoted() {
    char quote = rest.empty() ? 0 : rest[0];
    size_t end = rest.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == StringRef::npos) {
      broken = true;
      return {};
    }
    StringRef text = rest.slice(1, end);
    rest = rest.drop_front(end + 1);
    return text;
  }

  StringRef rest;
  bool broken = false;
  int depth = 0;
};

class SympyParser : public TextCursor {
public:
  using TextCursor::TextCursor;

  Expression parse() {
    Expression result;
    if (broken || ++depth > kDeepest) {
      broken = true;
      return result;
    }
    bool negative = accept("-");
    if (auto value = number()) {
      result.head = kNumber;
      result.number = negative ? -*value : *value;
    } else {
      StringRef name = identifier();
      broken |= negative || name.empty();
      result.head = name.str();
      if (accept("("))
        arguments(result);
      else if (name == "true" || name == "false" || name == "True" || name == "False")
        result = constant(name.ends_with_insensitive("true") ? 1 : 0);
      simplify(result);
    }
    --depth;
    return result;
  }

private:
  static Expression constant(double value) {
    Expression result;
    result.head = kNumber;
    result.number = value;
    return result;
  }
  void arguments(Expression &call) {
    while (!broken && !accept(")")) {
      rest = rest.ltrim();
      if (rest.starts_with("'") || rest.starts_with("\"")) {
        call.text = quoted().str();
      } else if (StringRef name = rest.take_while([](char c) { return isAlnum(c) || c == '_'; });
                 rest.drop_front(name.size()).starts_with("=")) {
        rest = rest.drop_front(name.size() + 1); // an assumption, as `positive=True`
        identifier();
      } else {
        call.operands.push_back(parse());
      }
      accept(",");
    }
  }
  /// Symbols and numbers are calls in this notation.
  void simplify(Expression &call) {
    if (call.head == "Symbol" || call.head == "Dummy") {
      call.head = kSymbol;
      call.operands.clear();
    } else if (call.head == "Integer" && call.operands.size() == 1) {
      call = Expression(call.operands[0]);
    } else if (call.head == "Rational" && call.operands.size() == 2) {
      call = constant(call.operands[0].number / call.operands[1].number);
    } else if (call.head == "Float") {
      double value = 0;
      broken |= StringRef(call.text).getAsDouble(value);
      call = constant(value);
    }
  }
};

class PythonParser : public TextCursor {
public:
  using TextCursor::TextCursor;

  Expression parse() { return disjunction(); }

private:
  static Expression apply(StringRef head, std::vector<Expression> operands) {
    Expression result;
    result.head = head.str();
    result.operands = std::move(operands);
    return result;
  }
  bool word(StringRef name) {
    StringRef before = rest;
    if (identifier() == name)
      return true;
    rest = before;
    return false;
  }
  Expression disjunction() {
    Expression left = conjunction();
    while (!broken && word("or"))
      left = apply("Or", {left, conjunction()});
    return left;
  }
  Expression conjunction() {
    Expression left = negation();
    while (!broken && word("and"))
      left = apply("And", {left, negation()});
    return left;
  }
  Expression negation() {
    if (word("not"))
      return apply("Not", {negation()});
    return comparison();
  }
  Expression comparison() {
    Expression left = sum();
    static constexpr std::pair<StringLiteral, StringLiteral> kOperators[] = {
        {"==", "Eq"}, {"!=", "Ne"}, {"<=", "Le"}, {">=", "Ge"}, {"<", "Lt"}, {">", "Gt"}};
    for (auto [token, head] : kOperators)
      if (!broken && accept(token))
        return apply(head, {left, sum()});
    return left;
  }
  Expression sum() {
    Expression left = product();
    while (!broken) {
      if (accept("+"))
        left = apply("Add", {left, product()});
      else if (accept("-"))
        left = apply("Sub", {left, product()});
      else
        break;
    }
    return left;
  }
  Expression product() {
    Expression left = power();
    while (!broken) {
      if (accept("//"))
        left = apply("FloorDiv", {left, power()});
      else if (accept("*"))
        left = apply("Mul", {left, power()});
      else if (accept("/"))
        left = apply("IntTrueDiv", {left, power()});
      else if (accept("%"))
        left = apply("Mod", {left, power()});
      else
        break;
    }
    return left;
  }
  Expression power() {
    if (++depth > kDeepest)
      broken = true;
    Expression left;
    if (broken)
      return left;
    if (accept("-"))
      left = apply("Neg", {power()});
    else
      left = primary();
    if (!broken && accept("**"))
      left = apply("Pow", {left, power()});
    --depth;
    return left;
  }
  Expression primary() {
    Expression result;
    if (accept("(")) {
      result = parse();
      expect(")");
      return result;
    }
    if (auto value = number()) {
      result.head = kNumber;
      result.number = *value;
      return result;
    }
    StringRef begin = rest, name = identifier();
    broken |= name.empty();
    if (accept("(")) {
      std::vector<Expression> operands;
      while (!broken && !accept(")")) {
        operands.push_back(parse());
        accept(",");
      }
      StringRef head = name == "max" ? "Max" : name == "min" ? "Min" : name;
      return apply(head, std::move(operands));
    }
    // `L['x'].size()[0]` is a name as a whole.
    while (!broken && !rest.empty() && StringRef("[.(").contains(rest[0])) {
      char closer = rest[0] == '[' ? ']' : rest[0] == '(' ? ')' : 0;
      if (!closer) {
        rest = rest.drop_front();
        identifier();
        continue;
      }
      size_t end = rest.find(closer);
      broken |= end == StringRef::npos;
      rest = rest.drop_front(broken ? 0 : end + 1);
    }
    result.head = kSymbol;
    result.text = begin.drop_back(rest.size()).str();
    return result;
  }
};

std::optional<Expression> Expression::parseSympy(StringRef text) {
  SympyParser parser(text);
  Expression result = parser.parse();
  if (parser.broken || !parser.rest.trim().empty())
    return std::nullopt;
  return result;
}

std::optional<Expression> Expression::parsePython(StringRef text) {
  PythonParser parser(text);
  Expression result = parser.parse();
  if (parser.broken || !parser.rest.trim().empty())
    return std::nullopt;
  return result;
}

//===- Values ---------------------------------------------------------------------------------===//

namespace {

using Function = double (*)(ArrayRef<double>);

double pythonMod(double a, double b) { return a - b * std::floor(a / b); }

/// Functions by the names that sympy, torch and Python have for them; `operands` 0: any number.
struct FunctionRow {
  StringLiteral name;
  unsigned operands;
  Function function;
  StringLiteral infix = "";
};

template <typename Fn> double folded(ArrayRef<double> x, double start, Fn fn) {
  for (double value : x)
    start = fn(start, value);
  return start;
}

double sum(ArrayRef<double> x) {
  return folded(x, 0, [](double a, double b) { return a + b; });
}
double product(ArrayRef<double> x) {
  return folded(x, 1, [](double a, double b) { return a * b; });
}
double largest(ArrayRef<double> x) {
  return folded(x, -INFINITY, [](double a, double b) { return std::max(a, b); });
}
double least(ArrayRef<double> x) {
  return folded(x, INFINITY, [](double a, double b) { return std::min(a, b); });
}
double conjunction(ArrayRef<double> x) { return is_contained(x, 0.0) ? 0 : 1; }
double disjunction(ArrayRef<double> x) {
  return any_of(x, [](double v) { return v != 0; }) ? 1 : 0;
}
double same(ArrayRef<double> x) { return x[0]; }
double quotient(ArrayRef<double> x) { return x[0] / x[1]; }
double floorQuotient(ArrayRef<double> x) { return std::floor(x[0] / x[1]); }
double remainder(ArrayRef<double> x) { return pythonMod(x[0], x[1]); }
double rounded(ArrayRef<double> x) { return std::nearbyint(x[0]); }
double floored(ArrayRef<double> x) { return std::floor(x[0]); }
double ceiled(ArrayRef<double> x) { return std::ceil(x[0]); }
double equal(ArrayRef<double> x) { return x[0] == x[1]; }
double unequal(ArrayRef<double> x) { return x[0] != x[1]; }
double lessOrEqual(ArrayRef<double> x) { return x[0] <= x[1]; }
double greaterOrEqual(ArrayRef<double> x) { return x[0] >= x[1]; }
double lessThan(ArrayRef<double> x) { return x[0] < x[1]; }
double greaterThan(ArrayRef<double> x) { return x[0] > x[1]; }

const FunctionRow kFunctions[] = {
    {"Add", 0, sum, " + "},
    {"Mul", 0, product, "*"},
    {"Max", 0, largest},
    {"Min", 0, least},
    {"And", 0, conjunction, " and "},
    {"Or", 0, disjunction, " or "},
    {"Sub", 2, [](ArrayRef<double> x) { return x[0] - x[1]; }, " - "},
    {"Neg", 1, [](ArrayRef<double> x) { return -x[0]; }},
    {"Not", 1, [](ArrayRef<double> x) { return double(x[0] == 0); }},
    {"Pow", 2, [](ArrayRef<double> x) { return std::pow(x[0], x[1]); }, "**"},
    {"PowByNatural", 2, [](ArrayRef<double> x) { return std::pow(x[0], x[1]); }, "**"},
    {"Abs", 1, [](ArrayRef<double> x) { return std::fabs(x[0]); }},
    {"FloorDiv", 2, floorQuotient, "//"},
    {"CleanDiv", 2, floorQuotient, "//"},
    {"CeilDiv", 2, [](ArrayRef<double> x) { return std::ceil(x[0] / x[1]); }},
    {"IntTrueDiv", 2, quotient, "/"},
    {"FloatTrueDiv", 2, quotient, "/"},
    {"Mod", 2, remainder, "%"},
    {"PythonMod", 2, remainder, "%"},
    {"ModularIndexing", 3,
     [](ArrayRef<double> x) { return pythonMod(std::floor(x[0] / x[1]), x[2]); }},
    {"floor", 1, floored},
    {"ceiling", 1, ceiled},
    {"FloorToInt", 1, floored},
    {"CeilToInt", 1, ceiled},
    {"TruncToInt", 1, [](ArrayRef<double> x) { return std::trunc(x[0]); }},
    {"TruncToFloat", 1, [](ArrayRef<double> x) { return std::trunc(x[0]); }},
    {"RoundToInt", 1, rounded},
    {"ToFloat", 1, same},
    {"Identity", 1, same},
    {"Eq", 2, equal, " == "},
    {"Equality", 2, equal, " == "},
    {"Ne", 2, unequal, " != "},
    {"Unequality", 2, unequal, " != "},
    {"Le", 2, lessOrEqual, " <= "},
    {"LessThan", 2, lessOrEqual, " <= "},
    {"Ge", 2, greaterOrEqual, " >= "},
    {"GreaterThan", 2, greaterOrEqual, " >= "},
    {"Lt", 2, lessThan, " < "},
    {"StrictLessThan", 2, lessThan, " < "},
    {"Gt", 2, greaterThan, " > "},
    {"StrictGreaterThan", 2, greaterThan, " > "},
};

const FunctionRow *findFunction(StringRef name) {
  const auto *row = find_if(kFunctions, [&](const FunctionRow &row) { return row.name == name; });
  return row == std::end(kFunctions) ? nullptr : row;
}

} // namespace

std::optional<double> Expression::evaluate(const SymbolValues &values) const {
  if (head == kNumber)
    return number;
  if (head == kSymbol) {
    auto it = values.find(text);
    return it == values.end() ? std::nullopt : std::optional(it->second);
  }
  const FunctionRow *row = findFunction(head);
  if (!row || (row->operands && row->operands != operands.size()))
    return std::nullopt;
  SmallVector<double> arguments;
  for (const Expression &operand : operands) {
    auto value = operand.evaluate(values);
    if (!value)
      return std::nullopt;
    arguments.push_back(*value);
  }
  double result = row->function(arguments);
  return std::isnan(result) ? std::nullopt : std::optional(result);
}

std::string Expression::toString() const {
  std::string result;
  raw_string_ostream os(result);
  if (head == kNumber && number == std::floor(number) && std::fabs(number) < 1e15)
    os << static_cast<int64_t>(number);
  else if (head == kNumber)
    os << number;
  else if (head == kSymbol)
    os << text;
  if (head == kNumber || head == kSymbol)
    return result;
  const FunctionRow *row = findFunction(head);
  bool infix = row && !row->infix.empty();
  os << (infix ? "" : head + "(");
  interleave(
      operands, os,
      [&](const Expression &operand) {
        bool nested = infix && operand.operands.size() > 1;
        os << (nested ? "(" : "") << operand.toString() << (nested ? ")" : "");
      },
      infix ? StringRef(row->infix) : StringRef(", "));
  os << (infix ? "" : ")");
  return result;
}

void Expression::collectSymbols(std::vector<std::string> &names) const {
  if (head == kSymbol && !is_contained(names, text))
    names.push_back(text);
  for (const Expression &operand : operands)
    operand.collectSymbols(names);
}

bool Expression::solve(double result, SymbolValues &values) const {
  std::vector<std::string> symbols;
  collectSymbols(symbols);
  erase_if(symbols, [&](const std::string &name) { return values.count(name) != 0; });
  if (symbols.size() > 1)
    return false;
  if (symbols.empty())
    return evaluate(values) == result;
  // A line through two points; what isn't one is found out by the value there.
  SymbolValues trial = values;
  auto at = [&](double x) {
    trial[symbols[0]] = x;
    return evaluate(trial);
  };
  auto atZero = at(0), atOne = at(1);
  if (!atZero || !atOne || *atZero == *atOne)
    return false;
  double x = (result - *atZero) / (*atOne - *atZero);
  if (x != std::floor(x) || at(x) != result)
    return false;
  values[symbols[0]] = x;
  return true;
}

} // namespace edgec::torch
