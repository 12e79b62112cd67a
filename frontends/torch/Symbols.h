// Expressions over the symbols that stand for open dimensions.
#pragma once

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgec::torch {

/// Values of symbols, and of what guards call inputs' sizes (`L['x'].size()[0]`).
using SymbolValues = std::map<std::string, double>;

/// A sum, a quotient, a comparison... as sympy or Python writes it.
class Expression {
public:
  /// `Mul(Integer(2), Symbol('s39', positive=True, integer=True))`, sympy's srepr. Nothing where it
  /// can't be read.
  static std::optional<Expression> parseSympy(llvm::StringRef text);
  /// `2*(((-3) + L['x'].size()[2]) // 2) < 5`, a Python expression.
  static std::optional<Expression> parsePython(llvm::StringRef text);

  /// The value, 1 or 0 for a comparison; nothing where a symbol has none or a function isn't known.
  /// Sizes are far below 2^53, so that doubles are exact.
  std::optional<double> evaluate(const SymbolValues &values) const;
  /// As Python would write it.
  std::string toString() const;
  /// Adds the names of the symbols in it.
  void collectSymbols(std::vector<std::string> &names) const;

  /// Gives the one symbol that has no value the one with which this equals `result`. False where
  /// that can't be.
  bool solve(double result, SymbolValues &values) const;

private:
  friend class SympyParser;
  friend class PythonParser;

  std::string head; ///< a function or operator; `#` for a number, `$` for a symbol
  std::string text; ///< the symbol
  double number = 0;
  std::vector<Expression> operands;
};

} // namespace edgec::torch
