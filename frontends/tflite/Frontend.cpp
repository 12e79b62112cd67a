// The TensorFlow Lite frontend as the compiler sees it: recognise, import, inspect, list.
#include "frontends/Inspection.h"
#include "frontends/tflite/GraphImporter.h"
#include "nlohmann/json.hpp"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

const OperatorRow *edgec::tflite::findRow(BuiltinOperator code) {
  for (auto rows : {getConvRows, getControlFlowRows, getElementwiseRows, getGatherRows,
                    getMatMulRows, getPoolRows, getRecurrentRows, getReduceRows, getResizeRows,
                    getShapeRows, getSliceRows, getVariableRows})
    for (const OperatorRow &row : rows())
      if (row.code == code)
        return &row;
  return nullptr;
}

/// The file identifier follows the offset of the root table.
static bool recognize(llvm::MemoryBufferRef content) {
  return content.getBuffer().substr(4, 4) == ModelIdentifier();
}

static OwningOpRef<ModuleOp> import(StringRef path, const ImportOptions &options,
                                    MLIRContext *context) {
  auto model = loadModel(path, context);
  if (failed(model))
    return {};
  return GraphImporter(*model, options, context).import();
}

static std::string describeType(const Tensor &tensor) {
  std::string text;
  auto extents =
      toArray(sizeOf(tensor.shape_signature()) ? tensor.shape_signature() : tensor.shape());
  for (int32_t extent : extents)
    text += (extent < 0 ? "?" : std::to_string(extent)) + "x";
  text += nameOf(tensor.type());
  if (!isQuantized(tensor) || sizeOf(tensor.quantization()->scale()) != 1)
    return text;
  auto zeroPoints = toArray(tensor.quantization()->zero_point());
  llvm::raw_string_ostream(text) << " scale " << tensor.quantization()->scale()->Get(0)
                                 << " zero point " << (zeroPoints.empty() ? 0 : zeroPoints.front());
  return text;
}

static LogicalResult inspect(StringRef path, bool json, raw_ostream &os, MLIRContext *context) {
  auto loaded = loadModel(path, context);
  if (failed(loaded))
    return failure();
  const Model &model = *loaded->model;
  std::map<std::string, int64_t> operators;
  int64_t parameters = 0, bytes = 0;
  for (const SubGraph *graph : *model.subgraphs()) {
    for (size_t i = 0; i < sizeOf(graph->operators()); ++i)
      ++operators[nameOf(*model.operator_codes()->Get(graph->operators()->Get(i)->opcode_index()))];
    for (size_t i = 0; i < sizeOf(graph->tensors()); ++i) {
      const Tensor *tensor = graph->tensors()->Get(i);
      const auto *data = model.buffers()->Get(tensor->buffer())->data();
      int64_t elements = 1;
      for (int32_t extent : toArray(tensor->shape()))
        if (__builtin_mul_overflow(elements, static_cast<int64_t>(extent), &elements))
          elements = 0;
      parameters += sizeOf(data) ? elements : 0;
      bytes += static_cast<int64_t>(sizeOf(data));
    }
  }
  const SubGraph &main = *model.subgraphs()->Get(0);
  nlohmann::ordered_json out;
  out["format"] = "tflite";
  out["version"] = model.version();
  out["description"] = toString(model.description()).str();
  out["subgraphs"] = model.subgraphs()->size();
  for (auto [kind, list] : {std::pair("inputs", main.inputs()), {"outputs", main.outputs()}}) {
    out[kind] = nlohmann::ordered_json::array();
    for (int32_t tensor : toArray(list))
      out[kind].push_back({{"name", publicName(model, tensor, list == main.inputs())},
                           {"type", describeType(*main.tensors()->Get(tensor))}});
  }
  out["parameters"] = parameters;
  out["parameter_bytes"] = bytes;
  setOperators(out, {operators.begin(), operators.end()});
  std::string head =
      loaded->fileName + ": TensorFlow Lite, schema version " + std::to_string(model.version());
  if (model.subgraphs()->size() > 1)
    head += ", " + std::to_string(model.subgraphs()->size()) + " subgraphs";
  printInspection(out, head, json, os);
  return success();
}

/// Every builtin, and whether it has a row.
static std::vector<OperatorInfo> listOperators() {
  std::vector<OperatorInfo> result;
  for (BuiltinOperator code : EnumValuesBuiltinOperator())
    if (code != BuiltinOperator::CUSTOM && code != BuiltinOperator::DELEGATE &&
        code != BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES)
      result.push_back({nameOf(code), findRow(code) ? "op" : "no"});
  llvm::sort(result, [](auto &a, auto &b) { return a.name < b.name; });
  return result;
}

namespace edgec {
const Frontend &getFrontend_tflite() {
  static const Frontend frontend{"tflite", recognize, import, inspect, listOperators};
  return frontend;
}
} // namespace edgec
