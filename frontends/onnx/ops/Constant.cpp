// Constants, and operators whose result follows from shapes and constants alone.
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Tensors.h"
#include "frontends/onnx/ops/Row.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

/// Constants up to this many elements are written out: they fold with what reads them.
static constexpr int64_t kWrittenElements = 1 << 14;
/// What an operator may generate at compile time.
static constexpr int64_t kMostElements = 1 << 28;

Value edgec::onnx_frontend::createUniform(const NodeContext &ctx, const edge::HostTensor &element,
                                          ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, element.getElementType());
  if (type.getNumElements() > kWrittenElements) {
    Value one =
        ctx.constantTensor(element.reshaped(RankedTensorType::get({}, element.getElementType())));
    return ctx.create<edge::BroadcastOp>(one, shape);
  }
  edge::HostTensor tensor(type);
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    std::memcpy(tensor.mutableBytes() + i * element.elementBytes(), element.bytes().data(),
                element.elementBytes());
  return ctx.constantTensor(tensor);
}

FailureOr<Type> edgec::onnx_frontend::elementTypeAttr(const NodeContext &ctx, StringRef name,
                                                      Type missing) {
  if (!ctx.has(name))
    return missing;
  int64_t code = ctx.intAttr(name, 0);
  Type type = code == static_cast<int32_t>(code)
                  ? convertElementType(static_cast<int32_t>(code), ctx.b.getContext())
                  : Type();
  if (!type)
    return ctx.error("element type ")
           << dataTypeName(static_cast<int32_t>(code)) << " is not supported";
  return type;
}

namespace {

FailureOr<ElementsAttr> readAttribute(NodeContext &ctx, const onnx::TensorProto &tensor) {
  return readTensor(tensor, ctx.getImporter().getOwner(), ctx.getImporter().getModel().directory,
                    ctx.loc);
}

FailureOr<Results> importConstant(NodeContext &ctx) {
  if (const auto *value = ctx.attribute("value")) {
    FailureOr<ElementsAttr> attr = readAttribute(ctx, value->t());
    if (failed(attr))
      return failure();
    return one(edge::ConstantOp::create(ctx.b, ctx.loc, *attr));
  }
  auto floats = [&](ArrayRef<double> values, ArrayRef<int64_t> shape) {
    edge::HostTensor tensor(RankedTensorType::get(shape, ctx.b.getF32Type()));
    for (auto [i, value] : llvm::enumerate(values))
      tensor.setFloat(i, value);
    return one(ctx.constantTensor(tensor));
  };
  if (ctx.has("value_float"))
    return floats(ctx.floatAttr("value_float", 0), {});
  if (ctx.has("value_floats")) {
    SmallVector<double> values = ctx.floatsAttr("value_floats");
    return floats(values, static_cast<int64_t>(values.size()));
  }
  if (ctx.has("value_int")) {
    edge::HostTensor tensor(RankedTensorType::get({}, ctx.b.getI64Type()));
    tensor.setInt(0, ctx.intAttr("value_int", 0));
    return one(ctx.constantTensor(tensor));
  }
  if (ctx.has("value_ints"))
    return one(ctx.constantInts(ctx.intsAttr("value_ints")));
  if (ctx.has("value_string") || ctx.has("value_strings"))
    return ctx.error("is a constant of strings, which are not supported");
  if (ctx.has("sparse_value"))
    return ctx.error("is a sparse constant, which is not supported; export a dense one");
  return ctx.error("has no value");
}

FailureOr<Results> importConstantOfShape(NodeContext &ctx) {
  auto shape = ctx.constantInts(0, "the shape");
  if (failed(shape) || failed(checkShape(ctx, *shape)))
    return failure();
  edge::HostTensor element(RankedTensorType::get({}, ctx.b.getF32Type()));
  if (const auto *value = ctx.attribute("value")) {
    FailureOr<ElementsAttr> attr = readAttribute(ctx, value->t());
    if (failed(attr))
      return failure();
    FailureOr<edge::HostTensor> tensor = edge::HostTensor::fromAttr(*attr);
    if (failed(tensor) || tensor->getNumElements() != 1)
      return ctx.error("'value' must be a tensor of one element");
    element = *tensor;
  }
  return one(createUniform(ctx, element, *shape));
}

FailureOr<Results> importRange(NodeContext &ctx) {
  auto start = ctx.constant(0, "the start of a range"),
       limit = ctx.constant(1, "the limit of a range"),
       delta = ctx.constant(2, "the step of a range");
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  for (const edge::HostTensor *tensor : {&*start, &*limit, &*delta})
    if (tensor->getNumElements() != 1 || tensor->getElementType() != start->getElementType())
      return ctx.error("expects three scalars of one type");
  double count = delta->isFloat()
                     ? std::ceil((limit->getFloat(0) - start->getFloat(0)) / delta->getFloat(0))
                     : 0;
  if (!delta->isFloat()) {
    // Differences as unsigned numbers can't overflow.
    int64_t from = start->getInt(0), to = limit->getInt(0), step = delta->getInt(0);
    uint64_t span = step > 0 ? static_cast<uint64_t>(to) - static_cast<uint64_t>(from)
                             : static_cast<uint64_t>(from) - static_cast<uint64_t>(to);
    uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
    bool isEmpty = step > 0 ? to <= from : from <= to;
    if (stride == 0)
      return ctx.error("has a step of zero");
    count = isEmpty ? 0 : static_cast<double>((span - 1) / stride + 1);
  }
  if (!(count <= static_cast<double>(kMostElements)))
    return ctx.error("would have ") << count << " elements";
  int64_t elements = std::max<int64_t>(static_cast<int64_t>(count), 0);
  edge::HostTensor range(RankedTensorType::get(elements, start->getElementType()));
  for (int64_t i = 0; i < elements; ++i) {
    if (range.isFloat())
      range.setFloat(i, start->getFloat(0) + static_cast<double>(i) * delta->getFloat(0));
    else
      range.setInt(i, start->getInt(0) + i * delta->getInt(0));
  }
  return one(ctx.constantTensor(range));
}

FailureOr<Results> importEyeLike(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto element = elementTypeAttr(ctx, "dtype", x.getElementType());
  if (failed(element))
    return failure();
  if (x.getRank() != 2 || x.getNumElements() > kMostElements)
    return ctx.error("expects an input of rank 2, but got ") << x;
  edge::HostTensor eye(RankedTensorType::get(x.getShape(), *element));
  int64_t k = std::clamp<int64_t>(ctx.intAttr("k", 0), -x.getDimSize(0), x.getDimSize(1));
  for (int64_t row = 0; row < x.getDimSize(0); ++row)
    if (row + k >= 0 && row + k < x.getDimSize(1))
      eye.setInt(row * x.getDimSize(1) + row + k, 1);
  return one(ctx.constantTensor(eye));
}

FailureOr<Results> importTrilu(NodeContext &ctx) {
  auto x = ctx.type(0);
  int64_t rank = x.getRank(), k = 0;
  if (rank < 2)
    return ctx.error("expects an input of rank 2 or more, but got rank ") << rank;
  if (ctx.input(1)) {
    auto diagonal = ctx.constantInts(1, "the diagonal");
    if (failed(diagonal) || diagonal->size() != 1)
      return failed(diagonal) ? FailureOr<Results>(failure()) : ctx.error("expects one diagonal");
    k = diagonal->front();
  }
  bool upper = ctx.intAttr("upper", 1);
  // Two short ramps that are compared where they are read: no mask in memory.
  int64_t rows = x.getDimSize(rank - 2), columns = x.getDimSize(rank - 1);
  if (rows > INT32_MAX / 2 || columns > INT32_MAX / 2)
    return ctx.error("has an input too large for it, ") << x;
  k = std::clamp<int64_t>(k, -rows, columns);
  edge::HostTensor row(RankedTensorType::get({rows, 1}, ctx.b.getI32Type()));
  edge::HostTensor column(RankedTensorType::get(columns, ctx.b.getI32Type()));
  for (int64_t i = 0; i < rows; ++i)
    row.setInt(i, i + k);
  for (int64_t i = 0; i < columns; ++i)
    column.setInt(i, i);
  Value kept = ctx.create<edge::CompareOp>(ctx.constantTensor(column), ctx.constantTensor(row),
                                           upper ? edge::ComparePredicate::greater_equal
                                                 : edge::ComparePredicate::less_equal);
  return one(ctx.create<edge::SelectOp>(kept, ctx.input(0), ctx.scalar(x.getElementType(), 0)));
}

FailureOr<Results> importNonZero(NodeContext &ctx) {
  auto x = ctx.tryConstant(0);
  if (failed(x)) {
    auto diagnostic = ctx.error("has a result whose shape depends on the data");
    diagnostic.attachNote()
        << "only shapes known at compile time are supported; use Where or a mask instead";
    return diagnostic;
  }
  SmallVector<SmallVector<int64_t>> found;
  edge::forEachIndex(x->getShape(), [&](ArrayRef<int64_t> index, int64_t flat) {
    if (x->isFloat() ? x->getFloat(flat) != 0 : x->getInt(flat) != 0)
      found.emplace_back(index);
  });
  int64_t rank = x->getRank(), count = found.size();
  edge::HostTensor result(RankedTensorType::get({rank, count}, ctx.b.getI64Type()));
  for (int64_t i = 0; i < count; ++i)
    for (int64_t d = 0; d < rank; ++d)
      result.setInt(d * count + i, found[i][d]);
  return one(ctx.constantTensor(result));
}

const OperatorRow kRows[] = {
    {"Constant", importConstant},     {"ConstantOfShape", needs<importConstantOfShape, 1>},
    {"Range", needs<importRange, 3>}, {"EyeLike", needs<importEyeLike, 1>},
    {"Trilu", needs<importTrilu, 1>}, {"NonZero", needs<importNonZero, 1>},
};

} // namespace

ArrayRef<OperatorRow> edgec::onnx_frontend::getConstantRows() { return kRows; }
