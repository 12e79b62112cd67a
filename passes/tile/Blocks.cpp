#include "passes/tile/Blocks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

SmallVector<WindowDim> windowDims(kernel::WindowOpInterface op) {
  Value init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front();
  ArrayRef<int64_t> in = cast<ShapedType>(op.getWindowInput().get().getType()).getShape();
  ArrayRef<int64_t> out = cast<ShapedType>(init.getType()).getShape(), pads = op.getWindowPads();
  SmallVector<int64_t> window = op.getWindowShape();
  SmallVector<WindowDim> dims;
  for (size_t i = 0; i < window.size(); ++i)
    dims.push_back({in[i + 1], out[i + 1], window[i], op.getWindowStrides()[i],
                    op.getWindowDilations()[i], pads[i], pads[window.size() + i],
                    op.isTransposedWindow()});
  return dims;
}

void emitParts(OpBuilder &b, Location loc, int64_t parts, Share &share,
               function_ref<void(OpBuilder &)> body) {
  if (parts == 1)
    return body(b);
  IndexMath index{b, loc};
  createLoop(b, loc, index.constant(0), index.constant(parts), 1, {},
             [&](OpBuilder &b, Value part, ValueRange) {
               share = {part, parts};
               body(b);
               return SmallVector<Value>();
             });
}

void emitGroups(OpBuilder &b, Location loc, int64_t batch, int64_t groups,
                function_ref<void(OpBuilder &, Value, Value)> body) {
  SmallVector<Value> none;
  IndexMath index{b, loc};
  createLoop(b, loc, index.constant(0), index.constant(batch), 1, {},
             [&](OpBuilder &b, Value n, ValueRange) {
               IndexMath index{b, loc};
               createLoop(b, loc, index.constant(0), index.constant(groups), 1, {},
                          [&](OpBuilder &b, Value g, ValueRange) {
                            body(b, n, g);
                            return none;
                          });
               return none;
             });
}

void emitBlocks(OpBuilder &b, Location loc, const Share &share, int64_t count, FeatureBlock block,
                function_ref<void(OpBuilder &, const FeatureBlock &)> body) {
  IndexMath index{b, loc};
  int64_t size = block.vectors * block.lanes, whole = count / size;
  block.valid = size;
  auto [first, end] = share.of(index, whole);
  createLoop(b, loc, index.mul(first, size), index.mul(end, size), size, {},
             [&](OpBuilder &b, Value feature, ValueRange) {
               block.first = feature;
               body(b, block);
               return SmallVector<Value>();
             });
  int64_t rest = count - whole * size;
  if (!rest)
    return;
  share.last(b, loc, [&](OpBuilder &b) {
    block.first = IndexMath{b, loc}.constant(whole * size);
    block.vectors = llvm::divideCeilSigned(rest, block.lanes);
    block.valid = rest;
    body(b, block);
  });
}

SmallVector<Value> startSums(OpBuilder &b, Location loc, const FlatBuffer &bias, Type element,
                             Value feature, const FeatureBlock &block, int64_t rows) {
  IndexMath index{b, loc};
  SmallVector<Value> starts, sums;
  for (int64_t v = 0; v < block.vectors; ++v) {
    if (!bias.valid()) {
      starts.push_back(createSplat(b, loc, laneType(element, block.lanes), b.getZeroAttr(element)));
      continue;
    }
    int64_t stride = bias.strides.back();
    Value at = index.add(index.mul(feature, stride), bias.offset + v * block.lanes * stride);
    starts.push_back(loadVector(b, loc, bias, at, block.access(v), element));
  }
  for (int64_t row = 0; row < rows; ++row)
    llvm::append_range(sums, starts);
  return sums;
}

void storeTile(OpBuilder &b, Location loc, const Epilogue &epilogue, ValueRange sums,
               OutputPlace place, const FeatureBlock &block) {
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t vector = static_cast<int64_t>(i) % block.vectors;
    place.row = static_cast<int64_t>(i) / block.vectors;
    place.lane = vector * block.lanes;
    epilogue.store(b, loc, sum, place, block.access(vector));
  }
}

} // namespace edgec::tile
