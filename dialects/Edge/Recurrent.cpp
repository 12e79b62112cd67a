// Recurrent layers: the inputs of all steps in one product, then a loop over time that updates the
// state in place.
#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec::edge;

//===- Inference
//---------------------------------------------------------------------------------===//

/// Checks an optional operand's shape and element type.
static LogicalResult checkOperand(std::optional<Location> loc, StringRef op, StringRef name,
                                  Value operand, ArrayRef<int64_t> shape, Type element) {
  if (!operand)
    return success();
  auto type = cast<RankedTensorType>(operand.getType());
  auto expected = RankedTensorType::get(shape, element);
  if (type == expected)
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << "'edge." << op << "' expects " << name << " to be " << expected
                                 << ", but got " << type;
  return inferError(loc, text);
}

/// Checks what the three share and gives the types of y and of each state.
template <typename Adaptor>
static LogicalResult inferRecurrent(std::optional<Location> loc, StringRef name, Adaptor op,
                                    int64_t gates, size_t functions, size_t states,
                                    SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(op.getX().getType());
  auto r = cast<RankedTensorType>(op.getR().getType());
  Type element = x.getElementType();
  if (x.getRank() != 3 || r.getRank() != 2 || !isa<FloatType>(element))
    return inferError(loc, "'edge." + name +
                               "' expects a float input of rank 3 and recurrent weights of rank 2");
  int64_t hidden = r.getDimSize(0), batch = x.getDimSize(1);
  if (x.getDimSize(0) < 1)
    return inferError(loc, "'edge." + name + "' has no time steps");
  if (failed(checkOperand(loc, name, "w", op.getW(), {x.getDimSize(2), gates * hidden}, element)) ||
      failed(checkOperand(loc, name, "r", op.getR(), {hidden, gates * hidden}, element)) ||
      failed(checkOperand(loc, name, "the bias", op.getBias(), {gates * hidden}, element)) ||
      failed(checkOperand(loc, name, "the initial h", op.getInitialH(), {batch, hidden}, element)))
    return failure();
  if (Value lens = op.getSequenceLens()) {
    auto type = cast<RankedTensorType>(lens.getType());
    if (type.getShape() != ArrayRef(batch) || !type.getElementType().isSignlessInteger())
      return inferError(loc, "'edge." + name + "' expects " + Twine(batch) +
                                 " integer sequence lengths");
  }
  if (op.getActivations().size() != functions || op.getAlphas().size() != functions ||
      op.getBetas().size() != functions)
    return inferError(loc, "'edge." + name + "' expects " + Twine(functions) +
                               " activations, alphas and betas");
  for (Attribute activation : op.getActivations())
    if (!symbolizeActivation(cast<StringAttr>(activation).getValue()))
      return inferError(loc, "'edge." + name + "' has an unknown activation '" +
                                 cast<StringAttr>(activation).getValue() + "'");
  types.push_back(RankedTensorType::get({x.getDimSize(0), batch, hidden}, element));
  types.append(states, RankedTensorType::get({batch, hidden}, element));
  return success();
}

#define INFER_RETURN_TYPES(Op)                                                                     \
  LogicalResult Op::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,            \
                                     ValueRange operands, DictionaryAttr attributes,               \
                                     OpaqueProperties properties, RegionRange regions,             \
                                     SmallVectorImpl<Type> &types)

INFER_RETURN_TYPES(RnnOp) {
  Adaptor op(operands, attributes, properties, regions);
  return inferRecurrent(loc, "rnn", op, /*gates=*/1, /*functions=*/1, /*states=*/1, types);
}

INFER_RETURN_TYPES(GruOp) {
  Adaptor op(operands, attributes, properties, regions);
  if (failed(inferRecurrent(loc, "gru", op, /*gates=*/3, /*functions=*/2, /*states=*/1, types)))
    return failure();
  if (op.getResetBias() && !op.getLinearBeforeReset())
    return inferError(loc, "'edge.gru' has a reset bias without linear_before_reset");
  return checkOperand(loc, "gru", "the reset bias", op.getResetBias(),
                      cast<RankedTensorType>(types[0]).getShape().take_back(1),
                      getElementTypeOrSelf(types[0]));
}

INFER_RETURN_TYPES(LstmOp) {
  Adaptor op(operands, attributes, properties, regions);
  if (failed(inferRecurrent(loc, "lstm", op, /*gates=*/4, /*functions=*/3, /*states=*/2, types)))
    return failure();
  auto state = cast<RankedTensorType>(types[1]);
  if (failed(checkOperand(loc, "lstm", "the initial c", op.getInitialC(), state.getShape(),
                          state.getElementType())))
    return failure();
  return checkOperand(loc, "lstm", "the peephole", op.getPeephole(), {3 * state.getDimSize(1)},
                      state.getElementType());
}

//===- Lowering
//----------------------------------------------------------------------------------===//

namespace {

/// Scalar arithmetic in one float type.
struct Scalars {
  OpBuilder &b;
  Location loc;
  Type type;

  Value constant(double value) const { return createScalar(b, loc, type, value); }
  Value add(Value x, Value y) const { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) const { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) const { return arith::DivFOp::create(b, loc, x, y); }
  Value exp(Value x) const { return math::ExpOp::create(b, loc, x); }
  /// x predicate y ? then : otherwise.
  Value choose(arith::CmpFPredicate predicate, Value x, Value y, Value then,
               Value otherwise) const {
    Value condition = arith::CmpFOp::create(b, loc, predicate, x, y);
    return arith::SelectOp::create(b, loc, condition, then, otherwise);
  }
  /// x limited to [low, high]; NaN stays.
  Value limit(Value x, double low, double high) const {
    Value l = constant(low), h = constant(high);
    x = choose(arith::CmpFPredicate::OLT, x, l, l, x);
    return choose(arith::CmpFPredicate::OGT, x, h, h, x);
  }

  Value activate(Activation activation, double alpha, double beta, Value x) const {
    Value zero = constant(0), one = constant(1);
    switch (activation) {
    case Activation::sigmoid:
      return div(one, add(one, exp(arith::NegFOp::create(b, loc, x))));
    case Activation::tanh:
      return math::TanhOp::create(b, loc, x);
    case Activation::relu:
      return choose(arith::CmpFPredicate::OLT, x, zero, zero, x);
    case Activation::affine:
      return add(mul(constant(alpha), x), constant(beta));
    case Activation::leaky_relu:
      return choose(arith::CmpFPredicate::OLT, x, zero, mul(constant(alpha), x), x);
    case Activation::thresholded_relu:
      return choose(arith::CmpFPredicate::OLE, x, constant(alpha), zero, x);
    case Activation::scaled_tanh:
      return mul(constant(alpha), math::TanhOp::create(b, loc, mul(constant(beta), x)));
    case Activation::hard_sigmoid:
      return limit(add(mul(constant(alpha), x), constant(beta)), 0, 1);
    case Activation::elu:
      return choose(arith::CmpFPredicate::OLT, x, zero,
                    mul(constant(alpha), math::ExpM1Op::create(b, loc, x)), x);
    case Activation::softsign:
      return div(x, add(one, math::AbsFOp::create(b, loc, x)));
    case Activation::softplus: {
      // max(x, 0) + ln(1 + e^-|x|), which doesn't overflow
      Value positive = choose(arith::CmpFPredicate::OLT, x, zero, zero, x);
      Value decay = exp(arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, x)));
      return add(positive, math::Log1pOp::create(b, loc, decay));
    }
    }
    llvm_unreachable("all activations are covered");
  }
};

/// The operands that an elementwise computation over [N, H] reads, each with its place among the
/// arguments.
class Arguments {
public:
  explicit Arguments(MLIRContext *context) : context(context) {}

  /// Adds `value`: [N, H], [N] or [H] as `dims` says (0 is N, 1 is H), or, with a `gate`, [N, G, H]
  /// or [G, H].
  void add(StringRef name, Value value, ArrayRef<unsigned> dims, int64_t gate = -1) {
    if (!value)
      return;
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : dims)
      exprs.push_back(getAffineDimExpr(dim, context));
    if (gate >= 0)
      exprs.insert(exprs.end() - 1, getAffineConstantExpr(gate, context));
    places[name] = values.size();
    values.push_back(value);
    maps.push_back(AffineMap::get(2, 0, exprs, context));
  }
  bool has(StringRef name) const { return places.contains(name); }

  /// Computes a [N, H] tensor over `out`, whose own element is the argument `out`; all arguments
  /// come as `compute`.
  Value build(OpBuilder &b, Location loc, Value out, Type compute,
              function_ref<Value(const Scalars &, function_ref<Value(StringRef)>)> body) const {
    auto type = cast<RankedTensorType>(out.getType());
    SmallVector<AffineMap> allMaps(maps);
    allMaps.push_back(AffineMap::getMultiDimIdentityMap(2, context));
    SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
    return createGeneric(
        b, loc, values, out, allMaps, iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
          auto get = [&](StringRef name) -> Value {
            auto place = places.find(name);
            Value value = place == places.end() ? args.back() : args[place->second];
            Type from = value.getType();
            return isa<FloatType>(from) ? createCast(b, loc, value, from, compute) : value;
          };
          return createCast(b, loc, body(Scalars{b, loc, compute}, get), compute,
                            type.getElementType());
        });
  }

private:
  MLIRContext *context;
  llvm::StringMap<unsigned> places;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
};

/// Lowers one layer. `Op` is the edge op; a derived class says what a step does.
template <typename Op> class Recurrence {
public:
  Recurrence(Op op, OpBuilder &builder, ValueRange operands)
      : op(op), adaptor(operands, op), loc(op.getLoc()), context(op.getContext()) {
    auto x = cast<RankedTensorType>(op.getX().getType());
    steps = x.getDimSize(0);
    batch = x.getDimSize(1);
    hidden = cast<RankedTensorType>(op.getR().getType()).getDimSize(0);
    gates = cast<RankedTensorType>(op.getR().getType()).getDimSize(1) / hidden;
    element = x.getElementType();
    compute = element.getIntOrFloatBitWidth() < 32 ? builder.getF32Type() : element;
    if (adaptor.getBias())
      bias = createReshape(builder, loc, adaptor.getBias(), {gates, hidden});
  }
  virtual ~Recurrence() = default;

  SmallVector<Value> lower(OpBuilder &b, ArrayRef<Value> initial) {
    auto x = cast<RankedTensorType>(adaptor.getX().getType());
    Value rows = createReshape(b, loc, adaptor.getX(), {steps * batch, x.getDimSize(2)});
    Value inputs =
        createReshape(b, loc, multiply(b, rows, adaptor.getW()), {steps, batch, gates, hidden});
    bool wantsY = !op.getY().use_empty();
    SmallVector<Value> values{createEmpty(b, loc, op.getY().getType())};
    auto state = RankedTensorType::get({batch, hidden}, element);
    bool unrolled = steps == 1;
    for (auto [i, given] : llvm::enumerate(initial)) {
      Value value = given;
      // Beside h, a state is kept in the type that it is computed in.
      RankedTensorType type = i ? RankedTensorType(state.clone(compute)) : state;
      if (!value && !(unrolled && i == 0))
        value = createFilled(b, loc, type, createScalar(b, loc, type.getElementType(), 0));
      values.push_back(value ? convert(b, value, type.getElementType()) : Value());
    }
    if (unrolled) {
      values = advance(b, inputs, arith::ConstantIndexOp::create(b, loc, 0), values, wantsY,
                       /*inPlace=*/false);
    } else {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      Value one = arith::ConstantIndexOp::create(b, loc, 1);
      Value count = arith::ConstantIndexOp::create(b, loc, steps);
      ValueRange carried = ValueRange(values).drop_front(wantsY ? 0 : 1);
      auto loop = scf::ForOp::create(
          b, loc, zero, count, one, carried,
          [&](OpBuilder &b, Location loc, Value iv, ValueRange args) {
            SmallVector<Value> inner(args);
            if (!wantsY)
              inner.insert(inner.begin(), Value());
            Value t = iv;
            if (op.getReverse())
              t = arith::SubIOp::create(b, loc, arith::ConstantIndexOp::create(b, loc, steps - 1),
                                        iv);
            inner = advance(b, inputs, t, inner, wantsY, /*inPlace=*/true);
            scf::YieldOp::create(b, loc, ValueRange(inner).drop_front(wantsY ? 0 : 1));
          });
      SmallVector<Value> results(loop.getResults());
      if (!wantsY)
        results.insert(results.begin(), values.front());
      values = results;
    }
    for (Value &value : values)
      value = convert(b, value, element);
    return values;
  }

protected:
  /// The new states (h first) from `inputs` [N, G, H], the product of this step's input and w, and
  /// the states before. Without `h`, it is zero.
  virtual SmallVector<Value> step(OpBuilder &b, Value inputs, Value t, ArrayRef<Value> states) = 0;

  /// Rows times weights, accumulated in the compute type.
  Value multiply(OpBuilder &b, Value rows, Value weights) {
    int64_t m = cast<RankedTensorType>(rows.getType()).getDimSize(0);
    int64_t n = cast<RankedTensorType>(weights.getType()).getDimSize(1);
    Value init = createFilled(b, loc, RankedTensorType::get({m, n}, compute),
                              createScalar(b, loc, compute, 0));
    AffineExpr i, k, j;
    bindDims(context, i, k,
             j); // the innermost loop runs along the rows of the weights and of the result
    SmallVector<AffineMap> maps =
        AffineMap::inferFromExprList({ArrayRef{i, k}, ArrayRef{k, j}, ArrayRef{i, j}}, context);
    SmallVector<utils::IteratorType> iterators{utils::IteratorType::parallel,
                                               utils::IteratorType::reduction,
                                               utils::IteratorType::parallel};
    return createGeneric(b, loc, {rows, weights}, init, maps, iterators,
                         [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                           auto contract = arith::FastMathFlags::contract;
                           Value x = createCast(b, loc, args[0], element, compute);
                           Value y = createCast(b, loc, args[1], element, compute);
                           Value product = arith::MulFOp::create(b, loc, x, y, contract);
                           return arith::AddFOp::create(b, loc, args[2], product, contract);
                         });
  }

  /// `h` [N, H] times the columns of r of `count` gates from `first`, as [N, count, H]; null where
  /// h is.
  Value recur(OpBuilder &b, Value h, int64_t first, int64_t count) {
    if (!h)
      return {};
    Value r = adaptor.getR();
    if (count != gates) {
      SmallVector<int64_t> offsets{0, first * hidden}, sizes{hidden, count * hidden}, strides{1, 1};
      r = tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(sizes, element), r,
                                         ValueRange(), ValueRange(), ValueRange(), offsets, sizes,
                                         strides);
    }
    return createReshape(b, loc, multiply(b, h, r), {batch, count, hidden});
  }

  /// What gate `gate` is applied to: x w + h r + bias, as far as these are there.
  void addGate(Arguments &arguments, int64_t gate, Value inputs, Value recurrent,
               int64_t recurrentGate) const {
    std::string suffix = std::to_string(gate);
    arguments.add("x" + suffix, inputs, {0, 1}, gate);
    arguments.add("h" + suffix, recurrent, {0, 1}, recurrentGate);
    arguments.add("b" + suffix, bias, {1}, gate);
  }
  Value gateSum(const Scalars &s, const Arguments &arguments, function_ref<Value(StringRef)> get,
                int64_t gate) const {
    std::string suffix = std::to_string(gate);
    Value sum = get("x" + suffix);
    for (const char *part : {"h", "b"})
      if (arguments.has(part + suffix))
        sum = s.add(sum, get(part + suffix));
    return sum;
  }

  /// Function `index` of the activations, with its argument limited where it is a gate.
  Value activate(const Scalars &s, unsigned index, Value x, bool isGate = true) {
    if (auto clip = op.getClip(); clip && isGate)
      x = s.limit(x, -clip->convertToDouble(), clip->convertToDouble());
    auto name = cast<StringAttr>(op.getActivations()[index]).getValue();
    return s.activate(*symbolizeActivation(name), op.getAlphas()[index], op.getBetas()[index], x);
  }

  /// Where a new state is written: over the old one within the loop, else to a new tensor.
  Value destination(OpBuilder &b, Value old, Type type) const {
    return inPlace ? old : createEmpty(b, loc, RankedTensorType::get({batch, hidden}, type));
  }
  /// Adds the old state to the arguments, unless it is the destination already.
  void addState(Arguments &arguments, StringRef name, Value old) const {
    if (!inPlace)
      arguments.add(name, old, {0, 1});
  }
  void addLength(Arguments &arguments) { arguments.add("length", adaptor.getSequenceLens(), {0}); }
  /// The old state, in a computation that it was added to; zero where there is none.
  Value oldState(const Scalars &s, function_ref<Value(StringRef)> get, StringRef name,
                 Value old) const {
    return old ? get(name) : s.constant(0);
  }
  /// `value` within the sequence, `otherwise` past its end.
  Value whileInside(const Scalars &s, const Arguments &arguments,
                    function_ref<Value(StringRef)> get, Value t, Value value, Value otherwise) {
    if (!arguments.has("length"))
      return value;
    Value length = get("length");
    Value now = arith::IndexCastOp::create(s.b, s.loc, length.getType(), t);
    Value inside = arith::CmpIOp::create(s.b, s.loc, arith::CmpIPredicate::slt, now, length);
    return arith::SelectOp::create(s.b, s.loc, inside, value, otherwise);
  }

  Op op;
  typename Op::Adaptor adaptor;
  Location loc;
  MLIRContext *context;
  int64_t steps, batch, hidden, gates;
  Type element, compute;
  Value bias;
  bool inPlace = false;

private:
  Value convert(OpBuilder &b, Value tensor, Type to) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (type.getElementType() == to)
      return tensor;
    SmallVector<AffineMap> maps(2, AffineMap::getMultiDimIdentityMap(type.getRank(), context));
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    return createGeneric(b, loc, tensor, createEmpty(b, loc, type.clone(to)), maps, iterators,
                         [&](OpBuilder &b, Location loc, ValueRange args) {
                           return createCast(b, loc, args[0], type.getElementType(), to);
                         });
  }

  /// One step at time `t`: values are y and the states.
  SmallVector<Value> advance(OpBuilder &b, Value inputs, Value t, ArrayRef<Value> values,
                             bool wantsY, bool inPlace) {
    this->inPlace = inPlace;
    SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)), strides(4, b.getIndexAttr(1));
    offsets[0] = getAsOpFoldResult(t);
    SmallVector<OpFoldResult> sizes{b.getIndexAttr(1), b.getIndexAttr(batch), b.getIndexAttr(gates),
                                    b.getIndexAttr(hidden)};
    auto type = RankedTensorType::get({batch, gates, hidden}, compute);
    Value now = steps == 1
                    ? createReshape(b, loc, inputs, type.getShape())
                    : tensor::ExtractSliceOp::create(b, loc, type, inputs, offsets, sizes, strides)
                          .getResult();
    SmallVector<Value> results = step(b, now, t, values.drop_front());
    Value y = values.front();
    if (wantsY) {
      Value h = results.front();
      if (adaptor.getSequenceLens()) {
        Arguments arguments(context);
        arguments.add("h", h, {0, 1});
        addLength(arguments);
        h = arguments.build(b, loc, createEmpty(b, loc, h.getType()), compute,
                            [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                              return whileInside(s, arguments, get, t, get("h"), s.constant(0));
                            });
      }
      auto pick = [](ArrayRef<OpFoldResult> all) {
        return SmallVector<OpFoldResult>{all[0], all[1], all[3]};
      };
      if (steps == 1)
        y = createReshape(b, loc, h, {1, batch, hidden});
      else
        y = tensor::InsertSliceOp::create(b, loc, h, y, pick(offsets), pick(sizes), pick(strides));
    }
    results.insert(results.begin(), y);
    return results;
  }
};

//===- The layers
//--------------------------------------------------------------------------------===//

struct RnnRecurrence : Recurrence<RnnOp> {
  using Recurrence::Recurrence;

  SmallVector<Value> step(OpBuilder &b, Value inputs, Value t, ArrayRef<Value> states) override {
    Arguments arguments(context);
    addGate(arguments, 0, inputs, recur(b, states[0], 0, 1), 0);
    addState(arguments, "h", states[0]);
    addLength(arguments);
    return {arguments.build(b, loc, destination(b, states[0], element), compute,
                            [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                              Value h = activate(s, 0, gateSum(s, arguments, get, 0));
                              return whileInside(s, arguments, get, t, h,
                                                 oldState(s, get, "h", states[0]));
                            })};
  }
};

struct GruRecurrence : Recurrence<GruOp> {
  using Recurrence::Recurrence;

  SmallVector<Value> step(OpBuilder &b, Value inputs, Value t, ArrayRef<Value> states) override {
    Value h = states[0];
    bool late = op.getLinearBeforeReset();
    Value recurrent = recur(b, h, 0, late ? 3 : 2), reset;
    if (h && !late) {
      // What r_h is multiplied with: the state, reset.
      Arguments arguments(context);
      addGate(arguments, 1, inputs, recurrent, 1);
      arguments.add("h", h, {0, 1});
      reset =
          arguments.build(b, loc, createEmpty(b, loc, h.getType()), compute,
                          [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                            return s.mul(activate(s, 0, gateSum(s, arguments, get, 1)), get("h"));
                          });
      reset = recur(b, reset, 2, 1);
    }
    Arguments arguments(context);
    addGate(arguments, 0, inputs, recurrent, 0);
    if (late)
      addGate(arguments, 1, inputs, recurrent, 1);
    addGate(arguments, 2, inputs, reset, 0);
    if (late) {
      arguments.add("late", recurrent, {0, 1}, 2);
      arguments.add("reset_bias", adaptor.getResetBias(), {1});
    }
    addState(arguments, "h", h);
    addLength(arguments);
    return {arguments.build(b, loc, destination(b, h, element), compute,
                            [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                              Value z = activate(s, 0, gateSum(s, arguments, get, 0));
                              Value sum = gateSum(s, arguments, get, 2);
                              if (late) {
                                Value inner = arguments.has("late") ? get("late") : s.constant(0);
                                if (arguments.has("reset_bias"))
                                  inner = s.add(inner, get("reset_bias"));
                                Value q = activate(s, 0, gateSum(s, arguments, get, 1));
                                sum = s.add(sum, s.mul(q, inner));
                              }
                              Value old = oldState(s, get, "h", h);
                              Value fresh = s.mul(s.sub(s.constant(1), z), activate(s, 1, sum));
                              return whileInside(s, arguments, get, t, s.add(fresh, s.mul(z, old)),
                                                 old);
                            })};
  }
};

struct LstmRecurrence : Recurrence<LstmOp> {
  using Recurrence::Recurrence;

  SmallVector<Value> step(OpBuilder &b, Value inputs, Value t, ArrayRef<Value> states) override {
    Value h = states[0], c = states[1];
    Value recurrent = recur(b, h, 0, 4), peephole = adaptor.getPeephole();
    if (peephole)
      peephole = createReshape(b, loc, peephole, {3, hidden});
    enum { kInput, kOutput, kForget, kCell };

    Arguments cell(context);
    for (int64_t gate : {kInput, kForget, kCell})
      addGate(cell, gate, inputs, recurrent, gate);
    cell.add("p_i", peephole, {1}, 0);
    cell.add("p_f", peephole, {1}, 2);
    addState(cell, "c", c);
    addLength(cell);
    Value newC =
        cell.build(b, loc, destination(b, c, compute), compute,
                   [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                     Value old = get("c");
                     auto gate = [&](int64_t index, StringRef weight) {
                       Value sum = gateSum(s, cell, get, index);
                       return activate(s, 0, peephole ? s.add(sum, s.mul(get(weight), old)) : sum);
                     };
                     Value in = gate(kInput, "p_i");
                     Value keep =
                         op.getInputForget() ? s.sub(s.constant(1), in) : gate(kForget, "p_f");
                     Value fresh = s.mul(in, activate(s, 1, gateSum(s, cell, get, kCell)));
                     return whileInside(s, cell, get, t, s.add(s.mul(keep, old), fresh), old);
                   });

    Arguments output(context);
    addGate(output, kOutput, inputs, recurrent, kOutput);
    output.add("p_o", peephole, {1}, 1);
    output.add("c", newC, {0, 1});
    addState(output, "h", h);
    addLength(output);
    Value newH =
        output.build(b, loc, destination(b, h, element), compute,
                     [&](const Scalars &s, function_ref<Value(StringRef)> get) {
                       Value sum = gateSum(s, output, get, kOutput), c = get("c");
                       if (peephole)
                         sum = s.add(sum, s.mul(get("p_o"), c));
                       Value h = s.mul(activate(s, 0, sum), activate(s, 2, c, /*isGate=*/false));
                       return whileInside(s, output, get, t, h, oldState(s, get, "h", states[0]));
                     });
    return {newH, newC};
  }
};

} // namespace

FailureOr<SmallVector<Value>> RnnOp::lower(OpBuilder &builder, ValueRange operands) {
  RnnRecurrence layer(*this, builder, operands);
  return layer.lower(builder, {Adaptor(operands, *this).getInitialH()});
}

FailureOr<SmallVector<Value>> GruOp::lower(OpBuilder &builder, ValueRange operands) {
  GruRecurrence layer(*this, builder, operands);
  return layer.lower(builder, {Adaptor(operands, *this).getInitialH()});
}

FailureOr<SmallVector<Value>> LstmOp::lower(OpBuilder &builder, ValueRange operands) {
  LstmRecurrence layer(*this, builder, operands);
  Adaptor adaptor(operands, *this);
  return layer.lower(builder, {adaptor.getInitialH(), adaptor.getInitialC()});
}
