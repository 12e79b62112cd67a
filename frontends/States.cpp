#include "frontends/States.h"
#include "dialects/Edge/Edge.h"
#include "dialects/Edge/HostTensor.h"
#include "frontends/Frontend.h"

using namespace mlir;
using namespace edgec;

Value States::read(func::FuncOp function, const std::string &key, RankedTensorType type,
                   Location loc) {
  State &state = states[key];
  if (!state.argument) {
    state.argument = function.getBody().front().addArgument(type, loc);
    if (!state.value)
      state.value = state.argument;
  }
  if (state.value.getType() != type) {
    emitError(loc) << "reads '" << key << "' as " << type << ", but it is "
                   << state.value.getType();
    return {};
  }
  return state.value;
}

void States::finish(func::FuncOp function, OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Block &body = function.getBody().front();
  Value begun;
  auto flagType = RankedTensorType::get({}, builder.getI1Type());
  for (auto &[key, state] : states) {
    if (!state.argument)
      continue; // written, but never read
    if (state.initial) {
      Location loc = state.argument.getLoc();
      OpBuilder first = OpBuilder::atBlockBegin(&body);
      if (!begun)
        begun = body.addArgument(flagType, loc);
      Value initial = edge::ConstantOp::create(first, loc, cast<ElementsAttr>(state.initial));
      auto select = edge::SelectOp::create(first, loc, state.argument.getType(), begun,
                                           state.argument, initial);
      state.argument.replaceAllUsesExcept(select, select);
      if (state.value == state.argument)
        state.value = select;
      for (Value &result : results)
        if (result == state.argument)
          result = select;
    }
    pairs.emplace_back(cast<BlockArgument>(state.argument).getArgNumber(), results.size());
    results.push_back(state.value);
  }
  if (begun) {
    edge::HostTensor yes(flagType);
    yes.setInt(0, 1);
    pairs.emplace_back(cast<BlockArgument>(begun).getArgNumber(), results.size());
    results.push_back(edge::ConstantOp::create(builder, begun.getLoc(), yes.toAttr()));
  }
}

void States::mark(func::FuncOp function, size_t first) const {
  Builder builder(function.getContext());
  auto number = static_cast<int64_t>(first);
  for (auto [argument, result] : pairs) {
    function.setArgAttr(argument, "edge.state", builder.getI64IntegerAttr(number));
    function.setResultAttr(result, "edge.state", builder.getI64IntegerAttr(number++));
  }
  for (const auto &[key, state] : states)
    if (auto argument = dyn_cast_or_null<BlockArgument>(state.argument))
      function.setArgAttr(argument.getArgNumber(), kNameAttr, builder.getStringAttr(key));
}
