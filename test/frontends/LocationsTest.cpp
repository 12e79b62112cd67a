// Every op that a frontend makes has the name of the node that it comes from.
#include "compiler/Compiler.h"
#include "compiler/Diagnostics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace mlir;
using namespace edgec;

TEST_CASE("imported ops have their node's name") {
  const char *folder = std::getenv("EDGEC_TEST_MODELS"); // what test/onnx/generate.py writes
  REQUIRE(folder);
  std::error_code error;
  int models = 0, ops = 0;
  for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error)) {
    if (llvm::sys::path::extension(it->path()) != ".onnx")
      continue;
    std::string messages;
    llvm::raw_string_ostream os(messages);
    auto context = createContext();
    DiagnosticPrinter printer(context.get(), it->path(), os);
    const Frontend *frontend = findFrontend(it->path(), context.get());
    REQUIRE(frontend);
    OwningOpRef<ModuleOp> module = frontend->import(it->path(), {}, context.get());
    if (!module)
      continue; // says what it doesn't support
    ++models;
    module->walk([&](Operation *op) {
      if (isa<ModuleOp, func::FuncOp>(op) || op->hasTrait<OpTrait::IsTerminator>())
        return;
      ++ops;
      std::string where;
      llvm::raw_string_ostream(where) << it->path() << ": " << op->getName() << " " << op->getLoc();
      INFO(where);
      CHECK(op->getLoc()->findInstanceOf<NameLoc>());
      CHECK_FALSE(op->getLoc()->findInstanceOf<UnknownLoc>());
    });
  }
  CHECK_FALSE(error);
  CHECK(models >= 5);
  CHECK(ops >= 50);
}
