#include "passes/tile/Machine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;

namespace edgec::tile {

Machine Machine::of(Operation *op) {
  Machine machine;
  Operation *top = op;
  while (top->getParentOp())
    top = top->getParentOp();
  if (auto threads = top->getAttrOfType<IntegerAttr>("edge.threads"))
    machine.threads = threads.getInt();
  auto target = top->getAttrOfType<edge::TargetAttr>("edge.target");
  if (!target)
    return machine;
  llvm::Triple triple(target.getTriple());
  machine.vectorBits = target.getVectorBits();
  machine.registers = target.getVectorRegisters();
  machine.l2Bytes = target.getL2Bytes();
  machine.compact = target.getL2Bytes() == 0;
  machine.byElement = triple.isAArch64();
  machine.dots = kernel::getDotUnits(target.getDot());
  machine.masks = (triple.isX86() && machine.registers >= 32) || triple.isRISCV();
  return machine;
}

using kernel::DotUnit;

DotUnit Machine::dotUnit(kernel::PackingAttr packing) const {
  for (const DotUnit &unit : dots)
    if (unit.products == packing.getProducts() && unit.bits == packing.getBits())
      return unit;
  return {
      "", packing.getProducts(), packing.getBits(), /*unsignedX=*/false, DotUnit::Takes::Factors,
      {}};
}

int64_t Machine::lanes(Type type) const {
  unsigned width = type.getIntOrFloatBitWidth();
  return std::max<int64_t>(llvm::bit_floor<uint64_t>(vectorBits / width), 1);
}

} // namespace edgec::tile
