#include "tools/edgec/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace edgec;
using namespace edgec::cli;

bool cli::splitAssignment(const std::string &text, std::string &name, std::string &value) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0)
    return false;
  name = text.substr(0, at);
  value = text.substr(at + 1);
  return true;
}

void ModelArguments::add(CLI::App &command) {
  command.add_option("MODEL", model, "the model file, recognised by content")->required();
  command.add_option("--shape", shapes, "static shape of an input: NAME=1x3x224x224 (repeatable)");
  command.add_option("--set", values, "make an input a constant: NAME=NUMBER (repeatable)");
  command.add_option("--state", states,
                     "keep INPUT=OUTPUT in the arena between calls, cleared by reset (repeatable)");
  command.add_flag("--fast-conv", fastConv,
                   "compute 3x3 convolutions through Winograd's transforms where that takes fewer "
                   "multiplications: results differ by some 1e-6 of their range");
}

bool ModelArguments::parse(CompileOptions &compile) const {
  compile.fastConv = fastConv;
  ImportOptions &options = compile.import;
  auto fail = [](const std::string &option, const std::string &text, const char *form) {
    llvm::errs() << "edgec: error: " << option << " " << text << ": expected " << form << "\n";
    return false;
  };
  std::string name, value;
  for (const std::string &text : shapes) {
    if (!splitAssignment(text, name, value))
      return fail("--shape", text, "NAME=1x3x224x224");
    std::vector<int64_t> shape;
    llvm::SmallVector<llvm::StringRef> parts;
    if (!value.empty()) // `x=` is a scalar
      llvm::StringRef(value).split(parts, 'x');
    for (llvm::StringRef part : parts) {
      int64_t extent;
      if (part.getAsInteger(10, extent) || extent < 0)
        return fail("--shape", text, "NAME=1x3x224x224 with extents of 0 or more");
      shape.push_back(extent);
    }
    options.shapes[name] = shape;
  }
  for (const std::string &text : values) {
    if (!splitAssignment(text, name, value))
      return fail("--set", text, "NAME=NUMBER");
    options.values[name] = value;
  }
  for (const std::string &text : states) {
    if (!splitAssignment(text, name, value))
      return fail("--state", text, "INPUT=OUTPUT");
    options.states.emplace_back(name, value);
  }
  return true;
}
