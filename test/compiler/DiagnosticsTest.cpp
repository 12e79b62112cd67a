#include "compiler/Diagnostics.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"

#include <catch2/catch.hpp>

using namespace mlir;

namespace {

struct Fixture {
  Fixture() : os(text), printer(&context, "kws.onnx", os) {}
  Location name(StringRef node) { return NameLoc::get(StringAttr::get(&context, node)); }
  MLIRContext context;
  std::string text;
  llvm::raw_string_ostream os;
  edgec::DiagnosticPrinter printer;
};

} // namespace

TEST_CASE_METHOD(Fixture, "a node's error has the file's name, the node's and the hint") {
  InFlightDiagnostic error = emitError(name("/layer1/Conv")) << "dilation 3 is not supported";
  error.attachNote() << "use --target=host";
  error.report();
  CHECK(text == "kws.onnx: node '/layer1/Conv': error: dilation 3 is not supported\n"
                "  note: use --target=host\n");
  CHECK(printer.errors() == 1);
}

TEST_CASE_METHOD(Fixture, "an op that stands for several nodes has all their names, each once") {
  Location pair = FusedLoc::get(&context, {name("conv"), name("scale")});
  emitError(FusedLoc::get(&context, {pair, name("shift"), name("conv")})) << "no";
  CHECK(text == "kws.onnx: nodes 'conv', 'scale', 'shift': error: no\n");
}

TEST_CASE_METHOD(Fixture, "of many names the first four are printed") {
  SmallVector<Location> many;
  for (StringRef node : {"a", "b", "c", "d", "e"})
    many.push_back(name(node));
  emitError(FusedLoc::get(&context, many)) << "no";
  CHECK(text == "kws.onnx: nodes 'a', 'b', 'c', 'd', …: error: no\n");
}

TEST_CASE_METHOD(Fixture, "a place without a node is the file's") {
  emitWarning(FileLineColLoc::get(&context, "kws.onnx", 0, 0)) << "odd";
  CHECK(text == "kws.onnx: warning: odd\n");
  CHECK(printer.errors() == 0);
}

TEST_CASE_METHOD(Fixture, "remarks are for those who ask") {
  emitRemark(name("conv")) << "falls back";
  CHECK(text.empty());
  edgec::DiagnosticPrinter asked(&context, "kws.onnx", os, /*remarks=*/true);
  emitRemark(name("conv")) << "falls back";
  CHECK(text == "kws.onnx: node 'conv': remark: falls back\n");
}
