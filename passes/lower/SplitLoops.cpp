#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/lower/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_SPLITLOOPS
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Scalar operations below which a kernel is quicker alone than shared: waking threads takes some
/// 10 us.
constexpr int64_t kWorthSharing = 1 << 20;

std::optional<int64_t> tripCount(scf::ForOp loop) {
  APInt low, high, step;
  if (!matchPattern(loop.getLowerBound(), m_ConstantInt(&low)) ||
      !matchPattern(loop.getUpperBound(), m_ConstantInt(&high)) ||
      !matchPattern(loop.getStep(), m_ConstantInt(&step)) || step.getSExtValue() < 1)
    return std::nullopt;
  int64_t span = high.getSExtValue() - low.getSExtValue();
  return span <= 0 ? 0 : (span + step.getSExtValue() - 1) / step.getSExtValue();
}

/// Scalar operations of everything below `op`, a vector's lanes counted one by one; loops of
/// unknown length count as one iteration.
int64_t workOf(Operation *op) {
  int64_t work = 0;
  if (op->getNumRegions() == 0 && !op->hasTrait<OpTrait::IsTerminator>() &&
      !matchPattern(op, m_Constant())) {
    auto vector =
        op->getNumResults() ? dyn_cast<VectorType>(op->getResult(0).getType()) : VectorType();
    work = vector ? vector.getNumElements() : 1;
  }
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps())
      work += workOf(&inner);
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    int64_t trips = tripCount(loop).value_or(1);
    return trips > 0 && work > INT64_MAX / 4 / trips ? INT64_MAX / 4 : trips * work;
  }
  return work;
}

/// The loops to split: those at the top, or, where one has too few iterations, the only loop inside
/// it.
bool collectLoops(Block &body, bool allParallel, int64_t parts,
                  SmallVectorImpl<scf::ForOp> &loops) {
  for (Operation &op : body) {
    auto loop = dyn_cast<scf::ForOp>(op);
    if (!loop) {
      if (!isPure(&op) && !op.hasTrait<OpTrait::IsTerminator>())
        return false; // every part would do it
      continue;
    }
    auto trips = tripCount(loop);
    if (!trips || loop.getNumResults() || (!allParallel && !loop->hasAttr("edge.parallel")))
      return false;
    if (*trips >= parts) {
      loops.push_back(loop);
      continue;
    }
    if (!collectLoops(*loop.getBody(), allParallel, parts, loops))
      return false;
  }
  return true;
}

struct SplitLoops : public edgec::impl::SplitLoopsBase<SplitLoops> {
  void runOnOperation() override {
    auto threads = getOperation()->getAttrOfType<IntegerAttr>("edge.threads");
    int64_t parts = threads ? threads.getInt() : 1;
    if (parts < 2)
      return;
    OpBuilder builder(&getContext());
    SmallVector<Attribute> split;
    llvm::StringSet<> names;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel.isPrivate() && splitKernel(kernel, kernel->hasAttr("edge.parallel"), parts)) {
        split.push_back(kernel.getNameAttr());
        names.insert(kernel.getName());
      }
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isPrivate())
        continue;
      SmallVector<func::CallOp> calls(function.getOps<func::CallOp>());
      for (func::CallOp call : calls)
        if (names.contains(call.getCallee())) {
          builder.setInsertionPoint(call);
          Value part = arith::ConstantIndexOp::create(builder, call.getLoc(), 0);
          call.getOperandsMutable().append(part);
        }
      Block &body = function.getBody().front();
      body.addArgument(MemRefType::get({1}, builder.getI8Type()), function.getLoc());
      function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
      function.setArgAttr(body.getNumArguments() - 1, "edge.kind",
                          builder.getStringAttr("parallel"));
    }
    getOperation()->setAttr("edge.split", builder.getArrayAttr(split));
  }

  bool splitKernel(func::FuncOp kernel, bool allParallel, int64_t parts) {
    Block &body = kernel.getBody().front();
    SmallVector<scf::ForOp> loops;
    bool onlyBuffers =
        llvm::all_of(kernel.getArgumentTypes(), [](Type type) { return isa<MemRefType>(type); });
    auto known = kernel->getAttrOfType<IntegerAttr>("edge.work");
    int64_t work = known ? known.getInt() : workOf(kernel);
    if (!onlyBuffers || work < kWorthSharing || !collectLoops(body, allParallel, parts, loops) ||
        loops.empty())
      return false;
    OpBuilder builder(&getContext());
    Value part = body.addArgument(builder.getIndexType(), kernel.getLoc());
    for (scf::ForOp loop : loops) {
      Location loc = loop.getLoc();
      builder.setInsertionPoint(loop);
      int64_t trips = *tripCount(loop);
      auto bound = [&](Value index) -> Value { // low + step * (trips * index / parts)
        Value scaled = arith::MulIOp::create(builder, loc, index,
                                             arith::ConstantIndexOp::create(builder, loc, trips));
        Value first = arith::DivUIOp::create(builder, loc, scaled,
                                             arith::ConstantIndexOp::create(builder, loc, parts));
        Value offset = arith::MulIOp::create(builder, loc, first, loop.getStep());
        return arith::AddIOp::create(builder, loc, offset, loop.getLowerBound());
      };
      Value next = arith::AddIOp::create(builder, loc, part,
                                         arith::ConstantIndexOp::create(builder, loc, 1));
      Value low = bound(part);
      Value high = arith::MinSIOp::create(builder, loc, bound(next), loop.getUpperBound());
      loop.setLowerBound(low);
      loop.setUpperBound(high);
    }
    kernel.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
    return true;
  }
};

} // namespace
