// The torch frontend as the compiler sees it: recognise, import, inspect, list.
#include "frontends/Inspection.h"
#include "frontends/torch/GraphImporter.h"
#include "nlohmann/json.hpp"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

/// Adds what writes to its first argument what a row computes, for rows that may have such a twin
/// and none of their own: torch has `erf_` beside `erf`, `eq_.Scalar` beside `eq.Scalar`.
static void addTwins(llvm::StringMap<Operator> &operators) {
  std::vector<std::pair<std::string, Operator>> twins;
  for (const auto &entry : operators) {
    const Operator &op = entry.second;
    auto [base, which] = StringRef(op.schema.name).split('.');
    if (!base.starts_with("aten::") || base.ends_with("_") || op.schema.parameters.empty() ||
        op.schema.written() >= 0 || !std::holds_alternative<ImportFunction>(op.row->import))
      continue;
    Operator twin = op;
    Parameter &first = twin.schema.parameters[0];
    if (first.type != Parameter::Type::tensor || first.list || first.optional)
      continue;
    first.written = twin.isTwin = true;
    twins.emplace_back((base + (which.empty() ? "_" : "_.") + which).str(), twin);
  }
  for (auto &[name, twin] : twins)
    if (auto [entry, isNew] = operators.try_emplace(name, twin); isNew)
      entry->second.schema.name = entry->first();
}

/// All rows by the names of their signatures, which are read once.
static const llvm::StringMap<Operator> &operatorTable() {
  static const llvm::StringMap<Operator> table = [] {
    llvm::StringMap<Operator> operators;
    for (auto rows : {getElementwiseRows, getFunctionRows,   getComplexRows,  getSpecialRows,
                      getActivationRows,  getCreateRows,     getViewRows,     getSliceRows,
                      getShapeRows,       getComposeRows,    getConvRows,     getMatMulRows,
                      getAttentionRows,   getPoolRows,       getFoldRows,     getReduceRows,
                      getStatisticsRows,  getNormalizeRows,  getIndexRows,    getEmbeddingRows,
                      getResizeRows,      getRecurrentRows,  getQuantizeRows, getSignalRows,
                      getSymbolRows,      getControlFlowRows})
      for (const OperatorRow &row : rows()) {
        Schema schema = Schema::parse(row.signature);
        operators[schema.name] = {schema, &row, /*isTwin=*/false};
      }
    addTwins(operators);
    return operators;
  }();
  return table;
}

const Operator *edgec::torch::findOperator(StringRef name) {
  auto it = operatorTable().find(name);
  return it == operatorTable().end() ? nullptr : &it->second;
}

/// A zip archive: which kind is said where it is read.
static bool recognize(llvm::MemoryBufferRef content) {
  return content.getBuffer().starts_with("PK\3\4");
}

static OwningOpRef<ModuleOp> import(StringRef path, const ImportOptions &options,
                                    MLIRContext *context) {
  auto loaded = loadProgram(path, context);
  if (failed(loaded))
    return {};
  return GraphImporter(*loaded, options, context).import();
}

static std::string describe(const Graph &graph, const Argument &argument) {
  auto meta = graph.tensors.find(argument.name);
  if (argument.kind != Argument::Kind::tensor || meta == graph.tensors.end())
    return "a number";
  std::string text;
  for (const Number &size : meta->second.sizes) {
    auto expression = Expression::parseSympy(size.text);
    text += (size.isKnown() ? std::to_string(size.integer)
             : expression   ? expression->toString()
                            : std::string("?")) +
            "x";
  }
  return text + nameOfType(meta->second.dtype);
}

static LogicalResult inspect(StringRef path, bool json, raw_ostream &os, MLIRContext *context) {
  auto loaded = loadProgram(path, context);
  if (failed(loaded))
    return failure();
  const Program &program = *loaded->program;
  std::map<std::string, int64_t> operators;
  std::function<void(const Graph &)> count = [&](const Graph &graph) {
    for (const Node &node : graph.nodes) {
      ++operators[displayName(schemaName(node.target))];
      for (const Node::Input &input : node.inputs)
        if (input.value.graph)
          count(*input.value.graph);
    }
  };
  count(program.graph);
  int64_t parameters = 0, bytes = 0;
  for (const auto *table : {&program.weights, &program.constants})
    for (const auto &[name, payload] : *table) {
      int64_t elements = 1;
      for (const Number &size : payload.meta.sizes)
        if (__builtin_mul_overflow(elements, size.integer, &elements))
          elements = 0;
      parameters += elements;
      bytes += elements * bytesOfType(payload.meta.dtype);
    }
  nlohmann::ordered_json out;
  out["format"] = "torch";
  out["schema_version"] = std::to_string(program.major) + "." + std::to_string(program.minor);
  out["torch_version"] = program.torchVersion;
  out["dialect"] = program.dialect;
  out["inputs"] = nlohmann::ordered_json::array();
  out["outputs"] = nlohmann::ordered_json::array();
  for (const InputSpec &input : program.inputs)
    if (input.kind == InputSpec::Kind::user && input.argument.kind == Argument::Kind::tensor)
      out["inputs"].push_back(
          {{"name", input.argument.name}, {"type", describe(program.graph, input.argument)}});
  for (const OutputSpec &output : program.outputs)
    if (output.kind == OutputSpec::Kind::user)
      out["outputs"].push_back(
          {{"name", output.argument.name}, {"type", describe(program.graph, output.argument)}});
  out["parameters"] = parameters;
  out["parameter_bytes"] = bytes;
  setOperators(out, {operators.begin(), operators.end()});
  std::string head = loaded->fileName + ": torch.export program, schema version " +
                     std::to_string(program.major) + "." + std::to_string(program.minor) +
                     ", torch " + program.torchVersion;
  printInspection(out, head, json, os);
  return success();
}

/// Every overload that has a row, and those that are refused for a reason.
static std::vector<OperatorInfo> listOperators() {
  std::vector<OperatorInfo> result;
  for (const auto &entry : operatorTable())
    if (!entry.second.isTwin)
      result.push_back({displayName(entry.getKey()), "op"});
  for (StringRef name : refusedNames())
    result.push_back({displayName(name), "no"});
  llvm::sort(result, [](auto &a, auto &b) { return a.name < b.name; });
  return result;
}

namespace edgec {
const Frontend &getFrontend_torch() {
  static const Frontend frontend{"torch", recognize, import, inspect, listOperators};
  return frontend;
}
} // namespace edgec
