// Values for a model's inputs, as `run` and `diff` take them.
#pragma once

#include "edgec/model.h"
#include "tools/edgec/Commands.h"
#include "tools/edgec/Npy.h"
#include <set>

namespace edgec::cli {

/// Options that say where values come from.
struct InputArguments {
  std::vector<std::string> inputs;
  std::string image;
  std::optional<uint64_t> random;

  void add(CLI::App &command);
};

class Inputs {
public:
  explicit Inputs(const InputArguments &arguments) : arguments(arguments) {}

  /// Reads the files; their shapes bind what the model leaves open. False after a message.
  bool read(CompileOptions &options);
  /// Fills the memory of all inputs. Those in `others` may go without a value, and all of them
  /// where that is null. False after a message.
  bool fill(const edgec_model &model, llvm::ArrayRef<char *> data,
            const std::set<std::string> *others) const;

private:
  const InputArguments &arguments;
  std::map<std::string, NpyArray> files;
};

} // namespace edgec::cli
