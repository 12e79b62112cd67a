// com.microsoft's MatMulNBits: a product with weights that are packed, and scaled in blocks.
#include "frontends/onnx/ops/Quantize.h"
#include "frontends/onnx/ops/Row.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

namespace {

constexpr int64_t kLimit = int64_t(1) << 31;

/// Rows of integers of `bits` bits, the first in the lowest bits of a byte; each row begins with a
/// byte of its own. One integer a byte then, as many as `shape` says.
edge::HostTensor unpack(const edge::HostTensor &packed, int64_t bits, RankedTensorType type) {
  edge::HostTensor result(type);
  int64_t columns = type.getShape().back(), perByte = 8 / bits;
  int64_t rowBytes = (columns + perByte - 1) / perByte;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int64_t column = i % columns;
    int64_t byte = packed.getInt(i / columns * rowBytes + column / perByte);
    result.setInt(i, (byte >> (column % perByte * bits)) & ((1 << bits) - 1));
  }
  return result;
}

/// A [..., K] times the transpose of B [N, K], which has a scale and a zero point for each
/// `block_size` integers of a row.
FailureOr<Results> importMatMulNBits(NodeContext &ctx) {
  int64_t rows = ctx.intAttr("N", 0), columns = ctx.intAttr("K", 0);
  int64_t bits = ctx.intAttr("bits", 4), block = ctx.intAttr("block_size", 0);
  if (rows < 1 || columns < 1 || rows > kLimit || columns > kLimit || block < 1 || block > kLimit ||
      (bits != 2 && bits != 4 && bits != 8))
    return ctx.error("has weights of ")
           << rows << "x" << columns << ", " << bits << " bits and blocks of " << block
           << ", which is not supported";
  if (ctx.input(4))
    return ctx.error("has weights in another order (g_idx), which is not supported");
  FailureOr<edge::HostTensor> packed = ctx.constant(1, "the weights");
  if (failed(packed))
    return failure();
  int64_t blocks = (columns + block - 1) / block;
  Type byte = ctx.b.getIntegerType(8, /*isSigned=*/false);
  auto expect = [&](unsigned index, int64_t count, StringRef what) -> LogicalResult {
    if (ctx.type(index).getNumElements() == count)
      return success();
    return ctx.error("expects ") << count << " " << what << ", but there are "
                                 << ctx.type(index).getNumElements();
  };
  if (packed->getElementType() != byte || block * bits % 8)
    return ctx.error("expects weights packed into bytes");
  if (failed(expect(1, rows * blocks * (block * bits / 8), "bytes of weights")) ||
      failed(expect(2, rows * blocks, "scales")))
    return failure();
  auto integers = [&](const edge::HostTensor &bytes, int64_t count) {
    return ctx.constantTensor(unpack(bytes, bits, RankedTensorType::get({rows, count}, byte)));
  };
  Quantization quantization{ctx.reshape(ctx.input(2), {rows, blocks}), Value(), 1, block};
  if (!ctx.input(3)) {
    edge::HostTensor middle(RankedTensorType::get({rows, blocks}, byte));
    for (int64_t i = 0; i < rows * blocks; ++i)
      middle.setInt(i, int64_t(1) << (bits - 1));
    quantization.zeroPoint = ctx.constantTensor(middle);
  } else {
    FailureOr<edge::HostTensor> zeros = ctx.constant(3, "the zero points");
    if (failed(zeros))
      return failure();
    if (zeros->getElementType() != byte)
      return ctx.error("has zero points of ")
             << zeros->getElementType() << ", which is not supported";
    if (failed(expect(3, rows * ((blocks * bits + 7) / 8), "bytes of zero points")))
      return failure();
    quantization.zeroPoint = integers(*zeros, blocks);
  }
  Value weights = dequantize(ctx, integers(*packed, blocks * block), quantization);
  if (!weights)
    return failure();
  if (columns != blocks * block)
    weights = ctx.create<edge::SliceOp>(weights, ArrayRef<int64_t>{0, 0},
                                        ArrayRef<int64_t>{rows, columns}, ArrayRef<int64_t>{1, 1});
  Value y = ctx.create<edge::MatMulOp>(ctx.input(0), ctx.transpose(weights, {1, 0}), false);
  return one(ctx.input(5) ? Formula(ctx).add(y, ctx.input(5)) : y);
}

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getNBitsRows() {
  static constexpr OperatorRow rows[] = {
      {"MatMulNBits", needs<importMatMulNBits, 3>, "com.microsoft"},
  };
  return rows;
}
