// Overloads that have no row for a reason.
#include "frontends/torch/Importer.h"

using namespace llvm;

namespace edgec::torch {

namespace {

constexpr StringLiteral kShape =
    "the shape of its result depends on the data; use torch.where or a mask, "
    "or a size that is known";
constexpr StringLiteral kRandom =
    "its result differs from call to call; make the random numbers an input of the model";
constexpr StringLiteral kSubclass =
    "a weight is a tensor subclass; call torchao.utils.unwrap_tensor_subclass(model) before "
    "torch.export";
constexpr StringLiteral kFloat8 =
    "floats of 8 bits are not supported; quantize to int8 or int4 instead";
constexpr StringLiteral kTraining = "it is of training; call model.eval() before torch.export";

struct Refusal {
  StringLiteral name, reason;
};

const Refusal kRefusals[] = {
    {"aten::nonzero", kShape},
    {"aten::nonzero_numpy", kShape},
    {"aten::masked_select", kShape},
    {"aten::unique_dim", kShape},
    {"aten::_unique2", kShape},
    {"aten::bincount", kShape},
    {"aten::repeat_interleave.Tensor", kShape},
    {"aten::repeat_interleave.self_Tensor", kShape},
    {"torchvision::nms", kShape},
    {"aten::_native_batch_norm_legit_functional", kTraining},
    {"aten::_native_batch_norm_legit", kTraining},
    {"aten::native_dropout", kTraining},
    {"aten::rrelu_with_noise", kTraining},
    {"aten::rand", kRandom},
    {"aten::randn", kRandom},
    {"aten::randint", kRandom},
    {"aten::rand_like", kRandom},
    {"aten::randn_like", kRandom},
    {"aten::bernoulli", kRandom},
    {"aten::multinomial", kRandom},
    {"aten::normal_", kRandom},
    {"aten::uniform_", kRandom},
    {"export::access_subclass_inner_tensor", kSubclass},
    {"torchao::choose_scale_float8", kFloat8},
    {"torchao::quantize_affine_float8_non_decomposed", kFloat8},
    {"torchao::dequantize_affine_float8_non_decomposed", kFloat8},
    {"aten::exponential", kRandom},
    {"aten::exponential_", kRandom},
    {"aten::normal.Tensor_float", kRandom},
    {"aten::normal.Tensor_Tensor", kRandom},
    {"aten::uniform", kRandom},
    {"aten::bernoulli.p", kRandom},
    {"aten::bernoulli_.float", kRandom},
};

} // namespace

StringRef getRefusal(StringRef name) {
  for (const Refusal &refusal : kRefusals)
    if (refusal.name == name)
      return refusal.reason;
  return {};
}

std::vector<StringRef> refusedNames() {
  std::vector<StringRef> names;
  for (const Refusal &refusal : kRefusals)
    names.push_back(refusal.name);
  return names;
}

} // namespace edgec::torch
