#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/lower/Passes.h"
#include "passes/lower/math/Functions.h"
#include <limits>

namespace edgec {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;
using approximate::Float;

namespace {

struct Row {
  StringRef op;
  Float (*unary)(Float) = nullptr;
  Float (*binary)(Float, Float) = nullptr;
  bool mayBeInstruction = false; ///< on processors that round to integers
};

/// What computes `op`, or null for what stays: other ops, doubles, tensors.
const Row *findRow(Operation *op) {
  static const Row rows[] = {
      {math::ExpOp::getOperationName(), approximate::exp},
      {math::Exp2Op::getOperationName(), approximate::exp2},
      {math::ExpM1Op::getOperationName(), approximate::expm1},
      {math::LogOp::getOperationName(), approximate::log},
      {math::Log2Op::getOperationName(), approximate::log2},
      {math::Log10Op::getOperationName(), approximate::log10},
      {math::Log1pOp::getOperationName(), approximate::log1p},
      {math::SinOp::getOperationName(), approximate::sin},
      {math::CosOp::getOperationName(), approximate::cos},
      {math::TanOp::getOperationName(), approximate::tan},
      {math::AsinOp::getOperationName(), approximate::asin},
      {math::AcosOp::getOperationName(), approximate::acos},
      {math::AtanOp::getOperationName(), approximate::atan},
      {math::SinhOp::getOperationName(), approximate::sinh},
      {math::CoshOp::getOperationName(), approximate::cosh},
      {math::TanhOp::getOperationName(), approximate::tanh},
      {math::AsinhOp::getOperationName(), approximate::asinh},
      {math::AcoshOp::getOperationName(), approximate::acosh},
      {math::AtanhOp::getOperationName(), approximate::atanh},
      {math::ErfOp::getOperationName(), approximate::erf},
      {math::Atan2Op::getOperationName(), nullptr, approximate::atan2},
      {math::PowFOp::getOperationName(), nullptr, approximate::pow},
      {math::RoundEvenOp::getOperationName(), approximate::roundEven, nullptr, true},
      {math::FloorOp::getOperationName(), approximate::floor, nullptr, true},
      {math::CeilOp::getOperationName(), approximate::ceil, nullptr, true},
  };
  if (op->getNumResults() != 1)
    return nullptr;
  Type type = op->getResult(0).getType();
  auto element = dyn_cast<FloatType>(isa<VectorType>(type) ? getElementTypeOrSelf(type) : type);
  if (!element || element.getWidth() > 32)
    return nullptr;
  StringRef name = op->getName().getStringRef();
  const Row *row = llvm::find_if(rows, [&](const Row &row) { return row.op == name; });
  return row == std::end(rows) ? nullptr : row;
}

bool isOne(Value value) { return matchPattern(value, m_OneFloat()); }

/// Whether `exp` is only used as x / (1 + exp), where its denormal results make no difference, and
/// infinity is as good as a number from 2^127.5 on: the result is below the normal numbers then.
bool isLogistic(math::ExpOp exp) {
  return llvm::all_of(exp->getUsers(), [&](Operation *user) {
    auto sum = dyn_cast<arith::AddFOp>(user);
    if (!sum || (!isOne(sum.getLhs()) && !isOne(sum.getRhs())))
      return false;
    return llvm::all_of(sum->getUsers(), [&](Operation *user) {
      auto division = dyn_cast<arith::DivFOp>(user);
      return division && division.getRhs() == sum && division.getLhs() != sum;
    });
  });
}

/// Powers that a few multiplications compute.
std::optional<Float> powerByConstant(Float x, Value exponent) {
  APFloat constant(0.0f);
  if (!matchPattern(exponent, m_ConstantFloat(&constant)))
    return std::nullopt;
  float y = constant.convertToFloat();
  if (y == 1)
    return x;
  if (y == 2)
    return x * x;
  if (y == 3)
    return x * x * x;
  if (y == -1)
    return 1.0f / x;
  if (y == 0.5f) {
    // Unlike the root, the power of -0 is 0, and that of -infinity is infinity.
    Float infinity = x.constant(std::numeric_limits<float>::infinity());
    return select(x == -infinity, infinity, (x + 0.0f).sqrt());
  }
  return std::nullopt;
}

struct ApproximateMath : public edgec::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<edge::TargetAttr>("edge.target");
    if (target && !target.getHardwareFloat())
      return;
    fusesMultiplyAdd = target && target.getFusedMultiplyAdd();
    bool rounds = !target || target.getRoundsToInteger();
    // Without vectors there is nothing to gain from a copy in each loop.
    bool share = target && target.getVectorBits() <= 32;

    SmallVector<std::pair<Operation *, const Row *>> ops;
    module.walk([&](Operation *op) {
      if (const Row *row = findRow(op); row && !(row->mayBeInstruction && rounds))
        ops.emplace_back(op, row);
    });
    shared.clear();
    for (auto [op, row] : ops)
      rewrite(op, *row, share);
  }

private:
  void rewrite(Operation *op, const Row &row, bool share) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    Type type = op->getResult(0).getType();
    approximate::Site site = siteFor(builder, loc, type);
    SmallVector<Float> operands;
    for (Value operand : op->getOperands()) {
      if (type != site.floats)
        operand = arith::ExtFOp::create(builder, loc, site.floats, operand);
      operands.push_back({{&site, operand}});
    }
    Value result;
    auto power =
        isa<math::PowFOp>(op) ? powerByConstant(operands[0], op->getOperand(1)) : std::nullopt;
    if (power)
      result = power->value;
    else if (share && site.floats.isF32())
      result = callShared(op, row, operands);
    else
      result = build(op, row, operands).value;
    if (type != site.floats)
      result = arith::TruncFOp::create(builder, loc, type, result);
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }

  /// The site of an op with results of `type`: f32 of its shape.
  approximate::Site siteFor(OpBuilder &builder, Location loc, Type type) const {
    Type floats = builder.getF32Type(), ints = builder.getI32Type();
    if (auto vector = dyn_cast<VectorType>(type)) {
      floats = vector.clone(floats);
      ints = vector.clone(ints);
    }
    return {builder, loc, floats, ints, fusesMultiplyAdd};
  }

  static Float build(Operation *op, const Row &row, ArrayRef<Float> operands) {
    if (auto exp = dyn_cast<math::ExpOp>(op); exp && isLogistic(exp))
      return approximate::expInNormalRange(operands[0]);
    return row.unary ? row.unary(operands[0]) : row.binary(operands[0], operands[1]);
  }

  /// Calls a private function of the module that computes what `op` does.
  Value callShared(Operation *op, const Row &row, ArrayRef<Float> operands) {
    const approximate::Site &site = *operands[0].site;
    func::FuncOp &function = shared[row.op];
    SmallVector<Value> values;
    for (Float operand : operands)
      values.push_back(operand.value);
    if (!function) {
      OpBuilder builder(&getContext());
      Type f32 = builder.getF32Type();
      SmallVector<Type> inputs(values.size(), f32);
      function = func::FuncOp::create(builder, getOperation().getLoc(),
                                      ("math_" + row.op.split('.').second).str(),
                                      builder.getFunctionType(inputs, f32));
      function.setPrivate();
      SymbolTable(getOperation()).insert(function); // renames it where the name is taken
      Block *body = function.addEntryBlock();
      builder.setInsertionPointToStart(body);
      approximate::Site inside = siteFor(builder, function.getLoc(), f32);
      SmallVector<Float> arguments;
      for (Value argument : body->getArguments())
        arguments.push_back({{&inside, argument}});
      Float result = row.unary ? row.unary(arguments[0]) : row.binary(arguments[0], arguments[1]);
      func::ReturnOp::create(builder, function.getLoc(), result.value);
    }
    return func::CallOp::create(site.builder, op->getLoc(), function, values).getResult(0);
  }

  bool fusesMultiplyAdd = false;
  llvm::StringMap<func::FuncOp> shared;
};

} // namespace
