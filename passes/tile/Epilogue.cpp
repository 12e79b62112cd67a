#include "passes/tile/Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace edgec::tile {

Type sumType(kernel::ContractionOpInterface op) {
  Region &region = op.getEpilogueRegion();
  if (!region.empty())
    return computeType(region.getArgument(0).getType());
  Value init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front();
  return computeType(getElementTypeOrSelf(init.getType()));
}

Epilogue::Epilogue(OpBuilder &b, kernel::ContractionOpInterface op)
    : region(&op.getEpilogueRegion()) {
  init = FlatBuffer(b, op.getLoc(),
                    cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInits().front());
  for (Value extra : OperandRange(op.getEpilogueOperands())) {
    extras.emplace_back(b, op.getLoc(), extra);
    extras.back().broadcast(init.shape);
  }
}

bool Epilogue::collapsible(int64_t d) const {
  return init.collapsible(d) &&
         llvm::all_of(extras, [&](const FlatBuffer &extra) { return extra.collapsible(d); });
}
void Epilogue::collapse(int64_t d) {
  init.collapse(d);
  for (FlatBuffer &extra : extras)
    extra.collapse(d);
}
void Epilogue::split(int64_t d, int64_t inner) {
  init.split(d, inner);
  for (FlatBuffer &extra : extras)
    extra.split(d, inner);
}

bool Epilogue::isVectorizable(Operation *op) {
  return op->hasTrait<OpTrait::IsTerminator>() || op->hasTrait<OpTrait::ConstantLike>() ||
         (OpTrait::hasElementwiseMappableTraits(op) && isPure(op) && op->getNumRegions() == 0);
}

Value Epilogue::index(OpBuilder &b, Location loc, const FlatBuffer &buffer,
                      const OutputPlace &place) const {
  IndexMath math{b, loc};
  int64_t last = buffer.rank() - 1;
  Value result = math.constant(buffer.offset + place.row * buffer.strides[last - 1] +
                               place.lane * buffer.strides[last]);
  for (int64_t d = 0; d < last; ++d)
    if (buffer.strides[d])
      result = math.add(math.mul(d == 1 ? buffer.row(math, place.position[d]) : place.position[d],
                                 buffer.strides[d]),
                        result);
  if (buffer.strides[last])
    result = math.add(math.mul(place.channel, buffer.strides[last]), result);
  return buffer.origin ? math.add(buffer.origin, result) : result;
}

Value Epilogue::load(OpBuilder &b, Location loc, const FlatBuffer &buffer, const OutputPlace &place,
                     LaneAccess access) const {
  Value at = index(b, loc, buffer, place);
  if (buffer.strides.back() == 0)
    return loadSplat(b, loc, buffer, at, access.lanes, buffer.element);
  return loadVector(b, loc, buffer, at, access, buffer.element);
}

void Epilogue::store(OpBuilder &b, Location loc, Value sums, const OutputPlace &place,
                     LaneAccess access) const {
  if (!region->empty()) {
    Block &block = region->front();
    IRMapping mapping;
    mapping.map(block.getArgument(0),
                convertElements(b, loc, sums, block.getArgument(0).getType()));
    for (auto [extra, argument] : llvm::zip(extras, block.getArguments().drop_front()))
      if (!argument.use_empty())
        mapping.map(argument, load(b, loc, extra, place, access));
    if (!block.getArguments().back().use_empty())
      mapping.map(block.getArguments().back(), load(b, loc, init, place, access));
    auto wide = [&](Type type) { return laneType(type, access.lanes); };
    for (Operation &op : block.without_terminator()) {
      if (op.hasTrait<OpTrait::ConstantLike>()) {
        auto value = cast<arith::ConstantOp>(op).getValue();
        mapping.map(op.getResult(0), createSplat(b, loc, wide(op.getResult(0).getType()), value));
        continue;
      }
      // What comes from around the op is the same for all elements.
      for (Value operand : op.getOperands())
        if (!mapping.contains(operand))
          mapping.map(operand, access.lanes == 1 ? operand
                                                 : vector::BroadcastOp::create(
                                                       b, loc, wide(operand.getType()), operand));
      Operation *copy = b.clone(op, mapping);
      for (auto [from, to] : llvm::zip_equal(op.getResults(), copy->getResults())) {
        to.setType(wide(from.getType()));
        mapping.map(from, to);
      }
    }
    Value given = cast<kernel::YieldOp>(block.getTerminator()).getValue();
    sums = mapping.lookupOrNull(given);
    if (!sums)
      sums = access.lanes == 1
                 ? given
                 : vector::BroadcastOp::create(b, loc, wide(given.getType()), given).getResult();
  }
  storeVector(b, loc, sums, init, index(b, loc, init, place), access);
}

} // namespace edgec::tile
