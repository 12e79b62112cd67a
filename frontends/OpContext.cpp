#include "frontends/OpContext.h"
#include "dialects/Edge/Lowering.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;

FailureOr<edge::HostTensor> OpContext::tryConstant(unsigned index) const {
  Value value = input(index);
  Attribute attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return failure();
  return edge::HostTensor::fromAttr(attr);
}

FailureOr<edge::HostTensor> OpContext::constant(unsigned index, StringRef what) const {
  FailureOr<edge::HostTensor> tensor = tryConstant(index);
  if (succeeded(tensor))
    return tensor;
  if (!input(index))
    return error("") << "input " << index << " (" << what << ") is missing";
  auto diagnostic = error("") << what << " must be known at compile time";
  diagnostic.attachNote()
      << "it is computed from the model's inputs; where it is an input itself, give it with --set";
  return diagnostic;
}

FailureOr<SmallVector<int64_t>> OpContext::constantInts(unsigned index, StringRef what) const {
  FailureOr<edge::HostTensor> tensor = constant(index, what);
  if (failed(tensor))
    return failure();
  return tensor->getInts();
}

FailureOr<int64_t> OpContext::axis(int64_t axis, int64_t rank) const {
  FailureOr<int64_t> normalized = edge::normalizeAxis(axis, rank);
  if (failed(normalized))
    return error("") << "axis " << axis << " is out of range for rank " << rank;
  return normalized;
}

FailureOr<SmallVector<int64_t>> OpContext::axes(ArrayRef<int64_t> axes, int64_t rank) const {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    FailureOr<int64_t> normalized = axis(a, rank);
    if (failed(normalized))
      return failure();
    if (llvm::is_contained(result, *normalized))
      return error("") << "axis " << a << " is given twice";
    result.push_back(*normalized);
  }
  return result;
}

SmallVector<Value> OpContext::finish(OperationState &state) const {
  for (Value operand : state.operands)
    if (!operand)
      return {}; // a null operand: its own error has been emitted
  auto info = state.name.getRegisteredInfo();
  auto *inference = info ? info->getInterface<InferTypeOpInterface>() : nullptr;
  if (!inference) {
    error("") << "'" << state.name << "' can't infer its type";
    return {};
  }
  state.types.clear();
  if (failed(inference->inferReturnTypes(b.getContext(), loc, state.operands,
                                         state.attributes.getDictionary(b.getContext()),
                                         state.getRawProperties(), state.regions, state.types)))
    return {};
  Operation *op = b.create(state);
  SmallVector<Value> folded;
  SmallVector<Operation *> constants;
  if (succeeded(b.tryFold(op, folded, &constants)) && !folded.empty()) {
    op->erase();
    return folded;
  }
  return SmallVector<Value>(op->getResults());
}

Value OpContext::constantTensor(const edge::HostTensor &tensor) const {
  return edge::ConstantOp::create(b, loc, tensor.toAttr());
}

Value OpContext::constantInts(ArrayRef<int64_t> values) const {
  return constantTensor(edge::HostTensor::fromInts(b.getContext(), values));
}

Value OpContext::scalar(Type element, double value) const {
  edge::HostTensor tensor(RankedTensorType::get({}, element));
  tensor.setFloat(0, value);
  return constantTensor(tensor);
}

Value OpContext::reshape(Value x, ArrayRef<int64_t> shape) const {
  if (!x)
    return {};
  return create<edge::ReshapeOp>(x, shape);
}

Value OpContext::transpose(Value x, ArrayRef<int64_t> permutation) const {
  if (!x)
    return {};
  return create<edge::TransposeOp>(x, permutation);
}

Value OpContext::cast(Value x, Type element) const {
  if (!x)
    return {};
  return create<edge::CastOp>(x, TypeAttr::get(element));
}

Value OpContext::toChannelsLast(Value x) const {
  if (!x)
    return {};
  int64_t rank = mlir::cast<RankedTensorType>(x.getType()).getRank();
  SmallVector<int64_t> permutation{0};
  for (int64_t i = 2; i < rank; ++i)
    permutation.push_back(i);
  permutation.push_back(1);
  return transpose(x, permutation);
}

Value OpContext::toChannelsFirst(Value x) const {
  if (!x)
    return {};
  int64_t rank = mlir::cast<RankedTensorType>(x.getType()).getRank();
  SmallVector<int64_t> permutation{0, rank - 1};
  for (int64_t i = 1; i < rank - 1; ++i)
    permutation.push_back(i);
  return transpose(x, permutation);
}

ElementsAttr edgec::makeWeights(RankedTensorType type, ArrayRef<char> bytes,
                                std::shared_ptr<const void> owner) {
  unsigned width = edge::elementBytes(type.getElementType());
  bool uniform = bytes.size() > width &&
                 std::memcmp(bytes.data(), bytes.data() + width, bytes.size() - width) == 0;
  if (bytes.size() <= 1024 || uniform)
    return edge::HostTensor(type, bytes).toAttr();
  AsmResourceBlob blob(bytes, 1, [owner](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, "w", std::move(blob));
}
