#include "passes/tile/Nest.h"
#include "dialects/Edge/Edge.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "passes/tile/Window.h"

using namespace mlir;

namespace edgec::tile {

//===- Analysis -------------------------------------------------------------------------------===//

/// Adds `scale * expr` to the coefficients of dimensions and to a constant; fails where it isn't
/// linear.
static LogicalResult addLinear(AffineExpr expr, int64_t scale,
                               MutableArrayRef<int64_t> coefficients, int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += scale;
    return success();
  }
  if (auto value = dyn_cast<AffineConstantExpr>(expr)) {
    constant += scale * value.getValue();
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add)
    return success(succeeded(addLinear(binary.getLHS(), scale, coefficients, constant)) &&
                   succeeded(addLinear(binary.getRHS(), scale, coefficients, constant)));
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() != AffineExprKind::Mul || !factor)
    return failure();
  return addLinear(binary.getLHS(), scale * factor.getValue(), coefficients, constant);
}

static FailureOr<Access> accessOf(OpOperand &operand, AffineMap map) {
  Access access{operand.get(), {}, getElementTypeOrSelf(operand.get().getType())};
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type) {
    access.isScalar = true;
    access.strides.assign(map.getNumDims(), 0);
    return access;
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return failure();
  access.strides.assign(map.getNumDims(), 0);
  for (auto [expr, stride] : llvm::zip_equal(map.getResults(), strides))
    if (failed(addLinear(expr, stride, access.strides, access.first)))
      return failure();
  if (access.first < 0 || llvm::any_of(access.strides, [](int64_t stride) { return stride < 0; }))
    return failure();
  return access;
}

FailureOr<Nest> Nest::get(linalg::LinalgOp op) {
  Nest nest{op, {}, {}, {}, {}, {}, {}};
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (auto [range, kind] : llvm::zip_equal(ranges, op.getIteratorTypesArray())) {
    if (ShapedType::isDynamic(range) || range == 0)
      return failure();
    nest.loopOf.push_back(nest.size());
    nest.extents.push_back(range);
    nest.reduces.push_back(kind == utils::IteratorType::reduction);
    nest.needsIndex.push_back(false);
  }
  for (OpOperand &operand : op->getOpOperands()) {
    FailureOr<Access> access = accessOf(operand, op.getMatchingIndexingMap(&operand));
    if (failed(access))
      return failure();
    nest.accesses.push_back(*access);
  }
  op->walk([&](linalg::IndexOp index) { nest.needsIndex[index.getDim()] = true; });
  nest.dropUnits();
  nest.sort();
  nest.merge();
  return nest;
}

void Nest::reorder(ArrayRef<unsigned> order) {
  auto permute = [&](auto &list) {
    auto old = list;
    list.clear();
    for (unsigned from : order)
      list.push_back(old[from]);
  };
  permute(extents);
  permute(reduces);
  permute(needsIndex);
  for (Access &access : accesses)
    permute(access.strides);
  for (int64_t &loop : loopOf)
    if (loop >= 0) {
      auto *at = llvm::find(order, static_cast<unsigned>(loop));
      loop = at == order.end() ? -1 : at - order.begin();
    }
}

void Nest::dropUnits() {
  SmallVector<unsigned> kept;
  for (size_t i = 0; i < size(); ++i)
    if (extents[i] != 1)
      kept.push_back(i);
  reorder(kept);
}

void Nest::sort() {
  SmallVector<unsigned> order(size());
  std::iota(order.begin(), order.end(), 0u);
  auto key = [&](unsigned loop) {
    // Parallel loops as the result lies in memory; others as the first operand that moves does.
    SmallVector<int64_t> strides;
    if (!reduces[loop])
      strides.push_back(accesses[op.getNumDpsInputs()].strides[loop]);
    for (const Access &access : accesses)
      strides.push_back(access.strides[loop]);
    return strides;
  };
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::tuple(!reduces[a], key(a), b) > std::tuple(!reduces[b], key(b), a);
  });
  reorder(order);
}

void Nest::merge() {
  for (size_t i = 0; i + 1 < size();) {
    bool merges = reduces[i] == reduces[i + 1] && !needsIndex[i] && !needsIndex[i + 1] &&
                  llvm::all_of(accesses, [&](const Access &access) {
                    return access.strides[i] == access.strides[i + 1] * extents[i + 1];
                  });
    if (!merges) {
      ++i;
      continue;
    }
    extents[i + 1] *= extents[i];
    SmallVector<unsigned> kept;
    for (unsigned loop = 0; loop < size(); ++loop)
      if (loop != i)
        kept.push_back(loop);
    reorder(kept); // nobody asks where in the two
  }
}

LogicalResult Nest::splitRows(int64_t rows) {
  if (extents.empty() || reduces.front() || needsIndex.front() || extents.front() % rows != 0)
    return failure();
  int64_t inner = extents.front() / rows;
  extents.front() = rows;
  if (inner == 1)
    return success();
  extents.insert(extents.begin() + 1, inner);
  reduces.insert(reduces.begin() + 1, false);
  needsIndex.insert(needsIndex.begin() + 1, false);
  for (Access &access : accesses) {
    int64_t stride = access.strides.front();
    access.strides.front() *= inner;
    access.strides.insert(access.strides.begin() + 1, stride);
  }
  for (int64_t &loop : loopOf)
    if (loop > 0)
      ++loop;
  return success();
}

void Nest::takeRows(OpBuilder &b, Value first, int64_t count) {
  row = first;
  extents.insert(extents.begin() + 1, count);
  reduces.insert(reduces.begin() + 1, false);
  needsIndex.insert(needsIndex.begin() + 1, false);
  for (Access &access : accesses) {
    access.strides.insert(access.strides.begin() + 1, access.strides.front());
    auto view = access.buffer.getDefiningOp<kernel::BlockOp>();
    if (!view)
      continue;
    access.strides.front() = 0;
    access.buffer = view.getSource();
    IndexMath index{b, op.getLoc()};
    if (Value part = view.getPart())
      access.origin = index.mul(part, cast<MemRefType>(view.getSource().getType()).getDimSize(1));
  }
  for (int64_t &loop : loopOf)
    if (loop > 0)
      ++loop;
}

void Nest::flatten(OpBuilder &b) {
  for (Access &access : accesses) {
    auto type = dyn_cast<MemRefType>(access.buffer.getType());
    if (!type)
      continue;
    SmallVector<int64_t> strides;
    int64_t offset = 0, last = 0;
    (void)type.getStridesAndOffset(strides, offset); // static, or get() had failed
    for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides))
      last += (extent - 1) * stride;
    if (type.getRank() == 1 && type.getLayout().isIdentity())
      continue;
    auto flat = MemRefType::get({last + 1}, type.getElementType(),
                                StridedLayoutAttr::get(b.getContext(), offset, {1}));
    access.buffer =
        memref::ReinterpretCastOp::create(b, op.getLoc(), flat, access.buffer, offset,
                                          ArrayRef<int64_t>{last + 1}, ArrayRef<int64_t>{1});
  }
}

bool hasVectorBody(const Nest &nest) {
  auto isWhole = [](Type type) {
    return isa<IntegerType, FloatType>(type) && type.getIntOrFloatBitWidth() % 8 == 0;
  };
  auto isLane = [](Type type) { return isa<IntegerType, FloatType>(type); };
  linalg::LinalgOp op = nest.op;
  for (const Access &access : nest.accesses)
    if (!isWhole(access.element))
      return false;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    bool isConstant = inner.hasTrait<OpTrait::ConstantLike>();
    if (!isConstant && (inner.getNumRegions() || !OpTrait::hasElementwiseMappableTraits(&inner)))
      return false;
    if (!llvm::all_of(inner.getResultTypes(), isLane) ||
        !llvm::all_of(inner.getOperandTypes(), isLane))
      return false;
  }
  return true;
}

int64_t lanesOf(const Nest &nest, unsigned bits) {
  unsigned widest = 8;
  for (const Access &access : nest.accesses)
    widest = std::max(widest, access.element.getIntOrFloatBitWidth());
  return std::max<int64_t>(bits / widest, 1);
}

//===- Emission -------------------------------------------------------------------------------===//

SmallVector<Value> NestEmitter::loop(OpBuilder &b, size_t index, int64_t first, int64_t end,
                                     int64_t step, ValueRange values, Body body) {
  if (first >= end)
    return values;
  if (end - first <= step) {
    at[index] = constant(b, first);
    return body(b, values);
  }
  auto loop =
      scf::ForOp::create(b, loc, constant(b, first), constant(b, end), constant(b, step), values,
                         [&](OpBuilder &nested, Location loc, Value iv, ValueRange args) {
                           at[index] = iv;
                           scf::YieldOp::create(nested, loc, body(nested, args));
                         });
  // Iterations that write different elements may be shared among threads.
  if (!nest.reduces[index] && values.empty())
    loop->setAttr("edge.parallel", b.getUnitAttr());
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> NestEmitter::loops(OpBuilder &b, ArrayRef<size_t> indices, ValueRange values,
                                      Body body) {
  if (indices.empty())
    return body(b, values);
  return loop(b, indices.front(), 0, nest.extents[indices.front()], 1, values,
              [&](OpBuilder &b, ValueRange values) {
                return loops(b, indices.drop_front(), values, body);
              });
}

Value NestEmitter::constant(OpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value NestEmitter::add(OpBuilder &b, Value x, int64_t y) {
  return y ? b.createOrFold<arith::AddIOp>(loc, x, constant(b, y)) : x;
}

Value NestEmitter::address(OpBuilder &b, const Access &access, int64_t shift) {
  Value sum;
  shift += access.first;
  for (auto [position, stride] : llvm::zip_equal(at, access.strides)) {
    if (stride == 0)
      continue;
    Value term =
        stride == 1 ? position : b.createOrFold<arith::MulIOp>(loc, position, constant(b, stride));
    sum = sum ? b.createOrFold<arith::AddIOp>(loc, sum, term) : term;
  }
  if (access.origin)
    sum = sum ? b.createOrFold<arith::AddIOp>(loc, sum, access.origin) : access.origin;
  return sum ? add(b, sum, shift) : constant(b, shift);
}

Value NestEmitter::load(OpBuilder &b, const Access &access, int64_t width, int64_t shift) {
  if (access.isScalar)
    return access.buffer;
  Value index = address(b, access, shift);
  if (width == 1)
    return memref::LoadOp::create(b, loc, access.buffer, index);
  return vector::LoadOp::create(b, loc, VectorType::get({width}, access.element), access.buffer,
                                index);
}

void NestEmitter::store(OpBuilder &b, const Access &access, Value value, int64_t shift) {
  Value index = address(b, access, shift);
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(b, loc, value, access.buffer, index);
  else
    memref::StoreOp::create(b, loc, value, access.buffer, index);
}

Value NestEmitter::loadAlong(OpBuilder &b, const Access &access, size_t lanes, int64_t width,
                             int64_t shift) {
  bool moves = access.strides[lanes] != 0;
  return load(b, access, moves ? width : 1, moves ? shift : 0);
}

Value NestEmitter::emitBody(OpBuilder &b, ArrayRef<Value> arguments, Value value,
                            Operation *except) {
  Block *block = nest.op.getBlock();
  IRMapping mapping;
  for (auto [argument, given] : llvm::zip(block->getArguments(), arguments))
    if (given)
      mapping.map(argument, given);
  for (Operation &inner : block->without_terminator()) {
    if (&inner == except)
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      int64_t loop = nest.loopOf[index.getDim()];
      mapping.map(index.getResult(), loop < 0 ? constant(b, 0) : at[loop]);
      continue;
    }
    int64_t width = 1;
    for (Value operand : inner.getOperands())
      if (auto vector = dyn_cast<VectorType>(mapping.lookupOrDefault(operand).getType()))
        width = vector.getNumElements();
    if (width == 1) {
      b.clone(inner, mapping);
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(broadcast(b, loc, mapping.lookupOrDefault(operand), width));
    OperationState state(inner.getLoc(), inner.getName(), operands, {},
                         inner.getDiscardableAttrDictionary().getValue());
    for (Type type : inner.getResultTypes())
      state.addTypes(VectorType::get({width}, type));
    state.propertiesAttr = inner.getPropertiesAsAttribute();
    mapping.map(inner.getResults(), b.create(state)->getResults());
  }
  return mapping.lookupOrDefault(value);
}

Value broadcast(OpBuilder &b, Location loc, Value value, int64_t width) {
  if (width == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(b, loc, VectorType::get({width}, value.getType()), value);
}

void emitScalars(OpBuilder &b, Nest &nest) {
  NestEmitter emitter(nest);
  SmallVector<size_t> all(nest.size() - nest.firstLoop());
  std::iota(all.begin(), all.end(), nest.firstLoop());
  emitter.loops(b, all, {}, [&](OpBuilder &b, ValueRange) {
    Block *block = nest.op.getBlock();
    SmallVector<Value> arguments;
    for (auto [access, argument] : llvm::zip_equal(nest.accesses, block->getArguments()))
      arguments.push_back(argument.use_empty() ? Value() : emitter.load(b, access, 1));
    IRMapping mapping;
    for (auto [argument, given] : llvm::zip(block->getArguments(), arguments))
      if (given)
        mapping.map(argument, given);
    for (Operation &inner : block->without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        int64_t loop = nest.loopOf[index.getDim()];
        mapping.map(index.getResult(), loop < 0 ? emitter.constant(b, 0) : emitter.at[loop]);
      } else {
        b.clone(inner, mapping);
      }
    }
    for (auto [access, value] :
         llvm::zip(ArrayRef<Access>(nest.accesses).drop_front(nest.op.getNumDpsInputs()),
                   block->getTerminator()->getOperands()))
      emitter.store(b, access, mapping.lookupOrDefault(value));
    return SmallVector<Value>();
  });
}

} // namespace edgec::tile
