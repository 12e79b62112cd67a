// Integers that a compiled model computes with, for FixedPointMath.
#pragma once

#include "dialects/Edge/FixedPoint.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace edgec::edge {

/// Writes each step with `arith`, on scalars of one type.
struct EmittedIntegers {
  using Integer = mlir::Value;

  Integer constant(int64_t value) const {
    return mlir::arith::ConstantOp::create(b, loc, mlir::IntegerAttr::get(type, value));
  }
  Integer add(Integer x, Integer y) const { return mlir::arith::AddIOp::create(b, loc, x, y); }
  Integer sub(Integer x, Integer y) const { return mlir::arith::SubIOp::create(b, loc, x, y); }
  Integer mul(Integer x, Integer y) const { return mlir::arith::MulIOp::create(b, loc, x, y); }
  Integer bitAnd(Integer x, Integer y) const { return mlir::arith::AndIOp::create(b, loc, x, y); }
  Integer shiftLeft(Integer x, Integer bits) const {
    return mlir::arith::ShLIOp::create(b, loc, x, bits);
  }
  Integer shiftRight(Integer x, Integer bits) const {
    return mlir::arith::ShRSIOp::create(b, loc, x, bits);
  }
  Integer max(Integer x, Integer y) const { return mlir::arith::MaxSIOp::create(b, loc, x, y); }
  Integer min(Integer x, Integer y) const { return mlir::arith::MinSIOp::create(b, loc, x, y); }
  Integer less(Integer x, Integer y) const {
    return mlir::arith::CmpIOp::create(b, loc, mlir::arith::CmpIPredicate::slt, x, y);
  }
  Integer equal(Integer x, Integer y) const {
    return mlir::arith::CmpIOp::create(b, loc, mlir::arith::CmpIPredicate::eq, x, y);
  }
  Integer select(Integer condition, Integer x, Integer y) const {
    return mlir::arith::SelectOp::create(b, loc, condition, x, y);
  }
  /// An integer of another width, with its sign.
  Integer resized(Integer x, mlir::Type to) const {
    unsigned from = x.getType().getIntOrFloatBitWidth(), bits = to.getIntOrFloatBitWidth();
    if (from < bits)
      return mlir::arith::ExtSIOp::create(b, loc, to, x);
    return from > bits ? mlir::arith::TruncIOp::create(b, loc, to, x).getResult() : x;
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace edgec::edge
