#include "compiler/Pipeline.h"
#include "tools/edgec/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace edgec;
using namespace edgec::cli;

namespace {
struct CompileArguments {
  ModelArguments model;
  CompileOptions options;
  std::string output = ".";
  std::string emit = "library";
};
} // namespace

void cli::addCompile(CLI::App &app, int &exitCode) {
  CLI::App *command = app.add_subcommand(
      "compile", "compile a model\nExample: edgec compile kws.onnx --target=cortex-m4 -o out");
  auto arguments = std::make_shared<CompileArguments>();
  arguments->model.add(*command);
  CompileOptions &options = arguments->options;
  command->add_option("-o,--output", arguments->output, "folder for the files (made if absent)");
  command->add_option("--target", options.target,
                      "device, with features after it: cortex-a76+dotprod");
  command->add_option("--triple", options.triple, "LLVM triple, instead of the target's");
  command->add_option("--cpu", options.cpu, "LLVM processor, instead of the target's");
  command->add_option("--features", options.features, "LLVM features, instead of the target's");
  command->add_option("--name", options.name,
                      "prefix of files and C symbols; by default the file's name");
  command->add_option("--emit", arguments->emit,
                      "comma-separated: library, shared, object, llvm, asm, mlir");
  command->add_option("--linker", options.linker,
                      "program that links --emit=shared, with the options of ld; by default lld, "
                      "or ld");
  command
      ->add_option("--threads", options.threads,
                   "split large ops for this many threads, run through edgec_parallel_for")
      ->check(CLI::Range(1, 64));
  command->add_flag("--profile", options.profile,
                    "call edgec_profile_hook around each op (edgec/profile.h)");
  std::string phases;
  for (const Phase &phase : getPhases())
    phases += (phases.empty() ? "" : ", ") + phase.name.str();
  command->add_option("--stop-after", options.stopAfter,
                      "print the module after a phase and stop: " + phases);
  command->add_option("--dump", options.dumpDirectory, "folder for the module after each phase");
  command->add_flag("--timing", options.timing,
                    "report each phase's time, and what could only be written as plain loops");
  command->callback([arguments, &exitCode] {
    CompileOptions &options = arguments->options;
    auto usage = [&](const llvm::Twine &message) {
      llvm::errs() << "edgec: error: " << message << "\n";
      exitCode = 2;
    };
    llvm::SmallVector<llvm::StringRef> kinds;
    llvm::StringRef(arguments->emit).split(kinds, ',', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef kind : kinds) {
      static constexpr llvm::StringRef known[] = {"library", "shared", "object",
                                                  "llvm",    "asm",    "mlir"};
      if (!llvm::is_contained(known, kind))
        return usage("--emit=" + kind +
                     " is unknown; known are library, shared, object, llvm, asm, mlir");
      options.emit.insert(kind.str());
    }
    for (char c : options.name)
      if (!llvm::isAlnum(c) && c != '_')
        return usage("--name=" + options.name + " is not a C identifier");
    if (!options.name.empty() && llvm::isDigit(options.name[0]))
      return usage("--name=" + options.name + " is not a C identifier");
    if (!options.stopAfter.empty() &&
        llvm::none_of(getPhases(), [&](const Phase &p) { return p.name == options.stopAfter; }))
      return usage("--stop-after=" + options.stopAfter + " is not a phase");
    if (!arguments->model.parse(options)) {
      exitCode = 2;
      return;
    }
    exitCode = succeeded(compile(arguments->model.model, arguments->output, options)) ? 0 : 1;
  });
}
