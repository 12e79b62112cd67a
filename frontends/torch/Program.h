// What model.json and the tables of weights say, read once into structs: nothing else looks at
// JSON.
#pragma once

#include "frontends/torch/Archive.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace edgec::torch {

/// A number of an argument or a dimension: written there, or the value of a name (a symbolic int,
/// float or bool that another node computes), or an expression over symbols (sympy's srepr).
struct Number {
  enum class Kind { integer, real, boolean, name, expression };
  Kind kind = Kind::integer;
  int64_t integer = 0; ///< a boolean's too
  double real = 0;
  std::string text;

  static Number ofInteger(int64_t value) { return {Kind::integer, value, 0, {}}; }
  static Number ofReal(double value) { return {Kind::real, 0, value, {}}; }
  static Number ofBoolean(bool value) { return {Kind::boolean, value, 0, {}}; }
  bool isKnown() const { return kind <= Kind::boolean; }
  double asReal() const { return kind == Kind::real ? real : static_cast<double>(integer); }
};

/// Element type, extents and place in its storage of a tensor.
struct TensorMeta {
  int64_t dtype = 0; ///< the schema's own code (Types.h)
  llvm::SmallVector<Number, 4> sizes, strides;
  Number offset;
  bool strided = true;
};

struct Graph;

/// The value of an argument, an input or an output.
struct Argument {
  enum class Kind {
    none,
    tensor,  ///< `name`
    tensors, ///< `names`; an empty one is missing
    number,  ///< `numbers[0]`
    numbers,
    text, ///< `name`
    code, ///< of an element type, memory format or layout: `numbers[0]`
    device,
    graph,
    other ///< `name` is what the file calls it
  };
  Kind kind = Kind::none;
  std::string name;
  std::vector<std::string> names;
  std::vector<Number> numbers;
  std::shared_ptr<const Graph> graph;
};

struct Node {
  struct Input {
    std::string name; ///< of the schema's argument; empty for control flow
    Argument value;
  };
  std::string target; ///< as the file has it: `torch.ops.aten.conv2d.default`
  std::string name;
  std::string module; ///< path of the module that it stands in, `blocks.0.attn`; empty at the top
  std::string source; ///< the user's file, without its folder
  unsigned line = 0;
  std::vector<Input> inputs;
  std::vector<Argument> outputs;
};

struct Graph {
  std::vector<Argument> inputs, outputs;
  std::vector<Node> nodes;
  std::map<std::string, TensorMeta> tensors;
};

struct InputSpec {
  enum class Kind { parameter, buffer, constant, user, fixed, other };
  Kind kind = Kind::other;
  Argument argument;
  std::string
      target; ///< of a weight: its name in the table; of another kind: what the file calls it
};

struct OutputSpec {
  enum class Kind { user, bufferMutation, inputMutation, other };
  Kind kind = Kind::other;
  Argument argument;
  std::string target;
};

/// Bounds of a symbol, or of an expression over symbols as Python writes it.
struct Range {
  std::string expression;
  std::optional<int64_t> low, high;
};

/// Where a weight lies: a strided view of a file of raw elements, which others may share.
struct Payload {
  std::string file; ///< entry of the archive
  bool pickled = false;
  TensorMeta meta;
};

struct Program {
  int64_t major = 0, minor = 0;
  std::string torchVersion, dialect;
  Graph graph;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::vector<Range> ranges;
  std::vector<std::string> guards;
  std::map<std::string, Payload> weights, constants;
};

/// A file that has been read and whose structure is sound.
struct LoadedProgram {
  std::shared_ptr<Archive> archive;
  std::shared_ptr<const Program> program;
  std::string fileName; ///< for messages
};

/// Reads and checks a file; errors are emitted at the file's name.
llvm::FailureOr<LoadedProgram> loadProgram(llvm::StringRef path, mlir::MLIRContext *context);

} // namespace edgec::torch
