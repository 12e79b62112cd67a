// ONNX's own shape inference beside ours: where both know a shape and differ, somebody is wrong,
// and nothing is compiled.
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/Tensors.h"
#include "onnx/shape_inference/implementation.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

/// Initializers up to this size keep their data in the copy that inference runs on: shapes and axes
/// are among them, weights are not.
static constexpr size_t kSmallBytes = 1024;

/// The graph with what inference reads, and without the weights.
static onnx::GraphProto withoutWeights(const onnx::GraphProto &graph) {
  onnx::GraphProto copy;
  copy.set_name(graph.name());
  *copy.mutable_node() = graph.node();
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    onnx::TensorProto *slim = copy.add_initializer();
    if (tensor.ByteSizeLong() <= kSmallBytes) {
      *slim = tensor;
      continue;
    }
    slim->set_name(tensor.name());
    slim->set_data_type(tensor.data_type());
    *slim->mutable_dims() = tensor.dims();
  }
  return copy;
}

LogicalResult GraphImporter::crossCheck(const Scope &scope, func::FuncOp function) {
  const onnx::GraphProto &graph = model.proto->graph();
  onnx::ModelProto slim;
  slim.set_ir_version(model.proto->ir_version());
  *slim.mutable_opset_import() = model.proto->opset_import();
  *slim.mutable_functions() = model.proto->functions();
  *slim.mutable_graph() = withoutWeights(graph);
  for (const onnx::ValueInfoProto &input : graph.input()) {
    onnx::ValueInfoProto *bound = slim.mutable_graph()->add_input();
    *bound = input;
    auto value = scope.values.find(input.name());
    if (value == scope.values.end() || !input.type().has_tensor_type())
      continue;
    auto *shape = bound->mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->clear_dim();
    for (int64_t extent : cast<RankedTensorType>(value->second.getType()).getShape())
      shape->add_dim()->set_dim_value(extent);
  }
  for (const onnx::ValueInfoProto &output : graph.output()) // the declared shapes are no evidence
    slim.mutable_graph()->add_output()->set_name(output.name());
  try {
    onnx::shape_inference::InferShapes(slim, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions{false, 0, true});
  } catch (const std::exception &) {
    return success(); // what ONNX can't infer says nothing
  }
  auto check = [&](const onnx::ValueInfoProto &info) -> LogicalResult {
    auto ours = scope.values.find(info.name());
    if (ours == scope.values.end() || !info.type().has_tensor_type() ||
        !info.type().tensor_type().has_shape())
      return success();
    auto type = cast<RankedTensorType>(ours->second.getType());
    const auto &dims = info.type().tensor_type().shape().dim();
    bool same = dims.size() == type.getRank();
    for (int i = 0; same && i < dims.size(); ++i)
      same = !dims[i].has_dim_value() || dims[i].dim_value() == type.getDimSize(i);
    if (int32_t element = info.type().tensor_type().elem_type();
        element && convertElementType(element, context))
      same &= convertElementType(element, context) == type.getElementType();
    if (same)
      return success();
    std::string theirs;
    for (const auto &dim : dims)
      theirs += (dim.has_dim_value() ? std::to_string(dim.dim_value()) : "?") + "x";
    theirs += dataTypeName(info.type().tensor_type().elem_type());
    return emitError(ours->second.getLoc())
           << "'" << info.name() << "' is " << type << " here, but " << theirs
           << " by ONNX's shape inference; please report this model";
  };
  bool failedAny = false;
  for (const auto &info : slim.graph().value_info())
    failedAny |= failed(check(info));
  for (const auto &info : slim.graph().output())
    failedAny |= failed(check(info));
  return failure(failedAny);
}
