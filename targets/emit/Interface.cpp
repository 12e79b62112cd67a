#include "targets/emit/Interface.h"
#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace edgec;

std::string edgec::makeIdentifier(StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result[0]))
    result.insert(result.begin(), '_');
  return result;
}

namespace {
struct ElementRow {
  StringRef c, numpy;
  int32_t dtype;
};
} // namespace

/// One row an element type; the numbers are `edgec_dtype` of runtime/include/edgec/model.h.
static ElementRow describeElement(Type element) {
  if (element.isF32())
    return {"float", "float32", 1};
  if (element.isF64())
    return {"double", "float64", 2};
  if (element.isF16())
    return {"uint16_t", "float16", 3};
  if (element.isBF16())
    return {"uint16_t", "bfloat16", 4};
  if (element.isInteger(1))
    return {"uint8_t", "bool", 13};
  bool isUnsigned = element.isUnsignedInteger();
  switch (element.getIntOrFloatBitWidth()) {
  case 8:
    return isUnsigned ? ElementRow{"uint8_t", "uint8", 6} : ElementRow{"int8_t", "int8", 5};
  case 16:
    return isUnsigned ? ElementRow{"uint16_t", "uint16", 8} : ElementRow{"int16_t", "int16", 7};
  case 32:
    return isUnsigned ? ElementRow{"uint32_t", "uint32", 10} : ElementRow{"int32_t", "int32", 9};
  default:
    return isUnsigned ? ElementRow{"uint64_t", "uint64", 12} : ElementRow{"int64_t", "int64", 11};
  }
}

StringRef edgec::cTypeName(Type element) { return describeElement(element).c; }
StringRef edgec::numpyName(Type element) { return describeElement(element).numpy; }
int32_t edgec::dtypeNumber(Type element) { return describeElement(element).dtype; }

static std::vector<TensorInfo> readTensors(ModuleOp module, StringRef attribute,
                                           llvm::StringSet<> &used) {
  std::vector<TensorInfo> result;
  auto array = module->getAttrOfType<ArrayAttr>(attribute);
  for (Attribute entry : array ? array.getValue() : ArrayRef<Attribute>()) {
    auto dictionary = cast<DictionaryAttr>(entry);
    TensorInfo info;
    info.name = cast<StringAttr>(dictionary.get("name")).getValue().str();
    info.type = cast<RankedTensorType>(cast<TypeAttr>(dictionary.get("type")).getValue());
    info.bytes = info.type.getNumElements() * edge::elementBytes(info.type.getElementType());
    if (auto quantized = dictionary.getAs<TypeAttr>("quantized")) {
      auto type = cast<quant::UniformQuantizedType>(quantized.getValue());
      info.scale = type.getScale();
      info.zeroPoint = type.getZeroPoint();
    }
    info.symbol = makeIdentifier(info.name);
    for (int i = 2; !used.insert(info.symbol).second; ++i)
      info.symbol = makeIdentifier(info.name) + "_" + std::to_string(i);
    result.push_back(info);
  }
  return result;
}

ModelInterface edgec::readInterface(ModuleOp module, StringRef name) {
  ModelInterface interface;
  interface.name = makeIdentifier(name);
  // Names that the generated C already has.
  llvm::StringSet<> used;
  for (StringRef reserved :
       {"arena",    "parallel", "int",     "char",   "float",    "double",   "for",
        "if",       "do",       "while",   "return", "static",   "const",    "void",
        "register", "auto",     "default", "union",  "struct",   "long",     "short",
        "signed",   "unsigned", "switch",  "case",   "break",    "continue", "else",
        "enum",     "extern",   "goto",    "inline", "restrict", "sizeof",   "typedef",
        "volatile", "class",    "new",     "delete", "this",     "template", "operator"})
    used.insert(reserved);
  interface.inputs = readTensors(module, "edge.inputs", used);
  interface.outputs = readTensors(module, "edge.outputs", used);
  auto number = [&](StringRef attribute) {
    auto attr = module->getAttrOfType<IntegerAttr>(attribute);
    return attr ? attr.getInt() : 0;
  };
  interface.arenaBytes = number("edge.arena_bytes");
  interface.arenaPeak = number("edge.arena_peak");
  interface.stateBytes = number("edge.state_bytes");
  if (auto target = module->getAttrOfType<edge::TargetAttr>("edge.target"))
    interface.arenaAlign = target.getArenaAlign();
  interface.threads = std::max<int64_t>(number("edge.threads"), 1);
  interface.profile = module->hasAttr("edge.profile");
  if (auto split = module->getAttrOfType<ArrayAttr>("edge.split"))
    for (Attribute name : split)
      interface.split.push_back(cast<StringAttr>(name).getValue().str());
  auto rows = [&](StringRef attribute, auto fn) {
    if (auto array = module->getAttrOfType<ArrayAttr>(attribute))
      for (Attribute entry : array)
        fn(cast<DictionaryAttr>(entry));
  };
  auto text = [](DictionaryAttr row, StringRef key) {
    auto attr = row.getAs<StringAttr>(key);
    return attr ? attr.getValue().str() : std::string();
  };
  auto integer = [](DictionaryAttr row, StringRef key) {
    auto attr = row.getAs<IntegerAttr>(key);
    return attr ? attr.getInt() : 0;
  };
  rows("edge.allocations", [&](DictionaryAttr row) {
    interface.allocations.push_back({text(row, "name"), integer(row, "offset"),
                                     integer(row, "bytes"), integer(row, "first"),
                                     integer(row, "last")});
  });
  rows("edge.operators", [&](DictionaryAttr row) {
    interface.operators.push_back({text(row, "name"), text(row, "kind"), text(row, "kernel"),
                                   text(row, "element"), integer(row, "macs"),
                                   integer(row, "bytes")});
    interface.macs += interface.operators.back().macs;
  });
  return interface;
}
