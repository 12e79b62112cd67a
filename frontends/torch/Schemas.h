// An overload's signature, as torch writes it, read: names, types and defaults of its arguments.
#pragma once

#include "frontends/torch/Program.h"
#include "llvm/ADT/StringRef.h"

namespace edgec::torch {

/// One argument of a signature.
struct Parameter {
  enum class Type {
    tensor,  ///< `Tensor`
    integer, ///< `int`, `SymInt`
    real,    ///< `float`
    scalar,  ///< `Scalar`: any of the numbers, of which it keeps the type
    boolean,
    text,        ///< `str`
    elementType, ///< `ScalarType`
    ignored,     ///< what says nothing here: a device, a layout, a memory format, a generator
    graph        ///< of control flow
  };
  llvm::StringRef name;
  Type type = Type::ignored;
  bool list = false;
  bool optional = false;   ///< may be None; of a list of tensors: its elements may
  unsigned length = 0;     ///< of a list that one number may stand for
  bool rest = false;       ///< `*operands`: all arguments from here on, of a list
  bool written = false;    ///< `Tensor(a!)`: the operation writes to it
  llvm::StringRef missing; ///< default, as text; empty: there is none
  bool hasDefault = false;
};

/// `aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)`, read. Text
/// is referred to, so it has to be constant.
struct Schema {
  llvm::StringRef name; ///< `aten::add_.Tensor`
  llvm::SmallVector<Parameter, 4> parameters;

  /// The table's own text is right, or the program ends: no file decides about it.
  static Schema parse(llvm::StringRef text);
  /// Index of the parameter that the operation writes to, or -1.
  int written() const;
};

/// `torch.ops.aten.conv2d.default` as signatures have it, `aten::conv2d`; `_operator.add` as
/// `_operator::add`.
std::string schemaName(llvm::StringRef target);
/// `aten::conv2d` as people write it: `aten.conv2d`, `aten.add.Tensor`.
std::string displayName(llvm::StringRef schemaName);

/// The value of a parameter that a file leaves out; nothing where it can't be left out.
std::optional<Argument> defaultArgument(const Parameter &parameter);

} // namespace edgec::torch
