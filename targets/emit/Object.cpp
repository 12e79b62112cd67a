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

Expected<std::unique_ptr<TargetMachine>> edgec::createTargetMachine(edge::TargetAttr target) {
  initializeTargets();
  Triple triple(Triple::normalize(target.getTriple()));
  std::string error;
  const llvm::Target *backend = TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return createStringError("triple '" + target.getTriple() + "' is not supported");
  std::unique_ptr<MCSubtargetInfo> subtarget(
      backend->createMCSubtargetInfo(triple, target.getCpu(), ""));
  if (!subtarget || !subtarget->isCPUStringValid(target.getCpu())) {
    std::string known;
    if (subtarget)
      for (const auto &cpu : subtarget->getAllProcessorDescriptions())
        known += (known.empty() ? "" : ", ") + std::string(cpu.Key);
    return createStringError("unknown processor '" + target.getCpu() + "' for " +
                             target.getTriple() + "; known are " + known);
  }
  SmallVector<StringRef> features;
  StringRef(target.getFeatures()).split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef feature : features) {
    StringRef plain = feature.drop_while([](char c) { return c == '+' || c == '-'; });
    if (llvm::none_of(subtarget->getAllProcessorFeatures(),
                      [&](const auto &known) { return plain == known.Key; }))
      return createStringError("unknown feature '" + plain + "' for " + target.getTriple());
  }
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
