#include "frontends/torch/Archive.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include <zip.h>

using namespace mlir;

namespace edgec::torch {

/// An exported program has a few entries a weight.
static constexpr zip_int64_t kMostEntries = 1 << 20;

Archive::~Archive() {
  if (archive)
    zip_discard(archive);
}

FailureOr<std::unique_ptr<Archive>> Archive::open(StringRef path, Location loc) {
  uint64_t fileSize = 0;
  if (std::error_code error = llvm::sys::fs::file_size(path, fileSize))
    return emitError(loc) << "can't be read: " << error.message();
  std::unique_ptr<Archive> result(new Archive);
  int code = 0;
  result->archive = zip_open(path.str().c_str(), ZIP_RDONLY, &code);
  if (!result->archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return emitError(loc) << "is not a complete zip archive: " << why;
  }
  result->budget = fileSize;
  zip_int64_t count = zip_get_num_entries(result->archive, 0);
  if (count > kMostEntries)
    return emitError(loc) << "has " << count << " entries, more than any exported program";
  std::string root;
  for (zip_int64_t i = 0; i < count; ++i) {
    auto index = static_cast<zip_uint64_t>(i);
    zip_stat_t entry;
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(result->archive, index, 0, &entry) || (entry.valid & kNeeded) != kNeeded)
      return emitError(loc) << "has a damaged directory at entry " << i;
    auto [folder, name] = StringRef(entry.name).split('/');
    // The folder keeps the name that the file had when it was saved.
    if (i == 0)
      root = folder.str();
    if (folder != root || name.empty())
      continue;
    bool encrypted =
        (entry.valid & ZIP_STAT_ENCRYPTION_METHOD) && entry.encryption_method != ZIP_EM_NONE;
    if (encrypted || entry.comp_method != ZIP_CM_STORE) {
      auto diagnostic = emitError(loc)
                        << "entry '" << name << "' is " << (encrypted ? "encrypted" : "compressed");
      diagnostic.attachNote()
          << "torch.export.save stores entries as they are; save the model with "
             "it again instead of repacking the archive";
      return diagnostic;
    }
    if (entry.size > fileSize || entry.comp_size != entry.size)
      return emitError(loc) << "entry '" << name << "' says that it has " << entry.size
                            << " bytes, but the whole file has " << fileSize;
    if (!result->entries.emplace(name.str(), Entry{index, entry.size}).second)
      return emitError(loc) << "has two entries '" << name << "'";
  }
  return result;
}

FailureOr<Bytes> Archive::read(StringRef name, Location loc) {
  auto entry = entries.find(name.str());
  if (entry == entries.end())
    return emitError(loc) << "entry '" << name << "' is missing in the archive";
  uint64_t size = entry->second.size;
  // Entries that lie over each other would make more bytes than there are.
  if (size > budget)
    return emitError(loc) << "entry '" << name << "' lies over other entries";
  budget -= size;
  zip_file_t *file = zip_fopen_index(archive, entry->second.index, 0);
  if (!file)
    return emitError(loc) << "entry '" << name << "' can't be read: " << zip_strerror(archive);
  auto bytes = std::make_shared<std::vector<char>>(size);
  uint64_t done = 0;
  zip_int64_t got = 0;
  while (done < size && (got = zip_fread(file, bytes->data() + done, size - done)) > 0)
    done += static_cast<uint64_t>(got);
  char more;
  bool complete = done == size && zip_fread(file, &more, 1) == 0; // which checks the checksum
  zip_fclose(file);
  if (!complete)
    return emitError(loc) << "entry '" << name << "' is damaged: its data or its checksum is wrong";
  return Bytes(bytes);
}

} // namespace edgec::torch
