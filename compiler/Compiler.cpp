#include "compiler/Compiler.h"
#include "compiler/Diagnostics.h"
#include "compiler/Phases.h"
#include "compiler/Pipeline.h"
#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include <chrono>
#include <sys/resource.h>

using namespace mlir;

namespace edgec {

void registerDialects(DialectRegistry &registry) {
  registry
      .insert<edge::EdgeDialect, kernel::KernelDialect, affine::AffineDialect, arith::ArithDialect,
              bufferization::BufferizationDialect, cf::ControlFlowDialect, func::FuncDialect,
              LLVM::LLVMDialect, linalg::LinalgDialect, math::MathDialect, memref::MemRefDialect,
              scf::SCFDialect, tensor::TensorDialect, vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
}

std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false);
  return context;
}

const Frontend *findFrontend(StringRef path, MLIRContext *context) {
  std::string file = llvm::sys::path::filename(path).str();
  Location loc = FileLineColLoc::get(context, file, 0, 0);
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    emitError(loc) << "can't be read: " << buffer.getError().message();
    return nullptr;
  }
  for (const Frontend *frontend : getFrontends())
    if (frontend->recognize((*buffer)->getMemBufferRef()))
      return frontend;
  std::string formats;
  for (const Frontend *frontend : getFrontends())
    formats += (formats.empty() ? "" : ", ") + frontend->name.str();
  emitError(loc) << ((*buffer)->getBufferSize()
                         ? "is not a model in a known format (" + formats + ")"
                         : std::string("is empty"));
  return nullptr;
}

namespace {

/// Times phases where asked.
class Stopwatch {
public:
  explicit Stopwatch(bool enabled) : enabled(enabled) {}
  void lap(StringRef what) {
    auto now = std::chrono::steady_clock::now();
    double seconds = std::chrono::duration<double>(now - last).count();
    total += seconds;
    last = now;
    if (enabled)
      llvm::errs() << llvm::format("%10.3f s  ", seconds) << what << "\n";
  }
  void finish() {
    if (!enabled)
      return;
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    llvm::errs() << llvm::format("%10.3f s  total, peak memory %ld MiB\n", total,
                                 usage.ru_maxrss / 1024);
  }

private:
  bool enabled;
  double total = 0;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

void printModule(ModuleOp module, raw_ostream &os) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(32);
  flags.elideLargeResourceString(32);
  flags.enableDebugInfo(false);
  module->print(os, flags);
}

/// Resources that nothing refers to any more (weights before they were transposed or folded) give
/// their memory back.
void releaseUnusedResources(ModuleOp module) {
  llvm::DenseSet<const AsmResourceBlob *> used;
  AttrTypeWalker walker;
  walker.addWalk(
      [&](DenseResourceElementsAttr attr) { used.insert(attr.getRawHandle().getBlob()); });
  module.walk([&](Operation *op) { walker.walk(op->getAttrDictionary()); });
  auto &manager =
      DenseResourceElementsHandle::getManagerInterface(module.getContext()).getBlobManager();
  SmallVector<std::string> unused;
  manager.getBlobMap([&](const llvm::StringMap<DialectResourceBlobManager::BlobEntry> &blobs) {
    for (const auto &entry : blobs) {
      const AsmResourceBlob *blob = entry.second.getBlob();
      if (blob && !used.contains(blob))
        unused.push_back(entry.getKey().str());
    }
  });
  for (const std::string &key : unused)
    manager.update(key, AsmResourceBlob());
}

/// Marks inputs and outputs that are one state kept in the arena (`--state`): `edge.state` carries
/// the pair's number.
LogicalResult markStates(ModuleOp module, ArrayRef<std::pair<std::string, std::string>> states) {
  auto function = *module.getOps<func::FuncOp>().begin();
  Builder builder(module.getContext());
  auto named = [](Attribute attr, StringRef name) {
    auto text = dyn_cast_or_null<StringAttr>(attr);
    return text && text.getValue() == name;
  };
  for (auto [number, state] : llvm::enumerate(states)) {
    int input = -1, output = -1;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (named(function.getArgAttr(i, kNameAttr), state.first))
        input = static_cast<int>(i);
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (named(function.getResultAttr(i, kNameAttr), state.second))
        output = static_cast<int>(i);
    if (input < 0 || output < 0)
      return module.emitError() << "--state " << state.first << "=" << state.second
                                << ": the model has no such " << (input < 0 ? "input" : "output");
    Type in = function.getArgumentTypes()[input], out = function.getResultTypes()[output];
    if (in != out)
      return module.emitError() << "--state " << state.first << "=" << state.second
                                << ": the input is " << in << ", but the output " << out;
    if (function.getArgAttr(input, "edge.state") || function.getResultAttr(output, "edge.state"))
      return module.emitError() << "--state " << state.first << "=" << state.second
                                << ": a state is given twice";
    function.setArgAttr(input, "edge.state", builder.getI64IntegerAttr(number));
    function.setResultAttr(output, "edge.state", builder.getI64IntegerAttr(number));
  }
  return success();
}

std::string hashFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, false, false);
  if (!buffer)
    return "";
  llvm::SHA256 hash;
  hash.update((*buffer)->getBuffer());
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

} // namespace

std::string defaultName(StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name[0]))
    name = "model_" + name;
  return name;
}

LogicalResult runPhases(StringRef path, const CompileOptions &options, Output &output,
                        MLIRContext *context, llvm::function_ref<LogicalResult(ModuleOp)> instead) {
  std::string file = llvm::sys::path::filename(path).str();
  Location loc = FileLineColLoc::get(context, file, 0, 0);
  auto resolved = resolveTarget(options.target, options.triple, options.cpu, options.features);
  if (!resolved)
    return emitError(loc) << llvm::toString(resolved.takeError());
  const Frontend *frontend = findFrontend(path, context);
  if (!frontend)
    return failure();
  output.modelFile = file;
  output.modelHash = hashFile(path);
  output.linker = options.linker;
  output.threads = options.threads;

  Stopwatch stopwatch(options.timing);
  OwningOpRef<ModuleOp> module;
  for (auto [index, phase] : llvm::enumerate(getPhases())) {
    if (phase.name == "quantize" && instead)
      return instead(*module);
    if (phase.name == "quantize" && failed(calibrate(*module, options.quantize, output.modelHash)))
      return failure();
    if (phase.name == "import") {
      module = frontend->import(path, options.import, context);
      if (!module || failed(markStates(*module, options.import.states)) ||
          failed(applyInterface(*module, options.interface)))
        return failure();
      (*module)->setAttr("edge.threads", Builder(context).getI64IntegerAttr(options.threads));
      if (options.fastConv)
        (*module)->setAttr("edge.fast_conv", Builder(context).getUnitAttr());
      if (options.profile)
        (*module)->setAttr("edge.profile", UnitAttr::get(context));
      (*module)->setAttr("edge.target", resolved->target->describe(resolved->entry, context));
    } else if (phase.name == "check") {
      bool failedAny = false;
      module->walk([&](Operation *op) {
        if (auto reason = resolved->target->unsupported(op)) {
          emitError(op->getLoc()) << "'" << op->getName() << "' is not supported by target '"
                                  << resolved->entry.name << "': " << *reason;
          failedAny = true;
        }
      });
      if (failedAny)
        return failure();
      if (output.kinds.count("mlir")) {
        std::string text;
        llvm::raw_string_ostream os(text);
        printModule(*module, os);
        output.files[output.name + ".mlir"] = llvm::MemoryBuffer::getMemBufferCopy(text);
      }
    } else if (phase.name == "emit") {
      if (failed(resolved->target->emit(*module, output)))
        return failure();
    } else {
      PassManager passes(context, ModuleOp::getOperationName());
      passes.enableVerifier(true);
      phase.build(passes, resolved->target);
      if (failed(passes.run(*module)))
        return failure();
      releaseUnusedResources(*module);
    }
    stopwatch.lap((phase.name + ": " + phase.description).str());
    if (!options.dumpDirectory.empty() && phase.name != "emit") {
      llvm::sys::fs::create_directories(options.dumpDirectory);
      llvm::SmallString<128> name(options.dumpDirectory);
      llvm::sys::path::append(name, std::to_string(index) + "-" + phase.name + ".mlir");
      std::error_code error;
      llvm::raw_fd_ostream os(name, error);
      if (error)
        return emitError(loc) << "'" << name << "' can't be written: " << error.message();
      printModule(*module, os);
    }
    if (phase.name == options.stopAfter) {
      printModule(*module, llvm::outs());
      output.files.clear();
      break;
    }
  }
  stopwatch.finish();
  return success();
}

LogicalResult compileForHost(ModuleOp module, Output &output) {
  Builder builder(module.getContext());
  auto host = resolveTarget("host");
  if (!host)
    return module.emitError() << llvm::toString(host.takeError());
  module->setAttr("edge.target", host->target->describe(host->entry, module.getContext()));
  module->setAttr("edge.threads", builder.getI64IntegerAttr(1));
  module->removeAttr("edge.profile");
  ArrayRef<Phase> phases = getPhases();
  auto checked = llvm::find_if(phases, [](const Phase &phase) { return phase.name == "check"; });
  for (const Phase &phase : llvm::make_range(std::next(checked), phases.end())) {
    if (phase.name == "emit")
      return host->target->emit(module, output);
    PassManager passes(module.getContext(), ModuleOp::getOperationName());
    phase.build(passes, host->target);
    if (failed(passes.run(module)))
      return failure();
  }
  return success();
}

/// Writes all files under temporary names, then renames them: all or none.
static LogicalResult writeFiles(const Output &output, StringRef directory, Location loc) {
  bool existed = llvm::sys::fs::exists(directory);
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return emitError(loc) << "folder '" << directory << "' can't be made: " << error.message();
  SmallVector<std::pair<std::string, std::string>> renames;
  auto abandon = [&](const Twine &message) {
    for (auto &[temporary, final] : renames)
      llvm::sys::fs::remove(temporary);
    if (!existed)
      llvm::sys::fs::remove(directory);
    return emitError(loc) << message;
  };
  for (auto &[name, content] : output.files) {
    llvm::SmallString<128> final(directory), temporary;
    llvm::sys::path::append(final, name);
    temporary = final;
    temporary += ".part";
    temporary += std::to_string(llvm::sys::Process::getProcessId());
    renames.emplace_back(temporary.str(), final.str());
    std::error_code error;
    llvm::raw_fd_ostream os(temporary, error);
    if (!error) {
      os << content->getBuffer();
      os.close();
      error = os.error();
      os.clear_error();
    }
    if (error)
      return abandon("'" + final + "' can't be written: " + error.message());
  }
  for (auto &[temporary, final] : renames)
    if (std::error_code error = llvm::sys::fs::rename(temporary, final))
      return abandon("'" + final + "' can't be written: " + error.message());
  return success();
}

LogicalResult compile(StringRef path, StringRef directory, const CompileOptions &options) {
  std::unique_ptr<MLIRContext> context = createContext();
  std::string file = llvm::sys::path::filename(path).str();
  DiagnosticPrinter printer(context.get(), file, llvm::errs(), options.timing);
  Output output;
  output.name = options.name.empty() ? defaultName(path) : options.name;
  output.kinds = options.emit.empty() ? std::set<std::string>{"library"} : options.emit;
  if (failed(runPhases(path, options, output, context.get()))) {
    if (!printer.errors())
      llvm::errs() << file << ": error: can't be compiled\n";
    return failure();
  }
  if (output.files.empty())
    return success();
  return writeFiles(output, directory, FileLineColLoc::get(context.get(), file, 0, 0));
}

} // namespace edgec
