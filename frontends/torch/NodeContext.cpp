#include "frontends/torch/GraphImporter.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

NodeContext::NodeContext(GraphImporter &importer, const Node &node, const Operator &op,
                         OpBuilder &b, Location loc)
    : OpContext(b, loc), node(node), row(*op.row), schema(op.schema), importer(importer) {}

const Bound &NodeContext::argument(StringRef name) const {
  for (auto [parameter, bound] : llvm::zip_equal(schema.parameters, arguments))
    if (parameter.name == name)
      return bound;
  llvm::report_fatal_error("'" + schema.name + "' has no parameter '" + name + "'");
}

Value NodeContext::tensor(StringRef name) const {
  for (auto [i, parameter] : llvm::enumerate(schema.parameters))
    if (parameter.name == name)
      return input(i);
  llvm::report_fatal_error("'" + schema.name + "' has no parameter '" + name + "'");
}

int64_t NodeContext::integer(StringRef name, int64_t missing) const {
  const Bound &bound = argument(name);
  return bound.numbers.empty() ? missing : bound.numbers[0].integer;
}

double NodeContext::real(StringRef name, double missing) const {
  const Bound &bound = argument(name);
  return bound.numbers.empty() ? missing : bound.numbers[0].asReal();
}

bool NodeContext::flag(StringRef name) const { return integer(name) != 0; }

SmallVector<int64_t> NodeContext::integers(StringRef name) const {
  SmallVector<int64_t> result;
  for (const Number &number : argument(name).numbers)
    result.push_back(number.integer);
  return result;
}

SmallVector<double> NodeContext::reals(StringRef name) const {
  SmallVector<double> result;
  for (const Number &number : argument(name).numbers)
    result.push_back(number.asReal());
  return result;
}

Type NodeContext::element(StringRef name, Type missing) const {
  Type given = argument(name).element;
  return given ? given : missing;
}

FailureOr<Number> NodeContext::scalar(StringRef name) const {
  const Bound &bound = argument(name);
  if (bound.numbers.size() == 1)
    return bound.numbers[0];
  return error("argument '") << name << "' must be known at compile time, but is computed from the "
                             << "model's inputs";
}

Operand NodeContext::operand(unsigned index) const {
  using Rank = Operand::Rank;
  const Bound &bound = arguments[index];
  if (!bound.numbers.empty())
    return {typeOfNumber(bound.numbers[0]), Rank::number};
  if (!input(index))
    return {};
  // A `Scalar` that only the run knows is a number all the same.
  bool isTensor = schema.parameters[index].type == Parameter::Type::tensor;
  return {type(index).getElementType(), !isTensor                    ? Rank::number
                                        : type(index).getRank() == 0 ? Rank::zero
                                                                     : Rank::tensor};
}

Value NodeContext::operandAs(unsigned index, Type element) const {
  if (!arguments[index].numbers.empty())
    return constant(arguments[index].numbers[0], element);
  Value value = input(index);
  return !value || elementOf(value) == element ? value : cast(value, element);
}

Type NodeContext::typeOfNumber(const Number &number) const {
  return number.kind == Number::Kind::boolean   ? Type(b.getI1Type())
         : number.kind == Number::Kind::integer ? Type(b.getI64Type())
                                                : Type(b.getF32Type());
}

Value NodeContext::constant(const Number &number, Type element) const {
  edge::HostTensor tensor(RankedTensorType::get({}, element));
  if (tensor.isFloat())
    tensor.setFloat(0, number.asReal());
  else if (element.isInteger(1))
    tensor.setInt(0, number.asReal() != 0);
  else if (number.kind == Number::Kind::real)
    tensor.setFloat(0, number.real);
  else
    tensor.setInt(0, number.integer);
  return constantTensor(tensor);
}

FailureOr<int64_t> NodeContext::dimension(StringRef name, int64_t rank) const {
  return axis(integer(name), std::max<int64_t>(rank, 1));
}

FailureOr<SmallVector<int64_t>> NodeContext::dimensions(StringRef name, int64_t rank) const {
  SmallVector<int64_t> given = integers(name);
  if (given.empty())
    return llvm::to_vector(llvm::seq<int64_t>(0, rank));
  auto result = axes(given, std::max<int64_t>(rank, 1));
  if (succeeded(result) && rank == 0)
    result->clear();
  return result;
}

FailureOr<SmallVector<int64_t>> NodeContext::spatial(StringRef name, int64_t rank,
                                                     ArrayRef<int64_t> missing) const {
  SmallVector<int64_t> given = integers(name);
  if (given.empty())
    given.assign(missing.begin(), missing.end());
  if (given.size() == 1)
    given.assign(rank, given[0]);
  if (static_cast<int64_t>(given.size()) != rank)
    return error("argument '") << name << "' has " << given.size() << " entries, not " << rank;
  for (int64_t value : given)
    if (value > INT32_MAX || value < -INT32_MAX)
      return error("argument '") << name << "' has an entry of " << value
                                 << ", which is out of range";
  return given;
}

const TensorMeta *NodeContext::metaOf(const Argument &argument) const {
  return importer.metaOf(argument.name);
}

/// What the file says of the tensor that parameter `index` is given; null where that is none.
static const TensorMeta *metaOfInput(const NodeContext &ctx, unsigned index) {
  StringRef parameter = ctx.schema.parameters[index].name;
  for (const Node::Input &input : ctx.node.inputs)
    if (input.name == parameter && input.value.kind == Argument::Kind::tensor)
      return ctx.metaOf(input.value);
  return nullptr;
}

std::optional<int64_t> NodeContext::resultExtent(int64_t axis) const {
  const TensorMeta *meta = node.outputs.empty() ? nullptr : metaOf(node.outputs[0]);
  if (!meta || axis >= static_cast<int64_t>(meta->sizes.size()))
    return std::nullopt;
  auto extent = importer.evaluate(ArrayRef(meta->sizes[axis]));
  return extent ? std::optional(extent->front()) : std::nullopt;
}

LogicalResult NodeContext::require(Value condition, const Twine &what) const {
  if (!condition)
    return failure();
  condition = reshape(condition, {});
  Attribute attr;
  if (matchPattern(condition, m_Constant(&attr))) {
    auto host = edge::HostTensor::fromAttr(attr);
    if (succeeded(host) && host->getInt(0) == 0)
      return error("asserts what does not hold for these inputs: ") << what;
    return success();
  }
  if (!importer.getOptions().checked)
    return success();
  if (isa<func::FuncOp>(b.getInsertionBlock()->getParentOp()))
    edge::RequireOp::create(b, loc, condition, true);
  else
    emitWarning(loc) << "is not checked: it stands in the graph of a branch or a loop";
  return success();
}

bool NodeContext::isComplex(StringRef name) const {
  const TensorMeta *meta = importer.metaOf(name);
  return meta && complexPart(meta->dtype, b.getContext());
}

bool NodeContext::isComplex(unsigned index) const {
  StringRef parameter = schema.parameters[index].name;
  for (const Node::Input &input : node.inputs) {
    if (input.name != parameter)
      continue;
    const Argument &value = input.value;
    return (value.kind == Argument::Kind::tensor && isComplex(value.name)) ||
           llvm::any_of(value.names, [&](const std::string &name) { return isComplex(name); });
  }
  return false;
}

std::optional<SmallVector<int64_t>> NodeContext::stridesOf(unsigned index) const {
  const TensorMeta *meta = metaOfInput(*this, index);
  if (!meta || complexPart(meta->dtype, b.getContext()))
    return std::nullopt;
  return importer.evaluate(meta->strides);
}
