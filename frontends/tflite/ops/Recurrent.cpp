// Recurrent layers and their states, which are variable tensors: kept between calls.
#include "frontends/tflite/Hybrid.h"
#include "frontends/tflite/ops/IntegerLstm.h"
#include "frontends/tflite/ops/StateTensor.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

using B = BuiltinOperator;

namespace {

//===- LSTM -----------------------------------------------------------------------------------===//

FailureOr<edge::Activation> activationOf(const NodeContext &ctx, Activation activation) {
  switch (activation) {
  case Activation::NONE:
    return edge::Activation::affine;
  case Activation::RELU:
    return edge::Activation::relu;
  case Activation::TANH:
    return edge::Activation::tanh;
  default:
    return ctx.error("has an activation that is not supported in a recurrent layer: ")
           << EnumNameActivation(activation);
  }
}

/// One direction of a layer. Gates are i, f, c (the cell's candidate), o, as in the file.
struct Lstm {
  NodeContext &ctx;
  unsigned weights, projectionAt, stateAt, norms;
  Activation activation;
  float cellClip, projectionClip;
  bool reverse, asymmetric; ///< the latter of how hybrid layers round

  Value x;                            ///< [T, N, I], as the file's elements
  std::optional<IntegerLstm> integer; ///< how steps are computed where they are on integers
  Value w[4], r[4], peephole[4], bias[4], norm[4], projection, projectionBias;
  StateTensor h, c;

  bool coupled() const { return !w[0]; }

  LogicalResult read() {
    for (unsigned gate = 0; gate < 4; ++gate) {
      w[gate] = ctx.real(weights + gate);
      r[gate] = ctx.real(weights + 4 + gate);
      auto found = ctx.bias(weights + 11 + gate, 0, weights + gate);
      if (failed(found))
        return failure();
      bias[gate] = *found;
      norm[gate] = norms ? ctx.real(norms + gate) : Value();
      if (gate != 0 && (!w[gate] || !r[gate]))
        return ctx.error("weights of a gate are missing");
      for (Value matrix : {w[gate], r[gate]})
        if (matrix && typeOf(matrix).getRank() != 2)
          return ctx.error("expects weights of rank 2");
    }
    if (static_cast<bool>(w[0]) != static_cast<bool>(r[0]))
      return ctx.error("weights of a gate are missing");
    // Input, forget and output gates may look at the cell.
    peephole[0] = ctx.real(weights + 8);
    peephole[1] = ctx.real(weights + 9);
    peephole[3] = ctx.real(weights + 10);
    projection = ctx.real(projectionAt);
    auto found = ctx.bias(projectionAt + 1, stateAt, projectionAt);
    if (failed(found))
      return failure();
    projectionBias = *found;
    auto first = StateTensor::read(ctx, stateAt), second = StateTensor::read(ctx, stateAt + 1);
    if (failed(first) || failed(second))
      return failure();
    h = *first;
    c = *second;
    if (typeOf(h.value).getRank() != 2 || typeOf(c.value).getRank() != 2)
      return ctx.error("expects states of rank 2");
    if (ctx.isQuantizedOutput(0) && (norm[1] || projection))
      return ctx.error("a quantized LSTM with a projection or layer norms is not supported");
    return success();
  }

  bool isPlain() const {
    return !ctx.isQuantizedInput(0) && !isHybrid(ctx, 0, weights + 1) && !projection && !norm[1] &&
           cellClip <= 0 && !(coupled() && peephole[1]);
  }

  /// One edge op for all steps: gates i, o, f, c, weights along their rows.
  FailureOr<Value> importWhole() {
    auto function = activationOf(ctx, activation);
    if (failed(function))
      return failure();
    Formula f(ctx);
    // Where the input gate is what the forget gate leaves, sigmoid(-z) is 1 - sigmoid(z).
    auto inputGate = [&](Value *of) {
      return coupled() && of[1] ? f.unary<edge::NegOp>(of[1]) : of[0];
    };
    auto joined = [&](Value *of, int64_t axis) -> Value {
      SmallVector<Value> parts{inputGate(of), of[3], of[1], of[2]};
      if (llvm::is_contained(parts, Value()))
        return {};
      if (axis == 1)
        for (Value &part : parts)
          part = ctx.transpose(part, {1, 0});
      return ctx.create<edge::ConcatOp>(ValueRange(parts), axis);
    };
    Value peepholes;
    if (peephole[1] || peephole[3]) {
      SmallVector<Value> parts{peephole[0], peephole[3], peephole[1]};
      if (llvm::is_contained(parts, Value()))
        return ctx.error("peepholes of a gate are missing");
      peepholes = ctx.create<edge::ConcatOp>(ValueRange(parts), int64_t(0));
    }
    auto name = [&](edge::Activation value) -> Attribute {
      return ctx.b.getStringAttr(edge::stringifyActivation(value));
    };
    Value all = joined(w, 1), recurrent = joined(r, 1);
    if (!all || !recurrent)
      return failure();
    auto results = ctx.createResults<edge::LstmOp, 3>(
        x, all, recurrent, bias[1] ? joined(bias, 0) : Value(), Value(), h.value, c.value,
        peepholes,
        ctx.b.getArrayAttr({name(edge::Activation::sigmoid), name(*function), name(*function)}),
        ArrayRef<double>{1, 1, 1}, ArrayRef<double>{0, 0, 0}, FloatAttr(), reverse, coupled());
    if (results.empty() || failed(h.write(ctx, results[1])) || failed(c.write(ctx, results[2])))
      return failure();
    return results[0];
  }

  Value limited(const Formula &f, Value value, float clip) const {
    return clip > 0 ? f.binary<edge::MinOp>(f.binary<edge::MaxOp>(value, -clip), clip) : value;
  }

  /// A quantized layer holds what lies within a step in 16 bits, of which `fraction` stand behind
  /// the point: gates saturate there.
  Value inFixedPoint(const NodeContext &at, Value value, int fraction) const {
    if (!value || !ctx.isQuantizedInput(0))
      return value;
    Type type = makeQuantized(at.loc, at.b.getIntegerType(16), {std::ldexp(1.0, -fraction)}, {0},
                              /*axis=*/-1, INT16_MIN, INT16_MAX);
    return at.dequantize(at.quantize(value, type), type);
  }

  /// A quantized layer without any of the extras.
  std::optional<IntegerLstm> planIntegers() const {
    if (!ctx.isQuantizedInput(0) || projection || norm[1] || peephole[1] || peephole[3] ||
        activation != Activation::TANH || elementOf(h.value) != ctx.b.getI8Type() ||
        !elementOf(c.value).isSignlessInteger(16))
      return std::nullopt;
    IntegerLstm::Inputs inputs;
    for (unsigned gate = 0; gate < 4; ++gate) {
      inputs.weights[gate] = weights + gate;
      inputs.recurrent[gate] = weights + 4 + gate;
      inputs.biases[gate] = weights + 11 + gate;
    }
    inputs.hidden = stateAt;
    inputs.cell = stateAt + 1;
    inputs.coupled = coupled();
    inputs.cellClip = cellClip;
    return IntegerLstm::plan(ctx, inputs);
  }

  /// What weights are multiplied by. A hybrid layer rounds it, once for all of them.
  struct Factor {
    const Lstm &layer;
    const NodeContext &at;
    Value numbers;
    RoundedFloats rounded;

    Value times(Value matrix, unsigned index) {
      if (!isHybrid(layer.ctx, 0, index))
        return at.create<edge::MatMulOp>(numbers, matrix, /*transpose_b=*/true);
      auto scales = layer.ctx.inputScales(index);
      if (failed(scales))
        return {};
      if (!rounded.integers)
        rounded = roundFloats(at, numbers, {1}, !layer.asymmetric);
      return multiplyRounded(at, rounded, layer.ctx.input(index), *scales);
    }
  };

  /// One step in numbers: x [N, I], h [N, P], c [N, H]; h and c become the next ones.
  LogicalResult step(const NodeContext &at, Value input, Value &hidden, Value &cell) const {
    Formula f(at);
    Factor given{*this, at, input}, past{*this, at, hidden};
    auto gate = [&](unsigned k, Value looksAt) -> Value {
      Value z = f.add(given.times(w[k], weights + k), past.times(r[k], weights + 4 + k));
      if (peephole[k])
        z = f.add(z, f.mul(looksAt, peephole[k]));
      if (norm[k]) {
        Value centered = f.sub(z, f.mean(z, {1}));
        Value variance = f.mean(f.mul(centered, centered), {1});
        z = f.mul(f.div(centered, f.sqrt(f.add(variance, 1e-8))), norm[k]);
      }
      return inFixedPoint(at, bias[k] ? f.add(z, bias[k]) : z, 12);
    };
    auto openness = [&](unsigned k) {
      return inFixedPoint(at, f.unary<edge::SigmoidOp>(gate(k, cell)), 15);
    };
    Value forget = openness(1);
    Value write = coupled() ? f.sub(1.0, forget) : openness(0);
    auto candidate = at.activate(gate(2, cell), activation);
    if (failed(candidate))
      return failure();
    cell = f.add(f.mul(forget, cell), f.mul(write, inFixedPoint(at, *candidate, 15)));
    cell = c.numbers(at, c.integers(at, limited(f, cell, cellClip)));
    Value open = openness(3);
    auto shown = at.activate(cell, activation);
    if (failed(shown))
      return failure();
    hidden = f.mul(open, *shown);
    if (projection) {
      hidden = Factor{*this, at, hidden}.times(projection, projectionAt);
      if (projectionBias)
        hidden = f.add(hidden, projectionBias);
      hidden = limited(f, hidden, projectionClip);
    }
    return success(hidden && cell);
  }

  Value inputNumbers(const NodeContext &at, Value integers) const {
    if (!ctx.isQuantizedInput(0))
      return integers;
    auto quantized = ctx.inputQuantization(0);
    return failed(quantized) ? Value() : at.dequantize(integers, *quantized);
  }

  /// A loop over the steps, whose states have the file's elements from step to step.
  FailureOr<Value> importSteps() {
    OpBuilder &b = ctx.b;
    auto type = typeOf(x);
    int64_t steps = type.getDimSize(0);
    SmallVector<int64_t> shape{steps};
    llvm::append_range(shape, shapeOf(h.value));
    Type element = ctx.isQuantizedOutput(0) ? elementOf(h.value) : b.getF32Type();
    Value zero = arith::ConstantIndexOp::create(b, ctx.loc, 0),
          count = arith::ConstantIndexOp::create(b, ctx.loc, steps),
          one = arith::ConstantIndexOp::create(b, ctx.loc, 1);
    Value empty = tensor::EmptyOp::create(b, ctx.loc, shape, element);
    auto loop =
        scf::ForOp::create(b, ctx.loc, zero, count, one, ValueRange{h.value, c.value, empty});
    OpBuilder inner = OpBuilder::atBlockEnd(loop.getBody());
    NodeContext at(ctx.getImporter(), ctx.graph, ctx.node, ctx.code, inner, ctx.loc);
    Value position = loop.getInductionVar();
    if (reverse)
      position = arith::SubIOp::create(
          inner, ctx.loc, arith::ConstantIndexOp::create(inner, ctx.loc, steps - 1), position);
    Value number = arith::IndexCastOp::create(inner, ctx.loc, inner.getI32Type(), position);
    Value index = tensor::FromElementsOp::create(
        inner, ctx.loc, RankedTensorType::get({}, inner.getI32Type()), number);
    Value input = at.create<edge::GatherOp>(x, index, int64_t(0));
    Value hidden = loop.getRegionIterArgs()[0], cell = loop.getRegionIterArgs()[1], shown;
    if (integer) {
      if (!input || failed(integer->step(at, input, hidden, cell)))
        return failure();
      shown = hidden;
    } else {
      hidden = h.numbers(at, hidden);
      cell = c.numbers(at, cell);
      if (failed(step(at, inputNumbers(at, input), hidden, cell)))
        return failure();
      shown = at.result(hidden);
      hidden = h.integers(at, hidden);
      cell = c.integers(at, cell);
    }
    SmallVector<int64_t> row(shape);
    row[0] = 1;
    Value item = shown ? at.reshape(shown, row) : Value();
    if (!item || !hidden || !cell)
      return failure();
    SmallVector<OpFoldResult> offsets(3, inner.getIndexAttr(0)), sizes,
        strides(3, inner.getIndexAttr(1));
    offsets[0] = position;
    for (int64_t extent : row)
      sizes.push_back(inner.getIndexAttr(extent));
    if (elementOf(item) != element || hidden.getType() != h.value.getType() ||
        cell.getType() != c.value.getType())
      return ctx.error("has states of ") << h.value.getType() << " and " << c.value.getType()
                                         << ", which don't fit its weights";
    Value all = tensor::InsertSliceOp::create(inner, ctx.loc, item, loop.getRegionIterArgs()[2],
                                              offsets, sizes, strides);
    scf::YieldOp::create(inner, ctx.loc, ValueRange{hidden, cell, all});
    if (failed(h.write(ctx, loop.getResult(0))) || failed(c.write(ctx, loop.getResult(1))))
      return failure();
    return loop.getResult(2);
  }

  FailureOr<Value> import() {
    if (failed(read()))
      return failure();
    auto type = typeOf(x);
    int64_t n = type.getDimSize(1), hidden = typeOf(w[1]).getDimSize(0);
    int64_t shown = projection ? typeOf(projection).getDimSize(0) : hidden;
    if (typeOf(w[1]).getDimSize(1) != type.getDimSize(2) || typeOf(r[1]).getDimSize(1) != shown ||
        typeOf(r[1]).getDimSize(0) != hidden || shapeOf(h.value) != ArrayRef<int64_t>({n, shown}) ||
        shapeOf(c.value) != ArrayRef<int64_t>({n, hidden}))
      return ctx.error("has weights and states that don't fit its input ") << type;
    integer = planIntegers();
    return isPlain() ? importWhole() : importSteps();
  }
};

/// [T, N, I]; a batch that comes first, or no time at all, is brought there.
FailureOr<Value> timeFirst(NodeContext &ctx, bool timeMajor) {
  auto type = ctx.type(0);
  if (type.getRank() == 2)
    return ctx.reshape(ctx.input(0), {1, type.getDimSize(0), type.getDimSize(1)});
  if (type.getRank() != 3 || type.getNumElements() == 0)
    return ctx.error("expects an input of rank 3, but got ") << type;
  return timeMajor ? ctx.input(0) : ctx.transpose(ctx.input(0), {1, 0, 2});
}

Value timeBack(const NodeContext &ctx, Value y, bool timeMajor) {
  auto shape = shapeOf(y);
  if (ctx.type(0).getRank() == 2)
    return ctx.reshape(y, {shape[1], shape[2]});
  return timeMajor ? y : ctx.transpose(y, {1, 0, 2});
}

FailureOr<Results> importLstm(NodeContext &ctx) {
  bool sequence = ctx.builtin() == B::UNIDIRECTIONAL_SEQUENCE_LSTM;
  const auto &whole = ctx.options<UnidirectionalSequenceLSTMOptions>();
  const auto &single = ctx.options<LSTMOptions>();
  if (!sequence && single.kernel_type() == LSTMKernelType::BASIC)
    return ctx.error("an LSTM of kernel type BASIC is not supported");
  if (sequence && whole.diagonal_recurrent_tensors())
    return ctx.error("diagonal recurrent tensors are not supported");
  bool timeMajor = !sequence || whole.time_major();
  auto x = timeFirst(ctx, timeMajor);
  if (failed(x))
    return failure();
  Lstm layer{ctx,
             1,
             16,
             18,
             ctx.numInputs() > 20 ? 20U : 0U,
             sequence ? whole.fused_activation_function() : single.fused_activation_function(),
             sequence ? whole.cell_clip() : single.cell_clip(),
             sequence ? whole.proj_clip() : single.proj_clip(),
             /*reverse=*/false,
             sequence ? whole.asymmetric_quantize_inputs() : single.asymmetric_quantize_inputs(),
             *x};
  auto y = layer.import();
  if (failed(y))
    return failure();
  return one(timeBack(ctx, *y, timeMajor));
}

/// Two directions' results, side by side or as two outputs.
FailureOr<Results> merged(NodeContext &ctx, ArrayRef<Value> directions, bool merge,
                          bool timeMajor) {
  Results results;
  for (Value y : directions)
    results.push_back(timeBack(ctx, y, timeMajor));
  if (!merge)
    return results;
  return one(ctx.create<edge::ConcatOp>(ValueRange(results), int64_t(2)));
}

FailureOr<Results> importBidirectionalLstm(NodeContext &ctx) {
  const auto &options = ctx.options<BidirectionalSequenceLSTMOptions>();
  if (ctx.input(39))
    return ctx.error("an auxiliary input is not supported");
  if (ctx.isQuantizedInput(0))
    return ctx.error("a quantized input is not supported");
  auto x = timeFirst(ctx, options.time_major());
  if (failed(x))
    return failure();
  SmallVector<Value> directions;
  for (unsigned d = 0; d < 2; ++d) {
    Lstm layer{ctx,
               d ? 18U : 1U,
               d ? 33U : 16U,
               d ? 37U : 35U,
               0,
               options.fused_activation_function(),
               options.cell_clip(),
               options.proj_clip(),
               d == 1,
               options.asymmetric_quantize_inputs(),
               *x};
    auto y = layer.import();
    if (failed(y))
      return failure();
    directions.push_back(*y);
  }
  return merged(ctx, directions, options.merge_outputs(), options.time_major());
}

//===- RNN ------------------------------------------------------------------------------------===//

/// Weights, recurrent weights, bias and state from input `first` on.
FailureOr<Value> importRnnDirection(NodeContext &ctx, Value x, unsigned first,
                                    Activation activation, bool reverse) {
  auto function = activationOf(ctx, activation);
  auto state = StateTensor::read(ctx, first + 3);
  if (failed(function) || failed(state))
    return failure();
  if (!ctx.input(first) || !ctx.input(first + 1) || ctx.type(first).getRank() != 2 ||
      ctx.type(first + 1).getRank() != 2)
    return ctx.error("expects weights of rank 2");
  auto results = ctx.createResults<edge::RnnOp, 2>(
      x, ctx.transpose(ctx.real(first), {1, 0}), ctx.transpose(ctx.real(first + 1), {1, 0}),
      ctx.input(first + 2), Value(), state->value,
      ctx.b.getStrArrayAttr({edge::stringifyActivation(*function)}), ArrayRef<double>{1},
      ArrayRef<double>{0}, FloatAttr(), reverse);
  if (results.empty() || failed(state->write(ctx, results[1])))
    return failure();
  return results[0];
}

FailureOr<Results> importRnn(NodeContext &ctx) {
  bool sequence = ctx.builtin() == B::UNIDIRECTIONAL_SEQUENCE_RNN;
  const auto &options = ctx.options<SequenceRNNOptions>();
  bool timeMajor = !sequence || options.time_major();
  if (ctx.isQuantizedInput(0))
    return ctx.error("a quantized input is not supported");
  auto x = timeFirst(ctx, timeMajor);
  if (failed(x))
    return failure();
  auto y = importRnnDirection(ctx, *x, 1,
                              sequence ? options.fused_activation_function()
                                       : ctx.options<RNNOptions>().fused_activation_function(),
                              false);
  if (failed(y))
    return failure();
  return one(timeBack(ctx, *y, timeMajor));
}

FailureOr<Results> importBidirectionalRnn(NodeContext &ctx) {
  const auto &options = ctx.options<BidirectionalSequenceRNNOptions>();
  if (ctx.input(9))
    return ctx.error("an auxiliary input is not supported");
  if (ctx.isQuantizedInput(0))
    return ctx.error("a quantized input is not supported");
  auto x = timeFirst(ctx, options.time_major());
  if (failed(x))
    return failure();
  SmallVector<Value> directions;
  for (unsigned d = 0; d < 2; ++d) {
    auto y = importRnnDirection(ctx, *x, d ? 5 : 1, options.fused_activation_function(), d == 1);
    if (failed(y))
      return failure();
    directions.push_back(*y);
  }
  return merged(ctx, directions, options.merge_outputs(), options.time_major());
}

} // namespace

ArrayRef<OperatorRow> edgec::tflite::getRecurrentRows() {
  static constexpr OperatorRow rows[] = {
      {B::BIDIRECTIONAL_SEQUENCE_LSTM, importBidirectionalLstm},
      {B::BIDIRECTIONAL_SEQUENCE_RNN, importBidirectionalRnn},
      {B::LSTM, importLstm},
      {B::RNN, importRnn, 3},
      {B::SVDF, importSvdf, 3},
      {B::UNIDIRECTIONAL_SEQUENCE_LSTM, importLstm},
      {B::UNIDIRECTIONAL_SEQUENCE_RNN, importRnn, 3},
  };
  return rows;
}
