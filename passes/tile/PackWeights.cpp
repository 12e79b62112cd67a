#include "dialects/Edge/HostTensor.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/tile/DepthwiseDots.h"
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
  int64_t products = packing.getProducts(), run = packing.getRun();
  auto placeInRun = [&](int64_t product) {
    return product % products * packing.getSteps() + product / products;
  };
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
      for (int64_t start = 0; start < depth; start += run) {
        for (int64_t d = start; d < std::min(start + run, depth); ++d)
          for (int64_t f = 0; f < count; ++f) {
            int64_t source = d * row + g * features + first + f;
            int64_t place = to + f * run + placeInRun(d - start);
            if (widens)
              packed.setInt(place, weights.getInt(source));
            else
              std::memcpy(out + place * width, from + source * width, width);
          }
        to += padded * run;
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

  /// A constant of another shape is the same stream of elements.
  static Value withoutReshapes(Value weights) {
    while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(weights.getDefiningOp()))
      weights = weights.getDefiningOp()->getOperand(0);
    return weights;
  }

  /// The constant's packed form: one for all that use it alike.
  Value packed(Operation *op, Value weights, kernel::PackingAttr packing, int64_t groups,
               int64_t depth, int64_t features, Type element) {
    weights = withoutReshapes(weights);
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

  /// How an op's weights are packed, as what integers they are kept, and what is added to its input
  /// then.
  struct Choice {
    kernel::PackingAttr packing;
    Type element;
    std::optional<int64_t> offset;
  };
  /// What an op computes: at each of `positions` positions `features` sums of `depth` products,
  /// `row` of which lie in a row.
  struct Sums {
    Value x, weights;
    int64_t positions, features, row, depth;
    bool pointwise;
  };
  /// Of the processor's instructions for sums of products of narrow integers, the best one that
  /// takes the op's: its packing. Where many positions meet weights, they are kept as wide as it
  /// wants them; read once, they are quicker read narrow.
  template <typename Op> Choice choose(Op op, const Sums &sums) {
    auto [x, weights, positions, features, row, depth, pointwise] = sums;
    Type element = getElementTypeOrSelf(weights.getType()), sum = sumType(op);
    constexpr int64_t kWorthWidening = 4;
    for (const kernel::DotUnit &unit : machine.dots) {
      FailureOr<std::optional<int64_t>> offset = offsetFor(op, x, unit);
      if (!sum.isInteger(32) || !isNarrow(element, unit.bits) || failed(offset))
        continue;
      // Bytes may be read where they are; else a microcontroller needs room for a position.
      bool needsPanel = unit.bits > 8 || !pointwise;
      if (machine.compact && needsPanel && depth * unit.bits / 8 > kCompactPanelBytes)
        continue;
      int64_t lanes = unit.isScalar() ? 1 : machine.lanes(sum) * unit.sumRegisters;
      bool widens = positions >= kWorthWidening && !machine.compact;
      Type kept = widens ? IntegerType::get(&getContext(), unit.bits) : element;
      // A load of a word brings weights for two steps, its even and its odd bytes.
      int64_t steps = unit.isScalar() && unit.bits == 16 && kept.isInteger(8) ? 2 : 1;
      bool symmetric = unit.takes == kernel::DotUnit::Takes::Products && isSymmetric(weights);
      // What follows the sums takes vectors of them.
      int64_t vectors = unit.isScalar() && machine.lanes(sum) > 1
                            ? machine.lanes(sum)
                            : chooseVectors(machine.forDot(unit), {positions, features, lanes});
      return {kernel::PackingAttr::get(&getContext(), vectors, lanes, unit.products, unit.bits,
                                       steps, symmetric),
              kept, *offset};
    }
    return {choose(sum, positions, features, row), element, std::nullopt};
  }

  /// What is added to the op's input for the instruction, if its integers fit then. Less their zero
  /// point, integers have a bit more; as they are, the bias must take it off, which spares
  /// processors without vectors an instruction for each.
  template <typename Op>
  FailureOr<std::optional<int64_t>> offsetFor(Op op, Value x, const kernel::DotUnit &unit) {
    Type input = getElementTypeOrSelf(x.getType());
    bool knowsBias = !op.getBias() || isConstant(op.getBias());
    bool fitsCentred = isNarrow(input, unit.bits - 1);
    if (fitsCentred && !(knowsBias && unit.isScalar()))
      return std::optional<int64_t>();
    if (!knowsBias || !isNarrow(input, unit.bits))
      return failure();
    if (fitsCentred || unit.unsignedX == op.getUnsignedX())
      return std::optional<int64_t>(0);
    int64_t half = int64_t(1) << (unit.bits - 1);
    return std::optional<int64_t>(unit.unsignedX ? half : -half);
  }
  static bool isNarrow(Type type, unsigned bits) {
    return type.isSignlessInteger() && type.getIntOrFloatBitWidth() <= bits;
  }

  /// Whether no weight is the lowest integer of its type.
  static bool isSymmetric(Value weights) {
    FailureOr<edge::HostTensor> factors = constantOf(withoutReshapes(weights));
    if (failed(factors))
      return false;
    int64_t lowest = llvm::minIntN(factors->getElementType().getIntOrFloatBitWidth());
    return llvm::all_of(llvm::seq(factors->getNumElements()),
                        [&](int64_t i) { return factors->getInt(i) != lowest; });
  }
  static bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

  /// The bias, less what the offset adds to the sums of `features` features, a column of `weights`
  /// each. Null where a constant can't be read.
  Value lessOffset(Operation *op, Value bias, Value weights, int64_t features, int64_t offset) {
    FailureOr<edge::HostTensor> factors = constantOf(weights);
    Type i32 = IntegerType::get(&getContext(), 32);
    auto type = RankedTensorType::get({features}, i32);
    FailureOr<edge::HostTensor> start = bias ? constantOf(bias) : edge::HostTensor(type);
    if (failed(factors) || failed(start))
      return {};
    edge::HostTensor result(type);
    SmallVector<int64_t> sums(features);
    for (int64_t i = 0; i < factors->getNumElements(); ++i)
      sums[i % features] += factors->getInt(i);
    for (int64_t f = 0; f < features; ++f) // modulo 2^32, as the sums are
      result.setInt(f, static_cast<int32_t>(start->getInt(f) - sums[f] * offset));
    OpBuilder builder(op);
    return arith::ConstantOp::create(builder, weights.getLoc(),
                                     cast<TypedAttr>(Attribute(result.toAttr())));
  }

  static FailureOr<edge::HostTensor> constantOf(Value value) {
    Attribute attr;
    if (!matchPattern(value, m_Constant(&attr)))
      return failure();
    return edge::HostTensor::fromAttr(attr);
  }

  /// Gives the op its packed weights: `depth` products for each of `groups * features` features.
  /// Whether it could.
  template <typename Op>
  bool apply(Op op, const Choice &choice, OpOperand &weights, int64_t groups, int64_t depth,
             int64_t features) {
    Value constant =
        packed(op, weights.get(), choice.packing, groups, depth, features, choice.element);
    if (!constant)
      return false;
    Value bias = op.getBias();
    if (choice.offset) {
      int64_t over = static_cast<int64_t>(op.getZeroPoint()) + *choice.offset;
      Value unpacked = withoutReshapes(weights.get());
      bias = lessOffset(op, bias, unpacked, groups * features, over);
      if (!bias)
        return false;
      op.setOffset(*choice.offset);
    }
    weights.set(constant);
    if (bias)
      op.getBiasMutable().assign(bias); // which may move the operands
    op.setPackingAttr(choice.packing);
    return true;
  }

  /// `row` products of each sum lie in a row.
  kernel::PackingAttr choose(Type element, int64_t positions, int64_t features, int64_t row) {
    auto plain = [&](int64_t vectors, int64_t lanes) {
      return kernel::PackingAttr::get(&getContext(), vectors, lanes, /*products=*/1, /*bits=*/0,
                                      /*steps=*/1, /*symmetric=*/false);
    };
    if (prefersDot(machine, element, features, row))
      return plain(1, 1);
    int64_t lanes = std::min<int64_t>(machine.lanes(element), llvm::bit_ceil<uint64_t>(features));
    return plain(chooseVectors(machine, {positions, features, lanes}), lanes);
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
    if (op.getPacking() || op.getTransposed())
      return;
    if (op.isDepthwise())
      return packDepthwise(op);
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
    Choice choice = choose(op, Sums{op.getX(), op.getFilter(), positions, op.getGroupFeatures(),
                                    row, depth, pointwise});
    if (apply(op, choice, op.getFilterMutable(), op.getGroups(), depth, op.getGroupFeatures()))
      op.setWindow(window);
  }

  /// Four taps side by side, where an instruction sums their products.
  void packDepthwise(kernel::ConvOp op) {
    std::optional<kernel::ByteDepthwise> shape = DepthwiseDots::plan(op, machine);
    if (!shape)
      return;
    int64_t products = shape->outer * shape->last;
    Choice choice = choose(op, Sums{op.getX(), op.getFilter(), 1, shape->channels, 1, products,
                                    /*pointwise=*/false});
    FailureOr<edge::HostTensor> filter = constantOf(op.getFilter());
    if (!choice.offset || choice.packing.getProducts() != kernel::ByteDepthwise::kTaps ||
        choice.packing.getBits() != kernel::ByteDepthwise::kBits || failed(filter))
      return;
    constexpr int64_t taps = kernel::ByteDepthwise::kTaps;
    edge::HostTensor packed(
        RankedTensorType::get({shape->packedElements()}, filter->getElementType()));
    for (const kernel::ByteBlock &block : shape->blocks()) {
      int64_t to = block.weights;
      for (int64_t outer = 0; outer < shape->outer; ++outer)
        for (int64_t first = 0; first < taps * shape->tapGroups(); first += taps)
          for (int64_t vector = 0; vector < taps; ++vector)
            for (int64_t lane = 0; lane < block.channels / taps; ++lane)
              for (int64_t tap = first; tap < first + taps; ++tap, ++to) {
                int64_t channel = block.first + kernel::ByteDepthwise::channelOf(vector, lane);
                if (shape->joint > 1)
                  channel %= shape->channels;
                if (tap < shape->last && channel < shape->channels)
                  packed.setInt(
                      to, filter->getInt((outer * shape->last + tap) * shape->channels + channel));
              }
    }
    int64_t over = static_cast<int64_t>(op.getZeroPoint()) + *choice.offset;
    Value bias =
        lessOffset(op, op.getBias(), withoutReshapes(op.getFilter()), shape->channels, over);
    if (!bias)
      return;
    SmallVector<int64_t> window = op.getKernelShape();
    OpBuilder builder(op);
    op.getFilterMutable().assign(arith::ConstantOp::create(
        builder, op.getFilter().getLoc(), cast<TypedAttr>(Attribute(packed.toAttr()))));
    op.setOffset(*choice.offset);
    op.setWindow(window);
    op.setPackingAttr(kernel::PackingAttr::get(&getContext(), taps, shape->lanes, taps,
                                               kernel::ByteDepthwise::kBits, /*steps=*/1,
                                               /*symmetric=*/false));
    op.getBiasMutable().assign(bias);
  }

  void packMatMul(kernel::MatMulOp op) {
    auto b = cast<RankedTensorType>(op.getB().getType());
    if (op.getPacking() || b.getDimSize(0) != 1)
      return;
    if (packInGroups(op))
      return;
    auto init = cast<RankedTensorType>(op.getInit().getType());
    int64_t depth = b.getDimSize(1);
    Choice choice = choose(op, Sums{op.getA(), op.getB(), init.getDimSize(1), init.getDimSize(2),
                                    depth, depth, /*pointwise=*/true});
    apply(op, choice, op.getBMutable(), 1, b.getDimSize(1), b.getDimSize(2));
  }

  /// Weights of 4 or 8 bits with scales, where numbers are such.
  bool packInGroups(kernel::MatMulOp op) {
    Value weights = withoutReshapes(op.getB());
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
      size = DenseI64ArrayAttr::get(&getContext(),
                                    {groups->size, groups->layout().scaleBytes, groups->bits});
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
