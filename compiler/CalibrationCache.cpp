#include "compiler/Calibration.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;

namespace edgec {

/// Of what a file says: raised with each change of the measurements or of their order.
static constexpr int64_t kFormat = 1;

/// Everything that what is measured depends on. The function's text has the shapes, and the order
/// of the layers.
static std::string makeKey(ModuleOp module, const QuantizeOptions &options, StringRef modelHash,
                           StringRef samplesHash) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(32);
  flags.elideLargeResourceString(32);
  for (auto function : module.getOps<func::FuncOp>())
    function->print(os, flags);
  os << '\n' << modelHash << '\n' << samplesHash << '\n' << options.scheme << '\n';
  os << static_cast<int>(options.method) << '\n' << options.equalize << '\n';
  llvm::SHA256 hash;
  hash.update(text);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

static std::optional<CalibrationCache::Rows> readRows(const llvm::json::Object &object,
                                                      StringRef name) {
  const llvm::json::Array *array = object.getArray(name);
  if (!array)
    return std::nullopt;
  CalibrationCache::Rows rows;
  for (const llvm::json::Value &value : *array) {
    const llvm::json::Array *row = value.getAsArray();
    if (!row)
      return std::nullopt;
    rows.emplace_back();
    for (const llvm::json::Value &element : *row) {
      std::optional<double> number = element.getAsNumber();
      if (!number || !std::isfinite(*number))
        return std::nullopt;
      rows.back().push_back(*number);
    }
  }
  return rows;
}

FailureOr<CalibrationCache> CalibrationCache::open(ModuleOp module, const QuantizeOptions &options,
                                                   StringRef modelHash) {
  CalibrationCache cache;
  if (options.cache.empty())
    return cache;
  auto samplesHash = options.samples->hash();
  if (!samplesHash)
    return module.emitError() << "can't be calibrated: " << llvm::toString(samplesHash.takeError());
  cache.file = options.cache;
  cache.key = makeKey(module, options, modelHash, *samplesHash);
  auto buffer = llvm::MemoryBuffer::getFile(cache.file);
  if (!buffer)
    return cache;
  cache.content = (*buffer)->getBuffer().str();
  auto json = llvm::json::parse(cache.content);
  const llvm::json::Object *object = json ? json->getAsObject() : nullptr;
  if (!json)
    llvm::consumeError(json.takeError());
  if (!object || object->getInteger("edgec_calibration") != kFormat) {
    module.emitWarning() << "'" << cache.file << "' is no calibration cache: it is made anew";
    return cache;
  }
  if (object->getString("key") != StringRef(cache.key)) {
    module.emitRemark() << "'" << cache.file
                        << "' is of another model, other samples or options: it is made anew";
    return cache;
  }
  if (options.equalize)
    cache.channelMost = readRows(*object, "channel_max");
  cache.ranges = readRows(*object, "ranges");
  cache.means = readRows(*object, "means");
  // Channels of another count would be another layer's.
  QuantizationPlan plan(*module.getOps<func::FuncOp>().begin());
  if (!cache.fits(plan) || (options.equalize && !cache.channelMost)) {
    module.emitWarning() << "'" << cache.file << "' is damaged: it is made anew";
    cache.channelMost.reset();
    cache.ranges.reset();
    cache.means.reset();
  }
  return cache;
}

bool CalibrationCache::fits(const QuantizationPlan &plan) const {
  auto areChannels = [&](const Rows &rows) {
    if (rows.size() != plan.layers().size())
      return false;
    for (auto [row, layer] : llvm::zip_equal(rows, plan.layers())) {
      auto type = cast<RankedTensorType>(layer.input.getType());
      if (type.getRank() == 0 || static_cast<int64_t>(row.size()) != type.getShape().back())
        return false;
    }
    return true;
  };
  return ranges && means && ranges->size() == plan.groups().size() && areChannels(*means) &&
         (!channelMost || areChannels(*channelMost)) &&
         llvm::all_of(*ranges, [](const auto &row) { return row.size() == 2 && row[0] <= row[1]; });
}

LogicalResult CalibrationCache::save(ModuleOp module) const {
  if (file.empty())
    return success();
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("edgec_calibration", kFormat);
    json.attribute("key", key);
    auto write = [&](StringRef name, const std::optional<Rows> &rows) {
      if (!rows)
        return;
      json.attributeArray(name, [&] {
        for (const std::vector<double> &row : *rows)
          json.value(llvm::json::Array(row));
      });
    };
    write("channel_max", channelMost);
    write("ranges", ranges);
    write("means", means);
  });
  text += '\n';
  if (text == content)
    return success();
  std::string temporary = file + ".part" + std::to_string(llvm::sys::Process::getProcessId());
  std::error_code error;
  {
    llvm::raw_fd_ostream out(temporary, error);
    if (!error) {
      out << text;
      out.close();
      error = out.error();
      out.clear_error();
    }
  }
  if (!error)
    error = llvm::sys::fs::rename(temporary, file);
  if (!error)
    return success();
  llvm::sys::fs::remove(temporary);
  return module.emitError() << "'" << file << "' can't be written: " << error.message();
}

} // namespace edgec
