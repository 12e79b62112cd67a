#include "passes/tile/FlatBuffer.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

//===- Buffers
//-----------------------------------------------------------------------------------===//

FlatBuffer::FlatBuffer(OpBuilder &b, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  element = type.getElementType();
  shape.assign(type.getShape().begin(), type.getShape().end());
  [[maybe_unused]] LogicalResult known = type.getStridesAndOffset(strides, offset);
  if (auto view = buffer.getDefiningOp<kernel::BlockOp>()) {
    type = cast<MemRefType>(view.getSource().getType());
    isBlock = true;
    if (Value part = view.getPart())
      origin = IndexMath{b, loc}.mul(part, type.getDimSize(1));
    buffer = view.getSource();
  } else if (auto view = buffer.getDefiningOp<kernel::RingOp>()) {
    ringRows = view.getRows();
    if (Value part = view.getPart())
      ringOrigin = IndexMath{b, loc}.mul(part, ringRows);
    buffer = view.getSource();
    type = cast<MemRefType>(buffer.getType());
  }
  SmallVector<int64_t> steps;
  int64_t start = 0;
  [[maybe_unused]] LogicalResult laid = type.getStridesAndOffset(steps, start);
  int64_t end = start + 1;
  for (auto [extent, stride] : llvm::zip_equal(type.getShape(), steps))
    end += (extent - 1) * stride;
  if (type.getRank() == 1 && type.getLayout().isIdentity()) {
    memory = buffer;
    return;
  }
  auto flat = MemRefType::get({end}, element, MemRefLayoutAttrInterface(), type.getMemorySpace());
  memory = memref::ReinterpretCastOp::create(b, loc, flat, buffer, /*offset=*/0,
                                             ArrayRef<int64_t>{end}, ArrayRef<int64_t>{1});
}

Value FlatBuffer::start(const IndexMath &index) const {
  Value first = index.constant(offset);
  return origin ? index.add(origin, first) : first;
}

void FlatBuffer::moveTo(const IndexMath &index, Value matrix, Value first) {
  if (isBlock)
    return;
  Value shift =
      index.add(index.mul(first, strides[rank() - 2]), index.mul(matrix, strides.front()));
  origin = origin ? index.add(origin, shift) : shift;
}

Value FlatBuffer::row(const IndexMath &index, Value row) const {
  if (!ringRows)
    return row;
  Value there = index.rem(row, ringRows);
  return ringOrigin ? index.add(there, ringOrigin) : there;
}

void FlatBuffer::broadcast(ArrayRef<int64_t> whole) {
  for (auto [extent, stride] : llvm::zip_equal(shape, strides))
    if (extent == 1)
      stride = 0;
  shape.assign(whole.begin(), whole.end());
}

bool FlatBuffer::collapsible(int64_t d) const {
  return shape[d] == 1 || shape[d + 1] == 1 || strides[d] == strides[d + 1] * shape[d + 1];
}

void FlatBuffer::collapse(int64_t d) {
  if (shape[d + 1] == 1)
    strides[d + 1] = strides[d];
  shape[d + 1] *= shape[d];
  shape.erase(shape.begin() + d);
  strides.erase(strides.begin() + d);
}

void FlatBuffer::split(int64_t d, int64_t inner) {
  shape.insert(shape.begin() + d, shape[d] / inner);
  strides.insert(strides.begin() + d, strides[d] * inner);
  shape[d + 1] = inner;
}

//===- Vectors
//-----------------------------------------------------------------------------------===//

Type computeType(Type element) {
  auto floatType = dyn_cast<FloatType>(element);
  return floatType && floatType.getWidth() < 32 ? Float32Type::get(element.getContext()) : element;
}

Value convertElements(OpBuilder &b, Location loc, Value value, Type element, bool isUnsigned) {
  Type from = getElementTypeOrSelf(value.getType()), to = element;
  if (from == to)
    return value;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(element);
  if (isa<IntegerType>(from) && isa<FloatType>(element))
    return isUnsigned ? arith::UIToFPOp::create(b, loc, to, value).getResult()
                      : arith::SIToFPOp::create(b, loc, to, value).getResult();
  bool widens = from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth();
  if (isa<FloatType>(from))
    return widens ? arith::ExtFOp::create(b, loc, to, value).getResult()
                  : arith::TruncFOp::create(b, loc, to, value).getResult();
  if (widens && isUnsigned)
    return arith::ExtUIOp::create(b, loc, to, value);
  return widens ? arith::ExtSIOp::create(b, loc, to, value).getResult()
                : arith::TruncIOp::create(b, loc, to, value).getResult();
}

void prefetch(OpBuilder &b, Location loc, const FlatBuffer &buffer, Value index, int64_t count) {
  constexpr int64_t kAheadBytes = 4096;
  int64_t width = edge::elementBytes(buffer.element);
  IndexMath math{b, loc};
  for (int64_t at = 0; at < count; at += kLineBytes / width)
    memref::PrefetchOp::create(b, loc, buffer.memory, math.add(index, at + kAheadBytes / width),
                               /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

Value multiplyAdd(OpBuilder &b, Location loc, Value x, Value y, Value sum) {
  if (isa<FloatType>(getElementTypeOrSelf(x.getType()))) {
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, sum, product, contract);
  }
  return arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, x, y));
}

static Value laneMask(OpBuilder &b, Location loc, LaneAccess access) {
  SmallVector<bool> bits(access.lanes, false);
  std::fill(bits.begin(), bits.begin() + access.valid, true);
  auto type = VectorType::get(access.lanes, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef<bool>(bits)));
}

/// Calls `body` with the offset and the width of each power of two that `count` is made of.
static void forEachPiece(int64_t count, llvm::function_ref<void(int64_t, int64_t)> body) {
  for (int64_t offset = 0; offset < count;) {
    int64_t width = llvm::bit_floor<uint64_t>(count - offset);
    body(offset, width);
    offset += width;
  }
}

static int64_t lastStride(const FlatBuffer &buffer) {
  return buffer.strides.empty() ? 1 : buffer.strides.back();
}

/// Whether a register of neighbouring elements is one access. Booleans lie in bytes, but a vector
/// of them would be one of bits.
static bool isRow(const FlatBuffer &buffer) {
  return lastStride(buffer) == 1 && buffer.element.getIntOrFloatBitWidth() >= 8;
}

static Value loadElements(OpBuilder &b, Location loc, const FlatBuffer &buffer, Value index,
                          LaneAccess access) {
  if (access.lanes == 1)
    return memref::LoadOp::create(b, loc, buffer.memory, index);
  auto type = VectorType::get(access.lanes, buffer.element);
  int64_t stride = lastStride(buffer);
  if (access.valid == access.lanes && isRow(buffer))
    return vector::LoadOp::create(b, loc, type, buffer.memory, index);
  Value result = createSplat(b, loc, type, b.getZeroAttr(buffer.element));
  if (!isRow(buffer)) {
    IndexMath math{b, loc};
    for (int64_t lane = 0; lane < access.valid; ++lane) {
      Value scalar = memref::LoadOp::create(b, loc, buffer.memory, math.add(index, lane * stride));
      result = vector::InsertOp::create(b, loc, scalar, result, ArrayRef<int64_t>{lane});
    }
    return result;
  }
  if (access.masks)
    return vector::MaskedLoadOp::create(b, loc, type, buffer.memory, index,
                                        laneMask(b, loc, access), result);
  IndexMath math{b, loc};
  forEachPiece(access.valid, [&](int64_t offset, int64_t width) {
    Value at = math.add(index, offset);
    if (width == 1) {
      Value scalar = memref::LoadOp::create(b, loc, buffer.memory, at);
      result = vector::InsertOp::create(b, loc, scalar, result, ArrayRef<int64_t>{offset});
      return;
    }
    Value piece =
        vector::LoadOp::create(b, loc, VectorType::get(width, buffer.element), buffer.memory, at);
    SmallVector<int64_t> widen(access.lanes, 0), place(access.lanes);
    for (int64_t lane = 0; lane < access.lanes; ++lane) {
      bool here = lane >= offset && lane < offset + width;
      if (here)
        widen[lane] = lane - offset;
      place[lane] = here ? access.lanes + lane : lane;
    }
    Value wide = vector::ShuffleOp::create(b, loc, piece, piece, widen);
    result = vector::ShuffleOp::create(b, loc, result, wide, place);
  });
  return result;
}

/// A register less the buffer's zero point.
static Value centre(OpBuilder &b, Location loc, const FlatBuffer &buffer, Value value) {
  if (!buffer.zeroPoint)
    return value;
  Type element = getElementTypeOrSelf(value.getType());
  auto zero = b.getIntegerAttr(
      element, llvm::SignExtend64(buffer.zeroPoint, element.getIntOrFloatBitWidth()));
  return arith::SubIOp::create(b, loc, value, createSplat(b, loc, value.getType(), zero));
}

Value loadVector(OpBuilder &b, Location loc, const FlatBuffer &buffer, Value index,
                 LaneAccess access, Type element) {
  Value value = loadElements(b, loc, buffer, index, access);
  return centre(b, loc, buffer, convertElements(b, loc, value, element, buffer.isUnsigned));
}

void storeVector(OpBuilder &b, Location loc, Value value, const FlatBuffer &buffer, Value index,
                 LaneAccess access) {
  value = convertElements(b, loc, value, buffer.element);
  if (access.lanes == 1) {
    memref::StoreOp::create(b, loc, value, buffer.memory, index);
    return;
  }
  int64_t stride = lastStride(buffer);
  // LLVM 22 makes a store of all 32 bits of a masked one of a single narrowed lane (x86).
  if (!isRow(buffer) || access.valid == 1) {
    IndexMath math{b, loc};
    for (int64_t lane = 0; lane < access.valid; ++lane) {
      Value scalar = vector::ExtractOp::create(b, loc, value, ArrayRef<int64_t>{lane});
      memref::StoreOp::create(b, loc, scalar, buffer.memory, math.add(index, lane * stride));
    }
    return;
  }
  if (access.valid == access.lanes) {
    vector::StoreOp::create(b, loc, value, buffer.memory, index);
    return;
  }
  if (access.masks) {
    vector::MaskedStoreOp::create(b, loc, buffer.memory, index, laneMask(b, loc, access), value);
    return;
  }
  IndexMath math{b, loc};
  forEachPiece(access.valid, [&](int64_t offset, int64_t width) {
    Value at = math.add(index, offset);
    if (width == 1) {
      Value scalar = vector::ExtractOp::create(b, loc, value, ArrayRef<int64_t>{offset});
      memref::StoreOp::create(b, loc, scalar, buffer.memory, at);
      return;
    }
    auto lanesOf = llvm::to_vector(llvm::seq(offset, offset + width));
    Value piece = vector::ShuffleOp::create(b, loc, value, value, lanesOf);
    vector::StoreOp::create(b, loc, piece, buffer.memory, at);
  });
}

Value loadSplat(OpBuilder &b, Location loc, const FlatBuffer &buffer, Value index, int64_t lanes,
                Type element) {
  Value scalar = convertElements(b, loc, memref::LoadOp::create(b, loc, buffer.memory, index),
                                 element, buffer.isUnsigned);
  scalar = centre(b, loc, buffer, scalar);
  return lanes == 1 ? scalar
                    : vector::BroadcastOp::create(b, loc, VectorType::get(lanes, element), scalar);
}

} // namespace edgec::tile
