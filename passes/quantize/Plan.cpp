#include "passes/quantize/Plan.h"
#include "mlir/IR/Matchers.h"
#include "passes/quantize/Interface.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace edgec;
using edge::QuantizationRole;

QuantizationRole edgec::quantizationRole(Operation *op) {
  if (!op || op->hasAttr(kKeepFloatAttr))
    return QuantizationRole::none;
  if (auto quantizable = dyn_cast<edge::QuantizableOpInterface>(op))
    return quantizable.getQuantizationRole();
  auto moving = dyn_cast<edge::ElementMovingOpInterface>(op);
  return moving && moving.movesElements() && getElementTypeOrSelf(op->getResult(0)).isF32()
             ? QuantizationRole::moves
             : QuantizationRole::none;
}

/// The operands that may be integers, of an op that has a role.
static SmallVector<Value> quantizedOperands(Operation *op) {
  auto quantizable = dyn_cast<edge::QuantizableOpInterface>(op);
  SmallVector<Value> values;
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    if (quantizable ? quantizable.isQuantizedOperand(number)
                    : cast<edge::ElementMovingOpInterface>(op).isDataOperand(number))
      values.push_back(operand.get());
  }
  return values;
}

Value QuantizedLayer::bias() const {
  if (weights.bias)
    return weights.bias->get();
  return biasAdd ? biasAdd->getOperand(biasAdd->getOperand(0) == op->getResult(0) ? 1 : 0)
                 : Value();
}

int64_t edgec::inputChannel(const edge::LayerWeights &weights, ArrayRef<int64_t> shape,
                            int64_t flat) {
  SmallVector<int64_t> strides = edge::rowMajorStrides(shape);
  int64_t features = shape[weights.featureAxis], channels = shape[weights.inputAxis];
  int64_t feature = flat / strides[weights.featureAxis] % features;
  return feature / (features / weights.groups) * channels +
         flat / strides[weights.inputAxis] % channels;
}

edge::HostTensor edgec::hostTensor(Value constant) {
  Attribute attr;
  matchPattern(constant, m_Constant(&attr));
  return *edge::HostTensor::fromAttr(attr);
}

/// A layer, with the addition of its bias where that is an op of its own.
static QuantizedLayer describeLayer(edge::QuantizableOpInterface op) {
  QuantizedLayer layer{op, quantizedOperands(op).front(), op.getLayerWeights(), nullptr,
                       op->getResult(0)};
  Value product = op->getResult(0);
  if (layer.weights.bias || !product.hasOneUse())
    return layer;
  auto add = dyn_cast<edge::AddOp>(*product.user_begin());
  if (!add || add->hasAttr(kKeepFloatAttr) || add.getResult().getType() != product.getType())
    return layer;
  Value other = add.getX() == product ? add.getY() : add.getX();
  auto type = cast<RankedTensorType>(other.getType());
  int64_t features = cast<RankedTensorType>(product.getType()).getShape().back();
  if (matchPattern(other, m_Constant()) && type.getNumElements() == features &&
      type.getRank() > 0 && type.getShape().back() == features) {
    layer.biasAdd = add;
    layer.result = add.getResult();
  }
  return layer;
}

QuantizationPlan::QuantizationPlan(func::FuncOp function) {
  Block &block = function.getBody().front();
  for (Operation &op : block)
    if (quantizationRole(&op) == QuantizationRole::layer) {
      foundLayers.push_back(describeLayer(cast<edge::QuantizableOpInterface>(op)));
      want(foundLayers.back().input);
    }
  wantInterface(function);
  // Whoever reads a tensor comes after it: what it wants is known when its producer is looked at.
  for (Operation &op : llvm::reverse(block))
    visit(&op);
  collectGroups();
}

/// Inputs and outputs that are to be integers.
void QuantizationPlan::wantInterface(func::FuncOp function) {
  auto isInteger = [](TypeAttr type) { return type && isa<IntegerType>(type.getValue()); };
  for (BlockArgument argument : function.getArguments())
    if (isInteger(function.getArgAttrOfType<TypeAttr>(argument.getArgNumber(), kInterfaceTypeAttr)))
      want(argument);
  for (OpOperand &result : function.getBody().front().getTerminator()->getOpOperands())
    if (isInteger(
            function.getResultAttrOfType<TypeAttr>(result.getOperandNumber(), kInterfaceTypeAttr)))
      want(result.get());
}

void QuantizationPlan::visit(Operation *op) {
  switch (quantizationRole(op)) {
  case QuantizationRole::moves:
    if (llvm::any_of(op->getResults(), [&](Value result) { return wanted.contains(result); }))
      llvm::for_each(quantizedOperands(op), [&](Value operand) { want(operand); });
    return;
  case QuantizationRole::sum:
    if (isWantedBehindClamps(op->getResult(0)) &&
        llvm::all_of(quantizedOperands(op), [&](Value operand) { return isProducible(operand); }))
      llvm::for_each(quantizedOperands(op), [&](Value operand) { want(operand); });
    return;
  case QuantizationRole::total:
    if (isProducible(op->getOperand(0)))
      want(op->getOperand(0));
    return;
  case QuantizationRole::layer: // has said already what it wants
  case QuantizationRole::clamp:
  case QuantizationRole::none:
    return;
  }
}

void QuantizationPlan::want(Value value) {
  if (getElementTypeOrSelf(value.getType()).isF32())
    wanted.insert(value);
}

/// Whether integers are wanted of a value, or of what limits make of it.
bool QuantizationPlan::isWantedBehindClamps(Value value) const {
  while (!wanted.contains(value)) {
    if (!value.hasOneUse() || quantizationRole(*value.user_begin()) != QuantizationRole::clamp)
      return false;
    value = value.user_begin()->getResult(0);
  }
  return true;
}

/// Whether a layer or a sum computes the value, with limits or moves behind it, or whether somebody
/// wants its integers anyway: then it can be written as integers at once.
bool QuantizationPlan::isProducible(Value value) const {
  while (!wanted.contains(value)) {
    Operation *op = value.getDefiningOp();
    switch (quantizationRole(op)) {
    case QuantizationRole::layer:
    case QuantizationRole::sum:
      return true;
    case QuantizationRole::clamp:
    case QuantizationRole::moves:
      value = op->getOperand(0);
      continue;
    case QuantizationRole::total:
      return false;
    case QuantizationRole::none: { // the bias of a product
      auto add = dyn_cast_or_null<edge::AddOp>(op);
      if (!add)
        return false;
      auto isLayer = [](Value x) {
        return quantizationRole(x.getDefiningOp()) == QuantizationRole::layer;
      };
      return isLayer(add.getX()) || isLayer(add.getY());
    }
    }
  }
  return true;
}

void QuantizationPlan::collectGroups() {
  llvm::EquivalenceClasses<Value> classes;
  for (Value value : wanted) {
    classes.insert(value);
    if (quantizationRole(value.getDefiningOp()) == QuantizationRole::moves)
      for (Value operand : quantizedOperands(value.getDefiningOp()))
        classes.unionSets(value, operand);
  }
  llvm::MapVector<Value, ScaleGroup> groups;
  for (Value value : wanted)
    if (quantizationRole(value.getDefiningOp()) != QuantizationRole::moves)
      groups[classes.getLeaderValue(value)].roots.push_back(value);
  for (auto &entry : groups)
    foundGroups.push_back(std::move(entry.second));
}

std::optional<std::pair<double, double>> edgec::rangeOf(Value value) {
  DenseF64ArrayAttr attr;
  unsigned at = 0;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    if (function)
      attr = function.getArgAttrOfType<DenseF64ArrayAttr>(argument.getArgNumber(), kRangeAttr);
  } else {
    attr = value.getDefiningOp()->getAttrOfType<DenseF64ArrayAttr>(kRangeAttr);
    at = cast<OpResult>(value).getResultNumber();
  }
  if (!attr || attr.size() < 2 * (at + 1) || !(attr[2 * at] <= attr[2 * at + 1]))
    return std::nullopt;
  return std::pair(attr[2 * at], attr[2 * at + 1]);
}

void edgec::setRange(Value value, double low, double high) {
  Builder builder(value.getContext());
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    function.setArgAttr(argument.getArgNumber(), kRangeAttr,
                        builder.getDenseF64ArrayAttr({low, high}));
    return;
  }
  Operation *op = value.getDefiningOp();
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  SmallVector<double> ranges(2 * op->getNumResults(), kUnknown);
  if (auto old = op->getAttrOfType<DenseF64ArrayAttr>(kRangeAttr))
    llvm::copy(old.asArrayRef(), ranges.begin());
  unsigned at = cast<OpResult>(value).getResultNumber();
  ranges[2 * at] = low;
  ranges[2 * at + 1] = high;
  op->setAttr(kRangeAttr, builder.getDenseF64ArrayAttr(ranges));
}
