#include "compiler/Diagnostics.h"
#include "compiler/Execution.h"
#include "compiler/Phases.h"
#include "passes/quantize/Plan.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;

namespace edgec {

namespace {

/// Marks the ops whose nodes a pattern of `--keep-float` names.
LogicalResult markKeptFloat(ModuleOp module, ArrayRef<std::string> patterns) {
  for (const std::string &text : patterns) {
    auto pattern = llvm::GlobPattern::create(text);
    if (!pattern)
      return module.emitError() << "--keep-float " << text << ": "
                                << llvm::toString(pattern.takeError());
    bool found = false;
    module.walk([&](edge::QuantizableOpInterface op) {
      if (llvm::none_of(nodeNames(op->getLoc()),
                        [&](StringRef name) { return name == text || pattern->match(name); }))
        return;
      op->setAttr(kKeepFloatAttr, UnitAttr::get(module.getContext()));
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
LogicalResult
runSamples(ModuleOp module, ArrayRef<Value> values, SampleSource &samples,
           llvm::function_ref<LogicalResult(size_t value, ArrayRef<float> elements)> see) {
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
               << "can't be calibrated: it computes what is no finite number for "
               << samples.describe(sample);
      if (failed(see(i, elements)))
        return failure();
    }
  }
  return success();
}

} // namespace

LogicalResult calibrate(ModuleOp module, const QuantizeOptions &options, StringRef modelHash) {
  if (options.scheme.empty())
    return success();
  if (!options.samples) {
    InFlightDiagnostic error = module.emitError();
    error << "--quantize=" << options.scheme << " needs --calibration";
    error.attachNote() << "give a folder with inputs that are like those which the model will "
                          "meet (.npy, .npz, pictures): ranges are measured on them, and random "
                          "data would measure wrong ones";
    return error;
  }
  if (failed(markKeptFloat(module, options.keepFloat)))
    return failure();
  Builder builder(module.getContext());
  QuantizationPlan plan(*module.getOps<func::FuncOp>().begin());
  SmallVector<Value> values;
  SmallVector<size_t> groupOf;
  for (auto [index, group] : llvm::enumerate(plan.groups()))
    for (Value root : group.roots) {
      values.push_back(root);
      groupOf.push_back(index);
    }
  std::vector<Observer> observers(plan.groups().size());
  if (!values.empty() &&
      failed(runSamples(module, values, *options.samples, [&](size_t value, auto elements) {
        observers[groupOf[value]].add(elements);
        return success();
      })))
    return failure();
  bool is16 = options.scheme == "int16x8";
  for (auto [value, group] : llvm::zip_equal(values, groupOf)) {
    auto [low, high] = observers[group].range(options.method, is16 ? 65534 : 255, is16);
    setRange(value, low, high);
  }
  module->setAttr(kQuantizeAttr, builder.getStringAttr(options.scheme));
  return success();
}

} // namespace edgec
