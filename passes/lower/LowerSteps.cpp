#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
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

/// x * multiplier, plus a half for each rounding, less one unit of the first where the second one
/// is of a negative number, which rounds the other way; shifted.
struct LowerRescale : OpRewritePattern<kernel::RescaleOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(kernel::RescaleOp op, PatternRewriter &rewriter) const override {
    Lanes lanes{rewriter, op.getLoc(), op.getX().getType()};
    int32_t most = static_cast<int32_t>(op.getMostShift());
    bool once = op.getRoundsOnce(), right = most < 0;
    Value shift = lanes.widen(op.getShift(), 64), one = lanes.constant(64, 1);
    Value value =
        lanes.make<arith::MulIOp>(lanes.widen(op.getX(), 64), lanes.widen(op.getMultiplier(), 64));
    Value half =
        lanes.make<arith::ShLIOp>(one, lanes.make<arith::SubIOp>(lanes.constant(64, 30), shift));
    if (!once) {
      Value first = lanes.constant(64, int64_t(1) << 30), none = lanes.constant(64, 0);
      auto droppedOnly = [&](Value value) -> Value {
        if (right)
          return value;
        Value dropped =
            arith::CmpIOp::create(rewriter, op.getLoc(), arith::CmpIPredicate::slt, shift, none);
        return arith::SelectOp::create(rewriter, op.getLoc(), dropped, value, none);
      };
      half = lanes.make<arith::AddIOp>(half, droppedOnly(first));
      if (!op.getClamped()) {
        Value rounded = lanes.make<arith::AddIOp>(value, first);
        Value negative =
            arith::CmpIOp::create(rewriter, op.getLoc(), arith::CmpIPredicate::slt, rounded, none);
        Value unit = droppedOnly(lanes.constant(64, -(int64_t(1) << 31)));
        half = lanes.make<arith::AddIOp>(
            half, arith::SelectOp::create(rewriter, op.getLoc(), negative, unit, none));
      }
    }
    value = lanes.make<arith::AddIOp>(value, half);
    Type i32 = lanes.type(32);
    if (right) { // only the high half is of interest
      value = lanes.make<arith::TruncIOp>(
          i32, lanes.make<arith::ShRUIOp>(value, lanes.constant(64, 32)));
      Value rest = lanes.make<arith::SubIOp>(lanes.constant(32, -1), op.getShift());
      value = lanes.make<arith::ShRSIOp>(value, rest);
    } else {
      Value all = lanes.make<arith::SubIOp>(lanes.constant(64, 31), shift);
      value = lanes.make<arith::TruncIOp>(i32, lanes.make<arith::ShRSIOp>(value, all));
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct LowerDot : OpRewritePattern<kernel::DotOp> {
  LowerDot(MLIRContext *context, StringRef unit) : OpRewritePattern(context), unit(unit) {}

  LogicalResult matchAndRewrite(kernel::DotOp op, PatternRewriter &rewriter) const override {
    auto sums = cast<VectorType>(op.getSum().getType());
    auto elements = cast<VectorType>(op.getX().getType());
    int64_t lanes = sums.getNumElements(), products = elements.getNumElements() / lanes;
    Location loc = op.getLoc();
    StringRef name = nameOf(elements, cast<VectorType>(op.getWeights().getType()), products);
    if (!name.empty()) {
      Value pairs = LLVM::CallIntrinsicOp::create(rewriter, loc, sums, rewriter.getStringAttr(name),
                                                  ValueRange{op.getX(), op.getWeights()})
                        .getResult(0);
      rewriter.replaceOpWithNewOp<arith::AddIOp>(op, op.getSum(), pairs);
      return success();
    }
    Value sum = op.getSum();
    for (int64_t product = 0; product < products; ++product) {
      auto every = [&](Value vector) -> Value {
        SmallVector<int64_t> places;
        for (int64_t lane = 0; lane < lanes; ++lane)
          places.push_back(lane * products + product);
        Value picked = vector::ShuffleOp::create(rewriter, loc, vector, vector, places);
        return arith::ExtSIOp::create(rewriter, loc, sums, picked);
      };
      Value both = arith::MulIOp::create(rewriter, loc, every(op.getX()), every(op.getWeights()));
      sum = arith::AddIOp::create(rewriter, loc, sum, both);
    }
    rewriter.replaceOp(op, sum);
    return success();
  }

private:
  /// LLVM's intrinsic for it; empty where there is none.
  StringRef nameOf(VectorType x, VectorType weights, int64_t products) const {
    if (unit != "pmaddwd" || products != 2 || !x.getElementType().isInteger(16) ||
        !weights.getElementType().isInteger(16))
      return {};
    switch (x.getNumElements()) {
    case 8:
      return "llvm.x86.sse2.pmadd.wd";
    case 16:
      return "llvm.x86.avx2.pmadd.wd";
    case 32:
      return "llvm.x86.avx512.pmaddw.d.512";
    }
    return {};
  }
  std::string unit;
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
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerRescale>(&getContext());
    patterns.add<LowerDot>(&getContext(), target ? target.getDot() : StringRef());
    llvm::Triple triple(target ? target.getTriple() : StringRef());
    if (triple.isX86() || (triple.isRISCV() && target.getHardwareFloat()))
      patterns.add<LowerRounding>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
