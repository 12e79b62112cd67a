// The ONNX frontend as the compiler sees it: recognise, import, inspect, list.
#include "frontends/Inspection.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Tensors.h"
#include "nlohmann/json.hpp"
#include "onnx/defs/schema.h"
#include <map>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

static constexpr ArrayRef<OperatorRow> (*kFamilies[])() = {
    getElementwiseRows, getConvRows,       getMatMulRows,   getPoolRows,    getReduceRows,
    getNormalizeRows,   getConstantRows,   getShapeRows,    getGatherRows,  getResizeRows,
    getSampleRows,      getSignalRows,     getQuantizeRows, getQLinearRows, getNBitsRows,
    getRecurrentRows,   getControlFlowRows};

const OperatorRow *edgec::onnx_frontend::findRow(StringRef domain, StringRef name) {
  for (auto rows : kFamilies)
    for (const OperatorRow &row : rows())
      if (row.name == name && row.domain == domain)
        return &row;
  return nullptr;
}

/// A ModelProto begins with its IR version (field 1, a varint) in nearly every file; any of its
/// top-level fields may come first.
static bool recognize(llvm::MemoryBufferRef content) {
  StringRef bytes = content.getBuffer();
  if (bytes.size() < 4)
    return false;
  auto tag = static_cast<unsigned char>(bytes[0]);
  unsigned field = tag >> 3, wire = tag & 7;
  bool varint = wire == 0 && (field == 1 || field == 5);
  bool message = wire == 2 && ((field >= 2 && field <= 8 && field != 5) || field == 14 ||
                               field == 20 || field == 25);
  return varint || message;
}

static OwningOpRef<ModuleOp> import(StringRef path, const ImportOptions &options,
                                    MLIRContext *context) {
  FailureOr<LoadedModel> model = loadModel(path, context);
  if (failed(model))
    return {};
  return GraphImporter(*model, options, context).import();
}

static std::string describeType(const onnx::TypeProto &type) {
  if (!type.has_tensor_type())
    return "not a tensor";
  std::string text;
  for (const auto &dim : type.tensor_type().shape().dim())
    text += (dim.has_dim_value()       ? std::to_string(dim.dim_value())
             : dim.dim_param().empty() ? std::string("?")
                                       : dim.dim_param()) +
            "x";
  return text + dataTypeName(type.tensor_type().elem_type());
}

static LogicalResult inspect(StringRef path, bool json, raw_ostream &os, MLIRContext *context) {
  FailureOr<LoadedModel> model = loadModel(path, context);
  if (failed(model))
    return failure();
  const onnx::ModelProto &proto = *model->proto;
  const onnx::GraphProto &graph = proto.graph();
  std::map<std::string, int64_t> operators;
  int64_t parameters = 0, bytes = 0;
  std::function<void(const onnx::GraphProto &)> count = [&](const onnx::GraphProto &graph) {
    for (const auto &node : graph.node()) {
      ++operators[node.op_type()];
      for (const auto &attribute : node.attribute())
        if (attribute.has_g())
          count(attribute.g());
    }
    for (const auto &tensor : graph.initializer()) {
      int64_t elements = 1;
      for (int64_t extent : tensor.dims())
        elements *= extent;
      parameters += elements;
      bytes += static_cast<int64_t>(tensor.ByteSizeLong());
    }
  };
  count(graph);
  llvm::StringSet<> initializers;
  for (const auto &tensor : graph.initializer())
    initializers.insert(tensor.name());

  nlohmann::ordered_json out;
  out["format"] = "onnx";
  out["ir_version"] = proto.ir_version();
  for (const auto &import : proto.opset_import())
    out["opsets"][import.domain().empty() ? "ai.onnx" : import.domain()] = import.version();
  out["producer"] = proto.producer_name();
  out["inputs"] = nlohmann::ordered_json::array();
  out["outputs"] = nlohmann::ordered_json::array();
  for (const auto &input : graph.input())
    if (!initializers.contains(input.name()))
      out["inputs"].push_back({{"name", input.name()}, {"type", describeType(input.type())}});
  for (const auto &output : graph.output())
    out["outputs"].push_back({{"name", output.name()}, {"type", describeType(output.type())}});
  out["parameters"] = parameters;
  out["parameter_bytes"] = bytes;
  setOperators(out, {operators.begin(), operators.end()});
  std::string head = model->fileName + ": ONNX, IR version " + std::to_string(proto.ir_version());
  for (const auto &import : proto.opset_import())
    head += ", " + (import.domain().empty() ? "ai.onnx" : import.domain()) + " opset " +
            std::to_string(import.version());
  printInspection(out, head, json, os);
  return success();
}

static std::string displayName(StringRef domain, StringRef name) {
  return domain.empty() ? name.str() : (domain + "." + name).str();
}

/// Every operator of the newest opset, and those of other domains, and how it is supported.
static std::vector<OperatorInfo> listOperators() {
  std::map<std::string, std::string> found;
  for (const onnx::OpSchema &schema : onnx::OpSchemaRegistry::get_all_schemas()) {
    if (schema.deprecated())
      continue;
    std::string domain = schema.domain();
    found[displayName(domain, schema.Name())] =
        findRow(domain, schema.Name())                                 ? "op"
        : schema.HasFunction() || schema.HasContextDependentFunction() ? "function"
                                                                       : "no";
  }
  for (auto rows : kFamilies)
    for (const OperatorRow &row : rows())
      found[displayName(row.domain, row.name)] = "op";
  std::vector<OperatorInfo> result;
  for (auto &[name, support] : found)
    result.push_back({name, support});
  return result;
}

namespace edgec {
const Frontend &getFrontend_onnx() {
  static const Frontend frontend{"onnx", recognize, import, inspect, listOperators};
  return frontend;
}
} // namespace edgec
