#include "compiler/Calibration.h"
#include "compiler/Diagnostics.h"
#include "compiler/Execution.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "passes/legalize/Passes.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;

namespace edgec {

namespace {

/// The layer whose rounding an op is part of, as a limit or as the addition of a bias; the op
/// itself where there is none.
Operation *layerBehind(Operation *op) {
  for (Operation *at = op; at;) {
    edge::QuantizationRole role = quantizationRole(at);
    if (role == edge::QuantizationRole::layer)
      return at;
    if (role != edge::QuantizationRole::clamp && !isa<edge::AddOp>(at))
      break;
    Operation *x = at->getOperand(0).getDefiningOp();
    bool isBias = isa<edge::AddOp>(at) && (!x || matchPattern(x, m_Constant()));
    at = isBias ? at->getOperand(1).getDefiningOp() : x;
  }
  return op;
}

/// Marks the ops whose nodes a pattern of `--keep-float` names.
LogicalResult markKeptFloat(ModuleOp module, ArrayRef<std::string> patterns) {
  for (const std::string &text : patterns) {
    auto pattern = llvm::GlobPattern::create(text);
    if (!pattern)
      return module.emitError() << "--keep-float " << text << ": "
                                << llvm::toString(pattern.takeError());
    bool found = false;
    module.walk([&](Operation *op) {
      if (!isa<edge::QuantizableOpInterface, edge::ElementMovingOpInterface>(op) ||
          llvm::none_of(nodeNames(op->getLoc()),
                        [&](StringRef name) { return name == text || pattern->match(name); }))
        return;
      layerBehind(op)->setAttr(kKeepFloatAttr, UnitAttr::get(module.getContext()));
      found = true;
    });
    if (!found) {
      InFlightDiagnostic error = module.emitError();
      error << "--keep-float " << text << " names no node that could be quantized";
      error.attachNote() << "`edgec inspect` lists the model's nodes";
      return error;
    }
  }
  return success();
}

/// Runs every sample, and hands what each value was to `see`.
LogicalResult runSamples(ModuleOp module, ArrayRef<Value> values, SampleSource &samples,
                         llvm::function_ref<void(size_t value, ArrayRef<float> elements)> see) {
  std::unique_ptr<ObservedModule> observed = ObservedModule::create(module, values);
  if (!observed)
    return failure();
  Execution &execution = observed->execution();
  auto refuse = [&](llvm::Error error) {
    return module.emitError() << "can't be calibrated: " << llvm::toString(std::move(error));
  };
  auto count = samples.open(observed->model());
  if (!count)
    return refuse(count.takeError());
  for (size_t sample = 0; sample < *count; ++sample) {
    if (auto error = samples.read(sample, observed->model(), execution.inputs()))
      return refuse(std::move(error));
    if (int32_t status = execution.run())
      return module.emitError() << "can't be calibrated: it returned status " << status << " for "
                                << samples.describe(sample);
    for (size_t i = 0; i < values.size(); ++i) {
      ArrayRef<float> elements = observed->elements(i);
      if (llvm::any_of(elements, [](float x) { return !std::isfinite(x); }))
        return emitError(values[i].getLoc())
               << "can't be calibrated: it computes NaN or infinity for "
               << samples.describe(sample);
      see(i, elements);
    }
  }
  return success();
}

/// What is seen in each channel, an index of the last dimension.
struct Channels {
  std::vector<double> sums, most;
  uint64_t count = 0; ///< elements of one channel

  void add(ArrayRef<float> elements, size_t channels) {
    sums.resize(channels, 0);
    most.resize(channels, 0);
    for (size_t i = 0; i < elements.size(); ++i) {
      sums[i % channels] += elements[i];
      most[i % channels] = std::max<double>(most[i % channels], std::fabs(elements[i]));
    }
    count += elements.size() / channels;
  }
  std::vector<double> means() const {
    std::vector<double> result(sums);
    for (double &sum : result)
      sum /= static_cast<double>(std::max<uint64_t>(count, 1));
    return result;
  }
};

size_t channelsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() ? std::max<int64_t>(type.getShape().back(), 1) : 1;
}

func::FuncOp mainOf(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

/// Runs a pass of functions on the module.
LogicalResult runPass(ModuleOp module, std::unique_ptr<Pass> pass) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  passes.nest<func::FuncOp>().addPass(std::move(pass));
  return passes.run(module);
}

/// The largest magnitudes of each layer's channels, measured where the cache doesn't have them.
LogicalResult equalize(ModuleOp module, const QuantizeOptions &options, CalibrationCache &cache) {
  QuantizationPlan plan(mainOf(module));
  if (!cache.channelMost) {
    SmallVector<Value> inputs;
    for (const QuantizedLayer &layer : plan.layers())
      inputs.push_back(layer.input);
    std::vector<Channels> channels(inputs.size());
    if (failed(runSamples(module, inputs, *options.samples, [&](size_t i, auto elements) {
          channels[i].add(elements, channelsOf(inputs[i]));
        })))
      return failure();
    cache.channelMost.emplace();
    for (Channels &found : channels)
      cache.channelMost->push_back(std::move(found.most));
  }
  Builder builder(module.getContext());
  for (auto [layer, most] : llvm::zip(plan.layers(), *cache.channelMost))
    layer.op->setAttr(kInputMaxAttr, builder.getDenseF64ArrayAttr(most));
  return runPass(module, createEqualizeChannels());
}

/// The range of each group, and the means of each layer's channels.
LogicalResult measure(ModuleOp module, const QuantizationPlan &plan, const QuantizeOptions &options,
                      CalibrationCache &cache) {
  SmallVector<Value> values;
  SmallVector<size_t> groupOf;
  for (auto [index, group] : llvm::enumerate(plan.groups()))
    for (Value root : group.roots) {
      values.push_back(root);
      groupOf.push_back(index);
    }
  for (const QuantizedLayer &layer : plan.layers())
    values.push_back(layer.input);
  std::vector<Observer> observers(plan.groups().size());
  std::vector<Channels> channels(plan.layers().size());
  auto see = [&](size_t i, ArrayRef<float> elements) {
    if (i < groupOf.size())
      observers[groupOf[i]].add(elements);
    else
      channels[i - groupOf.size()].add(elements, channelsOf(values[i]));
  };
  if (failed(runSamples(module, values, *options.samples, see)))
    return failure();
  bool is16 = options.scheme == "int16x8";
  cache.ranges.emplace();
  cache.means.emplace();
  // 16 bits have steps enough for all that was seen.
  ObserverMethod method = is16 ? ObserverMethod::minmax : options.method;
  for (const Observer &observer : observers) {
    auto [low, high] = observer.range(method, is16 ? 65534 : 255, is16);
    cache.ranges->push_back({low, high});
  }
  for (const Channels &found : channels)
    cache.means->push_back(found.means());
  return success();
}

} // namespace

ArrayRef<QuantizeScheme> getQuantizeSchemes() {
  static constexpr QuantizeScheme schemes[] = {
      {"int8", "weights and activations of 8 bits", true},
      {"int16x8", "activations of 16 bits, weights of 8", true},
      {"weights-int8", "only weights, of 8 bits", false},
      {"weights-int4", "only weights, of 4 bits with a scale for each --group-size", false},
      {"fp16", "tensors and weights stored as float16", false},
      {"bf16", "tensors and weights stored as bfloat16", false},
  };
  return schemes;
}

LogicalResult calibrate(ModuleOp module, const QuantizeOptions &options, StringRef modelHash) {
  auto scheme = llvm::find_if(getQuantizeSchemes(), [&](const QuantizeScheme &scheme) {
    return scheme.name == options.scheme;
  });
  if (scheme == getQuantizeSchemes().end())
    return success();
  Builder builder(module.getContext());
  if (!scheme->needsSamples) {
    module->setAttr(kQuantizeAttr, builder.getStringAttr(options.scheme));
    if (options.scheme == "weights-int4")
      module->setAttr(kGroupSizeAttr, builder.getI64IntegerAttr(options.groupSize));
    return markKeptFloat(module, options.keepFloat);
  }
  if (!options.samples) {
    InFlightDiagnostic error = module.emitError();
    error << "--quantize=" << options.scheme << " needs --calibration";
    error.attachNote() << "give a folder with inputs that are like those which the model will "
                          "meet (.npy, .npz, pictures): ranges are measured on them, and random "
                          "data would measure wrong ones";
    return error;
  }
  if (failed(markKeptFloat(module, options.keepFloat)) ||
      failed(runPass(module, createLimitsBeforeMoves())) ||
      failed(runPass(module, createFoldAffineIntoNextLayer({/*nearly=*/true}))))
    return failure();
  QuantizationPlan before(mainOf(module));
  if (before.layers().empty()) {
    module.emitWarning() << "has no layer that could be quantized";
    return success();
  }
  auto cache = CalibrationCache::open(module, options, modelHash);
  if (failed(cache) || (options.equalize && failed(equalize(module, options, *cache))))
    return failure();
  QuantizationPlan plan(mainOf(module));
  if (!cache->fits(plan) && failed(measure(module, plan, options, *cache)))
    return failure();
  for (auto [group, range] : llvm::zip_equal(plan.groups(), *cache->ranges))
    for (Value root : group.roots)
      setRange(root, range[0], range[1]);
  if (options.correctBias)
    for (auto [layer, means] : llvm::zip_equal(plan.layers(), *cache->means))
      layer.op->setAttr(kInputMeanAttr, builder.getDenseF64ArrayAttr(means));
  module->setAttr(kQuantizeAttr, builder.getStringAttr(options.scheme));
  return cache->save(module);
}

} // namespace edgec
