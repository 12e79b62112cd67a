// What each op is to quantized tensors.
#include "dialects/Edge/Lowering.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec::edge;

using Role = QuantizationRole;

static bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }
static bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

/// Moves elements, but only floats have integers that stand for them.
static Role moves(Operation *op) { return isF32(op->getResult(0)) ? Role::moves : Role::none; }

Role ReshapeOp::getQuantizationRole() { return moves(*this); }
Role TransposeOp::getQuantizationRole() { return moves(*this); }
Role SliceOp::getQuantizationRole() { return moves(*this); }
Role ConcatOp::getQuantizationRole() { return moves(*this); }
Role BroadcastOp::getQuantizationRole() { return moves(*this); }
Role TileOp::getQuantizationRole() { return moves(*this); }

Role GatherOp::getQuantizationRole() { return moves(*this); }
bool GatherOp::isQuantizedOperand(unsigned index) { return index == 0; }

/// Resampling that picks elements has no weights.
Role ResampleOp::getQuantizationRole() { return getWeights().empty() ? moves(*this) : Role::none; }
bool ResampleOp::isQuantizedOperand(unsigned index) { return index == 0; }

/// Around the elements may be zeros, which every scale has an integer for.
Role PadOp::getQuantizationRole() {
  bool isZero = !getValue() || matchPattern(getValue(), m_AnyZeroFloat());
  return getMode() != PadMode::constant || isZero ? moves(*this) : Role::none;
}
bool PadOp::isQuantizedOperand(unsigned index) { return index == 0; }
FailureOr<SmallVector<Value>> PadOp::buildOnIntegers(OpBuilder &builder, ValueRange operands,
                                                     int64_t zeroPoint) {
  if (getMode() != PadMode::constant)
    return rebuild(builder, *this, operands);
  HostTensor zero(RankedTensorType::get({}, getElementTypeOrSelf(operands[0].getType())));
  zero.setInt(0, zeroPoint);
  Value value = ConstantOp::create(builder, getLoc(), zero.toAttr());
  return SmallVector<Value>{
      PadOp::create(builder, getLoc(), operands[0], value, getLow(), getHigh(), getMode())};
}

Role PoolOp::getQuantizationRole() {
  return getKind() == PoolKind::max ? moves(*this) : isF32(getX()) ? Role::total : Role::none;
}

Role ReduceOp::getQuantizationRole() {
  return getKind() == ReduceKind::sum && isF32(getX()) ? Role::total : Role::none;
}

//===- Arithmetic
//---------------------------------------------------------------------------------===//

Role ReluOp::getQuantizationRole() { return isF32(getX()) ? Role::clamp : Role::none; }

/// One limit for all elements.
static Role clamps(Value x, Value limit) {
  return isF32(x) && isConstant(limit) &&
                 cast<RankedTensorType>(limit.getType()).getNumElements() == 1
             ? Role::clamp
             : Role::none;
}
Role MinOp::getQuantizationRole() { return clamps(getX(), getY()); }
Role MaxOp::getQuantizationRole() { return clamps(getX(), getY()); }
bool MinOp::isQuantizedOperand(unsigned index) { return index == 0; }
bool MaxOp::isQuantizedOperand(unsigned index) { return index == 0; }

/// A constant summand is a bias: more than 8 bits, or floats.
Role AddOp::getQuantizationRole() {
  return isF32(getX()) && !isConstant(getX()) && !isConstant(getY()) ? Role::sum : Role::none;
}

Role ConvOp::getQuantizationRole() {
  bool isLayer = isF32(getX()) && !isConstant(getX()) && isConstant(getFilter()) &&
                 (!getBias() || isConstant(getBias()));
  return isLayer ? Role::layer : Role::none;
}
bool ConvOp::isQuantizedOperand(unsigned index) { return index == 0; }
LayerWeights ConvOp::getLayerWeights() {
  int64_t rank = cast<RankedTensorType>(getFilter().getType()).getRank();
  return {&getFilterMutable(), getBias() ? &getBiasMutable()[0] : nullptr, rank - 1, rank - 2,
          static_cast<int64_t>(getGroups())};
}

Role MatMulOp::getQuantizationRole() {
  bool isLayer = isF32(getA()) && !isConstant(getA()) && isConstant(getB()) &&
                 cast<RankedTensorType>(getB().getType()).getRank() == 2;
  return isLayer ? Role::layer : Role::none;
}
bool MatMulOp::isQuantizedOperand(unsigned index) { return index == 0; }
LayerWeights MatMulOp::getLayerWeights() {
  if (cast<RankedTensorType>(getB().getType()).getRank() != 2)
    return {};
  bool transposed = getTransposeB();
  return {&getBMutable(), nullptr, transposed ? 0 : 1, transposed ? 1 : 0, 1};
}
