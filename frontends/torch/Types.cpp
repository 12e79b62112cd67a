#include "frontends/torch/Types.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace mlir;

namespace edgec::torch {

namespace {

/// The codes are those of the exported program's schema, not of torch's own enumeration.
struct TypeRow {
  int64_t code;
  StringLiteral name;
  unsigned bytes;
  Type (*make)(MLIRContext *);
};

template <unsigned width, bool isUnsigned = false> Type integer(MLIRContext *context) {
  return IntegerType::get(context, width,
                          isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
}
template <typename Float> Type real(MLIRContext *context) { return Float::get(context); }

const TypeRow kTypes[] = {
    {1, "uint8", 1, integer<8, true>},
    {2, "int8", 1, integer<8>},
    {3, "int16", 2, integer<16>},
    {4, "int32", 4, integer<32>},
    {5, "int64", 8, integer<64>},
    {6, "float16", 2, real<Float16Type>},
    {7, "float32", 4, real<Float32Type>},
    {8, "float64", 8, real<Float64Type>},
    {9, "complex32", 4, nullptr},
    {10, "complex64", 8, nullptr},
    {11, "complex128", 16, nullptr},
    {12, "bool", 1, integer<1>},
    {13, "bfloat16", 2, real<BFloat16Type>},
    {28, "uint16", 2, integer<16, true>},
    {29, "float8_e4m3fn", 1, nullptr},
    {30, "float8_e5m2", 1, nullptr},
    {31, "float8_e4m3fnuz", 1, nullptr},
    {32, "float8_e5m2fnuz", 1, nullptr},
    {33, "float8_e8m0fnu", 1, nullptr},
    {34, "uint32", 4, integer<32, true>},
    {35, "uint64", 8, integer<64, true>},
};

const TypeRow *find(int64_t code) {
  const auto *row = llvm::find_if(kTypes, [&](const TypeRow &row) { return row.code == code; });
  return row == std::end(kTypes) ? nullptr : row;
}

int category(Type element) { return isa<FloatType>(element) ? 2 : element.isInteger(1) ? 0 : 1; }

/// Of two types of operands of equal standing.
Type promotePair(Type a, Type b) {
  if (!a || !b || a == b)
    return a ? a : b;
  if (category(a) != category(b))
    return category(a) > category(b) ? a : b;
  unsigned widthA = a.getIntOrFloatBitWidth(), widthB = b.getIntOrFloatBitWidth();
  if (isa<FloatType>(a)) {
    if (widthA == widthB) // the two of 16 bits
      return Float32Type::get(a.getContext());
    return widthA > widthB ? a : b;
  }
  bool signA = !a.isUnsignedInteger(), signB = !b.isUnsignedInteger();
  if (signA == signB)
    return widthA > widthB ? a : b;
  // A signed type that holds both.
  unsigned ofUnsigned = signA ? widthB : widthA, ofSigned = signA ? widthA : widthB;
  return IntegerType::get(a.getContext(), std::min(64u, std::max(ofSigned, 2 * ofUnsigned)));
}

} // namespace

Type convertElementType(int64_t code, MLIRContext *context) {
  const TypeRow *row = find(code);
  return row && row->make ? row->make(context) : Type();
}

Type complexPart(int64_t code, MLIRContext *context) {
  switch (code) {
  case 9:
    return Float16Type::get(context);
  case 10:
    return Float32Type::get(context);
  case 11:
    return Float64Type::get(context);
  default:
    return {};
  }
}

std::string nameOfType(int64_t code) {
  const TypeRow *row = find(code);
  return row ? row->name.str() : "type " + std::to_string(code);
}

std::string nameOfType(Type element) {
  for (const TypeRow &row : kTypes)
    if (row.make && row.make(element.getContext()) == element)
      return row.name.str();
  return "an unknown type";
}

unsigned bytesOfType(int64_t code) {
  const TypeRow *row = find(code);
  return row ? row->bytes : 0;
}

Type promote(ArrayRef<Operand> operands) {
  Type result;
  for (auto rank : {Operand::Rank::tensor, Operand::Rank::zero, Operand::Rank::number}) {
    Type own;
    for (const Operand &operand : operands)
      if (operand.rank == rank)
        own = promotePair(own, operand.element);
    if (own && (!result || category(own) > category(result)))
      result = own;
  }
  return result;
}

Type floatFor(Type element) {
  return isa<FloatType>(element) ? element : Type(Float32Type::get(element.getContext()));
}

} // namespace edgec::torch
