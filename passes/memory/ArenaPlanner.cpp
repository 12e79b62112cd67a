//===- ArenaPlanner.cpp - Static placement of buffers in an arena ---------===//

#include "passes/memory/ArenaPlanner.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <queue>
#include <utility>

using llvm::ArrayRef;

namespace edgec {
namespace {

constexpr int64_t kMaxTotal = int64_t(1) << 60;
constexpr int64_t kFailed = std::numeric_limits<int64_t>::max();
/// Adjacency lists are not built beyond this many entries.
constexpr int64_t kMaxAdjacency = 16'000'000;

int64_t alignUp(int64_t value, int64_t align) { return (value + align - 1) & ~(align - 1); }

int64_t alignDown(int64_t value, int64_t align) { return value & ~(align - 1); }

/// SplitMix64: the same numbers on every machine and library.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint32_t below(size_t bound) {
    state += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return static_cast<uint32_t>(((z >> 32) * bound) >> 32);
  }

private:
  uint64_t state;
};

/// A buffer of one component; first and last are compressed positions.
struct Item {
  int64_t bytes;
  int64_t align;
  int32_t first;
  int32_t last;
  int64_t fixedOffset;
  int32_t input;
};

bool conflict(const Item &a, const Item &b) { return a.first <= b.last && b.first <= a.last; }

enum class Fit { First, Best, TwoEnded };

/// Sweeps the occupied ranges in order of offset and picks a gap.
struct GapFinder {
  int64_t bytes;
  int64_t align;
  Fit fit;
  /// Two-ended only: take the highest gap below ceiling.
  bool fromTop;
  int64_t ceiling;
  int64_t cursor = 0;
  int64_t found = -1;
  int64_t slack = kFailed;

  /// Returns true once the choice is final.
  bool visit(int64_t start, int64_t end) {
    if (start - cursor >= bytes) {
      if (fromTop) {
        int64_t at = alignDown(std::min(start, ceiling) - bytes, align);
        if (at >= cursor)
          found = at;
      } else {
        int64_t at = alignUp(cursor, align);
        if (at + bytes <= start) {
          if (fit != Fit::Best) {
            found = at;
            return true;
          }
          if (start - cursor - bytes < slack) {
            slack = start - cursor - bytes;
            found = at;
          }
        }
      }
    }
    cursor = std::max(cursor, end);
    return false;
  }

  int64_t finish() {
    if (fromTop && ceiling - bytes >= cursor) {
      int64_t at = alignDown(ceiling - bytes, align);
      if (at >= cursor)
        return at;
    }
    return found >= 0 ? found : alignUp(cursor, align);
  }
};

/// Intervals that are connected through overlaps in time.
class Component {
public:
  Component(std::vector<Item> items, const ArenaOptions &options)
      : items(std::move(items)), options(options), random(options.seed) {
    compressTime();
    computePeak();
    for (int32_t i = 0, e = size(); i != e; ++i)
      (this->items[i].fixedOffset < 0 ? movable : pinned).push_back(i);
    maxBytes = 0;
    for (const Item &item : this->items)
      maxBytes = std::max(maxBytes, item.bytes);
    buildAdjacency();
  }

  int64_t peak = 0;
  int64_t bound = 0;
  int64_t total = kFailed;
  bool proven = false;
  std::vector<int64_t> offsets;

  const Item &item(int32_t i) const { return items[i]; }
  int32_t size() const { return static_cast<int32_t>(items.size()); }

  /// Places everything; anything at or below the goal is good enough.
  void runGreedy(int64_t goal);
  /// Improves the placement with at most `budget` units of work, returns what
  /// was spent.
  int64_t runSearch(int64_t goal, int64_t budget);

private:
  using Order = std::vector<int32_t>;

  void compressTime();
  void computePeak();
  void buildAdjacency();
  int64_t place(ArrayRef<int32_t> order, Fit fit, int64_t ceiling, int64_t cutoff,
                std::vector<int64_t> &out);
  void attempt(const Order &order, Fit fit);
  void attemptSkyline(int flavour);
  void adopt(int64_t newTotal, const std::vector<int64_t> &newOffsets);
  Order sortedByKeys(const std::vector<std::array<int64_t, 3>> &keys) const;
  Order breadthOrder() const;
  Order offsetOrder(const std::vector<int64_t> &at) const;
  Order turnedOverOrder(const std::vector<int64_t> &at) const;
  void exactSearch(int64_t budget);
  void localSearch(int64_t budget);
  bool done() const { return total <= target; }

  std::vector<Item> items;
  const ArenaOptions &options;
  Random random;
  Order movable, pinned;
  int64_t maxBytes = 0;
  int64_t target = 0;
  int64_t work = 0;
  int32_t times = 0;

  bool useAdjacency = false;
  std::vector<int64_t> adjacencyBegin;
  std::vector<int32_t> adjacency;

  struct Range {
    int64_t start, end;
    int32_t first, last;
  };
  std::vector<Range> placed;
  std::vector<std::pair<int64_t, int64_t>> blockers;
};

/// Only the positions where some interval starts matter for overlaps.
void Component::compressTime() {
  std::vector<int32_t> starts;
  starts.reserve(items.size());
  for (const Item &item : items)
    starts.push_back(item.first);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  times = static_cast<int32_t>(starts.size());
  for (Item &item : items) {
    item.first = static_cast<int32_t>(std::lower_bound(starts.begin(), starts.end(), item.first) -
                                      starts.begin());
    item.last = static_cast<int32_t>(std::upper_bound(starts.begin(), starts.end(), item.last) -
                                     starts.begin() - 1);
  }
}

void Component::computePeak() {
  std::vector<int64_t> delta(times + 1, 0);
  for (const Item &item : items) {
    delta[item.first] += item.bytes;
    delta[item.last + 1] -= item.bytes;
    if (item.fixedOffset >= 0)
      bound = std::max(bound, item.fixedOffset + item.bytes);
  }
  int64_t live = 0;
  for (int32_t t = 0; t != times; ++t) {
    live += delta[t];
    peak = std::max(peak, live);
  }
  bound = std::max(bound, peak);
}

void Component::buildAdjacency() {
  // Degrees first: those that start no later than we end, less those that end
  // before we start, less ourselves.
  int32_t n = size();
  std::vector<int64_t> startsUpTo(times + 1, 0), endsBefore(times + 1, 0);
  for (const Item &item : items) {
    ++startsUpTo[item.first];
    ++endsBefore[item.last + 1];
  }
  for (int32_t t = 1; t <= times; ++t) {
    startsUpTo[t] += startsUpTo[t - 1];
    endsBefore[t] += endsBefore[t - 1];
  }
  adjacencyBegin.assign(n + 1, 0);
  for (int32_t i = 0; i != n; ++i)
    adjacencyBegin[i + 1] =
        adjacencyBegin[i] + startsUpTo[items[i].last] - endsBefore[items[i].first] - 1;
  // Gathering and sorting neighbours beats scanning everything only when
  // there are few of them.
  int64_t edges = adjacencyBegin[n];
  useAdjacency = edges <= kMaxAdjacency && edges / n * 12 < n;
  if (!useAdjacency)
    return;
  Order byFirst(n);
  for (int32_t i = 0; i != n; ++i)
    byFirst[i] = i;
  std::sort(byFirst.begin(), byFirst.end(), [&](int32_t a, int32_t b) {
    return std::pair(items[a].first, a) < std::pair(items[b].first, b);
  });
  adjacency.resize(edges);
  std::vector<int64_t> fill(adjacencyBegin.begin(), adjacencyBegin.end() - 1);
  Order active;
  for (int32_t i : byFirst) {
    std::erase_if(active, [&](int32_t j) { return items[j].last < items[i].first; });
    for (int32_t j : active) {
      adjacency[fill[i]++] = j;
      adjacency[fill[j]++] = i;
    }
    active.push_back(i);
  }
}

/// Places the movable items in the given order around the pinned ones. Returns
/// the arena size, or kFailed as soon as it would exceed cutoff.
int64_t Component::place(ArrayRef<int32_t> order, Fit fit, int64_t ceiling, int64_t cutoff,
                         std::vector<int64_t> &out) {
  int64_t height = 0;
  out.assign(items.size(), -1);
  placed.clear();
  auto record = [&](int32_t i, int64_t at) {
    const Item &item = items[i];
    out[i] = at;
    height = std::max(height, at + item.bytes);
    if (useAdjacency)
      return;
    auto position =
        std::upper_bound(placed.begin(), placed.end(), at,
                         [](int64_t value, const Range &range) { return value < range.start; });
    placed.insert(position, Range{at, at + item.bytes, item.first, item.last});
  };
  for (int32_t i : pinned)
    record(i, items[i].fixedOffset);
  for (int32_t i : order) {
    const Item &item = items[i];
    GapFinder finder{item.bytes, item.align, fit, false, ceiling};
    finder.fromTop = fit == Fit::TwoEnded && (item.last - item.first) * int64_t(4) < times;
    work += 4;
    if (useAdjacency) {
      blockers.clear();
      for (int64_t k = adjacencyBegin[i]; k != adjacencyBegin[i + 1]; ++k) {
        int32_t j = adjacency[k];
        if (out[j] >= 0)
          blockers.emplace_back(out[j], out[j] + items[j].bytes);
      }
      work += adjacencyBegin[i + 1] - adjacencyBegin[i] + 4 * static_cast<int64_t>(blockers.size());
      std::sort(blockers.begin(), blockers.end());
      for (auto [start, end] : blockers)
        if (finder.visit(start, end))
          break;
    } else {
      const Range *range = placed.data(), *end = range + placed.size();
      for (; range != end; ++range)
        if (range->first <= item.last && item.first <= range->last &&
            finder.visit(range->start, range->end))
          break;
      work += range - placed.data();
    }
    int64_t at = finder.finish();
    if (at + item.bytes > cutoff)
      return kFailed;
    record(i, at);
  }
  return height;
}

void Component::adopt(int64_t newTotal, const std::vector<int64_t> &newOffsets) {
  if (newTotal < total) {
    total = newTotal;
    offsets = newOffsets;
  }
}

void Component::attempt(const Order &order, Fit fit) {
  if (done())
    return;
  std::vector<int64_t> at;
  int64_t got = place(order, fit, target, total, at);
  if (got != kFailed)
    adopt(got, at);
}

Component::Order Component::sortedByKeys(const std::vector<std::array<int64_t, 3>> &keys) const {
  Order order = movable;
  std::sort(order.begin(), order.end(),
            [&](int32_t a, int32_t b) { return keys[a] != keys[b] ? keys[a] > keys[b] : a < b; });
  return order;
}

/// The times of most live bytes first, and at each its buffers by size.
Component::Order Component::breadthOrder() const {
  std::vector<int64_t> live(times + 1, 0);
  std::vector<std::vector<int32_t>> startingAt(times);
  for (int32_t i = 0, e = size(); i != e; ++i) {
    live[items[i].first] += items[i].bytes;
    live[items[i].last + 1] -= items[i].bytes;
    startingAt[items[i].first].push_back(i);
  }
  for (int32_t t = 1; t <= times; ++t)
    live[t] += live[t - 1];
  Order byBreadth(times);
  for (int32_t t = 0; t != times; ++t)
    byBreadth[t] = t;
  std::sort(byBreadth.begin(), byBreadth.end(),
            [&](int32_t a, int32_t b) { return live[a] != live[b] ? live[a] > live[b] : a < b; });
  // An item belongs to the widest of its times.
  std::vector<int32_t> rank(times);
  for (int32_t r = 0; r != times; ++r)
    rank[byBreadth[r]] = r;
  // Sparse table over ranks for range minima.
  std::vector<std::vector<int32_t>> minima{rank};
  for (int32_t width = 1; 2 * width <= times; width *= 2) {
    const std::vector<int32_t> &below = minima.back();
    std::vector<int32_t> level(times - 2 * width + 1);
    for (size_t t = 0; t != level.size(); ++t)
      level[t] = std::min(below[t], below[t + width]);
    minima.push_back(std::move(level));
  }
  std::vector<std::array<int64_t, 3>> keys(items.size());
  for (int32_t i : movable) {
    int32_t length = items[i].last - items[i].first + 1;
    int32_t level = 31 - __builtin_clz(static_cast<uint32_t>(length));
    int32_t best =
        std::min(minima[level][items[i].first], minima[level][items[i].last - (1 << level) + 1]);
    keys[i] = {-int64_t(best), items[i].bytes, length};
  }
  return sortedByKeys(keys);
}

/// First fit in this order reproduces the placement or a lower one.
Component::Order Component::offsetOrder(const std::vector<int64_t> &at) const {
  Order order = movable;
  std::sort(order.begin(), order.end(),
            [&](int32_t a, int32_t b) { return at[a] != at[b] ? at[a] < at[b] : a < b; });
  return order;
}

/// First fit in this order reproduces the placement upside down (exactly so
/// with equal alignments and nothing pinned), or a lower one.
Component::Order Component::turnedOverOrder(const std::vector<int64_t> &at) const {
  Order order = movable;
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    int64_t endA = at[a] + items[a].bytes, endB = at[b] + items[b].bytes;
    return endA != endB ? endA > endB : a < b;
  });
  return order;
}

/// Fills the lowest segment of the skyline over time with the best buffer that
/// lives within that segment, or raises the segment if there is none.
void Component::attemptSkyline(int flavour) {
  if (done() || !pinned.empty())
    return;
  auto key = [&](int32_t i) {
    int64_t length = items[i].last - items[i].first + 1;
    if (flavour == 0)
      return std::pair(length, items[i].bytes);
    return std::pair(items[i].bytes, length);
  };
  Order waiting = movable;
  std::sort(waiting.begin(), waiting.end(),
            [&](int32_t a, int32_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
  struct Segment {
    int32_t first, last;
    int64_t height;
  };
  std::vector<Segment> line{{0, times - 1, 0}};
  std::vector<int64_t> at(items.size(), -1);
  while (!waiting.empty()) {
    size_t low = 0;
    for (size_t s = 1; s != line.size(); ++s)
      if (line[s].height < line[low].height)
        low = s;
    Segment segment = line[low];
    size_t w = 0;
    while (w != waiting.size() &&
           (items[waiting[w]].first < segment.first || items[waiting[w]].last > segment.last))
      ++w;
    work += static_cast<int64_t>(w + line.size());
    if (w == waiting.size()) {
      int64_t raised = kFailed;
      if (low > 0)
        raised = line[low - 1].height;
      if (low + 1 < line.size())
        raised = std::min(raised, line[low + 1].height);
      line[low].height = raised;
    } else {
      int32_t i = waiting[w];
      waiting.erase(waiting.begin() + w);
      at[i] = alignUp(segment.height, items[i].align);
      std::vector<Segment> parts;
      if (segment.first < items[i].first)
        parts.push_back({segment.first, items[i].first - 1, segment.height});
      parts.push_back({items[i].first, items[i].last, at[i] + items[i].bytes});
      if (items[i].last < segment.last)
        parts.push_back({items[i].last + 1, segment.last, segment.height});
      line.erase(line.begin() + low);
      line.insert(line.begin() + low, parts.begin(), parts.end());
    }
    // Join equal neighbours.
    size_t kept = 0;
    for (size_t s = 1; s < line.size(); ++s) {
      if (line[s].height == line[kept].height)
        line[kept].last = line[s].last;
      else
        line[++kept] = line[s];
    }
    line.resize(kept + 1);
  }
  attempt(offsetOrder(at), Fit::First);
  attempt(turnedOverOrder(at), Fit::First);
}

void Component::runGreedy(int64_t goal) {
  target = std::max(goal, bound);
  std::vector<std::array<int64_t, 3>> bySize(size()), byArea(size()), byLength(size()),
      byFirst(size()), byLast(size()), byLastBack(size());
  for (int32_t i = 0, e = size(); i != e; ++i) {
    const Item &item = items[i];
    int64_t length = int64_t(item.last) - item.first + 1;
    // Saturates: beyond 2^62 the order no longer matters.
    int64_t area = item.bytes > (int64_t(1) << 62) / length ? kFailed : item.bytes * length;
    bySize[i] = {item.bytes, length, 0};
    byArea[i] = {area, item.bytes, 0};
    byLength[i] = {length, item.bytes, 0};
    byFirst[i] = {-int64_t(item.first), item.bytes, 0};
    byLast[i] = {-int64_t(item.last), item.bytes, 0};
    byLastBack[i] = {item.last, item.bytes, 0};
  }
  std::vector<Order> orders{sortedByKeys(bySize),    breadthOrder(),        sortedByKeys(byArea),
                            sortedByKeys(byLength),  sortedByKeys(byFirst), sortedByKeys(byLast),
                            sortedByKeys(byLastBack)};
  for (Fit fit : {Fit::First, Fit::Best, Fit::TwoEnded})
    for (const Order &order : orders)
      attempt(order, fit);
  attemptSkyline(0);
  attemptSkyline(1);
}

int64_t Component::runSearch(int64_t goal, int64_t budget) {
  target = std::max(goal, bound);
  work = 0;
  if (!done() && static_cast<int64_t>(movable.size()) <= options.exactMaxIntervals)
    exactSearch(budget);
  if (!done() && !proven)
    localSearch(budget);
  return work;
}

/// Depth first over the sequences described in the header.
void Component::exactSearch(int64_t budget) {
  int32_t n = static_cast<int32_t>(movable.size());
  const int64_t nodeCost = 4 * int64_t(n) + 1;
  const int64_t maxNodes = std::min(options.exactMaxNodes, (budget - work) / nodeCost);
  struct Level {
    std::vector<int64_t> lowest;           ///< Per movable: lowest offset still open.
    std::vector<int64_t> skyline, waiting; ///< Per time.
    std::vector<std::pair<int64_t, int32_t>> children;
  };
  std::vector<Level> levels(n + 1);
  std::vector<char> used(n, 0);
  std::vector<int64_t> at(items.size(), -1);

  // Lowest aligned offset from `from` on that avoids the pinned buffers.
  auto avoidPinned = [&](const Item &item, int64_t from) {
    int64_t result = alignUp(from, item.align);
    for (bool moved = true; moved;) {
      moved = false;
      for (int32_t p : pinned) {
        const Item &pin = items[p];
        if (conflict(pin, item) && result < pin.fixedOffset + pin.bytes &&
            pin.fixedOffset < result + item.bytes) {
          result = alignUp(pin.fixedOffset + pin.bytes, item.align);
          moved = true;
        }
      }
    }
    return result;
  };
  // Whether k is interchangeable with an unused buffer of lower index.
  std::vector<int32_t> twin(n, -1);
  for (int32_t k = 0; k != n; ++k)
    for (int32_t j = 0; j != k; ++j) {
      const Item &a = items[movable[j]], &b = items[movable[k]];
      if (a.bytes == b.bytes && a.align == b.align && a.first == b.first && a.last == b.last)
        twin[k] = j;
    }

  Level &root = levels[0];
  root.lowest.resize(n);
  root.skyline.assign(times, 0);
  root.waiting.assign(times, 0);
  for (int32_t k = 0; k != n; ++k) {
    const Item &item = items[movable[k]];
    root.lowest[k] = avoidPinned(item, 0);
    for (int32_t t = item.first; t <= item.last; ++t)
      root.waiting[t] += item.bytes;
  }
  int64_t pinnedEnd = 0;
  for (int32_t p : pinned) {
    at[p] = items[p].fixedOffset;
    pinnedEnd = std::max(pinnedEnd, at[p] + items[p].bytes);
  }

  int64_t nodes = 0;
  bool exhausted = false;
  auto descend = [&](auto &self, int32_t depth, int64_t lastOffset, int32_t lastIndex,
                     int64_t height) -> void {
    if (done())
      return;
    if (depth == n) {
      adopt(std::max(height, pinnedEnd), at);
      return;
    }
    if (++nodes > maxNodes) {
      exhausted = true;
      return;
    }
    Level &level = levels[depth];
    for (int32_t t = 0; t != times; ++t)
      if (level.waiting[t] && std::max(level.skyline[t], lastOffset) + level.waiting[t] >= total)
        return;
    // A buffer that would fit entirely below another has to come before it.
    int64_t lowestEnd = kFailed;
    for (int32_t k = 0; k != n; ++k) {
      if (used[k])
        continue;
      int64_t bytes = items[movable[k]].bytes;
      if (std::max(level.lowest[k], lastOffset) + bytes >= total)
        return;
      lowestEnd = std::min(lowestEnd, level.lowest[k] + bytes);
    }
    level.children.clear();
    for (int32_t k = 0; k != n; ++k) {
      if (used[k] || level.lowest[k] < lastOffset || level.lowest[k] >= lowestEnd ||
          (level.lowest[k] == lastOffset && k < lastIndex) || (twin[k] >= 0 && !used[twin[k]]))
        continue;
      level.children.emplace_back(level.lowest[k], k);
    }
    std::sort(level.children.begin(), level.children.end(), [&](const auto &a, const auto &b) {
      if (a.first != b.first)
        return a.first < b.first;
      const Item &x = items[movable[a.second]];
      const Item &y = items[movable[b.second]];
      if (x.bytes != y.bytes)
        return x.bytes > y.bytes;
      return a.second < b.second;
    });
    for (auto [offset, k] : level.children) {
      if (done() || exhausted)
        return;
      const Item &item = items[movable[k]];
      int64_t end = offset + item.bytes;
      if (end >= total)
        continue;
      Level &next = levels[depth + 1];
      next.lowest = level.lowest;
      next.skyline = level.skyline;
      next.waiting = level.waiting;
      for (int32_t t = item.first; t <= item.last; ++t) {
        next.skyline[t] = end;
        next.waiting[t] -= item.bytes;
      }
      for (int32_t j = 0; j != n; ++j) {
        const Item &other = items[movable[j]];
        if (!used[j] && j != k && next.lowest[j] < end && conflict(other, item))
          next.lowest[j] = avoidPinned(other, end);
      }
      used[k] = 1;
      at[movable[k]] = offset;
      self(self, depth + 1, offset, k, std::max(height, end));
      used[k] = 0;
    }
  };
  descend(descend, 0, 0, -1, 0);
  work += nodes * nodeCost;
  proven = !exhausted;
}

void Component::localSearch(int64_t budget) {
  int32_t n = static_cast<int32_t>(movable.size());
  if (n < 2)
    return;
  // Positions in the order, and the current placement.
  Order current = offsetOrder(offsets);
  std::vector<int64_t> currentAt = offsets, candidateAt;
  int64_t currentTotal = total;
  Order candidate, chain, supports, nearby;
  std::vector<int32_t> position(items.size(), -1);
  int64_t stall = 0;
  bool turn = true;
  const int64_t patience = 60 + 2 * int64_t(n);

  while (!done() && work < budget) {
    int64_t cutoff = currentTotal;
    if (turn) {
      // Turn the placement over, then settle it again.
      turn = false;
      candidate = turnedOverOrder(currentAt);
      cutoff = kFailed - 1;
    } else {
      for (int32_t p = 0; p != n; ++p)
        position[current[p]] = p;
      // A chain of buffers that hold each other up to the top.
      chain.clear();
      supports.clear();
      for (int32_t i : current)
        if (currentAt[i] + items[i].bytes == currentTotal)
          supports.push_back(i);
      work += n;
      while (!supports.empty()) {
        int32_t i = supports[random.below(supports.size())];
        chain.push_back(i);
        supports.clear();
        work += n;
        for (int32_t j : current)
          if (j != i && currentAt[j] < currentAt[i] && conflict(items[j], items[i]) &&
              alignUp(currentAt[j] + items[j].bytes, items[i].align) == currentAt[i])
            supports.push_back(j);
      }
      if (chain.empty())
        return; // A pinned buffer is the top.
      candidate = current;
      auto moveTo = [&](int32_t from, int32_t to) {
        if (from < to)
          std::rotate(candidate.begin() + from, candidate.begin() + from + 1,
                      candidate.begin() + to + 1);
        else
          std::rotate(candidate.begin() + to, candidate.begin() + from,
                      candidate.begin() + from + 1);
      };
      int32_t moves = 1 + static_cast<int32_t>(random.below(2));
      for (int32_t m = 0; m != moves; ++m) {
        int32_t a = chain[random.below(chain.size())];
        nearby.clear();
        for (int32_t j : current)
          if (j != a && conflict(items[j], items[a]))
            nearby.push_back(j);
        work += n;
        if (nearby.empty())
          continue;
        int32_t b = random.below(2) ? chain[random.below(chain.size())]
                                    : nearby[random.below(nearby.size())];
        if (a == b)
          b = nearby[random.below(nearby.size())];
        if (random.below(2))
          std::swap(candidate[position[a]], candidate[position[b]]);
        else
          moveTo(position[a], position[b]);
        if (m + 1 != moves)
          for (int32_t p = 0; p != n; ++p)
            position[candidate[p]] = p;
      }
    }
    int64_t got = place(candidate, Fit::First, target, cutoff, candidateAt);
    if (got != kFailed) {
      if (got < total)
        stall = 0;
      adopt(got, candidateAt);
      currentTotal = got;
      currentAt.swap(candidateAt);
      current.swap(candidate);
    }
    ++stall;
    if (stall % 40 == 0)
      turn = true;
    if (stall % patience == 0) {
      // Start again from the best placement, shaken.
      current = offsetOrder(offsets);
      int32_t shakes = 2 + static_cast<int32_t>(random.below(6));
      for (int32_t s = 0; s != shakes; ++s)
        std::swap(current[random.below(n)], current[random.below(n)]);
      currentTotal = place(current, Fit::First, target, kFailed - 1, currentAt);
      adopt(currentTotal, currentAt);
    }
  }
}

std::string describe(size_t index) { return "interval " + std::to_string(index); }

/// Empty when the input is sound.
std::string checkInput(ArrayRef<Interval> intervals) {
  int64_t sum = 0;
  for (size_t i = 0; i != intervals.size(); ++i) {
    const Interval &interval = intervals[i];
    if (interval.size < 0)
      return describe(i) + " has a negative size";
    if (interval.align <= 0 || (interval.align & (interval.align - 1)))
      return describe(i) + " has an alignment that is no power of two";
    if (interval.first > interval.last)
      return describe(i) + " ends before it starts";
    // Each buffer may also cost a gap of up to its alignment.
    for (int64_t part : {interval.size, interval.align, interval.align,
                         std::max<int64_t>(interval.fixedOffset, 0)}) {
      if (part > kMaxTotal - sum)
        return "sizes are too large";
      sum += part;
    }
    if (interval.fixedOffset >= 0 && (interval.fixedOffset & (interval.align - 1)))
      return describe(i) + " is pinned to a misaligned offset";
  }
  return {};
}

} // namespace

int64_t arenaPeak(ArrayRef<Interval> intervals) {
  std::vector<std::pair<int64_t, int64_t>> events;
  for (const Interval &interval : intervals) {
    events.emplace_back(interval.first, footprint(interval));
    events.emplace_back(int64_t(interval.last) + 1, -footprint(interval));
  }
  std::sort(events.begin(), events.end());
  int64_t live = 0, peak = 0;
  for (auto [time, delta] : events) {
    live += delta;
    peak = std::max(peak, live);
  }
  return peak;
}

bool isValidPlacement(ArrayRef<Interval> intervals, ArrayRef<int64_t> offsets, int64_t totalBytes,
                      std::string *why) {
  auto reject = [&](std::string reason) {
    if (why)
      *why = std::move(reason);
    return false;
  };
  std::string malformed = checkInput(intervals);
  if (!malformed.empty())
    return reject(malformed);
  if (offsets.size() != intervals.size())
    return reject("one offset per interval is needed");
  std::vector<size_t> byFirst;
  for (size_t i = 0; i != intervals.size(); ++i) {
    const Interval &interval = intervals[i];
    if (offsets[i] < 0)
      return reject(describe(i) + " has no offset");
    if (offsets[i] & (interval.align - 1))
      return reject(describe(i) + " is misaligned");
    if (interval.fixedOffset >= 0 && offsets[i] != interval.fixedOffset)
      return reject(describe(i) + " is not where it is pinned");
    if (offsets[i] > kMaxTotal)
      return reject(describe(i) + " is out of range");
    if (interval.size == 0)
      continue;
    if (totalBytes >= 0 && offsets[i] + footprint(interval) > totalBytes)
      return reject(describe(i) + " exceeds the arena");
    byFirst.push_back(i);
  }
  std::sort(byFirst.begin(), byFirst.end(), [&](size_t a, size_t b) {
    return std::pair(intervals[a].first, a) < std::pair(intervals[b].first, b);
  });
  // Live buffers by offset; they are disjoint, so only neighbours can clash.
  std::map<int64_t, size_t> live;
  using Ending = std::pair<int32_t, size_t>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<Ending>> ends;
  for (size_t i : byFirst) {
    while (!ends.empty() && ends.top().first < intervals[i].first) {
      live.erase(offsets[ends.top().second]);
      ends.pop();
    }
    auto above = live.lower_bound(offsets[i]);
    if (above != live.end() && above->first < offsets[i] + footprint(intervals[i]))
      return reject(describe(i) + " overlaps " + describe(above->second));
    if (above != live.begin()) {
      auto below = std::prev(above);
      if (below->first + footprint(intervals[below->second]) > offsets[i])
        return reject(describe(i) + " overlaps " + describe(below->second));
    }
    live.emplace(offsets[i], i);
    ends.emplace(intervals[i].last, i);
  }
  return true;
}

ArenaPlan planArena(ArrayRef<Interval> intervals, const ArenaOptions &options) {
  ArenaPlan plan;
  plan.error = checkInput(intervals);
  if (!plan.error.empty())
    return plan;

  plan.offsets.assign(intervals.size(), 0);
  std::vector<Interval> pins;
  std::vector<int64_t> pinOffsets;
  std::vector<Item> items;
  for (size_t i = 0; i != intervals.size(); ++i) {
    const Interval &interval = intervals[i];
    if (interval.fixedOffset >= 0) {
      plan.offsets[i] = interval.fixedOffset;
      pins.push_back(interval);
      pinOffsets.push_back(interval.fixedOffset);
    }
    if (interval.size > 0)
      items.push_back({footprint(interval), interval.align, interval.first, interval.last,
                       interval.fixedOffset, static_cast<int32_t>(i)});
  }
  if (!isValidPlacement(pins, pinOffsets)) {
    plan.offsets.clear();
    plan.error = "pinned intervals overlap";
    return plan;
  }
  plan.valid = true;
  plan.peakBytes = plan.lowerBound = arenaPeak(intervals);

  std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) {
    return std::pair(a.first, a.input) < std::pair(b.first, b.input);
  });
  std::vector<Component> components;
  for (size_t begin = 0; begin != items.size();) {
    size_t end = begin;
    int32_t last = items[begin].last;
    while (end != items.size() && items[end].first <= last)
      last = std::max(last, items[end++].last);
    components.emplace_back(std::vector<Item>(items.begin() + begin, items.begin() + end), options);
    begin = end;
  }
  std::vector<size_t> largestFirst(components.size());
  for (size_t c = 0; c != components.size(); ++c)
    largestFirst[c] = c;
  std::sort(largestFirst.begin(), largestFirst.end(), [&](size_t a, size_t b) {
    return std::pair(-components[a].bound, a) < std::pair(-components[b].bound, b);
  });
  for (const Component &component : components)
    plan.lowerBound = std::max(plan.lowerBound, component.bound);

  // A component only has to stay below the largest one.
  int64_t goal = plan.lowerBound;
  int64_t remaining = options.workBudget;
  for (size_t c : largestFirst) {
    Component &component = components[c];
    component.runGreedy(goal);
    remaining -= component.runSearch(goal, remaining / 2);
    goal = std::max(goal, component.total);
  }
  for (const Component &component : components) {
    plan.totalBytes = std::max(plan.totalBytes, component.total);
    for (int32_t i = 0; i != component.size(); ++i)
      plan.offsets[component.item(i).input] = component.offsets[i];
  }
  plan.optimal = plan.totalBytes == plan.lowerBound;
  for (const Component &component : components)
    if (component.proven && component.total == plan.totalBytes)
      plan.optimal = true;
  return plan;
}

} // namespace edgec
