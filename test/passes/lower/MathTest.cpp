//===- MathTest.cpp - Every function against libm in double ---------------===//
//
// Compiles a loop over each function as the compiler does, for this machine and, on x86-64, for one
// without a fused multiply-add, and compares it with libm's in double over all exponents. The
// bounds are those of docs/math.md. EDGEC_MATH_STRIDE=1 tries every float (minutes), the default
// one in 4099; EDGEC_MATH_PRINT=1 prints what was measured.

#include "compiler/Compiler.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/lower/Passes.h"
#include "targets/Target.h"
#include "targets/emit/Object.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

using namespace edgec;

namespace {

constexpr int kBlock = 4096;
constexpr float kInfinity = INFINITY;

struct Function {
  std::string name;
  std::string body; ///< computes %r from %x and %y
  double (*reference)(double, double);
  double most = INFINITY; ///< |x| up to which the bound holds
};

#define UNARY(name)                                                                                \
  #name, "%r = math." #name " %x : f32", [](double x, double) { return std::name(x); }

const std::vector<Function> &functions() {
  static const std::vector<Function> table = {
      {UNARY(exp)},
      {UNARY(exp2)},
      {UNARY(expm1)},
      {UNARY(log)},
      {UNARY(log2)},
      {UNARY(log10)},
      {UNARY(log1p)},
      {UNARY(sin), 0x1p20},
      {UNARY(cos), 0x1p20},
      {UNARY(tan), 0x1p20},
      {UNARY(asin)},
      {UNARY(acos)},
      {UNARY(atan)},
      {UNARY(sinh)},
      {UNARY(cosh)},
      {UNARY(tanh)},
      {UNARY(asinh)},
      {UNARY(acosh)},
      {UNARY(atanh)},
      {UNARY(erf)},
      {"sigmoid",
       "%n = arith.negf %x : f32\n %e = math.exp %n : f32\n %one = arith.constant 1.0 : f32\n"
       "%s = arith.addf %one, %e : f32\n %r = arith.divf %one, %s : f32",
       [](double x, double) { return 1 / (1 + std::exp(-x)); }},
      {UNARY(floor)},
      {UNARY(ceil)},
      {"roundeven", "%r = math.roundeven %x : f32",
       [](double x, double) { return std::nearbyint(x); }},
      {"atan2", "%r = math.atan2 %x, %y : f32",
       [](double x, double y) { return std::atan2(x, y); }},
      {"pow", "%r = math.powf %x, %y : f32", [](double x, double y) { return std::pow(x, y); }},
  };
  return table;
}

bool isBinary(const Function &function) { return function.body.find("%y") != std::string::npos; }

using Compiled = int (*)(const float *, const float *, float *);

/// The functions as loops over blocks, compiled for one device.
class Library {
public:
  explicit Library(const std::string &device) {
    auto resolved = resolveTarget(device);
    REQUIRE(static_cast<bool>(resolved));
    std::unique_ptr<mlir::MLIRContext> context = createContext();
    mlir::registerBuiltinDialectTranslation(*context);
    mlir::registerLLVMDialectTranslation(*context);
    std::string text;
    for (const Function &function : functions())
      text += "func.func @f_" + function.name + R"((%xs: memref<4096xf32> {llvm.noalias},
                 %ys: memref<4096xf32> {llvm.noalias}, %rs: memref<4096xf32> {llvm.noalias}) {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %end = arith.constant 4096 : index
          scf.for %i = %c0 to %end step %c1 {
            %x = memref.load %xs[%i] : memref<4096xf32>
            %y = memref.load %ys[%i] : memref<4096xf32>
            )" +
              function.body +
              R"(
            memref.store %r, %rs[%i] : memref<4096xf32>
          }
          return
        }
        )";
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
    REQUIRE(module);
    edge::TargetAttr target = resolved->target->describe(resolved->entry, context.get());
    fused = target.getFusedMultiplyAdd();
    (*module)->setAttr("edge.target", target);
    mlir::PassManager passes(context.get());
    passes.addPass(createApproximateMath());
    passes.addPass(createConvertToLLVM());
    REQUIRE(llvm::succeeded(passes.run(*module)));

    auto machine = createTargetMachine(target);
    REQUIRE(static_cast<bool>(machine));
    llvm::LLVMContext llvmContext;
    auto llvmModule = mlir::translateModuleToLLVMIR(*module, llvmContext);
    REQUIRE(llvmModule);
    llvmModule->setTargetTriple((*machine)->getTargetTriple());
    llvmModule->setDataLayout((*machine)->createDataLayout());
    for (llvm::Function &function : *llvmModule) {
      function.addFnAttr("target-cpu", (*machine)->getTargetCPU());
      function.addFnAttr("target-features", (*machine)->getTargetFeatureString());
      // The rest is intrinsics: nothing calls libm.
      INFO(function.getName().str());
      CHECK((!function.isDeclaration() || function.isIntrinsic()));
    }
    optimize(*llvmModule, **machine);
    llvm::SmallVector<char, 0> object;
    {
      llvm::raw_svector_ostream stream(object);
      llvm::legacy::PassManager emission;
      (*machine)->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile);
      emission.run(*llvmModule);
    }
    auto created = llvm::orc::LLJITBuilder().create();
    REQUIRE(static_cast<bool>(created));
    jit = std::move(*created);
    llvm::cantFail(jit->addObjectFile(
        std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(object), "math.o", false)));
  }

  Compiled find(const std::string &name) {
    return llvm::cantFail(jit->lookup("f_" + name)).toPtr<Compiled>();
  }
  bool fused = false;

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// The distance from what it should be, in units of that number's last place.
double ulps(float got, double want) {
  auto rounded = static_cast<float>(want);
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) == std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(want) || (rounded == 0 && got == 0))
    return got == rounded && std::signbit(got) == std::signbit(rounded) ? 0 : INFINITY;
  if (std::isinf(got) && got == rounded)
    return 0;
  double place = std::ldexp(1.0, std::max(want == 0 ? -126 : std::ilogb(want), -126) - 23);
  double value = std::isinf(got) ? std::copysign(0x1p128, got) : static_cast<double>(got);
  return std::fabs(value - want) / place;
}

struct Worst {
  double ulps = 0;
  float x = 0, y = 0, got = 0;
  double want = 0;
};

void compare(const Function &function, const float *x, const float *y, const float *got,
             const double *want, Worst &worst) {
  for (int i = 0; i < kBlock; ++i) {
    if (std::fabs(x[i]) > function.most) { // a number, and no larger than the function gets
      bool fine =
          std::isinf(x[i]) ? std::isnan(got[i]) : function.name == "tan" || std::fabs(got[i]) <= 1;
      if (std::isnan(x[i]) || fine)
        continue;
    }
    // What is never beyond one must not be so by a rounding.
    if ((function.name == "tanh" || function.name == "erf" || function.name == "sigmoid") &&
        std::fabs(got[i]) > 1)
      worst = {INFINITY, x[i], y[i], got[i], want[i]};
    // The one result that may be flushed.
    if (function.name == "sigmoid" && want[i] < 0x1p-126 && got[i] >= 0 && got[i] < 0x1p-126f)
      continue;
    double distance = ulps(got[i], want[i]);
    if (!(distance <= worst.ulps))
      worst = {distance, x[i], y[i], got[i], want[i]};
  }
}

/// Calls `use` with blocks of arguments: all floats in strides, or pairs of them.
template <typename Use> void forBlocks(const Function &function, Use use) {
  std::vector<float> x(kBlock), y(kBlock);
  const char *given = std::getenv("EDGEC_MATH_STRIDE");
  uint64_t stride = given ? std::strtoull(given, nullptr, 10) : 4099;
  if (!isBinary(function)) {
    for (uint64_t bits = 0; bits < (uint64_t(1) << 32);) {
      for (float &value : x) {
        value = fromBits(static_cast<uint32_t>(std::min<uint64_t>(bits, 0xffffffff)));
        bits += stride;
      }
      use(x.data(), y.data());
    }
  }
  // Numbers at which something happens.
  std::vector<float> special = {0, 1, 0x1p-149f, 0x1p-126f, 0x1.fffffep127f, kInfinity, NAN};
  for (float number :
       {0.5f,       2.0f,        3.0f,        4.0f,      5.0f,    0.25f,   88.0f,
        89.0f,      104.0f,      127.0f,      128.0f,    149.0f,  150.0f,  0x1p22f,
        0x1p23f,    0x1p24f,     16777215.0f, 0x1p25f,   0x1p31f, 0x1p64f, 1.5707964f,
        3.1415927f, 0.33333334f, 0.6666667f,  1.3333334f})
    for (float near : {std::nextafterf(number, 0), number, std::nextafterf(number, kInfinity)})
      special.push_back(near);
  for (size_t i = 0, count = special.size(); i < count; ++i)
    special.push_back(-special[i]);
  size_t total = isBinary(function) ? special.size() * special.size() : special.size();
  for (size_t at = 0; at < total;) {
    for (int i = 0; i < kBlock; ++i, at = std::min(at + 1, total)) {
      size_t pair = std::min(at, total - 1);
      x[i] = special[pair % special.size()];
      y[i] = special[pair / special.size()];
    }
    use(x.data(), y.data());
  }
  if (!isBinary(function))
    return;
  std::mt19937 random(1);
  uint64_t blocks = (uint64_t(1) << 32) / stride / kBlock;
  for (uint64_t block = 0; block < blocks; ++block) {
    for (int i = 0; i < kBlock; ++i) {
      x[i] = fromBits(static_cast<uint32_t>(random()));
      y[i] = fromBits(static_cast<uint32_t>(random()));
      // Most pairs of all floats give zero or infinity: these don't.
      if (function.name == "pow" && i % 8) {
        if (i % 2) // bases near one, whose logarithms need all their places
          x[i] = 1 + std::ldexp(static_cast<float>(random() * 0x1p-32),
                                -static_cast<int>(random() % 22));
        float power = 160 * (static_cast<float>(random() * 0x1p-31) - 1);
        y[i] = power / std::log2(std::fabs(x[i]));
        if (i % 16 == 14)
          y[i] = std::nearbyintf(y[i]);
      } else if (function.name == "atan2" && i % 8) {
        y[i] = x[i] * std::ldexp(static_cast<float>(random() * 0x1p-31) - 1,
                                 static_cast<int>(random() % 48) - 24);
      }
    }
    use(x.data(), y.data());
  }
}

struct Bounds {
  double fused, separate;
};

/// The table of docs/math.md: `| function | with a fused multiply-add | without |`.
std::map<std::string, Bounds> readBounds() {
  std::map<std::string, Bounds> bounds;
  std::ifstream page(EDGEC_SOURCE_DIR "/docs/math.md");
  for (std::string line; std::getline(page, line);) {
    std::istringstream words(line);
    std::string bar, name, bar2, bar3;
    double fused, separate;
    if (words >> bar >> name >> bar2 >> fused >> bar3 >> separate && bar == "|" &&
        name.front() == '`')
      bounds[name.substr(1, name.size() - 2)] = {fused, separate};
  }
  return bounds;
}

} // namespace

TEST_CASE("math functions are within the bounds that docs/math.md gives") {
  std::vector<std::unique_ptr<Library>> libraries;
  libraries.push_back(std::make_unique<Library>("host"));
#if defined(__x86_64__)
  libraries.push_back(std::make_unique<Library>("x86-64"));
#endif
  std::map<std::string, Bounds> bounds = readBounds();
  CHECK(bounds.size() == functions().size());
  bool print = std::getenv("EDGEC_MATH_PRINT");
  const char *only = std::getenv("EDGEC_MATH_ONLY");
  std::vector<double> want(kBlock);
  std::vector<float> got(kBlock);
  for (const Function &function : functions()) {
    if (only && function.name != only)
      continue;
    std::vector<Worst> worst(libraries.size());
    forBlocks(function, [&](const float *x, const float *y) {
      for (int i = 0; i < kBlock; ++i)
        want[i] = function.reference(x[i], y[i]);
      for (auto [library, worst] : llvm::zip_equal(libraries, worst)) {
        library->find(function.name)(x, y, got.data());
        compare(function, x, y, got.data(), want.data(), worst);
      }
    });
    for (auto [library, worst] : llvm::zip_equal(libraries, worst)) {
      Bounds bound = bounds.count(function.name) ? bounds[function.name] : Bounds{0, 0};
      if (print)
        std::printf("%-8s %-8s %5.2f at (%a, %a): %a, not %a\n", function.name.c_str(),
                    library->fused ? "fused" : "separate", worst.ulps, worst.x, worst.y, worst.got,
                    worst.want);
      INFO(function.name << "(" << worst.x << ", " << worst.y << ") = " << worst.got << ", not "
                         << worst.want);
      CHECK(worst.ulps <= (library->fused ? bound.fused : bound.separate));
    }
  }
}
