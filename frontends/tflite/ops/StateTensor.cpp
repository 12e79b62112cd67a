#include "frontends/tflite/ops/StateTensor.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/tflite/GraphImporter.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

FailureOr<StateTensor> StateTensor::read(NodeContext &ctx, unsigned index) {
  StateTensor variable;
  variable.index = index;
  if ((variable.value = ctx.input(index)))
    return variable; // computed by the model: nothing to keep
  const Tensor *tensor = ctx.inputTensor(index);
  if (!tensor)
    return ctx.error("input ") << index << ", a state, is missing";
  if (!isa<func::FuncOp>(ctx.b.getInsertionBlock()->getParentOp()))
    return ctx.error("a state within IF or WHILE is not supported");
  int32_t number = ctx.node.inputs()->Get(index);
  variable.key = nameOf(ctx.graph, number);
  Type element = convertElementType(tensor->type(), ctx.b.getContext());
  if (!element)
    return ctx.error("has a state of ") << nameOf(tensor->type());
  SmallVector<int64_t> shape(toArray(tensor->shape()));
  if (failed(edge::checkShape(ctx.loc, "state", shape)))
    return failure();
  auto type = RankedTensorType::get(shape, element);
  State &state = ctx.getImporter().getState(variable.key);
  // Runtimes begin with the number zero in 8 bits, but with the integer in 16.
  if (!state.argument && tensor->type() == tflite::TensorType::INT8 && isQuantized(*tensor)) {
    auto quantized = ctx.inputQuantization(index);
    if (failed(quantized))
      return failure();
    auto perTensor = dyn_cast<quant::UniformQuantizedType>(*quantized);
    if (perTensor && perTensor.getZeroPoint() != 0) {
      edge::HostTensor zeros(type);
      for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
        zeros.setInt(i, perTensor.getZeroPoint());
      state.initial = zeros.toAttr();
    }
  }
  variable.value = ctx.getImporter().readState(variable.key, type, ctx.loc);
  if (!variable.value)
    return failure();
  return variable;
}
LogicalResult StateTensor::write(const NodeContext &ctx, Value next) const {
  next = next ? ctx.reshape(next, shapeOf(value)) : Value();
  if (!next)
    return failure();
  if (next.getType() != value.getType())
    return ctx.error("has a state of ") << value.getType() << " that becomes " << next.getType();
  if (!key.empty())
    ctx.getImporter().getState(key).value = next;
  return success();
}

Value StateTensor::numbers(const NodeContext &ctx, Value integers) const {
  if (!ctx.isQuantizedInput(index))
    return integers;
  auto quantized = ctx.inputQuantization(index);
  return failed(quantized) ? Value() : ctx.dequantize(integers, *quantized);
}

Value StateTensor::integers(const NodeContext &ctx, Value numbers) const {
  if (!ctx.isQuantizedInput(index))
    return numbers;
  auto quantized = ctx.inputQuantization(index);
  return failed(quantized) ? Value() : ctx.quantize(numbers, *quantized);
}
