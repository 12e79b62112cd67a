#include "tools/edgec/Npy.h"
#include "llvm/ADT/ScopeExit.h"
#include <zip.h>

using namespace llvm;

namespace edgec::cli {

/// More than any array of samples needs; a damaged file may say anything.
static constexpr zip_uint64_t kMostBytes = zip_uint64_t(4) << 30;

Expected<std::map<std::string, NpyArray>> readNpz(StringRef path) {
  auto fail = [&](const Twine &message) { return createStringError("'" + path + "' " + message); };
  int code = 0;
  zip_t *archive = zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return fail("can't be read as an .npz file: " + why);
  }
  scope_exit close([&] { zip_discard(archive); });
  std::map<std::string, NpyArray> arrays;
  for (zip_int64_t i = 0, count = zip_get_num_entries(archive, 0); i < count; ++i) {
    zip_stat_t entry;
    if (zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &entry) ||
        !(entry.valid & ZIP_STAT_NAME) || !(entry.valid & ZIP_STAT_SIZE))
      return fail("has a damaged directory");
    StringRef name = entry.name;
    if (!name.consume_back(".npy"))
      continue;
    if (entry.size > kMostBytes)
      return fail("has an array '" + name + "' of " + Twine(entry.size) + " bytes");
    zip_file_t *file = zip_fopen_index(archive, static_cast<zip_uint64_t>(i), 0);
    if (!file)
      return fail("has a damaged array '" + name + "': " + zip_strerror(archive));
    // What is there counts, not what the directory says there is.
    std::string content;
    char buffer[1 << 16];
    zip_int64_t got = 0;
    while (content.size() < entry.size && (got = zip_fread(file, buffer, sizeof buffer)) > 0)
      content.append(buffer, static_cast<size_t>(got));
    bool ended = got >= 0 && zip_fread(file, buffer, 1) == 0; // which checks the checksum
    zip_fclose(file);
    if (!ended || content.size() != entry.size)
      return fail("has a damaged array '" + name + "'");
    auto array = parseNpy(content, path + ":" + name);
    if (!array)
      return array.takeError();
    arrays[name.str()] = std::move(*array);
  }
  return arrays;
}

} // namespace edgec::cli
