// edgec run: compile for this host in memory, run, print or save.
#include "edgec/model.h"
#include "edgec/pthread_pool.h"
#include "edgec/status.h"
#include "nlohmann/json.hpp"
#include "tools/edgec/Commands.h"
#include "tools/edgec/Inputs.h"
#include "tools/edgec/Npy.h"
#include "tools/edgec/Session.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/AlignOf.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <set>

using namespace edgec;
using namespace edgec::cli;

namespace {

struct RunArguments {
  ModelArguments model;
  InputArguments inputs;
  std::vector<std::string> carries;
  std::string output;
  bool shapesOnly = false;
  int calls = 1, top = 0, threads = 1;
};

const edgec_tensor *findTensor(const edgec_tensor *tensors, int count, llvm::StringRef name,
                               int &index) {
  for (index = 0; index < count; ++index)
    if (name == tensors[index].name)
      return &tensors[index];
  return nullptr;
}

void printTop(const edgec_tensor &tensor, const char *data, int top) {
  std::vector<size_t> order(tensor.elements);
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  size_t count = std::min<size_t>(top, order.size());
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](size_t a, size_t b) {
    double x = elementAt(tensor, data, a), y = elementAt(tensor, data, b);
    return x != y ? x > y : a < b;
  });
  for (size_t i = 0; i < count; ++i)
    llvm::outs() << llvm::format("  %8zu  %.6g\n", order[i], elementAt(tensor, data, order[i]));
}

bool runModel(const RunArguments &arguments) {
  CompileOptions options;
  if (!arguments.model.parse(options))
    return false;
  options.threads = arguments.threads;
  Inputs inputs(arguments.inputs);
  if (!inputs.read(options))
    return false;
  std::unique_ptr<LoadedModule> module = load(arguments.model.model, options);
  if (!module)
    return false;
  const edgec_model &model = module->model();

  std::vector<std::unique_ptr<AlignedBytes>> inputMemory, outputs;
  std::vector<char *> inputData;
  std::vector<void *> outputPointers;
  for (int i = 0; i < model.n_inputs; ++i) {
    inputMemory.push_back(std::make_unique<AlignedBytes>(model.inputs[i].bytes, 64));
    inputData.push_back(inputMemory.back()->data);
  }
  std::set<std::string> others; // inputs that get what an output was
  for (const std::string &carry : arguments.carries)
    others.insert(carry.substr(carry.rfind('=') + 1));
  if (!inputs.fill(model, inputData, arguments.shapesOnly ? nullptr : &others))
    return false;
  std::vector<const void *> inputPointers(inputData.begin(), inputData.end());
  for (int i = 0; i < model.n_outputs; ++i) {
    outputs.push_back(std::make_unique<AlignedBytes>(model.outputs[i].bytes, 64));
    outputPointers.push_back(outputs.back()->data);
  }
  std::vector<std::pair<int, int>> carries;
  for (const std::string &text : arguments.carries) {
    std::string from, to;
    int output, input;
    if (!splitAssignment(text, from, to))
      return complain("--carry " + text + ": expected OUTPUT=INPUT");
    const edgec_tensor *source = findTensor(model.outputs, model.n_outputs, from, output);
    const edgec_tensor *destination = findTensor(model.inputs, model.n_inputs, to, input);
    if (!source || !destination || source->bytes != destination->bytes ||
        source->dtype != destination->dtype)
      return complain("--carry " + text + ": there is no such output and input of one type");
    carries.emplace_back(output, input);
  }

  if (!arguments.shapesOnly) {
    AlignedBytes arena(model.arena_bytes, model.arena_align);
    if (model.reset)
      model.reset(arena.data);
    edgec_pthread_pool pool;
    edgec_parallel_for parallel{};
    if (arguments.threads > 1) {
      if (edgec_pthread_pool_init(&pool, arguments.threads) != EDGEC_OK)
        return complain("the threads can't be started");
      parallel = edgec_pthread_pool_parallel(&pool);
    }
    auto destroy = llvm::make_scope_exit([&] {
      if (arguments.threads > 1)
        edgec_pthread_pool_destroy(&pool);
    });
    for (int call = 0; call < arguments.calls; ++call) {
      if (call)
        for (auto [output, input] : carries)
          std::memcpy(inputData[input], outputs[output]->data, model.inputs[input].bytes);
      int32_t status = model.invoke(arena.data, inputPointers.data(), outputPointers.data(),
                                    arguments.threads > 1 ? &parallel : nullptr);
      if (status != 0)
        return complain("the model returned status " + llvm::Twine(status));
    }
  }
  if (arguments.output.empty() || arguments.shapesOnly) {
    for (int i = 0; i < model.n_outputs; ++i) {
      const edgec_tensor &tensor = model.outputs[i];
      llvm::outs() << tensor.name << ": " << dtypeName(tensor.dtype) << shapeText(shapeOf(tensor));
      if (arguments.shapesOnly) {
        llvm::outs() << "\n";
        continue;
      }
      if (arguments.top > 0) {
        llvm::outs() << "\n";
        printTop(tensor, outputs[i]->data, arguments.top);
        continue;
      }
      llvm::outs() << " =";
      for (size_t e = 0; e < std::min<size_t>(tensor.elements, 8); ++e)
        llvm::outs() << llvm::format(" %.6g", elementAt(tensor, outputs[i]->data, e));
      llvm::outs() << (tensor.elements > 8 ? " ...\n" : "\n");
    }
    return true;
  }
  if (std::error_code error = llvm::sys::fs::create_directories(arguments.output))
    return complain("folder '" + arguments.output + "' can't be made: " + error.message());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (int i = 0; i < model.n_outputs; ++i) {
    const edgec_tensor &tensor = model.outputs[i];
    std::string file = std::to_string(i) + "_";
    for (char c : llvm::StringRef(tensor.name))
      file += llvm::isAlnum(c) || c == '-' ? c : '_';
    file = file.substr(0, 100) + ".npy";
    llvm::SmallString<128> path(arguments.output);
    llvm::sys::path::append(path, file);
    if (auto error =
            writeNpy(path, tensor.dtype, shapeOf(tensor), {outputs[i]->data, tensor.bytes}))
      return complain(llvm::toString(std::move(error)));
    list.push_back({{"name", tensor.name},
                    {"file", file},
                    {"dtype", dtypeName(tensor.dtype).str()},
                    {"shape", shapeOf(tensor)}});
  }
  llvm::SmallString<128> path(arguments.output);
  llvm::sys::path::append(path, "outputs.json");
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return complain("'" + path.str() + "' can't be written: " + error.message());
  os << list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  return true;
}

} // namespace

void cli::addRun(CLI::App &app, int &exitCode) {
  CLI::App *command = app.add_subcommand(
      "run",
      "compile for this machine in memory and run\nExample: edgec run kws.onnx --random 1 --top 5");
  auto arguments = std::make_shared<RunArguments>();
  arguments->model.add(*command);
  arguments->inputs.add(*command);
  command->add_option("--output", arguments->output,
                      "folder for each output as .npy, and outputs.json");
  command->add_option("--calls", arguments->calls, "run this often, keeping states")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--carry", arguments->carries,
                      "hand OUTPUT=INPUT from one call to the next (repeatable)");
  command
      ->add_option("--threads", arguments->threads,
                   "run on this many threads; the results are the same for any number")
      ->check(CLI::Range(1, 64));
  command->add_option("--top", arguments->top, "print the N largest elements of each output");
  command->add_flag("--shapes", arguments->shapesOnly, "only print the outputs' types");
  command->callback([arguments, &exitCode] { exitCode = runModel(*arguments) ? 0 : 1; });
}
