#include "targets/emit/ObjectTarget.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "targets/emit/Object.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace edgec;

edge::TargetAttr ObjectTarget::describe(const TargetEntry &entry, MLIRContext *context) const {
  FloatUnit floats = findFloatUnit(entry);
  VectorUnit vectors = findVectorUnit(entry);
  return edge::TargetAttr::get(context, entry.name, entry.triple, entry.cpu, entry.features,
                               entry.abi, entry.indexBits, vectors.bits, entry.arenaAlign,
                               vectors.registers, entry.l2Bytes, floats.present,
                               floats.fusesMultiplyAdd, floats.roundsToInteger, vectors.dot);
}

std::optional<std::string> ObjectTarget::unsupported(Operation *) const {
  return std::nullopt; // whatever lowers to LLVM compiles
}

/// Everything private but the C functions; weights in a section that a linker script can place.
static void prepare(llvm::Module &module, const ModelInterface &interface,
                    llvm::TargetMachine &machine, edge::TargetAttr target) {
  for (llvm::GlobalVariable &global : module.globals()) {
    if (!global.hasInitializer() || !global.isConstant() || !global.getValueType()->isArrayTy() ||
        !global.hasInternalLinkage())
      continue;
    global.setSection((".rodata." + interface.name).c_str());
    global.setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  }
  for (llvm::Function &function : module) {
    if (!function.isDeclaration() && function.getName() != "main")
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    if (target.getVectorBits() >= 512)
      function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (!function.isDeclaration() && function.getName() != "main") {
      // One kernel, one frame, one name in a profile; and small models stay small.
      function.addFnAttr(llvm::Attribute::NoInline);
      for (llvm::Argument &argument : function.args())
        if (argument.getType()->isPointerTy())
          argument.addAttr(
              llvm::Attribute::getWithCaptureInfo(module.getContext(), llvm::CaptureInfo::none()));
    }
  }
}

static void generate(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
                     SmallVectorImpl<char> &bytes) {
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  machine.addPassesToEmitFile(passes, stream, nullptr, kind);
  passes.run(module);
}

static bool isBareMetal(const llvm::TargetMachine &machine) {
  return machine.getTargetTriple().getOS() == llvm::Triple::UnknownOS;
}

LogicalResult ObjectTarget::emit(ModuleOp module, Output &output) const {
  auto target = module->getAttrOfType<edge::TargetAttr>("edge.target");
  auto machine = createTargetMachine(target);
  if (!machine)
    return module.emitError() << llvm::toString(machine.takeError());
  if (output.kinds.count("shared") && isBareMetal(**machine))
    return module.emitError() << "target '" << target.getName()
                              << "' has no operating system that could load a shared library: use "
                                 "--emit=library";
  ModelInterface interface = readInterface(module, output.name);

  registerBuiltinDialectTranslation(*module->getContext());
  registerLLVMDialectTranslation(*module->getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context, interface.name);
  if (!llvmModule)
    return module.emitError("can't be translated to LLVM IR");
  llvmModule->setTargetTriple((*machine)->getTargetTriple());
  llvmModule->setDataLayout((*machine)->createDataLayout());
  llvmModule->setSourceFileName(output.modelFile);
  if (target.getAbi().size())
    llvmModule->addModuleFlag(llvm::Module::Error, "target-abi",
                              llvm::MDString::get(context, target.getAbi()));
  prepare(*llvmModule, interface, **machine, target);
  if (auto error = addEntryPoints(*llvmModule, interface))
    return module.emitError() << llvm::toString(std::move(error));
  for (llvm::Function &function : *llvmModule)
    if (!function.hasFnAttribute("target-cpu")) {
      function.addFnAttr("target-cpu", (*machine)->getTargetCPU());
      function.addFnAttr("target-features", (*machine)->getTargetFeatureString());
    }
  optimize(*llvmModule, **machine);

  auto addFile = [&](const std::string &name, StringRef content) {
    output.files[name] = llvm::MemoryBuffer::getMemBufferCopy(content, name);
  };
  if (output.kinds.count("llvm")) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvmModule->print(stream, nullptr);
    addFile(output.name + ".ll", text);
  }
  if (output.kinds.count("asm")) {
    auto copy = llvm::CloneModule(*llvmModule);
    SmallVector<char, 0> text;
    generate(*copy, **machine, llvm::CodeGenFileType::AssemblyFile, text);
    addFile(output.name + ".s", StringRef(text.data(), text.size()));
  }
  SmallVector<char, 0> object;
  generate(*llvmModule, **machine, llvm::CodeGenFileType::ObjectFile, object);
  auto report =
      readObject(llvm::MemoryBufferRef(StringRef(object.data(), object.size()), output.name));
  if (!report)
    return module.emitError() << llvm::toString(report.takeError());
  output.textBytes = report->textBytes;
  output.constantBytes = report->constantBytes;
  output.undefinedSymbols = report->undefinedSymbols;
  bool wide = (*machine)->getPointerSize(0) == 8;
  bool pushesReturn = (*machine)->getTargetTriple().isX86();
  output.stackBytes =
      deepestStack(*llvmModule, *report, interface.name + "_run", pushesReturn ? 8 : 0);
  if (auto error = patchStackBytes(object, interface.name + "_model",
                                   wide ? kStackFieldOffset64 : kStackFieldOffset32, wide ? 8 : 4,
                                   output.stackBytes))
    return module.emitError() << llvm::toString(std::move(error));

  auto buffer =
      std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(object), output.name + ".o",
                                                      /*RequiresNullTerminator=*/false);
  if (output.kinds.count("library")) {
    std::vector<llvm::NewArchiveMember> members;
    members.emplace_back(buffer->getMemBufferRef());
    auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                              llvm::object::Archive::K_GNU,
                                              /*Deterministic=*/true, /*Thin=*/false);
    if (!archive)
      return module.emitError() << llvm::toString(archive.takeError());
    output.files["lib" + output.name + ".a"] = std::move(*archive);
  }
  if (output.kinds.count("shared")) {
    auto linked = linkShared(buffer->getMemBufferRef(), output.name, output.linker);
    if (!linked)
      return module.emitError() << llvm::toString(linked.takeError());
    output.files["lib" + output.name + ".so"] = std::move(*linked);
  }
  if (output.kinds.count("object"))
    output.files[output.name + ".o"] = std::move(buffer);
  addFile(output.name + ".h", writeHeader(interface, output, target));
  addFile(output.name + ".json", writeManifest(interface, output, target));
  return success();
}
