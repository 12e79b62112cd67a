// mlir-opt with edgec's dialects and passes.
#include "compiler/Compiler.h"
#include "compiler/Pipeline.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  edgec::registerDialects(registry);
  edgec::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "edgec optimizer driver\n", registry));
}
