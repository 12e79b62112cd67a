// edgec bench: how long one run takes.
#include "edgec/pthread_pool.h"
#include "edgec/status.h"
#include "nlohmann/json.hpp"
#include "tools/edgec/Commands.h"
#include "tools/edgec/Session.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>

using namespace edgec;
using namespace edgec::cli;

namespace {

struct BenchArguments {
  ModelArguments model;
  int runs = 50, threads = 1;
  bool json = false;
};

bool bench(const BenchArguments &arguments) {
  CompileOptions options;
  options.threads = arguments.threads;
  if (!arguments.model.parse(options.import))
    return false;
  std::unique_ptr<LoadedModule> module = load(arguments.model.model, options);
  if (!module)
    return false;
  const edgec_model &model = module->model();
  std::mt19937_64 random(1);
  std::vector<std::unique_ptr<AlignedBytes>> buffers;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (int i = 0; i < model.n_inputs; ++i) {
    buffers.push_back(std::make_unique<AlignedBytes>(model.inputs[i].bytes, 64));
    fillRandom(model.inputs[i], buffers.back()->data, random);
    inputs.push_back(buffers.back()->data);
  }
  for (int i = 0; i < model.n_outputs; ++i) {
    buffers.push_back(std::make_unique<AlignedBytes>(model.outputs[i].bytes, 64));
    outputs.push_back(buffers.back()->data);
  }
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
  std::vector<double> times;
  int32_t status = 0;
  for (int run = -3; run < arguments.runs && status == 0; ++run) { // three to warm up
    auto begin = std::chrono::steady_clock::now();
    status = model.invoke(arena.data, inputs.data(), outputs.data(),
                          arguments.threads > 1 ? &parallel : nullptr);
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (run >= 0)
      times.push_back(seconds * 1e3);
  }
  if (arguments.threads > 1)
    edgec_pthread_pool_destroy(&pool);
  if (status != 0)
    return complain("the model returned status " + llvm::Twine(status));
  std::sort(times.begin(), times.end());
  double median = times[times.size() / 2];
  auto manifest = nlohmann::ordered_json::parse(module->manifest());
  double macs = manifest["macs"].get<double>();
  if (arguments.json) {
    nlohmann::ordered_json out = {{"median_ms", median},
                                  {"min_ms", times.front()},
                                  {"max_ms", times.back()},
                                  {"runs", arguments.runs},
                                  {"threads", arguments.threads},
                                  {"macs", manifest["macs"]},
                                  {"gmacs_per_second", macs / median / 1e6}};
    llvm::outs() << out.dump(2) << "\n";
    return true;
  }
  llvm::outs() << llvm::format(
      "median %.4f ms, min %.4f ms, max %.4f ms over %d runs on %d thread%s\n", median,
      times.front(), times.back(), arguments.runs, arguments.threads,
      arguments.threads == 1 ? "" : "s");
  llvm::outs() << llvm::format("%.0f multiply-accumulates, %.2f G a second\n", macs,
                               macs / median / 1e6);
  return true;
}

} // namespace

void cli::addBench(CLI::App &app, int &exitCode) {
  CLI::App *command = app.add_subcommand(
      "bench",
      "time runs on this machine, with random inputs\nExample: edgec bench kws.onnx --runs 100");
  auto arguments = std::make_shared<BenchArguments>();
  arguments->model.add(*command);
  command->add_option("--runs", arguments->runs, "counted runs, after three to warm up")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--threads", arguments->threads, "threads")->check(CLI::Range(1, 64));
  command->add_flag("--json", arguments->json, "as JSON: median_ms, min_ms, max_ms, macs");
  command->callback([arguments, &exitCode] { exitCode = bench(*arguments) ? 0 : 1; });
}
