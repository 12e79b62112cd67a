// What the op families share: type inference, lowering to linalg, evaluation on the host,
// rebuilding.
#pragma once

#include "dialects/Edge/Edge.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Builders.h"

namespace edgec::edge {

using OpFoldResults = llvm::SmallVector<mlir::Value>;

/// Emits an error at `location`, if there is one, and fails: for inferReturnTypes.
llvm::LogicalResult inferError(std::optional<mlir::Location> location, const llvm::Twine &message);

/// The type that an element or tensor has after lowering: unsigned integers become signless.
mlir::Type storageType(mlir::Type type);
/// Whether integers of this edge element type are unsigned (`ui*`, and the boolean).
bool isUnsigned(mlir::Type type);

/// The shape that NumPy's rules give; fails where extents do not match.
llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

/// `axis` in [-rank, rank) as an index; fails outside.
llvm::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);

/// Refuses a shape with a negative extent or with more elements than any device has memory for: for
/// inferReturnTypes.
llvm::LogicalResult checkShape(std::optional<mlir::Location> location, llvm::StringRef op,
                               llvm::ArrayRef<int64_t> shape);

/// A tensor.empty of a static tensor type.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type);
/// A tensor of `type` filled with a scalar.
mlir::Value createFilled(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                         mlir::Value scalar);
/// A scalar constant of a signless element type: integers take `value` truncated.
mlir::Value createScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                         double value);
/// The smallest or largest value of an element type (infinities for floats); signedness from the
/// edge type, value in the storage type.
mlir::Value createLimit(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type edgeElement,
                        bool largest);
/// Converts a scalar between element types as `edge.cast` does; both given as edge types (`value`
/// has from's storage type).
mlir::Value createCast(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                       mlir::Type from, mlir::Type to);

/// A run-time integer as an index into a dimension: a negative one counts from the end, and one
/// outside is clamped, so that nothing is read out of bounds. `wrapIndex` is the same on the host.
mlir::Value createWrappedIndex(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                               bool isUnsigned, int64_t extent);
int64_t wrapIndex(int64_t index, int64_t extent);

/// A linalg.generic with one output over `output`; maps are over the iteration space; the last map
/// is the output's.
mlir::Value createGeneric(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange inputs, mlir::Value output,
    llvm::ArrayRef<mlir::AffineMap> maps, llvm::ArrayRef<mlir::utils::IteratorType> iterators,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body);

/// The type to accumulate sums of an element type in: f32 for narrower floats, else itself.
mlir::Type accumulatorType(mlir::Type element);
/// An elementwise linalg.generic over operands of one shape, giving that shape with element type
/// `element`.
mlir::Value createParallel(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange inputs, mlir::Type element,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> body);
/// A tensor with its elements converted by createCast; the tensor itself where there is nothing to
/// convert.
mlir::Value createConverted(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
                            mlir::Type from, mlir::Type to);

/// The map from a result's index space to an operand that is broadcast into it.
mlir::AffineMap broadcastMap(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> operand,
                             int64_t rank, llvm::ArrayRef<int64_t> result);

/// A tensor seen with another static shape of as many elements (tensor.expand_shape /
/// collapse_shape).
mlir::Value createReshape(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
                          llvm::ArrayRef<int64_t> shape);
/// A transposed copy (linalg.transpose, or a reshape where only unit dims move).
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
                            llvm::ArrayRef<int64_t> permutation);

/// Permutations: `inverse`, and whether one leaves everything in its place.
llvm::SmallVector<int64_t> inversePermutation(llvm::ArrayRef<int64_t> permutation);
bool isIdentityPermutation(llvm::ArrayRef<int64_t> permutation);

// Shared by the elementwise ops (see Elementwise.td).
/// What the operands' element types have to be: anything, one and the same, floats of one type,
/// integers (booleans too) of one type, or a boolean followed by one and the same.
enum class ElementRule { any, same, floats, integers, condition };
llvm::LogicalResult checkElements(std::optional<mlir::Location> location, llvm::StringRef name,
                                  mlir::ValueRange operands, ElementRule rule);
llvm::LogicalResult inferElementwise(std::optional<mlir::Location> location,
                                     mlir::ValueRange operands, mlir::Type element,
                                     llvm::SmallVectorImpl<mlir::Type> &types);
llvm::FailureOr<llvm::SmallVector<mlir::Value>>
lowerElementwise(ElementwiseOpInterface op, mlir::OpBuilder &builder, mlir::ValueRange operands);
llvm::FailureOr<llvm::SmallVector<HostTensor>>
evaluateElementwise(ElementwiseOpInterface op, llvm::ArrayRef<HostTensor> operands);

} // namespace edgec::edge
