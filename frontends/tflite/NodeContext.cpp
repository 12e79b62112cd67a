#include "frontends/tflite/GraphImporter.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

const Tensor *NodeContext::inputTensor(unsigned index) const {
  if (index >= sizeOf(node.inputs()) || node.inputs()->Get(index) < 0)
    return nullptr;
  return graph.tensors()->Get(node.inputs()->Get(index));
}

const Tensor *NodeContext::outputTensor(unsigned index) const {
  return index < numOutputs() ? graph.tensors()->Get(node.outputs()->Get(index)) : nullptr;
}

FailureOr<quant::QuantizedType> NodeContext::quantization(int32_t index) const {
  const Tensor &tensor = *graph.tensors()->Get(index);
  return quantizedType(tensor, nameOf(graph, index), static_cast<int64_t>(sizeOf(tensor.shape())),
                       loc);
}

FailureOr<quant::QuantizedType> NodeContext::inputQuantization(unsigned index) const {
  return quantization(node.inputs()->Get(index));
}

FailureOr<quant::QuantizedType> NodeContext::outputQuantization(unsigned index) const {
  return quantization(node.outputs()->Get(index));
}

FailureOr<SmallVector<double>> NodeContext::inputScales(unsigned index) const {
  auto quantized = inputQuantization(index);
  if (failed(quantized))
    return failure();
  if (auto perTensor = dyn_cast<quant::UniformQuantizedType>(*quantized))
    return SmallVector<double>{perTensor.getScale()};
  return SmallVector<double>(cast<quant::UniformQuantizedPerAxisType>(*quantized).getScales());
}

static bool sameNumbers(const Tensor *from, const Tensor *to) {
  if (!from || !to || from->type() != to->type() || isQuantized(*from) != isQuantized(*to))
    return false;
  if (!isQuantized(*from))
    return true;
  const auto *a = from->quantization(), *b = to->quantization();
  return sizeOf(a->scale()) == 1 && toArray(a->scale()) == toArray(b->scale()) &&
         toArray(a->zero_point()) == toArray(b->zero_point());
}

bool NodeContext::sameQuantization(unsigned input, unsigned output) const {
  return sameNumbers(inputTensor(input), outputTensor(output));
}

bool NodeContext::sameInputs(unsigned x, unsigned y) const {
  return sameNumbers(inputTensor(x), inputTensor(y));
}

Value NodeContext::dequantize(Value x, Type quantized) const {
  return x ? create<edge::DequantizeOp>(x, TypeAttr::get(quantized)) : Value();
}

Value NodeContext::quantize(Value x, Type quantized) const {
  return x ? create<edge::QuantizeOp>(x, quantized, /*halves_away=*/true) : Value();
}

Value NodeContext::real(unsigned index) const {
  Value value = input(index);
  if (!value || !isQuantizedInput(index))
    return value;
  auto quantized = inputQuantization(index);
  return failed(quantized) ? Value() : dequantize(value, *quantized);
}

FailureOr<Value> NodeContext::bias(unsigned index, unsigned x, unsigned filter) const {
  Value value = input(index);
  if (!value)
    return Value();
  int64_t count = typeOf(value).getNumElements();
  if (!isa<IntegerType>(elementOf(value)) || !isQuantizedInput(x) || !isQuantizedInput(filter)) {
    value = reshape(real(index), {count});
    return orFailure(value);
  }
  value = reshape(value, {count});
  auto left = inputScales(x), right = inputScales(filter);
  if (failed(left) || failed(right))
    return failure();
  if (left->size() != 1)
    return error("has an input with more than one scale");
  SmallVector<double> scales;
  for (double scale : *right)
    scales.push_back(scale * left->front());
  int64_t axis = scales.size() == 1 ? -1 : 0;
  if (axis == 0 && static_cast<int64_t>(scales.size()) != count)
    return error("has ") << scales.size() << " filter scales for a bias of " << count;
  if (elementOf(value).isInteger(64)) { // beside 16-bit activations; wider than !quant.uniform's
    edge::HostTensor factor(
        RankedTensorType::get({static_cast<int64_t>(scales.size())}, b.getF32Type()));
    for (auto [i, scale] : llvm::enumerate(scales))
      factor.setFloat(static_cast<int64_t>(i), scale);
    value = create<edge::MulOp>(cast(value, b.getF32Type()), constantTensor(factor));
    return orFailure(value);
  }
  Type element = b.getI32Type();
  if (elementOf(value) != element)
    return error("has a bias of ") << elementOf(value) << " beside quantized operands";
  SmallVector<int64_t> zeroPoints(scales.size(), 0);
  auto quantized = makeQuantized(loc, element, scales, zeroPoints, axis, INT32_MIN, INT32_MAX);
  if (!quantized)
    return failure();
  value = dequantize(value, quantized);
  return orFailure(value);
}

Value NodeContext::result(Value value, unsigned index) const {
  if (!value || !isQuantizedOutput(index) || !elementOf(value).isF32())
    return value;
  auto quantized = outputQuantization(index);
  return failed(quantized) ? Value() : quantize(value, *quantized);
}

FailureOr<Value> NodeContext::activate(Value value, Activation activation) const {
  Formula f(*this);
  if (!value)
    return failure();
  switch (activation) {
  case Activation::NONE:
    return value;
  case Activation::RELU:
    value = f.unary<edge::ReluOp>(value);
    break;
  case Activation::RELU_N1_TO_1:
    value = f.binary<edge::MinOp>(f.binary<edge::MaxOp>(value, -1.0), 1.0);
    break;
  case Activation::RELU6:
    value = f.binary<edge::MinOp>(f.unary<edge::ReluOp>(value), 6.0);
    break;
  case Activation::TANH:
    value = f.unary<edge::TanhOp>(value);
    break;
  default:
    return error("has a fused activation that is not supported: ")
           << static_cast<int>(activation) << " (" << EnumNameActivation(activation) << ")";
  }
  return orFailure(value);
}

Value NodeContext::result(Value value, Activation activation) const {
  auto activated = activate(value, activation);
  return failed(activated) ? Value() : result(*activated);
}
