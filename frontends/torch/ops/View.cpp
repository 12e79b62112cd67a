// Rows whose result may share memory with their first argument: reshapes, permutations, slices,
// casts that change nothing.
#include "dialects/Edge/Lowering.h"
#include "frontends/torch/ops/Build.h"
#include <numeric>

using namespace mlir;
using namespace edgec;
using namespace edgec::torch;

namespace {

//===- Shapes ---------------------------------------------------------------------------------===//

Views reshaped(ArrayRef<int64_t> shape) {
  return view({ViewStep::Reshape{SmallVector<int64_t>(shape)}});
}

/// A view where the elements lie so, else a copy, as torch decides it.
FailureOr<Views> reshapedOrCopied(const NodeContext &ctx, ArrayRef<int64_t> shape) {
  auto strides = ctx.stridesOf(0);
  bool known = strides && strides->size() == shapeOf(ctx.input(0)).size();
  if (!known || canReshapeInPlace(shapeOf(ctx.input(0)), *strides, shape))
    return reshaped(shape);
  Value value = ctx.reshape(ctx.input(0), shape);
  if (!value)
    return failure();
  return copy(value);
}

/// A shape in which one extent may be -1.
FailureOr<SmallVector<int64_t>> inferred(const NodeContext &ctx, SmallVector<int64_t> shape,
                                         int64_t elements) {
  int64_t known = 1, open = -1;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent == -1 && open >= 0)
      return ctx.error("the shape has more than one -1");
    if (extent == -1)
      open = static_cast<int64_t>(i);
    else if (extent < 0 || __builtin_mul_overflow(known, extent, &known))
      return ctx.error("the shape has an impossible extent of ") << extent;
  }
  if (open >= 0 && known > 0 && elements % known == 0)
    shape[open] = elements / known;
  if (llvm::is_contained(shape, -1) || ShapedType::getNumElements(shape) != elements)
    return ctx.error("") << elements << " elements can't be given the shape";
  return shape;
}

template <bool mayCopy> FailureOr<Views> importReshape(NodeContext &ctx) {
  const Parameter &parameter = ctx.schema.parameters[1];
  auto shape = inferred(ctx, ctx.integers(parameter.name), ctx.type(0).getNumElements());
  if (failed(shape))
    return failure();
  return mayCopy ? reshapedOrCopied(ctx, *shape) : FailureOr<Views>(reshaped(*shape));
}

FailureOr<Views> importReshapeAs(NodeContext &ctx) {
  return reshapedOrCopied(ctx, shapeOf(ctx.input(1)));
}

FailureOr<Views> importFlatten(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto start = ctx.dimension("start_dim", x.getRank()), end = ctx.dimension("end_dim", x.getRank());
  if (failed(start) || failed(end))
    return failure();
  if (x.getRank() == 0)
    return reshaped({1});
  if (*start > *end)
    return ctx.error("flattens from dimension ") << *start << " to " << *end;
  SmallVector<int64_t> shape(x.getShape().take_front(*start));
  shape.push_back(ShapedType::getNumElements(x.getShape().slice(*start, *end - *start + 1)));
  shape.append(x.getShape().begin() + *end + 1, x.getShape().end());
  return reshapedOrCopied(ctx, shape);
}

FailureOr<Views> importRavel(NodeContext &ctx) {
  return reshapedOrCopied(ctx, ctx.type(0).getNumElements());
}

FailureOr<Views> importUnflatten(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.dimension("dim", x.getRank());
  if (failed(dim) || x.getRank() == 0)
    return failed(dim) ? FailureOr<Views>(failure()) : ctx.error("has no dimension to unflatten");
  auto sizes = inferred(ctx, ctx.integers("sizes"), x.getDimSize(*dim));
  if (failed(sizes))
    return failure();
  SmallVector<int64_t> shape(x.getShape().take_front(*dim));
  shape.append(*sizes);
  shape.append(x.getShape().begin() + *dim + 1, x.getShape().end());
  return reshaped(shape);
}

/// Takes away extents of 1: all, or those of the dimensions that are given and have one.
FailureOr<Views> importSqueeze(NodeContext &ctx) {
  auto x = ctx.type(0);
  bool all = ctx.schema.parameters.size() == 1;
  auto dims = ctx.axes(all ? SmallVector<int64_t>() : ctx.integers("dim"),
                       std::max<int64_t>(x.getRank(), 1));
  if (failed(dims))
    return failure();
  SmallVector<int64_t> shape;
  for (auto [i, extent] : llvm::enumerate(x.getShape()))
    if (extent != 1 || (!all && !llvm::is_contained(*dims, static_cast<int64_t>(i))))
      shape.push_back(extent);
  return reshaped(shape);
}

FailureOr<Views> importUnsqueeze(NodeContext &ctx) {
  auto x = ctx.type(0);
  auto dim = ctx.axis(ctx.integer("dim"), x.getRank() + 1);
  if (failed(dim))
    return failure();
  SmallVector<int64_t> shape(x.getShape());
  shape.insert(shape.begin() + *dim, 1);
  return reshaped(shape);
}

FailureOr<Views> importExpand(NodeContext &ctx) {
  auto x = ctx.type(0);
  bool isLike = ctx.schema.parameters[1].type == Parameter::Type::tensor;
  SmallVector<int64_t> shape =
      isLike ? SmallVector<int64_t>(shapeOf(ctx.input(1))) : ctx.integers("size");
  int64_t added = static_cast<int64_t>(shape.size()) - x.getRank();
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i)
    if (shape[i] == -1 && i >= added)
      shape[i] = x.getDimSize(i - added);
  if (failed(edge::checkShape(ctx.loc, ctx.schema.name, shape)))
    return failure();
  auto common = edge::broadcastShapes({x.getShape(), shape});
  if (added < 0 || failed(common) || *common != shape)
    return ctx.error("") << x << " can't be expanded to the shape";
  return view({ViewStep::Broadcast{shape}});
}

//===- Permutations ---------------------------------------------------------------------------===//

Views permuted(ArrayRef<int64_t> permutation) {
  return view({ViewStep::Transpose{SmallVector<int64_t>(permutation)}});
}

FailureOr<Views> swapped(const NodeContext &ctx, int64_t a, int64_t b) {
  int64_t rank = ctx.type(0).getRank();
  auto first = ctx.axis(a, std::max<int64_t>(rank, 1)),
       second = ctx.axis(b, std::max<int64_t>(rank, 1));
  if (failed(first) || failed(second))
    return failure();
  SmallVector<int64_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  if (rank > 0)
    std::swap(permutation[*first], permutation[*second]);
  return permuted(permutation);
}

FailureOr<Views> importTranspose(NodeContext &ctx) {
  return swapped(ctx, ctx.integer(ctx.schema.parameters[1].name),
                 ctx.integer(ctx.schema.parameters[2].name));
}
FailureOr<Views> importT(NodeContext &ctx) {
  if (ctx.type(0).getRank() > 2)
    return ctx.error("expects a matrix, but got ") << ctx.type(0);
  return ctx.type(0).getRank() < 2 ? FailureOr<Views>(alias()) : swapped(ctx, 0, 1);
}
FailureOr<Views> importMatrixT(NodeContext &ctx) { return swapped(ctx, -2, -1); }

FailureOr<Views> importReversed(NodeContext &ctx) {
  SmallVector<int64_t> permutation(ctx.type(0).getRank());
  std::iota(permutation.rbegin(), permutation.rend(), 0);
  return permuted(permutation);
}

FailureOr<Views> importPermute(NodeContext &ctx) {
  auto dims = ctx.axes(ctx.integers("dims"), ctx.type(0).getRank());
  if (failed(dims))
    return failure();
  if (static_cast<int64_t>(dims->size()) != ctx.type(0).getRank())
    return ctx.error("permutes ") << dims->size() << " of " << ctx.type(0).getRank()
                                  << " dimensions";
  return permuted(*dims);
}

FailureOr<Views> importMovedim(NodeContext &ctx) {
  int64_t rank = ctx.type(0).getRank();
  auto from = ctx.axes(ctx.integers("source"), rank),
       to = ctx.axes(ctx.integers("destination"), rank);
  if (failed(from) || failed(to))
    return failure();
  if (from->size() != to->size())
    return ctx.error("moves ") << from->size() << " dimensions to " << to->size();
  SmallVector<int64_t> permutation(rank, -1);
  for (auto [source, destination] : llvm::zip_equal(*from, *to))
    permutation[destination] = source;
  int64_t next = 0;
  for (int64_t &place : permutation) {
    while (llvm::is_contained(*from, next))
      ++next;
    if (place < 0)
      place = next++;
  }
  return permuted(permutation);
}

//===- What changes nothing -------------------------------------------------------------------===//

FailureOr<Views> importAlias(NodeContext &) { return alias(); }

/// A new tensor where the elements don't lie in order.
FailureOr<Views> importContiguous(NodeContext &ctx) {
  auto strides = ctx.stridesOf(0);
  SmallVector<int64_t> dense = edge::rowMajorStrides(shapeOf(ctx.input(0)));
  if (strides && strides->size() == dense.size())
    for (auto [extent, stride, expected] : llvm::zip_equal(shapeOf(ctx.input(0)), *strides, dense))
      if (extent != 1 && stride != expected)
        return copy(ctx.input(0));
  return alias();
}

/// A cast, or the tensor itself where it has the type already.
FailureOr<Views> importTo(NodeContext &ctx) {
  Value x = ctx.input(0);
  Type to = elementOf(x);
  bool copies = false;
  for (auto [i, parameter] : llvm::enumerate(ctx.schema.parameters)) {
    if (parameter.type == Parameter::Type::elementType && ctx.arguments[i].element)
      to = ctx.arguments[i].element;
    if (i > 0 && parameter.type == Parameter::Type::tensor && ctx.input(i))
      to = elementOf(ctx.input(i));
    if (parameter.name == "copy")
      copies = ctx.flag("copy");
  }
  bool isComplex = ctx.isComplex(0);
  if (auto complex = dyn_cast<ComplexType>(to)) {
    to = complex.getElementType();
    auto values = isComplex ? FailureOr<Results>(Results{x}) : completedAs(ctx, complex);
    if (failed(values))
      return failure();
    x = values->front();
    copies |= !isComplex;
  } else if (isComplex && to != elementOf(x)) {
    return ctx.error("drops the imaginary part; take the real part before it");
  }
  if (to == elementOf(x))
    return copies ? copy(x) : alias();
  Value cast = ctx.cast(x, to);
  if (!cast)
    return failure();
  return copy(cast);
}

FailureOr<Views> importDropout(NodeContext &ctx) {
  if (!ctx.flag("train") || ctx.real("p") == 0)
    return alias();
  auto diagnostic = ctx.error("drops elements at random, as in training");
  diagnostic.attachNote() << "call model.eval() before torch.export";
  return diagnostic;
}

} // namespace

ArrayRef<OperatorRow> edgec::torch::getViewRows() {
  static const OperatorRow rows[] = {
      {"aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)", importReshape<false>},
      {"aten::_unsafe_view(Tensor self, SymInt[] size) -> Tensor", importReshape<false>},
      {"aten::view_copy(Tensor self, SymInt[] size) -> Tensor", importReshape<false>},
      {"aten::_reshape_copy(Tensor self, SymInt[] size) -> Tensor", importReshape<false>},
      {"aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)", importReshape<true>},
      {"aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)", importReshapeAs},
      {"aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)", importReshapeAs},
      {"aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)",
       importFlatten},
      {"aten::ravel(Tensor(a) self) -> Tensor(a)", importRavel},
      {"aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)",
       importUnflatten},
      {"aten::squeeze(Tensor(a) self) -> Tensor(a)", importSqueeze},
      {"aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)", importSqueeze},
      {"aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", importSqueeze},
      {"aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", importUnsqueeze},
      {"aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)",
       importExpand},
      {"aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)", importExpand},
      {"aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)", importExpand},
      {"aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", importTranspose},
      {"aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)", importTranspose},
      {"aten::swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", importTranspose},
      {"aten::t(Tensor(a) self) -> Tensor(a)", importT},
      {"aten::mT(Tensor(a) self) -> Tensor(a)", importMatrixT},
      {"aten::adjoint(Tensor(a) self) -> Tensor(a)", importMatrixT},
      {"aten::mH(Tensor(a) self) -> Tensor(a)", importMatrixT},
      {"aten::numpy_T(Tensor(a) self) -> Tensor(a)", importReversed},
      {"aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)", importPermute},
      {"aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
       importMovedim},
      {"aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
       importMovedim},
      {"aten::moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
       importMovedim},
      {"aten::moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
       importMovedim},
      {"aten::detach(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::detach_(Tensor(a!) self) -> Tensor(a!)", importAlias},
      {"aten::alias(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::lift_fresh(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::positive(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::resolve_conj(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::resolve_neg(Tensor(a) self) -> Tensor(a)", importAlias},
      {"aten::lift(Tensor self) -> Tensor", importAlias},
      {"aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)",
       importContiguous},
      {"aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
       "MemoryFormat? memory_format=None) -> Tensor(a)",
       importTo, OnComplex::whole},
      {"aten::to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, "
       "bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
       importTo},
      {"aten::to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, "
       "Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, "
       "MemoryFormat? memory_format=None) -> Tensor(a)",
       importTo},
      {"aten::to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, "
       "MemoryFormat? memory_format=None) -> Tensor(a)",
       importTo},
      {"aten::type_as(Tensor self, Tensor other) -> Tensor", importTo},
      {"aten::to.prim_dtype(Tensor(a) self, int? dtype=None, bool non_blocking=False, bool "
       "copy=False) -> Tensor(b|a)",
       importTo},
      {"aten::dropout(Tensor input, float p, bool train) -> Tensor", importDropout},
      {"aten::dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", importDropout},
      {"aten::feature_dropout(Tensor input, float p, bool train) -> Tensor", importDropout},
      {"aten::alpha_dropout(Tensor input, float p, bool train) -> Tensor", importDropout},
  };
  return rows;
}
