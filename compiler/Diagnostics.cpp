#include "compiler/Diagnostics.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using namespace edgec;

/// The node names of a location: one, or those of the nodes that a rewrite has merged.
static void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.insert(name.getName().getValue());
  else if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collectNames(part, names);
  else if (auto call = dyn_cast<CallSiteLoc>(loc))
    collectNames(call.getCallee(), names);
}

llvm::SetVector<StringRef> edgec::nodeNames(Location loc) {
  llvm::SetVector<StringRef> names;
  collectNames(loc, names);
  return names;
}

/// The line of the user's program that a node comes from, where the model's format knows it.
static std::string sourceLine(Location loc) {
  if (auto name = loc->findInstanceOf<NameLoc>())
    if (auto line = dyn_cast<FileLineColLoc>(name.getChildLoc()); line && line.getLine() > 0)
      return (line.getFilename().getValue() + ":" + Twine(line.getLine())).str();
  return {};
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, StringRef file, raw_ostream &os,
                                     bool remarks)
    : file(file), os(os), remarks(remarks),
      handler(context, [this](Diagnostic &diagnostic) { return print(diagnostic); }) {}

LogicalResult DiagnosticPrinter::print(Diagnostic &diagnostic) {
  StringRef severity = "error";
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    ++errorCount;
    break;
  case DiagnosticSeverity::Warning:
    severity = "warning";
    break;
  case DiagnosticSeverity::Note:
    severity = "note";
    break;
  case DiagnosticSeverity::Remark:
    if (!remarks)
      return success();
    severity = "remark";
    break;
  }
  llvm::SetVector<StringRef> names = nodeNames(diagnostic.getLocation());
  os << file << ": ";
  if (names.size() == 1)
    os << "node '" << names.front() << "': ";
  else if (!names.empty()) {
    os << "nodes ";
    llvm::interleaveComma(names.getArrayRef().take_front(4), os,
                          [&](StringRef name) { os << "'" << name << "'"; });
    os << (names.size() > 4 ? ", …: " : ": ");
  }
  os << severity << ": " << diagnostic.str() << "\n";
  if (std::string line = sourceLine(diagnostic.getLocation()); !line.empty())
    os << "  note: it comes from " << line << "\n";
  for (Diagnostic &note : diagnostic.getNotes()) {
    // MLIR attaches the whole op as a note: no help to whoever wrote the model.
    std::string text = note.str();
    if (StringRef(text).starts_with("see current operation"))
      continue;
    os << "  note: " << text << "\n";
  }
  return success();
}
