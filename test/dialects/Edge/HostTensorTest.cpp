#include "dialects/Edge/HostTensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace edgec::edge;

namespace {

struct Fixture {
  Fixture() : builder(&context) {}
  RankedTensorType tensor(ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  }
  /// Every element type that a model may have.
  SmallVector<Type> elements() {
    SmallVector<Type> types = {builder.getF16Type(), builder.getBF16Type(), builder.getF32Type(),
                               builder.getF64Type(), builder.getI1Type()};
    for (unsigned width : {8, 16, 32, 64}) {
      types.push_back(builder.getIntegerType(width));
      types.push_back(builder.getIntegerType(width, /*isSigned=*/false));
    }
    return types;
  }
  MLIRContext context;
  Builder builder;
};

bool same(const HostTensor &a, const HostTensor &b) {
  return a.getType() == b.getType() && a.bytes() == b.bytes();
}

} // namespace

TEST_CASE_METHOD(Fixture, "a new tensor is zero and dense") {
  for (Type element : elements()) {
    HostTensor zero(tensor({2, 3}, element));
    CHECK(zero.getNumElements() == 6);
    CHECK(zero.bytes().size() == 6 * elementBytes(element));
    for (int64_t i = 0; i < 6; ++i)
      CHECK(zero.getFloat(i) == 0);
  }
  CHECK(elementBytes(builder.getI1Type()) == 1);
  CHECK(elementBytes(builder.getIntegerType(4)) == 1);
  CHECK(elementBytes(builder.getBF16Type()) == 2);
}

TEST_CASE_METHOD(Fixture,
                 "attributes give back what was stored: scalars, splats, small and large") {
  for (Type element : elements())
    for (int64_t count : {1, 2, 7, 5000}) {
      for (bool splat : {false, true}) {
        HostTensor made(tensor({count}, element));
        for (int64_t i = 0; i < count; ++i)
          made.setInt(i, splat ? 1 : i % 2);
        ElementsAttr attr = made.toAttr();
        CHECK(attr.getShapedType() == made.getType());
        FailureOr<HostTensor> read = HostTensor::fromAttr(attr);
        REQUIRE(succeeded(read));
        CHECK(same(made, *read));
      }
    }
}

TEST_CASE_METHOD(Fixture, "large tensors become resources, which are read without a copy") {
  HostTensor made(tensor({4096}, builder.getF32Type()));
  for (int64_t i = 0; i < 4096; ++i)
    made.setFloat(i, static_cast<double>(i));
  auto resource = dyn_cast<DenseResourceElementsAttr>(made.toAttr());
  REQUIRE(resource);
  FailureOr<HostTensor> read = HostTensor::fromAttr(resource);
  REQUIRE(succeeded(read));
  CHECK(read->bytes().data() == resource.getRawHandle().getBlob()->getData().data());
}

TEST_CASE_METHOD(Fixture, "a resource of the wrong size is refused") {
  std::vector<char> few(12);
  auto attr = DenseResourceElementsAttr::get(
      tensor({4}, builder.getF32Type()), "few",
      HeapAsmResourceBlob::allocateAndCopyWithAlign(ArrayRef<char>(few), 16));
  CHECK(failed(HostTensor::fromAttr(attr)));
  CHECK(failed(HostTensor::fromAttr(builder.getStringAttr("no tensor"))));
  CHECK(failed(HostTensor::fromAttr(Attribute())));
}

TEST_CASE_METHOD(Fixture, "integers keep their sign, and booleans one bit") {
  HostTensor i8(tensor({3}, builder.getI8Type()));
  i8.setInt(0, -128);
  i8.setInt(1, 127);
  i8.setInt(2, 255);
  CHECK(i8.getInts() == SmallVector<int64_t>{-128, 127, -1});
  HostTensor u8(tensor({2}, builder.getIntegerType(8, /*isSigned=*/false)));
  u8.setInt(0, 255);
  u8.setInt(1, 256);
  CHECK(u8.getInts() == SmallVector<int64_t>{255, 0});
  HostTensor i64(tensor({1}, builder.getI64Type()));
  i64.setInt(0, INT64_MIN);
  CHECK(i64.getInt(0) == INT64_MIN);
  HostTensor boolean(tensor({2}, builder.getI1Type()));
  boolean.setInt(0, 1);
  boolean.setInt(1, 2);
  CHECK(boolean.getInts() == SmallVector<int64_t>{1, 0});
}

TEST_CASE_METHOD(Fixture, "floats round to nearest even, and keep infinities and NaN") {
  HostTensor f16(tensor({4}, builder.getF16Type()));
  f16.setFloat(0, 1 + std::ldexp(1.0, -11)); // halfway between 1 and its successor
  f16.setFloat(1, 1 + 3 * std::ldexp(1.0, -11));
  f16.setFloat(2, 1e6);
  f16.setFloat(3, NAN);
  CHECK(f16.getFloat(0) == 1);
  CHECK(f16.getFloat(1) == 1 + 4 * std::ldexp(1.0, -11));
  CHECK(f16.getFloat(2) == INFINITY);
  CHECK(std::isnan(f16.getFloat(3)));
  HostTensor bf16(tensor({1}, builder.getBF16Type()));
  bf16.setFloat(0, 3.140625);
  CHECK(bf16.getFloat(0) == 3.140625);
  HostTensor f32(tensor({1}, builder.getF32Type()));
  f32.setFloat(0, 0.1);
  CHECK(f32.getFloat(0) == static_cast<double>(0.1f));
}

TEST_CASE_METHOD(Fixture, "reshaping shares the data") {
  HostTensor flat = HostTensor::fromInts(&context, {1, 2, 3, 4, 5, 6});
  HostTensor matrix = flat.reshaped(tensor({2, 3}, builder.getI64Type()));
  CHECK(matrix.bytes().data() == flat.bytes().data());
  CHECK(matrix.getInts() == flat.getInts());
}

TEST_CASE("strides and indices are row-major") {
  CHECK(rowMajorStrides({}) == SmallVector<int64_t>{});
  CHECK(rowMajorStrides({2, 3, 4}) == SmallVector<int64_t>{12, 4, 1});
  SmallVector<int64_t> seen;
  forEachIndex({2, 3}, [&](ArrayRef<int64_t> index, int64_t flat) {
    CHECK(index[0] * 3 + index[1] == flat);
    seen.push_back(flat);
  });
  CHECK(seen == SmallVector<int64_t>{0, 1, 2, 3, 4, 5});
  int calls = 0;
  forEachIndex({3, 0}, [&](ArrayRef<int64_t>, int64_t) { ++calls; });
  CHECK(calls == 0);
  forEachIndex({}, [&](ArrayRef<int64_t>, int64_t) { ++calls; });
  CHECK(calls == 1);
}
