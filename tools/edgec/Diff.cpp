// edgec diff: a quantized model beside its float form, tensor by tensor.
#include "compiler/Comparison.h"
#include "nlohmann/json.hpp"
#include "tools/edgec/Commands.h"
#include "tools/edgec/DiffPage.h"
#include "tools/edgec/Inputs.h"
#include "tools/edgec/Samples.h"
#include "tools/edgec/Session.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace edgec;
using namespace edgec::cli;
using Json = nlohmann::ordered_json;

namespace {

struct DiffArguments {
  ModelArguments model;
  InputArguments inputs;
  std::string against = "float", samples, json, html;
  bool perOp = false;
};

/// Runs on the samples, or on one set of inputs.
bool runAll(const DiffArguments &arguments, const Inputs &inputs, Comparison &comparison) {
  const std::set<std::string> none;
  if (arguments.samples.empty())
    return inputs.fill(comparison.model(), comparison.inputs(), &none) && comparison.run();
  std::shared_ptr<SampleSource> samples = createSampleSource(arguments.samples);
  auto count = samples->open(comparison.model());
  if (!count)
    return complain(llvm::toString(count.takeError()));
  for (size_t i = 0; i < *count; ++i) {
    if (auto error = samples->read(i, comparison.model(), comparison.inputs()))
      return complain(llvm::toString(std::move(error)));
    if (!comparison.run())
      return false;
  }
  return true;
}

/// The tensors that lose something, the worst alone first.
std::vector<size_t> orderByLoss(llvm::ArrayRef<ComparedTensor> tensors) {
  std::vector<size_t> order;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].alone.noise > 0 && tensors[i].alone.signal > 0)
      order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tensors[a].alone.decibels() < tensors[b].alone.decibels();
  });
  return order;
}

std::string decibelText(double value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (std::isinf(value))
    os << " exact";
  else
    os << llvm::format("%6.1f", value);
  return text;
}

/// Names the op that loses most, and says what may help.
std::string adviceOn(llvm::ArrayRef<ComparedTensor> tensors, llvm::ArrayRef<size_t> order,
                     const QuantizeArguments &quantize) {
  if (order.empty())
    return "nothing is lost\n";
  constexpr double kMuchSaturated = 1e-2, kGood = 40;
  const ComparedTensor &worst = tensors[order.front()];
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "worst op: '" << worst.name << "' (" << worst.kind << "), "
     << llvm::StringRef(decibelText(worst.alone.decibels())).ltrim() << " dB on its own";
  if (worst.saturation() > 0)
    os << llvm::format(", %.3f %% of its elements out of range", worst.saturation() * 100);
  os << "\n";
  if (worst.alone.decibels() > kGood || quantize.scheme.empty())
    return text;
  if (worst.saturation() > kMuchSaturated && quantize.method != "minmax")
    os << "try: --calibration-method=minmax, or more samples: its range is too small\n";
  else if (quantize.method == "minmax")
    os << "try: --calibration-method=mse or percentile: few elements may take up its range\n";
  if (!worst.keep.empty())
    os << "try: --keep-float='" << worst.keep << "', which reads it\n";
  if (quantize.scheme == "int8")
    os << "try: --quantize=int16x8\n";
  return text;
}

Json describe(const Deviation &deviation) {
  double decibels = deviation.decibels();
  return {{"sqnr_db", std::isinf(decibels) ? Json() : Json(decibels)},
          {"cosine", deviation.cosine()},
          {"max_abs", deviation.most}};
}

Json describe(llvm::ArrayRef<ComparedTensor> tensors, llvm::ArrayRef<size_t> order) {
  Json list = Json::array();
  for (const ComparedTensor &tensor : tensors) {
    Json row = {{"name", tensor.name},
                {"op", tensor.kind},
                {"whole", describe(tensor.whole)},
                {"alone", describe(tensor.alone)}};
    if (tensor.isQuantized) {
      row["low"] = tensor.low;
      row["high"] = tensor.high;
      row["saturation"] = tensor.saturation();
    }
    list.push_back(row);
  }
  Json worst = order.empty() ? Json() : Json(tensors[order.front()].name);
  return {{"against", "float"}, {"worst", worst}, {"tensors", list}};
}

void printTable(llvm::ArrayRef<ComparedTensor> tensors) {
  llvm::outs() << " alone dB  whole dB    cosine  max error  saturated  op            name\n";
  for (const ComparedTensor &tensor : tensors) {
    llvm::outs() << "   " << decibelText(tensor.alone.decibels()) << "    "
                 << decibelText(tensor.whole.decibels());
    llvm::outs() << llvm::format("  %8.6f  %9.3g  ", tensor.whole.cosine(), tensor.whole.most);
    if (tensor.isQuantized)
      llvm::outs() << llvm::format("%7.3f %%", tensor.saturation() * 100);
    else
      llvm::outs() << "        -";
    llvm::outs() << "  " << llvm::left_justify(tensor.kind, 12) << "  " << tensor.name << "\n";
  }
}

bool writeText(const std::string &path, llvm::StringRef text) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os << text;
    os.close();
    error = os.error();
    os.clear_error();
  }
  return !error || complain("'" + path + "' can't be written: " + error.message());
}

bool diff(const DiffArguments &arguments) {
  CompileOptions options;
  Inputs inputs(arguments.inputs);
  if (!arguments.model.parse(options) || !inputs.read(options))
    return false;
  std::unique_ptr<Comparison> comparison = compare(arguments.model.model, options);
  if (!comparison || !runAll(arguments, inputs, *comparison))
    return false;
  llvm::ArrayRef<ComparedTensor> tensors = comparison->tensors();
  std::vector<size_t> order = orderByLoss(tensors);
  std::string advice = adviceOn(tensors, order, arguments.model.quantize);
  std::string name = llvm::sys::path::filename(arguments.model.model).str();
  if (!arguments.json.empty()) {
    std::string text =
        describe(tensors, order).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (!writeText(arguments.json, text))
      return false;
  }
  if (!arguments.html.empty() &&
      !writeText(arguments.html, writeDiffPage(name, tensors, order, advice)))
    return false;
  if (arguments.json == "-")
    return true;
  if (arguments.perOp)
    printTable(tensors);
  else if (!tensors.empty())
    llvm::outs() << "the last of " << tensors.size() << " tensors, '" << tensors.back().name
                 << "': " << llvm::StringRef(decibelText(tensors.back().whole.decibels())).ltrim()
                 << " dB" << llvm::format(", cosine %.6f\n", tensors.back().whole.cosine());
  llvm::outs() << advice;
  return true;
}

} // namespace

void cli::addDiff(CLI::App &app, int &exitCode) {
  CLI::App *command = app.add_subcommand(
      "diff",
      "compare a quantized model with its float form, tensor by tensor\n"
      "Example: edgec diff kws.onnx --quantize=int8 --calibration=calib --random 1 --per-op");
  auto arguments = std::make_shared<DiffArguments>();
  arguments->model.add(*command);
  arguments->inputs.add(*command);
  command
      ->add_option("--against", arguments->against,
                   "what to compare with: float, the model before it is quantized, or a quantized "
                   "model without its roundings")
      ->check(CLI::IsMember({"float"}));
  command->add_option("--samples", arguments->samples,
                      "run on all of these instead: as --calibration");
  command->add_flag("--per-op", arguments->perOp,
                    "print every op: with all before it quantized (whole), and fed with floats "
                    "(alone)");
  command->add_option("--json", arguments->json, "file for all of it as JSON; - is stdout");
  command->add_option("--html", arguments->html,
                      "file for a page with histograms of the ten worst tensors");
  command->callback([arguments, &exitCode] { exitCode = diff(*arguments) ? 0 : 1; });
}
