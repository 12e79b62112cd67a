#include "frontends/tflite/Tensors.h"
#include "dialects/Edge/HostTensor.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/OpContext.h"

using namespace mlir;
using namespace edgec;

namespace edgec::tflite {

Type convertElementType(TensorType type, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isUnsigned = false) -> Type {
    return IntegerType::get(context, width,
                            isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  };
  switch (type) {
  case TensorType::FLOAT32:
    return Float32Type::get(context);
  case TensorType::FLOAT16:
    return Float16Type::get(context);
  case TensorType::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorType::FLOAT64:
    return Float64Type::get(context);
  case TensorType::BOOL:
    return integer(1);
  case TensorType::INT4:
  case TensorType::INT8:
    return integer(8);
  case TensorType::UINT8:
    return integer(8, true);
  case TensorType::INT16:
    return integer(16);
  case TensorType::UINT16:
    return integer(16, true);
  case TensorType::INT32:
    return integer(32);
  case TensorType::UINT32:
    return integer(32, true);
  case TensorType::INT64:
    return integer(64);
  case TensorType::UINT64:
    return integer(64, true);
  default:
    return {};
  }
}

TensorType toTensorType(Type element) {
  for (TensorType type : EnumValuesTensorType())
    if (type != TensorType::INT4 && convertElementType(type, element.getContext()) == element)
      return type;
  return TensorType::VARIANT;
}

//===- Quantization ---------------------------------------------------------------------------===//

bool isQuantized(const Tensor &tensor) {
  switch (tensor.type()) {
  case TensorType::INT4:
  case TensorType::INT8:
  case TensorType::UINT8:
  case TensorType::INT16:
  case TensorType::INT32:
  case TensorType::INT64:
    return tensor.quantization() &&
           (sizeOf(tensor.quantization()->scale()) > 0 ||
            tensor.quantization()->details_type() != QuantizationDetails::NONE);
  default:
    return false;
  }
}

FailureOr<quant::QuantizedType> quantizedType(const Tensor &tensor, StringRef name, int64_t rank,
                                              Location loc) {
  auto error = [&] { return emitError(loc) << "tensor '" << name << "' is quantized with "; };
  const QuantizationParameters *parameters = tensor.quantization();
  if (parameters->details_type() != QuantizationDetails::NONE &&
      parameters->details_type() != QuantizationDetails::CustomQuantization)
    return error() << "a scale for each block, which is not supported";
  SmallVector<double> scales(toArray(parameters->scale()));
  SmallVector<int64_t> zeroPoints(toArray(parameters->zero_point()));
  if (scales.empty())
    return error() << "no scale";
  // Converters leave the zero points out where all are 0, and write one for all.
  if (zeroPoints.empty())
    zeroPoints.push_back(0);
  if (zeroPoints.size() == 1)
    zeroPoints.resize(scales.size(), zeroPoints.front());
  if (zeroPoints.size() != scales.size())
    return error() << scales.size() << " scales and " << zeroPoints.size() << " zero points";
  auto integer = cast<IntegerType>(convertElementType(tensor.type(), loc.getContext()));
  if (integer.getWidth() > 32)
    return error() << integer << " integers, which is not supported here";
  unsigned bits = tensor.type() == TensorType::INT4 ? 4 : integer.getWidth();
  int64_t low = integer.isUnsigned() ? 0 : -(int64_t(1) << (bits - 1));
  int64_t high = low + (int64_t(1) << bits) - 1;
  if (failed(checkQuantization(loc, "tensor '" + name + "' is quantized with", scales, zeroPoints,
                               low, high)))
    return failure();
  int64_t axis = -1;
  if (scales.size() > 1) {
    axis = parameters->quantized_dimension();
    if (axis < 0 || axis >= rank)
      return error() << "scales along axis " << axis << ", but has rank " << rank;
    int64_t extent = tensor.shape()->Get(axis);
    if (extent != static_cast<int64_t>(scales.size()))
      return error() << scales.size() << " scales along axis " << axis << " of extent " << extent;
  }
  auto type = makeQuantized(loc, integer, scales, zeroPoints, axis, low, high);
  if (!type)
    return failure();
  return type;
}

//===- Sparse tensors -------------------------------------------------------------------------===//

/// The array of a sparse dimension, of whichever width.
static SmallVector<int64_t> readSparse(SparseIndexVector type, const void *vector) {
  SmallVector<int64_t> values;
  auto append = [&](auto *table) {
    for (auto value : toArray(table->values()))
      values.push_back(value);
  };
  if (!vector)
    return values;
  if (type == SparseIndexVector::Int32Vector)
    append(static_cast<const Int32Vector *>(vector));
  else if (type == SparseIndexVector::Uint16Vector)
    append(static_cast<const Uint16Vector *>(vector));
  else if (type == SparseIndexVector::Uint8Vector)
    append(static_cast<const Uint8Vector *>(vector));
  return values;
}

namespace {
/// Puts the values of a sparse tensor at their places. Dimensions come in `traversal_order`, those
/// from the rank on being the insides of blocks of the dimension that `block_map` says.
struct Densifier {
  struct Dimension {
    bool sparse;
    int64_t extent; ///< of a dense dimension
    SmallVector<int64_t> segments, indices;
  };
  SmallVector<Dimension> dimensions;
  SmallVector<int64_t> order, blockMap, blockExtents, shape, index;
  ArrayRef<char> values;
  edge::HostTensor result;
  unsigned width;
  int64_t next = 0; ///< value to place

  /// Fails where the arrays don't fit each other.
  bool place(size_t level, int64_t position) {
    if (level == dimensions.size()) {
      if ((next + 1) * width > static_cast<int64_t>(values.size()))
        return false;
      SmallVector<int64_t> at(shape.size(), 0);
      for (auto [i, dimension] : llvm::enumerate(order)) {
        if (dimension < static_cast<int64_t>(shape.size())) {
          at[dimension] += index[i] * blockExtents[dimension];
        } else {
          at[blockMap[dimension - shape.size()]] += index[i];
        }
      }
      int64_t flat = 0;
      for (auto [extent, i] : llvm::zip_equal(shape, at)) {
        if (i < 0 || i >= extent)
          return false;
        flat = flat * extent + i;
      }
      std::memcpy(result.mutableBytes() + flat * width, values.data() + next * width, width);
      ++next;
      return true;
    }
    Dimension &dimension = dimensions[level];
    if (!dimension.sparse) {
      for (int64_t i = 0; i < dimension.extent; ++i) {
        index[level] = i;
        if (!place(level + 1, position * dimension.extent + i))
          return false;
      }
      return true;
    }
    if (position + 1 >= static_cast<int64_t>(dimension.segments.size()))
      return false;
    int64_t begin = dimension.segments[position], end = dimension.segments[position + 1];
    if (begin < 0 || end > static_cast<int64_t>(dimension.indices.size()))
      return false;
    for (int64_t i = begin; i < end; ++i) {
      index[level] = dimension.indices[i];
      if (!place(level + 1, i))
        return false;
    }
    return true;
  }
};
} // namespace

static FailureOr<ElementsAttr> densify(const SparsityParameters &sparsity, RankedTensorType type,
                                       ArrayRef<char> bytes, StringRef name, Location loc) {
  auto error = [&] {
    return emitError(loc) << "tensor '" << name << "' has sparse data that don't fit its shape";
  };
  Densifier densifier{{},
                      {},
                      {},
                      {},
                      {},
                      {},
                      bytes,
                      edge::HostTensor(type),
                      edge::elementBytes(type.getElementType())};
  densifier.shape.assign(type.getShape().begin(), type.getShape().end());
  llvm::append_range(densifier.order, toArray(sparsity.traversal_order()));
  llvm::append_range(densifier.blockMap, toArray(sparsity.block_map()));
  size_t rank = densifier.shape.size(), levels = rank + densifier.blockMap.size();
  if (densifier.order.size() != levels || sizeOf(sparsity.dim_metadata()) != levels || levels > 32)
    return error();
  densifier.index.assign(levels, 0);
  densifier.blockExtents.assign(rank, 1);
  llvm::SmallBitVector seen(levels);
  int64_t dense = 1;
  for (size_t i = 0; i < levels; ++i) {
    const DimensionMetadata *metadata = sparsity.dim_metadata()->Get(i);
    int64_t at = densifier.order[i];
    if (at < 0 || at >= static_cast<int64_t>(levels) || seen.test(at))
      return error();
    seen.set(at);
    Densifier::Dimension dimension{
        metadata->format() != DimensionType::DENSE, metadata->dense_size(),
        readSparse(metadata->array_segments_type(), metadata->array_segments()),
        readSparse(metadata->array_indices_type(), metadata->array_indices())};
    if (!dimension.sparse) {
      if (dimension.extent < 1 || dimension.extent > type.getNumElements())
        return error();
      dense *= dimension.extent;
      if (dense > type.getNumElements())
        return error();
    }
    if (at >= static_cast<int64_t>(rank)) {
      int64_t mapped = densifier.blockMap[at - rank];
      if (dimension.sparse || mapped < 0 || mapped >= static_cast<int64_t>(rank))
        return error();
      densifier.blockExtents[mapped] *= dimension.extent;
    }
    densifier.dimensions.push_back(std::move(dimension));
  }
  if (!densifier.place(0, 0))
    return error();
  return densifier.result.toAttr();
}

//===- Data -----------------------------------------------------------------------------------===//

FailureOr<ElementsAttr> readTensor(const LoadedModel &model, const Tensor &tensor, StringRef name,
                                   Location loc) {
  Type element = convertElementType(tensor.type(), loc.getContext());
  if (!element)
    return emitError(loc) << "tensor '" << name << "' has element type " << nameOf(tensor.type())
                          << ", which is not supported";
  SmallVector<int64_t> shape(toArray(tensor.shape()));
  if (failed(edge::checkShape(loc, "constant", shape)))
    return failure();
  auto type = RankedTensorType::get(shape, element);
  const auto *data = model.model->buffers()->Get(tensor.buffer())->data();
  ArrayRef<char> bytes(data ? reinterpret_cast<const char *>(data->data()) : nullptr, sizeOf(data));
  if (tensor.sparsity()) {
    if (tensor.type() == TensorType::INT4)
      return emitError(loc) << "tensor '" << name << "' is sparse and INT4, which is not supported";
    return densify(*tensor.sparsity(), type, bytes, name, loc);
  }
  int64_t count = type.getNumElements();
  bool packed = tensor.type() == TensorType::INT4;
  int64_t expected = packed ? (count + 1) / 2 : count * edge::elementBytes(element);
  if (static_cast<int64_t>(bytes.size()) != expected)
    return emitError(loc) << "tensor '" << name << "' needs " << expected
                          << " bytes, but its buffer has " << bytes.size();
  if (packed) { // two elements a byte, the low half first
    edge::HostTensor unpacked(type);
    for (int64_t i = 0; i < count; ++i) {
      auto nibbles = static_cast<unsigned char>(bytes[i / 2]);
      int value = i % 2 ? nibbles >> 4 : nibbles & 15;
      unpacked.setInt(i, value < 8 ? value : value - 16);
    }
    return unpacked.toAttr();
  }
  if (element.isInteger(1)) { // any byte but 0 is true
    edge::HostTensor booleans(type);
    for (int64_t i = 0; i < count; ++i)
      booleans.setInt(i, bytes[i] != 0);
    return booleans.toAttr();
  }
  return makeWeights(type, bytes, model.file);
}

} // namespace edgec::tflite
