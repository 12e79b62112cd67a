#include "compiler/Comparison.h"
#include "compiler/Diagnostics.h"
#include "compiler/Execution.h"
#include "compiler/Phases.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Plan.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace mlir;

namespace edgec {

//===- Deviations -----------------------------------------------------------------------------===//

void Deviation::add(ArrayRef<float> wanted, ArrayRef<float> found) {
  for (auto [x, y] : llvm::zip_equal(wanted, found)) {
    double a = x, b = y;
    signal += a * a;
    energy += b * b;
    product += a * b;
    noise += (a - b) * (a - b);
    most = std::max(most, std::fabs(a - b));
  }
}

double Deviation::decibels() const {
  return noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<double>::infinity();
}

double Deviation::cosine() const {
  return signal > 0 && energy > 0 ? product / std::sqrt(signal * energy) : signal == energy;
}

//===- Both forms -----------------------------------------------------------------------------===//

namespace {

/// On an op, or an argument: the number of the tensor that it computes, the same in all forms.
constexpr llvm::StringLiteral kTensorAttr = "edge.tensor";

func::FuncOp mainOf(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

/// Whether what the op computes goes into the rounding of another op, or is there already.
bool isPartOfAnother(Operation &op) {
  if (op.getNumResults() != 1 || !isF32(op.getResult(0)) || matchPattern(&op, m_Constant()) ||
      isa<edge::DequantizeOp>(op) || quantizationRole(&op) == edge::QuantizationRole::moves)
    return true;
  if (!op.hasOneUse())
    return false;
  Operation *user = *op.user_begin();
  if (quantizationRole(user) == edge::QuantizationRole::clamp)
    return true;
  // A product, before its bias. Biases of a quantized model are integers.
  auto add = dyn_cast<edge::AddOp>(user);
  auto layer = dyn_cast<edge::QuantizableOpInterface>(op);
  if (!add || !layer || !layer.getLayerWeights().weights)
    return false;
  Value other = add.getX() == op.getResult(0) ? add.getY() : add.getX();
  auto numbers = other.getDefiningOp<edge::DequantizeOp>();
  return matchPattern(numbers ? numbers.getX() : other, m_Constant());
}

/// Numbers the tensors that are compared.
int64_t numberTensors(func::FuncOp function) {
  Builder builder(function.getContext());
  int64_t count = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (isF32(function.getArgument(i)))
      function.setArgAttr(i, kTensorAttr, builder.getI64IntegerAttr(count++));
  for (Operation &op : function.getBody().front())
    if (!isPartOfAnother(op))
      op.setAttr(kTensorAttr, builder.getI64IntegerAttr(count++));
  return count;
}

/// The numbered tensors of a function; null for those that it has no more.
SmallVector<Value> numberedTensors(func::FuncOp function, int64_t count) {
  SmallVector<Value> values(count);
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto number = function.getArgAttrOfType<IntegerAttr>(i, kTensorAttr))
      values[number.getInt()] = function.getArgument(i);
  for (Operation &op : function.getBody().front())
    if (auto number = op.getAttrOfType<IntegerAttr>(kTensorAttr))
      values[number.getInt()] = op.getResult(0);
  return values;
}

/// The rounding that a value goes into, if it does.
edge::QuantizeOp roundingOf(Value value) {
  for (Operation *user : value.getUsers())
    if (auto quantize = dyn_cast<edge::QuantizeOp>(user))
      return quantize;
  return nullptr;
}

/// The numbers that the rounded integers of a value stand for.
Value roundedAgain(edge::QuantizeOp rounding) {
  OpBuilder builder(rounding);
  builder.setInsertionPointAfter(rounding);
  return edge::DequantizeOp::create(builder, rounding.getLoc(), rounding.getResult(),
                                    rounding.getQuantizedAttr());
}

/// What is rounded, within the limits of the integers. ONNX's tools leave a clamp to the rounding
/// behind it, so that it has to stay where the rounding goes.
Value limited(edge::QuantizeOp op) {
  auto type = dyn_cast<quant::UniformQuantizedType>(op.getQuantized());
  if (!type || !isF32(op.getX()))
    return op.getX();
  OpBuilder builder(op);
  auto bound = [&](int64_t integer) -> Value {
    edge::HostTensor scalar(RankedTensorType::get({}, builder.getF32Type()));
    scalar.setFloat(0, type.getScale() * static_cast<double>(integer - type.getZeroPoint()));
    return edge::ConstantOp::create(builder, op.getLoc(), scalar.toAttr());
  };
  Type numbers = op.getX().getType();
  Value low = edge::MaxOp::create(builder, op.getLoc(), numbers, op.getX(),
                                  bound(type.getStorageTypeMin()));
  auto both =
      edge::MinOp::create(builder, op.getLoc(), numbers, low, bound(type.getStorageTypeMax()));
  if (Operation *producer = op.getX().getDefiningOp())
    if (Attribute number = producer->removeAttr(kTensorAttr))
      both->setAttr(kTensorAttr, number); // it is this that integers are compared with
  return both;
}

/// Takes the roundings out of a quantized module: whoever read integers as numbers reads the
/// numbers that were rounded, through ops that only move them. Constants keep the numbers that they
/// are.
void dropRoundings(func::FuncOp function) {
  llvm::DenseMap<Value, Value> numbers;
  OpBuilder builder(function.getContext());
  auto rounding =
      function->getParentOfType<ModuleOp>()->getAttrOfType<edge::RoundingAttr>(edge::kRoundingAttr);
  bool limits = rounding && rounding.getValue() == edge::Rounding::float_scale;
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    if (auto quantize = dyn_cast<edge::QuantizeOp>(op)) {
      numbers[quantize.getResult()] = limits ? limited(quantize) : quantize.getX();
      continue;
    }
    if (auto dequantize = dyn_cast<edge::DequantizeOp>(op)) {
      if (Value value = numbers.lookup(dequantize.getX()))
        dequantize.getResult().replaceAllUsesWith(value);
      continue;
    }
    auto moving = dyn_cast<edge::ElementMovingOpInterface>(op);
    if (!moving || !moving.movesElements() || op.getNumResults() != 1 || isF32(op.getResult(0)))
      continue;
    SmallVector<Value> operands;
    for (OpOperand &operand : op.getOpOperands())
      operands.push_back(moving.isDataOperand(operand.getOperandNumber())
                             ? numbers.lookup(operand.get())
                             : operand.get());
    if (!llvm::all_of(operands, [](Value value) { return static_cast<bool>(value); }))
      continue;
    builder.setInsertionPoint(&op);
    edge::HostTensor zero(RankedTensorType::get({}, builder.getF32Type()));
    auto moved = moving.buildMoving(builder, operands,
                                    edge::ConstantOp::create(builder, op.getLoc(), zero.toAttr()));
    if (succeeded(moved))
      numbers[op.getResult(0)] = moved->front();
  }
}

/// A module in which each op reads what the float form computes, rounded where that is, and is
/// rounded itself. `values` become its results in place of those of `quantized`, a copy of which it
/// is.
OwningOpRef<ModuleOp> makeAlone(ModuleOp quantized, ModuleOp floats, int64_t count,
                                SmallVectorImpl<Value> &values) {
  OwningOpRef<ModuleOp> module(cast<ModuleOp>(quantized->clone()));
  func::FuncOp function = mainOf(*module), source = mainOf(floats);
  SmallVector<Value> mine = numberedTensors(function, count);
  // The float form comes first, on the same arguments.
  IRMapping mapping;
  mapping.map(source.getArguments(), function.getArguments());
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  for (Operation &op : source.getBody().front().without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> wanted = numberedTensors(source, count);
  values.assign(count, Value());
  for (int64_t i = 0; i < count; ++i) {
    if (!mine[i] || !wanted[i])
      continue;
    Value reference = mapping.lookupOrDefault(wanted[i]);
    edge::QuantizeOp rounding = roundingOf(mine[i]);
    values[i] = mine[i];
    if (rounding) { // this op's own rounding, and that which the next ones read
      builder.setInsertionPoint(rounding);
      auto own =
          edge::QuantizeOp::create(builder, rounding.getLoc(), mine[i], rounding.getQuantizedAttr(),
                                   rounding.getHalvesAwayAttr());
      values[i] = roundedAgain(own);
      rounding.getXMutable().set(reference);
    } else if (!isa<BlockArgument>(mine[i])) {
      mine[i].replaceAllUsesWith(reference);
    }
  }
  return module;
}

} // namespace

//===- Comparison -----------------------------------------------------------------------------===//

Comparison::Comparison() = default;
Comparison::~Comparison() = default;
const edgec_model &Comparison::model() const { return floats->model(); }
ArrayRef<char *> Comparison::inputs() const { return floats->execution().inputs(); }

bool Comparison::run() {
  for (ObservedModule *module : {floats.get(), whole.get(), alone.get()}) {
    Execution &execution = module->execution();
    for (int32_t i = 0; i < model().n_inputs; ++i)
      if (module != floats.get())
        std::memcpy(execution.inputs()[i], inputs()[i], model().inputs[i].bytes);
    if (int32_t status = execution.run()) {
      llvm::errs() << "edgec: error: the model returned status " << status << "\n";
      return false;
    }
  }
  for (auto [i, tensor] : llvm::enumerate(compared)) {
    ArrayRef<float> wanted = floats->elements(i), found = whole->elements(i);
    tensor.whole.add(wanted, found);
    tensor.alone.add(wanted, alone->elements(i));
    tensor.elements += wanted.size();
    if (tensor.isQuantized)
      tensor.outside +=
          llvm::count_if(wanted, [&](float x) { return x < tensor.low || x > tensor.high; });
    if (llvm::all_of(wanted, [](float x) { return std::isfinite(x); }) &&
        llvm::all_of(found, [](float x) { return std::isfinite(x); })) {
      tensor.wanted.add(wanted);
      tensor.found.add(found);
    }
  }
  return true;
}

/// Fills a Comparison from a checked module.
struct ComparisonBuilder {
  Comparison &comparison;

  LogicalResult build(ModuleOp module, const CompileOptions &options, StringRef modelHash) {
    for (const QuantizeScheme &scheme : getQuantizeSchemes())
      if (scheme.name == options.quantize.scheme && !scheme.needsSamples) {
        InFlightDiagnostic error = module.emitError();
        error << "--quantize=" << scheme.name << " leaves no integers between ops to compare";
        error.attachNote() << "compare the outputs of `edgec run` with it and without";
        return error;
      }
    if (failed(calibrate(module, options.quantize, modelHash)))
      return failure();
    int64_t count = numberTensors(mainOf(module));
    OwningOpRef<ModuleOp> floats(cast<ModuleOp>(module->clone()));
    PassManager passes(module.getContext(), ModuleOp::getOperationName());
    passes.addPass(createInsertQuantization());
    if (failed(passes.run(module)))
      return failure();
    bool isQuantized = false;
    module.walk([&](edge::DequantizeOp) { isQuantized = true; });
    if (!isQuantized) {
      InFlightDiagnostic error = module.emitError();
      error << "has nothing quantized to compare";
      error.attachNote() << "give --quantize=int8 and --calibration, or a quantized model";
      return error;
    }
    (*floats)->removeAttr(kQuantizeAttr);
    if (options.quantize.scheme.empty())
      dropRoundings(mainOf(*floats));

    SmallVector<Value> aloneValues;
    OwningOpRef<ModuleOp> alone = makeAlone(module, *floats, count, aloneValues);
    SmallVector<Value> floatValues = numberedTensors(mainOf(*floats), count),
                       values = numberedTensors(mainOf(module), count);
    SmallVector<Value> observedFloats, observed, observedAlone;
    for (int64_t i = 0; i < count; ++i) {
      edge::QuantizeOp rounding = values[i] ? roundingOf(values[i]) : nullptr;
      bool isInput = values[i] && isa<BlockArgument>(values[i]);
      if (!values[i] || !floatValues[i] || (isInput && !rounding))
        continue;
      describe(values[i], rounding);
      observedFloats.push_back(floatValues[i]);
      observed.push_back(rounding ? roundedAgain(rounding) : values[i]);
      observedAlone.push_back(aloneValues[i]);
    }
    comparison.floats = ObservedModule::create(*floats, observedFloats);
    comparison.whole = ObservedModule::create(module, observed);
    comparison.alone = ObservedModule::create(*alone, observedAlone);
    return success(comparison.floats && comparison.whole && comparison.alone);
  }

  /// The first layer that reads the integers, moved or not.
  static std::string readerOf(Operation *op) {
    for (Operation *user : op->getUsers()) {
      auto layer = dyn_cast<edge::QuantizableOpInterface>(user);
      if (layer && layer.getLayerWeights().weights) {
        llvm::SetVector<StringRef> names = nodeNames(user->getLoc());
        return names.empty() ? "" : names.front().str();
      }
      if (isa<edge::DequantizeOp>(user) || layer)
        if (std::string name = readerOf(user); !name.empty())
          return name;
    }
    return "";
  }

  void describe(Value value, edge::QuantizeOp rounding) {
    ComparedTensor tensor;
    tensor.kind = "input";
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
      if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr))
        tensor.name = name.getValue().str();
    } else {
      Operation *op = value.getDefiningOp();
      tensor.kind = op->getName().stripDialect().str();
      llvm::SetVector<StringRef> names = nodeNames(op->getLoc());
      tensor.name = names.empty() ? "?" : names.front().str();
    }
    auto type = rounding ? dyn_cast<quant::UniformQuantizedType>(rounding.getQuantized()) : nullptr;
    if (type) {
      auto reach = [&](int64_t integer, double half) {
        return type.getScale() * (static_cast<double>(integer - type.getZeroPoint()) + half);
      };
      tensor.isQuantized = true;
      tensor.keep = readerOf(rounding);
      tensor.low = reach(type.getStorageTypeMin(), -0.5);
      tensor.high = reach(type.getStorageTypeMax(), 0.5);
    }
    comparison.compared.push_back(std::move(tensor));
  }
};

std::unique_ptr<Comparison> compare(StringRef path, const CompileOptions &options) {
  std::unique_ptr<MLIRContext> context = createContext();
  std::string file = llvm::sys::path::filename(path).str();
  DiagnosticPrinter printer(context.get(), file, llvm::errs());
  Output output;
  output.name = defaultName(path);
  std::unique_ptr<Comparison> comparison(new Comparison());
  if (succeeded(runPhases(path, options, output, context.get(), [&](ModuleOp module) {
        return ComparisonBuilder{*comparison}.build(module, options, output.modelHash);
      })))
    return comparison;
  if (!printer.errors())
    llvm::errs() << file << ": error: can't be compiled\n";
  return nullptr;
}

} // namespace edgec
