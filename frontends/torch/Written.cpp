// Weights that a run writes: which these are, and which share memory with them.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/GraphImporter.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

/// Marks weights that nodes write to, by themselves or through views.
void GraphImporter::findStates() {
  std::map<std::string, std::string> roots;
  for (const auto &entry : scope->weights)
    roots[entry.first] = entry.first;
  for (const Node &node : program.graph.nodes) {
    const Operator *op = findOperator(schemaName(node.target));
    if (!op || op->schema.parameters.empty())
      continue;
    int written = op->schema.written();
    StringRef parameter = op->schema.parameters[std::max(written, 0)].name;
    for (const Node::Input &input : node.inputs) {
      auto root = roots.find(input.value.name);
      if (input.name != parameter || input.value.kind != Argument::Kind::tensor ||
          root == roots.end())
        continue;
      if (written >= 0)
        scope->weights[root->second].isState = true;
      if (written < 0 && !std::holds_alternative<ViewFunction>(op->row->import))
        continue;
      for (const Argument &output : node.outputs) {
        if (output.kind == Argument::Kind::tensor)
          roots[output.name] = root->second;
        for (const std::string &name : output.names)
          roots[name] = root->second;
      }
    }
  }
  for (const OutputSpec &output : program.outputs)
    for (auto &[name, weight] : scope->weights)
      if (output.kind == OutputSpec::Kind::bufferMutation && weight.name == output.target)
        weight.isState = true;
}

/// Places of a weight's elements in its storage, in row-major order.
static SmallVector<int64_t> placesOf(const TensorMeta &meta, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> places;
  edge::forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t) {
    int64_t place = meta.offset.integer;
    for (auto [i, stride] : llvm::zip_equal(index, meta.strides))
      place += i * stride.integer;
    places.push_back(place);
  });
  return places;
}

/// The steps from a tensor of `elements` to some of them; a slice where they follow each other.
static ViewSteps stepsTo(ArrayRef<int64_t> places, ArrayRef<int64_t> shape, int64_t elements) {
  for (auto [i, place] : llvm::enumerate(places))
    if (place != places[0] + static_cast<int64_t>(i))
      return {ViewStep{ViewStep::Pick{SmallVector<int64_t>(shape), SmallVector<int64_t>(places)}}};
  auto count = static_cast<int64_t>(places.size());
  return {ViewStep{ViewStep::Reshape{{elements}}},
          ViewStep{ViewStep::Slice{{count ? places[0] : 0}, {count}, {1}}},
          ViewStep{ViewStep::Reshape{SmallVector<int64_t>(shape)}}};
}

/// Makes `part` a view of `whole`. False where it has elements that `whole` lacks.
static bool makeView(LazyWeight &part, RankedTensorType partType, const std::string &name,
                     const LazyWeight &whole, RankedTensorType wholeType) {
  const TensorMeta &meta = whole.payload->meta;
  SmallVector<int64_t> dense = edge::rowMajorStrides(wholeType.getShape());
  // Complex numbers have a dimension more than their strides say.
  auto isPlain = [](const LazyWeight &weight, RankedTensorType type) {
    return weight.payload->meta.strides.size() == static_cast<size_t>(type.getRank());
  };
  bool fits = isPlain(part, partType) && isPlain(whole, wholeType) &&
              partType.getElementType() == wholeType.getElementType();
  if (!fits)
    return false;
  for (auto [extent, stride, expected] : llvm::zip_equal(wholeType.getShape(), meta.strides, dense))
    fits &= extent == 1 || stride.integer == expected;
  if (!fits)
    return false;
  SmallVector<int64_t> places = placesOf(part.payload->meta, partType.getShape());
  for (int64_t &place : places) {
    place -= meta.offset.integer;
    fits &= place >= 0 && place < wholeType.getNumElements();
  }
  if (!fits)
    return false;
  part.isState = false;
  part.whole = name;
  part.part = stepsTo(places, partType.getShape(), wholeType.getNumElements());
  return true;
}

/// Weights that share memory with one that is written are views of one state: the largest of them.
LogicalResult GraphImporter::shareStates() {
  std::map<std::string, std::vector<std::string>> storages;
  for (const auto &[name, weight] : scope->weights)
    if (weight.payload)
      storages[weight.payload->file].push_back(name);
  for (const auto &[storage, names] : storages) {
    const LazyWeight *written = nullptr;
    for (const std::string &name : names)
      if (scope->weights[name].isState)
        written = &scope->weights[name];
    if (names.size() < 2 || !written)
      continue;
    std::vector<RankedTensorType> types;
    for (const std::string &name : names) {
      const LazyWeight &weight = scope->weights[name];
      Location loc = NameLoc::get(StringAttr::get(context, weight.name), file);
      auto attr = weights.read(*weight.payload, weight.name, loc); // which checks all of it
      if (failed(attr))
        return failure();
      types.push_back(cast<RankedTensorType>(attr->getType()));
    }
    auto size = [](RankedTensorType type) { return type.getNumElements(); };
    size_t largest =
        llvm::max_element(types, [&](auto a, auto b) { return size(a) < size(b); }) - types.begin();
    LazyWeight &whole = scope->weights[names[largest]];
    for (auto [name, type] : llvm::zip_equal(names, types)) {
      LazyWeight &part = scope->weights[name];
      if (&part == &whole || makeView(part, type, names[largest], whole, types[largest]))
        continue;
      auto diagnostic = emitError(file)
                        << "'" << part.name << "' and '" << whole.name
                        << "' overlap in memory, and '" << written->name
                        << "' is written when the model runs; one of them has to hold the other";
      diagnostic.attachNote() << "give one a memory of its own, with clone()";
      return diagnostic;
    }
    whole.isState = true;
  }
  return success();
}
