#include "dialects/Edge/HostTensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace edgec::edge {

/// Constants up to this size are printed and uniqued as ordinary attributes; larger ones become
/// resources.
static constexpr size_t kInlineBytes = 1024;

unsigned elementBytes(Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits <= 8 ? 1 : bits / 8;
}

SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

void forEachIndex(ArrayRef<int64_t> shape,
                  function_ref<void(ArrayRef<int64_t> index, int64_t flat)> fn) {
  int64_t count = ShapedType::getNumElements(shape);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t flat = 0; flat < count; ++flat) {
    fn(index, flat);
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

static bool hasNoSign(Type element) { return element.isUnsignedInteger() || element.isInteger(1); }

HostTensor::HostTensor(RankedTensorType type)
    : type(type), width(edge::elementBytes(type.getElementType())),
      floating(isa<FloatType>(type.getElementType())),
      withoutSign(hasNoSign(type.getElementType())) {
  storage = std::make_shared<std::vector<char>>(type.getNumElements() * width);
  data = storage->data();
  size = storage->size();
}

HostTensor::HostTensor(RankedTensorType type, ArrayRef<char> bytes)
    : type(type), data(bytes.data()), size(bytes.size()),
      width(edge::elementBytes(type.getElementType())),
      floating(isa<FloatType>(type.getElementType())),
      withoutSign(hasNoSign(type.getElementType())) {}

char *HostTensor::mutableBytes() {
  assert(storage && "a borrowed tensor is read-only");
  return storage->data();
}

FailureOr<HostTensor> HostTensor::fromAttr(Attribute attr) {
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr)) {
    auto type = dyn_cast<RankedTensorType>(resource.getType());
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!type || !blob)
      return failure();
    HostTensor tensor(type, blob->getData());
    if (tensor.size != static_cast<size_t>(type.getNumElements()) * tensor.width)
      return failure();
    return tensor;
  }
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attr);
  auto type = dense ? dyn_cast<RankedTensorType>(dense.getType()) : RankedTensorType();
  if (!type || !isa<IntegerType, FloatType>(type.getElementType()))
    return failure();
  HostTensor tensor(type);
  if (isa<FloatType>(type.getElementType()) || type.getElementType().getIntOrFloatBitWidth() >= 8) {
    ArrayRef<char> raw = dense.getRawData();
    char *out = tensor.storage->data();
    if (dense.isSplat())
      for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
        std::memcpy(out + i * tensor.width, raw.data(), tensor.width);
    else if (!raw.empty())
      std::memcpy(out, raw.data(), raw.size());
    return tensor;
  }
  int64_t i = 0;
  for (const APInt &value : dense.getValues<APInt>())
    tensor.setInt(i++, type.getElementType().isInteger(1) || tensor.isUnsigned()
                           ? static_cast<int64_t>(value.getZExtValue())
                           : value.getSExtValue());
  return tensor;
}

HostTensor HostTensor::fromInts(MLIRContext *context, ArrayRef<int64_t> values) {
  HostTensor tensor(
      RankedTensorType::get({static_cast<int64_t>(values.size())}, IntegerType::get(context, 64)));
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setInt(i, value);
  return tensor;
}

ElementsAttr HostTensor::toAttr() const {
  int64_t count = getNumElements();
  bool splat = count > 1;
  for (int64_t i = 1; splat && i < count; ++i)
    splat = std::memcmp(data, data + i * width, width) == 0;
  unsigned bits = getElementType().getIntOrFloatBitWidth();
  if (bits < 8) { // packed differently inside a DenseElementsAttr
    if (!splat && size > kInlineBytes)
      return DenseResourceElementsAttr::get(
          type, "c", HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes(), 16));
    SmallVector<APInt> values;
    for (int64_t i = 0, e = splat ? 1 : count; i < e; ++i)
      values.emplace_back(bits, static_cast<uint64_t>(getInt(i)), false, /*implicitTrunc=*/true);
    return DenseElementsAttr::get(type, values);
  }
  if (splat)
    return DenseElementsAttr::getFromRawBuffer(type, bytes().take_front(width));
  if (size <= kInlineBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes());
  if (storage) { // hand the storage over: no copy
    auto keep = storage;
    AsmResourceBlob blob(bytes(), 16, [keep](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
    return DenseResourceElementsAttr::get(type, "c", std::move(blob));
  }
  return DenseResourceElementsAttr::get(type, "c",
                                        HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes(), 16));
}

template <typename T> static T load(const char *p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}
template <typename T> static void store(char *p, T value) { std::memcpy(p, &value, sizeof(T)); }

double HostTensor::getFloat(int64_t index) const {
  if (!floating)
    return isUnsigned() ? static_cast<double>(static_cast<uint64_t>(getInt(index)))
                        : static_cast<double>(getInt(index));
  const char *p = data + index * width;
  if (width == 4)
    return load<float>(p);
  if (width == 8)
    return load<double>(p);
  auto floatType = cast<FloatType>(getElementType());
  APFloat value(floatType.getFloatSemantics(),
                APInt(floatType.getWidth(), width == 1 ? load<uint8_t>(p) : load<uint16_t>(p)));
  return value.convertToDouble();
}

int64_t HostTensor::getInt(int64_t index) const {
  const char *p = data + index * width;
  if (isFloat())
    return static_cast<int64_t>(getFloat(index));
  bool isUnsigned = this->isUnsigned();
  switch (width) {
  case 1:
    return isUnsigned ? load<uint8_t>(p) : load<int8_t>(p);
  case 2:
    return isUnsigned ? load<uint16_t>(p) : load<int16_t>(p);
  case 4:
    return isUnsigned ? int64_t{load<uint32_t>(p)} : int64_t{load<int32_t>(p)};
  default:
    return load<int64_t>(p);
  }
}

void HostTensor::setFloat(int64_t index, double value) {
  if (!floating)
    return setInt(index, static_cast<int64_t>(value));
  char *p = mutableBytes() + index * width;
  if (width == 4)
    return store<float>(p, static_cast<float>(value));
  if (width == 8)
    return store<double>(p, value);
  auto floatType = cast<FloatType>(getElementType());
  APFloat converted(value);
  bool lost;
  converted.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
  uint64_t raw = converted.bitcastToAPInt().getZExtValue();
  width == 1 ? store<uint8_t>(p, raw) : store<uint16_t>(p, raw);
}

void HostTensor::setInt(int64_t index, int64_t value) {
  if (isFloat())
    return setFloat(index, static_cast<double>(value));
  char *p = mutableBytes() + index * width;
  switch (width) {
  case 1:
    return store<uint8_t>(p, getElementType().isInteger(1) ? value & 1 : value);
  case 2:
    return store<uint16_t>(p, value);
  case 4:
    return store<uint32_t>(p, value);
  default:
    return store<int64_t>(p, value);
  }
}

SmallVector<int64_t> HostTensor::getInts() const {
  SmallVector<int64_t> values;
  for (int64_t i = 0, e = getNumElements(); i < e; ++i)
    values.push_back(getInt(i));
  return values;
}

SmallVector<double> HostTensor::getFloats() const {
  SmallVector<double> values;
  for (int64_t i = 0, e = getNumElements(); i < e; ++i)
    values.push_back(getFloat(i));
  return values;
}

HostTensor HostTensor::reshaped(RankedTensorType newType) const {
  assert(newType.getNumElements() == getNumElements());
  HostTensor copy = *this;
  copy.type = newType;
  return copy;
}

} // namespace edgec::edge
