// Inputs and outputs get the types that the caller has asked for, once it is known which tensors
// are integers.
#include "mlir/IR/PatternMatch.h"
#include "passes/quantize/Interface.h"
#include "passes/quantize/Passes.h"

using namespace mlir;

namespace edgec {
#define GEN_PASS_DEF_SETINTERFACE
#include "passes/quantize/Passes.h.inc"
} // namespace edgec

using namespace edgec;
using quant::UniformQuantizedType;

//===- Quantized types ------------------------------------------------------------------------===//

std::pair<int64_t, int64_t> interface::boundsOf(IntegerType type) {
  int64_t low = type.isUnsigned() ? 0 : -(int64_t(1) << (type.getWidth() - 1));
  return {low, low + (int64_t(1) << type.getWidth()) - 1};
}

UniformQuantizedType interface::uniformType(IntegerType storage, double scale, int64_t zeroPoint) {
  auto [low, high] = boundsOf(storage);
  MLIRContext *context = storage.getContext();
  return UniformQuantizedType::get(storage.isUnsigned() ? 0 : quant::QuantizationFlags::Signed,
                                   IntegerType::get(context, storage.getWidth()),
                                   Float32Type::get(context), scale, zeroPoint, low, high);
}

UniformQuantizedType interface::withSignOf(UniformQuantizedType type, IntegerType storage) {
  if (type.isSigned() != storage.isUnsigned())
    return type;
  int64_t half = int64_t(1) << (type.getStorageTypeIntegralWidth() - 1);
  int64_t shift = storage.isUnsigned() ? half : -half;
  return UniformQuantizedType::get(storage.isUnsigned() ? 0 : quant::QuantizationFlags::Signed,
                                   type.getStorageType(), type.getExpressedType(), type.getScale(),
                                   type.getZeroPoint() + shift, type.getStorageTypeMin() + shift,
                                   type.getStorageTypeMax() + shift);
}

/// What `edge.quantized` says of an argument or result; null where it isn't there.
static UniformQuantizedType quantizedTypeOf(Attribute attr) {
  auto type = dyn_cast_or_null<TypeAttr>(attr);
  return type ? dyn_cast<UniformQuantizedType>(type.getValue()) : nullptr;
}
static UniformQuantizedType quantizedTypeOf(BlockArgument argument) {
  auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return quantizedTypeOf(function.getArgAttr(argument.getArgNumber(), kQuantizedAttr));
}

/// The one type of ops of a kind that all users are; null otherwise.
template <typename Op> static UniformQuantizedType typeOfUsers(Value value) {
  UniformQuantizedType type;
  for (Operation *user : value.getUsers()) {
    auto op = dyn_cast<Op>(user);
    auto own = op ? dyn_cast<UniformQuantizedType>(op.getQuantized()) : nullptr;
    if (!own || (type && own != type))
      return {};
    type = own;
  }
  return type;
}

void interface::noteQuantized(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments())
    if (auto type = typeOfUsers<edge::DequantizeOp>(argument))
      if (unsigned at = argument.getArgNumber(); !function.getArgAttr(at, kQuantizedAttr))
        function.setArgAttr(at, kQuantizedAttr, TypeAttr::get(type));
  for (OpOperand &result : function.getBody().front().getTerminator()->getOpOperands()) {
    auto rounded = result.get().getDefiningOp<edge::QuantizeOp>();
    unsigned at = result.getOperandNumber();
    if (rounded && isa<UniformQuantizedType>(rounded.getQuantized()) &&
        !function.getResultAttr(at, kQuantizedAttr))
      function.setResultAttr(at, kQuantizedAttr, rounded.getQuantizedAttr());
  }
}

LogicalResult interface::makeNumbers(OpBuilder &builder, BlockArgument argument) {
  UniformQuantizedType type = quantizedTypeOf(argument);
  if (!type)
    return failure();
  argument.setType(
      cast<RankedTensorType>(argument.getType()).clone(Float32Type::get(argument.getContext())));
  auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  function.removeArgAttr(argument.getArgNumber(), kQuantizedAttr);
  auto rounded =
      edge::QuantizeOp::create(builder, argument.getLoc(), argument, TypeAttr::get(type));
  argument.replaceAllUsesExcept(rounded, rounded);
  return success();
}

//===- The pass -------------------------------------------------------------------------------===//

namespace {

struct SetInterface : public edgec::impl::SetInterfaceBase<SetInterface> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Operation *end = function.getBody().front().getTerminator();
    OpBuilder builder(function);
    for (BlockArgument argument : function.getArguments()) {
      builder.setInsertionPointToStart(argument.getOwner());
      unsigned at = argument.getArgNumber();
      auto wanted = function.getArgAttrOfType<TypeAttr>(at, kInterfaceTypeAttr);
      if (wanted && failed(setInput(builder, argument, wanted.getValue())))
        return signalPassFailure();
      function.removeArgAttr(at, kInterfaceTypeAttr);
    }
    for (OpOperand &result : end->getOpOperands()) {
      builder.setInsertionPoint(end);
      unsigned at = result.getOperandNumber();
      auto wanted = function.getResultAttrOfType<TypeAttr>(at, kInterfaceTypeAttr);
      if (wanted && failed(setOutput(builder, result, wanted.getValue())))
        return signalPassFailure();
      function.removeResultAttr(at, StringAttr::get(&getContext(), kInterfaceTypeAttr));
    }
    function.setType(
        builder.getFunctionType(function.getBody().getArgumentTypes(), end->getOperandTypes()));
  }

  /// As `--input-type` has it.
  static std::string nameOf(Type element) {
    if (auto integer = dyn_cast<IntegerType>(element))
      return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth());
    return (element.isBF16() ? "bfloat" : "float") +
           std::to_string(element.getIntOrFloatBitWidth());
  }

  /// Refuses a type for an input or output of `have`.
  LogicalResult refuse(bool isInput, unsigned at, Type wanted, Type have,
                       UniformQuantizedType quantized) {
    func::FuncOp function = getOperation();
    auto name = isInput ? function.getArgAttrOfType<StringAttr>(at, "edge.name")
                        : function.getResultAttrOfType<StringAttr>(at, "edge.name");
    InFlightDiagnostic error = function->getParentOp()->emitError();
    error << (isInput ? "input '" : "output '") << (name ? name.getValue() : "?") << "' can't be "
          << nameOf(wanted) << ": ";
    if (quantized) {
      error << "it is quantized to " << quantized.getStorageTypeIntegralWidth() << " bits";
      error.attachNote() << "integers of that many bits, signed or not, or float32 can be had";
    } else if (isa<IntegerType>(have)) {
      error << "its " << nameOf(have) << " stand for themselves";
    } else {
      error << "nothing says which integers stand for its numbers";
      error.attachNote() << "give --quantize=int8 and --calibration"
                         << (isInput ? ", or say by --mean and --scale what the integers stand for"
                                     : "");
    }
    return error;
  }

  static Value castTo(OpBuilder &builder, Value x, Type element) {
    auto type = cast<RankedTensorType>(x.getType()).clone(element);
    return edge::CastOp::create(builder, x.getLoc(), type, x, TypeAttr::get(element));
  }

  LogicalResult setInput(OpBuilder &builder, BlockArgument argument, Type wanted) {
    Type have = getElementTypeOrSelf(argument.getType());
    unsigned at = argument.getArgNumber();
    if (have == wanted)
      return success();
    if (isa<FloatType>(have) && isa<FloatType>(wanted)) {
      SmallVector<edge::CastOp> casts; // to what is given now
      for (Operation *user : argument.getUsers())
        if (auto cast = dyn_cast<edge::CastOp>(user); cast && cast.getTo() == wanted)
          casts.push_back(cast);
      argument.setType(cast<RankedTensorType>(argument.getType()).clone(wanted));
      Value numbers = castTo(builder, argument, have);
      argument.replaceAllUsesExcept(numbers, numbers.getDefiningOp());
      for (edge::CastOp cast : casts) {
        cast.replaceAllUsesWith(Value(argument));
        cast.erase();
      }
      return success();
    }
    if (isa<FloatType>(wanted)) {
      if (!wanted.isF32() || failed(interface::makeNumbers(builder, argument)))
        return refuse(true, at, wanted, have, quantizedTypeOf(argument));
      return success();
    }
    UniformQuantizedType type =
        isa<FloatType>(have) ? typeOfUsers<edge::QuantizeOp>(argument) : quantizedTypeOf(argument);
    auto storage = cast<IntegerType>(wanted);
    if (!type || type.getStorageTypeIntegralWidth() != storage.getWidth())
      return refuse(true, at, wanted, have, type);
    auto own = interface::withSignOf(type, storage);
    getOperation().setArgAttr(at, kQuantizedAttr, TypeAttr::get(own));
    SmallVector<Operation *> users(argument.getUsers());
    argument.setType(cast<RankedTensorType>(argument.getType()).clone(wanted));
    Value same; // the integers that the model has instead
    for (Operation *user : users) {
      auto read = dyn_cast<edge::DequantizeOp>(user);
      if (auto rounding = dyn_cast<edge::QuantizeOp>(user); rounding && isa<FloatType>(have)) {
        dropRounding(builder, rounding, argument, own);
      } else if (read && read.getQuantized() == type) {
        readAs(read, argument, own);
      } else {
        if (!same)
          same = requantized(builder, argument, own, type);
        user->replaceUsesOfWith(argument, same);
      }
    }
    return success();
  }

  /// Integers as those of another type.
  static Value requantized(OpBuilder &builder, Value x, UniformQuantizedType from,
                           UniformQuantizedType to) {
    Value numbers = edge::DequantizeOp::create(builder, x.getLoc(), x, TypeAttr::get(from));
    return edge::QuantizeOp::create(builder, x.getLoc(), numbers, TypeAttr::get(to));
  }

  /// Whoever reads the integers that the numbers were rounded to reads those that are given.
  static void dropRounding(OpBuilder &builder, edge::QuantizeOp rounding, Value given,
                           UniformQuantizedType own) {
    if (own == rounding.getQuantized()) {
      rounding.replaceAllUsesWith(given);
      rounding.erase();
      return;
    }
    for (Operation *user : llvm::make_early_inc_range(rounding->getUsers()))
      if (auto read = dyn_cast<edge::DequantizeOp>(user))
        readAs(read, given, own);
    if (rounding->use_empty()) {
      rounding.erase();
      return;
    }
    builder.setInsertionPoint(rounding);
    rounding.getXMutable().assign(
        edge::DequantizeOp::create(builder, rounding.getLoc(), given, TypeAttr::get(own)));
  }

  static void readAs(edge::DequantizeOp read, Value integers, UniformQuantizedType type) {
    read.getXMutable().assign(integers);
    read.setQuantizedAttr(TypeAttr::get(type));
  }

  LogicalResult setOutput(OpBuilder &builder, OpOperand &result, Type wanted) {
    Value value = result.get();
    Type have = getElementTypeOrSelf(value.getType());
    unsigned at = result.getOperandNumber();
    if (have == wanted)
      return success();
    if (isa<FloatType>(have) && isa<FloatType>(wanted)) {
      result.set(castTo(builder, value, wanted));
      return success();
    }
    auto read = value.getDefiningOp<edge::DequantizeOp>();
    UniformQuantizedType type =
        read ? dyn_cast<UniformQuantizedType>(read.getQuantized())
             : quantizedTypeOf(getOperation().getResultAttr(at, kQuantizedAttr));
    if (isa<FloatType>(wanted)) {
      if (!wanted.isF32() || !type)
        return refuse(false, at, wanted, have, type);
      getOperation().removeResultAttr(at, builder.getStringAttr(kQuantizedAttr));
      result.set(edge::DequantizeOp::create(builder, value.getLoc(), value, TypeAttr::get(type)));
      return success();
    }
    auto storage = cast<IntegerType>(wanted);
    if (!type || type.getStorageTypeIntegralWidth() != storage.getWidth())
      return refuse(false, at, wanted, have, type);
    auto own = interface::withSignOf(type, storage);
    getOperation().setResultAttr(at, kQuantizedAttr, TypeAttr::get(own));
    Value integers = read ? read.getX() : value;
    if (own == type) {
      result.set(integers);
    } else if (auto rounding = integers.getDefiningOp<edge::QuantizeOp>()) {
      auto last = edge::QuantizeOp::create(builder, value.getLoc(), rounding.getX(),
                                           TypeAttr::get(own), rounding.getHalvesAwayAttr());
      result.set(last);
    } else { // moved, or rounded by an op that does so itself
      result.set(requantized(builder, integers, type, own));
    }
    return success();
  }
};

} // namespace
