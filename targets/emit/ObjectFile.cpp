// Reading back what was emitted: sizes, undefined symbols, stack frames.
#include "targets/emit/Object.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/DataExtractor.h"

using namespace llvm;
using namespace edgec;

Expected<ObjectReport> edgec::readObject(MemoryBufferRef buffer) {
  auto object = object::ObjectFile::createELFObjectFile(buffer);
  if (!object)
    return object.takeError();
  ObjectReport report;
  for (const object::SymbolRef &symbol : (*object)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name)
      return createStringError("the emitted object has a damaged symbol table");
    if ((*flags & object::SymbolRef::SF_Undefined) && !name->empty())
      report.undefinedSymbols.push_back(name->str());
  }
  llvm::sort(report.undefinedSymbols);
  std::map<std::pair<uint64_t, uint64_t>, std::string> functions; // by section and address
  for (const object::SymbolRef &symbol : (*object)->symbols()) {
    auto type = symbol.getType();
    auto section = symbol.getSection();
    auto address = symbol.getAddress();
    auto name = symbol.getName();
    if (type && section && address && name && *type == object::SymbolRef::ST_Function &&
        *section != (*object)->section_end())
      functions[{(*section)->getIndex(), *address & ~uint64_t(1)}] =
          name->str(); // Thumb addresses are odd
  }
  unsigned addressBytes = (*object)->getBytesInAddress();
  for (const object::SectionRef &section : (*object)->sections()) {
    auto name = section.getName();
    if (!name)
      continue;
    if (section.isText())
      report.textBytes += section.getSize();
    else if (section.isData() && !section.isVirtual() &&
             (object::ELFSectionRef(section).getFlags() & ELF::SHF_ALLOC))
      report.constantBytes += section.getSize();
    if (*name != ".stack_sizes")
      continue;
    auto contents = section.getContents();
    if (!contents)
      continue;
    // Entries are (address, ULEB128 size); the address is a relocation against the function's
    // section or symbol.
    std::map<uint64_t, std::string> at;
    for (const object::SectionRef &relocations : (*object)->sections()) {
      auto target = relocations.getRelocatedSection();
      if (!target || *target == (*object)->section_end() || **target != section)
        continue;
      for (const object::RelocationRef &relocation : relocations.relocations()) {
        auto symbol = relocation.getSymbol();
        if (symbol == (*object)->symbol_end())
          continue;
        auto symbolSection = symbol->getSection();
        auto symbolAddress = symbol->getAddress();
        if (!symbolSection || !symbolAddress || *symbolSection == (*object)->section_end())
          continue;
        int64_t addend = 0;
        if (auto explicitAddend = object::ELFRelocationRef(relocation).getAddend())
          addend = *explicitAddend;
        else {
          consumeError(explicitAddend.takeError());
          DataExtractor data(*contents, (*object)->isLittleEndian(), addressBytes);
          uint64_t offset = relocation.getOffset();
          addend = static_cast<int64_t>(data.getAddress(&offset));
        }
        uint64_t address = (*symbolAddress + addend) & ~uint64_t(1);
        auto found = functions.find({(*symbolSection)->getIndex(), address});
        if (found != functions.end())
          at[relocation.getOffset()] = found->second;
      }
    }
    DataExtractor data(*contents, (*object)->isLittleEndian(), addressBytes);
    uint64_t offset = 0;
    while (offset + addressBytes < contents->size()) {
      uint64_t start = offset;
      data.getAddress(&offset);
      uint64_t bytes = data.getULEB128(&offset);
      if (auto it = at.find(start); it != at.end())
        report.frames[it->second] = bytes;
    }
  }
  return report;
}

uint64_t edgec::deepestStack(const Module &module, const ObjectReport &report, StringRef function,
                             unsigned callBytes) {
  StringMap<uint64_t> known;
  std::function<uint64_t(const Function &)> visit = [&](const Function &f) -> uint64_t {
    if (auto it = known.find(f.getName()); it != known.end())
      return it->second;
    known[f.getName()] = 0; // no recursion is emitted; this only makes it impossible here
    uint64_t below = 0;
    for (const Instruction &instruction : instructions(f))
      if (auto *call = dyn_cast<CallBase>(&instruction)) {
        SmallVector<const Function *> callees;
        if (const Function *callee = call->getCalledFunction())
          callees.push_back(callee);
        // What is handed to the parallel-for hook is called by it.
        for (const Use &argument : call->args())
          if (auto *task = dyn_cast<Function>(argument.get()))
            callees.push_back(task);
        for (const Function *callee : callees)
          if (!callee->isDeclaration())
            below = std::max(below, visit(*callee) + callBytes);
      }
    auto frame = report.frames.find(f.getName().str());
    return known[f.getName()] = below + (frame == report.frames.end() ? 0 : frame->second);
  };
  const Function *f = module.getFunction(function);
  return f ? visit(*f) + callBytes : 0;
}

Error edgec::patchStackBytes(MutableArrayRef<char> bytes, StringRef symbol, uint64_t offset,
                             unsigned width, uint64_t value) {
  auto object = object::ObjectFile::createELFObjectFile(
      MemoryBufferRef(StringRef(bytes.data(), bytes.size()), ""));
  if (!object)
    return object.takeError();
  for (const object::SymbolRef &candidate : (*object)->symbols()) {
    auto name = candidate.getName();
    auto section = candidate.getSection();
    auto address = candidate.getAddress();
    if (!name || *name != symbol || !section || !address || *section == (*object)->section_end())
      continue;
    auto contents = (*section)->getContents();
    if (!contents || *address + offset + width > contents->size())
      break;
    char *at = bytes.data() + (contents->data() - bytes.data()) + *address + offset;
    for (unsigned i = 0; i < width; ++i)
      at[i] = static_cast<char>(value >> (8 * i));
    return Error::success();
  }
  return createStringError("the emitted object lacks '" + symbol + "'");
}
