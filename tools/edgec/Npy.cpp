// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "tools/edgec/Npy.h"
#include "edgec/model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace edgec::cli {

namespace {
struct DtypeRow {
  int32_t dtype;
  StringLiteral descr, name;
  unsigned bytes;
};
} // namespace

static constexpr DtypeRow kDtypes[] = {
    {EDGEC_FLOAT32, "<f4", "float32", 4}, {EDGEC_FLOAT64, "<f8", "float64", 8},
    {EDGEC_FLOAT16, "<f2", "float16", 2}, {EDGEC_BFLOAT16, "<V2", "bfloat16", 2},
    {EDGEC_INT8, "|i1", "int8", 1},       {EDGEC_UINT8, "|u1", "uint8", 1},
    {EDGEC_INT16, "<i2", "int16", 2},     {EDGEC_UINT16, "<u2", "uint16", 2},
    {EDGEC_INT32, "<i4", "int32", 4},     {EDGEC_UINT32, "<u4", "uint32", 4},
    {EDGEC_INT64, "<i8", "int64", 8},     {EDGEC_UINT64, "<u8", "uint64", 8},
    {EDGEC_BOOL, "|b1", "bool", 1},
};

StringRef dtypeName(int32_t dtype) {
  for (const DtypeRow &row : kDtypes)
    if (row.dtype == dtype)
      return row.name;
  return "unknown";
}

unsigned dtypeBytes(int32_t dtype) {
  for (const DtypeRow &row : kDtypes)
    if (row.dtype == dtype)
      return row.bytes;
  return 0;
}

/// The text after `'key':` in the header's dictionary.
static StringRef field(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  return at == StringRef::npos ? StringRef() : header.drop_front(at + key.size() + 3).ltrim();
}

Expected<NpyArray> readNpy(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("'" + path + "' can't be read: " + file.getError().message());
  return parseNpy((*file)->getBuffer(), path);
}

Expected<NpyArray> parseNpy(StringRef bytes, const Twine &name) {
  auto fail = [&](const Twine &message) { return createStringError("'" + name + "' " + message); };
  if (bytes.size() < 12 || !bytes.starts_with("\x93NUMPY"))
    return fail("is not a .npy file");
  unsigned major = static_cast<unsigned char>(bytes[6]);
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  size_t length = byte(8) | byte(9) << 8, start = 10;
  if (major >= 2) {
    length |= byte(10) << 16 | byte(11) << 24;
    start = 12;
  }
  if (major < 1 || major > 3 || length > bytes.size() - start)
    return fail("has a damaged header");
  StringRef header = bytes.substr(start, length);
  NpyArray array;
  StringRef descr = field(header, "descr");
  if (!descr.consume_front("'"))
    return fail("has a damaged header");
  descr = descr.take_until([](char c) { return c == '\''; });
  for (const DtypeRow &row : kDtypes) // one byte has no order: `|i1` and `<i1` are the same
    if (row.descr.drop_front() == descr.substr(1) && !descr.starts_with(">"))
      array.dtype = row.dtype;
  if (!array.dtype)
    return fail("has element type '" + descr + "', which is not supported");
  if (field(header, "fortran_order").starts_with("True"))
    return fail("is in Fortran order; save it with numpy.ascontiguousarray");
  StringRef shape = field(header, "shape");
  if (!shape.consume_front("("))
    return fail("has a damaged header");
  uint64_t count = 1;
  SmallVector<StringRef> extents;
  shape.take_until([](char c) { return c == ')'; }).split(extents, ',', -1, /*KeepEmpty=*/false);
  for (StringRef text : extents) {
    if (text.trim().empty())
      continue;
    uint64_t extent;
    if (text.trim().getAsInteger(10, extent) || (extent && count > (uint64_t(1) << 40) / extent))
      return fail("has a damaged shape");
    array.shape.push_back(static_cast<int64_t>(extent));
    count *= extent;
  }
  StringRef data = bytes.drop_front(start + length);
  if (data.size() != count * dtypeBytes(array.dtype))
    return fail("should hold " + Twine(count * dtypeBytes(array.dtype)) +
                " bytes of data, but holds " + Twine(data.size()));
  array.data.assign(data.begin(), data.end());
  return array;
}

Error writeNpy(StringRef path, int32_t dtype, ArrayRef<int64_t> shape, ArrayRef<char> data) {
  std::string header = "{'descr': '";
  for (const DtypeRow &row : kDtypes)
    if (row.dtype == dtype)
      header += row.descr;
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : shape)
    header += std::to_string(extent) + (shape.size() == 1 ? "," : ", ");
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (error)
    return createStringError("'" + path + "' can't be written: " + error.message());
  os << StringRef("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() & 255)
     << static_cast<char>(header.size() >> 8) << header << StringRef(data.data(), data.size());
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return createStringError("'" + path + "' can't be written: " + error.message());
  }
  return Error::success();
}

} // namespace edgec::cli
