#include "targets/emit/Object.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace edgec;

static void initializeTargets() {
  static bool once = [] {
    // Named one by one: registering all of LLVM's targets takes longer than compiling a small
    // model.
    LLVMInitializeX86TargetInfo(), LLVMInitializeX86Target(), LLVMInitializeX86TargetMC(),
        LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo(), LLVMInitializeAArch64Target(),
        LLVMInitializeAArch64TargetMC(), LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeARMTargetInfo(), LLVMInitializeARMTarget(), LLVMInitializeARMTargetMC(),
        LLVMInitializeARMAsmPrinter();
    LLVMInitializeRISCVTargetInfo(), LLVMInitializeRISCVTarget(), LLVMInitializeRISCVTargetMC(),
        LLVMInitializeRISCVAsmPrinter();
    return true;
  }();
  (void)once;
}

/// The processor with its features, once LLVM knows them all; `backend` becomes its architecture's.
static Expected<std::unique_ptr<MCSubtargetInfo>> findProcessor(StringRef tripleName, StringRef cpu,
                                                                StringRef features,
                                                                const llvm::Target *&backend) {
  initializeTargets();
  Triple triple(Triple::normalize(tripleName));
  std::string error;
  backend = TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return createStringError("triple '" + tripleName + "' is not supported");
  std::unique_ptr<MCSubtargetInfo> processor(backend->createMCSubtargetInfo(triple, "", ""));
  if (!processor || !processor->isCPUStringValid(cpu)) {
    std::string known;
    if (processor)
      for (const auto &cpu : processor->getAllProcessorDescriptions())
        known += (known.empty() ? "" : ", ") + std::string(cpu.Key);
    return createStringError("unknown processor '" + cpu + "' for " + tripleName + "; known are " +
                             known);
  }
  SmallVector<StringRef> names;
  features.split(names, ',', -1, /*KeepEmpty=*/false);
  for (StringRef name : names) {
    StringRef plain = name.drop_while([](char c) { return c == '+' || c == '-'; });
    if (llvm::none_of(processor->getAllProcessorFeatures(),
                      [&](const auto &known) { return plain == known.Key; }))
      return createStringError("unknown feature '" + plain + "' for " + tripleName);
  }
  processor->setDefaultFeatures(cpu, /*TuneCPU=*/cpu, features);
  return processor;
}

FloatUnit edgec::findFloatUnit(const TargetEntry &entry) {
  const llvm::Target *backend;
  Triple triple(Triple::normalize(entry.triple));
  auto processor = findProcessor(entry.triple, entry.cpu, entry.features, backend);
  if (!processor) {
    consumeError(processor.takeError()); // createTargetMachine will say so
    return {};
  }
  auto has = [&](StringRef feature) { return (*processor)->checkFeatures(("+" + feature).str()); };
  if (triple.isX86())
    return {true, has("fma"), has("sse4.1")};
  if (triple.isAArch64())
    return {has("fp-armv8"), has("fp-armv8"), has("fp-armv8")};
  if (triple.isARM() || triple.isThumb())
    return {has("vfp2sp") && !has("soft-float"), has("vfp4d16sp"), has("fp-armv8d16sp")};
  return {has("f"), has("f"), has("f")}; // RISC-V rounds in a few instructions
}

VectorUnit edgec::findVectorUnit(const TargetEntry &entry) {
  VectorUnit unit{entry.vectorBits, entry.vectorRegisters};
  const llvm::Target *backend;
  Triple triple(Triple::normalize(entry.triple));
  auto processor = findProcessor(entry.triple, entry.cpu, entry.features, backend);
  if (!processor) {
    consumeError(processor.takeError());
    return unit;
  }
  auto has = [&](StringRef feature) { return (*processor)->checkFeatures(("+" + feature).str()); };
  if (triple.isX86()) {
    // Some processors that have AVX-512 ask compilers to avoid its wide registers, which matters
    // for scattered use and not for kernels: only users say so here.
    bool narrow = StringRef(entry.features).contains("+prefer-256-bit");
    unit.bits = has("avx512f") && !narrow ? 512 : has("avx") ? 256 : 128;
    unit.registers = has("avx512vl") || unit.bits == 512 ? 32 : 16;
    if (has("avx512vnni") && (unit.bits == 512 || has("avx512vl")))
      unit.dot = "vpdpbusd";
    else if (has("avxvnni") && unit.bits == 256)
      unit.dot = "vpdpbusd";
    else if (has(unit.bits == 512 ? "avx512bw" : unit.bits == 256 ? "avx2" : "sse2"))
      unit.dot = "pmaddwd";
  } else if (triple.isAArch64()) {
    unit.dot = has("dotprod") ? "sdot" : "sadalp";
  } else if (triple.isThumb() && has("dsp")) {
    unit.dot = has("mve") ? "vmladava" : "smlad";
  } else if (triple.isRISCV() && has("v")) {
    unit.bits = 128;
    for (unsigned bits = 256; bits <= 1024; bits *= 2)
      if (has("zvl" + std::to_string(bits) + "b"))
        unit.bits = bits;
    unit.dot = "vwmacc";
  }
  return unit;
}

Expected<std::unique_ptr<TargetMachine>> edgec::createTargetMachine(edge::TargetAttr target) {
  const llvm::Target *backend;
  Triple triple(Triple::normalize(target.getTriple()));
  auto processor =
      findProcessor(target.getTriple(), target.getCpu(), target.getFeatures(), backend);
  if (!processor)
    return processor.takeError();
  TargetOptions options;
  options.EmitStackSizeSection = true;
  options.FunctionSections = true;
  options.DataSections = true;
  options.UniqueSectionNames = true;
  options.MCOptions.ABIName = target.getAbi();
  options.FloatABIType = triple.getEnvironment() == Triple::EABIHF ? FloatABI::Hard
                         : triple.getEnvironment() == Triple::EABI ? FloatABI::Soft
                                                                   : FloatABI::Default;
  bool bareMetal = triple.getOS() == Triple::UnknownOS;
  std::unique_ptr<TargetMachine> machine(backend->createTargetMachine(
      triple, target.getCpu(), target.getFeatures(), options,
      bareMetal ? Reloc::Static : Reloc::PIC_,
      triple.isRISCV() ? std::optional(CodeModel::Medium) : std::nullopt,
      CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("no code generator for '" + target.getTriple() + "'");
  return machine;
}

void edgec::optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graphs;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  PassBuilder passes(&machine, tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(graphs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, graphs, modules);
  passes.buildPerModuleDefaultPipeline(OptimizationLevel::O2).run(module, modules);
}
