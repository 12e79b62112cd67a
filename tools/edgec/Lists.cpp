// edgec targets, edgec ops, edgec inspect: printed from the tables that the compiler itself uses.
#include "compiler/Diagnostics.h"
#include "nlohmann/json.hpp"
#include "tools/edgec/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace edgec;
using namespace edgec::cli;
using Json = nlohmann::ordered_json;

static void listTargets(bool json) {
  Json list = Json::array();
  for (const Target *target : getTargets())
    for (const TargetEntry &entry : target->entries()) {
      if (json)
        list.push_back({{"name", entry.name},
                        {"family", target->name().str()},
                        {"description", entry.description},
                        {"triple", entry.triple},
                        {"cpu", entry.cpu}});
      else
        llvm::outs() << llvm::left_justify(entry.name, 16) << llvm::left_justify(target->name(), 10)
                     << entry.description << "\n";
    }
  if (json)
    llvm::outs() << list.dump(2) << "\n";
}

static void listOperators(bool json) {
  Json list = Json::array();
  for (const Frontend *frontend : getFrontends())
    for (const OperatorInfo &info : frontend->operators()) {
      if (json)
        list.push_back(
            {{"format", frontend->name.str()}, {"name", info.name}, {"support", info.support}});
      else
        llvm::outs() << llvm::left_justify(frontend->name, 8) << llvm::left_justify(info.name, 36)
                     << info.support << "\n";
    }
  if (json)
    llvm::outs() << list.dump(2) << "\n";
}

/// A manifest that edgec has written.
static bool inspectManifest(llvm::StringRef content, bool json) {
  Json manifest = Json::parse(content.begin(), content.end(), nullptr, /*allow_exceptions=*/false);
  if (manifest.is_discarded() || !manifest.is_object() || !manifest.contains("edgec") ||
      !manifest.contains("arena"))
    return false;
  if (json) {
    llvm::outs() << manifest.dump(2) << "\n";
    return true;
  }
  auto text = [&](const Json &value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  llvm::outs() << text(manifest["name"]) << ", compiled from " << text(manifest["model"]["file"])
               << " for " << text(manifest["target"]["name"]) << " by edgec "
               << text(manifest["edgec"]) << "\n";
  for (const char *kind : {"inputs", "outputs"})
    for (const Json &tensor : manifest[kind])
      llvm::outs() << "  " << llvm::StringRef(kind).drop_back() << " " << text(tensor["name"])
                   << ": " << text(tensor["dtype"]) << tensor["shape"].dump() << "\n";
  for (const char *key : {"macs", "flash_bytes", "code_bytes", "constant_bytes", "ram_bytes",
                          "state_bytes", "stack_bytes"})
    llvm::outs() << "  " << key << ": " << manifest[key].dump() << "\n";
  llvm::outs() << "  undefined symbols: " << manifest["undefined_symbols"].dump() << "\n";
  llvm::outs() << "  arena:      offset      bytes  first  last  buffer\n";
  for (const Json &a : manifest["arena"]["allocations"])
    llvm::outs() << llvm::formatv("         {0,12} {1,10} {2,6} {3,5}  {4}\n", a["offset"].dump(),
                                  a["bytes"].dump(), a["first"].dump(), a["last"].dump(),
                                  text(a["name"]));
  return true;
}

void cli::addLists(CLI::App &app, int &exitCode) {
  auto json = std::make_shared<bool>(false);
  CLI::App *targets = app.add_subcommand(
      "targets", "list the devices that can be compiled for\nExample: edgec targets --json");
  targets->add_flag("--json", *json, "as JSON");
  targets->callback([json] { listTargets(*json); });
  CLI::App *ops = app.add_subcommand(
      "ops",
      "list the operators of each format, and how they are supported\nExample: edgec ops --json");
  ops->add_flag("--json", *json, "as JSON");
  auto target = std::make_shared<std::string>();
  ops->add_option("--target", *target, "the device (all of today's take every op)");
  ops->callback([json, target, &exitCode] {
    if (!target->empty())
      if (auto resolved = resolveTarget(*target); !resolved) {
        llvm::errs() << "edgec: error: " << llvm::toString(resolved.takeError()) << "\n";
        exitCode = 1;
        return;
      }
    listOperators(*json);
  });
}

void cli::addInspect(CLI::App &app, int &exitCode) {
  CLI::App *command = app.add_subcommand(
      "inspect", "show what is in a model or a manifest\nExample: edgec inspect kws.onnx");
  auto file = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  command->add_option("FILE", *file, "a model, or a manifest that edgec has written")->required();
  command->add_flag("--json", *json, "as JSON");
  command->callback([file, json, &exitCode] {
    if (auto buffer = llvm::MemoryBuffer::getFile(*file, false, false))
      if ((*buffer)->getBuffer().starts_with("{") && inspectManifest((*buffer)->getBuffer(), *json))
        return;
    auto context = createContext();
    DiagnosticPrinter printer(context.get(), llvm::sys::path::filename(*file), llvm::errs());
    const Frontend *frontend = findFrontend(*file, context.get());
    if (!frontend || failed(frontend->inspect(*file, *json, llvm::outs(), context.get())))
      exitCode = 1;
  });
}
