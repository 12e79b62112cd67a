//===- OrderPlanner.cpp - Op order of least peak memory -------------------===//

#include "passes/memory/OrderPlanner.h"

#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

using llvm::ArrayRef;

namespace edgec {
namespace {

constexpr int64_t kMaxTotal = int64_t(1) << 60;

void sortUnique(std::vector<int32_t> &list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// The graph with duplicates removed and edges in both directions.
struct Model {
  struct Op {
    std::vector<int32_t> inputs, outputs, preds, succs;
    /// Tensor ids of (output, input), sizes checked.
    std::vector<std::pair<int32_t, int32_t>> takeovers;
    int64_t scratch = 0;
  };
  struct Tensor {
    int64_t size = 0;
    bool liveOut = false;
    int32_t producer = -1;
    std::vector<int32_t> consumers;
  };
  std::vector<Op> ops;
  std::vector<Tensor> tensors;
  int64_t initialLive = 0;
  /// Work units that it takes to look at an op: 1, more if it is entangled.
  std::vector<int32_t> cost;

  int32_t size() const { return static_cast<int32_t>(ops.size()); }
  std::string build(const OrderGraph &graph);
};

std::string Model::build(const OrderGraph &graph) {
  int64_t sum = 0;
  auto add = [&](int64_t bytes) {
    if (bytes > kMaxTotal - sum)
      return false;
    sum += bytes;
    return true;
  };
  auto name = [](const char *what, size_t i) { return what + (" " + std::to_string(i)); };
  tensors.resize(graph.tensors.size());
  for (size_t t = 0; t != tensors.size(); ++t) {
    tensors[t].size = graph.tensors[t].size;
    tensors[t].liveOut = graph.tensors[t].liveOut;
    if (tensors[t].size < 0)
      return name("tensor", t) + " has a negative size";
    if (!add(tensors[t].size))
      return "sizes are too large";
  }
  auto isTensor = [&](int32_t t) { return t >= 0 && static_cast<size_t>(t) < tensors.size(); };
  ops.resize(graph.ops.size());
  for (int32_t v = 0; v != size(); ++v) {
    const OrderOp &from = graph.ops[v];
    Op &op = ops[v];
    op.scratch = from.scratch;
    if (op.scratch < 0)
      return name("op", v) + " has negative scratch";
    if (!add(op.scratch))
      return "sizes are too large";
    for (int32_t t : from.outputs) {
      if (!isTensor(t))
        return name("op", v) + " has an unknown output";
      if (tensors[t].producer >= 0 || !tensors[t].consumers.empty())
        return name("tensor", t) + " is produced twice or consumed before it is produced";
      tensors[t].producer = v;
    }
    op.outputs = from.outputs;
    op.inputs = from.inputs;
    sortUnique(op.inputs);
    for (int32_t t : op.inputs) {
      if (!isTensor(t))
        return name("op", v) + " has an unknown input";
      if (tensors[t].producer == v)
        return name("op", v) + " consumes its own output";
      tensors[t].consumers.push_back(v);
      if (tensors[t].producer >= 0)
        op.preds.push_back(tensors[t].producer);
    }
    for (int32_t u : from.after) {
      if (u < 0 || u >= v)
        return name("op", v) + " must run after an op that is not earlier";
      op.preds.push_back(u);
    }
    sortUnique(op.preds);
    for (int32_t u : op.preds)
      ops[u].succs.push_back(v);
    for (InPlacePair pair : from.inPlace) {
      if (pair.output < 0 || pair.input < 0 ||
          static_cast<size_t>(pair.output) >= from.outputs.size() ||
          static_cast<size_t>(pair.input) >= from.inputs.size())
        return name("op", v) + " has an unknown in-place pair";
      int32_t out = from.outputs[pair.output], in = from.inputs[pair.input];
      if (tensors[out].size <= tensors[in].size && !tensors[in].liveOut)
        op.takeovers.emplace_back(out, in);
    }
  }
  for (const Op &op : ops) {
    size_t touched = op.outputs.size();
    for (int32_t t : op.inputs)
      touched += 1 + tensors[t].consumers.size();
    cost.push_back(1 + static_cast<int32_t>(touched / 8));
  }
  for (const Tensor &tensor : tensors)
    if (tensor.producer < 0 && (tensor.liveOut || !tensor.consumers.empty()))
      initialLive += tensor.size;
  return {};
}

/// What running an op does to memory.
struct Step {
  /// Bytes in memory while it runs, and afterwards.
  int64_t during;
  int64_t after;
};

/// Effect of running `op` with `live` bytes alive. `done(u)` says whether
/// another op has run.
template <typename Done>
Step stepOf(const Model &model, int32_t v, int64_t live, const Done &done) {
  const Model::Op &op = model.ops[v];
  auto dies = [&](int32_t t) {
    const Model::Tensor &tensor = model.tensors[t];
    if (tensor.liveOut)
      return false;
    for (int32_t u : tensor.consumers)
      if (u != v && !done(u))
        return false;
    return true;
  };
  int64_t produced = 0, kept = 0, freed = 0, taken = 0;
  for (int32_t t : op.outputs) {
    const Model::Tensor &tensor = model.tensors[t];
    produced += tensor.size;
    if (tensor.liveOut || !tensor.consumers.empty())
      kept += tensor.size;
  }
  for (int32_t t : op.inputs)
    if (dies(t))
      freed += model.tensors[t].size;
  llvm::SmallVector<std::pair<int32_t, int32_t>, 4> held;
  for (auto [out, in] : op.takeovers) {
    if (!dies(in))
      continue;
    bool clash = false;
    for (auto [heldOut, heldIn] : held)
      clash |= heldOut == out || heldIn == in;
    if (clash)
      continue;
    held.emplace_back(out, in);
    taken += model.tensors[out].size;
  }
  return {live + produced - taken + op.scratch, live + kept - freed};
}

/// Search over the downsets of a range of the current order: everything before
/// the range has run, everything behind it has not.
class RangeSearch {
public:
  /// `position` maps ops to their place in the order that is being improved.
  RangeSearch(const Model &model, ArrayRef<int32_t> range, ArrayRef<int32_t> position,
              int32_t begin, int64_t live)
      : model(model), range(range.begin(), range.end()), position(position), begin(begin),
        count(static_cast<int32_t>(range.size())), live0(live), words((range.size() + 63) / 64) {
    preds.resize(count);
    succs.resize(count);
    for (int32_t k = 0; k != count; ++k)
      for (int32_t u : model.ops[range[k]].preds)
        if (isLocal(u)) {
          preds[k].push_back(position[u] - begin);
          succs[position[u] - begin].push_back(k);
        }
  }

  /// Peak below which differences do not matter.
  int64_t floor = 0;
  /// Only orders with a lower peak than this are of interest.
  int64_t ceiling = 0;
  int64_t work = 0;
  std::vector<int32_t> found;
  int64_t foundPeak = 0;

  enum class Result { Found, None, OutOfBudget };

  /// Found: `found` has the least peak (or one within the floor). None: no
  /// order is below the ceiling.
  Result exact(int64_t maxStates, int64_t maxWork);
  /// Found: `found` is below the ceiling.
  bool beam(int32_t width, int64_t maxWork);

private:
  struct State {
    int64_t peak, live;
    int32_t parent, op;
    int32_t depth;
    bool closed = false;
  };

  bool isLocal(int32_t u) const { return position[u] >= begin && position[u] < begin + count; }
  static bool test(const uint64_t *set, int32_t k) { return set[k >> 6] >> (k & 63) & 1; }
  /// Memory effect of local op k after the local ops in `set`.
  Step step(int32_t k, int64_t live, const uint64_t *set) const {
    return stepOf(model, range[k], live, [&](int32_t u) {
      return isLocal(u) ? test(set, position[u] - begin) : position[u] < begin;
    });
  }
  bool isReady(int32_t k, const uint64_t *set) const {
    for (int32_t p : preds[k])
      if (!test(set, p))
        return false;
    return true;
  }
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  void reset() {
    states.clear();
    sets.clear();
    ready.clear();
    table.assign(1024, -1);
    tableUsed = 0;
    State root{std::max(live0, floor), live0, -1, -1, 0, false};
    states.push_back(root);
    sets.assign(words, 0);
    std::vector<int32_t> first;
    for (int32_t k = 0; k != count; ++k)
      if (preds[k].empty())
        first.push_back(k);
    ready.push_back(std::move(first));
    lookUp(sets.data(), 0);
  }
  const uint64_t *setOf(int32_t s) const { return sets.data() + s * words; }

  /// The state with this set, or `fresh` after adding it to the table.
  int32_t lookUp(const uint64_t *set, int32_t fresh);
  /// The state reached from s by local op k, created if need be; -1 if it was
  /// known with a peak as low.
  int32_t reach(int32_t s, int32_t k, Step step);
  /// Moves worth trying from a state.
  void moves(int32_t s, std::vector<std::pair<int32_t, Step>> &out);
  void trace(int32_t s);

  const Model &model;
  std::vector<int32_t> range;
  ArrayRef<int32_t> position;
  int32_t begin, count;
  int64_t live0;
  size_t words;
  std::vector<std::vector<int32_t>> preds, succs;

  std::vector<State> states;
  std::vector<uint64_t> sets;
  std::vector<std::vector<int32_t>> ready;
  std::vector<int32_t> table;
  size_t tableUsed = 0;
  std::vector<uint64_t> scratch;
};

int32_t RangeSearch::lookUp(const uint64_t *set, int32_t fresh) {
  auto slotOf = [&](const uint64_t *key) {
    uint64_t hash = 0x9e3779b97f4a7c15ULL;
    for (size_t w = 0; w != words; ++w)
      hash = mix(hash ^ key[w]) + 0x9e3779b97f4a7c15ULL;
    return hash & (table.size() - 1);
  };
  if (2 * (tableUsed + 1) > table.size()) {
    std::vector<int32_t> old(table.size() * 2, -1);
    old.swap(table);
    for (int32_t s : old) {
      if (s < 0)
        continue;
      size_t slot = slotOf(setOf(s));
      while (table[slot] >= 0)
        slot = (slot + 1) & (table.size() - 1);
      table[slot] = s;
    }
  }
  size_t slot = slotOf(set);
  for (; table[slot] >= 0; slot = (slot + 1) & (table.size() - 1))
    if (std::equal(set, set + words, setOf(table[slot])))
      return table[slot];
  table[slot] = fresh;
  ++tableUsed;
  return fresh;
}

int32_t RangeSearch::reach(int32_t s, int32_t k, Step step) {
  int64_t peak = std::max(states[s].peak, step.during);
  scratch.assign(setOf(s), setOf(s) + words);
  scratch[k >> 6] |= uint64_t(1) << (k & 63);
  int32_t fresh = static_cast<int32_t>(states.size());
  int32_t known = lookUp(scratch.data(), fresh);
  if (known != fresh) {
    State &state = states[known];
    if (state.closed || state.peak <= peak)
      return -1;
    state.peak = peak;
    state.parent = s;
    state.op = k;
    return known;
  }
  State state{peak, step.after, s, k, states[s].depth + 1, false};
  states.push_back(state);
  sets.insert(sets.end(), scratch.begin(), scratch.end());
  std::vector<int32_t> next;
  next.reserve(ready[s].size() + succs[k].size());
  for (int32_t r : ready[s])
    if (r != k)
      next.push_back(r);
  for (int32_t r : succs[k])
    if (isReady(r, scratch.data()))
      next.push_back(r);
  work += static_cast<int64_t>(words + next.size()) / 8;
  ready.push_back(std::move(next));
  return fresh;
}

void RangeSearch::moves(int32_t s, std::vector<std::pair<int32_t, Step>> &out) {
  out.clear();
  for (int32_t k : ready[s]) {
    Step effect = step(k, states[s].live, setOf(s));
    work += model.cost[range[k]];
    if (effect.during >= ceiling)
      continue;
    if (effect.during <= states[s].peak && effect.after <= states[s].live) {
      // Nothing is gained by waiting with this one.
      out.assign(1, {k, effect});
      return;
    }
    out.emplace_back(k, effect);
  }
}

void RangeSearch::trace(int32_t s) {
  found.clear();
  foundPeak = states[s].peak;
  for (; states[s].parent >= 0; s = states[s].parent)
    found.push_back(range[states[s].op]);
  std::reverse(found.begin(), found.end());
}

RangeSearch::Result RangeSearch::exact(int64_t maxStates, int64_t maxWork) {
  reset();
  if (states[0].peak >= ceiling)
    return Result::None;
  work = 0;
  // Lowest peak, then deepest, then oldest.
  using Entry = std::tuple<int64_t, int32_t, int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
  open.emplace(states[0].peak, 0, 0);
  std::vector<std::pair<int32_t, Step>> next;
  while (!open.empty()) {
    auto [peak, depth, s] = open.top();
    open.pop();
    if (states[s].closed || states[s].peak != peak)
      continue;
    states[s].closed = true;
    if (states[s].depth == count) {
      trace(s);
      return Result::Found;
    }
    moves(s, next);
    for (auto [k, effect] : next) {
      int32_t child = reach(s, k, effect);
      if (child >= 0)
        open.emplace(states[child].peak, -states[child].depth, child);
    }
    if (static_cast<int64_t>(states.size()) > maxStates || work > maxWork)
      return Result::OutOfBudget;
  }
  return Result::None;
}

bool RangeSearch::beam(int32_t width, int64_t maxWork) {
  reset();
  if (states[0].peak >= ceiling)
    return false;
  work = 0;
  std::vector<int32_t> layer{0}, below;
  std::vector<std::pair<int32_t, Step>> next;
  for (int32_t depth = 0; depth != count; ++depth) {
    below.clear();
    for (int32_t s : layer) {
      moves(s, next);
      for (auto [k, effect] : next) {
        int32_t fresh = static_cast<int32_t>(states.size());
        int32_t child = reach(s, k, effect);
        if (child == fresh)
          below.push_back(child);
      }
      // The ready list is not needed again.
      std::vector<int32_t>().swap(ready[s]);
    }
    if (work > maxWork || below.empty())
      return false;
    if (below.size() > static_cast<size_t>(width)) {
      auto less = [&](int32_t a, int32_t b) {
        return std::tuple(states[a].peak, states[a].live, a) <
               std::tuple(states[b].peak, states[b].live, b);
      };
      std::nth_element(below.begin(), below.begin() + width, below.end(), less);
      below.resize(width);
      std::sort(below.begin(), below.end(), less);
    }
    layer.swap(below);
  }
  int32_t best = layer.front();
  for (int32_t s : layer)
    if (states[s].peak < states[best].peak)
      best = s;
  trace(best);
  return true;
}

/// Runs an order; false if it is not topological.
bool simulate(const Model &model, ArrayRef<int32_t> order, std::vector<Step> &steps,
              int64_t &peak) {
  int32_t n = model.size();
  std::vector<char> done(n, 0);
  steps.clear();
  if (order.size() != static_cast<size_t>(n))
    return false;
  int64_t live = peak = model.initialLive;
  for (int32_t v : order) {
    if (v < 0 || v >= n || done[v])
      return false;
    for (int32_t u : model.ops[v].preds)
      if (!done[u])
        return false;
    Step step = stepOf(model, v, live, [&](int32_t u) { return done[u] != 0; });
    done[v] = 1;
    live = step.after;
    peak = std::max(peak, step.during);
    steps.push_back(step);
  }
  return true;
}

class Planner {
public:
  Planner(const Model &model, const OrderOptions &options)
      : model(model), options(options), remaining(options.workBudget) {}

  void run(OrderPlan &plan);

private:
  struct Piece {
    int32_t begin, end;
    int64_t peak;
  };

  std::vector<Piece> cut() const;
  void refresh();
  int64_t peakOf(int32_t begin, int32_t end) const;
  int64_t liveBefore(int32_t place) const {
    return place ? steps[place - 1].after : model.initialLive;
  }
  /// Searches order[begin, end) for a peak below its current one; peaks up to
  /// the floor are all as good.
  RangeSearch searchOf(int32_t begin, int32_t end, int64_t floor) const;
  void splice(int32_t begin, ArrayRef<int32_t> part);
  /// Returns whether the piece's least peak above the floor is proven.
  bool solve(Piece piece, int64_t floor);
  void improveWindows(Piece piece, int64_t floor);

  const Model &model;
  const OrderOptions &options;
  int64_t remaining;
  std::vector<int32_t> order, position;
  std::vector<Step> steps;
  int64_t peak = 0;
};

void Planner::refresh() {
  simulate(model, order, steps, peak);
  position.resize(order.size());
  for (size_t p = 0; p != order.size(); ++p)
    position[order[p]] = static_cast<int32_t>(p);
}

int64_t Planner::peakOf(int32_t begin, int32_t end) const {
  int64_t result = liveBefore(begin);
  for (int32_t p = begin; p != end; ++p)
    result = std::max(result, steps[p].during);
  return result;
}

/// Ops comparable to all others become pieces of their own. All earlier ops
/// are ancestors of op i iff each has a successor at or before i; likewise for
/// descendants.
std::vector<Planner::Piece> Planner::cut() const {
  int32_t n = model.size();
  std::vector<int32_t> minPred(n + 1, n);
  for (int32_t v = n - 1; v >= 0; --v) {
    int32_t latest = model.ops[v].preds.empty() ? -1 : model.ops[v].preds.back();
    minPred[v] = std::min(minPred[v + 1], latest);
  }
  std::vector<Piece> pieces;
  int32_t start = 0, maxSucc = -1;
  for (int32_t i = 0; i != n; ++i) {
    if (maxSucc <= i && minPred[i + 1] >= i) {
      if (start != i)
        pieces.push_back({start, i, 0});
      pieces.push_back({i, i + 1, 0});
      start = i + 1;
    }
    int32_t earliest = model.ops[i].succs.empty() ? n : model.ops[i].succs[0];
    maxSucc = std::max(maxSucc, earliest);
  }
  if (start != n)
    pieces.push_back({start, n, 0});
  return pieces;
}

RangeSearch Planner::searchOf(int32_t begin, int32_t end, int64_t floor) const {
  RangeSearch search(model, ArrayRef(order).slice(begin, end - begin), position, begin,
                     liveBefore(begin));
  search.floor = floor;
  search.ceiling = peakOf(begin, end);
  return search;
}

void Planner::splice(int32_t begin, ArrayRef<int32_t> part) {
  std::copy(part.begin(), part.end(), order.begin() + begin);
  refresh();
  remaining -= model.size();
}

bool Planner::solve(Piece piece, int64_t floor) {
  {
    RangeSearch search = searchOf(piece.begin, piece.end, floor);
    RangeSearch::Result result = search.exact(options.maxStates, remaining / 2);
    remaining -= search.work;
    if (result == RangeSearch::Result::Found)
      splice(piece.begin, search.found);
    if (result != RangeSearch::Result::OutOfBudget)
      return true;
  }
  for (int32_t width = 1; width <= options.maxBeamWidth; width *= 4) {
    if (peakOf(piece.begin, piece.end) <= floor)
      return true;
    RangeSearch search = searchOf(piece.begin, piece.end, floor);
    bool better = search.beam(width, remaining);
    remaining -= search.work;
    if (better)
      splice(piece.begin, search.found);
    if (remaining <= 0)
      return false;
  }
  improveWindows(piece, floor);
  return peakOf(piece.begin, piece.end) <= floor;
}

void Planner::improveWindows(Piece piece, int64_t floor) {
  while (remaining > 0) {
    int64_t worst = peakOf(piece.begin, piece.end);
    if (worst <= floor)
      return;
    // The first op at the peak has to come down; a window around it must then
    // have a lower peak.
    int32_t at = piece.begin;
    while (at != piece.end && steps[at].during != worst)
      ++at;
    if (at == piece.end)
      return; // What is alive at the start is the peak.
    bool improved = false;
    for (int32_t width = 8; !improved && width <= 64; width *= 2) {
      for (int32_t lead = 1; !improved && lead <= 3; ++lead) {
        int32_t begin = std::max(piece.begin, at - width * lead / 4);
        int32_t end = std::min(piece.end, begin + width);
        RangeSearch search = searchOf(begin, end, floor);
        RangeSearch::Result result = search.exact(options.maxWindowStates, remaining);
        remaining -= search.work;
        if (result == RangeSearch::Result::Found) {
          splice(begin, search.found);
          improved = true;
        }
        if (remaining <= 0)
          return;
      }
    }
    if (!improved)
      return;
  }
}

void Planner::run(OrderPlan &plan) {
  int32_t n = model.size();
  order.resize(n);
  for (int32_t v = 0; v != n; ++v)
    order[v] = v;
  std::vector<int32_t> original = order;
  refresh();
  plan.originalPeak = peak;

  // Whatever the order, an op has its inputs and outputs in memory.
  int64_t bound = model.initialLive;
  for (int32_t v = 0; v != n; ++v) {
    int64_t inputs = 0;
    for (int32_t t : model.ops[v].inputs)
      inputs += model.tensors[t].size;
    Step own = stepOf(model, v, inputs, [](int32_t) { return true; });
    bound = std::max(bound, own.during);
  }
  if (n)
    bound = std::max(bound, steps.back().after);

  std::vector<Piece> pieces = cut();
  for (Piece &piece : pieces) {
    piece.peak = peakOf(piece.begin, piece.end);
    if (piece.end - piece.begin == 1)
      bound = std::max(bound, piece.peak);
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece &a, const Piece &b) {
    return std::pair(-a.peak, a.begin) < std::pair(-b.peak, b.begin);
  });

  // The largest pieces first: what they end up with need not be undercut.
  int64_t floor = bound;
  for (const Piece &piece : pieces) {
    if (piece.peak <= floor)
      break;
    bool proven = solve(piece, floor);
    int64_t reached = peakOf(piece.begin, piece.end);
    if (proven && reached > floor)
      bound = std::max(bound, reached);
    floor = std::max(floor, reached);
  }

  if (peak >= plan.originalPeak)
    order = original;
  plan.peak = std::min(peak, plan.originalPeak);
  plan.lowerBound = bound;
  plan.optimal = plan.peak == bound;
  plan.changed = order != original;
  plan.order = order;
}

} // namespace

int64_t orderPeak(const OrderGraph &graph, ArrayRef<int32_t> order) {
  Model model;
  std::vector<Step> steps;
  int64_t peak = 0;
  if (!model.build(graph).empty() || !simulate(model, order, steps, peak))
    return -1;
  return peak;
}

OrderPlan planOrder(const OrderGraph &graph, const OrderOptions &options) {
  OrderPlan plan;
  Model model;
  plan.error = model.build(graph);
  if (!plan.error.empty())
    return plan;
  plan.valid = true;
  Planner(model, options).run(plan);
  return plan;
}

} // namespace edgec
