#include "tools/edgec/Samples.h"
#include "tools/edgec/Image.h"
#include "tools/edgec/Npy.h"
#include "tools/edgec/Session.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include <algorithm>
#include <cmath>

using namespace edgec;
using namespace edgec::cli;

namespace {

bool isArray(llvm::StringRef path) { return path.ends_with_insensitive(".npy"); }
bool isArchive(llvm::StringRef path) { return path.ends_with_insensitive(".npz"); }
bool isPicture(llvm::StringRef path) {
  for (llvm::StringRef extension : {".png", ".jpg", ".jpeg", ".bmp"})
    if (path.ends_with_insensitive(extension))
      return true;
  return false;
}

/// The files of one sample, or of a stack of them.
using Files = std::vector<std::string>;

class FileSamples : public SampleSource {
public:
  explicit FileSamples(std::string path) : path(std::move(path)) {}

  llvm::Expected<size_t> open(const edgec_model &model) override;
  std::string describe(size_t index) const override;
  llvm::Error read(size_t index, const edgec_model &model, llvm::ArrayRef<char *> inputs) override;
  llvm::Expected<std::string> hash() override;

private:
  llvm::Error list();
  llvm::Error listFolder();
  llvm::Error listLines();
  llvm::Error load(size_t row, const edgec_model &model);
  llvm::Error checkShape(const NpyArray &array, const edgec_tensor &tensor, const std::string &name,
                         size_t &stack) const;

  std::string path;
  std::vector<Files> rows;
  /// A sample: a row, and a place in its stack.
  std::vector<std::pair<size_t, size_t>> samples;
  /// What was read last: arrays in the order of the inputs; none for a picture.
  std::optional<size_t> loadedRow;
  std::vector<NpyArray> arrays;
  size_t stackHeight = 1;
};

llvm::Error FileSamples::list() {
  if (!rows.empty())
    return llvm::Error::success();
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError("there is no folder or list '" + path + "'");
  if (auto error = llvm::sys::fs::is_directory(path) ? listFolder() : listLines())
    return error;
  for (const Files &files : rows)
    for (const std::string &file : files) {
      if (!llvm::sys::fs::exists(file))
        return llvm::createStringError("there is no file '" + file + "', which '" + path +
                                       "' lists");
      if (!isArray(file) && !isArchive(file) && !isPicture(file))
        return llvm::createStringError("'" + file + "' is neither .npy nor .npz nor a picture");
    }
  return llvm::Error::success();
}

llvm::Error FileSamples::listFolder() {
  std::error_code error;
  for (llvm::sys::fs::directory_iterator at(path, error), end; at != end && !error;
       at.increment(error)) {
    llvm::StringRef file = at->path();
    if (isArray(file) || isArchive(file) || isPicture(file))
      rows.push_back({file.str()});
  }
  if (error)
    return llvm::createStringError("folder '" + path + "' can't be read: " + error.message());
  if (rows.empty())
    return llvm::createStringError("folder '" + path + "' has no .npy, .npz or picture");
  std::sort(rows.begin(), rows.end());
  return llvm::Error::success();
}

llvm::Error FileSamples::listLines() {
  // One file may stand for itself.
  if (isArray(path) || isArchive(path) || isPicture(path)) {
    rows.push_back({path});
    return llvm::Error::success();
  }
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createStringError("'" + path + "' can't be read: " + buffer.getError().message());
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n');
  for (llvm::StringRef line : lines) {
    llvm::SmallVector<llvm::StringRef> words;
    line.split(words, ' ', -1, /*KeepEmpty=*/false);
    Files files;
    for (llvm::StringRef word : words)
      if (word = word.trim(); !word.empty()) {
        llvm::SmallString<128> file(word);
        if (llvm::sys::path::is_relative(file)) {
          file = llvm::sys::path::parent_path(path);
          llvm::sys::path::append(file, word);
        }
        files.push_back(file.str().str());
      }
    if (!files.empty())
      rows.push_back(files);
  }
  if (rows.empty())
    return llvm::createStringError("list '" + path + "' names no file");
  return llvm::Error::success();
}

llvm::Error FileSamples::checkShape(const NpyArray &array, const edgec_tensor &tensor,
                                    const std::string &name, size_t &stack) const {
  std::vector<int64_t> shape = shapeOf(tensor), found = array.shape;
  bool isStack = found.size() == shape.size() + 1;
  stack = isStack ? static_cast<size_t>(found.front()) : 1;
  if (isStack)
    found.erase(found.begin());
  if (array.dtype != tensor.dtype || found != shape || stack == 0)
    return llvm::createStringError("'" + name + "' holds " + dtypeName(array.dtype) +
                                   shapeText(array.shape) + ", but input '" + tensor.name +
                                   "' is " + dtypeName(tensor.dtype) + shapeText(shape));
  edgec_tensor whole = tensor;
  for (size_t i = 0, e = array.data.size() / dtypeBytes(array.dtype); i < e; ++i)
    if (!std::isfinite(elementAt(whole, array.data.data(), i)))
      return llvm::createStringError("'" + name + "' holds NaN or infinity");
  return llvm::Error::success();
}

llvm::Error FileSamples::load(size_t row, const edgec_model &model) {
  if (loadedRow == row)
    return llvm::Error::success();
  loadedRow.reset();
  arrays.clear();
  stackHeight = 1;
  const Files &files = rows[row];
  if (isPicture(files.front())) {
    if (files.size() != 1 || model.n_inputs != 1)
      return llvm::createStringError("'" + files.front() + "' is a picture, but the model has " +
                                     llvm::Twine(model.n_inputs) +
                                     " inputs; give an .npz with an array for each");
    loadedRow = row;
    return llvm::Error::success();
  }
  std::vector<std::string> names;
  if (isArchive(files.front())) {
    auto archive = readNpz(files.front());
    if (!archive)
      return archive.takeError();
    for (int32_t i = 0; i < model.n_inputs; ++i) {
      auto found = archive->find(model.inputs[i].name);
      if (found == archive->end() && archive->size() == 1 && model.n_inputs == 1)
        found = archive->begin();
      if (found == archive->end())
        return llvm::createStringError("'" + files.front() + "' has no array '" +
                                       model.inputs[i].name + "', which is an input of the model");
      names.push_back(files.front() + ":" + found->first);
      arrays.push_back(std::move(found->second));
    }
  } else {
    if (static_cast<int32_t>(files.size()) != model.n_inputs)
      return llvm::createStringError(
          "'" + files.front() + "' is one of " + llvm::Twine(files.size()) +
          " files in its line, but the model has " + llvm::Twine(model.n_inputs) +
          " inputs; give a list with a file for each in a line, or .npz with an array for each");
    for (const std::string &file : files) {
      auto array = readNpy(file);
      if (!array)
        return array.takeError();
      names.push_back(file);
      arrays.push_back(std::move(*array));
    }
  }
  for (int32_t i = 0; i < model.n_inputs; ++i) {
    size_t stack = 1;
    if (auto error = checkShape(arrays[i], model.inputs[i], names[i], stack))
      return error;
    if (i && stack != stackHeight)
      return llvm::createStringError("'" + names[i] + "' holds " + llvm::Twine(stack) +
                                     " samples, but '" + names[0] + "' " +
                                     llvm::Twine(stackHeight));
    stackHeight = stack;
  }
  loadedRow = row;
  return llvm::Error::success();
}

llvm::Expected<size_t> FileSamples::open(const edgec_model &model) {
  if (auto error = list())
    return error;
  if (model.n_inputs == 0)
    return llvm::createStringError("the model has no input");
  samples.clear();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (auto error = load(row, model))
      return error;
    for (size_t at = 0; at < stackHeight; ++at)
      samples.emplace_back(row, at);
  }
  return samples.size();
}

std::string FileSamples::describe(size_t index) const {
  auto [row, at] = samples[index];
  std::string text = "'" + rows[row].front() + "'";
  bool isStack = (index && samples[index - 1].first == row) ||
                 (index + 1 < samples.size() && samples[index + 1].first == row);
  return isStack ? text + ", sample " + std::to_string(at) : text;
}

llvm::Error FileSamples::read(size_t index, const edgec_model &model,
                              llvm::ArrayRef<char *> inputs) {
  auto [row, at] = samples[index];
  if (auto error = load(row, model))
    return error;
  if (arrays.empty())
    return fillFromImage(rows[row].front(), model.inputs[0], inputs[0])
               ? llvm::Error::success()
               : llvm::createStringError(describe(index) + " can't be used");
  for (int32_t i = 0; i < model.n_inputs; ++i)
    std::memcpy(inputs[i], arrays[i].data.data() + at * model.inputs[i].bytes,
                model.inputs[i].bytes);
  return llvm::Error::success();
}

llvm::Expected<std::string> FileSamples::hash() {
  if (auto error = list())
    return error;
  llvm::SHA256 hash;
  for (const Files &files : rows)
    for (const std::string &file : files) {
      auto buffer = llvm::MemoryBuffer::getFile(file, false, false);
      if (!buffer)
        return llvm::createStringError("'" + file +
                                       "' can't be read: " + buffer.getError().message());
      llvm::SHA256 content;
      content.update((*buffer)->getBuffer());
      hash.update(content.final());
    }
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

} // namespace

std::shared_ptr<SampleSource> cli::createSampleSource(const std::string &path) {
  return std::make_shared<FileSamples>(path);
}
