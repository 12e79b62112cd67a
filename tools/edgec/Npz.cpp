// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, without spanning and
// encryption
#include "tools/edgec/Npy.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include <stb/stb_image.h>

using namespace llvm;

namespace edgec::cli {

namespace {

/// Little-endian numbers at places of a file; zero beyond its end.
struct Bytes {
  StringRef bytes;
  template <typename T> T at(size_t offset) const {
    return offset <= bytes.size() && sizeof(T) <= bytes.size() - offset
               ? support::endian::read<T, llvm::endianness::little>(bytes.data() + offset)
               : T(0);
  }
};

/// One file of an archive.
struct Entry {
  StringRef name;
  uint16_t method = 0;
  uint64_t packed = 0, size = 0, header = 0;
};

} // namespace

/// Sizes beyond 32 bits stand in an extra field, in this order, those that don't fit.
static void readWideSizes(const Bytes &extra, Entry &entry) {
  constexpr uint16_t kZip64 = 1;
  for (size_t at = 0; at + 4 <= extra.bytes.size(); at += 4 + extra.at<uint16_t>(at + 2)) {
    if (extra.at<uint16_t>(at) != kZip64)
      continue;
    size_t next = at + 4;
    for (uint64_t *field : {&entry.size, &entry.packed, &entry.header})
      if (*field == UINT32_MAX) {
        *field = extra.at<uint64_t>(next);
        next += 8;
      }
  }
}

static std::optional<std::vector<Entry>> readDirectory(StringRef file) {
  constexpr uint32_t kEnd = 0x06054b50, kCentral = 0x02014b50;
  constexpr size_t kEndBytes = 22, kCentralBytes = 46;
  Bytes all{file};
  if (file.size() < kEndBytes)
    return std::nullopt;
  size_t end = file.size() - kEndBytes; // a comment may follow
  while (end && all.at<uint32_t>(end) != kEnd)
    --end;
  if (all.at<uint32_t>(end) != kEnd)
    return std::nullopt;
  std::vector<Entry> entries;
  size_t at = all.at<uint32_t>(end + 16);
  for (unsigned i = 0, count = all.at<uint16_t>(end + 10); i < count; ++i) {
    if (all.at<uint32_t>(at) != kCentral)
      return std::nullopt;
    size_t name = all.at<uint16_t>(at + 28), extra = all.at<uint16_t>(at + 30);
    Entry entry;
    entry.name = file.substr(at + kCentralBytes, name);
    entry.method = all.at<uint16_t>(at + 10);
    entry.packed = all.at<uint32_t>(at + 20);
    entry.size = all.at<uint32_t>(at + 24);
    entry.header = all.at<uint32_t>(at + 42);
    readWideSizes({file.substr(at + kCentralBytes + name, extra)}, entry);
    entries.push_back(entry);
    at += kCentralBytes + name + extra + all.at<uint16_t>(at + 32);
  }
  return entries;
}

/// An entry's content; nothing where it is damaged or packed in another way than numpy does.
static std::optional<std::string> unpack(StringRef file, const Entry &entry) {
  constexpr uint32_t kLocal = 0x04034b50;
  constexpr size_t kLocalBytes = 30, kMost = INT32_MAX - 16;
  constexpr uint16_t kStored = 0, kDeflated = 8;
  Bytes all{file};
  if (entry.header > file.size() || all.at<uint32_t>(entry.header) != kLocal)
    return std::nullopt;
  size_t start = entry.header + kLocalBytes + all.at<uint16_t>(entry.header + 26) +
                 all.at<uint16_t>(entry.header + 28);
  if (start > file.size() || entry.packed > file.size() - start)
    return std::nullopt;
  StringRef packed = file.substr(start, entry.packed);
  if (entry.method == kStored)
    return entry.packed == entry.size ? std::optional(packed.str()) : std::nullopt;
  if (entry.method != kDeflated || entry.size > kMost || entry.packed > kMost)
    return std::nullopt;
  std::string content(entry.size, '\0');
  // It reads two bytes beyond the end, where a zlib stream would have its checksum.
  std::string padded = packed.str() + std::string(4, '\0');
  int got = stbi_zlib_decode_noheader_buffer(content.data(), static_cast<int>(entry.size),
                                             padded.data(), static_cast<int>(padded.size()));
  return got == static_cast<int>(entry.size) ? std::optional(content) : std::nullopt;
}

Expected<std::map<std::string, NpyArray>> readNpz(StringRef path) {
  auto fail = [&](const Twine &message) { return createStringError("'" + path + "' " + message); };
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return fail("can't be read: " + file.getError().message());
  auto entries = readDirectory((*file)->getBuffer());
  if (!entries)
    return fail("is not a .npz file");
  std::map<std::string, NpyArray> arrays;
  for (const Entry &entry : *entries) {
    StringRef name = entry.name;
    if (!name.consume_back(".npy"))
      continue;
    auto content = unpack((*file)->getBuffer(), entry);
    if (!content)
      return fail("has a damaged array '" + name + "'");
    auto array = parseNpy(*content, path + ":" + name);
    if (!array)
      return array.takeError();
    arrays[name.str()] = std::move(*array);
  }
  return arrays;
}

} // namespace edgec::cli
