#include "dialects/Kernel/ByteDepthwise.h"
#include "llvm/Support/MathExtras.h"

using namespace edgec::kernel;

ByteDepthwise ByteDepthwise::of(ConvOp op, int64_t lanes) {
  llvm::SmallVector<int64_t> window = op.getKernelShape();
  int64_t channels = mlir::cast<mlir::ShapedType>(op.getX().getType()).getShape().back();
  ByteDepthwise shape{channels, lanes, window.size() == 2 ? window.front() : 1, window.back(), 1};
  int64_t width = kTaps * lanes;
  if (op.getStrides().back() == 1 && channels % kSub == 0 && width % channels == 0)
    shape.joint = width / channels;
  return shape;
}

llvm::SmallVector<ByteBlock> ByteDepthwise::blocks() const {
  llvm::SmallVector<ByteBlock> result;
  int64_t most = kTaps * lanes, weights = 0;
  if (joint > 1)
    return {{0, most, 0}};
  for (int64_t first = 0; first < channels;) {
    int64_t rest = llvm::alignTo(channels - first, kSub);
    int64_t count = std::min<int64_t>(most, llvm::bit_ceil<uint64_t>(rest));
    result.push_back({first, count, weights});
    weights += count * kTaps * outer * tapGroups();
    first += count;
  }
  return result;
}

int64_t ByteDepthwise::packedElements() const {
  int64_t count = 0;
  for (const ByteBlock &block : blocks())
    count += block.channels;
  return count * kTaps * outer * tapGroups();
}
