#include "frontends/torch/Weights.h"
#include "dialects/Edge/HostTensor.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/OpContext.h"
#include "frontends/torch/Types.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace edgec::torch {

const Payload *Weights::find(StringRef name, Location loc) const {
  const Program &program = *loaded.program;
  // Buffers that aren't persistent lie with the constants.
  for (const auto *table : {&program.weights, &program.constants})
    if (auto it = table->find(name.str()); it != table->end()) {
      if (!it->second.pickled)
        return &it->second;
      auto diagnostic = emitError(loc)
                        << "weight '" << name << "' is saved as a pickled tensor subclass";
      diagnostic.attachNote() << "edgec runs no pickled code; call "
                                 "torchao.utils.unwrap_tensor_subclass(model) before torch.export";
      return nullptr;
    }
  auto diagnostic = emitError(loc) << "weight '" << name << "' is missing in the archive";
  diagnostic.attachNote() << "save the program again with torch.export.save";
  return nullptr;
}

FailureOr<RankedTensorType> Weights::typeOf(const Payload &payload, StringRef name, Location loc) {
  const TensorMeta &meta = payload.meta;
  Type element = convertElementType(meta.dtype, loc.getContext()),
       part = complexPart(meta.dtype, loc.getContext());
  if (!element && !part)
    return emitError(loc) << "weight '" << name << "' has element type " << nameOfType(meta.dtype)
                          << ", which is not supported";
  if (!meta.strided)
    return emitError(loc) << "weight '" << name
                          << "' is sparse, which is not supported; export a dense one";
  SmallVector<int64_t> shape;
  for (const Number &size : meta.sizes) {
    if (size.kind != Number::Kind::integer)
      return emitError(loc) << "weight '" << name << "' has an extent that is not a number";
    shape.push_back(size.integer);
  }
  if (part)
    shape.push_back(2);
  if (failed(edge::checkShape(loc, ("weight '" + name + "'").str(), shape)))
    return failure();
  return RankedTensorType::get(shape, part ? part : element);
}

FailureOr<ElementsAttr> Weights::read(const Payload &payload, StringRef name, Location loc) {
  FailureOr<RankedTensorType> type = typeOf(payload, name, loc);
  if (failed(type))
    return failure();
  const TensorMeta &meta = payload.meta;
  // The parts of a complex number lie side by side.
  int64_t parts = complexPart(meta.dtype, loc.getContext()) ? 2 : 1;
  uint64_t width = bytesOfType(meta.dtype) / parts, count = type->getNumElements();
  // The farthest element that the strides reach.
  bool sound = meta.offset.kind == Number::Kind::integer && meta.offset.integer >= 0;
  SmallVector<int64_t> strides;
  uint64_t last = sound ? static_cast<uint64_t>(meta.offset.integer) : 0;
  constexpr uint64_t kLimit = uint64_t(1) << 40;
  for (auto [extent, stride] :
       llvm::zip_equal(type->getShape().drop_back(parts - 1), meta.strides)) {
    sound &= stride.kind == Number::Kind::integer && stride.integer >= 0 &&
             static_cast<uint64_t>(stride.integer) < kLimit && last < kLimit;
    strides.push_back(sound ? stride.integer * parts : 0);
    if (sound && extent > 1)
      sound &=
          !__builtin_add_overflow(last, static_cast<uint64_t>(extent - 1) * stride.integer, &last);
  }
  if (parts == 2)
    strides.push_back(1);
  if (!sound || last >= kLimit)
    return emitError(loc) << "weight '" << name << "' has impossible strides or a wrong offset";
  if (count == 0)
    return edge::HostTensor(*type).toAttr();

  Bytes &file = files[payload.file];
  if (!file) {
    FailureOr<Bytes> bytes = loaded.archive->read(payload.file, loc);
    if (failed(bytes))
      return failure();
    file = *bytes;
  }
  if (file->size() < (last + 1) * parts * width)
    return emitError(loc) << "weight '" << name << "' needs " << (last + 1) * parts * width
                          << " bytes of '" << payload.file << "', which has " << file->size();
  const char *start = file->data() + meta.offset.integer * parts * width;
  SmallVector<int64_t> dense = edge::rowMajorStrides(type->getShape());
  bool isDense = true;
  for (auto [extent, stride, expected] : llvm::zip_equal(type->getShape(), strides, dense))
    isDense &= extent == 1 || stride == expected;
  if (isDense)
    return makeWeights(*type, ArrayRef<char>(start, count * width), file);
  // Strides of zero make as many elements as one likes of one.
  constexpr uint64_t kMostBytes = uint64_t(1) << 31;
  if (count > kMostBytes / width)
    return emitError(loc) << "weight '" << name << "' is a view that would be " << *type;
  edge::HostTensor tensor(*type);
  edge::forEachIndex(type->getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    int64_t at = 0;
    for (auto [i, stride] : llvm::zip_equal(index, strides))
      at += i * stride;
    std::memcpy(tensor.mutableBytes() + flat * width, start + at * width, width);
  });
  return tensor.toAttr();
}

} // namespace edgec::torch
