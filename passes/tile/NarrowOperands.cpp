#include "dialects/Edge/Lowering.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/tile/Grouped.h"
#include "passes/tile/Passes.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace edgec::tile {
#define GEN_PASS_DEF_NARROWOPERANDS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

using namespace mlir;
using namespace edgec;

namespace {

/// Narrow integers, and what is taken off each of them once it is wide.
struct Narrow {
  Value integers;
  int64_t zeroPoint = 0;
  bool isUnsigned = false;
};

/// The constant that all elements of an operand are.
std::optional<int64_t> splatOf(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto integer = dyn_cast<IntegerAttr>(attr))
    return integer.getInt();
  auto dense = dyn_cast<DenseIntElementsAttr>(attr);
  return dense && dense.isSplat() ? std::optional(dense.getSplatValue<APInt>().getSExtValue())
                                  : std::nullopt;
}

/// Whether an op makes a wider number of 16 bits or fewer.
bool widens(Operation *op) {
  return isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp, arith::ExtFOp, arith::SIToFPOp,
                         arith::UIToFPOp>(op) &&
         op->getOperand(0).getType().getIntOrFloatBitWidth() <= 16;
}

/// What a tensor consists of, each element widened, and then less a constant.
std::optional<Narrow> widened(Value value) {
  Narrow narrow{value};
  for (unsigned step = 0; step < 2; ++step) {
    auto op = narrow.integers.getDefiningOp<linalg::GenericOp>();
    if (!op || op.getNumDpsInits() != 1 || op.getNumReductionLoops() ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return std::nullopt;
    // An operand of the body as the tensor that it is an element of.
    auto tensorOf = [&](Value element) -> OpOperand * {
      auto argument = dyn_cast<BlockArgument>(element);
      return argument && argument.getOwner() == op.getBody() &&
                     argument.getArgNumber() < op.getNumDpsInputs()
                 ? op.getDpsInputOperand(argument.getArgNumber())
                 : nullptr;
    };
    Value given = op.getBody()->getTerminator()->getOperand(0);
    if (auto sub = given.getDefiningOp<arith::SubIOp>(); sub && step == 0) {
      OpOperand *tensor = tensorOf(sub.getRhs());
      std::optional<int64_t> constant = splatOf(tensor ? tensor->get() : sub.getRhs());
      if (!constant)
        return std::nullopt;
      narrow.zeroPoint = *constant;
      given = sub.getLhs();
    }
    Operation *extend = given.getDefiningOp();
    if (!widens(extend))
      extend = nullptr;
    OpOperand *tensor = tensorOf(extend ? extend->getOperand(0) : given);
    if (!tensor || !op.getMatchingIndexingMap(tensor).isIdentity())
      return std::nullopt;
    narrow.integers = tensor->get();
    if (extend) {
      narrow.isUnsigned = isa<arith::ExtUIOp, arith::UIToFPOp>(extend);
      // A boolean is no number of its own.
      return getElementTypeOrSelf(narrow.integers.getType()).isInteger(1) ? std::nullopt
                                                                          : std::optional(narrow);
    }
  }
  return std::nullopt;
}

/// What a tensor was before it was given another shape.
Value beforeReshapes(Value value) {
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// Makes the operand `value`, in the shape that it has now.
void replace(OpBuilder &b, OpOperand &operand, Value value) {
  auto shape = cast<RankedTensorType>(operand.get().getType()).getShape();
  operand.set(edge::createReshape(b, operand.getOwner()->getLoc(), value, shape));
}

/// Lets the input of a contraction be the narrow integers that it is computed from.
template <typename Contraction> void narrow(OpBuilder &b, Contraction op, OpOperand &operand) {
  std::optional<Narrow> found = widened(beforeReshapes(operand.get()));
  if (!found)
    return;
  replace(b, operand, found->integers);
  op.setZeroPoint(found->zeroPoint);
  op.setUnsignedX(found->isUnsigned);
}

/// The same for the second matrix of a product, of floats.
void narrowMatrix(OpBuilder &b, OpOperand &operand) {
  std::optional<Narrow> found = widened(beforeReshapes(operand.get()));
  if (found && isa<FloatType>(getElementTypeOrSelf(found->integers.getType())))
    replace(b, operand, found->integers);
}

/// Whether a float is one of f16, or of bf16.
bool fitsHalf(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  int exponent = static_cast<int>(bits >> 23 & 255) - 127;
  if ((bits & 0x7fffffff) == 0)
    return true;
  if (exponent > 15 || exponent < -24)
    return false;
  int dropped = exponent >= -14 ? 13 : -1 - exponent; // subnormals have fewer bits
  return ((bits & 0x7fffff) & ((1u << dropped) - 1)) == 0;
}
bool fitsBrain(float value) { return (llvm::bit_cast<uint32_t>(value) & 0xffff) == 0; }

/// The narrowest type that has all of the values; null where that isn't narrower.
Type narrowType(Builder &b, const edge::HostTensor &wide, bool floatsToo) {
  int64_t count = wide.getNumElements();
  auto all = [&](auto fits) {
    for (int64_t i = 0; i < count; ++i)
      if (!fits(i))
        return false;
    return true;
  };
  for (unsigned bits : {8, 16}) {
    auto isInteger = [&](int64_t i) {
      double value = wide.isFloat() ? wide.getFloat(i) : 0;
      if (wide.isFloat() && !(std::abs(value) < 32768 && value == std::trunc(value)))
        return false;
      return llvm::isIntN(bits, wide.isFloat() ? static_cast<int64_t>(value) : wide.getInt(i));
    };
    if ((!wide.isFloat() || floatsToo) && all(isInteger))
      return b.getIntegerType(bits);
  }
  if (!wide.isFloat() || !floatsToo)
    return {};
  // Widening bf16 is a shift, which every processor has.
  if (all([&](int64_t i) { return fitsBrain(static_cast<float>(wide.getFloat(i))); }))
    return b.getBF16Type();
  if (all([&](int64_t i) { return fitsHalf(static_cast<float>(wide.getFloat(i))); }))
    return b.getF16Type();
  return {};
}

/// The same for constants, whose values say how narrow they are. Floats only where that is asked
/// for: they are widened again each time that they are read.
void narrowConstant(OpBuilder &b, OpOperand &operand) {
  Value constant = beforeReshapes(operand.get());
  Attribute attr;
  auto type = cast<RankedTensorType>(constant.getType());
  Operation *module = operand.getOwner()->getParentOfType<ModuleOp>();
  bool floatsToo = module && module->hasAttr("edge.narrow_constants");
  bool isWide = type.getElementType().isInteger(32) || (floatsToo && type.getElementType().isF32());
  if (!isWide || !matchPattern(constant, m_Constant(&attr)))
    return;
  FailureOr<edge::HostTensor> wide = edge::HostTensor::fromAttr(attr);
  // What 4 or 8 bits and scales are enough for is packed so.
  auto matrix = cast<RankedTensorType>(operand.get().getType());
  if (succeeded(wide) && wide->isFloat() && isa<kernel::MatMulOp>(operand.getOwner()) &&
      matrix.getDimSize(0) == 1 &&
      tile::findGroups(*wide, matrix.getDimSize(1), matrix.getDimSize(2)))
    return;
  Type element = succeeded(wide) ? narrowType(b, *wide, floatsToo) : Type();
  if (!element)
    return;
  edge::HostTensor narrow(type.clone(element));
  for (int64_t i = 0; i < wide->getNumElements(); ++i) {
    if (isa<FloatType>(element))
      narrow.setFloat(i, wide->getFloat(i));
    else
      narrow.setInt(i, wide->isFloat() ? static_cast<int64_t>(wide->getFloat(i)) : wide->getInt(i));
  }
  replace(
      b, operand,
      arith::ConstantOp::create(b, constant.getLoc(), cast<TypedAttr>(Attribute(narrow.toAttr()))));
}

struct NarrowOperands : tile::impl::NarrowOperandsBase<NarrowOperands> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](kernel::ContractionOpInterface op) { ops.push_back(op); });
    for (Operation *op : ops) {
      OpBuilder b(op);
      if (auto conv = dyn_cast<kernel::ConvOp>(op); conv && !conv.getTransposed()) {
        narrow(b, conv, conv.getXMutable());
        narrowConstant(b, conv.getFilterMutable());
      } else if (auto product = dyn_cast<kernel::MatMulOp>(op)) {
        narrow(b, product, product.getAMutable());
        narrowMatrix(b, product.getBMutable());
        narrowConstant(b, product.getBMutable());
      }
    }
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
