#include "tools/edgec/Roofline.h"
#include "dialects/Kernel/DotUnits.h"
#include "targets/Target.h"
#include "targets/emit/Object.h"
#include "tools/edgec/Session.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include <chrono>
#include <cmath>

using namespace edgec;
using namespace edgec::cli;

namespace {

/// Accumulators of a loop: enough to hide the latency of an FMA on two ports, and few enough for 16
/// registers.
constexpr unsigned kAccumulators = 12, kLoads = 8;

using FmaLoop = void (*)(float *values, int64_t count);
using DotLoop = void (*)(int32_t *values, int64_t count);
using ReadLoop = void (*)(const void *memory, int64_t count, void *out);

/// `body(accumulators, index)` `count` times; the accumulators start as `start`.
template <typename Body>
llvm::SmallVector<llvm::Value *> makeLoop(llvm::IRBuilder<> &builder, llvm::Value *count,
                                          llvm::ArrayRef<llvm::Value *> start, Body body) {
  llvm::Function *function = builder.GetInsertBlock()->getParent();
  llvm::BasicBlock *before = builder.GetInsertBlock();
  auto *loop = llvm::BasicBlock::Create(builder.getContext(), "loop", function);
  auto *done = llvm::BasicBlock::Create(builder.getContext(), "done", function);
  builder.CreateBr(loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode *index = builder.CreatePHI(builder.getInt64Ty(), 2);
  index->addIncoming(builder.getInt64(0), before);
  llvm::SmallVector<llvm::PHINode *> phis;
  llvm::SmallVector<llvm::Value *> values;
  for (llvm::Value *value : start) {
    phis.push_back(builder.CreatePHI(value->getType(), 2));
    phis.back()->addIncoming(value, before);
    values.push_back(phis.back());
  }
  body(values, index);
  for (auto [phi, value] : llvm::zip(phis, values))
    phi->addIncoming(value, loop);
  llvm::Value *next = builder.CreateAdd(index, builder.getInt64(1));
  index->addIncoming(next, loop);
  builder.CreateCondBr(builder.CreateICmpULT(next, count), loop, done);
  builder.SetInsertPoint(done);
  return values;
}

llvm::Function *declare(llvm::Module &module, llvm::IRBuilder<> &builder, const char *name,
                        llvm::ArrayRef<llvm::Type *> types, unsigned bits) {
  auto *function =
      llvm::Function::Create(llvm::FunctionType::get(builder.getVoidTy(), types, false),
                             llvm::GlobalValue::ExternalLinkage, name, module);
  // Where the processor has the wide registers, use them, whatever LLVM prefers.
  function->addFnAttr("prefer-vector-width", std::to_string(bits));
  function->addFnAttr("min-legal-vector-width", std::to_string(bits));
  builder.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", function));
  return function;
}

/// @dot keeps summing products of narrow integers in registers.
void addDotLoop(llvm::Module &module, unsigned bits, const kernel::DotUnit &unit) {
  llvm::IRBuilder<> builder(module.getContext());
  auto *words = llvm::FixedVectorType::get(builder.getInt32Ty(), bits / 32);
  auto *narrow = llvm::FixedVectorType::get(builder.getIntNTy(unit.bits), bits / unit.bits);
  llvm::Function *dot =
      declare(module, builder, "dot", {builder.getPtrTy(), builder.getInt64Ty()}, bits);
  llvm::Intrinsic::ID instruction = llvm::Intrinsic::lookupIntrinsicID(unit.intrinsicFor(bits));
  llvm::Value *first = builder.CreateVectorSplat(
      bits / 32, builder.CreateLoad(builder.getInt32Ty(), dot->getArg(0)));
  llvm::SmallVector<llvm::Value *> start(kAccumulators, first);
  llvm::SmallVector<llvm::Value *> sums =
      makeLoop(builder, dot->getArg(1), start, [&](auto &values, llvm::Value *) {
        llvm::Value *factor = builder.CreateBitCast(first, narrow);
        for (llvm::Value *&value : values) {
          if (unit.accumulates()) {
            value = builder.CreateIntrinsic(words, instruction, {value, factor, factor});
            continue;
          }
          // Of the sum itself, or it would be done once.
          llvm::Value *own = builder.CreateBitCast(value, narrow);
          value =
              builder.CreateAdd(value, builder.CreateIntrinsic(words, instruction, {own, factor}));
        }
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    builder.CreateAlignedStore(
        sum, builder.CreateConstGEP1_32(words, dot->getArg(0), static_cast<unsigned>(i)),
        llvm::Align(4));
  builder.CreateRetVoid();
}

/// @fma keeps multiplying and adding in registers; @read adds up memory.
void addLoops(llvm::Module &module, unsigned bits) {
  llvm::IRBuilder<> builder(module.getContext());
  llvm::Type *pointer = builder.getPtrTy(), *i64 = builder.getInt64Ty();
  auto *floats = llvm::FixedVectorType::get(builder.getFloatTy(), bits / 32);
  auto *words = llvm::FixedVectorType::get(builder.getInt32Ty(), bits / 32);

  llvm::Function *fma = declare(module, builder, "fma", {pointer, i64}, bits);
  auto argument = [&](unsigned index) {
    llvm::Value *at = builder.CreateConstGEP1_32(builder.getFloatTy(), fma->getArg(0), index);
    return builder.CreateVectorSplat(bits / 32, builder.CreateLoad(builder.getFloatTy(), at));
  };
  llvm::Value *factor = argument(0), *addend = argument(1);
  llvm::SmallVector<llvm::Value *> start(kAccumulators, addend);
  llvm::SmallVector<llvm::Value *> sums =
      makeLoop(builder, fma->getArg(1), start, [&](auto &values, llvm::Value *) {
        for (llvm::Value *&value : values) // fused where the processor can
          value =
              builder.CreateIntrinsic(llvm::Intrinsic::fmuladd, {floats}, {value, factor, addend});
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    builder.CreateAlignedStore(sum,
                               builder.CreateConstGEP1_32(builder.getFloatTy(), fma->getArg(0),
                                                          static_cast<unsigned>(2 + i * bits / 32)),
                               llvm::Align(4));
  builder.CreateRetVoid();

  llvm::Function *read = declare(module, builder, "read", {pointer, i64, pointer}, bits);
  start.assign(kLoads, llvm::ConstantAggregateZero::get(words));
  sums = makeLoop(builder, read->getArg(1), start, [&](auto &values, llvm::Value *index) {
    llvm::Value *first = builder.CreateMul(index, builder.getInt64(kLoads));
    for (unsigned i = 0; i < kLoads; ++i) {
      llvm::Value *at =
          builder.CreateGEP(words, read->getArg(0), builder.CreateAdd(first, builder.getInt64(i)));
      values[i] =
          builder.CreateAdd(values[i], builder.CreateAlignedLoad(words, at, llvm::Align(4)));
    }
  });
  llvm::Value *sum = sums.front();
  for (llvm::Value *value : llvm::drop_begin(sums))
    sum = builder.CreateAdd(sum, value);
  builder.CreateAlignedStore(sum, read->getArg(2), llvm::Align(4));
  builder.CreateRetVoid();
}

/// The least seconds of some runs of all tasks together.
template <typename Task>
double best(int threads, const edgec_parallel_for *parallel, double enough, Task task) {
  double least = INFINITY, spent = 0;
  for (int run = 0; run < 200 && (run < 3 || spent < enough); ++run) {
    auto begin = std::chrono::steady_clock::now();
    if (parallel)
      parallel->run(
          parallel->pool,
          [](void *context, int32_t index) { (*static_cast<Task *>(context))(index); }, &task,
          threads);
    else
      task(0);
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    least = std::min(least, seconds);
    spent += seconds;
  }
  return least;
}

} // namespace

double Roofline::bytesPerSecond(double bytes) const {
  if (bytes <= bandwidth.front().first)
    return bandwidth.front().second;
  for (size_t i = 1; i < bandwidth.size(); ++i) {
    auto [low, slower] = bandwidth[i - 1];
    auto [high, faster] = bandwidth[i];
    if (bytes <= high) {
      double t = std::log(bytes / low) / std::log(high / low);
      return slower + t * (faster - slower);
    }
  }
  return bandwidth.back().second;
}

double Roofline::seconds(double macs, double bytes, bool onIntegers) const {
  double moving = bytes > 0 ? bytes / bytesPerSecond(bytes) : 0;
  return std::max(macs / (onIntegers ? integerMacsPerSecond : macsPerSecond), moving);
}

llvm::Expected<Roofline> cli::measureRoofline(int threads, const edgec_parallel_for *parallel) {
  auto host = resolveTarget("host");
  if (!host)
    return host.takeError();
  VectorUnit unit = findVectorUnit(host->entry);
  unsigned bits = unit.bits;
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = std::make_unique<llvm::Module>("roofline", *context);
  module->setDataLayout((*jit)->getDataLayout());
  addLoops(*module, bits);
  llvm::ArrayRef<kernel::DotUnit> dots = kernel::getDotUnits(unit.dot);
  // Who has none for whole registers multiplies about as many integers as floats.
  if (!dots.empty() && dots.front().intrinsicFor(bits).empty())
    dots = {};
  if (!dots.empty())
    addDotLoop(*module, bits, dots.front());
  if (auto error =
          (*jit)->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  auto fmaSymbol = (*jit)->lookup("fma");
  if (!fmaSymbol)
    return fmaSymbol.takeError();
  auto readSymbol = (*jit)->lookup("read");
  if (!readSymbol)
    return readSymbol.takeError();
  auto fma = fmaSymbol->toPtr<FmaLoop>();
  auto read = readSymbol->toPtr<ReadLoop>();

  Roofline result;
  constexpr int64_t kCount = 100000;
  double seconds = best(threads, parallel, 0.1, [&](int32_t) {
    float values[2 + kAccumulators * 64] = {0.999f, 0.001f}; // stays between 0 and 1
    fma(values, kCount);
  });
  result.macsPerSecond = threads * double(kAccumulators) * kCount * (bits / 32) / seconds;

  result.integerMacsPerSecond = result.macsPerSecond;
  if (!dots.empty()) {
    auto dotSymbol = (*jit)->lookup("dot");
    if (!dotSymbol)
      return dotSymbol.takeError();
    auto dot = dotSymbol->toPtr<DotLoop>();
    double seconds = best(threads, parallel, 0.1, [&](int32_t) {
      int32_t values[kAccumulators * 16] = {3};
      dot(values, kCount);
    });
    result.integerMacsPerSecond =
        threads * double(kAccumulators) * kCount * (bits / dots.front().bits) / seconds;
  }

  constexpr size_t kLargest = size_t(64) << 20;
  AlignedBytes memory(kLargest, 64);
  for (size_t bytes = size_t(16) << 10; bytes <= kLargest; bytes *= 4) {
    size_t block = kLoads * bits / 8, part = bytes / threads / 2 / block * block * 2;
    if (!part)
      continue;
    // Small blocks several times over, so that the clock and the pool don't count.
    int64_t times = std::max<int64_t>(1, (int64_t(4) << 20) / static_cast<int64_t>(bytes));
    double reading = best(threads, parallel, 0.05, [&](int32_t index) {
      char out[64];
      for (int64_t i = 0; i < times; ++i)
        read(memory.data + index * part, static_cast<int64_t>(part / block), out);
    });
    double copying = best(threads, parallel, 0.05, [&](int32_t index) {
      char *from = memory.data + index * part;
      for (int64_t i = 0; i < times; ++i)
        std::memcpy(from + part / 2, from, part / 2);
    });
    result.bandwidth.emplace_back(bytes,
                                  double(part) * threads * times / std::min(reading, copying));
  }
  return result;
}
