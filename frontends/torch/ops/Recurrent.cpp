// RNN, GRU, LSTM: one edge op a layer and direction, with weights transposed so that they are read
// along their rows, and gates in edge's order.
#include "frontends/torch/ops/Build.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

/// What the layers of one direction have: weights [G * H, I] and [G * H, H], biases [G * H] or
/// null. An LSTM's state may be a projection of its output by [P, H]: `r` is [G * H, P] then.
struct Cell {
  Value w, r, inputBias, recurrentBias, projection;
};

/// Cell `index` of parameters that are so many a cell.
Cell cellAt(ArrayRef<Value> parameters, size_t index, bool biased, bool projected) {
  size_t count = (biased ? 4 : 2) + projected, at = index * count;
  return {parameters[at], parameters[at + 1], biased ? parameters[at + 2] : Value(),
          biased ? parameters[at + 3] : Value(), projected ? parameters[at + count - 1] : Value()};
}

/// The gates of torch in edge's order, along dimension 0.
Value reordered(const NodeContext &ctx, Value x, ArrayRef<int64_t> order) {
  if (!x)
    return {};
  int64_t hidden = shapeOf(x)[0] / static_cast<int64_t>(order.size());
  SmallVector<Value> parts;
  for (int64_t gate : order)
    parts.push_back(sliceAlong(ctx, x, 0, gate * hidden, (gate + 1) * hidden));
  return order.size() == 1 ? x : ctx.create<edge::ConcatOp>(ValueRange(parts), 0);
}

/// One kind of layer: its gates, and how it becomes an op on [T, N, I] and states [N, H].
class Layer {
public:
  enum class Kind { tanh, relu, gru, lstm };
  Layer(const NodeContext &ctx, Kind kind) : ctx(ctx), kind(kind) {}

  int64_t gates() const { return kind == Kind::lstm ? 4 : kind == Kind::gru ? 3 : 1; }

  /// y, then the last states; empty after an error.
  SmallVector<Value> run(const Cell &cell, Value x, ArrayRef<Value> states, bool reverse) const {
    // torch: r z n, i f g o; edge: z r h, i o f c.
    SmallVector<int64_t> order = kind == Kind::lstm  ? SmallVector<int64_t>{0, 3, 1, 2}
                                 : kind == Kind::gru ? SmallVector<int64_t>{1, 0, 2}
                                                     : SmallVector<int64_t>{0};
    Value w = ctx.transpose(reordered(ctx, cell.w, order), {1, 0});
    Value r = ctx.transpose(reordered(ctx, cell.r, order), {1, 0});
    Value inputBias = reordered(ctx, cell.inputBias, order),
          recurrentBias = reordered(ctx, cell.recurrentBias, order);
    Value bias = inputBias ? ctx.create<edge::AddOp>(inputBias, recurrentBias) : Value();
    Value none;
    FloatAttr clip;
    if (kind == Kind::lstm) {
      SmallVector<double> zeros(3, 0);
      return ctx.createResults<edge::LstmOp, 3>(x, w, r, bias, none, states[0], states[1], none,
                                                activations({"sigmoid", "tanh", "tanh"}), zeros,
                                                zeros, clip, reverse, false);
    }
    if (kind == Kind::gru) {
      Value resetBias;
      if (bias) {
        // The recurrent bias of the last gate is reset with the state.
        int64_t hidden = shapeOf(recurrentBias)[0] / 3;
        Value parts[] = {sliceAlong(ctx, bias, 0, 0, 2 * hidden),
                         sliceAlong(ctx, inputBias, 0, 2 * hidden, 3 * hidden)};
        bias = ctx.create<edge::ConcatOp>(ValueRange(parts), 0);
        resetBias = sliceAlong(ctx, recurrentBias, 0, 2 * hidden, 3 * hidden);
      }
      SmallVector<double> zeros(2, 0);
      return ctx.createResults<edge::GruOp, 2>(x, w, r, bias, none, states[0], resetBias,
                                               activations({"sigmoid", "tanh"}), zeros, zeros, clip,
                                               reverse, /*linear_before_reset=*/true);
    }
    SmallVector<double> zeros(1, 0);
    return ctx.createResults<edge::RnnOp, 2>(x, w, r, bias, none, states[0],
                                             activations({kind == Kind::relu ? "relu" : "tanh"}),
                                             zeros, zeros, clip, reverse);
  }

  /// An LSTM whose state is projected: one without, whose recurrent weights have the projection in
  /// them, and that sees the state that is given in its first input.
  SmallVector<Value> runProjected(Cell cell, Value x, ArrayRef<Value> states, bool reverse) const {
    SmallVector<int64_t> shape(shapeOf(x));
    int64_t steps = shape[0], hidden = shapeOf(cell.projection)[1];
    shape[2] = shapeOf(states[0])[1];
    SmallVector<int64_t> low(3, 0), high(3, 0);
    (reverse ? low : high)[0] = steps - 1;
    Value given = ctx.create<edge::PadOp>(ctx.reshape(states[0], {1, shape[1], shape[2]}), Value(),
                                          low, high, edge::PadMode::constant);
    Value inputs[] = {x, given}, weights[] = {cell.w, cell.r};
    if (!given)
      return {};
    x = ctx.create<edge::ConcatOp>(ValueRange(inputs), 2);
    cell.w = ctx.create<edge::ConcatOp>(ValueRange(weights), 1);
    cell.r = ctx.create<edge::MatMulOp>(cell.r, cell.projection, /*transpose_b=*/false);
    Value zeros = createFull(ctx, Number::ofInteger(0), elementOf(x), {shape[1], hidden});
    if (!x || !cell.w || !cell.r || !zeros)
      return {};
    SmallVector<Value> results = run(cell, x, {zeros, states[1]}, reverse);
    for (size_t i = 0; i < 2 && !results.empty(); ++i) {
      results[i] = ctx.create<edge::MatMulOp>(results[i], cell.projection, /*transpose_b=*/true);
      if (!results[i])
        return {};
    }
    return results;
  }

  /// Whether weights and states fit the input: what the ops take for granted is checked here, with
  /// a message.
  LogicalResult check(const Cell &cell, Value x, ArrayRef<Value> states) const {
    int64_t width = shapeOf(x).back();
    bool fits = typeOf(cell.w).getRank() == 2 && typeOf(cell.r).getRank() == 2;
    int64_t state = fits ? shapeOf(cell.r)[1] : 0, hidden = state;
    if (cell.projection) {
      fits = fits && typeOf(cell.projection).getRank() == 2 && shapeOf(cell.projection)[0] == state;
      hidden = fits ? shapeOf(cell.projection)[1] : 0;
    }
    fits = fits && shapeOf(cell.w) == ArrayRef<int64_t>({gates() * hidden, width}) &&
           shapeOf(cell.r) == ArrayRef<int64_t>({gates() * hidden, state});
    for (Value bias : {cell.inputBias, cell.recurrentBias})
      fits = fits && (!bias || shapeOf(bias) == ArrayRef<int64_t>({gates() * hidden}));
    for (auto [i, given] : llvm::enumerate(states))
      fits = fits && shapeOf(given) == ArrayRef<int64_t>({shapeOf(x)[1], i == 0 ? state : hidden});
    if (fits)
      return success();
    return ctx.error("its weights or states don't fit an input of ") << x.getType();
  }

private:
  ArrayAttr activations(ArrayRef<StringRef> names) const { return ctx.b.getStrArrayAttr(names); }

  const NodeContext &ctx;
  Kind kind;
};

/// Item `index` of the first dimension, taken away.
Value itemOf(const NodeContext &ctx, Value x, int64_t index) {
  return dropUnits(ctx, sliceAlong(ctx, x, 0, index, index + 1), {0});
}

/// All layers and directions.
template <Layer::Kind kind> FailureOr<Results> importLayers(NodeContext &ctx) {
  Layer layer(ctx, kind);
  Value x = ctx.input(0);
  SmallVector<Value> states;
  if (ctx.schema.parameters[1].list)
    states.append(ctx.tensors("hx").begin(), ctx.tensors("hx").end());
  else
    states.push_back(ctx.input(1));
  ArrayRef<Value> parameters = ctx.tensors("params");
  bool biased = ctx.flag("has_biases"), batchFirst = ctx.flag("batch_first"),
       bidirectional = ctx.flag("bidirectional");
  int64_t layers = ctx.integer("num_layers"), directions = bidirectional ? 2 : 1;
  size_t needed = kind == Layer::Kind::lstm ? 2 : 1;
  bool unbatched = ctx.type(0).getRank() == 2;
  if (ctx.flag("train") && ctx.real("dropout") != 0)
    return ctx.error("drops elements at random, as in training; call model.eval() before "
                     "torch.export");
  if (layers < 1 || layers > 1024)
    return ctx.error("has ") << layers << " layers";
  size_t cells = layers * directions, each = biased ? 4 : 2;
  bool projected = kind == Layer::Kind::lstm && parameters.size() == cells * (each + 1);
  if (states.size() != needed || parameters.size() != cells * (each + projected))
    return ctx.error("has ") << parameters.size() << " weights for " << layers << " layers of "
                             << directions << " directions";
  for (Value state : states)
    if (typeOf(state).getRank() != (unbatched ? 2 : 3) || shapeOf(state)[0] != layers * directions)
      return ctx.error("has a state of ") << state.getType() << " for " << layers << " layers of "
                                          << directions << " directions";
  if (unbatched) {
    x = ctx.reshape(x, {ctx.type(0).getDimSize(0), 1, ctx.type(0).getDimSize(1)});
    for (Value &state : states)
      state = ctx.reshape(state, {shapeOf(state)[0], 1, shapeOf(state)[1]});
  } else if (ctx.type(0).getRank() != 3) {
    return ctx.error("expects an input of rank 2 or 3, but got ") << ctx.type(0);
  } else if (batchFirst) {
    x = ctx.transpose(x, {1, 0, 2});
  }
  SmallVector<SmallVector<Value>> last(needed);
  for (int64_t l = 0; l < layers; ++l) {
    SmallVector<Value> outputs;
    for (int64_t d = 0; d < directions; ++d) {
      int64_t index = l * directions + d;
      SmallVector<Value> own;
      for (Value state : states)
        own.push_back(itemOf(ctx, state, index));
      Cell cell = cellAt(parameters, index, biased, projected);
      if (failed(layer.check(cell, x, own)))
        return failure();
      SmallVector<Value> results =
          projected ? layer.runProjected(cell, x, own, d == 1) : layer.run(cell, x, own, d == 1);
      if (results.empty())
        return failure();
      outputs.push_back(results[0]);
      for (size_t s = 0; s < needed; ++s) {
        SmallVector<int64_t> shape(shapeOf(results[s + 1]));
        shape.insert(shape.begin(), 1);
        last[s].push_back(ctx.reshape(results[s + 1], shape));
      }
    }
    x = directions == 1 ? outputs[0] : ctx.create<edge::ConcatOp>(ValueRange(outputs), 2);
    if (!x)
      return failure();
  }
  if (unbatched)
    x = ctx.reshape(x, {shapeOf(x)[0], shapeOf(x)[2]});
  else if (batchFirst)
    x = ctx.transpose(x, {1, 0, 2});
  Results results{x};
  for (ArrayRef<Value> parts : last) {
    Value all = parts.size() == 1 ? parts[0] : ctx.create<edge::ConcatOp>(ValueRange(parts), 0);
    if (all && unbatched)
      all = ctx.reshape(all, {shapeOf(all)[0], shapeOf(all)[2]});
    results.push_back(all);
  }
  return results;
}

/// One step: a sequence of length 1.
template <Layer::Kind kind> FailureOr<Results> importCell(NodeContext &ctx) {
  Layer layer(ctx, kind);
  SmallVector<Value> states;
  if (ctx.schema.parameters[1].list)
    states.append(ctx.tensors("hx").begin(), ctx.tensors("hx").end());
  else
    states.push_back(ctx.input(1));
  if (ctx.type(0).getRank() != 2 || states.size() != (kind == Layer::Kind::lstm ? 2 : 1))
    return ctx.error("expects a batch of vectors, but got ") << ctx.type(0);
  Value x = ctx.reshape(ctx.input(0), {1, ctx.type(0).getDimSize(0), ctx.type(0).getDimSize(1)});
  Cell cell{ctx.tensor("w_ih"), ctx.tensor("w_hh"), ctx.tensor("b_ih"), ctx.tensor("b_hh"), {}};
  if (!cell.inputBias != !cell.recurrentBias)
    return ctx.error("has one bias of two");
  if (failed(layer.check(cell, x, states)))
    return failure();
  SmallVector<Value> results = layer.run(cell, x, states, false);
  if (results.empty())
    return failure();
  results.erase(results.begin());
  return results;
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getRecurrentRows() {
  using Kind = Layer::Kind;
  static const OperatorRow rows[] = {
      {"aten::gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, "
       "float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)",
       importLayers<Kind::gru>},
      {"aten::lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int "
       "num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, "
       "Tensor, Tensor)",
       importLayers<Kind::lstm>},
      {"aten::rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int "
       "num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, "
       "Tensor)",
       importLayers<Kind::tanh>},
      {"aten::rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int "
       "num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, "
       "Tensor)",
       importLayers<Kind::relu>},
      {"aten::gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, "
       "Tensor? b_hh=None) -> Tensor",
       importCell<Kind::gru>},
      {"aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, "
       "Tensor? b_hh=None) -> (Tensor, Tensor)",
       importCell<Kind::lstm>},
      {"aten::rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, "
       "Tensor? b_hh=None) -> Tensor",
       importCell<Kind::tanh>},
      {"aten::rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, "
       "Tensor? b_hh=None) -> Tensor",
       importCell<Kind::relu>},
  };
  return rows;
}
