#include "dialects/Edge/HostTensor.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/tile/Epilogue.h"
#include "passes/tile/Grouped.h"
#include "passes/tile/Passes.h"
#include "passes/tile/Schedule.h"
#include "passes/tile/Winograd.h"

namespace edgec::tile {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "passes/tile/Passes.h.inc"
} // namespace edgec::tile

using namespace mlir;
using namespace edgec;
using namespace edgec::tile;

namespace {

/// Rows of `groups * features` weights in the order of kernel.conv's packed filter, as integers of
/// `element` or as they are.
edge::HostTensor pack(const edge::HostTensor &weights, kernel::PackingAttr packing, int64_t groups,
                      int64_t depth, int64_t features, Type element) {
  int64_t block = packing.getBlock(), lanes = packing.getLanes(), row = groups * features;
  int64_t products = packing.getProducts();
  edge::HostTensor packed(
      RankedTensorType::get({packing.packedElements(groups, depth, features)}, element));
  int64_t to = 0;
  bool widens = element != weights.getElementType();
  const char *from = weights.bytes().data();
  char *out = packed.mutableBytes();
  int64_t width = weights.elementBytes();
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t first = 0; first < features; first += block) {
      int64_t count = std::min(block, features - first);
      int64_t padded = static_cast<int64_t>(llvm::alignTo(count, lanes));
      for (int64_t step = 0; step < depth; step += products) {
        for (int64_t d = step; d < std::min(step + products, depth); ++d)
          for (int64_t f = 0; f < count; ++f) {
            int64_t source = d * row + g * features + first + f;
            int64_t place = to + f * products + d - step;
            if (widens)
              packed.setInt(place, weights.getInt(source));
            else
              std::memcpy(out + place * width, from + source * width, width);
          }
        to += padded * products;
      }
    }
  return packed;
}

struct PackWeights : tile::impl::PackWeightsBase<PackWeights> {
  void runOnOperation() override {
    machine = Machine::of(getOperation());
    fast =
        getOperation()->getParentOp() && getOperation()->getParentOp()->hasAttr("edge.fast_conv");
    getOperation().walk([&](Operation *op) {
      if (auto conv = dyn_cast<kernel::ConvOp>(op)) {
        if (!fast || !transform(conv))
          packConv(conv);
      } else if (auto matmul = dyn_cast<kernel::MatMulOp>(op))
        packMatMul(matmul);
    });
  }

  /// The constant's packed form: one for all that use it alike.
  Value packed(Operation *op, Value weights, kernel::PackingAttr packing, int64_t groups,
               int64_t depth, int64_t features, Type element) {
    // A constant of another shape is the same stream of elements.
    while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(weights.getDefiningOp()))
      weights = weights.getDefiningOp()->getOperand(0);
    Attribute attr;
    if (!matchPattern(weights, m_Constant(&attr)))
      return {};
    Attribute &known = packedForms[{attr, packing, element, {groups, depth}}];
    if (!known) {
      FailureOr<edge::HostTensor> tensor = edge::HostTensor::fromAttr(attr);
      if (failed(tensor))
        return {};
      known = pack(*tensor, packing, groups, depth, features, element).toAttr();
    }
    OpBuilder builder(op);
    return arith::ConstantOp::create(builder, weights.getLoc(), cast<TypedAttr>(known));
  }

  /// Where the processor sums products of neighbouring narrow integers: its packing, and as what
  /// weights are kept. Where many positions meet them, they are as wide as the instruction wants
  /// them; read once, they are quicker read narrow.
  struct Choice {
    kernel::PackingAttr packing;
    Type element;
  };
  Choice choose(Value x, Value weights, Type sum, int64_t positions, int64_t features,
                int64_t row) {
    Type element = getElementTypeOrSelf(weights.getType());
    auto isNarrow = [](Type type, unsigned bits) {
      return type.isSignlessInteger() && type.getIntOrFloatBitWidth() <= bits;
    };
    // Less their zero point, integers have a bit more.
    unsigned bits = machine.dot.inputBits;
    if (!machine.dot.products || !sum.isInteger(32) || !isNarrow(element, bits) ||
        !isNarrow(getElementTypeOrSelf(x.getType()), bits - 1))
      return {choose(sum, positions, features, row), element};
    int64_t lanes = machine.lanes(sum);
    constexpr int64_t kWorthWidening = 4;
    return {kernel::PackingAttr::get(&getContext(),
                                     chooseVectors(machine.forDot(), {positions, features, lanes}),
                                     lanes, machine.dot.products),
            positions >= kWorthWidening ? IntegerType::get(&getContext(), bits) : element};
  }

  /// `row` products of each sum lie in a row.
  kernel::PackingAttr choose(Type element, int64_t positions, int64_t features, int64_t row) {
    if (prefersDot(machine, element, features, row))
      return kernel::PackingAttr::get(&getContext(), 1, 1, 1);
    int64_t lanes = std::min<int64_t>(machine.lanes(element), llvm::bit_ceil<uint64_t>(features));
    return kernel::PackingAttr::get(&getContext(),
                                    chooseVectors(machine, {positions, features, lanes}), lanes, 1);
  }

  /// Makes it a kernel.winograd, where that is worth it.
  bool transform(kernel::ConvOp op) {
    std::optional<WinogradStrip> strip = planWinograd(op, machine);
    Attribute attr;
    if (!strip || !matchPattern(op.getFilter(), m_Constant(&attr)))
      return false;
    FailureOr<edge::HostTensor> filter = edge::HostTensor::fromAttr(attr);
    if (failed(filter))
      return false;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value transformed = arith::ConstantOp::create(
        b, loc, cast<TypedAttr>(Attribute(transformFilter(*filter).toAttr())));
    int64_t parts = op.countMacs() < kWorthSharing ? 1 : machine.threads;
    auto scratch = MemRefType::get({parts, strip->scratch},
                                   cast<ShapedType>(op.getX().getType()).getElementType());
    Value memory = memref::AllocOp::create(b, loc, scratch);
    auto fast = kernel::WinogradOp::create(b, loc, op.getResultTypes(), op.getX(), transformed,
                                           op.getBias(), op.getExtras(), memory, op.getInit(),
                                           op.getPads(), strip->rows);
    fast.getEpilogue().takeBody(op.getEpilogue());
    op.replaceAllUsesWith(fast.getResults());
    op.erase();
    return true;
  }

  void packConv(kernel::ConvOp op) {
    if (op.getPacking() || op.getTransposed() || op.isDepthwise())
      return;
    auto init = cast<RankedTensorType>(op.getInit().getType());
    SmallVector<int64_t> window = op.getKernelShape();
    int64_t depth = op.getGroupChannels(), positions = init.getDimSize(init.getRank() - 2);
    bool pointwise = true;
    for (auto [extent, stride] : llvm::zip_equal(window, op.getStrides())) {
      depth *= extent;
      pointwise &= extent == 1 && stride == 1;
    }
    int64_t row = op.getGroupChannels();
    if (pointwise) { // all positions are one dimension
      positions = init.getNumElements() / init.getDimSize(0) / init.getShape().back();
    } else {
      // Dimensions that the kernel covers in one step are more channels; the one before is tiled.
      ArrayRef<int64_t> shape = init.getShape().drop_front().drop_back();
      while (shape.size() > 1 && shape.back() == 1)
        shape = shape.drop_back();
      positions = shape.back();
      if (op.getGroups() == 1 && op.getDilations().back() == 1)
        row *= window.back();
    }
    auto [packing, element] =
        choose(op.getX(), op.getFilter(), sumType(op), positions, op.getGroupFeatures(), row);
    Value constant =
        packed(op, op.getFilter(), packing, op.getGroups(), depth, op.getGroupFeatures(), element);
    if (!constant)
      return;
    op.getFilterMutable().assign(constant);
    op.setWindow(window);
    op.setPackingAttr(packing);
  }

  void packMatMul(kernel::MatMulOp op) {
    auto b = cast<RankedTensorType>(op.getB().getType());
    if (op.getPacking() || b.getDimSize(0) != 1)
      return;
    if (packInGroups(op))
      return;
    auto init = cast<RankedTensorType>(op.getInit().getType());
    auto [packing, element] = choose(op.getA(), op.getB(), sumType(op), init.getDimSize(1),
                                     init.getDimSize(2), b.getDimSize(1));
    Value constant = packed(op, op.getB(), packing, 1, b.getDimSize(1), b.getDimSize(2), element);
    if (!constant)
      return;
    op.getBMutable().assign(constant);
    op.setPackingAttr(packing);
  }

  /// Weights of 4 bits with scales, where numbers are such.
  bool packInGroups(kernel::MatMulOp op) {
    Value weights = op.getB();
    while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(weights.getDefiningOp()))
      weights = weights.getDefiningOp()->getOperand(0);
    auto init = cast<RankedTensorType>(op.getInit().getType());
    int64_t depth = cast<RankedTensorType>(op.getB().getType()).getDimSize(1);
    int64_t features = init.getDimSize(2);
    Attribute attr;
    auto module = op->getParentOfType<ModuleOp>();
    if (!module || !module->hasAttr("edge.narrow_constants") || !sumType(op).isF32() ||
        !getElementTypeOrSelf(weights.getType()).isF32() ||
        prefersDot(machine, sumType(op), features, depth) ||
        !matchPattern(weights, m_Constant(&attr)))
      return false;
    kernel::PackingAttr packing = choose(sumType(op), init.getDimSize(1), features, depth);
    auto &[size, known] = groupedForms[{attr, packing}];
    if (!known) {
      FailureOr<edge::HostTensor> host = edge::HostTensor::fromAttr(attr);
      auto groups = succeeded(host) ? findGroups(*host, depth, features) : std::nullopt;
      if (!groups)
        return false;
      known = packGroups(*groups, packing).toAttr();
      size = DenseI64ArrayAttr::get(&getContext(), {groups->size, groups->scaleBytes()});
    }
    OpBuilder builder(op);
    op.getBMutable().assign(
        arith::ConstantOp::create(builder, weights.getLoc(), cast<TypedAttr>(known)));
    op.setPackingAttr(packing);
    op->setAttr(kernel::kGroupedAttr, size);
    return true;
  }

  Machine machine;
  llvm::DenseMap<std::pair<Attribute, Attribute>, std::pair<Attribute, Attribute>> groupedForms;
  bool fast = false; ///< --fast-conv
  llvm::DenseMap<std::tuple<Attribute, Attribute, Type, std::pair<int64_t, int64_t>>, Attribute>
      packedForms;
};

} // namespace
