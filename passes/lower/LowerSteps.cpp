#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/lower/LowerDots.h"
#include "passes/lower/Passes.h"
#include "llvm/TargetParser/Triple.h"

namespace edgec {
#define GEN_PASS_DEF_LOWERSTEPS
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Arithmetic on elements, or on vectors of them, of a type like `like`.
struct Lanes {
  OpBuilder &b;
  Location loc;
  Type like;

  Type type(unsigned bits) const {
    Type element = b.getIntegerType(bits);
    auto vector = dyn_cast<VectorType>(like);
    return vector ? vector.clone(element) : element;
  }
  Value constant(unsigned bits, int64_t value) const {
    Type wanted = type(bits);
    auto scalar = b.getIntegerAttr(b.getIntegerType(bits), value);
    auto vector = dyn_cast<VectorType>(wanted);
    return arith::ConstantOp::create(
        b, loc,
        vector ? cast<TypedAttr>(DenseElementsAttr::get(vector, cast<Attribute>(scalar)))
               : cast<TypedAttr>(scalar));
  }
  template <typename Op, typename... Args> Value make(Args... args) const {
    return b.createOrFold<Op>(loc, args...);
  }
  Value widen(Value x, unsigned bits) const { return make<arith::ExtSIOp>(type(bits), x); }
};

/// 32-bit integers as 64-bit ones, and back. In one piece; or, where `interleaved`, in two, those
/// of even and those of odd lanes: then each lane stays where it is, and x86 multiplies the low
/// halves of 64-bit lanes (VPMULDQ).
struct Wide {
  const Lanes &lanes;
  bool interleaved;

  /// The lanes of 64-bit integers.
  Lanes inside() const {
    if (!interleaved)
      return lanes;
    auto vector = cast<VectorType>(lanes.like);
    return {lanes.b, lanes.loc, VectorType::get(vector.getNumElements() / 2, lanes.b.getI64Type())};
  }
  SmallVector<Value> split(Value x) const {
    if (!interleaved)
      return {lanes.widen(x, 64)};
    Lanes wide = inside();
    Value both = vector::BitCastOp::create(lanes.b, lanes.loc, wide.type(64), x);
    Value width = wide.constant(64, 32);
    return {wide.make<arith::ShRSIOp>(wide.make<arith::ShLIOp>(both, width), width),
            wide.make<arith::ShRSIOp>(both, width)};
  }
  /// The high halves of what `parts` are, or the low ones.
  Value join(ArrayRef<Value> parts, bool high) const {
    Lanes wide = inside();
    Value width = wide.constant(64, 32);
    if (!interleaved)
      return wide.make<arith::TruncIOp>(
          wide.type(32), high ? wide.make<arith::ShRUIOp>(parts[0], width) : parts[0]);
    Value low = wide.constant(64, 0xFFFFFFFF), upper = wide.constant(64, ~int64_t(0xFFFFFFFF));
    Value even =
        high ? wide.make<arith::ShRUIOp>(parts[0], width) : wide.make<arith::AndIOp>(parts[0], low);
    Value odd = high ? wide.make<arith::AndIOp>(parts[1], upper)
                     : wide.make<arith::ShLIOp>(parts[1], width);
    return vector::BitCastOp::create(lanes.b, lanes.loc, lanes.type(32),
                                     wide.make<arith::OrIOp>(even, odd));
  }
};

/// x * multiplier, plus a half for each rounding, less one unit of the first where the second one
/// is of a negative number, which rounds the other way; shifted.
struct LowerRescale : OpRewritePattern<kernel::RescaleOp> {
  LowerRescale(MLIRContext *context, bool interleaves)
      : OpRewritePattern(context), interleaves(interleaves) {}

  LogicalResult matchAndRewrite(kernel::RescaleOp op, PatternRewriter &rewriter) const override {
    Lanes lanes{rewriter, op.getLoc(), op.getX().getType()};
    auto vector = dyn_cast<VectorType>(lanes.like);
    bool pairs = interleaves && vector && vector.getRank() == 1 && !vector.isScalable() &&
                 vector.getNumElements() % 2 == 0 && vector.getNumElements() > 2;
    Wide wide{lanes, pairs};
    bool right = static_cast<int32_t>(op.getMostShift()) < 0;
    SmallVector<Value> values;
    for (auto [x, multiplier, shift] : llvm::zip_equal(
             wide.split(op.getX()), wide.split(op.getMultiplier()), wide.split(op.getShift())))
      values.push_back(rounded(op, wide.inside(), x, multiplier, shift, right));
    Value result = wide.join(values, right);
    if (right) // only the high half is of interest
      result = lanes.make<arith::ShRSIOp>(
          result, lanes.make<arith::SubIOp>(lanes.constant(32, -1), op.getShift()));
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// The product with all that rounding adds; shifted, unless that is to the `right`.
  static Value rounded(kernel::RescaleOp op, const Lanes &lanes, Value x, Value multiplier,
                       Value shift, bool right) {
    Value one = lanes.constant(64, 1), value = lanes.make<arith::MulIOp>(x, multiplier);
    Value half =
        lanes.make<arith::ShLIOp>(one, lanes.make<arith::SubIOp>(lanes.constant(64, 30), shift));
    if (!op.getRoundsOnce()) {
      Value first = lanes.constant(64, int64_t(1) << 30), none = lanes.constant(64, 0);
      auto droppedOnly = [&](Value value) -> Value {
        if (right)
          return value;
        Value dropped =
            arith::CmpIOp::create(lanes.b, lanes.loc, arith::CmpIPredicate::slt, shift, none);
        return arith::SelectOp::create(lanes.b, lanes.loc, dropped, value, none);
      };
      half = lanes.make<arith::AddIOp>(half, droppedOnly(first));
      if (!op.getClamped()) {
        Value rounded = lanes.make<arith::AddIOp>(value, first);
        Value negative =
            arith::CmpIOp::create(lanes.b, lanes.loc, arith::CmpIPredicate::slt, rounded, none);
        Value unit = droppedOnly(lanes.constant(64, -(int64_t(1) << 31)));
        half = lanes.make<arith::AddIOp>(
            half, arith::SelectOp::create(lanes.b, lanes.loc, negative, unit, none));
      }
    }
    value = lanes.make<arith::AddIOp>(value, half);
    return right ? value
                 : lanes.make<arith::ShRSIOp>(
                       value, lanes.make<arith::SubIOp>(lanes.constant(64, 31), shift));
  }

  bool interleaves;
};

/// The constant that all lanes are.
std::optional<int64_t> constantOf(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) ? std::optional(constant.getSExtValue())
                                                       : std::nullopt;
}

/// A bound on the magnitude of integers that were narrow ones a few steps before.
std::optional<int64_t> magnitudeOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(op)) {
    unsigned bits = getElementTypeOrSelf(op->getOperand(0).getType()).getIntOrFloatBitWidth();
    return bits > 16 ? std::nullopt : std::optional(int64_t(1) << bits);
  }
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op)) {
    std::optional<int64_t> x = magnitudeOf(op->getOperand(0)), y = constantOf(op->getOperand(1));
    return x && y ? std::optional(*x + std::abs(*y)) : std::nullopt;
  }
  return std::nullopt;
}

/// Small integers y that were shifted up for the sake of their precision: what is dropped of (y *
/// 2^up) * multiplier are the lowest 31 - up bits of y * multiplier, which two products of 32 bits
/// make.
struct LowerSmallRescale : OpRewritePattern<kernel::RescaleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(kernel::RescaleOp op, PatternRewriter &rewriter) const override {
    auto shifted = op.getX().getDefiningOp<arith::MulIOp>();
    std::optional<int64_t> multiplier = constantOf(op.getMultiplier()),
                           shift = constantOf(op.getShift());
    std::optional<int64_t> factor = shifted ? constantOf(shifted.getRhs()) : std::nullopt;
    if (!factor || !multiplier || !shift || *shift > 0 || op.getRoundsOnce() || *factor < 2 ||
        !llvm::isPowerOf2_64(*factor))
      return failure();
    std::optional<int64_t> most = magnitudeOf(shifted.getLhs());
    unsigned dropped = 31 - llvm::Log2_64(*factor);
    int64_t unit = int64_t(1) << dropped, half = unit / 2;
    if (!most || *most * *factor >= (int64_t(1) << 31) || *most * unit + half >= (int64_t(1) << 31))
      return failure();
    Lanes lanes{rewriter, op.getLoc(), op.getX().getType()};
    Value y = shifted.getLhs();
    Value value = lanes.make<arith::MulIOp>(y, lanes.constant(32, *multiplier / unit));
    if (int64_t rest = *multiplier % unit) {
      Value low = lanes.make<arith::MulIOp>(y, lanes.constant(32, rest));
      low = lanes.make<arith::AddIOp>(low, lanes.constant(32, half));
      low = lanes.make<arith::ShRSIOp>(low, lanes.constant(32, dropped));
      value = lanes.make<arith::AddIOp>(value, low);
    }
    if (*shift < 0) { // halves away from zero
      Value away = lanes.constant(32, int64_t(1) << (-*shift - 1));
      if (!op.getClamped())
        away = lanes.make<arith::AddIOp>(away,
                                         lanes.make<arith::ShRSIOp>(value, lanes.constant(32, 31)));
      value = lanes.make<arith::ShRSIOp>(lanes.make<arith::AddIOp>(value, away),
                                         lanes.constant(32, -*shift));
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

/// Arm's vectors round as gemmlowp does: SQRDMULH is the high half of the doubled product, halves
/// up, SRSHL shifts to the right with halves up, for which negative numbers become one less. No
/// shift may be to the left, where 32 bits could overflow.
struct RescaleBySqrdmulh : OpRewritePattern<kernel::RescaleOp> {
  RescaleBySqrdmulh(MLIRContext *context, bool isHelium)
      : OpRewritePattern(context, /*benefit=*/3), isHelium(isHelium) {}

  LogicalResult matchAndRewrite(kernel::RescaleOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.getRank() != 1 || type.isScalable() || type.getNumElements() != 4 ||
        op.getRoundsOnce() || static_cast<int32_t>(op.getMostShift()) > 0)
      return failure();
    Location loc = op.getLoc();
    Lanes lanes{rewriter, loc, type};
    auto call = [&](StringRef name, ValueRange operands) -> Value {
      return LLVM::CallIntrinsicOp::create(rewriter, loc, type, rewriter.getStringAttr(name),
                                           operands)
          .getResult(0);
    };
    Value high = call(isHelium ? "llvm.arm.mve.vqrdmulh" : "llvm.aarch64.neon.sqrdmulh",
                      {op.getX(), op.getMultiplier()});
    if (!op.getClamped()) {
      Value less = lanes.make<arith::ShRSIOp>(lanes.make<arith::AndIOp>(high, op.getShift()),
                                              lanes.constant(32, 31));
      high = LLVM::SAddSat::create(rewriter, loc, high, less);
    }
    SmallVector<Value> operands{high, op.getShift()};
    if (isHelium)
      for (int32_t flag : {/*saturates=*/0, /*rounds=*/1, /*isUnsigned=*/0})
        operands.push_back(
            arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(flag)));
    rewriter.replaceOp(
        op, call(isHelium ? "llvm.arm.mve.vshl.vector" : "llvm.aarch64.neon.srshl", operands));
    return success();
  }

private:
  bool isHelium;
};

/// Of four bytes, the even or the odd ones as 16 bits (SXTB16, UXTB16), or all of them, which LLVM
/// would take one by one.
template <typename Extend> struct WidenBytes : OpRewritePattern<Extend> {
  using OpRewritePattern<Extend>::OpRewritePattern;

  LogicalResult matchAndRewrite(Extend op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.getRank() != 1 || !type.getElementType().isInteger(16))
      return failure();
    Location loc = op.getLoc();
    if (type.getNumElements() == 2) {
      auto picked = op.getIn().template getDefiningOp<vector::ShuffleOp>();
      if (!picked || !isFourBytes(picked.getV1()))
        return failure();
      for (int64_t odd : {0, 1})
        if (picked.getMask() == ArrayRef<int64_t>{odd, odd + 2}) {
          Value word = halves(rewriter, loc, picked.getV1(), odd);
          rewriter.replaceOp(op, asVector(rewriter, loc, word, type));
          return success();
        }
      return failure();
    }
    if (!isFourBytes(op.getIn()))
      return failure();
    Value even = halves(rewriter, loc, op.getIn(), false);
    Value odd = halves(rewriter, loc, op.getIn(), true);
    // PKHBT and PKHTB.
    Lanes words{rewriter, loc, rewriter.getI32Type()};
    Value low = words.constant(32, 0xFFFF), width = words.constant(32, 16);
    Value first = words.make<arith::OrIOp>(words.make<arith::AndIOp>(even, low),
                                           words.make<arith::ShLIOp>(odd, width));
    Value second =
        words.make<arith::OrIOp>(words.make<arith::AndIOp>(odd, words.constant(32, -0x10000)),
                                 words.make<arith::ShRUIOp>(even, width));
    Value both = vector::FromElementsOp::create(
        rewriter, loc, VectorType::get(2, rewriter.getI32Type()), ValueRange{first, second});
    rewriter.replaceOpWithNewOp<vector::BitCastOp>(op, type, both);
    return success();
  }

private:
  static bool isFourBytes(Value value) {
    auto type = dyn_cast<VectorType>(value.getType());
    return type && type.getRank() == 1 && type.getNumElements() == 4 &&
           type.getElementType().isInteger(8);
  }
  static Value asVector(PatternRewriter &rewriter, Location loc, Value word, VectorType type) {
    Value one =
        vector::BroadcastOp::create(rewriter, loc, VectorType::get(1, word.getType()), word);
    return vector::BitCastOp::create(rewriter, loc, type, one);
  }
  static Value halves(PatternRewriter &rewriter, Location loc, Value bytes, bool odd) {
    Type i32 = rewriter.getI32Type();
    Value word = vector::BitCastOp::create(rewriter, loc, VectorType::get(1, i32), bytes);
    word = vector::ExtractOp::create(rewriter, loc, word, ArrayRef<int64_t>{0});
    if (odd) { // a rotation, which the instruction does itself
      Value eight = arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(8));
      word = LLVM::FshrOp::create(rewriter, loc, word, word, eight);
    }
    StringRef name = std::is_same_v<Extend, arith::ExtSIOp> ? "llvm.arm.sxtb16" : "llvm.arm.uxtb16";
    return LLVM::CallIntrinsicOp::create(rewriter, loc, i32, rewriter.getStringAttr(name), word)
        .getResult(0);
  }
};

/// x86 and RISC-V convert to integers in the rounding mode of the moment, to nearest: no rounding
/// of its own is needed before. What doesn't fit is as undefined as arith.fptosi has it.
struct LowerRounding : OpRewritePattern<arith::FPToSIOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::FPToSIOp op, PatternRewriter &rewriter) const override {
    auto round = op.getIn().getDefiningOp<math::RoundEvenOp>();
    if (!round || !getElementTypeOrSelf(op.getIn().getType()).isF32() ||
        !getElementTypeOrSelf(op.getType()).isInteger(32))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::LrintOp>(op, op.getType(), round.getOperand());
    return success();
  }
};

struct LowerSteps : public edgec::impl::LowerStepsBase<LowerSteps> {
  void runOnOperation() override {
    auto target = getOperation()->getAttrOfType<edge::TargetAttr>("edge.target");
    StringRef dot = target ? target.getDot() : "";
    lowerDots(getOperation(), kernel::getDotUnits(dot));
    RewritePatternSet patterns(&getContext());
    llvm::Triple triple(target ? target.getTriple() : StringRef());
    patterns.add<LowerRescale>(&getContext(), /*interleaves=*/triple.isX86());
    patterns.add<LowerSmallRescale>(&getContext(), /*benefit=*/2);
    bool isHelium = dot == "vmladava";
    if (triple.isAArch64() || isHelium)
      patterns.add<RescaleBySqrdmulh>(&getContext(), isHelium);
    if (triple.isX86() || (triple.isRISCV() && target.getHardwareFloat()))
      patterns.add<LowerRounding>(&getContext());
    if (dot == "smlad")
      patterns.add<WidenBytes<arith::ExtSIOp>, WidenBytes<arith::ExtUIOp>>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
