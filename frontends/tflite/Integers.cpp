#include "frontends/tflite/Integers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::tflite;

std::optional<ScaleAndZero> ScaleAndZero::of(const Tensor *tensor) {
  const auto *table = tensor ? tensor->quantization() : nullptr;
  if (!table || sizeOf(table->scale()) != 1 || sizeOf(table->zero_point()) > 1)
    return std::nullopt;
  int64_t zero = sizeOf(table->zero_point()) ? table->zero_point()->Get(0) : 0;
  if (zero < INT32_MIN || zero > INT32_MAX)
    return std::nullopt;
  return ScaleAndZero{table->scale()->Get(0), zero};
}

Value edgec::tflite::centred(const NodeContext &ctx, Value x, int64_t zero) {
  if (!x)
    return {};
  Type i32 = ctx.b.getI32Type();
  Value wide = ctx.cast(x, i32);
  return zero ? Formula(ctx).sub(wide, ctx.scalar(i32, static_cast<double>(zero))) : wide;
}

Value edgec::tflite::requantized(const NodeContext &ctx, Value x, const edge::FixedPoint &factor,
                                 int64_t zero, unsigned bits, Type storage) {
  if (!x)
    return {};
  int64_t low = storage.isUnsignedInteger() ? 0 : -(int64_t(1) << (bits - 1));
  return ctx.create<edge::RequantizeOp>(
      x, factor.multipliers, factor.shifts, static_cast<uint32_t>(zero), static_cast<uint32_t>(low),
      static_cast<uint32_t>(low + (int64_t(1) << bits) - 1), storage, /*rounds_once=*/false);
}

Value edgec::tflite::requantized(const NodeContext &ctx, Value x, const edge::FixedPoint &factor,
                                 int64_t zero, unsigned bits) {
  return requantized(ctx, x, factor, zero, bits, ctx.b.getIntegerType(bits));
}
