#include "compiler/Pipeline.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "passes/legalize/Passes.h"
#include "passes/lower/Passes.h"
#include "passes/memory/Passes.h"
#include "passes/quantize/Passes.h"
#include "passes/tile/Passes.h"

using namespace mlir;

namespace edgec {

/// Upstream's canonicalizer, less the patterns that make a while loop's two regions carry different
/// values: bufferization wants them alike.
static std::unique_ptr<Pass> createCanonicalizer() {
  static const std::vector<std::string> disabled = [] {
    std::vector<std::string> names;
    for (const char *name :
         {"WhileConditionTruth", "WhileCmpCond", "WhileMoveIfDown", "WhileOpAlignBeforeArgs",
          "RemoveDeadRegionBranchOpSuccessorInputs", "MakeRegionBranchOpSuccessorInputsDead",
          "RemoveDuplicateSuccessorInputUses"})
      names.push_back(std::string("(anonymous namespace)::") + name);
    return names;
  }();
  return createCanonicalizerPass(GreedyRewriteConfig(), disabled);
}

static void buildNothing(OpPassManager &, const Target *) {}

static void buildLegalize(OpPassManager &passes, const Target *) {
  passes.addPass(createCanonicalizer());
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(createSinkTransposes());
  function.addPass(createFoldAffineIntoConv());
  function.addPass(createFoldAffineIntoNextLayer());
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
}

static void buildQuantize(OpPassManager &passes, const Target *) {
  passes.addPass(createInsertQuantization());
  passes.addPass(createQuantizeWeights());
  passes.addPass(createNarrowFloats());
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(createSetInterface());
  function.addPass(createMoveIntegers());
  function.addPass(createIntegerArithmetic());
  function.addPass(createSumBeforeScale());
  function.addPass(createIntegerSums());
  function.addPass(createRemoveConstantChannels());
  passes.addPass(createScaleSums());
  passes.nest<func::FuncOp>().addPass(createQuantizeByFormula());
  passes.addPass(createCanonicalizer());
  // Weights of layers that stay in floating point are constants only now.
  passes.nest<func::FuncOp>().addPass(createFoldAffineIntoConv());
  passes.addPass(createCSEPass());
}

static void buildFuse(OpPassManager &passes, const Target *) {
  passes.addPass(createEdgeToLinalg());
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(tile::createSelectKernels());
  function.addPass(tile::createNarrowOperands());
  function.addPass(createFuseElementwise());
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
}

static void buildSchedule(OpPassManager &passes, const Target *) {
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(tile::createFuseEpilogues());
  function.addPass(tile::createPackWeights());
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
}

static void buildBufferize(OpPassManager &passes, const Target *) {
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(createOrderOps());
  function.addPass(tile::createDrawTogether());
  function.addPass(createReuseOperands());
  passes.addPass(createBufferizeModel());
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
  passes.nest<func::FuncOp>().addPass(tile::createStreamRows());
  passes.nest<func::FuncOp>().addPass(tile::createGroupRows());
}

static void buildPlan(OpPassManager &passes, const Target *) { passes.addPass(createPlanArena()); }

static void buildLower(OpPassManager &passes, const Target *target) {
  passes.addPass(createOutlineKernels());
  auto &function = passes.nest<func::FuncOp>();
  function.addPass(tile::createKernelToLoops());
  function.addPass(tile::createStructuredToLoops());
  function.addPass(createLinalgToLoops());
  passes.addPass(createLowerSteps());
  passes.addPass(createCanonicalizer());
  passes.addPass(createCSEPass());
  passes.addPass(createSplitLoops());
  passes.addPass(createLoopInvariantCodeMotionPass());
  if (target)
    target->addPasses(passes);
  passes.addPass(createApproximateMath());
  passes.addPass(createConvertToLLVM());
  passes.addPass(createCSEPass());
}

ArrayRef<Phase> getPhases() {
  static constexpr Phase phases[] = {
      {"import", "read the model file into edge ops", buildNothing},
      {"legalize", "fold constants, bring transposes together, fold scales into convolutions",
       buildLegalize},
      {"check", "report every op that the target can't compile", buildNothing},
      {"quantize", "compute quantized layers on integers, and the rest by their float formulas",
       buildQuantize},
      {"fuse", "lower to linalg on tensors and fuse elementwise chains", buildFuse},
      {"schedule", "choose tiles, fuse what follows a contraction into it, pack weights",
       buildSchedule},
      {"bufferize", "tensors become buffers, in place where possible", buildBufferize},
      {"plan", "place every buffer in one arena", buildPlan},
      {"lower", "kernels become functions, loops and the LLVM dialect", buildLower},
      {"emit", "optimise, generate code, write the files", buildNothing},
  };
  return phases;
}

void registerPasses() {
  registerEdgecLegalizePasses();
  registerEdgecQuantizePasses();
  registerEdgecMemoryPasses();
  tile::registerEdgecTilePasses();
  registerEdgecLowerPasses();
  registerCanonicalizerPass();
  registerCSEPass();
  struct Options : PassPipelineOptions<Options> {
    Option<std::string> until{*this, "until", llvm::cl::desc("last phase to run"),
                              llvm::cl::init("lower")};
  };
  PassPipelineRegistration<Options>("edgec-pipeline", "The compiler's phases up to one of them",
                                    [](OpPassManager &passes, const Options &options) {
                                      for (const Phase &phase : getPhases()) {
                                        phase.build(passes, nullptr);
                                        if (phase.name == options.until)
                                          break;
                                      }
                                    });
}

} // namespace edgec
