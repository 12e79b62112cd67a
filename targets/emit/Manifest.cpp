// NAME.json: the same facts for programs.
#include "nlohmann/json.hpp"
#include "targets/emit/Object.h"

using namespace mlir;
using namespace edgec;
using Json = nlohmann::ordered_json;

static Json describe(ArrayRef<TensorInfo> infos) {
  Json list = Json::array();
  for (const TensorInfo &info : infos) {
    list.push_back({{"name", info.name},
                    {"symbol", info.symbol},
                    {"dtype", numpyName(info.type.getElementType()).str()},
                    {"shape", std::vector<int64_t>(info.type.getShape())},
                    {"bytes", info.bytes}});
    if (info.scale != 0)
      list.back()["quantization"] = {{"scale", info.scale}, {"zero_point", info.zeroPoint}};
  }
  return list;
}

std::string edgec::writeManifest(const ModelInterface &interface, const Output &output,
                                 edge::TargetAttr target) {
  Json json;
  json["edgec"] = EDGEC_VERSION;
  json["name"] = interface.name;
  json["model"] = {{"file", output.modelFile}, {"sha256", output.modelHash}};
  json["target"] = {{"name", target.getName().str()},
                    {"triple", target.getTriple().str()},
                    {"cpu", target.getCpu().str()},
                    {"features", target.getFeatures().str()}};
  json["inputs"] = describe(interface.inputs);
  json["outputs"] = describe(interface.outputs);
  json["threads"] = interface.threads;
  json["macs"] = interface.macs;
  json["flash_bytes"] = output.textBytes + output.constantBytes;
  json["code_bytes"] = output.textBytes;
  json["constant_bytes"] = output.constantBytes;
  json["ram_bytes"] = interface.arenaBytes;
  json["stack_bytes"] = output.stackBytes;
  json["state_bytes"] = interface.stateBytes;
  json["undefined_symbols"] = output.undefinedSymbols;
  Json allocations = Json::array();
  for (const AllocationInfo &a : interface.allocations)
    allocations.push_back({{"name", a.name},
                           {"offset", a.offset},
                           {"bytes", a.bytes},
                           {"first", a.first},
                           {"last", a.last}});
  json["arena"] = {{"bytes", interface.arenaBytes},
                   {"align", interface.arenaAlign},
                   {"peak_bytes", interface.arenaPeak},
                   {"allocations", allocations}};
  Json operators = Json::array();
  for (const OperatorInfoRow &row : interface.operators)
    operators.push_back({{"name", row.name},
                         {"kind", row.kind},
                         {"kernel", row.kernel},
                         {"element", row.element},
                         {"macs", row.macs},
                         {"bytes", row.bytes}});
  json["operators"] = operators;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
