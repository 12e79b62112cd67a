#include "passes/lower/LowerDots.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace edgec;
using kernel::DotOp;
using kernel::DotUnit;

namespace {

Value extend(OpBuilder &b, Location loc, Value x, Type element, bool isUnsigned) {
  Type wide = cast<VectorType>(x.getType()).clone(element);
  if (isUnsigned)
    return arith::ExtUIOp::create(b, loc, wide, x);
  return arith::ExtSIOp::create(b, loc, wide, x);
}

Value call(OpBuilder &b, DotOp op, StringRef intrinsic, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, op.getLoc(), op.getType(), b.getStringAttr(intrinsic),
                                       operands)
      .getResult(0);
}

unsigned widthOf(DotOp op) {
  auto x = op.getX().getType();
  return static_cast<unsigned>(x.getNumElements()) * x.getElementTypeBitWidth();
}

/// The best instruction for it; null where there is none.
const DotUnit *unitFor(DotOp op, ArrayRef<DotUnit> units) {
  int64_t lanes = op.getType().getNumElements();
  int64_t products = op.getX().getType().getNumElements() / lanes;
  const DotUnit *found = llvm::find_if(units, [&](const DotUnit &unit) {
    return unit.products == products && op.getX().getType().getElementTypeBitWidth() == unit.bits &&
           op.getWeights().getType().getElementTypeBitWidth() == unit.bits &&
           op.getUnsignedX() == unit.unsignedX && !unit.intrinsicFor(widthOf(op)).empty();
  });
  return found == units.end() ? nullptr : found;
}

/// A product for each pair of factors, twice as wide.
Value multiply(OpBuilder &b, DotOp op) {
  Type wide = b.getIntegerType(2 * op.getX().getType().getElementTypeBitWidth());
  Value x = extend(b, op.getLoc(), op.getX(), wide, op.getUnsignedX());
  return arith::MulIOp::create(b, op.getLoc(), x,
                               extend(b, op.getLoc(), op.getWeights(), wide, false));
}

/// The dot that alone uses the sum of this one, where the products of both together fit into what
/// holds one.
DotOp partnerOf(DotOp op) {
  if (!op.getSymmetric() || !op->hasOneUse())
    return {};
  auto next = dyn_cast<DotOp>(*op->user_begin());
  bool alike = next && next.getSum() == op.getResult() && next.getSymmetric() &&
               next->getBlock() == op->getBlock() && next.getX().getType() == op.getX().getType() &&
               next.getWeights().getType() == op.getWeights().getType() &&
               next.getUnsignedX() == op.getUnsignedX();
  return alike ? next : DotOp();
}

/// Adds neighbouring products to the sum: those of two steps at once, where they fit. Which dots
/// have been lowered.
SmallVector<DotOp> addProducts(DotOp op, StringRef intrinsic) {
  OpBuilder b(op);
  SmallVector<DotOp> done{op};
  Value products;
  if (DotOp next = partnerOf(op)) {
    b.setInsertionPoint(next);
    done.push_back(next);
    products = arith::AddIOp::create(b, op.getLoc(), multiply(b, op), multiply(b, next));
  } else {
    products = multiply(b, op);
  }
  Value sum = arith::AddIOp::create(b, op.getLoc(), op.getSum(), call(b, op, intrinsic, products));
  done.back().getResult().replaceAllUsesWith(sum);
  return done;
}

/// A vector as one integer.
Value asWord(OpBuilder &b, Location loc, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  Type word = b.getIntegerType(type.getNumElements() * type.getElementTypeBitWidth());
  Value cast = vector::BitCastOp::create(b, loc, VectorType::get(1, word), vector);
  return vector::ExtractOp::create(b, loc, cast, ArrayRef<int64_t>{0});
}

Value lowerBy(const DotUnit &unit, DotOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  StringRef intrinsic = unit.intrinsicFor(widthOf(op));
  if (unit.isScalar()) {
    Value sum = vector::ExtractOp::create(b, loc, op.getSum(), ArrayRef<int64_t>{0});
    SmallVector<Value> operands;
    if (unit.takes == DotUnit::Takes::Words) {
      operands = {asWord(b, loc, op.getX()), asWord(b, loc, op.getWeights()), sum};
    } else { // signed, added, not exchanged
      Value no = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
      operands = {no, no, no, sum, op.getX(), op.getWeights()};
    }
    sum = LLVM::CallIntrinsicOp::create(b, loc, sum.getType(), b.getStringAttr(intrinsic), operands)
              .getResult(0);
    return vector::BroadcastOp::create(b, loc, op.getType(), sum);
  }
  SmallVector<Value> operands{op.getX(), op.getWeights()};
  if (!unit.unsignedX) // AArch64 multiplies by a lane of the last one
    std::swap(operands[0], operands[1]);
  if (unit.takes == DotUnit::Takes::SumAndFactors) {
    operands.insert(operands.begin(), op.getSum());
    return call(b, op, intrinsic, operands);
  }
  Value products = call(b, op, intrinsic, operands);
  return arith::AddIOp::create(b, loc, op.getSum(), products);
}

Value lowerByLanes(DotOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  int64_t lanes = op.getType().getNumElements();
  int64_t products = op.getX().getType().getNumElements() / lanes;
  Value sum = op.getSum();
  for (int64_t product = 0; product < products; ++product) {
    auto every = [&](Value vector, bool isUnsigned) {
      SmallVector<int64_t> places;
      for (int64_t lane = 0; lane < lanes; ++lane)
        places.push_back(lane * products + product);
      Value picked = vector::ShuffleOp::create(b, loc, vector, vector, places);
      return extend(b, loc, picked, b.getI32Type(), isUnsigned);
    };
    Value both = arith::MulIOp::create(b, loc, every(op.getX(), op.getUnsignedX()),
                                       every(op.getWeights(), false));
    sum = arith::AddIOp::create(b, loc, sum, both);
  }
  return sum;
}

} // namespace

void edgec::lowerDots(Operation *root, ArrayRef<DotUnit> units) {
  SmallVector<DotOp> dots;
  root->walk([&](DotOp op) { dots.push_back(op); });
  llvm::DenseSet<Operation *> done;
  for (DotOp op : dots) {
    if (done.contains(op))
      continue;
    const DotUnit *unit = unitFor(op, units);
    if (unit && unit->takes == DotUnit::Takes::Products) {
      for (DotOp lowered : addProducts(op, unit->intrinsicFor(widthOf(op))))
        done.insert(lowered);
      continue;
    }
    op.getResult().replaceAllUsesWith(unit ? lowerBy(*unit, op) : lowerByLanes(op));
    done.insert(op);
  }
  for (DotOp op : llvm::reverse(dots)) // users first
    op.erase();
}
