#include "compiler/InterfaceTypes.h"
#include "dialects/Edge/Edge.h"
#include "frontends/Frontend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "passes/quantize/Interface.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;

namespace edgec {

namespace {
struct TypeRow {
  StringRef name;
  Type (*make)(Builder &builder);
};
constexpr TypeRow kTypes[] = {
    {"float32", [](Builder &b) -> Type { return b.getF32Type(); }},
    {"float16", [](Builder &b) -> Type { return b.getF16Type(); }},
    {"bfloat16", [](Builder &b) -> Type { return b.getBF16Type(); }},
    {"int8", [](Builder &b) -> Type { return b.getI8Type(); }},
    {"uint8", [](Builder &b) -> Type { return b.getIntegerType(8, /*isSigned=*/false); }},
    {"int16", [](Builder &b) -> Type { return b.getI16Type(); }},
    {"uint16", [](Builder &b) -> Type { return b.getIntegerType(16, /*isSigned=*/false); }},
};
} // namespace

Type parseInterfaceType(StringRef name, MLIRContext *context) {
  Builder builder(context);
  for (const TypeRow &row : kTypes)
    if (row.name == name)
      return row.make(builder);
  return {};
}

ArrayRef<StringRef> getInterfaceTypeNames() {
  static const auto names =
      llvm::map_to_vector(kTypes, [](const TypeRow &row) { return row.name; });
  return names;
}

namespace {

/// What options say of one input.
struct InputRequest {
  Type element;
  std::optional<std::vector<double>> mean, scale;
};

/// Applies what is asked of one input after the other.
class InterfaceBuilder {
public:
  InterfaceBuilder(ModuleOp module, const InterfaceOptions &options)
      : module(module), function(*module.getOps<func::FuncOp>().begin()), options(options),
        builder(module.getContext()) {}

  LogicalResult apply() {
    interface::noteQuantized(function);
    if (failed(collect()))
      return failure();
    for (auto &[input, request] : requests)
      if (failed(applyInput(input, request)))
        return failure();
    return success();
  }

private:
  InFlightDiagnostic error(StringRef option, unsigned input) {
    return module.emitError() << option << ": input '" << nameOf(input) << "' ";
  }
  StringRef nameOf(unsigned input) {
    auto name = function.getArgAttrOfType<StringAttr>(input, kNameAttr);
    return name ? name.getValue() : "";
  }

  /// The input or output that an option is about.
  FailureOr<unsigned> find(StringRef option, StringRef name, bool isInput) {
    StringRef kind = isInput ? "input" : "output";
    unsigned count = isInput ? function.getNumArguments() : function.getNumResults();
    auto attr = [&](unsigned i, StringRef key) {
      return isInput ? function.getArgAttr(i, key) : function.getResultAttr(i, key);
    };
    SmallVector<unsigned> found;
    SmallVector<StringRef> names;
    for (unsigned i = 0; i < count; ++i) {
      auto own = dyn_cast_or_null<StringAttr>(attr(i, kNameAttr));
      if (!attr(i, "edge.state")) // a state is nobody's business but the model's
        names.push_back(own ? own.getValue() : "");
      if (name.empty() ? !attr(i, "edge.state") : own && own.getValue() == name)
        found.push_back(i);
    }
    if (found.size() == 1 && !attr(found[0], "edge.state"))
      return found[0];
    InFlightDiagnostic diagnostic = module.emitError() << option;
    if (name.empty())
      diagnostic << ": the model has " << names.size() << " " << kind << "s; say which by "
                 << option << "=NAME=...";
    else if (found.size() == 1)
      diagnostic << ": '" << name << "' is a state, which stays in the arena as it is";
    else
      diagnostic << ": the model has no " << kind << " '" << name << "'";
    diagnostic.attachNote() << "its " << kind << "s are " << llvm::join(names, ", ");
    return diagnostic;
  }

  LogicalResult collect() {
    auto request = [&](StringRef option, const std::string &name) -> FailureOr<InputRequest *> {
      FailureOr<unsigned> input = find(option, name, /*isInput=*/true);
      if (failed(input))
        return failure();
      return &requests[*input];
    };
    for (const auto &entry : options.inputTypes) {
      FailureOr<InputRequest *> found = request("--input-type", entry.name);
      if (failed(found))
        return failure();
      (*found)->element = parseInterfaceType(entry.what, module.getContext());
    }
    for (const auto &entry : options.means) {
      FailureOr<InputRequest *> found = request("--mean", entry.name);
      if (failed(found))
        return failure();
      (*found)->mean = entry.what;
    }
    for (const auto &entry : options.scales) {
      FailureOr<InputRequest *> found = request("--scale", entry.name);
      if (failed(found))
        return failure();
      (*found)->scale = entry.what;
    }
    for (const auto &entry : options.outputTypes) {
      FailureOr<unsigned> output = find("--output-type", entry.name, /*isInput=*/false);
      if (failed(output))
        return failure();
      function.setResultAttr(*output, kInterfaceTypeAttr,
                             TypeAttr::get(parseInterfaceType(entry.what, module.getContext())));
    }
    return success();
  }

  LogicalResult applyInput(unsigned input, const InputRequest &request) {
    if (request.mean || request.scale)
      return normalize(input, request);
    if (request.element)
      function.setArgAttr(input, kInterfaceTypeAttr, TypeAttr::get(request.element));
    return success();
  }

  /// Along which dimension channels lie: the second one where it has as many elements, else the
  /// last.
  std::optional<int64_t> channelAxis(RankedTensorType type, int64_t count) {
    if (type.getRank() > 1 && type.getDimSize(1) == count)
      return 1;
    if (type.getRank() > 0 && type.getShape().back() == count)
      return type.getRank() - 1;
    return std::nullopt;
  }

  /// One value for each channel as a constant that broadcasts along the input.
  Value channels(Location loc, RankedTensorType type, ArrayRef<double> values) {
    SmallVector<int64_t> shape;
    if (values.size() > 1) {
      shape.assign(type.getRank(), 1);
      shape[*channelAxis(type, values.size())] = values.size();
    }
    edge::HostTensor host(RankedTensorType::get(shape, builder.getF32Type()));
    for (auto [i, value] : llvm::enumerate(values))
      host.setFloat(i, value);
    return edge::ConstantOp::create(builder, loc, host.toAttr());
  }

  LogicalResult normalize(unsigned input, const InputRequest &request) {
    std::vector<double> mean = request.mean.value_or(std::vector<double>{0});
    std::vector<double> scale = request.scale.value_or(std::vector<double>{1});
    BlockArgument argument = function.getArgument(input);
    auto type = cast<RankedTensorType>(argument.getType());
    if (failed(checkValues("--mean", input, mean)) || failed(checkValues("--scale", input, scale)))
      return failure();
    for (double value : scale)
      if (value == 0)
        return error("--scale", input) << "would be 0 whatever is given";
    builder.setInsertionPointToStart(&function.getBody().front());
    if (!type.getElementType().isF32() && failed(interface::makeNumbers(builder, argument))) {
      InFlightDiagnostic diagnostic = error(request.mean ? "--mean" : "--scale", input)
                                      << "holds " << type.getElementType()
                                      << " that stand for themselves";
      diagnostic.attachNote() << "only float32, and integers with a scale, can be normalized";
      return diagnostic;
    }
    replace(argument, type.clone(builder.getF32Type()), request, mean, scale);
    return success();
  }

  LogicalResult checkValues(StringRef option, unsigned input, ArrayRef<double> values) {
    auto type = cast<RankedTensorType>(function.getArgument(input).getType());
    for (double value : values)
      if (!std::isfinite(static_cast<float>(value)))
        return error(option, input) << "can't have the value " << value;
    if (values.size() == 1 || channelAxis(type, static_cast<int64_t>(values.size())))
      return success();
    InFlightDiagnostic diagnostic = error(option, input) << "is " << type << ", which has no "
                                                         << values.size() << " channels";
    diagnostic.attachNote() << "give one value, or one for each index of its second or last "
                               "dimension";
    return diagnostic;
  }

  /// (given - mean) * scale in place of the argument. Integers with one scale are what a quantized
  /// layer reads at once: so as much as possible is said by what they stand for.
  void replace(BlockArgument argument, RankedTensorType numbers, const InputRequest &request,
               ArrayRef<double> mean, ArrayRef<double> scale) {
    Location loc = argument.getLoc();
    SmallVector<OpOperand *> uses =
        llvm::map_to_vector(argument.getUses(), [](OpOperand &use) { return &use; });
    Value x = argument;
    double step = 1;
    int64_t zeroPoint = 0;
    bool isExact = false;
    if (auto integer = dyn_cast_or_null<IntegerType>(request.element)) {
      step = llvm::all_equal(scale) && scale[0] > 0 ? scale[0] : 1;
      auto [low, high] = interface::boundsOf(integer);
      if (llvm::all_equal(mean))
        zeroPoint = static_cast<int64_t>(std::nearbyint(
            std::clamp(mean[0], static_cast<double>(low), static_cast<double>(high))));
      auto quantized = interface::uniformType(integer, step, zeroPoint);
      argument.setType(numbers.clone(integer));
      x = edge::DequantizeOp::create(builder, loc, argument, TypeAttr::get(quantized));
      isExact = llvm::all_equal(mean) && mean[0] == static_cast<double>(zeroPoint) &&
                llvm::all_equal(scale) && scale[0] == step;
      if (isExact)
        function.setArgAttr(argument.getArgNumber(), kQuantizedAttr, TypeAttr::get(quantized));
    } else if (request.element && !request.element.isF32()) {
      argument.setType(numbers.clone(request.element));
      x = edge::CastOp::create(builder, loc, numbers, argument,
                               TypeAttr::get(builder.getF32Type()));
    }
    SmallVector<double> offsets, factors;
    for (double value : mean)
      offsets.push_back(step * (static_cast<double>(zeroPoint) - value));
    for (double value : scale)
      factors.push_back(value / step);
    if (llvm::any_of(offsets, [](double offset) { return offset != 0; }))
      x = edge::AddOp::create(builder, loc, numbers, x, channels(loc, numbers, offsets));
    if (llvm::any_of(factors, [](double factor) { return factor != 1; }))
      x = edge::MulOp::create(builder, loc, numbers, x, channels(loc, numbers, factors));
    for (OpOperand *use : uses)
      use->set(x);
    function.setType(builder.getFunctionType(function.getBody().front().getArgumentTypes(),
                                             function.getResultTypes()));
  }

  ModuleOp module;
  func::FuncOp function;
  const InterfaceOptions &options;
  OpBuilder builder;
  llvm::MapVector<unsigned, InputRequest> requests;
};

} // namespace

LogicalResult applyInterface(ModuleOp module, const InterfaceOptions &options) {
  return InterfaceBuilder(module, options).apply();
}

} // namespace edgec
