//===- OrderPlannerTest.cpp -----------------------------------------------===//

#include "passes/memory/OrderPlanner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <set>

using namespace edgec;

namespace {

struct Generator {
  explicit Generator(uint32_t seed) : engine(seed) {}
  int32_t operator()(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(engine() % (high - low + 1u));
  }
  std::mt19937 engine;
};

int32_t addTensor(OrderGraph &graph, int64_t size, bool liveOut = false) {
  graph.tensors.push_back({size, liveOut});
  return static_cast<int32_t>(graph.tensors.size()) - 1;
}

/// Adds an op with one output and returns that.
int32_t addOp(OrderGraph &graph, std::vector<int32_t> inputs, int64_t size, bool liveOut = false) {
  OrderOp op;
  op.inputs = std::move(inputs);
  op.outputs = {addTensor(graph, size, liveOut)};
  graph.ops.push_back(op);
  return op.outputs[0];
}

/// Peak by walking the order with explicit sets, sharing nothing with the
/// planner; -1 if not topological.
int64_t naivePeak(const OrderGraph &graph, const std::vector<int32_t> &order) {
  size_t n = graph.ops.size();
  std::vector<int32_t> place(n, -1);
  for (size_t p = 0; p != order.size(); ++p)
    place[order[p]] = static_cast<int32_t>(p);
  std::vector<int32_t> birth(graph.tensors.size(), -1);
  std::vector<int32_t> death(graph.tensors.size(), -2);
  for (size_t v = 0; v != n; ++v)
    for (int32_t t : graph.ops[v].outputs)
      birth[t] = death[t] = place[v];
  for (size_t v = 0; v != n; ++v) {
    for (int32_t u : graph.ops[v].after)
      if (place[u] > place[v])
        return -1;
    for (int32_t t : graph.ops[v].inputs) {
      if (birth[t] >= place[v])
        return -1;
      death[t] = std::max(death[t], place[v]);
    }
  }
  for (size_t t = 0; t != graph.tensors.size(); ++t)
    if (graph.tensors[t].liveOut)
      death[t] = static_cast<int32_t>(n);
  int64_t peak = 0;
  for (int32_t p = -1; p != static_cast<int32_t>(n); ++p) {
    int64_t live = 0;
    for (size_t t = 0; t != graph.tensors.size(); ++t)
      if (birth[t] <= p && (death[t] >= p && death[t] != -2))
        live += graph.tensors[t].size;
    if (p >= 0) {
      const OrderOp &op = graph.ops[order[p]];
      live += op.scratch;
      std::set<int32_t> takers, taken;
      for (InPlacePair pair : op.inPlace) {
        int32_t out = op.outputs[pair.output], in = op.inputs[pair.input];
        if (death[in] != p || takers.count(out) || taken.count(in) ||
            graph.tensors[out].size > graph.tensors[in].size)
          continue;
        takers.insert(out);
        taken.insert(in);
        live -= graph.tensors[out].size;
      }
    }
    peak = std::max(peak, live);
  }
  return peak;
}

std::vector<int32_t> originalOrder(const OrderGraph &graph) {
  std::vector<int32_t> order(graph.ops.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

int64_t bruteForce(const OrderGraph &graph) {
  std::vector<int32_t> order = originalOrder(graph);
  int64_t best = INT64_MAX;
  do {
    int64_t peak = naivePeak(graph, order);
    if (peak >= 0)
      best = std::min(best, peak);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

OrderGraph generate(int32_t n, uint32_t seed, int32_t reachBack = 1000) {
  Generator random(seed);
  OrderGraph graph;
  std::vector<int32_t> pool;
  for (int32_t i = 0, e = random(1, 2); i != e; ++i)
    pool.push_back(addTensor(graph, random(0, 20), random(0, 5) == 0));
  for (int32_t v = 0; v != n; ++v) {
    OrderOp op;
    for (int32_t i = 0, e = random(1, 3); i != e; ++i) {
      int32_t last = static_cast<int32_t>(pool.size()) - 1;
      op.inputs.push_back(pool[random(std::max(0, last - reachBack), last)]);
    }
    for (int32_t i = 0, e = random(0, 5) == 0 ? 2 : 1; i != e; ++i) {
      int32_t t = addTensor(graph, random(0, 30), random(0, 9) == 0);
      op.outputs.push_back(t);
    }
    for (int32_t o = 0; o != static_cast<int32_t>(op.outputs.size()); ++o)
      for (int32_t i = 0; i != static_cast<int32_t>(op.inputs.size()); ++i)
        if (random(0, 2) == 0)
          op.inPlace.push_back({o, i});
    if (random(0, 3) == 0)
      op.scratch = random(0, 15);
    if (v > 0 && random(0, 7) == 0)
      op.after.push_back(random(std::max(0, v - reachBack), v - 1));
    pool.insert(pool.end(), op.outputs.begin(), op.outputs.end());
    graph.ops.push_back(op);
  }
  return graph;
}

void requireSound(const OrderGraph &graph, const OrderPlan &plan) {
  INFO(plan.error);
  REQUIRE(plan.valid);
  REQUIRE(plan.order.size() == graph.ops.size());
  REQUIRE(naivePeak(graph, plan.order) == plan.peak);
  REQUIRE(orderPeak(graph, plan.order) == plan.peak);
  REQUIRE(naivePeak(graph, originalOrder(graph)) == plan.originalPeak);
  REQUIRE(plan.peak <= plan.originalPeak);
  REQUIRE(plan.lowerBound <= plan.peak);
  REQUIRE(plan.optimal == (plan.lowerBound == plan.peak));
  REQUIRE(plan.changed == (plan.order != originalOrder(graph)));
  if (plan.changed)
    REQUIRE(plan.peak < plan.originalPeak);
}

/// Branches that first widen, then narrow, in breadth-first order: running
/// them one after the other is better.
OrderGraph fan(int32_t branches, int32_t repeats = 1) {
  OrderGraph graph;
  int32_t x = addTensor(graph, 10);
  for (int32_t r = 0; r != repeats; ++r) {
    std::vector<int32_t> wide, narrow;
    for (int32_t b = 0; b != branches; ++b)
      wide.push_back(addOp(graph, {x}, 100));
    for (int32_t b = 0; b != branches; ++b)
      narrow.push_back(addOp(graph, {wide[b]}, 1));
    x = addOp(graph, narrow, 10);
  }
  graph.tensors[x].liveOut = true;
  return graph;
}

} // namespace

TEST_CASE("order: empty graph", "[order]") {
  OrderPlan plan = planOrder({});
  REQUIRE(plan.valid);
  REQUIRE(plan.optimal);
  REQUIRE(plan.peak == 0);
  REQUIRE(plan.order.empty());
}

TEST_CASE("order: a chain keeps its order", "[order]") {
  OrderGraph graph;
  int32_t x = addTensor(graph, 5);
  for (int64_t size : {10, 20, 7, 30, 2})
    x = addOp(graph, {x}, size);
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 37);
  REQUIRE(plan.optimal);
  REQUIRE_FALSE(plan.changed);
}

TEST_CASE("order: branches run one after the other", "[order]") {
  OrderGraph graph = fan(4);
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.originalPeak == 411 - 1);
  // x, one wide branch, three narrow results.
  REQUIRE(plan.peak == 10 + 3 + 100);
  REQUIRE(plan.optimal);
}

TEST_CASE("order: cut points make long graphs exact", "[order]") {
  OrderGraph graph = fan(6, 100);
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 10 + 5 + 100);
  REQUIRE(plan.optimal);
}

TEST_CASE("order: pieces below the peak keep their order", "[order]") {
  OrderGraph graph;
  int32_t x = addTensor(graph, 10);
  x = addOp(graph, {x}, 1000);
  x = addOp(graph, {x}, 10);
  std::vector<int32_t> wide, narrow;
  for (int b = 0; b != 3; ++b)
    wide.push_back(addOp(graph, {x}, 100));
  for (int b = 0; b != 3; ++b)
    narrow.push_back(addOp(graph, {wide[b]}, 1));
  addOp(graph, narrow, 10);
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 1010);
  REQUIRE(plan.optimal);
  REQUIRE_FALSE(plan.changed);
}

TEST_CASE("order: in-place outputs", "[order]") {
  OrderGraph graph;
  int32_t x = addTensor(graph, 100);
  addOp(graph, {x}, 100);
  REQUIRE(planOrder(graph).peak == 200);
  graph.ops[0].inPlace = {{0, 0}};
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 100);

  // Not while another op still needs the input; so that one goes first.
  addOp(graph, {x}, 1, true);
  plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.originalPeak == 200);
  REQUIRE(plan.peak == 101);
  REQUIRE(plan.order == std::vector<int32_t>{1, 0});

  // Never if the input is an output of the graph, or too small.
  graph.tensors[x].liveOut = true;
  REQUIRE(planOrder(graph).peak == 200);
  graph.tensors[x] = {99, false};
  REQUIRE(planOrder(graph).peak == 199);

  // One input serves one output only.
  OrderGraph two;
  int32_t y = addTensor(two, 50);
  addOp(two, {y}, 50);
  two.ops[0].outputs.push_back(addTensor(two, 50));
  two.ops[0].inPlace = {{0, 0}, {1, 0}};
  requireSound(two, planOrder(two));
  REQUIRE(planOrder(two).peak == 100);
}

TEST_CASE("order: scratch, extra edges, unused and repeated tensors", "[order]") {
  OrderGraph graph;
  int32_t x = addTensor(graph, 10);
  addTensor(graph, 1000); // Neither produced nor used.
  int32_t y = addOp(graph, {x, x}, 10);
  graph.ops[0].scratch = 7;
  int32_t z = addOp(graph, {y}, 0);
  addOp(graph, {y, z}, 3);
  OrderPlan plan = planOrder(graph);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 27);

  OrderGraph ordered = fan(3);
  for (int32_t v = 1; v != 7; ++v)
    ordered.ops[v].after = {v - 1};
  plan = planOrder(ordered);
  requireSound(ordered, plan);
  REQUIRE_FALSE(plan.changed);
}

TEST_CASE("order: exact search agrees with brute force", "[order]") {
  int improved = 0;
  for (uint32_t seed = 0; seed != 250; ++seed) {
    INFO("seed " << seed);
    OrderGraph graph = generate(1 + seed % 7, seed);
    OrderPlan plan = planOrder(graph);
    requireSound(graph, plan);
    REQUIRE(plan.optimal);
    REQUIRE(plan.peak == bruteForce(graph));
    improved += plan.changed;
  }
  REQUIRE(improved > 10);
}

TEST_CASE("order: random graphs are never worse", "[order]") {
  for (int32_t n : {10, 30, 100, 300})
    for (int32_t reachBack : {3, 10, 1000})
      for (uint32_t seed = 0; seed != 4; ++seed) {
        INFO("n " << n << " back " << reachBack << " seed " << seed);
        OrderGraph graph = generate(n, seed, reachBack);
        requireSound(graph, planOrder(graph));
      }
}

TEST_CASE("order: heuristics beyond the budget of the exact search", "[order]") {
  OrderOptions options;
  options.maxStates = 10;
  OrderGraph graph = fan(12);
  OrderPlan plan = planOrder(graph, options);
  requireSound(graph, plan);
  REQUIRE(plan.peak == 10 + 11 + 100);

  // Windows alone.
  options.maxBeamWidth = 0;
  plan = planOrder(graph, options);
  requireSound(graph, plan);

  // Nothing at all.
  options.workBudget = 0;
  plan = planOrder(graph, options);
  requireSound(graph, plan);

  for (uint32_t seed = 0; seed != 20; ++seed) {
    OrderGraph random = generate(40, seed);
    OrderOptions few;
    few.maxStates = 20;
    OrderPlan heuristic = planOrder(random, few), best = planOrder(random);
    requireSound(random, heuristic);
    requireSound(random, best);
    REQUIRE(best.lowerBound <= heuristic.peak);
    REQUIRE(heuristic.lowerBound <= best.peak);
  }
}

TEST_CASE("order: a thousand ops", "[order]") {
  for (int32_t reachBack : {4, 40}) {
    OrderGraph graph = generate(1000, 3, reachBack);
    requireSound(graph, planOrder(graph));
  }
}

TEST_CASE("order: same input, same output", "[order]") {
  OrderGraph graph = generate(200, 9, 20);
  REQUIRE(planOrder(graph).order == planOrder(graph).order);
}

TEST_CASE("order: malformed graphs are refused", "[order]") {
  OrderGraph graph = fan(2);
  REQUIRE(orderPeak(graph, {0, 1, 2, 3}) == -1);
  REQUIRE(orderPeak(graph, {0, 1, 2, 3, 3}) == -1);
  REQUIRE(orderPeak(graph, {4, 0, 1, 2, 3}) == -1);
  REQUIRE(orderPeak(graph, {0, 1, 2, 3, 5}) == -1);
  REQUIRE(orderPeak(graph, {0, 2, 1, 3, 4}) > 0);

  auto refused = [](const OrderGraph &bad) {
    OrderPlan plan = planOrder(bad);
    return !plan.valid && !plan.error.empty() && plan.order.empty() && orderPeak(bad, {}) == -1;
  };
  OrderGraph bad = graph;
  bad.ops[0].inputs.push_back(99);
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[0].outputs.push_back(-1);
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[0].inputs.push_back(bad.ops[4].outputs[0]);
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[0].inputs.push_back(bad.ops[0].outputs[0]);
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[1].outputs = bad.ops[0].outputs;
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[1].after = {1};
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[1].inPlace = {{0, 1}};
  REQUIRE(refused(bad));
  bad = graph;
  bad.ops[1].scratch = -1;
  REQUIRE(refused(bad));
  bad = graph;
  bad.tensors[0].size = -1;
  REQUIRE(refused(bad));
  bad = graph;
  bad.tensors[0].size = INT64_MAX;
  REQUIRE(refused(bad));
}
