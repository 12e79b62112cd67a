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

/// Around the elements may be zeros, which every scale has an integer for.
Role PadOp::getQuantizationRole() {
  bool isZero = !getValue() || matchPattern(getValue(), m_AnyZeroFloat());
  return getMode() != PadMode::constant || isZero ? moves(*this) : Role::none;
}
bool PadOp::isQuantizedOperand(unsigned index) { return index == 0; }

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
/// Of convolutions in both directions.
template <typename Op> static LayerWeights convolutionWeights(Op op) {
  int64_t rank = cast<RankedTensorType>(op.getFilter().getType()).getRank();
  return {&op.getFilterMutable(), op.getBias() ? &op.getBiasMutable()[0] : nullptr, rank - 1,
          rank - 2, static_cast<int64_t>(op.getGroups())};
}
LayerWeights ConvOp::getLayerWeights() { return convolutionWeights(*this); }

/// A float one stays one; one of a quantized model has integers to sum.
Role ConvTransposeOp::getQuantizationRole() { return Role::none; }
bool ConvTransposeOp::isQuantizedOperand(unsigned index) { return index == 0; }
LayerWeights ConvTransposeOp::getLayerWeights() { return convolutionWeights(*this); }

Role MatMulOp::getQuantizationRole() {
  bool isLayer = isF32(getA()) && !isConstant(getA()) && isConstant(getB()) &&
                 cast<RankedTensorType>(getB().getType()).getRank() == 2;
  return isLayer ? Role::layer : Role::none;
}
bool MatMulOp::isQuantizedOperand(unsigned index) { return index == 0; }
LayerWeights MatMulOp::getLayerWeights() {
  int64_t rank = cast<RankedTensorType>(getB().getType()).getRank();
  bool transposed = getTransposeB();
  return {&getBMutable(), nullptr, rank - (transposed ? 2 : 1), rank - (transposed ? 1 : 2), 1};
}
