#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/lower/Passes.h"
#include <functional>

namespace edgec {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// The memory that a buffer lies in: the value its views start from, and the bytes of it that they
/// may touch.
struct Place {
  Value root;
  int64_t begin = 0, end = INT64_MAX;
};

Place placeOf(Value buffer) {
  Place place{buffer};
  while (Operation *producer = place.root.getDefiningOp()) {
    if (auto view = dyn_cast<memref::ViewOp>(producer)) {
      APInt shift;
      auto type = cast<MemRefType>(view.getType());
      if (matchPattern(view.getByteShift(), m_ConstantInt(&shift)) && type.hasStaticShape()) {
        place.begin = shift.getSExtValue();
        place.end = place.begin + type.getNumElements() * edge::elementBytes(type.getElementType());
      }
      place.root = view.getSource();
    } else if (isa<ViewLikeOpInterface>(producer)) {
      place.root = producer->getOperand(0);
    } else {
      break;
    }
  }
  return place;
}

/// Whether two buffers may share bytes. Arguments and constants are distinct from each other by the
/// calling convention.
bool mayOverlap(const Place &a, const Place &b) {
  if (a.root == b.root)
    return a.begin < b.end && b.begin < a.end;
  auto global = [](Value root) { return root.getDefiningOp<memref::GetGlobalOp>(); };
  if (global(a.root) && global(b.root))
    return false; // constants are only read
  bool known = (isa<BlockArgument>(a.root) || global(a.root)) &&
               (isa<BlockArgument>(b.root) || global(b.root));
  return !known;
}

/// Ops that stay in the caller: they compute addresses and scalars, or end it.
bool staysOutside(Operation *op) {
  return isa<ViewLikeOpInterface, memref::GetGlobalOp, memref::AllocOp, kernel::RequireOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>() ||
         (isPure(op) &&
          llvm::none_of(op->getResultTypes(), [](Type t) { return isa<TensorType>(t); }));
}

/// Multiply-accumulates of the op: products that are added up.
int64_t countMacs(Operation *op) {
  if (auto contraction = dyn_cast<kernel::ContractionOpInterface>(op))
    return contraction.countMacs();
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured || !structured.getNumReductionLoops())
    return 0;
  bool multiplies = false;
  op->walk([&](Operation *nested) { multiplies |= isa<arith::MulFOp, arith::MulIOp>(nested); });
  int64_t count = 1;
  for (int64_t range : structured.getStaticLoopRanges())
    count *= range;
  return multiplies ? count : 0;
}

/// Bytes of the buffers that the op reads and writes, each operand once: what has to move however
/// well it is written.
int64_t countBytes(Operation &op, ArrayRef<Value> captured) {
  int64_t bytes = 0;
  auto add = [&](Value value) {
    if (auto type = dyn_cast<MemRefType>(value.getType()); type && type.hasStaticShape())
      bytes += type.getNumElements() * edge::elementBytes(type.getElementType());
  };
  llvm::for_each(op.getOperands(), add);
  for (Value value : captured)
    if (!llvm::is_contained(op.getOperands(), value))
      add(value);
  return bytes;
}

/// What the op computes with: the element type of what its first contraction reads, or, without
/// one, of its own first buffer.
std::string elementOf(Operation &op) {
  Operation *reader = &op;
  op.walk([&](kernel::ContractionOpInterface contraction) {
    reader = contraction;
    return WalkResult::interrupt();
  });
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (Value operand : reader->getOperands())
    if (auto type = dyn_cast<MemRefType>(operand.getType())) {
      type.getElementType().print(stream);
      break;
    }
  return text;
}

/// The op's name for people: its location's, made C-safe.
std::string symbolName(Operation *op, unsigned index) {
  std::string name;
  if (auto loc = op->getLoc()->findInstanceOf<NameLoc>())
    name = loc.getName().str();
  std::string safe = "op" + std::to_string(index);
  if (!name.empty())
    safe += "_";
  for (char c : StringRef(name).take_back(48))
    safe += llvm::isAlnum(c) ? c : '_';
  return safe;
}

/// The view of a buffer that begins where only the run knows: no address that a caller could hand
/// over, so it is taken inside.
Operation *viewTakenInside(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  auto view = value.getDefiningOp<ViewLikeOpInterface>();
  if (!type || !view)
    return nullptr;
  auto [strides, offset] = type.getStridesAndOffset();
  return ShapedType::isDynamic(offset) ? view.getOperation() : nullptr;
}

/// What the op reads from outside; `views` are those that are taken inside, in the order in which
/// they are made.
llvm::SetVector<Value> captures(Operation &op, SmallVectorImpl<Operation *> &views) {
  llvm::SetVector<Value> direct(op.operand_begin(), op.operand_end()), captured;
  for (Region &region : op.getRegions())
    getUsedValuesDefinedAbove(region, direct);
  std::function<void(Value)> add = [&](Value value) {
    Operation *view = viewTakenInside(value);
    if (!view) {
      captured.insert(value);
    } else if (!llvm::is_contained(views, view)) {
      llvm::for_each(view->getOperands(), add);
      views.push_back(view);
    }
  };
  llvm::for_each(direct, add);
  return captured;
}

struct OutlineKernels : public edgec::impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!function.isPrivate())
        outline(function);
  }

  void outline(func::FuncOp function) {
    OpBuilder builder(function);
    llvm::StringMap<SmallVector<func::FuncOp>> known; // by a cheap key; equality decides
    unsigned index = 0;
    SmallVector<Attribute> rows;
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      if (staysOutside(&op) || op.getNumResults() != 0)
        continue;
      SmallVector<Operation *> views;
      llvm::SetVector<Value> captured = captures(op, views);

      // Constants move inside; everything else is an argument.
      SmallVector<Value> arguments;
      SmallVector<Operation *> constants;
      for (Value value : captured) {
        if (value.getDefiningOp() && matchPattern(value, m_Constant()))
          constants.push_back(value.getDefiningOp());
        else
          arguments.push_back(value);
      }
      builder.setInsertionPointToEnd(getOperation().getBody());
      auto type = builder.getFunctionType(ValueRange(arguments).getTypes(), {});
      auto kernel = func::FuncOp::create(builder, op.getLoc(), symbolName(&op, index++), type);
      kernel.setPrivate();
      Block *body = kernel.addEntryBlock();
      builder.setInsertionPointToStart(body);
      IRMapping mapping;
      mapping.map(arguments, body->getArguments());
      for (Operation *constant : constants)
        builder.clone(*constant, mapping);
      for (Operation *view : views)
        builder.clone(*view, mapping);
      builder.clone(op, mapping);
      func::ReturnOp::create(builder, op.getLoc());

      SmallVector<Place> places;
      for (Value argument : arguments)
        places.push_back(isa<MemRefType>(argument.getType()) ? placeOf(argument) : Place());
      for (size_t i = 0; i < arguments.size(); ++i) {
        if (!places[i].root)
          continue;
        bool alone = true;
        for (size_t j = 0; j < arguments.size(); ++j)
          alone &= i == j || !places[j].root || !mayOverlap(places[i], places[j]);
        if (alone)
          kernel.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      }

      std::string key;
      llvm::raw_string_ostream(key) << op.getName() << type;
      for (func::FuncOp other : known[key])
        if (equal(kernel, other)) {
          kernel.erase();
          kernel = other;
          --index;
          break;
        }
      if (!llvm::is_contained(known[key], kernel)) {
        known[key].push_back(kernel);
        if (isa<kernel::ContractionOpInterface, kernel::PoolOp>(
                op)) // every output position is on its own
          kernel->setAttr("edge.parallel", builder.getUnitAttr());
      }
      int64_t macs = 0;
      op.walk([&](Operation *nested) { macs += countMacs(nested); });
      std::string label;
      if (auto loc = op.getLoc()->findInstanceOf<NameLoc>())
        label = loc.getName().str();
      rows.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(label)),
           builder.getNamedAttr("kind", builder.getStringAttr(op.getName().getStringRef())),
           builder.getNamedAttr("kernel", builder.getStringAttr(kernel.getName())),
           builder.getNamedAttr("element", builder.getStringAttr(elementOf(op))),
           builder.getNamedAttr("macs", builder.getI64IntegerAttr(macs)),
           builder.getNamedAttr(
               "bytes", builder.getI64IntegerAttr(countBytes(op, captured.getArrayRef())))}));
      builder.setInsertionPoint(&op);
      func::CallOp::create(builder, op.getLoc(), kernel, arguments);
      op.erase();
    }
    getOperation()->setAttr("edge.operators", builder.getArrayAttr(rows));
  }

  static bool equal(func::FuncOp a, func::FuncOp b) {
    return a.getArgAttrs() == b.getArgAttrs() &&
           OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                      OperationEquivalence::IgnoreLocations);
  }
};

} // namespace
