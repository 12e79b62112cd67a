#include "compiler/Execution.h"
#include "compiler/Phases.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace edgec {

Execution::Execution(const edgec_model &model)
    : compiled(model), arena(model.arena_bytes, model.arena_align) {
  auto allocate = [&](const edgec_tensor *tensors, int32_t count, std::vector<char *> &data) {
    for (int32_t i = 0; i < count; ++i) {
      memory.push_back(std::make_unique<AlignedBytes>(tensors[i].bytes, 64));
      data.push_back(memory.back()->data);
    }
  };
  allocate(model.inputs, model.n_inputs, inputData);
  allocate(model.outputs, model.n_outputs, outputData);
  reset();
}

void Execution::reset() {
  if (compiled.reset)
    compiled.reset(arena.data);
}

int32_t Execution::run() {
  std::vector<const void *> inputs(inputData.begin(), inputData.end());
  std::vector<void *> outputs(outputData.begin(), outputData.end());
  return compiled.invoke(arena.data, inputs.data(), outputs.data(), nullptr);
}

/// Makes values results of the function, behind those that it has.
static void addResults(func::FuncOp function, ValueRange values) {
  Operation *end = function.getBody().front().getTerminator();
  SmallVector<Type> results(function.getResultTypes());
  SmallVector<DictionaryAttr> attributes;
  Builder builder(function.getContext());
  // What calibration and comparison have noted, and what the caller's types are to be, is nothing
  // that code for this purpose is made of.
  auto isKept = [](StringRef name) { return name == kNameAttr || name == "edge.state"; };
  for (unsigned i = 0; i < results.size(); ++i) {
    SmallVector<NamedAttribute> kept;
    for (NamedAttribute attr : mlir::function_interface_impl::getResultAttrs(function, i))
      if (isKept(attr.getName()))
        kept.push_back(attr);
    attributes.push_back(builder.getDictionaryAttr(kept));
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    end->insertOperands(end->getNumOperands(), value);
    results.push_back(value.getType());
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(kNameAttr, builder.getStringAttr("observed " + std::to_string(i)))));
  }
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    for (NamedAttribute attr :
         SmallVector<NamedAttribute>(mlir::function_interface_impl::getArgAttrs(function, i)))
      if (!isKept(attr.getName()))
        function.removeArgAttr(i, attr.getName());
  function.setType(builder.getFunctionType(function.getArgumentTypes(), results));
  function.setAllResultAttrs(attributes);
}

std::unique_ptr<ObservedModule> ObservedModule::create(ModuleOp module, ArrayRef<Value> values) {
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone(mapping)));
  SmallVector<Value> copied;
  for (Value value : values)
    copied.push_back(mapping.lookup(value));
  addResults(*copy->getOps<func::FuncOp>().begin(), copied);
  Output output;
  output.name = "observed";
  output.kinds = {"object"};
  if (failed(compileForHost(*copy, output)))
    return nullptr;
  auto observed = std::make_unique<ObservedModule>();
  observed->loaded = loadObject(output, module.getLoc());
  if (!observed->loaded)
    return nullptr;
  observed->memory = std::make_unique<Execution>(observed->model());
  observed->firstValue = observed->model().n_outputs - values.size();
  return observed;
}

ArrayRef<float> ObservedModule::elements(size_t value) {
  size_t at = firstValue + value;
  return {reinterpret_cast<const float *>(memory->outputs()[at]), model().outputs[at].elements};
}

} // namespace edgec
