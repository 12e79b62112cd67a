// The commands of `edgec`, one function each: it adds its options to the parser, and runs when
// chosen. Exit codes: 0 done, 1 the model or the request can't be compiled or run, 2 wrong usage.
#pragma once

#include "CLI/CLI.hpp"
#include "compiler/Compiler.h"
#include <map>
#include <string>
#include <vector>

namespace edgec::cli {

void addCompile(CLI::App &app, int &exitCode);
void addRun(CLI::App &app, int &exitCode);
void addBench(CLI::App &app, int &exitCode);
void addDiff(CLI::App &app, int &exitCode);
void addInspect(CLI::App &app, int &exitCode);
void addLists(CLI::App &app, int &exitCode); // targets, ops

/// Options that say how a float model is quantized.
struct QuantizeArguments {
  std::string scheme, calibration, method = "mse", cache;
  std::vector<std::string> keepFloat;
  int64_t groupSize = 32;
  bool equalize = true, correctBias = true;

  void add(CLI::App &command);
  void parse(QuantizeOptions &options) const;
};

/// Options that say what inputs and outputs are to the caller.
struct InterfaceArguments {
  std::vector<std::string> inputTypes, outputTypes, means, scales;

  void add(CLI::App &command);
  /// False after a message on stderr.
  bool parse(InterfaceOptions &options) const;
};

/// Options that say how a model is read, shared by commands.
struct ModelArguments {
  std::string model;
  QuantizeArguments quantize;
  InterfaceArguments interface;
  std::vector<std::string> shapes, values, states;
  bool fastConv = false;
  bool checked = false;

  void add(CLI::App &command);
  /// False after a message on stderr.
  bool parse(CompileOptions &options) const;
};

/// `name=rest` split at the last `=` that has something before it.
bool splitAssignment(const std::string &text, std::string &name, std::string &value);

} // namespace edgec::cli
