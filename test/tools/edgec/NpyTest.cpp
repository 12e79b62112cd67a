#include "tools/edgec/Npy.h"
#include "edgec/model.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace edgec::cli;

namespace {

/// A file of the temporary folder that goes with the test.
struct TemporaryFile {
  TemporaryFile() { REQUIRE_FALSE(llvm::sys::fs::createTemporaryFile("edgec", "npy", path)); }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
  void write(llvm::StringRef bytes) const {
    std::error_code error;
    llvm::raw_fd_ostream os(path, error);
    REQUIRE_FALSE(error);
    os << bytes;
  }
  llvm::SmallString<128> path;
};

bool succeeds(llvm::Error error) {
  bool good = !error;
  llvm::consumeError(std::move(error));
  return good;
}

/// A file of version 1 with this header, and this many bytes of data.
std::string npy(llvm::StringRef header, size_t data) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(data, '\0');
  return bytes;
}

std::string errorOf(llvm::StringRef bytes) {
  TemporaryFile file;
  file.write(bytes);
  auto array = readNpy(file.path);
  return array ? "" : llvm::toString(array.takeError());
}

} // namespace

TEST_CASE("what is written is read back") {
  TemporaryFile file;
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{}, {3}, {2, 3}, {0, 4}, {1, 2, 3, 4, 5}}) {
    for (int32_t dtype : {EDGEC_FLOAT32, EDGEC_FLOAT64, EDGEC_FLOAT16, EDGEC_BFLOAT16, EDGEC_INT8,
                          EDGEC_UINT8, EDGEC_INT16, EDGEC_UINT16, EDGEC_INT32, EDGEC_UINT32,
                          EDGEC_INT64, EDGEC_UINT64, EDGEC_BOOL}) {
      size_t bytes = dtypeBytes(dtype);
      for (int64_t extent : shape)
        bytes *= extent;
      std::vector<char> data(bytes);
      for (size_t i = 0; i < bytes; ++i)
        data[i] = static_cast<char>(i * 37 + 11);
      INFO(dtypeName(dtype).str());
      REQUIRE(succeeds(writeNpy(file.path, dtype, shape, data)));
      auto array = readNpy(file.path);
      REQUIRE(static_cast<bool>(array));
      CHECK(array->dtype == dtype);
      CHECK(array->shape == shape);
      CHECK(array->data == data);
    }
  }
}

TEST_CASE("the data begins at a multiple of 64 bytes, as numpy has it") {
  TemporaryFile file;
  float value = 1;
  llvm::ArrayRef<char> one(reinterpret_cast<const char *>(&value), sizeof(value));
  REQUIRE(succeeds(writeNpy(file.path, EDGEC_FLOAT32, {}, one)));
  auto buffer = llvm::MemoryBuffer::getFile(file.path, false, false);
  REQUIRE(static_cast<bool>(buffer));
  llvm::StringRef bytes = (*buffer)->getBuffer();
  CHECK((bytes.size() - sizeof(value)) % 64 == 0);
  CHECK(std::memcmp(bytes.end() - sizeof(value), &value, sizeof(value)) == 0);
  CHECK(bytes.drop_back(sizeof(value)).ends_with("\n"));
}

TEST_CASE("damaged files are refused, each with its reason") {
  constexpr char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  CHECK(errorOf(npy(good, 24)).empty());
  CHECK(errorOf("") != "");
  CHECK_THAT(errorOf("something else entirely"), Catch::Contains("is not a .npy file"));
  CHECK_THAT(errorOf(npy(good, 23)), Catch::Contains("should hold 24 bytes of data"));
  CHECK_THAT(errorOf(npy(good, 25)), Catch::Contains("should hold 24 bytes of data"));
  CHECK_THAT(errorOf(npy(good, 24).substr(0, 30)), Catch::Contains("damaged header"));
  CHECK_THAT(errorOf(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (), }", 8)),
             Catch::Contains("element type '<c8'"));
  CHECK_THAT(errorOf(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (), }", 4)),
             Catch::Contains("element type '>f4'"));
  CHECK_THAT(errorOf(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24)),
             Catch::Contains("Fortran order"));
  CHECK_THAT(errorOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, x), }", 24)),
             Catch::Contains("damaged shape"));
  CHECK_THAT(
      errorOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
                  24)),
      Catch::Contains("damaged shape"));
  for (const char *header : {"", "{}", "{'descr': }", "{'descr': ''}", "{'descr': '<f4'}",
                             "{'descr': [('x', '<f4')], 'shape': (1,)}"})
    CHECK(errorOf(npy(header, 24)) != "");
}
