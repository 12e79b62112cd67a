// Reading model.json. A `Reader` function throws `Malformed`, with what is wrong and where, at the
// first thing that is not as the schema has it; `loadProgram` makes a diagnostic of that.
#include "frontends/torch/Program.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "nlohmann/json.hpp"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace mlir;
using nlohmann::json;

namespace edgec::torch {

/// The version of torch's schema that is known. torch, too, refuses another major version only.
static constexpr int64_t kSchemaMajor = 8;
/// Control flow nests a dozen levels of JSON each time.
static constexpr int kDeepest = 512;
static constexpr int64_t kMostExtents = 64;

namespace {

struct Malformed {
  std::string message;
};

/// Checked access to one value, which is called `where` in messages.
struct Reader {
  const json &value;
  std::string where;

  [[noreturn]] void fail(const Twine &expected) const {
    throw Malformed{
        (Twine(where) + " should be " + expected + ", but is " + value.type_name()).str()};
  }
  Reader at(const char *key) const {
    if (!value.is_object())
      fail("an object");
    auto it = value.find(key);
    if (it == value.end())
      throw Malformed{(Twine(where) + " has no '" + key + "'").str()};
    return {*it, where};
  }
  /// The field, or nothing where it is absent or null.
  std::optional<Reader> find(const char *key) const {
    if (!value.is_object())
      fail("an object");
    auto it = value.find(key);
    if (it == value.end() || it->is_null())
      return std::nullopt;
    return Reader{*it, where};
  }
  std::string text() const {
    if (!value.is_string())
      fail("a string");
    return value.get<std::string>();
  }
  int64_t integer() const {
    bool fits = value.is_number_integer() &&
                (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t(INT64_MAX));
    if (!fits)
      fail("an integer of 64 bits");
    return value.get<int64_t>();
  }
  /// Infinities and NaN are strings.
  double real() const {
    if (value.is_number())
      return value.get<double>();
    StringRef text = value.is_string() ? StringRef(value.get_ref<const std::string &>()) : "";
    if (text == "NaN")
      return std::numeric_limits<double>::quiet_NaN();
    bool negative = text.consume_front("-");
    if (text != "Infinity")
      fail("a number");
    return negative ? -HUGE_VAL : HUGE_VAL;
  }
  bool boolean() const {
    if (!value.is_boolean())
      fail("true or false");
    return value.get<bool>();
  }
  /// Calls `fn` with each element of a list.
  template <typename Fn> void each(Fn fn) const {
    if (!value.is_array())
      fail("a list");
    for (const json &element : value)
      fn(Reader{element, where});
  }
  /// Calls `fn` with each key and value.
  template <typename Fn> void fields(Fn fn) const {
    if (!value.is_object())
      fail("an object");
    for (const auto &[key, element] : value.items())
      fn(key, Reader{element, where});
  }
  /// The one key of a union, and what it holds.
  std::pair<std::string, Reader> variant() const {
    if (!value.is_object() || value.size() != 1)
      fail("an object with one key");
    return {value.begin().key(), Reader{value.begin().value(), where}};
  }
};

//===- Numbers and tensors --------------------------------------------------------------------===//

Number readNumber(const Reader &reader) {
  auto [key, value] = reader.variant();
  if (key == "as_int")
    return Number::ofInteger(value.integer());
  if (key == "as_float")
    return Number::ofReal(value.real());
  if (key == "as_bool")
    return Number::ofBoolean(value.boolean());
  if (key == "as_name")
    return {Number::Kind::name, 0, 0, value.text()};
  if (key == "as_expr")
    return {Number::Kind::expression, 0, 0, value.at("expr_str").text()};
  throw Malformed{reader.where + " has a number of kind '" + key + "', which is not known"};
}

TensorMeta readMeta(const Reader &reader) {
  TensorMeta meta;
  meta.dtype = reader.at("dtype").integer();
  reader.at("sizes").each([&](Reader size) { meta.sizes.push_back(readNumber(size)); });
  reader.at("strides").each([&](Reader stride) { meta.strides.push_back(readNumber(stride)); });
  if (auto offset = reader.find("storage_offset"))
    meta.offset = readNumber(*offset);
  if (auto layout = reader.find("layout"))
    meta.strided = layout->integer() == 7;
  if (meta.sizes.size() != meta.strides.size() || meta.sizes.size() > kMostExtents)
    throw Malformed{reader.where + " has a tensor of " + std::to_string(meta.sizes.size()) +
                    " sizes and " + std::to_string(meta.strides.size()) + " strides"};
  return meta;
}

//===- Arguments ------------------------------------------------------------------------------===//

Graph readGraph(const Reader &reader);

Argument readArgument(const Reader &reader) {
  using Kind = Argument::Kind;
  auto [key, value] = reader.variant();
  Argument argument;
  auto tensors = [&](auto name) {
    argument.kind = Kind::tensors;
    value.each([&](Reader tensor) { argument.names.push_back(name(tensor)); });
  };
  auto one = [&](Number number) {
    argument.kind = Kind::number;
    argument.numbers.push_back(std::move(number));
  };
  auto many = [&](auto read) {
    argument.kind = Kind::numbers;
    value.each([&](Reader number) { argument.numbers.push_back(read(number)); });
  };
  auto nameOf = [](Reader tensor) { return tensor.at("name").text(); };
  if (key == "as_none") {
    argument.kind = Kind::none;
  } else if (key == "as_tensor") {
    argument.kind = Kind::tensor;
    argument.name = nameOf(value);
  } else if (key == "as_tensors") {
    tensors(nameOf);
  } else if (key == "as_optional_tensor") {
    if (value.variant().first == "as_tensor") {
      argument.kind = Kind::tensor;
      argument.name = nameOf(value.at("as_tensor"));
    }
  } else if (key == "as_optional_tensors") {
    tensors([&](Reader tensor) {
      auto [kind, inner] = tensor.variant();
      return kind == "as_tensor" ? nameOf(inner) : std::string();
    });
  } else if (key == "as_int") {
    one(Number::ofInteger(value.integer()));
  } else if (key == "as_float") {
    one(Number::ofReal(value.real()));
  } else if (key == "as_bool") {
    one(Number::ofBoolean(value.boolean()));
  } else if (key == "as_sym_int" || key == "as_sym_float" || key == "as_sym_bool") {
    one(readNumber(value));
  } else if (key == "as_ints") {
    many([](Reader number) { return Number::ofInteger(number.integer()); });
  } else if (key == "as_floats") {
    many([](Reader number) { return Number::ofReal(number.real()); });
  } else if (key == "as_bools") {
    many([](Reader number) { return Number::ofBoolean(number.boolean()); });
  } else if (key == "as_sym_ints" || key == "as_sym_floats" || key == "as_sym_bools") {
    many(readNumber);
  } else if (key == "as_string") {
    argument.kind = Kind::text;
    argument.name = value.text();
  } else if (key == "as_scalar_type" || key == "as_memory_format" || key == "as_layout") {
    argument.kind = Kind::code;
    argument.numbers.push_back(Number::ofInteger(value.integer()));
  } else if (key == "as_device") {
    argument.kind = Kind::device;
    argument.name = value.at("type").text();
  } else if (key == "as_graph") {
    argument.kind = Kind::graph;
    argument.name = value.at("name").text();
    argument.graph = std::make_shared<const Graph>(readGraph(value.at("graph")));
  } else {
    argument.kind = Kind::other;
    argument.name = key;
  }
  return argument;
}

//===- Nodes ----------------------------------------------------------------------------------===//

/// The innermost module of `key,path,class;key,path,class...`.
std::string modulePath(StringRef stack) {
  auto [outer, last] = stack.rsplit(';');
  SmallVector<StringRef> parts;
  (last.empty() ? outer : last).split(parts, ',');
  // Generic classes have commas of their own, behind the path.
  return parts.size() > 1 ? parts[1].str() : "";
}

/// The innermost line of `File "...", line 12, in forward` that isn't torch's own.
void readSource(StringRef trace, Node &node) {
  SmallVector<StringRef> lines;
  trace.split(lines, '\n');
  for (StringRef line : lines) {
    line = line.ltrim();
    if (!line.consume_front("File \""))
      continue;
    auto [path, rest] = line.split("\", line ");
    unsigned number = 0;
    if (path.contains("/torch/") || rest.consumeInteger(10, number))
      continue;
    node.source = llvm::sys::path::filename(path).str();
    node.line = number;
  }
}

Node readNode(const Reader &reader) {
  Node node;
  node.target = reader.at("target").text();
  if (auto name = reader.find("name"))
    node.name = name->text();
  if (auto metadata = reader.find("metadata")) {
    if (auto stack = metadata->find("nn_module_stack"))
      node.module = modulePath(stack->text());
    if (auto trace = metadata->find("stack_trace"))
      readSource(trace->text(), node);
  }
  std::string where = "node '" + (node.name.empty() ? node.target : node.name) + "'";
  Reader inputs{reader.at("inputs").value, where}, outputs{reader.at("outputs").value, where};
  inputs.each([&](Reader input) {
    std::string name = input.at("name").text();
    Reader value{input.at("arg").value, "argument '" + name + "' of " + where};
    node.inputs.push_back({name, readArgument(value)});
  });
  outputs.each([&](Reader output) { node.outputs.push_back(readArgument(output)); });
  return node;
}

Graph readGraph(const Reader &reader) {
  Graph graph;
  reader.at("inputs").each([&](Reader input) { graph.inputs.push_back(readArgument(input)); });
  reader.at("outputs").each([&](Reader output) { graph.outputs.push_back(readArgument(output)); });
  reader.at("nodes").each([&](Reader node) { graph.nodes.push_back(readNode(node)); });
  reader.at("tensor_values").fields([&](const std::string &name, Reader meta) {
    graph.tensors[name] = readMeta({meta.value, "tensor '" + name + "'"});
  });
  return graph;
}

//===- Signature ------------------------------------------------------------------------------===//

/// A name that isn't a union's: `{"name": ...}`.
Argument tensorNamed(const Reader &reader) {
  Argument argument;
  argument.kind = Argument::Kind::tensor;
  argument.name = reader.at("name").text();
  return argument;
}

InputSpec readInput(const Reader &reader) {
  using Kind = InputSpec::Kind;
  auto [key, value] = reader.variant();
  if (key == "parameter")
    return {Kind::parameter, tensorNamed(value.at("arg")), value.at("parameter_name").text()};
  if (key == "buffer")
    return {Kind::buffer, tensorNamed(value.at("arg")), value.at("buffer_name").text()};
  if (key == "tensor_constant")
    return {Kind::constant, tensorNamed(value.at("arg")), value.at("tensor_constant_name").text()};
  if (key == "user_input")
    return {Kind::user, readArgument(value.at("arg")), ""};
  if (key == "constant_input")
    return {Kind::fixed, {}, value.at("name").text()};
  return {Kind::other, {}, key};
}

OutputSpec readOutput(const Reader &reader) {
  using Kind = OutputSpec::Kind;
  auto [key, value] = reader.variant();
  if (key == "user_output")
    return {Kind::user, readArgument(value.at("arg")), ""};
  if (key == "buffer_mutation")
    return {Kind::bufferMutation, tensorNamed(value.at("arg")), value.at("buffer_name").text()};
  if (key == "user_input_mutation")
    return {Kind::inputMutation, tensorNamed(value.at("arg")), value.at("user_input_name").text()};
  return {Kind::other, {}, key};
}

std::optional<int64_t> readBound(const std::optional<Reader> &reader) {
  // Beyond these, torch means that there is no bound.
  constexpr int64_t kOpen = INT64_MAX - 1;
  if (!reader || !reader->value.is_number_integer())
    return std::nullopt;
  if (reader->value.is_number_unsigned() && reader->value.get<uint64_t>() >= uint64_t(kOpen))
    return std::nullopt;
  int64_t bound = reader->integer();
  return bound <= -kOpen ? std::nullopt : std::optional(bound);
}

void readModel(const Reader &model, Program &program) {
  Reader graphModule = model.at("graph_module");
  program.graph = readGraph(graphModule.at("graph"));
  Reader signature = graphModule.at("signature");
  signature.at("input_specs").each([&](Reader spec) { program.inputs.push_back(readInput(spec)); });
  signature.at("output_specs").each([&](Reader spec) {
    program.outputs.push_back(readOutput(spec));
  });
  if (auto ranges = model.find("range_constraints"))
    ranges->fields([&](const std::string &expression, Reader range) {
      program.ranges.push_back(
          {expression, readBound(range.find("min_val")), readBound(range.find("max_val"))});
    });
  if (auto guards = model.find("guards_code"))
    guards->each([&](Reader guard) { program.guards.push_back(guard.text()); });
  if (auto version = model.find("torch_version"))
    program.torchVersion = version->text();
  if (auto verifiers = model.find("verifiers"))
    verifiers->each([&](Reader verifier) {
      if (program.dialect.empty())
        program.dialect = verifier.text();
    });
  if (program.inputs.size() != program.graph.inputs.size() ||
      program.outputs.size() != program.graph.outputs.size())
    throw Malformed{"the signature has " + std::to_string(program.inputs.size()) + " inputs and " +
                    std::to_string(program.outputs.size()) + " outputs, but the graph " +
                    std::to_string(program.graph.inputs.size()) + " and " +
                    std::to_string(program.graph.outputs.size())};
}

void readPayloads(const Reader &table, StringRef folder, std::map<std::string, Payload> &payloads) {
  table.at("config").fields([&](const std::string &name, Reader entry) {
    Reader named{entry.value, "weight '" + name + "'"};
    Payload payload;
    payload.file = (folder + named.at("path_name").text()).str();
    payload.pickled = named.at("use_pickle").boolean();
    if (auto meta = named.find("tensor_meta"))
      payload.meta = readMeta(*meta);
    else
      payload.pickled = true;
    payloads[name] = std::move(payload);
  });
}

/// Whether brackets nest no deeper than anything that torch writes.
bool isShallow(StringRef text) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      i += c == '\\';
      inString = c != '"';
    } else if (c == '"') {
      inString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest)
        return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

/// Parses an entry of JSON.
FailureOr<json> readJson(Archive &archive, StringRef name, Location loc) {
  FailureOr<Bytes> bytes = archive.read(name, loc);
  if (failed(bytes))
    return failure();
  StringRef text((*bytes)->data(), (*bytes)->size());
  if (!isShallow(text))
    return emitError(loc) << "entry '" << name << "' nests more than " << kDeepest
                          << " levels deep";
  json value = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded())
    return emitError(loc) << "entry '" << name << "' is not JSON: it is damaged";
  return value;
}

/// What kind of archive it is, if it isn't an exported program as torch writes it now.
LogicalResult checkKind(Archive &archive, Location loc) {
  if (archive.has("models/model.json"))
    return success();
  InFlightDiagnostic diagnostic = emitError(loc);
  if (archive.has("serialized_exported_program.json") || archive.has("version")) {
    diagnostic << "is an exported program in the layout of torch before 2.7";
    diagnostic.attachNote() << "load it with torch.export.load in a newer torch, and save it again";
  } else if (archive.has("data.pkl")) {
    diagnostic << "is a checkpoint of torch.save or a TorchScript module, not an exported program";
    diagnostic.attachNote()
        << "edgec runs no pickled code; export the module with "
           "torch.export.save(torch.export.export(module, inputs), 'model.pt2')";
  } else {
    diagnostic << "is a zip archive without 'models/model.json', so no exported program";
    diagnostic.attachNote() << "write one with torch.export.save; of a package of several models, "
                               "save the one alone";
  }
  return diagnostic;
}

} // namespace

FailureOr<LoadedProgram> loadProgram(StringRef path, MLIRContext *context) {
  LoadedProgram loaded;
  loaded.fileName = llvm::sys::path::filename(path).str();
  Location loc = FileLineColLoc::get(context, loaded.fileName, 0, 0);
  FailureOr<std::unique_ptr<Archive>> archive = Archive::open(path, loc);
  if (failed(archive) || failed(checkKind(**archive, loc)))
    return failure();
  loaded.archive = std::move(*archive);
  auto bytes = loaded.archive->has("byteorder") ? loaded.archive->read("byteorder", loc)
                                                : FailureOr<Bytes>(Bytes());
  if (failed(bytes))
    return failure();
  if (*bytes && StringRef((*bytes)->data(), (*bytes)->size()).trim() != "little")
    return emitError(loc) << "was saved on a big-endian machine; save it on a little-endian one";

  auto program = std::make_shared<Program>();
  try {
    FailureOr<json> model = readJson(*loaded.archive, "models/model.json", loc);
    if (failed(model))
      return failure();
    Reader reader{*model, "the program"};
    Reader version = reader.at("schema_version");
    program->major = version.at("major").integer();
    program->minor = version.at("minor").integer();
    if (program->major != kSchemaMajor) {
      auto diagnostic = emitError(loc) << "has schema version " << program->major << "."
                                       << program->minor << "; known is " << kSchemaMajor;
      diagnostic.attachNote() << "save it again with a torch of that schema, such as 2.13";
      return diagnostic;
    }
    readModel(reader, *program);
    for (auto [folder, table, payloads] :
         {std::tuple("data/weights/", "data/weights/model_weights_config.json", &program->weights),
          std::tuple("data/constants/", "data/constants/model_constants_config.json",
                     &program->constants)}) {
      if (!loaded.archive->has(table))
        continue;
      FailureOr<json> config = readJson(*loaded.archive, table, loc);
      if (failed(config))
        return failure();
      readPayloads({*config, table}, folder, *payloads);
    }
  } catch (const Malformed &malformed) {
    return emitError(loc) << "is not a sound exported program: " << malformed.message;
  }
  loaded.program = std::move(program);
  return loaded;
}

} // namespace edgec::torch
