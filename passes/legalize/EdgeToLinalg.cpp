#include "dialects/Edge/Lowering.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "passes/legalize/Passes.h"

namespace edgec {
#define GEN_PASS_DEF_EDGETOLINALG
#include "passes/legalize/Passes.h.inc"
} // namespace edgec

using namespace mlir;
using namespace edgec;

namespace {

/// Asks the op itself, whatever it is.
struct LowerOp : public OpInterfaceConversionPattern<edge::LowerableOpInterface> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;
  LogicalResult matchAndRewrite(edge::LowerableOpInterface op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> values = op.lower(rewriter, operands);
    if (failed(values))
      return failure();
    rewriter.replaceOp(op, *values);
    return success();
  }
};

struct EdgeToLinalg : public edgec::impl::EdgeToLinalgBase<EdgeToLinalg> {
  /// The caller's view of the model is that of the model's own types: written down before they
  /// change.
  void recordInterface(func::FuncOp function) {
    Builder builder(&getContext());
    auto record = [&](StringRef attribute, TypeRange types, auto attrOf, StringRef kind) {
      SmallVector<Attribute> rows;
      for (auto [i, type] : llvm::enumerate(types)) {
        if (attrOf(i, "edge.state")) // a state is nobody's business but the model's
          continue;
        Attribute name = attrOf(i, "edge.name");
        SmallVector<NamedAttribute> row{
            builder.getNamedAttr("name",
                                 name ? name : builder.getStringAttr(kind + std::to_string(i))),
            builder.getNamedAttr("type", TypeAttr::get(type))};
        if (Attribute quantized = attrOf(i, "edge.quantized"))
          row.push_back(builder.getNamedAttr("quantized", quantized));
        rows.push_back(builder.getDictionaryAttr(row));
      }
      getOperation()->setAttr(attribute, builder.getArrayAttr(rows));
    };
    auto argument = [&](size_t i, StringRef key) { return function.getArgAttr(i, key); };
    auto result = [&](size_t i, StringRef key) { return function.getResultAttr(i, key); };
    record("edge.inputs", function.getArgumentTypes(), argument, "input");
    record("edge.outputs", function.getResultTypes(), result, "output");
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      function.removeArgAttr(i, "edge.quantized");
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      function.removeResultAttr(i, builder.getStringAttr("edge.quantized"));
  }

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isPrivate())
        recordInterface(function);
    TypeConverter types;
    types.addConversion([](Type type) { return type; });
    types.addConversion([](RankedTensorType type) -> Type { return edge::storageType(type); });
    auto cast = [](OpBuilder &builder, Type type, ValueRange inputs, Location loc) -> Value {
      return UnrealizedConversionCastOp::create(builder, loc, type, inputs).getResult(0);
    };
    types.addSourceMaterialization(cast);
    types.addTargetMaterialization(cast);

    RewritePatternSet patterns(context);
    patterns.add<LowerOp>(types, context);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, types);
    populateReturnOpTypeConversionPattern(patterns, types);
    ConversionTarget target(*context);
    scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns, target);
    target.addIllegalDialect<edge::EdgeDialect>();
    target.addDynamicallyLegalOp<func::FuncOp>(
        [&](func::FuncOp op) { return types.isSignatureLegal(op.getFunctionType()); });
    target.addDynamicallyLegalOp<func::ReturnOp>([&](Operation *op) { return types.isLegal(op); });
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
