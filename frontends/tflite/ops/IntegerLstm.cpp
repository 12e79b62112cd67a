#include "frontends/tflite/ops/IntegerLstm.h"
#include "frontends/tflite/Integers.h"
#include <cmath>

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

namespace {

/// Gates hold -8...8 in 16 bits, and what they become -1...1.
constexpr int kGateWhole = 3, kOpenFraction = 15;

/// What a layer without projection shows is rounded with the parameters of an intermediate tensor,
/// where the file has it.
const Tensor *shownTensor(const NodeContext &ctx) {
  constexpr unsigned kHidden = 4;
  const auto *intermediates = ctx.node.intermediates();
  if (sizeOf(intermediates) <= kHidden)
    return ctx.outputTensor(0);
  int32_t index = intermediates->Get(kHidden);
  bool known = index >= 0 && static_cast<size_t>(index) < sizeOf(ctx.graph.tensors());
  return known ? ctx.graph.tensors()->Get(index) : nullptr;
}

bool hasElements(const NodeContext &ctx, unsigned index, unsigned bits) {
  return ctx.input(index) && elementOf(ctx.input(index)).isSignlessInteger(bits);
}

Value limited(const Formula &f, Value x, double low, double high) {
  return f.binary<edge::MinOp>(f.binary<edge::MaxOp>(x, low), high);
}
Value limited16(const Formula &f, Value x) { return limited(f, x, INT16_MIN, INT16_MAX); }

} // namespace

std::optional<IntegerLstm> IntegerLstm::plan(const NodeContext &ctx, const Inputs &inputs) {
  auto x = ScaleAndZero::of(ctx.inputTensor(0)),
       hidden = ScaleAndZero::of(ctx.inputTensor(inputs.hidden));
  auto cell = ScaleAndZero::of(ctx.inputTensor(inputs.cell)),
       shown = ScaleAndZero::of(shownTensor(ctx));
  if (!hasElements(ctx, 0, 8) || !x || !hidden || !cell || !shown || cell->zero != 0)
    return std::nullopt;
  IntegerLstm layer;
  layer.coupled = inputs.coupled;
  layer.xZero = x->zero;
  layer.hiddenZero = hidden->zero;
  layer.shownZero = shown->zero;
  int exponent = 0;
  if (std::frexp(cell->scale, &exponent) != 0.5 || exponent > -8 || exponent < -15)
    return std::nullopt;
  layer.cellScale = exponent - 1;
  if (inputs.cellClip > 0)
    layer.clip = static_cast<int64_t>(
        std::fmin(std::fmax(inputs.cellClip / cell->scale, INT16_MIN), INT16_MAX));

  // Scales as the reference has them: products and quotients of floats.
  Formula f(ctx);
  float gateScale = std::ldexp(1.0F, kGateWhole - 15);
  SmallVector<Value> weights, recurrent, biases;
  SmallVector<unsigned> gates{1, 3, 2};
  if (!layer.coupled)
    gates.push_back(0);
  for (unsigned gate : gates) {
    unsigned w = inputs.weights[gate], r = inputs.recurrent[gate], b = inputs.biases[gate];
    auto own = ScaleAndZero::of(ctx.inputTensor(w)), back = ScaleAndZero::of(ctx.inputTensor(r));
    if (!hasElements(ctx, w, 8) || !hasElements(ctx, r, 8) || !hasElements(ctx, b, 32) || !own ||
        !back || own->zero || back->zero)
      return std::nullopt;
    layer.rows = shapeOf(ctx.input(w))[0];
    for (int64_t row = 0; row < layer.rows; ++row)
      if (!layer.weightFactors.add(own->scale * x->scale / gateScale) ||
          !layer.recurrentFactors.add(back->scale * hidden->scale / gateScale))
        return std::nullopt;
    if (typeOf(ctx.input(b)).getNumElements() != layer.rows)
      return std::nullopt;
    weights.push_back(ctx.input(w));
    recurrent.push_back(ctx.input(r));
    biases.push_back(ctx.reshape(ctx.input(b), {layer.rows}));
  }
  double half = std::ldexp(1.0, -kOpenFraction);
  if (!layer.hiddenFactor.add(static_cast<float>(half / shown->scale * half)))
    return std::nullopt;
  auto joined = [&](ArrayRef<Value> parts) {
    return ctx.cast(ctx.create<edge::ConcatOp>(ValueRange(parts), int64_t(0)), ctx.b.getI32Type());
  };
  layer.weights = joined(weights);
  layer.recurrent = joined(recurrent);
  layer.bias = ctx.create<edge::ConcatOp>(ValueRange(biases), int64_t(0));
  return layer;
}

LogicalResult IntegerLstm::step(const NodeContext &at, Value x, Value &hidden, Value &cell) const {
  Formula f(at);
  Type i32 = at.b.getI32Type(), i16 = at.b.getIntegerType(16);
  int64_t n = shapeOf(x)[0];
  auto wide = [&](Value value) { return value ? at.cast(value, i32) : Value(); };
  auto product = [&](Value value, int64_t zero, Value matrix) -> Value {
    return at.create<edge::MatMulOp>(centred(at, value, zero), matrix, /*transpose_b=*/true);
  };
  // Each product is rounded by itself.
  Value own = requantized(at, f.add(product(x, xZero, weights), bias), weightFactors, 0, 16, i32);
  Value back = requantized(at, product(hidden, hiddenZero, recurrent), recurrentFactors, 0, 32);
  Value sums = limited16(f, f.add(own, back));
  if (!sums)
    return failure();
  sums = at.cast(sums, i16);
  auto gate = [&](int64_t index) -> Value {
    return at.create<edge::SliceOp>(sums, SmallVector<int64_t>{0, index * rows},
                                    SmallVector<int64_t>{n, rows}, SmallVector<int64_t>{1, 1});
  };
  auto sigmoid = [&](Value value) {
    return wide(at.create<edge::FixedSigmoidOp>(value, kGateWhole));
  };
  auto tanh = [&](Value value, int whole) {
    return wide(at.create<edge::FixedTanhOp>(value, whole));
  };
  Value forget = sigmoid(gate(0)), open = sigmoid(gate(1)), candidate = tanh(gate(2), kGateWhole);
  Value write = coupled ? f.sub(static_cast<double>(INT16_MAX), forget) : sigmoid(gate(3));
  Value kept = f.dividedRounded(f.mul(forget, wide(cell)), int64_t(1) << kOpenFraction);
  Value added =
      f.dividedRounded(f.mul(write, candidate), int64_t(1) << (2 * kOpenFraction + cellScale));
  Value next = limited16(f, f.add(kept, added));
  if (clip > 0)
    next = limited(f, next, static_cast<double>(-clip), static_cast<double>(clip));
  if (!next)
    return failure();
  cell = at.cast(next, i16);
  hidden = requantized(at, f.mul(open, tanh(cell, kOpenFraction + cellScale)), hiddenFactor,
                       shownZero, 8);
  return success(hidden && cell);
}
