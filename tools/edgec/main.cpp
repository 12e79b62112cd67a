// edgec: the command line.
#include "tools/edgec/Commands.h"
#include <iostream>

int main(int argc, char **argv) {
  CLI::App app{"edgec: turns a trained model into native code that needs nothing beside it\n"
               "Example: edgec compile kws.onnx --target=cortex-m4 -o out"};
  app.name("edgec");
  app.set_version_flag("--version", EDGEC_VERSION);
  app.require_subcommand(1);
  int exitCode = 0;
  edgec::cli::addCompile(app, exitCode);
  edgec::cli::addRun(app, exitCode);
  edgec::cli::addBench(app, exitCode);
  edgec::cli::addDiff(app, exitCode);
  edgec::cli::addInspect(app, exitCode);
  edgec::cli::addLists(app, exitCode);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception &error) { // nothing that a file contains may end in a terminate
    std::cerr << "edgec: error: " << error.what() << "\n";
    return 1;
  }
  return exitCode;
}
