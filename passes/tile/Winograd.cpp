#include "passes/tile/Winograd.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/tile/Contraction.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace edgec::tile {

/// A tile of results, and of the input that it depends on.
static constexpr int64_t kOut = 4, kIn = 6, kPoints = kIn * kIn;
/// Channels and features below which the transforms take more than they save.
static constexpr int64_t kEnough = 16;

//===- At compile time
//---------------------------------------------------------------------------===//

std::optional<WinogradStrip> planWinograd(kernel::ConvOp op, const Machine &machine) {
  auto x = cast<ShapedType>(op.getX().getType()), init = cast<ShapedType>(op.getInit().getType());
  auto one = [](int64_t value) { return value == 1; };
  SmallVector<int64_t> window = op.getKernelShape();
  if (machine.l2Bytes == 0 || x.getRank() != 4 || op.getTransposed() || op.getGroups() != 1 ||
      op.getPacking() || !x.getElementType().isF32() || !init.getElementType().isF32() ||
      window != SmallVector<int64_t>{3, 3} || !llvm::all_of(op.getStrides(), one) ||
      !llvm::all_of(op.getDilations(), one))
    return std::nullopt;
  int64_t channels = x.getDimSize(3), features = init.getDimSize(3);
  int64_t lanes = machine.lanes(x.getElementType());
  if (channels < kEnough || features < kEnough || channels % lanes || features % lanes ||
      init.getDimSize(1) < 2 * kOut || init.getDimSize(2) < 2 * kOut)
    return std::nullopt;
  int64_t across = llvm::divideCeilSigned(init.getDimSize(2), kOut);
  int64_t down = llvm::divideCeilSigned(init.getDimSize(1), kOut);
  int64_t perRow = kPoints * across * (channels + features);
  int64_t fit = std::max<int64_t>(machine.l2Bytes / 2 / (perRow * 4), 1);
  int64_t strips = std::max(llvm::divideCeilSigned(down, fit), std::min(down, machine.threads));
  int64_t rows = llvm::divideCeilSigned(down, strips);
  return WinogradStrip{rows, rows * perRow};
}

edge::HostTensor transformFilter(const edge::HostTensor &filter) {
  static constexpr double g[kIn][3] = {{1. / 4, 0, 0},
                                       {-1. / 6, -1. / 6, -1. / 6},
                                       {-1. / 6, 1. / 6, -1. / 6},
                                       {1. / 24, 1. / 12, 1. / 6},
                                       {1. / 24, -1. / 12, 1. / 6},
                                       {0, 0, 1}};
  int64_t channels = filter.getShape()[2], features = filter.getShape()[3];
  int64_t matrix = channels * features;
  edge::HostTensor result(RankedTensorType::get({kPoints, channels, features},
                                                Float32Type::get(filter.getType().getContext())));
  for (int64_t at = 0; at < matrix; ++at)
    for (int64_t i = 0; i < kIn; ++i)
      for (int64_t j = 0; j < kIn; ++j) {
        double sum = 0;
        for (int64_t y = 0; y < 3; ++y)
          for (int64_t x = 0; x < 3; ++x)
            sum += g[i][y] * g[j][x] * filter.getFloat((y * 3 + x) * matrix + at);
        result.setFloat((i * kIn + j) * matrix + at, sum);
      }
  return result;
}

//===- Transforms
//--------------------------------------------------------------------------------===//

namespace {

/// Arithmetic on vectors.
struct Lane {
  OpBuilder &b;
  Location loc;
  Type type;

  Value add(Value x, Value y) const { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, loc, x, y); }
  /// x + y * factor.
  Value addScaled(Value x, Value y, double factor) const {
    Value scale = createSplat(b, loc, type, b.getFloatAttr(getElementTypeOrSelf(type), factor));
    return multiplyAdd(b, loc, y, scale, x);
  }
};

using Six = std::array<Value, kIn>;
using Four = std::array<Value, kOut>;

/// B^T d of F(4, 3).
Six transformInput(const Lane &lane, const Six &d) {
  Value even = lane.addScaled(d[4], d[2], -4), odd = lane.addScaled(d[3], d[1], -4);
  Value near = lane.sub(d[4], d[2]), step = lane.sub(d[3], d[1]);
  return {lane.addScaled(lane.addScaled(d[4], d[2], -5), d[0], 4),
          lane.add(even, odd),
          lane.sub(even, odd),
          lane.addScaled(near, step, 2),
          lane.addScaled(near, step, -2),
          lane.addScaled(lane.addScaled(d[5], d[3], -5), d[1], 4)};
}

/// A^T m of F(4, 3).
Four transformOutput(const Lane &lane, const Six &m) {
  Value sum = lane.add(m[1], m[2]), difference = lane.sub(m[1], m[2]);
  Value sum2 = lane.add(m[3], m[4]), difference2 = lane.sub(m[3], m[4]);
  return {lane.add(lane.add(m[0], sum), sum2), lane.addScaled(difference, difference2, 2),
          lane.addScaled(sum, sum2, 4), lane.add(lane.addScaled(difference, difference2, 8), m[5])};
}

class Winograd {
public:
  Winograd(OpBuilder &b, kernel::WinogradOp op, const Machine &machine)
      : op(op), loc(op.getLoc()), machine(machine), epilogue(b, op), x(b, loc, op.getX()),
        scratch(b, loc, op.getScratch()) {
    if (op.getBias())
      bias = FlatBuffer(b, loc, op.getBias());
    element = x.element;
    lanes = machine.lanes(element);
    type = VectorType::get(lanes, element);
    height = x.shape[1], width = x.shape[2], channels = x.shape[3];
    outHeight = epilogue.init.shape[1], outWidth = epilogue.init.shape[2];
    features = epilogue.init.shape[3];
    across = llvm::divideCeilSigned(outWidth, kOut);
    down = llvm::divideCeilSigned(outHeight, kOut);
    rows = op.getRows();
    strips = llvm::divideCeilSigned(down, rows);
    tiles = rows * across;
  }

  void emit(OpBuilder &b) {
    int64_t parts = cast<MemRefType>(op.getScratch().getType()).getDimSize(0);
    IndexMath index{b, loc};
    auto none = SmallVector<Value>();
    createLoop(b, loc, index.constant(0), index.constant(parts), 1, {},
               [&](OpBuilder &b, Value part, ValueRange) {
                 IndexMath index{b, loc};
                 transformed = index.mul(part, scratch.strides.front());
                 products = index.add(transformed, kPoints * tiles * channels);
                 Share share{parts > 1 ? part : Value(), parts};
                 auto [first, end] = share.of(index, x.shape[0] * strips);
                 createLoop(b, loc, first, end, 1, {}, [&](OpBuilder &b, Value at, ValueRange) {
                   IndexMath index{b, loc};
                   emitStrip(b, index.div(at, strips), index.mul(index.rem(at, strips), rows));
                   return none;
                 });
                 return none;
               });
  }

private:
  /// The rows of tiles from `row` on of an image.
  void emitStrip(OpBuilder &b, Value image, Value row) {
    IndexMath index{b, loc};
    Value end = index.min(index.add(row, rows), down);
    auto forEachTile = [&](function_ref<void(OpBuilder &, Value, Value, Value)> body) {
      createLoop(b, loc, row, end, 1, {}, [&](OpBuilder &b, Value ty, ValueRange) {
        createLoop(b, loc, IndexMath{b, loc}.constant(0), IndexMath{b, loc}.constant(across), 1, {},
                   [&](OpBuilder &b, Value tx, ValueRange) {
                     IndexMath index{b, loc};
                     Value tile = index.add(index.mul(index.sub(ty, row), across), tx);
                     body(b, ty, tx, tile);
                     return SmallVector<Value>();
                   });
        return SmallVector<Value>();
      });
    };
    forEachTile([&](OpBuilder &b, Value ty, Value tx, Value tile) {
      IndexMath index{b, loc};
      Value y = index.add(index.mul(ty, kOut), -op.getPads()[0]);
      Value x = index.add(index.mul(tx, kOut), -op.getPads()[1]);
      eitherWay(b, {inside(b, y, kIn, height), inside(b, x, kIn, width)},
                [&](OpBuilder &b, bool whole) { emitInput(b, image, y, x, tile, whole); });
    });
    multiply(b);
    forEachTile([&](OpBuilder &b, Value ty, Value tx, Value tile) {
      IndexMath index{b, loc};
      Value y = index.mul(ty, kOut), x = index.mul(tx, kOut);
      eitherWay(b, {inside(b, y, kOut, outHeight), inside(b, x, kOut, outWidth)},
                [&](OpBuilder &b, bool whole) { emitOutput(b, image, y, x, tile, whole); });
    });
  }

  /// Whether positions [at, at + count) lie in [0, extent).
  Value inside(OpBuilder &b, Value at, int64_t count, int64_t extent) const {
    IndexMath index{b, loc};
    Value low = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, at, index.constant(0));
    Value high = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, at,
                                       index.constant(extent - count));
    return arith::AndIOp::create(b, loc, low, high);
  }

  /// The body for what lies wholly inside, and the one that looks where each element lies.
  void eitherWay(OpBuilder &b, std::pair<Value, Value> inside,
                 function_ref<void(OpBuilder &, bool)> body) const {
    Value whole = arith::AndIOp::create(b, loc, inside.first, inside.second);
    scf::IfOp::create(
        b, loc, whole,
        [&](OpBuilder &b, Location loc) {
          body(b, true);
          scf::YieldOp::create(b, loc);
        },
        [&](OpBuilder &b, Location loc) {
          body(b, false);
          scf::YieldOp::create(b, loc);
        });
  }

  void emitInput(OpBuilder &b, Value image, Value y, Value x, Value tile, bool whole) const {
    IndexMath index{b, loc};
    Value base = index.add(index.mul(image, this->x.strides[0]), this->x.start(index));
    std::array<Value, kIn> rowIn, columnIn;
    if (!whole)
      for (int64_t i = 0; i < kIn; ++i) {
        rowIn[i] = inside(b, index.add(y, i), 1, height);
        columnIn[i] = inside(b, index.add(x, i), 1, width);
      }
    base = index.add(base,
                     index.add(index.mul(y, this->x.strides[1]), index.mul(x, this->x.strides[2])));
    auto body = [&](OpBuilder &b, Value c, ValueRange) {
      IndexMath index{b, loc};
      Lane lane{b, loc, type};
      auto load = [&](int64_t i, int64_t j) -> Value {
        int64_t shift = i * this->x.strides[1] + j * this->x.strides[2];
        auto read = [&](OpBuilder &b) {
          Value at = IndexMath{b, loc}.add(index.add(base, c), shift);
          return loadVector(b, loc, this->x, at, {lanes, lanes, machine.masks}, element);
        };
        if (whole)
          return read(b);
        Value here = arith::AndIOp::create(b, loc, rowIn[i], columnIn[j]);
        return scf::IfOp::create(
                   b, loc, here,
                   [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, read(b)); },
                   [&](OpBuilder &b, Location loc) {
                     scf::YieldOp::create(b, loc,
                                          createSplat(b, loc, type, b.getZeroAttr(element)));
                   })
            .getResult(0);
      };
      std::array<Six, kIn> half; // by column
      for (int64_t j = 0; j < kIn; ++j) {
        Six column;
        for (int64_t i = 0; i < kIn; ++i)
          column[i] = load(i, j);
        half[j] = transformInput(lane, column);
      }
      Value to = index.add(index.add(transformed, index.mul(tile, channels)), c);
      for (int64_t i = 0; i < kIn; ++i) {
        Six line = transformInput(
            lane, {half[0][i], half[1][i], half[2][i], half[3][i], half[4][i], half[5][i]});
        for (int64_t j = 0; j < kIn; ++j)
          vector::StoreOp::create(b, loc, line[j], scratch.memory,
                                  index.add(to, (i * kIn + j) * tiles * channels));
      }
      return SmallVector<Value>();
    };
    createLoop(b, loc, index.constant(0), index.constant(channels), lanes, {}, body);
  }

  /// The 36 matrix products of a strip.
  void multiply(OpBuilder &b) const {
    auto view = [&](int64_t columns) -> Value {
      SmallVector<int64_t> shape{kPoints, tiles, columns};
      return memref::ReinterpretCastOp::create(b, loc, MemRefType::get(shape, element),
                                               scratch.memory, /*offset=*/0, shape,
                                               edge::rowMajorStrides(shape));
    };
    auto product = kernel::MatMulOp::create(
        b, loc, TypeRange(), view(channels), op.getFilter(), Value(), ValueRange(), view(features),
        kernel::PackingAttr(), /*zero_point=*/0, /*unsigned_x=*/false, /*offset=*/IntegerAttr());
    Contraction contraction(b, product, machine);
    contraction.shift(transformed, products);
    contraction.emit(b);
    product.erase();
  }

  void emitOutput(OpBuilder &b, Value image, Value y, Value x, Value tile, bool whole) const {
    IndexMath index{b, loc};
    auto body = [&](OpBuilder &b, Value f, ValueRange) {
      IndexMath index{b, loc};
      Lane lane{b, loc, type};
      Value from = index.add(index.add(products, index.mul(tile, features)), f);
      std::array<Four, kIn> half; // by column
      for (int64_t j = 0; j < kIn; ++j) {
        Six column;
        for (int64_t i = 0; i < kIn; ++i)
          column[i] = vector::LoadOp::create(b, loc, type, scratch.memory,
                                             index.add(from, (i * kIn + j) * tiles * features));
        half[j] = transformOutput(lane, column);
      }
      Value start;
      if (bias.valid())
        start = loadVector(b, loc, bias, index.add(f, bias.offset), {lanes, lanes, machine.masks},
                           element);
      for (int64_t i = 0; i < kOut; ++i) {
        Four line = transformOutput(
            lane, {half[0][i], half[1][i], half[2][i], half[3][i], half[4][i], half[5][i]});
        for (int64_t j = 0; j < kOut; ++j) {
          Value sum = start ? lane.add(line[j], start) : line[j];
          auto store = [&](OpBuilder &b) {
            IndexMath index{b, loc};
            OutputPlace place{{image, index.add(y, i), index.add(x, j)}, 0, f, 0};
            epilogue.store(b, loc, sum, place, {lanes, lanes, machine.masks});
          };
          if (whole) {
            store(b);
            continue;
          }
          Value here = arith::AndIOp::create(b, loc, inside(b, index.add(y, i), 1, outHeight),
                                             inside(b, index.add(x, j), 1, outWidth));
          scf::IfOp::create(b, loc, here, [&](OpBuilder &b, Location loc) {
            store(b);
            scf::YieldOp::create(b, loc);
          });
        }
      }
      return SmallVector<Value>();
    };
    createLoop(b, loc, index.constant(0), index.constant(features), lanes, {}, body);
  }

  mutable kernel::WinogradOp op;
  Location loc;
  Machine machine;
  Epilogue epilogue;
  FlatBuffer x, scratch, bias;
  Type element;
  VectorType type;
  int64_t lanes, height, width, channels, outHeight, outWidth, features;
  int64_t across, down, rows, strips, tiles; ///< tiles in a strip
  Value transformed, products;               ///< where they begin in the scratch memory
};

} // namespace

void emitWinograd(OpBuilder &b, kernel::WinogradOp op, const Machine &machine) {
  Machine alone = machine;
  alone.threads = 1;
  Winograd(b, op, alone).emit(b);
}

} // namespace edgec::tile
