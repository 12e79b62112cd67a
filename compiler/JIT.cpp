// Loads the very object that `compile` would write.
#include "compiler/Diagnostics.h"
#include "compiler/Phases.h"
#include "edgec/model.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace edgec {

struct LoadedModule::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  const edgec_model *model = nullptr;
  std::string manifest;
};

LoadedModule::~LoadedModule() = default;
const edgec_model &LoadedModule::model() const { return *implementation->model; }
const std::string &LoadedModule::manifest() const { return implementation->manifest; }

std::unique_ptr<LoadedModule> load(StringRef path, const CompileOptions &options,
                                   ProfileHook hook) {
  std::unique_ptr<MLIRContext> context = createContext();
  std::string file = llvm::sys::path::filename(path).str();
  DiagnosticPrinter printer(context.get(), file, llvm::errs());
  Output output;
  output.name = options.name.empty() ? defaultName(path) : options.name;
  output.kinds = {"object"};
  std::unique_ptr<LoadedModule> loaded;
  if (succeeded(runPhases(path, options, output, context.get())))
    loaded = loadObject(output, FileLineColLoc::get(context.get(), file, 0, 0), hook);
  if (!loaded && !printer.errors())
    llvm::errs() << file << ": error: can't be compiled\n";
  return loaded;
}

std::unique_ptr<LoadedModule> loadObject(Output &output, Location loc, ProfileHook hook) {
  auto fail = [&](llvm::Error error) {
    emitError(loc) << "can't be loaded: " << llvm::toString(std::move(error));
    return nullptr;
  };
  auto implementation = std::make_unique<LoadedModule::Implementation>();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  implementation->jit = std::move(*jit);
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      implementation->jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  llvm::orc::JITDylib &main = implementation->jit->getMainJITDylib();
  main.addGenerator(std::move(*process));
  if (hook) {
    llvm::orc::SymbolMap symbols;
    symbols[implementation->jit->mangleAndIntern("edgec_profile_hook")] = {
        llvm::orc::ExecutorAddr::fromPtr(hook), llvm::JITSymbolFlags::Exported};
    if (auto error = main.define(llvm::orc::absoluteSymbols(std::move(symbols))))
      return fail(std::move(error));
  }
  if (auto error = implementation->jit->addObjectFile(std::move(output.files[output.name + ".o"])))
    return fail(std::move(error));
  auto symbol = implementation->jit->lookup(output.name + "_model");
  if (!symbol)
    return fail(symbol.takeError());
  implementation->model = symbol->toPtr<const edgec_model *>();
  implementation->manifest = output.files[output.name + ".json"]->getBuffer().str();
  auto module = std::make_unique<LoadedModule>();
  module->implementation = std::move(implementation);
  return module;
}

} // namespace edgec
