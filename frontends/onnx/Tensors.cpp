#include "frontends/onnx/Tensors.h"
#include "dialects/Edge/HostTensor.h"
#include "frontends/OpContext.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using onnx::TensorProto;

namespace edgec::onnx_frontend {

Type convertElementType(int32_t dataType, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isUnsigned) -> Type {
    return IntegerType::get(context, width,
                            isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  };
  switch (dataType) {
  case TensorProto::FLOAT:
    return Float32Type::get(context);
  case TensorProto::DOUBLE:
    return Float64Type::get(context);
  case TensorProto::FLOAT16:
    return Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorProto::BOOL:
    return integer(1, false);
  case TensorProto::INT8:
    return integer(8, false);
  case TensorProto::UINT8:
    return integer(8, true);
  case TensorProto::INT16:
    return integer(16, false);
  case TensorProto::UINT16:
    return integer(16, true);
  case TensorProto::INT32:
    return integer(32, false);
  case TensorProto::UINT32:
    return integer(32, true);
  case TensorProto::INT64:
    return integer(64, false);
  case TensorProto::UINT64:
    return integer(64, true);
  default:
    return {};
  }
}

int32_t toDataType(Type element) {
  for (int32_t type = TensorProto::DataType_MIN; type <= TensorProto::DataType_MAX; ++type)
    if (convertElementType(type, element.getContext()) == element)
      return type;
  return TensorProto::UNDEFINED;
}

std::string dataTypeName(int32_t dataType) {
  if (TensorProto::DataType_IsValid(dataType))
    return TensorProto::DataType_Name(static_cast<TensorProto::DataType>(dataType));
  return std::to_string(dataType);
}

static FailureOr<ElementsAttr> readExternal(const TensorProto &tensor, RankedTensorType type,
                                            size_t bytes, StringRef directory, Location loc) {
  std::string location;
  uint64_t offset = 0, length = bytes;
  for (const auto &entry : tensor.external_data()) {
    bool bad = false;
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset")
      bad = StringRef(entry.value()).getAsInteger(10, offset);
    else if (entry.key() == "length")
      bad = StringRef(entry.value()).getAsInteger(10, length);
    if (bad)
      return emitError(loc) << "tensor '" << tensor.name() << "' has external data with "
                            << entry.key() << " '" << entry.value() << "', which is no number";
  }
  // Only files beside the model: neither absolute paths nor ways up.
  bool escapes = location.empty() || llvm::sys::path::is_absolute(location);
  for (auto it = llvm::sys::path::begin(location), end = llvm::sys::path::end(location); it != end;
       ++it)
    escapes |= *it == "..";
  if (escapes)
    return emitError(loc) << "tensor '" << tensor.name() << "' has external data in '" << location
                          << "', which is not a file in the model's folder";
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, location);
  if (length != bytes)
    return emitError(loc) << "tensor '" << tensor.name() << "' needs " << bytes
                          << " bytes, but its external data has " << length;
  auto whole =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!whole)
    return emitError(loc) << "tensor '" << tensor.name() << "' has its data in '" << path
                          << "', which can't be read: " << whole.getError().message()
                          << "; put that file beside the model";
  if ((*whole)->getBufferSize() < offset || (*whole)->getBufferSize() - offset < bytes)
    return emitError(loc) << "tensor '" << tensor.name() << "' reads " << bytes
                          << " bytes at offset " << offset << " of '" << path
                          << "', which has only " << (*whole)->getBufferSize();
  std::shared_ptr<llvm::MemoryBuffer> buffer = std::move(*whole);
  ArrayRef<char> data(buffer->getBufferStart() + offset, bytes);
  return makeWeights(type, data, buffer);
}

static FailureOr<SmallVector<int64_t>> readShape(const TensorProto &tensor, Location loc) {
  uint64_t count = 1;
  SmallVector<int64_t> shape;
  constexpr uint64_t kLimit = uint64_t(1) << 40;
  for (int64_t extent : tensor.dims()) {
    if (extent < 0 || (extent > 0 && count > kLimit / static_cast<uint64_t>(extent)))
      return emitError(loc) << "tensor '" << tensor.name() << "' has an impossible shape";
    count *= extent;
    shape.push_back(extent);
  }
  return shape;
}

/// Integers of 4 bits: two a byte in the file, the low half first; one a byte in memory.
static FailureOr<ElementsAttr> readFourBits(const TensorProto &tensor, StringRef directory,
                                            Location loc) {
  FailureOr<SmallVector<int64_t>> shape = readShape(tensor, loc);
  if (failed(shape))
    return failure();
  auto signedness =
      tensor.data_type() == TensorProto::UINT4 ? IntegerType::Unsigned : IntegerType::Signless;
  edge::HostTensor unpacked(
      RankedTensorType::get(*shape, IntegerType::get(loc->getContext(), 4, signedness)));
  auto pairs = std::make_shared<TensorProto>(tensor);
  pairs->set_data_type(TensorProto::UINT8);
  pairs->clear_dims();
  pairs->add_dims((unpacked.getNumElements() + 1) / 2);
  FailureOr<ElementsAttr> bytes = readTensor(*pairs, pairs, directory, loc);
  FailureOr<edge::HostTensor> packed =
      failed(bytes) ? FailureOr<edge::HostTensor>() : edge::HostTensor::fromAttr(*bytes);
  if (failed(packed))
    return failure();
  for (int64_t i = 0, e = unpacked.getNumElements(); i < e; ++i) {
    int64_t pair = packed->getInt(i / 2), value = i % 2 ? pair >> 4 : pair & 15;
    unpacked.setInt(i, value >= 8 && !unpacked.isUnsigned() ? value - 16 : value);
  }
  return unpacked.toAttr();
}

FailureOr<ElementsAttr> readTensor(const TensorProto &tensor, std::shared_ptr<const void> owner,
                                   StringRef directory, Location loc) {
  if (tensor.data_type() == TensorProto::INT4 || tensor.data_type() == TensorProto::UINT4)
    return readFourBits(tensor, directory, loc);
  Type element = convertElementType(tensor.data_type(), loc->getContext());
  if (!element)
    return emitError(loc) << "tensor '" << tensor.name() << "' has element type "
                          << dataTypeName(tensor.data_type()) << ", which is not supported";
  FailureOr<SmallVector<int64_t>> shape = readShape(tensor, loc);
  if (failed(shape))
    return failure();
  auto type = RankedTensorType::get(*shape, element);
  size_t count = type.getNumElements(), bytes = count * edge::elementBytes(element);
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return readExternal(tensor, type, bytes, directory, loc);

  auto mismatch = [&](size_t found, StringRef unit) {
    return emitError(loc) << "tensor '" << tensor.name() << "' of type " << type << " should have "
                          << (unit == "bytes" ? bytes : count) << " " << unit
                          << " of data, but has " << found;
  };
  if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() != bytes)
      return mismatch(tensor.raw_data().size(), "bytes");
    return makeWeights(type, ArrayRef<char>(tensor.raw_data().data(), bytes), owner);
  }
  // Typed fields: the same layout for 4 and 8 byte types, one int32 an element for the narrow ones.
  auto direct = [&](const auto &field) -> FailureOr<ElementsAttr> {
    if (static_cast<size_t>(field.size()) != count)
      return mismatch(field.size(), "elements");
    return makeWeights(type, ArrayRef<char>(reinterpret_cast<const char *>(field.data()), bytes),
                       owner);
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return direct(tensor.float_data());
  case TensorProto::DOUBLE:
    return direct(tensor.double_data());
  case TensorProto::INT32:
    return direct(tensor.int32_data());
  case TensorProto::INT64:
    return direct(tensor.int64_data());
  case TensorProto::UINT64:
    return direct(tensor.uint64_data());
  default:
    break;
  }
  edge::HostTensor result(type);
  unsigned width = result.elementBytes();
  auto narrow = [&](const auto &field) -> FailureOr<ElementsAttr> {
    if (static_cast<size_t>(field.size()) != count)
      return mismatch(field.size(), "elements");
    for (int i = 0; i < field.size(); ++i) {
      auto value = field.Get(i); // little-endian: the low bytes come first
      std::memcpy(result.mutableBytes() + static_cast<size_t>(i) * width, &value, width);
    }
    return result.toAttr();
  };
  if (tensor.data_type() == TensorProto::UINT32)
    return narrow(tensor.uint64_data());
  return narrow(tensor.int32_data());
}

} // namespace edgec::onnx_frontend
