// Reading a model file: FlatBuffers' verifier, then every index that one table gives into another.
#include "frontends/tflite/Model.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace edgec::tflite {

BuiltinOperator builtinOf(const OperatorCode &code) {
  return std::max(code.builtin_code(),
                  static_cast<BuiltinOperator>(code.deprecated_builtin_code()));
}

std::string nameOf(BuiltinOperator code) {
  StringRef name = EnumNameBuiltinOperator(code);
  return name.empty() ? std::to_string(static_cast<int32_t>(code)) : name.str();
}

std::string nameOf(const OperatorCode &code) {
  if (builtinOf(code) == BuiltinOperator::CUSTOM)
    return toString(code.custom_code()).str();
  return nameOf(builtinOf(code));
}

std::string nameOf(TensorType type) {
  StringRef name = EnumNameTensorType(type);
  return name.empty() ? "type " + std::to_string(static_cast<int>(type)) : name.str();
}

std::string nameOf(const SubGraph &graph, int32_t tensor) {
  StringRef name = toString(graph.tensors()->Get(tensor)->name());
  return name.empty() ? "#" + std::to_string(tensor) : name.str();
}

std::string publicName(const Model &model, int32_t tensor, bool isInput) {
  if (sizeOf(model.signature_defs()) == 1) {
    const SignatureDef *signature = model.signature_defs()->Get(0);
    const auto *map = isInput ? signature->inputs() : signature->outputs();
    for (size_t i = 0; signature->subgraph_index() == 0 && i < sizeOf(map); ++i)
      if (map->Get(i)->tensor_index() == static_cast<uint32_t>(tensor) &&
          !toString(map->Get(i)->name()).empty())
        return toString(map->Get(i)->name()).str();
  }
  return nameOf(*model.subgraphs()->Get(0), tensor);
}

namespace {

/// Checks one subgraph's indices; errors name the place as `operator 3 of subgraph 0`.
struct Checker {
  const Model &model;
  Location loc;

  LogicalResult tensors(const SubGraph &graph, const Twine &place) const {
    for (size_t i = 0; i < sizeOf(graph.tensors()); ++i) {
      const Tensor *tensor = graph.tensors()->Get(i);
      std::string name =
          ("tensor '" + nameOf(graph, static_cast<int32_t>(i)) + "' of " + place).str();
      if (tensor->buffer() >= sizeOf(model.buffers()))
        return emitError(loc) << name << " has buffer " << tensor->buffer() << " of "
                              << sizeOf(model.buffers());
      for (int32_t extent : toArray(tensor->shape()))
        if (extent < 0)
          return emitError(loc) << name << " has an extent of " << extent;
      size_t signature = sizeOf(tensor->shape_signature());
      if (signature && signature != sizeOf(tensor->shape()))
        return emitError(loc) << name << " has a shape of rank " << sizeOf(tensor->shape())
                              << " and a signature of rank " << signature;
    }
    return success();
  }

  LogicalResult indices(const flatbuffers::Vector<int32_t> *list, const SubGraph &graph,
                        const Twine &place, bool optional) const {
    for (int32_t index : toArray(list))
      if (index >= static_cast<int64_t>(sizeOf(graph.tensors())) || index < (optional ? -1 : 0))
        return emitError(loc) << place << " names tensor " << index << " of "
                              << sizeOf(graph.tensors());
    return success();
  }

  LogicalResult subgraph(const SubGraph &graph, const Twine &place) const {
    if (failed(tensors(graph, place)) ||
        failed(indices(graph.inputs(), graph, "an input of " + place, false)) ||
        failed(indices(graph.outputs(), graph, "an output of " + place, false)))
      return failure();
    for (size_t i = 0; i < sizeOf(graph.operators()); ++i) {
      const Operator *op = graph.operators()->Get(i);
      std::string at = ("operator " + Twine(i) + " of " + place).str();
      if (op->opcode_index() >= sizeOf(model.operator_codes()))
        return emitError(loc) << at << " has operator code " << op->opcode_index() << " of "
                              << sizeOf(model.operator_codes());
      if (failed(indices(op->inputs(), graph, at, true)) ||
          failed(indices(op->outputs(), graph, at, false)) ||
          failed(indices(op->intermediates(), graph, at, true)))
        return failure();
    }
    return success();
  }
};

} // namespace

FailureOr<LoadedModel> loadModel(StringRef path, MLIRContext *context) {
  LoadedModel loaded;
  loaded.fileName = llvm::sys::path::filename(path).str();
  Location loc = FileLineColLoc::get(context, loaded.fileName, 0, 0);
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return emitError(loc) << "can't be read: " << file.getError().message();
  size_t size = (*file)->getBufferSize();
  if (size == 0)
    return emitError(loc) << "is empty";
  if (size >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return emitError(loc) << "is larger than 2 GiB, FlatBuffers' limit; weights beyond it are not "
                             "supported";
  const auto *data = reinterpret_cast<const uint8_t *>((*file)->getBufferStart());
  flatbuffers::Verifier verifier(data, size, /*max_depth=*/64, /*max_tables=*/16u << 20);
  if (!VerifyModelBuffer(verifier))
    return emitError(loc)
           << "is not a complete TensorFlow Lite file: its FlatBuffers data are damaged or cut off";
  loaded.model = GetModel(data);
  loaded.file = std::move(*file);
  const Model &model = *loaded.model;
  if (model.version() != 3)
    return emitError(loc) << "has schema version " << model.version() << "; known is 3";
  if (!sizeOf(model.subgraphs()))
    return emitError(loc) << "has no subgraph";
  for (size_t i = 0; i < sizeOf(model.buffers()); ++i)
    if (model.buffers()->Get(i)->offset() > 1)
      return emitError(loc) << "has buffer " << i
                            << " beyond the FlatBuffers data (weights of more than 2 GiB), which "
                               "is not supported";
  Checker checker{model, loc};
  for (size_t i = 0; i < model.subgraphs()->size(); ++i)
    if (failed(checker.subgraph(*model.subgraphs()->Get(i), "subgraph " + Twine(i))))
      return failure();
  for (size_t i = 0; i < sizeOf(model.signature_defs()); ++i) {
    const SignatureDef *signature = model.signature_defs()->Get(i);
    if (signature->subgraph_index() >= model.subgraphs()->size())
      return emitError(loc) << "signature " << i << " names subgraph "
                            << signature->subgraph_index() << " of " << model.subgraphs()->size();
  }
  return loaded;
}

} // namespace edgec::tflite
