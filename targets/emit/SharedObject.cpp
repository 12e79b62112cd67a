// From the object file to a shared object, which programs load while they run.
#include "targets/emit/Object.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace llvm;
using namespace edgec;

/// The library of a Linux system that has a symbol. Empty: the program has it, or the linker.
static StringRef libraryOf(StringRef symbol) {
  if (symbol == "memcpy" || symbol == "memset" || symbol == "memmove")
    return "libc.so.6";
  if (symbol.starts_with("edgec_") || symbol == "_GLOBAL_OFFSET_TABLE_")
    return "";
  if (symbol.starts_with("__")) // conversions of 16-bit floats, for processors without them
    return "libgcc_s.so.1";
  return "libm.so.6";
}

/// A folder for the linker, removed with all that is in it.
namespace {
struct WorkFolder {
  SmallString<128> path;
  ~WorkFolder() {
    if (!path.empty())
      sys::fs::remove_directories(path);
  }
  std::string file(StringRef name) const {
    SmallString<128> result(path);
    sys::path::append(result, name);
    return result.str().str();
  }
};
} // namespace

static Expected<std::string> findLinker(StringRef asked) {
  if (!asked.empty()) {
    auto found = sys::findProgramByName(asked);
    if (!found || !sys::fs::can_execute(*found))
      return createStringError("--linker=" + asked + " is not a program");
    return *found;
  }
  std::string versioned = "ld.lld-" + std::to_string(LLVM_VERSION_MAJOR);
  for (StringRef name : {StringRef(versioned), StringRef("ld.lld"), StringRef("ld")})
    if (auto found = sys::findProgramByName(name))
      return *found;
  return createStringError("a shared library takes a linker, and there is none: install lld, or "
                           "name one with --linker");
}

/// Writes shared libraries that have nothing but names, for the linker to link with: those of the
/// device need not be on this machine. Returns their paths.
static Expected<std::vector<std::string>> writeStubs(const object::ELFObjectFileBase &object,
                                                     ArrayRef<std::string> undefined,
                                                     const WorkFolder &folder) {
  std::map<std::string, ifs::IFSStub> stubs;
  for (const std::string &symbol : undefined) {
    std::string library = libraryOf(symbol).str();
    if (library.empty())
      continue;
    ifs::IFSStub &stub = stubs[library];
    ifs::IFSSymbol entry(symbol);
    entry.Type = ifs::IFSSymbolType::Func;
    stub.Symbols.push_back(entry);
  }
  std::vector<std::string> files;
  for (auto &[library, stub] : stubs) {
    stub.SoName = library;
    stub.Target.Arch = object.getEMachine();
    stub.Target.Endianness =
        object.isLittleEndian() ? ifs::IFSEndiannessType::Little : ifs::IFSEndiannessType::Big;
    stub.Target.BitWidth =
        object.getBytesInAddress() == 8 ? ifs::IFSBitWidthType::IFS64 : ifs::IFSBitWidthType::IFS32;
    files.push_back(folder.file(library));
    if (Error error = ifs::writeBinaryStub(files.back(), stub))
      return error;
  }
  return files;
}

Expected<std::unique_ptr<MemoryBuffer>> edgec::linkShared(MemoryBufferRef object, StringRef name,
                                                          StringRef linker) {
  auto program = findLinker(linker);
  if (!program)
    return program.takeError();
  auto elf = object::ObjectFile::createELFObjectFile(object);
  if (!elf)
    return elf.takeError();
  auto report = readObject(object);
  if (!report)
    return report.takeError();
  WorkFolder folder;
  if (std::error_code error = sys::fs::createUniqueDirectory("edgec-link", folder.path))
    return createStringError(error, "no folder for temporary files: " + error.message());

  std::string input = folder.file("model.o"), result = folder.file("result.so"),
              log = folder.file("log");
  std::error_code error;
  raw_fd_ostream os(input, error);
  if (!error) {
    os << object.getBuffer();
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error, "'" + input + "' can't be written: " + error.message());
  auto stubs = writeStubs(cast<object::ELFObjectFileBase>(**elf), report->undefinedSymbols, folder);
  if (!stubs)
    return stubs.takeError();

  std::string soname = ("lib" + name + ".so").str();
  SmallVector<StringRef> arguments = {
      *program,           "-shared", "-soname", soname, "-o",          result, "-Bsymbolic",
      "--hash-style=gnu", "-z",      "now",     "-z",   "noexecstack", input};
  llvm::append_range(arguments, *stubs);
  std::string failure;
  int code = sys::ExecuteAndWait(*program, arguments, std::nullopt, {"", log, log},
                                 /*SecondsToWait=*/600, /*MemoryLimit=*/0, &failure);
  if (code == 0)
    if (auto linked = MemoryBuffer::getFile(result, /*IsText=*/false, false, /*IsVolatile=*/true))
      return std::move(*linked);
  // Linkers say it again for each relocation.
  if (auto text = MemoryBuffer::getFile(log); failure.empty() && text) {
    StringRef said = (*text)->getBuffer().trim();
    failure = said.substr(said.rfind('\n') + 1).str();
  }
  return createStringError("'" + *program + "' can't link a shared library for " +
                           Triple::getArchTypeName((*elf)->getArch()) + ", exit code " +
                           Twine(code) + ": " + failure +
                           "; lld can for all targets: install it, or name it with --linker");
}
