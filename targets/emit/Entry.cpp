// The C functions and the descriptor around the compiled model. Layouts:
// runtime/include/edgec/model.h.
#include "targets/emit/Object.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"

using namespace llvm;
using namespace edgec;

// edgec_status of runtime/include/edgec/status.h.
static constexpr int32_t kErrorArena = -1, kErrorArgument = -2;
static constexpr uint32_t kAbiVersion = 1;

namespace {

struct EntryBuilder {
  Module &module;
  const ModelInterface &interface;
  IRBuilder<> builder;
  PointerType *pointer;
  Type *word; ///< size_t

  EntryBuilder(Module &module, const ModelInterface &interface)
      : module(module), interface(interface), builder(module.getContext()),
        pointer(PointerType::get(module.getContext(), 0)),
        word(module.getDataLayout().getIntPtrType(module.getContext())) {}

  Function *declare(const Twine &name, FunctionType *type, GlobalValue::LinkageTypes linkage) {
    auto *function = Function::Create(type, linkage, name, module);
    function->addFnAttr(Attribute::NoUnwind);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function));
    return function;
  }

  bool threaded() const { return interface.threads > 1; }

  /// Calls the hook of --profile around each op. The rows of the per-op table are main's calls of
  /// kernels, in their order.
  Error addHooks(Function *main) {
    if (!interface.profile)
      return Error::success();
    Type *i32 = builder.getInt32Ty();
    auto type = FunctionType::get(builder.getVoidTy(), {pointer, i32, i32}, false);
    FunctionCallee hook = module.getOrInsertFunction("edgec_profile_hook", type);
    // Stands for the descriptor until addModel() makes it.
    auto *model = new GlobalVariable(module, builder.getInt8Ty(), /*isConstant=*/true,
                                     GlobalValue::ExternalLinkage, nullptr, modelName());
    size_t row = 0, rows = interface.operators.size();
    for (Instruction &instruction : make_early_inc_range(instructions(main))) {
      auto *call = dyn_cast<CallInst>(&instruction);
      Function *callee = call ? call->getCalledFunction() : nullptr;
      if (!callee || row == rows || callee->getName() != interface.operators[row].kernel)
        continue;
      auto number = builder.getInt32(static_cast<uint32_t>(row++));
      builder.SetInsertPoint(call);
      builder.CreateCall(hook, {model, number, builder.getInt32(1)});
      builder.SetInsertPoint(call->getNextNode());
      builder.CreateCall(hook, {model, number, builder.getInt32(0)});
    }
    if (row != rows)
      return createStringError("can't be profiled: the code calls " + Twine(row) + " of its " +
                               Twine(rows) + " kernels in the order of the per-op table");
    return Error::success();
  }

  std::string modelName() const { return interface.name + "_model"; }

  /// Turns each call of a split kernel into one call of the hook, whose task runs a part. Without a
  /// hook the parts run one after the other.
  void shareKernels(Function *main) {
    if (!threaded())
      return;
    Function *dispatch = addDispatch();
    for (const std::string &name : interface.split) {
      Function *kernel = module.getFunction(name);
      if (!kernel)
        continue;
      SmallVector<CallInst *> calls;
      for (User *user : kernel->users())
        if (auto *call = dyn_cast<CallInst>(user))
          calls.push_back(call);
      unsigned count = kernel->arg_size() - 1;
      auto *context = ArrayType::get(pointer, std::max(count, 1u));
      // The task: unpack the pointers, run one part.
      Function *task =
          declare(name + "_task",
                  FunctionType::get(builder.getVoidTy(), {pointer, builder.getInt32Ty()}, false),
                  GlobalValue::InternalLinkage);
      SmallVector<Value *> arguments;
      for (unsigned i = 0; i < count; ++i)
        arguments.push_back(builder.CreateLoad(
            pointer, builder.CreateConstInBoundsGEP2_32(context, task->getArg(0), 0, i)));
      arguments.push_back(
          builder.CreateZExtOrTrunc(task->getArg(1), kernel->getArg(count)->getType()));
      builder.CreateCall(kernel, arguments);
      builder.CreateRetVoid();
      for (CallInst *call : calls) {
        IRBuilder<> entry(&main->getEntryBlock(), main->getEntryBlock().begin());
        AllocaInst *packed = entry.CreateAlloca(context);
        builder.SetInsertPoint(call);
        for (unsigned i = 0; i < count; ++i)
          builder.CreateStore(call->getArgOperand(i),
                              builder.CreateConstInBoundsGEP2_32(context, packed, 0, i));
        builder.CreateCall(dispatch, {main->getArg(main->arg_size() - 1), task, packed});
        call->eraseFromParent();
      }
    }
  }

  /// void dispatch(const edgec_parallel_for *parallel, edgec_task task, void *context)
  Function *addDispatch() {
    Function *dispatch =
        declare(interface.name + "_dispatch",
                FunctionType::get(builder.getVoidTy(), {pointer, pointer, pointer}, false),
                GlobalValue::InternalLinkage);
    Value *parallel = dispatch->getArg(0), *task = dispatch->getArg(1),
          *context = dispatch->getArg(2);
    Value *parts = builder.getInt32(interface.threads);
    auto *taskType = FunctionType::get(builder.getVoidTy(), {pointer, builder.getInt32Ty()}, false);
    auto *hook = BasicBlock::Create(module.getContext(), "hook", dispatch);
    auto *loop = BasicBlock::Create(module.getContext(), "serial", dispatch);
    auto *done = BasicBlock::Create(module.getContext(), "done", dispatch);
    BasicBlock *entry = builder.GetInsertBlock();
    builder.CreateCondBr(builder.CreateICmpEQ(parallel, ConstantPointerNull::get(pointer)), loop,
                         hook);
    builder.SetInsertPoint(hook); // parallel->run(parallel->pool, task, context, parts)
    auto *type = StructType::get(module.getContext(), {pointer, pointer});
    Value *run = builder.CreateLoad(pointer, builder.CreateStructGEP(type, parallel, 0));
    Value *pool = builder.CreateLoad(pointer, builder.CreateStructGEP(type, parallel, 1));
    auto *runType = FunctionType::get(builder.getVoidTy(),
                                      {pointer, pointer, pointer, builder.getInt32Ty()}, false);
    builder.CreateCall(runType, run, {pool, task, context, parts});
    builder.CreateBr(done);
    builder.SetInsertPoint(loop);
    PHINode *index = builder.CreatePHI(builder.getInt32Ty(), 2);
    index->addIncoming(builder.getInt32(0), entry);
    builder.CreateCall(taskType, task, {context, index});
    Value *next = builder.CreateAdd(index, builder.getInt32(1));
    index->addIncoming(next, loop);
    builder.CreateCondBr(builder.CreateICmpULT(next, parts), loop, done);
    builder.SetInsertPoint(done);
    builder.CreateRetVoid();
    return dispatch;
  }

  /// `if (condition) return status;`
  void returnIf(Value *condition, int32_t status) {
    Function *function = builder.GetInsertBlock()->getParent();
    auto *fail = BasicBlock::Create(module.getContext(), "fail", function);
    auto *next = BasicBlock::Create(module.getContext(), "next", function);
    builder.CreateCondBr(condition, fail, next);
    builder.SetInsertPoint(fail);
    builder.CreateRet(builder.getInt32(status));
    builder.SetInsertPoint(next);
  }

  /// int32_t NAME_run(void *arena, const T *input..., T *output...)
  Function *addRun(Function *main) {
    size_t count = interface.inputs.size() + interface.outputs.size();
    SmallVector<Type *> types(count + 1 + (threaded() ? 1 : 0), pointer);
    Function *run =
        declare(interface.name + "_run", FunctionType::get(builder.getInt32Ty(), types, false),
                GlobalValue::ExternalLinkage);
    Value *null = ConstantPointerNull::get(pointer);
    Value *arena = run->getArg(0);
    if (interface.arenaBytes > 0) {
      Value *address = builder.CreatePtrToInt(arena, word);
      Value *low = builder.CreateAnd(address, ConstantInt::get(word, interface.arenaAlign - 1));
      Value *bad = builder.CreateOr(builder.CreateICmpEQ(arena, null),
                                    builder.CreateICmpNE(low, ConstantInt::get(word, 0)));
      returnIf(bad, kErrorArena);
    }
    Value *missing = nullptr;
    for (size_t i = 0; i < count; ++i) {
      Value *isNull = builder.CreateICmpEQ(run->getArg(i + 1), null);
      missing = missing ? builder.CreateOr(missing, isNull) : isNull;
    }
    if (missing)
      returnIf(missing, kErrorArgument);
    SmallVector<Value *> arguments;
    for (size_t i = 0; i < count; ++i)
      arguments.push_back(run->getArg(i + 1));
    arguments.push_back(arena);
    if (threaded())
      arguments.push_back(run->getArg(count + 1));
    builder.CreateRet(builder.CreateCall(main, arguments));
    return run;
  }

  /// void NAME_reset(void *arena): the state is the arena's first bytes.
  Function *addReset() {
    if (!interface.stateBytes)
      return nullptr;
    Function *reset =
        declare(interface.name + "_reset", FunctionType::get(builder.getVoidTy(), {pointer}, false),
                GlobalValue::ExternalLinkage);
    builder.CreateMemSet(reset->getArg(0), builder.getInt8(0),
                         ConstantInt::get(word, interface.stateBytes), MaybeAlign(16));
    builder.CreateRetVoid();
    return reset;
  }

  /// The generic form: arrays of pointers.
  Function *addInvoke(Function *run) {
    Function *invoke = declare(
        interface.name + "_invoke",
        FunctionType::get(builder.getInt32Ty(), {pointer, pointer, pointer, pointer}, false),
        GlobalValue::InternalLinkage);
    SmallVector<Value *> arguments{invoke->getArg(0)};
    auto load = [&](Value *array, size_t count) {
      for (size_t i = 0; i < count; ++i)
        arguments.push_back(builder.CreateLoad(
            pointer, builder.CreateConstInBoundsGEP1_32(pointer, array, static_cast<unsigned>(i))));
    };
    load(invoke->getArg(1), interface.inputs.size());
    load(invoke->getArg(2), interface.outputs.size());
    if (threaded())
      arguments.push_back(invoke->getArg(3));
    builder.CreateRet(builder.CreateCall(run, arguments));
    return invoke;
  }

  GlobalVariable *constant(Constant *value, const Twine &name) {
    auto *global = new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                      GlobalValue::PrivateLinkage, value, name);
    return global;
  }
  Constant *text(StringRef text) {
    auto *global = constant(ConstantDataArray::getString(module.getContext(), text), "edgec.name");
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }

  /// An `edgec_tensor` table.
  Constant *tensors(ArrayRef<TensorInfo> infos, const Twine &name) {
    if (infos.empty())
      return ConstantPointerNull::get(pointer);
    Type *i32 = builder.getInt32Ty(), *f32 = builder.getFloatTy();
    auto *type =
        StructType::get(module.getContext(), {pointer, pointer, word, word, i32, i32, f32, i32});
    SmallVector<Constant *> rows;
    for (const TensorInfo &info : infos) {
      Constant *shape = ConstantPointerNull::get(pointer);
      SmallVector<uint32_t> extents;
      for (int64_t extent : info.type.getShape())
        extents.push_back(static_cast<uint32_t>(extent));
      if (!extents.empty())
        shape = constant(ConstantDataArray::get(module.getContext(), extents), "edgec.shape");
      rows.push_back(ConstantStruct::get(
          type, {text(info.name), shape, ConstantInt::get(word, info.bytes),
                 ConstantInt::get(word, info.type.getNumElements()),
                 builder.getInt32(dtypeNumber(info.type.getElementType())),
                 builder.getInt32(info.type.getRank()), ConstantFP::get(f32, info.scale),
                 builder.getInt32(static_cast<uint32_t>(info.zeroPoint))}));
    }
    return constant(ConstantArray::get(ArrayType::get(type, rows.size()), rows), name);
  }

  void addModel(Function *invoke, Function *reset) {
    Type *i32 = builder.getInt32Ty();
    auto *type =
        StructType::get(module.getContext(), {i32, i32, i32, i32, pointer, pointer, pointer,
                                              pointer, pointer, word, word, word});
    Constant *null = ConstantPointerNull::get(pointer);
    Constant *value = ConstantStruct::get(
        type,
        {builder.getInt32(kAbiVersion), builder.getInt32(interface.arenaAlign),
         builder.getInt32(interface.inputs.size()), builder.getInt32(interface.outputs.size()),
         text(interface.name), tensors(interface.inputs, "edgec.inputs"),
         tensors(interface.outputs, "edgec.outputs"), invoke, reset ? reset : null,
         ConstantInt::get(word, interface.arenaBytes), ConstantInt::get(word, interface.stateBytes),
         ConstantInt::get(word, 0)});
    auto *model = new GlobalVariable(module, type, /*isConstant=*/true,
                                     GlobalValue::ExternalLinkage, value, "");
    if (GlobalVariable *earlier = module.getNamedGlobal(modelName())) {
      earlier->replaceAllUsesWith(model);
      earlier->eraseFromParent();
    }
    model->setName(modelName());
  }
};

} // namespace

Error edgec::addEntryPoints(Module &module, const ModelInterface &interface) {
  Function *main = module.getFunction("main");
  main->setName(interface.name + "_main");
  main->setLinkage(GlobalValue::InternalLinkage);
  EntryBuilder entry(module, interface);
  if (Error error = entry.addHooks(main))
    return error;
  entry.shareKernels(main);
  Function *run = entry.addRun(main);
  Function *reset = entry.addReset();
  Function *invoke = entry.addInvoke(run);
  entry.addModel(invoke, reset);
  return Error::success();
}
