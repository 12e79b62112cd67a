#include "tools/edgec/Commands.h"
#include "tools/edgec/Samples.h"
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

namespace {
/// A number, or a quotient of two as in `1/255`.
std::optional<double> parseNumber(llvm::StringRef text) {
  auto [above, below] = text.split('/');
  double numerator, denominator = 1;
  if (above.getAsDouble(numerator) ||
      (text.contains('/') && (below.getAsDouble(denominator) || denominator == 0)))
    return std::nullopt;
  return numerator / denominator;
}

constexpr std::pair<llvm::StringLiteral, ObserverMethod> kMethods[] = {
    {"minmax", ObserverMethod::minmax},
    {"percentile", ObserverMethod::percentile},
    {"entropy", ObserverMethod::entropy},
    {"mse", ObserverMethod::mse},
};
} // namespace

void QuantizeArguments::add(CLI::App &command) {
  std::vector<std::string> schemes;
  std::string help = "quantize a float model:";
  for (const QuantizeScheme &row : getQuantizeSchemes()) {
    help += (schemes.empty() ? " " : "; ") + row.name.str() + ", " + row.description.str();
    schemes.push_back(row.name.str());
  }
  command.add_option("--quantize", scheme, help)->check(CLI::IsMember(schemes));
  command
      .add_option("--group-size", groupSize,
                  "weights of 4 bits that have one scale: 16, 32 (the default), 64, 128 or 256")
      ->check(CLI::IsMember({16, 32, 64, 128, 256}));
  command.add_option("--calibration", calibration,
                     "inputs to measure ranges on: a folder or a list file of .npy, .npz and "
                     "pictures; a line of a list may have one file for each input");
  std::vector<std::string> names;
  for (auto &[name, _] : kMethods)
    names.push_back(name.str());
  command
      .add_option("--calibration-method", method,
                  "how a range is chosen: minmax (all that was seen), percentile (without the "
                  "outermost 0.01 %), entropy, mse (least squared error; the default)")
      ->check(CLI::IsMember(names));
  command.add_option("--keep-float", keepFloat,
                     "node to leave in floats, a name or a pattern with * (repeatable)");
  command.add_option("--calibration-cache", cache,
                     "file to keep what was measured in: the same model, samples and options need "
                     "not run again");
  command.add_flag("--equalize,!--no-equalize", equalize,
                   "scale the channels between layers so that one scale suits them (the default)");
  command.add_flag("--bias-correction,!--no-bias-correction", correctBias,
                   "let biases take up what rounding the weights shifts (the default)");
}

void QuantizeArguments::parse(QuantizeOptions &options) const {
  options.scheme = scheme;
  options.groupSize = groupSize;
  if (!calibration.empty())
    options.samples = createSampleSource(calibration);
  for (auto &[name, value] : kMethods)
    if (name == method)
      options.method = value;
  options.keepFloat = keepFloat;
  options.cache = cache;
  options.equalize = equalize;
  options.correctBias = correctBias;
}

void InterfaceArguments::add(CLI::App &command) {
  std::string types;
  for (llvm::StringRef name : getInterfaceTypeNames())
    types += (types.empty() ? "" : ", ") + name.str();
  command.add_option("--input-type", inputTypes,
                     "element type of an input: [NAME=]TYPE (repeatable), one of " + types +
                         "; integers are the model's own quantized values, or, with --mean or "
                         "--scale, what these normalize");
  command.add_option("--output-type", outputTypes,
                     "the same of an output: [NAME=]TYPE (repeatable)");
  command.add_option("--mean", means,
                     "normalize an input: the model gets (given - mean) * scale; [NAME=]V, or "
                     "[NAME=]V,V,... with one for each channel (repeatable)");
  command.add_option("--scale", scales,
                     "the scale of that, 1/255 for pixels as 0 to 1 (repeatable)");
}

bool InterfaceArguments::parse(InterfaceOptions &options) const {
  auto fail = [](const char *option, const std::string &text, const llvm::Twine &form) {
    llvm::errs() << "edgec: error: " << option << " " << text << ": expected " << form << "\n";
    return false;
  };
  auto split = [](const std::string &text) {
    OfTensor<std::string> result;
    if (!splitAssignment(text, result.name, result.what))
      result = {"", text};
    return result;
  };
  auto parseTypes = [&](const char *option, const std::vector<std::string> &texts, auto &types) {
    llvm::ArrayRef<llvm::StringRef> names = getInterfaceTypeNames();
    for (const std::string &text : texts) {
      types.push_back(split(text));
      if (!llvm::is_contained(names, types.back().what))
        return fail(option, text, "[NAME=]TYPE with one of " + llvm::join(names, ", "));
    }
    return true;
  };
  auto parseValues = [&](const char *option, const std::vector<std::string> &texts, auto &values) {
    for (const std::string &text : texts) {
      auto [name, list] = split(text);
      values.push_back({name, {}});
      llvm::SmallVector<llvm::StringRef> parts;
      llvm::StringRef(list).split(parts, ',');
      for (llvm::StringRef part : parts) {
        std::optional<double> number = parseNumber(part);
        if (!number)
          return fail(option, text, "[NAME=]NUMBER or [NAME=]NUMBER,NUMBER,...");
        values.back().what.push_back(*number);
      }
    }
    return true;
  };
  return parseTypes("--input-type", inputTypes, options.inputTypes) &&
         parseTypes("--output-type", outputTypes, options.outputTypes) &&
         parseValues("--mean", means, options.means) &&
         parseValues("--scale", scales, options.scales);
}

void ModelArguments::add(CLI::App &command) {
  command.add_option("MODEL", model, "the model file, recognised by content")->required();
  command.add_option("--shape", shapes, "static shape of an input: NAME=1x3x224x224 (repeatable)");
  command.add_option("--set", values, "make an input a constant: NAME=NUMBER (repeatable)");
  command.add_option("--state", states,
                     "keep INPUT=OUTPUT in the arena between calls, cleared by reset (repeatable)");
  command.add_flag(
      "--checked", checked,
      "keep what a .pt2 asserts of values that only a run knows: where it doesn't hold "
      "the run returns EDGEC_ERROR_SHAPE; without it, it is taken for granted");
  command.add_flag("--fast-conv", fastConv,
                   "compute 3x3 convolutions through Winograd's transforms where that takes fewer "
                   "multiplications: results differ by some 1e-6 of their range");
  interface.add(command);
  quantize.add(command);
}

bool ModelArguments::parse(CompileOptions &compile) const {
  compile.fastConv = fastConv;
  quantize.parse(compile.quantize);
  if (!interface.parse(compile.interface))
    return false;
  ImportOptions &options = compile.import;
  options.checked = checked;
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
