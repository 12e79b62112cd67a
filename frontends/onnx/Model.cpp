// Reading a model file: protobuf, then ONNX's own checker.
#include "frontends/onnx/GraphImporter.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "onnx/checker.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace edgec::onnx_frontend {

/// The checker throws texts of several lines, with `==> Context:` lines that say where: one line,
/// without the noise.
static std::string firstLine(StringRef text) {
  auto [message, context] = text.split("==> Context:");
  std::string result;
  auto append = [&](StringRef words) {
    SmallVector<StringRef> parts;
    words.split(parts, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef part : parts)
      if (!part.trim().empty())
        result += (result.empty() ? "" : " ") + part.trim().str();
  };
  append(message);
  if (!context.empty())
    append(("(" + context.trim().split('\n').first + ")").str());
  return result.size() > 400 ? result.substr(0, 400) + "..." : result;
}

FailureOr<LoadedModel> loadModel(StringRef path, MLIRContext *context) {
  LoadedModel model;
  model.path = path.str();
  model.fileName = llvm::sys::path::filename(path).str();
  model.directory = llvm::sys::path::parent_path(path).str();
  if (model.directory.empty())
    model.directory = ".";
  Location loc = FileLineColLoc::get(context, model.fileName, 0, 0);

  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return emitError(loc) << "can't be read: " << file.getError().message();
  if ((*file)->getBufferSize() == 0)
    return emitError(loc) << "is empty";
  if ((*file)->getBufferSize() > INT32_MAX)
    return emitError(loc) << "is larger than 2 GiB, protobuf's limit; save it with external data";
  auto proto = std::make_shared<onnx::ModelProto>();
  {
    google::protobuf::io::ArrayInputStream stream((*file)->getBufferStart(),
                                                  static_cast<int>((*file)->getBufferSize()));
    google::protobuf::io::CodedInputStream coded(&stream);
    coded.SetRecursionLimit(200);
    if (!proto->ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
      return emitError(loc)
             << "is not a complete ONNX file: its protobuf data are damaged or cut off";
  }
  if (!proto->has_graph())
    return emitError(loc) << "is not an ONNX model: it has no graph";
  if (proto->opset_import().empty())
    return emitError(loc)
           << "imports no operator set; it is no ONNX model, or one from before 2017";

  std::string problem;
  try {
    // Opsets newer than the schemas are reported by the importer, with the remedy.
    onnx::checker::check_model(*proto, /*full_check=*/false,
                               /*skip_opset_compatibility_check=*/true);
  } catch (const std::exception &error) {
    problem = firstLine(error.what());
  }
  // Missing external files have a better message where the tensor is read; unknown operators are
  // all listed by the importer.
  if (!problem.empty() && !StringRef(problem).contains("No Op registered") &&
      !StringRef(problem).contains("external"))
    return emitError(loc) << "is not a valid ONNX model: " << problem;
  model.proto = proto;
  return model;
}

} // namespace edgec::onnx_frontend
