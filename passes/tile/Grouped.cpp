#include "passes/tile/Grouped.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Contraction.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;

namespace edgec::tile {

//===- Finding groups -------------------------------------------------------------------------===//

/// The integer of some bits that a number is of a scale; nothing where it is none, exactly.
static std::optional<int64_t> multipleOf(float number, float scale, int64_t bits) {
  if (number == 0)
    return 0;
  double steps = std::nearbyint(static_cast<double>(number) / scale);
  auto end = static_cast<double>(int64_t(1) << (bits - 1));
  if (!(steps >= -end && steps < end) || static_cast<float>(steps) * scale != number)
    return std::nullopt;
  return static_cast<int64_t>(steps);
}

/// The scale that all numbers are multiples of; nothing where there is none. The largest of them is
/// one to as many steps as there are, and division may have lost a bit.
static std::optional<float> commonScale(ArrayRef<float> numbers, int64_t bits) {
  float most = 0;
  for (float number : numbers)
    most = std::max(most, std::fabs(number));
  if (most == 0)
    return 0.0f;
  for (int64_t steps = 1; steps <= int64_t(1) << (bits - 1); ++steps) {
    float quotient = most / static_cast<float>(steps);
    for (float scale : {quotient, std::nextafter(quotient, 0.0f), std::nextafter(quotient, most)})
      if (std::isnormal(scale) && llvm::all_of(numbers, [&](float number) {
            return multipleOf(number, scale, bits).has_value();
          }))
        return scale;
  }
  return std::nullopt;
}

/// With integers of `bits`.
static std::optional<WeightGroups> findGroups(const edge::HostTensor &weights, int64_t depth,
                                              int64_t features, int64_t bits) {
  MLIRContext *context = weights.getType().getContext();
  auto type = RankedTensorType::get({depth, features}, IntegerType::get(context, 8));
  for (int64_t size : {256, 128, 64, 32, 16}) {
    if (depth % size)
      continue;
    WeightGroups groups{size, bits, edge::HostTensor(type),
                        std::vector<float>(depth / size * features)};
    auto fill = [&](int64_t group, int64_t feature) {
      SmallVector<float, 256> numbers;
      for (int64_t d = group * size; d < (group + 1) * size; ++d)
        numbers.push_back(static_cast<float>(weights.getFloat(d * features + feature)));
      std::optional<float> scale = commonScale(numbers, bits);
      if (!scale)
        return false;
      groups.scales[group * features + feature] = *scale;
      groups.shortScales &= (llvm::bit_cast<uint32_t>(*scale) & 0xffff) == 0;
      for (int64_t i = 0; i < size; ++i)
        groups.integers.setInt((group * size + i) * features + feature,
                               *scale == 0 ? 0 : *multipleOf(numbers[i], *scale, bits));
      return true;
    };
    bool found = true;
    for (int64_t at = 0, e = depth / size * features; at < e && found; ++at)
      found = fill(at / features, at % features);
    if (found)
      return groups;
  }
  return std::nullopt;
}

std::optional<WeightGroups> findGroups(const edge::HostTensor &weights, int64_t depth,
                                       int64_t features) {
  if (auto groups = findGroups(weights, depth, features, 4))
    return groups;
  for (int64_t i = 0, e = weights.getNumElements(); i < e; ++i)
    if (double x = weights.getFloat(i); x != std::trunc(x))
      return findGroups(weights, depth, features, 8);
  return std::nullopt;
}

edge::HostTensor packGroups(const WeightGroups &groups, kernel::PackingAttr packing) {
  int64_t depth = groups.integers.getShape()[0], features = groups.integers.getShape()[1];
  int64_t lanes = packing.getLanes(), block = packing.getBlock();
  kernel::GroupedLayout layout = groups.layout();
  edge::HostTensor packed(
      RankedTensorType::get({layout.packedBytes(depth, llvm::alignTo(features, lanes))},
                            groups.integers.getElementType()));
  char *out = packed.mutableBytes();
  for (int64_t first = 0; first < features; first += block) {
    int64_t count = std::min(block, features - first);
    auto padded = static_cast<int64_t>(llvm::alignTo(count, lanes));
    for (int64_t g = 0; g < depth / groups.size; ++g) {
      for (int64_t f = 0; f < count; ++f) {
        auto bits = llvm::bit_cast<uint32_t>(groups.scales[g * features + first + f]);
        for (int64_t byte = 0; byte < layout.scaleBytes; ++byte) // little-endian
          out[f * layout.scaleBytes + byte] =
              static_cast<char>(bits >> (8 * (4 - layout.scaleBytes + byte)));
      }
      out += padded * layout.scaleBytes;
      int64_t rows = 8 / groups.bits; // in a byte
      for (int64_t d = g * groups.size; d < (g + 1) * groups.size; d += rows, out += padded)
        for (int64_t f = 0; f < count; ++f) {
          int64_t at = d * features + first + f, byte = groups.integers.getInt(at);
          if (rows == 2)
            byte = (byte & 15) | (groups.integers.getInt(at + features) << 4);
          out[f] = static_cast<char>(byte);
        }
    }
  }
  return packed;
}

//===- Loops ----------------------------------------------------------------------------------===//

/// The scales of a vector of features.
Value Contraction::loadScales(OpBuilder &b, Value at) {
  Type stored = grouped->scaleBytes == 2 ? Type(b.getBF16Type()) : Type(b.getF32Type());
  Value bytes = vector::LoadOp::create(
      b, loc, VectorType::get(lanes * grouped->scaleBytes, b.getI8Type()), weights.memory, at);
  Value scales = vector::BitCastOp::create(b, loc, VectorType::get(lanes, stored), bytes);
  if (lanes == 1)
    scales = vector::ExtractOp::create(b, loc, scales, ArrayRef<int64_t>{0});
  return convertElements(b, loc, scales, compute);
}

/// A group after the other. Each weight is what it stands for before it is multiplied, so that sums
/// are those of float weights, bit by bit.
SmallVector<Value> Contraction::emitGrouped(OpBuilder &b, const Tile &tile, Value input,
                                            ValueRange sums) {
  IndexMath index{b, loc};
  const WeightBlock &block = tile.block;
  int64_t rowStride = x.strides[x.rank() - 2], channelStride = x.strides.back();
  int64_t width = block.vectors * lanes, pairs = grouped->size / 2;
  int64_t pairBytes = width * grouped->bits / 4; // both in one byte, or one after the other
  input = index.add(input, index.mul(tile.first, rowStride));
  Type i32 = b.getI32Type();
  LaneAccess whole{lanes, lanes, machine.masks};
  auto shifted = [&](OpBuilder &b, Value value, int64_t left) {
    auto by = [&](int64_t bits) {
      return createSplat(b, loc, value.getType(), b.getI32IntegerAttr(static_cast<int32_t>(bits)));
    };
    Value up = left ? arith::ShLIOp::create(b, loc, value, by(left)).getResult() : value;
    return arith::ShRSIOp::create(b, loc, up, by(left ? left : 4)).getResult();
  };
  // Two products of each row and feature.
  auto step = [&](OpBuilder &b, Value bytes, Value element, ArrayRef<Value> scales,
                  MutableArrayRef<Value> live) {
    IndexMath index{b, loc};
    if (streams)
      prefetch(b, loc, weights, bytes, pairBytes);
    SmallVector<Value> first, second;
    for (int64_t v = 0; v < block.vectors; ++v) {
      auto load = [&](int64_t at) {
        return loadVector(b, loc, weights, index.add(bytes, at + v * lanes), whole, i32);
      };
      auto number = [&](Value steps) -> Value {
        steps = convertElements(b, loc, steps, compute);
        return arith::MulFOp::create(b, loc, steps, scales[v]);
      };
      Value integers = load(0);
      if (grouped->bits == 8) {
        first.push_back(number(integers));
        second.push_back(number(load(width)));
      } else {
        first.push_back(number(shifted(b, integers, 28))); // the low 4 of 32 bits, with their sign
        second.push_back(number(shifted(b, integers, 0)));
      }
    }
    for (int64_t row = 0; row < tile.rows; ++row)
      for (auto [offset, numbers] : {std::pair(0, &first), std::pair(1, &second)}) {
        Value at = index.add(element, row * rowStride + offset * channelStride);
        Value x = loadSplat(b, loc, this->x, at, lanes, compute);
        for (int64_t v = 0; v < block.vectors; ++v) {
          Value &sum = live[row * block.vectors + v];
          sum = multiplyAdd(b, loc, x, (*numbers)[v], sum);
        }
      }
  };
  int64_t unroll = machine.compact ? 1 : 4; // groups are multiples of 16
  return createLoop(
      b, loc, index.constant(0), index.constant(channels / grouped->size), 1, sums,
      [&](OpBuilder &b, Value group, ValueRange sums) {
        IndexMath index{b, loc};
        int64_t groupBytes = width * grouped->groupBytes();
        Value at = index.add(tile.block.weights, index.mul(group, groupBytes));
        SmallVector<Value> scales;
        for (int64_t v = 0; v < block.vectors; ++v)
          scales.push_back(loadScales(b, index.add(at, v * lanes * grouped->scaleBytes)));
        Value bytes = index.add(at, width * grouped->scaleBytes);
        Value elements = index.add(input, index.mul(group, grouped->size * channelStride));
        return createLoop(b, loc, index.constant(0), index.constant(pairs), unroll, sums,
                          [&](OpBuilder &b, Value pair, ValueRange sums) {
                            IndexMath index{b, loc};
                            SmallVector<Value> live(sums);
                            for (int64_t u = 0; u < unroll; ++u) {
                              Value place = index.add(pair, u);
                              step(b, index.add(bytes, index.mul(place, pairBytes)),
                                   index.add(elements, index.mul(place, 2 * channelStride)), scales,
                                   live);
                            }
                            return live;
                          });
      });
}

} // namespace edgec::tile
