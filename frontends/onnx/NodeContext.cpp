#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Tensors.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

const onnx::AttributeProto *NodeContext::attribute(StringRef name) const {
  for (const auto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

int64_t NodeContext::intAttr(StringRef name, int64_t missing) const {
  const auto *attr = attribute(name);
  return attr ? attr->i() : missing;
}

double NodeContext::floatAttr(StringRef name, double missing) const {
  const auto *attr = attribute(name);
  return attr ? attr->f() : missing;
}

std::string NodeContext::stringAttr(StringRef name, StringRef missing) const {
  const auto *attr = attribute(name);
  return attr ? attr->s() : missing.str();
}

SmallVector<int64_t> NodeContext::intsAttr(StringRef name, ArrayRef<int64_t> missing) const {
  if (const auto *attr = attribute(name))
    return SmallVector<int64_t>(attr->ints().begin(), attr->ints().end());
  return SmallVector<int64_t>(missing);
}

SmallVector<double> NodeContext::floatsAttr(StringRef name) const {
  if (const auto *attr = attribute(name))
    return SmallVector<double>(attr->floats().begin(), attr->floats().end());
  return {};
}

SmallVector<std::string> NodeContext::stringsAttr(StringRef name) const {
  if (const auto *attr = attribute(name))
    return SmallVector<std::string>(attr->strings().begin(), attr->strings().end());
  return {};
}

FailureOr<SmallVector<int64_t>> NodeContext::intsInputOrAttr(unsigned index, StringRef name,
                                                             ArrayRef<int64_t> missing) const {
  if (input(index))
    return constantInts(index, name);
  return intsAttr(name, missing);
}
