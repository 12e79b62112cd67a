#include "dialects/Kernel/Kernel.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/lower/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_CONVERTTOLLVM
#include "passes/lower/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// A constant buffer becomes one flat array of bytes that refers to the model's data: nested arrays
/// would cost an LLVM constant a row.
struct LowerGlobal : public ConvertOpToLLVMPattern<memref::GlobalOp> {
  LowerGlobal(const LLVMTypeConverter &converter, PatternBenefit benefit)
      : ConvertOpToLLVMPattern(converter, benefit) {}

  LogicalResult matchAndRewrite(memref::GlobalOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = op.getType();
    int64_t bytes = type.getNumElements() * edge::elementBytes(type.getElementType());
    auto bytesType = RankedTensorType::get({bytes}, rewriter.getI8Type());
    auto value = op.getInitialValue();
    if (!value || isa<UnitAttr>(*value))
      return failure();
    Attribute flat;
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(*value)) {
      flat = DenseResourceElementsAttr::get(bytesType, resource.getRawHandle());
    } else {
      FailureOr<edge::HostTensor> tensor = edge::HostTensor::fromAttr(*value);
      if (failed(tensor))
        return failure();
      flat = DenseElementsAttr::getFromRawBuffer(bytesType, tensor->bytes());
    }
    bool isNarrow =
        op->getParentOp()->hasAttr("edge.narrow_constants") && type.getElementTypeBitWidth() < 32;
    auto arrayType = LLVM::LLVMArrayType::get(rewriter.getI8Type(), bytes);
    auto global = rewriter.replaceOpWithNewOp<LLVM::GlobalOp>(
        op, arrayType, /*isConstant=*/true, LLVM::Linkage::Internal, op.getSymName(), flat,
        /*alignment=*/
        std::min<uint64_t>(64, std::max<uint64_t>(edge::elementBytes(type.getElementType()),
                                                  llvm::PowerOf2Ceil(bytes ? bytes : 1))));
    // Optimizers would widen it where a loop over it is unrolled: the constant would be as large as
    // what it came from.
    global.setExternallyInitialized(isNarrow);
    return success();
  }
};

/// memref.get_global of the above: the address is all there is to it, the type is the buffer's.
struct LowerGetGlobal : public ConvertOpToLLVMPattern<memref::GetGlobalOp> {
  LowerGetGlobal(const LLVMTypeConverter &converter, PatternBenefit benefit)
      : ConvertOpToLLVMPattern(converter, benefit) {}

  LogicalResult matchAndRewrite(memref::GetGlobalOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getType());
    Value address = LLVM::AddressOfOp::create(
        rewriter, op.getLoc(), LLVM::LLVMPointerType::get(op.getContext()), op.getName());
    Value descriptor = MemRefDescriptor::fromStaticShape(rewriter, op.getLoc(), *getTypeConverter(),
                                                         type, address);
    rewriter.replaceOp(op, descriptor);
    return success();
  }
};

/// Rounding to even through `rint`, which C libraries have had since C99; `roundeven` is C23's. The
/// rounding mode is that of the caller: to nearest, halves to even, where nobody has changed it.
struct LowerRoundEven : public ConvertOpToLLVMPattern<math::RoundEvenOp> {
  LowerRoundEven(const LLVMTypeConverter &converter, PatternBenefit benefit)
      : ConvertOpToLLVMPattern(converter, benefit) {}

  LogicalResult matchAndRewrite(math::RoundEvenOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::RintOp>(op, adaptor.getOperand().getType(),
                                              adaptor.getOperand());
    return success();
  }
};

/// Whether LLVM has instructions for what would otherwise be calls of C23's functions.
bool hasC23Instructions(ModuleOp module) {
  auto target = module->getAttrOfType<edge::TargetAttr>("edge.target");
  return !target || target.getTriple().starts_with("x86_64") ||
         target.getTriple().starts_with("aarch64");
}

/// Arithmetic on bf16 is done in f32, and rounded after each op: LLVM would do the same, but round
/// with a function of its compiler's library that others lack.
LogicalResult emulateBFloat16(ModuleOp module) {
  MLIRContext *context = module.getContext();
  TypeConverter types;
  arith::populateEmulateUnsupportedFloatsConversions(types, BFloat16Type::get(context),
                                                     Float32Type::get(context));
  RewritePatternSet patterns(context);
  arith::populateEmulateUnsupportedFloatsPatterns(patterns, types);
  ConversionTarget target(*context);
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  arith::populateEmulateUnsupportedFloatsLegality(target, types);
  return applyPartialConversion(module, target, std::move(patterns));
}

/// The model's function returns a status: 0, or what a requirement that doesn't hold gives.
void returnStatus(func::FuncOp function) {
  constexpr int32_t kErrorShape = -3; // EDGEC_ERROR_SHAPE
  OpBuilder builder(function.getContext());
  Type status = builder.getI32Type();
  auto returnOf = [&](OpBuilder &builder, Location loc, int32_t value) {
    Value constant = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
    func::ReturnOp::create(builder, loc, constant);
  };
  auto last = cast<func::ReturnOp>(function.getBody().back().getTerminator());
  builder.setInsertionPoint(last);
  returnOf(builder, last.getLoc(), 0);
  last.erase();
  SmallVector<kernel::RequireOp> requirements(function.getOps<kernel::RequireOp>());
  if (!requirements.empty()) {
    Block *fail = &function.getBody().emplaceBlock();
    builder.setInsertionPointToStart(fail);
    returnOf(builder, function.getLoc(), kErrorShape);
    for (kernel::RequireOp op : requirements) {
      Block *block = op->getBlock(), *next = block->splitBlock(op);
      builder.setInsertionPointToEnd(block);
      cf::CondBranchOp::create(builder, op.getLoc(), op.getCondition(), next, fail);
      op.erase();
    }
  }
  function.setType(builder.getFunctionType(function.getArgumentTypes(), status));
}

struct ConvertToLLVM : public edgec::impl::ConvertToLLVMBase<ConvertToLLVM> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    if (auto target = module->getAttrOfType<edge::TargetAttr>("edge.target"))
      options.overrideIndexBitwidth(target.getIndexBits());

    for (auto function : module.getOps<func::FuncOp>())
      for (StringRef name : {"edge.parallel", "edge.work"})
        function->removeAttr(name);
    // Names and kinds have served: what is left is for LLVM.
    for (auto function : module.getOps<func::FuncOp>())
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        for (StringRef name : {"edge.name", "edge.kind"})
          function.removeArgAttr(i, name);

    // A buffer without elements has no strides that a bare pointer could have, and nobody reads it.
    for (auto function : module.getOps<func::FuncOp>()) {
      for (BlockArgument argument : function.getArguments())
        if (auto type = dyn_cast<MemRefType>(argument.getType());
            type && type.getNumElements() == 0 && argument.use_empty())
          argument.setType(MemRefType::get({1}, type.getElementType()));
      function.setType(FunctionType::get(context, function.getBody().getArgumentTypes(),
                                         function.getResultTypes()));
    }

    if (failed(emulateBFloat16(module)))
      return signalPassFailure();
    { // Views with strides first: their address arithmetic is affine.
      RewritePatternSet patterns(context);
      memref::populateFoldMemRefAliasOpPatterns(patterns);
      memref::populateExpandStridedMetadataPatterns(patterns);
      affine::populateAffineExpandIndexOpsPatterns(patterns);
      arith::populateCeilFloorDivExpandOpsPatterns(patterns);
      arith::populateExpandBFloat16Patterns(patterns);
      // Where no instruction propagates NaN, LLVM would call C23's fmaximumf, which most C
      // libraries lack: compare and select instead.
      if (!hasC23Instructions(module))
        arith::populateArithExpandOpsPatterns(patterns);
      if (failed(applyPatternsGreedily(module, std::move(patterns))))
        return signalPassFailure();
    }
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isPrivate())
        returnStatus(function);
    LLVMTypeConverter types(context, options);
    RewritePatternSet patterns(context);
    populateAffineToStdConversionPatterns(patterns);
    populateSCFToControlFlowConversionPatterns(patterns);
    cf::populateControlFlowToLLVMConversionPatterns(types, patterns);
    // Where LLVM has an intrinsic, it knows better than MLIR whether an instruction does it. Its
    // log(1 + x) for log1p(x) would be wrong near zero.
    populateMathToLLVMConversionPatterns(types, patterns, /*approximateLog1p=*/false,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(types, patterns);
    index::populateIndexToLLVMConversionPatterns(types, patterns);
    populateVectorToLLVMConversionPatterns(types, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(types, patterns);
    ub::populateUBToLLVMConversionPatterns(types, patterns);
    populateFuncToLLVMConversionPatterns(types, patterns);
    patterns.add<LowerGlobal, LowerGetGlobal>(types, /*benefit=*/10);
    if (!hasC23Instructions(module))
      patterns.add<LowerRoundEven>(types, /*benefit=*/10);

    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      return signalPassFailure();
  }
};

} // namespace
