// RNN, GRU, LSTM: one edge op a direction, with weights transposed so that they are read along
// their rows.
#include "dialects/Edge/Lowering.h"
#include "frontends/onnx/Importer.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

/// An activation of ONNX, which names them in any case, and its defaults; `parameters` counts alpha
/// and beta.
struct ActivationInfo {
  StringRef name;
  edge::Activation activation;
  unsigned parameters = 0;
  double alpha = 0, beta = 0;
};
const ActivationInfo kActivations[] = {
    {"Sigmoid", edge::Activation::sigmoid},
    {"Tanh", edge::Activation::tanh},
    {"Relu", edge::Activation::relu},
    {"Affine", edge::Activation::affine, 2, 1, 0},
    {"LeakyRelu", edge::Activation::leaky_relu, 1, 0.01},
    {"ThresholdedRelu", edge::Activation::thresholded_relu, 1, 1},
    {"ScaledTanh", edge::Activation::scaled_tanh, 2, 1, 1},
    {"HardSigmoid", edge::Activation::hard_sigmoid, 2, 0.2, 0.5},
    {"Elu", edge::Activation::elu, 1, 1},
    {"Softsign", edge::Activation::softsign},
    {"Softplus", edge::Activation::softplus},
};

/// What the three operators have in common, read and checked.
struct Layer {
  const NodeContext &ctx;
  int64_t gates, directions, hidden;
  bool reverse, batchFirst;
  Value x, lens; ///< x is [T, N, I]
  SmallVector<Attribute> activations;
  SmallVector<double> alphas, betas;
  FloatAttr clip;

  static FailureOr<Layer> read(const NodeContext &ctx, int64_t gates,
                               ArrayRef<StringRef> defaultActivations);

  /// Input `index` of direction `d`, its first dimension (or `axis`) taken away; null where there
  /// is no such input.
  Value take(unsigned index, int64_t d, int64_t axis = 0) const {
    Value value = ctx.input(index);
    if (!value)
      return {};
    SmallVector<int64_t> sizes(ctx.type(index).getShape()), offsets(sizes.size(), 0);
    offsets[axis] = d;
    sizes[axis] = 1;
    Value slice = slicePart(value, offsets, sizes);
    sizes.erase(sizes.begin() + axis);
    return ctx.reshape(slice, sizes);
  }
  Value slicePart(Value value, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) const {
    return ctx.create<edge::SliceOp>(value, offsets, sizes,
                                     SmallVector<int64_t>(offsets.size(), 1));
  }
  /// Weights [G * H, K] of direction `d`, as [K, G * H].
  Value weights(unsigned index, int64_t d) const { return ctx.transpose(take(index, d), {1, 0}); }
  Value state(unsigned index, int64_t d) const { return take(index, d, batchFirst ? 1 : 0); }
  /// Elements [from, to) of both biases of direction `d`, each `gates * hidden` long.
  Value inputBias(int64_t d, int64_t from, int64_t to) const { return biasPart(d, from, to); }
  Value recurrentBias(int64_t d, int64_t from, int64_t to) const {
    return biasPart(d, gates * hidden + from, gates * hidden + to);
  }
  Value biasPart(int64_t d, int64_t from, int64_t to) const {
    Value both = take(3, d);
    return both ? slicePart(both, {from}, {to - from}) : Value();
  }
  /// Both biases added up, which is all that most gates need.
  Value bias(int64_t d) const {
    if (!ctx.input(3))
      return {};
    return ctx.create<edge::AddOp>(inputBias(d, 0, gates * hidden),
                                   recurrentBias(d, 0, gates * hidden));
  }
  bool isReverse(int64_t d) const { return reverse || d == 1; }

  // The attributes of direction `d`.
  ArrayAttr activationsOf(int64_t d) const {
    size_t count = activations.size() / directions;
    return ctx.b.getArrayAttr(ArrayRef(activations).slice(d * count, count));
  }
  ArrayRef<double> partOf(ArrayRef<double> values, int64_t d) const {
    size_t count = values.size() / directions;
    return values.slice(d * count, count);
  }

  /// Puts the directions' results into ONNX's shapes.
  FailureOr<Results> join(ArrayRef<SmallVector<Value>> results) const;
};

FailureOr<Layer> Layer::read(const NodeContext &ctx, int64_t gates,
                             ArrayRef<StringRef> defaultActivations) {
  for (unsigned i : {0, 1, 2})
    if (!ctx.input(i) || ctx.type(i).getRank() != 3)
      return ctx.error("expects an input, weights and recurrent weights of rank 3");
  Layer layer{ctx, gates};
  std::string direction = ctx.stringAttr("direction", "forward");
  if (!llvm::is_contained({"forward", "reverse", "bidirectional"}, direction))
    return ctx.error("'direction' is '") << direction << "', not forward, reverse or bidirectional";
  layer.directions = direction == "bidirectional" ? 2 : 1;
  layer.reverse = direction == "reverse";
  layer.batchFirst = ctx.intAttr("layout", 0) != 0;
  layer.hidden = ctx.type(2).getDimSize(2);
  if (int64_t given = ctx.intAttr("hidden_size", layer.hidden); given != layer.hidden)
    return ctx.error("'hidden_size' is ")
           << given << ", but the recurrent weights are " << ctx.type(2);
  for (unsigned i : {1, 2, 3, 5, 6, 7}) {
    if (!ctx.input(i))
      continue;
    int64_t axis = layer.batchFirst && (i == 5 || i == 6) ? 1 : 0;
    int64_t rank = i == 3 || i == 7 ? 2 : 3;
    if (ctx.type(i).getRank() != rank || ctx.type(i).getDimSize(axis) != layer.directions)
      return ctx.error("expects input ")
             << i << " to be of rank " << rank << ", with " << layer.directions
             << " directions, but got " << ctx.type(i);
  }
  if (ctx.input(3) && ctx.type(3).getDimSize(1) != 2 * gates * layer.hidden)
    return ctx.error("expects a bias of ")
           << 2 * gates * layer.hidden << " elements a direction, but got " << ctx.type(3);

  layer.x = ctx.input(0);
  if (layer.batchFirst)
    layer.x = ctx.transpose(layer.x, {1, 0, 2});
  layer.lens = ctx.input(4);
  if (FailureOr<edge::HostTensor> lens = ctx.tryConstant(4); succeeded(lens)) {
    int64_t steps = cast<RankedTensorType>(layer.x.getType()).getDimSize(0);
    if (llvm::all_of(lens->getInts(), [&](int64_t length) { return length >= steps; }))
      layer.lens = {};
  }

  SmallVector<std::string> names = ctx.stringsAttr("activations");
  size_t count = defaultActivations.size() * layer.directions;
  for (size_t i = 0; names.size() < count && !ctx.has("activations"); ++i)
    names.push_back(defaultActivations[i % defaultActivations.size()].str());
  if (names.size() != count)
    return ctx.error("'activations' has ") << names.size() << " entries, not " << count;
  // An activation takes an alpha (and a beta) off the list only if it has such a parameter.
  SmallVector<double> alphas = ctx.floatsAttr("activation_alpha");
  SmallVector<double> betas = ctx.floatsAttr("activation_beta");
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    const auto *info = llvm::find_if(kActivations, [&](const ActivationInfo &info) {
      return info.name.equals_insensitive(name);
    });
    if (info == std::end(kActivations))
      return ctx.error("'activations' names '") << name << "', which is not an activation of ONNX";
    layer.activations.push_back(ctx.b.getStringAttr(edge::stringifyActivation(info->activation)));
    bool takesAlpha = info->parameters > 0 && nextAlpha < alphas.size();
    bool takesBeta = info->parameters > 1 && nextBeta < betas.size();
    layer.alphas.push_back(takesAlpha ? alphas[nextAlpha++] : info->alpha);
    layer.betas.push_back(takesBeta ? betas[nextBeta++] : info->beta);
  }
  if (ctx.has("clip"))
    layer.clip = ctx.b.getF64FloatAttr(ctx.floatAttr("clip", 0));
  return layer;
}

FailureOr<Results> Layer::join(ArrayRef<SmallVector<Value>> results) const {
  Results joined;
  for (size_t i = 0; i < results.front().size(); ++i) {
    // y [T, N, H] to [T, D, N, H], or [N, T, D, H]; a state [N, H] to [D, N, H], or [N, D, H].
    SmallVector<Value> parts;
    if (!ctx.hasOutput(i)) {
      joined.emplace_back();
      continue;
    }
    for (const SmallVector<Value> &direction : results) {
      SmallVector<int64_t> shape(cast<RankedTensorType>(direction[i].getType()).getShape());
      shape.insert(shape.begin() + (i == 0 ? 1 : 0), 1);
      parts.push_back(ctx.reshape(direction[i], shape));
    }
    Value value = ctx.create<edge::ConcatOp>(parts, i == 0 ? 1 : 0);
    if (batchFirst)
      value = i == 0 ? ctx.transpose(value, {2, 0, 1, 3}) : ctx.transpose(value, {1, 0, 2});
    if (!value)
      return failure();
    joined.push_back(value);
  }
  return joined;
}

FailureOr<Results> importRnn(NodeContext &ctx) {
  FailureOr<Layer> layer = Layer::read(ctx, 1, {"Tanh"});
  if (failed(layer))
    return failure();
  SmallVector<SmallVector<Value>> results;
  for (int64_t d = 0; d < layer->directions; ++d) {
    results.push_back(ctx.createResults<edge::RnnOp, 2>(
        layer->x, layer->weights(1, d), layer->weights(2, d), layer->bias(d), layer->lens,
        layer->state(5, d), layer->activationsOf(d), layer->partOf(layer->alphas, d),
        layer->partOf(layer->betas, d), layer->clip, layer->isReverse(d)));
    if (results.back().empty())
      return failure();
  }
  return layer->join(results);
}

FailureOr<Results> importGru(NodeContext &ctx) {
  FailureOr<Layer> layer = Layer::read(ctx, 3, {"Sigmoid", "Tanh"});
  if (failed(layer))
    return failure();
  bool late = ctx.intAttr("linear_before_reset", 0) != 0;
  int64_t hidden = layer->hidden;
  SmallVector<SmallVector<Value>> results;
  for (int64_t d = 0; d < layer->directions; ++d) {
    Value bias = layer->bias(d), resetBias;
    if (bias && late) {
      // The recurrent bias of the last gate is reset with the state.
      Value both = layer->slicePart(bias, {0}, {2 * hidden});
      Value input = layer->inputBias(d, 2 * hidden, 3 * hidden);
      bias = ctx.create<edge::ConcatOp>(ValueRange{both, input}, 0);
      resetBias = layer->recurrentBias(d, 2 * hidden, 3 * hidden);
    }
    results.push_back(ctx.createResults<edge::GruOp, 2>(
        layer->x, layer->weights(1, d), layer->weights(2, d), bias, layer->lens, layer->state(5, d),
        resetBias, layer->activationsOf(d), layer->partOf(layer->alphas, d),
        layer->partOf(layer->betas, d), layer->clip, layer->isReverse(d), late));
    if (results.back().empty())
      return failure();
  }
  return layer->join(results);
}

FailureOr<Results> importLstm(NodeContext &ctx) {
  FailureOr<Layer> layer = Layer::read(ctx, 4, {"Sigmoid", "Tanh", "Tanh"});
  if (failed(layer))
    return failure();
  SmallVector<SmallVector<Value>> results;
  for (int64_t d = 0; d < layer->directions; ++d) {
    results.push_back(ctx.createResults<edge::LstmOp, 3>(
        layer->x, layer->weights(1, d), layer->weights(2, d), layer->bias(d), layer->lens,
        layer->state(5, d), layer->state(6, d), layer->take(7, d), layer->activationsOf(d),
        layer->partOf(layer->alphas, d), layer->partOf(layer->betas, d), layer->clip,
        layer->isReverse(d), ctx.intAttr("input_forget", 0) != 0));
    if (results.back().empty())
      return failure();
  }
  return layer->join(results);
}

} // namespace

llvm::ArrayRef<OperatorRow> edgec::onnx_frontend::getRecurrentRows() {
  static const OperatorRow rows[] = {
      {"GRU", importGru},
      {"LSTM", importLstm},
      {"RNN", importRnn},
  };
  return rows;
}
