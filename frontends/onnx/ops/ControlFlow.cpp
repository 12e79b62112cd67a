// If, Loop and Scan. What is decided by constants is unrolled or inlined; the rest becomes scf.
#include "frontends/ControlFlow.h"
#include "dialects/Edge/Lowering.h"
#include "frontends/onnx/GraphImporter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace edgec;
using namespace edgec::onnx_frontend;

/// Loops of a known length are unrolled up to this many node copies: shapes may then change from
/// one iteration to the next.
static constexpr int64_t kUnrolledNodes = 512;

static const onnx::GraphProto *subgraph(NodeContext &ctx, StringRef name) {
  const auto *attribute = ctx.attribute(name);
  if (!attribute || !attribute->has_g()) {
    ctx.error("attribute '" + name + "' is missing");
    return nullptr;
  }
  return &attribute->g();
}

static bool isBoolScalar(NodeContext &ctx, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getElementType().isInteger(1) && type.getNumElements() == 1;
}

/// Imports a branch into a draft that is thrown away; the first error's text, or nothing.
static std::string whyImpossible(NodeContext &ctx, const onnx::GraphProto &graph) {
  std::string reason;
  ScopedDiagnosticHandler handler(ctx.b.getContext(), [&](Diagnostic &diagnostic) {
    if (reason.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      reason = diagnostic.str();
    return success();
  });
  auto draft = scf::ExecuteRegionOp::create(ctx.b, ctx.loc, TypeRange());
  Block &block = draft.getRegion().emplaceBlock();
  OpBuilder inner = OpBuilder::atBlockBegin(&block);
  bool bad = failed(ctx.getImporter().importSubgraph(graph, {}, inner, ctx.loc));
  block.dropAllDefinedValueUses();
  draft.erase();
  return bad && reason.empty() ? "it can't be imported" : reason;
}

static FailureOr<Results> importIf(NodeContext &ctx) {
  const onnx::GraphProto *graphs[2] = {subgraph(ctx, "then_branch"), subgraph(ctx, "else_branch")};
  if (!graphs[0] || !graphs[1])
    return failure();
  if (!ctx.input(0) || !isBoolScalar(ctx, ctx.input(0)))
    return ctx.error("the condition must be a boolean of one element");
  if (auto condition = ctx.tryConstant(0); succeeded(condition))
    return ctx.getImporter().importSubgraph(*graphs[condition->getInt(0) ? 0 : 1], {}, ctx.b,
                                            ctx.loc);

  // A branch may be impossible with the shapes at hand (a model for two sample rates, say): then
  // the other one is what runs, and a condition that asks for the impossible one ends the run with
  // an error status.
  Value flag = ctx.input(0);
  if (isa<func::FuncOp>(ctx.b.getInsertionBlock()->getParentOp())) {
    std::string reasons[2];
    for (int i = 0; i < 2; ++i)
      reasons[i] = whyImpossible(ctx, *graphs[i]);
    if (reasons[0].empty() != reasons[1].empty()) {
      bool runs = reasons[0].empty();
      edge::RequireOp::create(ctx.b, ctx.loc, flag, runs);
      auto warning = emitWarning(ctx.loc) << "only the " << (runs ? "then" : "else")
                                          << " branch fits the input shapes; asking for the other "
                                             "makes the run return EDGEC_ERROR_SHAPE";
      warning.attachNote() << (runs ? reasons[1] : reasons[0]);
      return ctx.getImporter().importSubgraph(*graphs[runs ? 0 : 1], {}, ctx.b, ctx.loc);
    }
  }
  return createIf(
      ctx, flag,
      [&](int i, OpBuilder &inner) {
        return ctx.getImporter().importSubgraph(*graphs[i], {}, inner, ctx.loc);
      },
      "where the condition depends on a model input that never changes, make that input a constant "
      "with --set");
}

/// An i64 scalar tensor of a loop's index.
static Value indexTensor(NodeContext &ctx, OpBuilder &b, Value index) {
  Value number = arith::IndexCastOp::create(b, ctx.loc, b.getI64Type(), index);
  return tensor::FromElementsOp::create(b, ctx.loc, RankedTensorType::get({}, b.getI64Type()),
                                        number);
}

/// Adds a leading dimension of extent 1, to stack scan outputs.
static Value addLeading(NodeContext &ctx, Value value) {
  SmallVector<int64_t> shape{1};
  llvm::append_range(shape, cast<RankedTensorType>(value.getType()).getShape());
  return ctx.reshape(value, shape);
}

static FailureOr<Results> unrollLoop(NodeContext &ctx, const onnx::GraphProto &body, int64_t trips,
                                     SmallVector<Value> carried, Value condition) {
  size_t scans = body.output_size() - 1 - carried.size();
  SmallVector<SmallVector<Value>> scanned(scans);
  MLIRContext *context = ctx.b.getContext();
  for (int64_t i = 0; i < trips; ++i) {
    SmallVector<Value> inputs{ctx.scalar(IntegerType::get(context, 64), static_cast<double>(i)),
                              condition};
    llvm::append_range(inputs, carried);
    auto results = ctx.getImporter().importSubgraph(body, inputs, ctx.b, ctx.loc);
    if (failed(results))
      return failure();
    condition = (*results)[0];
    for (size_t c = 0; c < carried.size(); ++c)
      carried[c] = (*results)[c + 1];
    for (size_t s = 0; s < scans; ++s)
      scanned[s].push_back((*results)[1 + carried.size() + s]);
    Attribute attr;
    if (!matchPattern(condition, m_Constant(&attr)))
      return ctx.error("the loop's condition is computed in its body, and the loop has scan "
                       "outputs or a fixed length: the outputs' extent isn't "
                       "known at compile time");
    auto value = edge::HostTensor::fromAttr(attr);
    if (failed(value) || !value->getInt(0))
      break;
  }
  Results outputs(carried);
  for (size_t s = 0; s < scans; ++s) {
    if (scanned[s].empty())
      return ctx.error("a loop of no iterations has a scan output of unknown shape");
    outputs.push_back(stack(ctx, scanned[s], 0));
    if (!outputs.back())
      return failure();
  }
  return outputs;
}

/// A loop of a known length whose carried values keep their types.
static FailureOr<Results> importFor(NodeContext &ctx, const onnx::GraphProto &body, Value trips,
                                    int64_t knownTrips, ArrayRef<Value> carried) {
  size_t scans = body.output_size() - 1 - carried.size();
  if (scans && knownTrips < 0)
    return ctx.error("the loop's length isn't known at compile time, so the shape of its scan "
                     "outputs isn't either");
  OpBuilder &b = ctx.b;
  // The shapes of scan outputs are known after the body has been imported once, into a draft.
  SmallVector<Value> inits(carried);
  SmallVector<RankedTensorType> scanTypes;
  Value zero = arith::ConstantIndexOp::create(b, ctx.loc, 0),
        one = arith::ConstantIndexOp::create(b, ctx.loc, 1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    bool draft = scans && attempt == 0;
    if (!scans && attempt == 1)
      break;
    for (RankedTensorType type : scanTypes) {
      SmallVector<int64_t> shape{knownTrips};
      llvm::append_range(shape, type.getShape());
      inits.push_back(tensor::EmptyOp::create(b, ctx.loc, shape, type.getElementType()));
    }
    auto loop = scf::ForOp::create(b, ctx.loc, zero, trips, one, inits);
    Block *block = loop.getBody();
    if (block->mightHaveTerminator() && !block->empty())
      block->getTerminator()->erase();
    OpBuilder inner = OpBuilder::atBlockEnd(block);
    NodeContext innerContext(ctx.getImporter(), ctx.node, ctx.opset, inner, ctx.loc);
    SmallVector<Value> inputs{indexTensor(ctx, inner, loop.getInductionVar()),
                              innerContext.scalar(inner.getI1Type(), 1)};
    llvm::append_range(inputs, loop.getRegionIterArgs().take_front(carried.size()));
    auto results = ctx.getImporter().importSubgraph(body, inputs, inner, ctx.loc);
    if (failed(results))
      return failure();
    Attribute attr;
    auto condition = matchPattern((*results)[0], m_Constant(&attr))
                         ? edge::HostTensor::fromAttr(attr)
                         : FailureOr<edge::HostTensor>(failure());
    bool passedOn = (*results)[0] == inputs[1];
    if (!passedOn && (failed(condition) || !condition->getInt(0)))
      return ctx.error(
          "a loop that its body may end early can't have scan outputs of a known shape");
    SmallVector<Value> yields;
    for (size_t c = 0; c < carried.size(); ++c) {
      Value value = (*results)[c + 1];
      if (value.getType() != carried[c].getType())
        return ctx.error("") << "loop-carried value " << c << " changes its type from "
                             << carried[c].getType() << " to " << value.getType();
      yields.push_back(value);
    }
    if (draft) {
      for (size_t s = 0; s < scans; ++s)
        scanTypes.push_back(cast<RankedTensorType>((*results)[1 + carried.size() + s].getType()));
      block->clear();
      loop.erase();
      continue;
    }
    for (size_t s = 0; s < scans; ++s) {
      Value item = addLeading(innerContext, (*results)[1 + carried.size() + s]);
      Value all = loop.getRegionIterArgs()[carried.size() + s];
      auto type = cast<RankedTensorType>(item.getType());
      SmallVector<OpFoldResult> offsets(type.getRank(), inner.getIndexAttr(0)), sizes,
          strides(type.getRank(), inner.getIndexAttr(1));
      offsets[0] = loop.getInductionVar();
      for (int64_t extent : type.getShape())
        sizes.push_back(inner.getIndexAttr(extent));
      yields.push_back(
          tensor::InsertSliceOp::create(inner, ctx.loc, item, all, offsets, sizes, strides));
    }
    if (!yields.empty() || block->empty() || !block->back().hasTrait<OpTrait::IsTerminator>())
      scf::YieldOp::create(inner, ctx.loc, yields);
    return Results(loop.getResults());
  }
  return failure();
}

/// A loop that its body ends: no scan outputs.
static FailureOr<Results> importWhile(NodeContext &ctx, const onnx::GraphProto &body, Value trips,
                                      Value condition, ArrayRef<Value> carried) {
  // Carried: the iteration number, the condition, then the loop's own values.
  SmallVector<Value> inits{ctx.scalar(ctx.b.getI64Type(), 0), condition};
  llvm::append_range(inits, carried);
  auto goes = [&](OpBuilder &inner, ValueRange values) -> FailureOr<Results> {
    if (!trips)
      return Results{values[1]};
    OpContext at(inner, ctx.loc);
    Value limit = indexTensor(ctx, inner, trips);
    Value more = at.create<edge::CompareOp>(values[0], limit, edge::ComparePredicate::less);
    return Results{at.create<edge::AndOp>(at.reshape(values[1], {}), more)};
  };
  auto next = [&](OpBuilder &inner, ValueRange values) -> FailureOr<Results> {
    auto results = ctx.getImporter().importSubgraph(body, values, inner, ctx.loc);
    if (failed(results))
      return failure();
    OpContext at(inner, ctx.loc);
    Results all{at.create<edge::AddOp>(values[0], at.scalar(inner.getI64Type(), 1))};
    llvm::append_range(all, *results);
    return all;
  };
  auto results = createWhile(ctx, inits, goes, next);
  if (failed(results))
    return failure();
  return Results(ArrayRef(*results).drop_front(2));
}

static FailureOr<Results> importLoop(NodeContext &ctx) {
  const onnx::GraphProto *body = subgraph(ctx, "body");
  if (!body)
    return failure();
  SmallVector<Value> carried;
  for (unsigned i = 2; i < ctx.numInputs(); ++i)
    carried.push_back(ctx.input(i));
  if (body->input_size() != static_cast<int>(carried.size()) + 2 ||
      body->output_size() < static_cast<int>(carried.size()) + 1 ||
      llvm::is_contained(carried, Value()))
    return ctx.error("the loop's body doesn't fit its inputs");
  size_t scans = body->output_size() - 1 - carried.size();

  int64_t knownTrips = -1;
  if (ctx.input(0)) {
    if (auto trips = ctx.tryConstant(0); succeeded(trips) && trips->getNumElements() == 1)
      knownTrips = std::max<int64_t>(trips->getInt(0), 0);
    if (ctx.type(0).getNumElements() != 1 || !ctx.type(0).getElementType().isInteger(64))
      return ctx.error("the trip count must be one int64");
  }
  Value condition = ctx.input(1) ? ctx.input(1) : ctx.scalar(ctx.b.getI1Type(), 1);
  if (!isBoolScalar(ctx, condition))
    return ctx.error("the condition must be a boolean of one element");
  auto startsTrue = ctx.input(1) ? ctx.tryConstant(1) : FailureOr<edge::HostTensor>(failure());
  if (succeeded(startsTrue) && !startsTrue->getInt(0))
    knownTrips = 0;
  bool alwaysStarts = !ctx.input(1) || (succeeded(startsTrue) && startsTrue->getInt(0));
  if (knownTrips == 0 && !scans)
    return Results(carried);

  // Does the body hand its condition through, or end the loop itself?
  const std::string &conditionOut = body->output(0).name();
  bool bodyDecides = conditionOut != body->input(1).name();
  if (bodyDecides)
    for (const auto &node : body->node())
      if (node.output_size() && node.output(0) == conditionOut &&
          ((node.op_type() == "Identity" && node.input(0) == body->input(1).name()) ||
           node.op_type() == "Constant"))
        bodyDecides = false;
  for (const auto &tensor : body->initializer())
    if (tensor.name() == conditionOut)
      bodyDecides = false;

  if (alwaysStarts && knownTrips >= 0 && (!bodyDecides || scans) &&
      knownTrips * body->node_size() <= kUnrolledNodes)
    return unrollLoop(ctx, *body, knownTrips, carried, condition);
  Value trips;
  if (ctx.input(0))
    trips = arith::IndexCastOp::create(ctx.b, ctx.loc, ctx.b.getIndexType(),
                                       extractScalar(ctx, ctx.input(0)));
  if (alwaysStarts && trips && !bodyDecides)
    return importFor(ctx, *body, trips, knownTrips, carried);
  if (scans)
    return ctx.error(
        "a loop whose body ends it can't have scan outputs of a shape known at compile time");
  return importWhile(ctx, *body, trips, condition, carried);
}

static FailureOr<Results> importScan(NodeContext &ctx) {
  const onnx::GraphProto *body = subgraph(ctx, "body");
  if (!body)
    return failure();
  int64_t scanInputs = ctx.intAttr("num_scan_inputs", 0);
  int64_t first =
      ctx.opset < 9 ? 1 : 0; // opset 8 has sequence lengths first, and a batch dimension
  if (ctx.opset < 9)
    return ctx.error("Scan of opset 8 is not supported; export with opset 9 or later");
  int64_t states = static_cast<int64_t>(ctx.numInputs()) - first - scanInputs;
  if (scanInputs < 1 || states < 0 || body->input_size() != states + scanInputs ||
      body->output_size() < states)
    return ctx.error("the scan's body doesn't fit its inputs");
  SmallVector<Value> carried, sequences;
  for (int64_t i = 0; i < states; ++i)
    carried.push_back(ctx.input(i));
  SmallVector<int64_t> inputAxes =
      ctx.intsAttr("scan_input_axes", SmallVector<int64_t>(scanInputs, 0));
  SmallVector<int64_t> directions =
      ctx.intsAttr("scan_input_directions", SmallVector<int64_t>(scanInputs, 0));
  int64_t scanOutputs = body->output_size() - states, length = -1;
  SmallVector<int64_t> outputAxes =
      ctx.intsAttr("scan_output_axes", SmallVector<int64_t>(scanOutputs, 0));
  SmallVector<int64_t> outputDirections =
      ctx.intsAttr("scan_output_directions", SmallVector<int64_t>(scanOutputs, 0));
  if (static_cast<int64_t>(inputAxes.size()) != scanInputs ||
      static_cast<int64_t>(directions.size()) != scanInputs ||
      static_cast<int64_t>(outputAxes.size()) != scanOutputs ||
      static_cast<int64_t>(outputDirections.size()) != scanOutputs)
    return ctx.error("the scan's axes and directions don't fit its inputs and outputs");
  for (int64_t i = 0; i < scanInputs; ++i) {
    Value value = ctx.input(states + i);
    if (!value)
      return ctx.error("a scan input is missing");
    auto type = cast<RankedTensorType>(value.getType());
    FailureOr<int64_t> axis = ctx.axis(inputAxes[i], type.getRank());
    if (failed(axis))
      return failure();
    inputAxes[i] = *axis;
    if (length >= 0 && type.getDimSize(*axis) != length)
      return ctx.error("the scan inputs have different lengths");
    length = type.getDimSize(*axis);
    sequences.push_back(value);
  }
  if (length < 1 || length * body->node_size() > 4 * kUnrolledNodes)
    return ctx.error("") << "a scan of " << length << " steps of " << body->node_size()
                         << " nodes is too long to unroll";
  SmallVector<SmallVector<Value>> scanned(scanOutputs);
  for (int64_t step = 0; step < length; ++step) {
    SmallVector<Value> inputs(carried);
    for (int64_t i = 0; i < scanInputs; ++i) {
      auto type = cast<RankedTensorType>(sequences[i].getType());
      SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape()),
          strides(type.getRank(), 1);
      offsets[inputAxes[i]] = directions[i] ? length - 1 - step : step;
      sizes[inputAxes[i]] = 1;
      Value part = ctx.create<edge::SliceOp>(sequences[i], offsets, sizes, strides);
      sizes.erase(sizes.begin() + inputAxes[i]);
      inputs.push_back(ctx.reshape(part, sizes));
    }
    auto results = ctx.getImporter().importSubgraph(*body, inputs, ctx.b, ctx.loc);
    if (failed(results))
      return failure();
    for (int64_t s = 0; s < states; ++s)
      carried[s] = (*results)[s];
    for (int64_t s = 0; s < scanOutputs; ++s)
      scanned[s].push_back((*results)[states + s]);
  }
  Results outputs(carried);
  for (int64_t s = 0; s < scanOutputs; ++s) {
    if (outputDirections[s])
      std::reverse(scanned[s].begin(), scanned[s].end());
    int64_t rank = cast<RankedTensorType>(scanned[s].front().getType()).getRank() + 1;
    FailureOr<int64_t> axis = ctx.axis(outputAxes[s], rank);
    if (failed(axis))
      return failure();
    outputs.push_back(stack(ctx, scanned[s], *axis));
    if (!outputs.back())
      return failure();
  }
  return outputs;
}

ArrayRef<OperatorRow> edgec::onnx_frontend::getControlFlowRows() {
  static constexpr OperatorRow rows[] = {
      {"If", importIf},
      {"Loop", importLoop},
      {"Scan", importScan},
  };
  return rows;
}
