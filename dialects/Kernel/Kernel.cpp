#include "dialects/Kernel/Kernel.h"
#include "dialects/Kernel/ByteDepthwise.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace edgec::kernel;

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"
#include "dialects/Kernel/KernelInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/KernelAttrs.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

//===- What every structured op shares
//-----------------------------------------------------------===//

/// Whether the epilogue, if there is one, reads the destination's element before it is overwritten.
static bool readsInit(Operation *op) {
  auto contraction = dyn_cast<ContractionOpInterface>(op);
  if (!contraction || contraction.getEpilogueRegion().empty())
    return false;
  return !contraction.getEpilogueRegion().getArguments().back().use_empty();
}

static LogicalResult bufferizeStructured(DestinationStyleOpInterface op, RewriterBase &rewriter,
                                         const BufferizationOptions &options,
                                         BufferizationState &state) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  SmallVector<Value> buffers;
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType())) {
      buffers.push_back(operand);
      continue;
    }
    FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
  }
  OperationState copy(op.getLoc(), op->getName(), buffers, TypeRange(), op->getAttrs());
  copy.propertiesAttr = op->getPropertiesAsAttribute();
  for (Region &region : op->getRegions())
    copy.addRegion()->takeBody(region);
  rewriter.create(copy);
  replaceOpWithBufferizedValues(
      rewriter, op, buffers.back() /* the init is the last operand of every structured op */);
  return success();
}

static void
getStructuredEffects(DestinationStyleOpInterface op,
                     SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    auto winograd = dyn_cast<WinogradOp>(op.getOperation());
    if (op.isDpsInit(&operand) || (winograd && &operand == &winograd.getScratchMutable()))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    if (!op.isDpsInit(&operand) || readsInit(op))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

#define STRUCTURED_OP(Op)                                                                          \
  void Op::getEffects(                                                                             \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {              \
    getStructuredEffects(*this, effects);                                                          \
  }                                                                                                \
  bool Op::bufferizesToMemoryRead(OpOperand &operand, const AnalysisState &) {                     \
    return !isDpsInit(&operand) || readsInit(*this);                                               \
  }                                                                                                \
  bool Op::bufferizesToMemoryWrite(OpOperand &operand, const AnalysisState &) {                    \
    return isDpsInit(&operand);                                                                    \
  }                                                                                                \
  AliasingValueList Op::getAliasingValues(OpOperand &operand, const AnalysisState &) {             \
    if (isDpsInit(&operand))                                                                       \
      return {{getTiedOpResult(&operand), BufferRelation::Equivalent}};                            \
    return {};                                                                                     \
  }                                                                                                \
  LogicalResult Op::bufferize(RewriterBase &rewriter, const BufferizationOptions &options,         \
                              BufferizationState &state) {                                         \
    return bufferizeStructured(*this, rewriter, options, state);                                   \
  }

STRUCTURED_OP(ConvOp)
STRUCTURED_OP(MatMulOp)
STRUCTURED_OP(WinogradOp)
STRUCTURED_OP(PoolOp)

/// Checks the parts that convolutions and pools share: ranks, and one entry a spatial dimension.
static LogicalResult verifyWindow(Operation *op, ShapedType x, ShapedType init,
                                  ArrayRef<ArrayRef<int64_t>> perDim, ArrayRef<int64_t> pads) {
  int64_t rank = x.getRank();
  if (rank < 3 || init.getRank() != rank)
    return op->emitOpError("expects an input and an init of one rank, 3 or more, but got ")
           << rank << " and " << init.getRank();
  for (ArrayRef<int64_t> list : perDim)
    if (static_cast<int64_t>(list.size()) != rank - 2)
      return op->emitOpError("expects one stride, dilation and kernel extent a spatial dimension");
  if (static_cast<int64_t>(pads.size()) != 2 * (rank - 2))
    return op->emitOpError("expects two pads a spatial dimension");
  return success();
}

//===- Epilogues
//---------------------------------------------------------------------------------===//

static LogicalResult verifyEpilogue(ContractionOpInterface op, ShapedType init) {
  OperandRange extras = op.getEpilogueOperands();
  Region &region = op.getEpilogueRegion();
  if (region.empty()) {
    if (!extras.empty())
      return op.emitOpError("has extras, but no epilogue to read them");
    return success();
  }
  if (!region.hasOneBlock() || !isa<YieldOp>(region.front().getTerminator()))
    return op.emitOpError("expects an epilogue of one block that ends in 'kernel.yield'");
  if (region.getNumArguments() != extras.size() + 2)
    return op.emitOpError("expects an epilogue of the sum, ")
           << extras.size() << " extras and the destination's element";
  if (region.getArguments().back().getType() != init.getElementType() ||
      cast<YieldOp>(region.front().getTerminator()).getValue().getType() != init.getElementType())
    return op.emitOpError("expects an epilogue that gives ") << init.getElementType();
  for (auto [extra, argument] : llvm::zip(extras, region.getArguments().drop_front())) {
    auto type = cast<ShapedType>(extra.getType());
    if (type.getElementType() != argument.getType() || type.getRank() != init.getRank())
      return op.emitOpError("has an extra of type ")
             << type << " beside an argument of type " << argument.getType();
    for (auto [extent, whole] : llvm::zip_equal(type.getShape(), init.getShape()))
      if (extent != whole && extent != 1)
        return op.emitOpError("has an extra of type ")
               << type << ", which can't be repeated to " << init;
  }
  return success();
}

Block &edgec::kernel::ensureEpilogue(ContractionOpInterface op) {
  Region &region = op.getEpilogueRegion();
  if (region.empty()) {
    Value init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front();
    Type element = cast<ShapedType>(init.getType()).getElementType();
    Block &block = region.emplaceBlock();
    block.addArguments({element, element}, {op.getLoc(), op.getLoc()});
    OpBuilder builder = OpBuilder::atBlockEnd(&block);
    YieldOp::create(builder, op.getLoc(), block.getArgument(0));
  }
  return region.front();
}

//===- Steps
//---------------------------------------------------------------------------------------===//

LogicalResult DotOp::verify() {
  auto x = cast<VectorType>(getX().getType()), weights = cast<VectorType>(getWeights().getType());
  int64_t lanes = cast<VectorType>(getSum().getType()).getNumElements();
  if (x.isScalable() || x.getNumElements() != weights.getNumElements() ||
      x.getNumElements() % lanes != 0)
    return emitOpError("expects as many elements as weights, some for each of ")
           << lanes << " lanes";
  if (x.getElementTypeBitWidth() > 16 || weights.getElementTypeBitWidth() > 16)
    return emitOpError("expects integers of 16 bits or fewer");
  return success();
}

//===- Convolution and matrix product
//------------------------------------------------------------===//

SmallVector<int64_t> ConvOp::getKernelShape() {
  if (auto window = getWindow())
    return SmallVector<int64_t>(*window);
  return SmallVector<int64_t>(cast<ShapedType>(getFilter().getType()).getShape().drop_back(2));
}
int64_t ConvOp::getGroupChannels() {
  return cast<ShapedType>(getX().getType()).getShape().back() / static_cast<int64_t>(getGroups());
}
int64_t ConvOp::getGroupFeatures() {
  return cast<ShapedType>(getInit().getType()).getShape().back() /
         static_cast<int64_t>(getGroups());
}
bool ConvOp::isDepthwise() {
  return getGroups() > 1 && getGroupChannels() == 1 && getGroupFeatures() == 1;
}

static int64_t product(ArrayRef<int64_t> extents) {
  int64_t result = 1;
  for (int64_t extent : extents)
    result *= extent;
  return result;
}

int64_t ConvOp::countMacs() {
  // Each kernel position meets each position of the smaller side.
  auto small = cast<ShapedType>((getTransposed() ? getX() : getInit()).getType());
  return product(small.getShape().drop_back()) * product(getKernelShape()) * getGroups() *
         getGroupChannels() * getGroupFeatures();
}

/// What an instruction's own range takes has been taken off in the bias, which weights are packed
/// with.
template <typename Op> static LogicalResult verifyOffset(Op op) {
  if (op.getOffset() && (!op.getPacking() || op.getPacking()->getBits() == 0))
    return op.emitOpError("expects 'offset' only with weights that are packed for 'kernel.dot'");
  return success();
}

LogicalResult ConvOp::verify() {
  auto x = cast<ShapedType>(getX().getType()), filter = cast<ShapedType>(getFilter().getType());
  auto init = cast<ShapedType>(getInit().getType());
  if (getPacking().has_value() != getWindow().has_value())
    return emitOpError("expects 'window' with 'packing', and only with it");
  if (failed(verifyOffset(*this)) ||
      failed(verifyWindow(*this, x, init, {getStrides(), getDilations()}, getPads())))
    return failure();
  int64_t rank = x.getRank(), groups = getGroups();
  if (auto packing = getPacking()) {
    if (static_cast<int64_t>(getWindow()->size()) != rank - 2)
      return emitOpError("expects one extent of 'window' a spatial dimension");
    bool depthwise = isDepthwise() && packing->getBits() > 0;
    if (depthwise && (rank > 4 || packing->getBits() != ByteDepthwise::kBits ||
                      packing->getProducts() != ByteDepthwise::kTaps || packing->getLanes() < 4 ||
                      packing->getLanes() % 4))
      return emitOpError(
          "expects depthwise weights to be packed for four products of bytes a lane");
    int64_t depth = product(*getWindow()) * getGroupChannels();
    int64_t expected = depthwise ? ByteDepthwise::of(*this, packing->getLanes()).packedElements()
                                 : packing->packedElements(groups, depth, getGroupFeatures());
    if (filter.getRank() != 1 || filter.getNumElements() != expected)
      return emitOpError("expects a packed filter of ") << expected << " elements";
    return verifyEpilogue(*this, init);
  }
  if (filter.getRank() != rank)
    return emitOpError("expects a filter of the input's rank ") << rank;
  if (filter.getDimSize(rank - 2) * groups != x.getDimSize(rank - 1))
    return emitOpError("expects a filter over ")
           << x.getDimSize(rank - 1) << " / " << getGroups() << " channels, but it has "
           << filter.getDimSize(rank - 2);
  if (filter.getDimSize(rank - 1) != init.getDimSize(rank - 1))
    return emitOpError("expects as many output channels as the filter has features");
  return verifyEpilogue(*this, init);
}

int64_t WinogradOp::countMacs() {
  // Those of the convolution that it is.
  return cast<ShapedType>(getInit().getType()).getNumElements() * 9 *
         cast<ShapedType>(getX().getType()).getShape().back();
}

LogicalResult WinogradOp::verify() {
  auto x = cast<ShapedType>(getX().getType()), filter = cast<ShapedType>(getFilter().getType());
  auto init = cast<ShapedType>(getInit().getType());
  auto scratch = cast<MemRefType>(getScratch().getType());
  if (x.getRank() != 4 || init.getRank() != 4 || getPads().size() != 4)
    return emitOpError("expects images with two dimensions and four pads");
  for (unsigned d = 0; d < 2; ++d)
    if (x.getDimSize(d + 1) + getPads()[d] + getPads()[d + 2] - 2 != init.getDimSize(d + 1))
      return emitOpError("expects results for each place of a window of 3x3");
  int64_t channels = x.getDimSize(3), features = init.getDimSize(3);
  if (filter.getShape() != ArrayRef<int64_t>({36, channels, features}))
    return emitOpError("expects a filter of 36 matrices of ")
           << channels << " channels and " << features << " features";
  int64_t tiles = static_cast<int64_t>(getRows()) * llvm::divideCeilSigned(init.getDimSize(2), 4);
  if (scratch.getRank() != 2 || scratch.getDimSize(1) < 36 * tiles * (channels + features))
    return emitOpError("expects room for ") << 36 * tiles * (channels + features) << " elements";
  return verifyEpilogue(*this, init);
}

std::optional<GroupedLayout> edgec::kernel::groupedLayout(MatMulOp op) {
  auto attr = op->getAttrOfType<DenseI64ArrayAttr>(kGroupedAttr);
  if (!attr || attr.size() != 3)
    return std::nullopt;
  return GroupedLayout{attr[0], attr[1], attr[2]};
}

int64_t MatMulOp::countMacs() {
  return cast<ShapedType>(getInit().getType()).getNumElements() *
         cast<ShapedType>(getA().getType()).getShape().back();
}

LogicalResult MatMulOp::verify() {
  auto a = cast<ShapedType>(getA().getType()), b = cast<ShapedType>(getB().getType());
  auto init = cast<ShapedType>(getInit().getType());
  if (a.getRank() != 3 || init.getRank() != 3)
    return emitOpError("expects operands of rank 3");
  if (failed(verifyOffset(*this)))
    return failure();
  if (getBias() && cast<ShapedType>(getBias().getType()).getShape() != init.getShape().take_back(1))
    return emitOpError("expects a bias for each column of the result");
  if (a.getDimSize(0) != init.getDimSize(0) || a.getDimSize(1) != init.getDimSize(1))
    return emitOpError("expects as many matrices and rows in the result as in 'a'");
  int64_t depth = a.getDimSize(2), columns = init.getDimSize(2);
  if (auto packing = getPacking()) {
    int64_t lanes = packing->getLanes();
    auto grouped = groupedLayout(*this);
    if (grouped && grouped->bits != 4 && grouped->bits != 8)
      return emitOpError("has weights of ") << grouped->bits << " bits in groups";
    if (grouped && (grouped->size < 1 || grouped->size % 2 || depth % grouped->size))
      return emitOpError("has weights in groups of ")
             << grouped->size << ", but " << depth << " rows";
    int64_t expected = grouped ? grouped->packedBytes(depth, (columns + lanes - 1) / lanes * lanes)
                               : packing->packedElements(1, depth, columns);
    if (b.getRank() != 1 || b.getNumElements() != expected)
      return emitOpError("expects packed weights of ") << expected << " elements";
    return verifyEpilogue(*this, init);
  }
  if (b.getRank() != 3 || b.getDimSize(1) != depth || b.getDimSize(2) != columns ||
      (b.getDimSize(0) != 1 && b.getDimSize(0) != a.getDimSize(0)))
    return emitOpError("expects 'b' of ") << depth << " rows and " << columns << " columns";
  return verifyEpilogue(*this, init);
}

SmallVector<int64_t> ConvOp::getWindowShape() { return getKernelShape(); }
bool ConvOp::isTransposedWindow() { return getTransposed(); }
SmallVector<int64_t> PoolOp::getWindowShape() { return SmallVector<int64_t>(getKernel()); }
bool PoolOp::isTransposedWindow() { return false; }

LogicalResult PoolOp::verify() {
  return verifyWindow(*this, cast<ShapedType>(getX().getType()),
                      cast<ShapedType>(getInit().getType()),
                      {getKernel(), getStrides(), getDilations()}, getPads());
}

//===- Streams
//-----------------------------------------------------------------------------------===//

LogicalResult RingOp::verify() {
  auto source = cast<MemRefType>(getSource().getType()), result = cast<MemRefType>(getType());
  if (source.getRank() < 3 || source.getRank() != result.getRank() || !source.hasStaticShape() ||
      !result.hasStaticShape() || !source.getLayout().isIdentity() ||
      !result.getLayout().isIdentity())
    return emitOpError("expects contiguous buffers of one rank, 3 or more");
  if (source.getElementType() != result.getElementType() ||
      source.getShape().drop_front(2) != result.getShape().drop_front(2))
    return emitOpError("expects rows of one type, but got ") << source << " and " << result;
  if (result.getDimSize(0) != 1)
    return emitOpError("expects one image");
  if (!llvm::isPowerOf2_64(getRows()))
    return emitOpError("expects a power of two of rows, but got ") << getRows();
  return success();
}

LogicalResult StreamOp::verify() {
  if (static_cast<int64_t>(getRows()) < 1 || static_cast<int64_t>(getParts()) < 1)
    return emitOpError("expects at least one row and one part");
  WindowOpInterface before;
  for (Operation &op : getBody().front()) {
    if (isa<RingOp>(op))
      continue;
    auto window = dyn_cast<WindowOpInterface>(op);
    if (!window || window.isTransposedWindow())
      return op.emitOpError("can't be part of 'kernel.stream'");
    auto type = dyn_cast<MemRefType>(window.getWindowInput().get().getType());
    if (!type || type.getRank() < 4 || type.getDimSize(0) != 1)
      return op.emitOpError("expects, in 'kernel.stream', one image with two dimensions or more");
    if (before && window.getWindowInput().get() != before->getOperands().back())
      return op.emitOpError("expects, in 'kernel.stream', to read what the op before it writes");
    before = window;
  }
  if (!before)
    return emitOpError("expects window ops");
  return success();
}

Value RingOp::getViewSource() { return getSource(); }

//===- Rows
//--------------------------------------------------------------------------------------===//

LogicalResult BlockOp::verify() {
  auto source = cast<MemRefType>(getSource().getType()), result = cast<MemRefType>(getType());
  if (source.getRank() != 2 || !source.hasStaticShape() || !result.hasStaticShape() ||
      !source.getLayout().isIdentity() || !result.getLayout().isIdentity() ||
      source.getElementType() != result.getElementType())
    return emitOpError("expects contiguous buffers of one element type, the source of rank 2");
  return success();
}
Value BlockOp::getViewSource() { return getSource(); }

LogicalResult RowsOp::verify() {
  int64_t count = getCount(), block = getBlock(), period = getPeriod(), parts = getParts();
  if (count < 1 || block < 1 || parts < 1 || period < block || count % period != 0)
    return emitOpError("expects blocks inside of periods that ")
           << count << " rows are made of, but got blocks of " << block << " and a period of "
           << period;
  for (Operation &op : getBody().front())
    if (!isa<BlockOp, MatMulOp, linalg::LinalgOp>(op))
      return op.emitOpError("can't be part of 'kernel.rows'");
  return success();
}
