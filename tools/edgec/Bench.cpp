// edgec bench: how long one run takes, and with --ops each op of it.
#include "edgec/pthread_pool.h"
#include "edgec/status.h"
#include "nlohmann/json.hpp"
#include "tools/edgec/Commands.h"
#include "tools/edgec/Roofline.h"
#include "tools/edgec/Session.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>

using namespace edgec;
using namespace edgec::cli;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

namespace {

struct BenchArguments {
  ModelArguments model;
  int runs = 50, threads = 1;
  bool json = false, ops = false;
};

double millisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double medianOf(std::vector<double> &values) {
  if (values.empty())
    return 0;
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Where the hook writes: it has no argument of the caller's, and one thread calls it.
struct Recorder {
  std::vector<std::vector<double>> times; ///< of each op, in each counted run
  Clock::time_point began;
  bool counts = false;
} recorder;

void recordOp(const edgec_model *, int32_t op, int32_t begin) {
  if (begin)
    recorder.began = Clock::now();
  else if (recorder.counts)
    recorder.times[op].push_back(millisecondsSince(recorder.began));
}

/// Adds what was measured to the rows of the manifest's per-op table.
Json measuredOps(const Json &operators, const Roofline &roofline) {
  Json rows = Json::array();
  double total = 0;
  for (size_t i = 0; i < operators.size(); ++i) {
    Json row = operators[i];
    row["median_ms"] = medianOf(recorder.times[i]);
    total += row["median_ms"].get<double>();
    rows.push_back(row);
  }
  for (Json &row : rows) {
    double ms = row["median_ms"], macs = row["macs"], bytes = row["bytes"];
    row["share"] = total > 0 ? ms / total : 0;
    row["gmacs_per_second"] = ms > 0 ? macs / ms / 1e6 : 0;
    row["gbytes_per_second"] = ms > 0 ? bytes / ms / 1e6 : 0;
    bool onIntegers = llvm::StringRef(row["element"].get<std::string>()).starts_with("i");
    row["roofline"] = ms > 0 ? roofline.seconds(macs, bytes, onIntegers) * 1e3 / ms : 0;
  }
  return rows;
}

void printOps(const Json &rows, const Roofline &roofline) {
  std::vector<const Json *> order;
  for (const Json &row : rows)
    order.push_back(&row);
  std::stable_sort(order.begin(), order.end(), [](const Json *a, const Json *b) {
    return (*a)["median_ms"].get<double>() > (*b)["median_ms"].get<double>();
  });
  llvm::outs()
      << "\n      ms  share    GMAC/s     GB/s  roofline  kind               name (kernel)\n";
  for (const Json *row : order)
    llvm::outs() << llvm::format("%8.4f %5.1f%% %9.2f %8.2f %8.1f%%  %-18s ",
                                 (*row)["median_ms"].get<double>(),
                                 (*row)["share"].get<double>() * 100,
                                 (*row)["gmacs_per_second"].get<double>(),
                                 (*row)["gbytes_per_second"].get<double>(),
                                 (*row)["roofline"].get<double>() * 100,
                                 (*row)["kind"].get<std::string>().c_str())
                 << (*row)["name"].get<std::string>() << " (" << (*row)["kernel"].get<std::string>()
                 << ")\n";
  llvm::outs() << llvm::format(
      "\nmeasured here: %.1f GMAC/s float32 in registers, %.1f of narrow integers;",
      roofline.macsPerSecond / 1e9, roofline.integerMacsPerSecond / 1e9);
  for (auto [bytes, rate] : roofline.bandwidth)
    llvm::outs() << llvm::format(" %.0f GB/s in %.0f KiB%s", rate / 1e9, bytes / 1024,
                                 bytes == roofline.bandwidth.back().first ? "\n" : ",");
}

bool bench(const BenchArguments &arguments) {
  CompileOptions options;
  options.threads = arguments.threads;
  options.profile = arguments.ops;
  if (!arguments.model.parse(options))
    return false;
  std::unique_ptr<LoadedModule> module =
      load(arguments.model.model, options, arguments.ops ? recordOp : nullptr);
  if (!module)
    return false;
  const edgec_model &model = module->model();
  Json manifest = Json::parse(module->manifest());
  recorder.times.assign(manifest["operators"].size(), {});
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
  edgec_parallel_for threads{};
  const edgec_parallel_for *parallel = nullptr;
  if (arguments.threads > 1) {
    if (edgec_pthread_pool_init(&pool, arguments.threads) != EDGEC_OK)
      return complain("the threads can't be started");
    threads = edgec_pthread_pool_parallel(&pool);
    parallel = &threads;
  }
  auto destroy = llvm::make_scope_exit([&] {
    if (parallel)
      edgec_pthread_pool_destroy(&pool);
  });
  std::vector<double> times;
  for (int run = -3; run < arguments.runs; ++run) { // three to warm up
    recorder.counts = run >= 0;
    Clock::time_point begin = Clock::now();
    int32_t status = model.invoke(arena.data, inputs.data(), outputs.data(), parallel);
    double milliseconds = millisecondsSince(begin);
    if (status != 0)
      return complain("the model returned status " + llvm::Twine(status));
    if (run >= 0)
      times.push_back(milliseconds);
  }
  Roofline roofline;
  Json rows;
  if (arguments.ops) {
    auto measured = measureRoofline(arguments.threads, parallel);
    if (!measured)
      return complain("the machine's limits can't be measured: " +
                      llvm::toString(measured.takeError()));
    roofline = *measured;
    rows = measuredOps(manifest["operators"], roofline);
  }
  std::sort(times.begin(), times.end());
  double median = times[times.size() / 2];
  double macs = manifest["macs"].get<double>();
  if (arguments.json) {
    Json out = {{"median_ms", median},
                {"min_ms", times.front()},
                {"max_ms", times.back()},
                {"runs", arguments.runs},
                {"threads", arguments.threads},
                {"macs", manifest["macs"]},
                {"gmacs_per_second", macs / median / 1e6}};
    if (arguments.ops) {
      Json bandwidth = Json::array();
      for (auto [bytes, rate] : roofline.bandwidth)
        bandwidth.push_back({{"bytes", bytes}, {"gbytes_per_second", rate / 1e9}});
      out["peak_gmacs_per_second"] = roofline.macsPerSecond / 1e9;
      out["peak_integer_gmacs_per_second"] = roofline.integerMacsPerSecond / 1e9;
      out["bandwidth"] = bandwidth;
      out["ops"] = rows;
    }
    llvm::outs() << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return true;
  }
  llvm::outs() << llvm::format(
      "median %.4f ms, min %.4f ms, max %.4f ms over %d runs on %d thread%s\n", median,
      times.front(), times.back(), arguments.runs, arguments.threads,
      arguments.threads == 1 ? "" : "s");
  llvm::outs() << llvm::format("%.0f multiply-accumulates, %.2f G a second\n", macs,
                               macs / median / 1e6);
  if (arguments.ops)
    printOps(rows, roofline);
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
  command->add_flag("--ops", arguments->ops,
                    "each op's time beside what this machine could do at best");
  command->add_flag("--json", arguments->json,
                    "as JSON: median_ms, min_ms, max_ms, macs; with --ops also ops");
  command->callback([arguments, &exitCode] { exitCode = bench(*arguments) ? 0 : 1; });
}
